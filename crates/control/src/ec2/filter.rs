//! Filters of the Describe calls. They look at the reply's own shapes, so that a filter sees what the reply would show.

use super::parameter::invalid;
use crate::wildcard::Pattern;
use aws::{api::ec2::Filter, fault::Fault};

/// A filter a call knows: its name, and the values an item has for it. One that fits is enough.
pub(super) type Field<T> = (&'static str, fn(&T) -> Vec<String>);

/// The filters of one call. An item has to pass all of them, and passes one by any of its values.
pub(super) struct Filters<T: 'static>(Vec<(Test<T>, Vec<Pattern>)>);

enum Test<T: 'static> {
    Field(fn(&T) -> Vec<String>),
    Tag(String),
    TagKey,
    TagValue,
}

/// "The maximum number of filter values specified on a single call is 200" (`FilterLimitExceeded`).
const MAX_VALUES: usize = 200;

impl<T> Filters<T> {
    /// Reads a call's filters. Tags can always be filtered by: `tag:KEY`, `tag-key` and `tag-value`.
    ///
    /// # Errors
    /// `InvalidParameterValue` naming a filter the call does not know or that has no values, `FilterLimitExceeded`.
    pub(super) fn read(filters: Option<Vec<Filter>>, known: &'static [Field<T>]) -> Result<Self, Fault> {
        let filters = filters.unwrap_or_default();
        if filters.iter().flat_map(|f| &f.values).map(Vec::len).sum::<usize>() > MAX_VALUES {
            return Err(Fault::new(
                "FilterLimitExceeded",
                "The maximum number of filter values specified on a single call is 200",
            ));
        }
        let read = |Filter { name, values }| {
            let name = name.unwrap_or_else(|| "null".to_owned());
            let test = Test::named(&name, known).filter(|_| values.is_some());
            let test = test.ok_or_else(|| invalid(format!("The filter '{name}' is invalid")))?;
            Ok((test, values.unwrap_or_default().iter().map(|value| Pattern::read(value)).collect()))
        };
        filters.into_iter().map(read).collect::<Result<_, _>>().map(Self)
    }

    /// Whether an item with these tags passes.
    pub(super) fn pass(&self, item: &T, tags: &[(&str, &str)]) -> bool {
        self.0.iter().all(|(test, patterns)| {
            let fits = |value: &str| patterns.iter().any(|pattern| pattern.fits(value));
            match test {
                Test::Field(values) => values(item).iter().any(|value| fits(value)),
                Test::Tag(key) => tags.iter().any(|(k, value)| k == key && fits(value)),
                Test::TagKey => tags.iter().any(|(key, _)| fits(key)),
                Test::TagValue => tags.iter().any(|(_, value)| fits(value)),
            }
        })
    }
}

impl<T> Test<T> {
    fn named(name: &str, known: &'static [Field<T>]) -> Option<Self> {
        match name {
            "tag-key" => Some(Self::TagKey),
            "tag-value" => Some(Self::TagValue),
            _ => match name.strip_prefix("tag:") {
                Some(key) => Some(Self::Tag(key.to_owned())),
                None => known.iter().find(|(known, _)| *known == name).map(|(_, values)| Self::Field(*values)),
            },
        }
    }
}

/// The value of a member.
pub(super) fn one<V: ToString>(value: &Option<V>) -> Vec<String> {
    value.iter().map(ToString::to_string).collect()
}

/// The values of a member of every item of a list.
pub(super) fn each<A, V: ToString>(list: &Option<Vec<A>>, of: impl Fn(&A) -> &Option<V>) -> Vec<String> {
    list.iter().flatten().filter_map(|item| of(item).as_ref()).map(ToString::to_string).collect()
}

/// For filters on what AWS has and neargate never shows: they are known, and nothing has a value for them.
pub(super) fn never<T>(_: &T) -> Vec<String> {
    Vec::new()
}
