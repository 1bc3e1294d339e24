//! Pages of lists: `Marker`, `PageSize` and `NextMarker`.

use super::invalid;
use aws::{
    fault::Fault,
    page::{Size, paginate},
};

/// Items of a page: 400 at most, and where nothing is said.
const SIZE: Size = Size { default: 400, max: 400 };

/// Cuts a page of items in the order of their keys; returns it and the marker of the next.
///
/// # Errors
/// `ValidationError` for a marker that is none.
pub(super) fn page<T>(
    items: impl IntoIterator<Item = T>,
    key: impl Fn(&T) -> String,
    marker: Option<&str>,
    size: Option<i32>,
) -> Result<(Vec<T>, Option<String>), Fault> {
    paginate(items, key, size, marker, SIZE).map_err(|_| invalid("The specified marker is not valid."))
}
