//! Images: finding, pushing, deleting and describing them.

mod delete;
mod describe;
mod find;
mod mutability;
mod push;

pub(super) use delete::{batch_delete, delete_all, expire};
pub use delete::{delete, remove_tag};
pub(super) use describe::{describe, list};
pub use find::{by_digest, by_tag, find, is_digest, is_tag, of, of_request, referrers, tags_of};
pub use push::{Blob, Manifest, Pushed, push};

use crate::{Tx, state::EcrImage};
use aws::doc::Timestamp;
use spec::{DAY, Millis};

/// "Amazon ECR refreshes the last image pull timestamp at least once every 24 hours" ("ImageDetail").
const PULL_RECORDED: Millis = DAY;

/// Whether a pull at that time is to be recorded.
pub fn pull_is_news(image: &EcrImage, now: Timestamp) -> bool {
    image.pulled.is_none_or(|last| now.millis - last.millis >= PULL_RECORDED)
}

/// Records a pull.
pub fn record_pull(tx: &mut Tx<'_>, repository: &str, digest: &str) {
    let now = tx.now;
    tx.state.ecr_images.update(&EcrImage::key_of(repository, digest), |image| {
        if pull_is_news(image, now) {
            image.pulled = Some(now);
        }
    });
}
