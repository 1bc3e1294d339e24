//! The shapes every model has: scalars, lists, maps, bytes.

use super::{Blob, Nothing, Shape};
use crate::check::{Checker, Read, Rule, Rules, Step};
use crate::doc::{Doc, Timestamp};
use crate::pattern;
use std::collections::BTreeMap;

impl Shape for String {
    fn read(doc: Doc) -> Read<Self> {
        doc.text()
    }
    fn write(self) -> Doc {
        Doc::Text(self)
    }
    fn check(&self, rules: &Rules, checker: &mut Checker) {
        if rules.bounds.is_some() {
            checker.length(self.chars().count(), rules, || self.clone());
        }
        if let Some(pattern) = rules.pattern.filter(|pattern| !pattern::matches(pattern, self)) {
            checker.found(Rule::Pattern(pattern), rules, || self.clone());
        }
    }
}

impl Shape for bool {
    fn read(doc: Doc) -> Read<Self> {
        doc.bool()
    }
    fn write(self) -> Doc {
        Doc::Bool(self)
    }
    fn check(&self, _: &Rules, _: &mut Checker) {}
}

macro_rules! numbers {
    ($($type:ty: $read:expr, $write:expr;)*) => { $(
        impl Shape for $type {
            fn read(doc: Doc) -> Read<Self> {
                $read(doc)
            }
            fn write(self) -> Doc {
                $write(self)
            }
            fn check(&self, rules: &Rules, checker: &mut Checker) {
                checker.number(*self as f64, || self.to_string(), rules);
            }
        }
    )* };
}

numbers! {
    i32: Doc::integer, |value: i32| Doc::Int(value.into());
    i64: Doc::long, Doc::Int;
    f32: |doc: Doc| doc.double().map(|value| value as f32), |value: f32| Doc::Float(value.into());
    f64: Doc::double, Doc::Float;
}

impl Shape for Timestamp {
    fn read(doc: Doc) -> Read<Self> {
        doc.time()
    }
    fn write(self) -> Doc {
        Doc::Time(self)
    }
    fn check(&self, _: &Rules, _: &mut Checker) {}
}

impl Shape for Blob {
    fn read(doc: Doc) -> Read<Self> {
        doc.blob().map(Blob)
    }
    fn write(self) -> Doc {
        Doc::Blob(self.0)
    }
    fn check(&self, rules: &Rules, checker: &mut Checker) {
        checker.length(self.0.len(), rules, || Doc::base64(&self.0));
    }
}

/// A document type: any value.
impl Shape for Doc {
    fn read(doc: Doc) -> Read<Self> {
        Ok(doc)
    }
    fn write(self) -> Doc {
        self
    }
    fn check(&self, _: &Rules, _: &mut Checker) {}
}

impl Shape for Nothing {
    fn read(_: Doc) -> Read<Self> {
        Ok(Nothing)
    }
    fn write(self) -> Doc {
        Doc::Null
    }
    fn check(&self, _: &Rules, _: &mut Checker) {}
}

impl<T: Shape> Shape for Option<T> {
    fn read(doc: Doc) -> Read<Self> {
        T::read(doc).map(Some)
    }
    fn write(self) -> Doc {
        self.map_or(Doc::Null, T::write)
    }
    fn absent() -> Read<Self> {
        Ok(None)
    }
    fn check(&self, rules: &Rules, checker: &mut Checker) {
        match self {
            Some(value) => value.check(rules, checker),
            None if rules.required => checker.missing(),
            None => {}
        }
    }
}

impl<T: Shape> Shape for Box<T> {
    fn read(doc: Doc) -> Read<Self> {
        T::read(doc).map(Box::new)
    }
    fn write(self) -> Doc {
        (*self).write()
    }
    fn check(&self, rules: &Rules, checker: &mut Checker) {
        (**self).check(rules, checker);
    }
}

impl<T: Shape> Shape for Vec<T> {
    fn read(doc: Doc) -> Read<Self> {
        let items = doc.list()?.into_iter().enumerate();
        items.map(|(index, item)| T::read(item).map_err(|violation| violation.under(Step::Item(index + 1)))).collect()
    }
    fn write(self) -> Doc {
        Doc::List(self.into_iter().map(T::write).collect())
    }
    fn check(&self, rules: &Rules, checker: &mut Checker) {
        checker.length(self.len(), rules, || {
            if self.is_empty() { "[]".to_owned() } else { format!("[{} items]", self.len()) }
        });
        for (index, item) in self.iter().enumerate() {
            checker.within(Step::Item(index + 1), |checker| item.check(&rules.inner(), checker));
        }
    }
}

impl<T: Shape> Shape for BTreeMap<String, T> {
    fn read(doc: Doc) -> Read<Self> {
        let entries = doc.map()?.into_iter();
        let read = |(key, value)| match T::read(value) {
            Ok(value) => Ok((key, value)),
            Err(violation) => Err(violation.under(Step::Key(key))),
        };
        entries.map(read).collect()
    }
    fn write(self) -> Doc {
        Doc::Map(self.into_iter().map(|(key, value)| (key, value.write())).collect())
    }
    fn check(&self, rules: &Rules, checker: &mut Checker) {
        checker.length(self.len(), rules, || format!("{{{} entries}}", self.len()));
        for (key, value) in self {
            checker.within(Step::Key(key.clone()), |checker| value.check(&rules.inner(), checker));
        }
    }
}
