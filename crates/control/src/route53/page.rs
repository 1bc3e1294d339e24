//! How many things a page of a list has. Amazon Route 53 has the number as text, and goes on at the first thing of the next page, whose name
//! is told.

use super::invalid;
use aws::fault::Fault;

/// The most things of a page, and the number when nobody says ("ListHostedZones", Amazon Route 53 API Reference).
const MOST: usize = 100;

/// The number asked for, which is never more than there may be.
///
/// # Errors
/// `InvalidInput` for what is no number above zero.
pub(super) fn size(asked: Option<&str>, most: usize) -> Result<usize, Fault> {
    let Some(asked) = asked else { return Ok(most) };
    match asked.parse::<usize>() {
        Ok(number) if number > 0 => Ok(number.min(most)),
        _ => Err(invalid(format!("Invalid value '{asked}' for parameter maxItems."))),
    }
}

/// The same for a list of zones.
///
/// # Errors
/// Those of [`size`].
pub(super) fn of_zones(asked: Option<&str>) -> Result<usize, Fault> {
    size(asked, MOST)
}

/// One page, and the first thing of the next one.
pub(super) fn split<T>(all: impl Iterator<Item = T>, size: usize) -> (Vec<T>, Option<T>) {
    let mut page: Vec<T> = all.take(size.saturating_add(1)).collect();
    let next = if page.len() > size { page.pop() } else { None };
    (page, next)
}
