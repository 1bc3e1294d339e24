//! Removing files that nothing needs: of images and layers that are gone, and of what was uploaded for none.

use super::push::storage;
use crate::app::{App, blocking};
use aws::fault::Fault;
use control::ecr::layers;
use control::{Caller, State};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Removes what should not be there. Running it again changes nothing.
///
/// # Errors
/// The disk's failures.
pub(crate) async fn sweep(app: &Arc<App>) -> Result<(), Fault> {
    app.registry.uploads.expire();
    if !layers::unused(&app.core.state(), app.core.clock().now()).is_empty() {
        let forget = |tx: &mut control::Tx<'_>| {
            layers::forget_unused(tx);
            Ok(())
        };
        app.core.run(Caller::default(), forget).await?;
    }
    let app = app.clone();
    blocking(move || app.registry.blobs.sweep(|| needed(&app.core.state())).map_err(storage)).await?;
    Ok(())
}

/// Every digest that a record has.
fn needed(state: &State) -> BTreeSet<String> {
    let layers = state.ecr_layers.iter().map(|layer| layer.digest.clone());
    layers.chain(state.ecr_images.iter().map(|image| image.digest.clone())).collect()
}

/// Empties the registry once no record is left of it.
///
/// # Errors
/// The disk's failures.
pub(crate) async fn empty(app: &Arc<App>) -> Result<(), Fault> {
    app.registry.uploads.clear();
    sweep(app).await
}
