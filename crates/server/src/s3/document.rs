//! XML that clients send.

use super::bucket::malformed;
use aws::fault::Fault;
use roxmltree::Document;

/// Reads a document.
///
/// # Errors
/// `MalformedXML`, also for one with more attributes than a client has a use for.
pub(super) fn read(content: &[u8]) -> Result<Document<'_>, Fault> {
    aws::document::read(content, u32::MAX).map_err(|_| malformed())
}
