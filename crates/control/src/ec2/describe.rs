//! What the Describe calls have in common: ids, filters, pages.

use super::{
    filter::{Field, Filters},
    kind::Kind,
    parameter::{combination, done},
};
use aws::{
    api::ec2::{Filter, Tag},
    fault::Fault,
    page::{Size, paginate},
};

/// Something that is described: a shape of a reply.
pub(super) trait Described: Sized + 'static {
    /// What kind of resource it is.
    const KIND: Kind;
    /// What a request calls the list of ids.
    const IDS: &'static str;
    /// The filters of its Describe call, beside those on tags.
    const FILTERS: &'static [Field<Self>];
    /// Its id.
    fn id(&self) -> &str;
    /// Its tags.
    fn tags(&self) -> &Option<Vec<Tag>>;
}

/// What a Describe call asks for.
pub(super) struct Asked {
    pub(super) ids: Option<Vec<String>>,
    pub(super) filters: Option<Vec<Filter>>,
    pub(super) max_results: Option<i32>,
    pub(super) next_token: Option<String>,
    pub(super) dry_run: Option<bool>,
}

/// A page of items, and the token for the next one if there is more.
pub(super) type Page<T> = (Option<Vec<T>>, Option<String>);

/// The largest page AWS gives; also what a call that does not say gets.
pub(super) const PAGE: Size = Size { default: 1000, max: 1000 };

/// Answers a Describe call from `get` when it names ids, else from `all`.
///
/// # Errors
/// The kind's `NotFound` or `Malformed` error for an id, `InvalidParameterValue` for a filter, `InvalidNextToken`,
/// `InvalidParameterCombination` for ids with `MaxResults`, `DryRunOperation`.
pub(super) fn describe<T: Described>(
    asked: Asked,
    get: impl Fn(&str) -> Option<T>,
    all: impl Iterator<Item = T>,
) -> Result<Page<T>, Fault> {
    let Asked { ids, filters, max_results, next_token, dry_run } = asked;
    let filters = Filters::read(filters, T::FILTERS)?;
    let passes = |item: &T| filters.pass(item, &pairs(item.tags()));
    let ids = ids.filter(|ids| !ids.is_empty());
    if ids.is_some() && max_results.is_some() {
        return Err(combination(format!("The parameter {} cannot be used with the parameter MaxResults", T::IDS)));
    }
    let items: Vec<T> = match ids {
        Some(mut ids) => {
            ids.iter().try_for_each(|id| T::KIND.check(id))?;
            ids.sort();
            ids.dedup();
            let found: Vec<T> =
                ids.iter().map(|id| get(id).ok_or_else(|| T::KIND.missing(id))).collect::<Result<_, _>>()?;
            found.into_iter().filter(passes).collect()
        }
        None => all.filter(passes).collect(),
    };
    let page = page(items, |item| item.id().to_owned(), max_results, next_token)?;
    done(dry_run, page)
}

/// Cuts a page.
pub(super) fn page<T>(
    items: Vec<T>,
    key: impl Fn(&T) -> String,
    max: Option<i32>,
    token: Option<String>,
) -> Result<Page<T>, Fault> {
    let bad = |token: &str| Fault::new("InvalidNextToken", format!("The token '{token}' is invalid"));
    let (items, next) =
        paginate(items, key, max, token.as_deref(), PAGE).map_err(|_| bad(token.as_deref().unwrap_or_default()))?;
    Ok((Some(items), next))
}

fn pairs(tags: &Option<Vec<Tag>>) -> Vec<(&str, &str)> {
    tags.iter().flatten().filter_map(|tag| Some((tag.key.as_deref()?, tag.value.as_deref()?))).collect()
}
