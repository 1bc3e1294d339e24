//! Pages of what is listed.

use super::validation;
use aws::{
    fault::Fault,
    page::{Size, paginate},
};

/// A page of things in the order of their keys, and the token for the next one.
///
/// # Errors
/// `ValidationError` for a token that none of these operations made.
pub(super) fn paged<T>(
    items: impl IntoIterator<Item = (String, T)>,
    size: usize,
    token: Option<&str>,
) -> Result<(Vec<T>, Option<String>), Fault> {
    let size = Size { default: size, max: size };
    let (page, next) = paginate(items, |(key, _)| key.clone(), None, token, size)
        .map_err(|_| validation("Invalid NextToken: the token is malformed or has expired."))?;
    Ok((page.into_iter().map(|(_, item)| item).collect(), next))
}
