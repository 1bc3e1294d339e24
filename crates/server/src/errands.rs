//! Errands: what records of the control plane need of the world outside the state. They follow from the state, so none is kept anywhere: as
//! long as one is due it is run.

use crate::app::App;
use aws::fault::Fault;
use control::State;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

/// How long is waited after an errand that failed, before it is tried again.
const PAUSE: Duration = Duration::from_secs(1);

/// Runs what is due, one after the other, whenever a state is published, until it is aborted. `what` says in a complaint what they are.
pub(crate) async fn run<E, F: Future<Output = Result<(), Fault>>>(
    app: Arc<App>,
    what: &str,
    due: fn(&State) -> Vec<E>,
    errand: fn(Arc<App>, E) -> F,
) {
    let mut published = app.core.watch();
    loop {
        let all = due(&published.borrow_and_update());
        for one in all {
            if let Err(fault) = errand(app.clone(), one).await {
                crate::complain(format_args!("{what}: {fault}"));
                tokio::time::sleep(PAUSE).await;
                published.mark_changed();
            }
        }
        if published.changed().await.is_err() {
            return;
        }
    }
}
