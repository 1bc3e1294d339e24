//! The macros the generated tables are written in: one line a member, a row a variant, a line an operation.

/// Structures. A member is `field: Type = "name",`, with a second name after `/` where a reply calls it differently,
/// then its constraints: `in 1..=255` bounds a number or a length, `each 1..=32` the items, `like r"[a-z]+"`
/// is a pattern, `sensitive` keeps a value out of messages, `required` holds in a request.
///
/// (`never` matches nothing: a repetition must hold a variable for the macro to know whether `required` stood there.)
macro_rules! structure {
    ($($(#[$meta:meta])* $name:ident { $(
        $field:ident: $type:ty = $read:literal $(/ $write:literal)?
        $(in $low:tt ..= $high:tt)? $(each $least:tt ..= $most:tt)? $(like $pattern:literal)?
        $(sensitive $($nothing:literal)?)? $(required $($never:literal)?)?,
    )* })*) => { $(
        #[derive(Debug, Clone, PartialEq)]
        $(#[$meta])*
        pub struct $name { $(pub $field: $type,)* }

        impl $crate::shape::Shape for $name {
            #[allow(unused_mut, unused_variables)]
            fn read(doc: Doc) -> $crate::check::Read<Self> {
                let mut doc = $crate::shape::structure_of(doc)?;
                $(let $field = $crate::shape::member(&mut doc, $read, None$(.or(Some($write)))?)?;)*
                $crate::shape::nothing_left(&doc)?;
                Ok(Self { $($field,)* })
            }
            fn write(self) -> Doc {
                Doc::Struct(vec![$(($crate::shape::tables::last!($read $(, $write)?), self.$field.write()),)*])
            }
            #[allow(unused_variables)]
            fn check(&self, _: &$crate::check::Rules, checker: &mut $crate::check::Checker) {
                $(checker.within($crate::check::Step::Member($read), |checker| self.$field.check(
                    &$crate::check::Rules {
                        required: false $(|| { $($never;)? true })?,
                        bounds: None$(.or(Some(($low, $high))))?,
                        each: None$(.or(Some(($least, $most))))?,
                        pattern: None$(.or(Some($pattern)))?,
                        sensitive: false $(|| { $($nothing;)? true })?,
                    },
                    checker,
                ));)*
            }
        }
        $crate::shape::tables::stored!($name);
    )* };
}

/// Enums, a variant `Name = "wire value",`.
macro_rules! enumeration {
    ($($name:ident { $($variant:ident = $text:literal,)* })*) => { $(
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $($variant,)* }

        impl $name {
            /// Every value on the wire, in the model's order.
            pub const VALUES: &'static [&'static str] = &[$($text,)*];
            /// The value on the wire.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }
            /// The variant of a value on the wire.
            pub fn parse(text: &str) -> Option<Self> {
                match text { $($text => Some(Self::$variant),)* _ => None }
            }
        }
        impl ::std::fmt::Display for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.pad(self.as_str())
            }
        }
        impl $crate::shape::Shape for $name {
            fn read(doc: Doc) -> $crate::check::Read<Self> {
                let text = doc.text()?;
                Self::parse(&text).ok_or_else(|| $crate::check::Violation::of($crate::check::Rule::OneOf(Self::VALUES)).with_value(text))
            }
            fn write(self) -> Doc {
                Doc::Text(self.as_str().to_owned())
            }
            fn check(&self, _: &$crate::check::Rules, _: &mut $crate::check::Checker) {}
        }
        $crate::shape::tables::stored!($name);
    )* };
}

/// A service: how it is called, its error codes with their HTTP status, its operations, and the names of those AWS has
/// and neargate does not.
macro_rules! operations {
    (Api { $($api:tt)* } errors { $($code:literal = $status:literal,)* }
        operations { $($op:ident($in:ty) -> $out:ty;)* } unlisted { $($unlisted:literal,)* }) => {
        /// How this service is called.
        #[allow(clippy::needless_update)]
        pub const API: Api = Api {
            $($api)*
            errors: &[$(($code, $status),)*],
            operations: &[$(stringify!($op),)*],
            unlisted: &[$($unlisted,)*],
            ..$crate::api::NOBODY
        };
        /// Markers, one an operation.
        pub mod op {
            $(
                #[derive(Debug, Clone, Copy, Default)]
                pub struct $op;
            )*
        }
        /// Shows every operation to a visitor.
        pub fn visit(visitor: &mut impl $crate::shape::Visitor) {
            $(visitor.operation::<op::$op>();)*
        }
        $(impl $crate::shape::Operation for op::$op {
            const NAME: &'static str = stringify!($op);
            type Input = $in;
            type Output = $out;
        })*
    };
}

/// serde for a shape, through its tree.
macro_rules! stored {
    ($name:ident) => {
        impl ::serde::Serialize for $name {
            fn serialize<S: ::serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                $crate::storage::serialize(self, serializer)
            }
        }
        impl<'de> ::serde::Deserialize<'de> for $name {
            fn deserialize<D: ::serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                $crate::storage::deserialize(deserializer)
            }
        }
    };
}

/// The second of two names, else the first.
macro_rules! last {
    ($name:literal) => {
        $name
    };
    ($first:literal, $name:literal) => {
        $name
    };
}

pub(crate) use {enumeration, last, operations, stored, structure};
