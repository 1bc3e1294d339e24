//! Pages of lists: `Marker`, `MaxItems` and `IsTruncated`.

use super::invalid;
use aws::{
    fault::Fault,
    page::{Size, paginate},
};

/// Items of a page ("MaxItems": 100 where nothing is said, at most 1,000).
const SIZE: Size = Size { default: 100, max: 1000 };

/// One page.
pub(super) struct Page<T> {
    pub(super) items: Vec<T>,
    pub(super) is_truncated: bool,
    pub(super) marker: Option<String>,
}

/// Cuts a page of items in the order of their keys.
///
/// # Errors
/// `ValidationError` for a marker that is none.
pub(super) fn page<T>(
    items: impl IntoIterator<Item = T>,
    key: impl Fn(&T) -> String,
    marker: Option<&str>,
    max_items: Option<i32>,
) -> Result<Page<T>, Fault> {
    let (items, next) = paginate(items, key, max_items, marker, SIZE).map_err(|_| invalid("Invalid Marker."))?;
    Ok(Page { items, is_truncated: next.is_some(), marker: next })
}
