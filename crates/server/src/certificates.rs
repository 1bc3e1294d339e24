//! Issuing the certificates that AWS Certificate Manager was asked for: it decides which are due, the region's authority signs them.

use crate::Error;
use crate::app::{App, blocking};
use aws::fault::Fault;
use control::Caller;
use control::acm::{self, Errand};
use std::sync::Arc;
use std::time::Duration;

/// How long is waited after a certificate that could not be issued or kept, before it is tried again.
const PAUSE: Duration = Duration::from_secs(1);

/// Issues what is due, until it is aborted.
pub(crate) async fn run_errands(app: Arc<App>) {
    let mut published = app.core.watch();
    loop {
        let errands = acm::errands(&published.borrow_and_update());
        for errand in errands {
            if let Err(fault) = issue(&app, errand).await {
                crate::complain(format_args!("issuing a certificate: {fault}"));
                tokio::time::sleep(PAUSE).await;
                published.mark_changed();
            }
        }
        if published.changed().await.is_err() {
            return;
        }
    }
}

async fn issue(app: &Arc<App>, errand: Errand) -> Result<(), Fault> {
    let (shared, wanted) = (app.clone(), errand.clone());
    let made = blocking(move || shared.tls.issue(&wanted).map_err(|error| failed(&error))).await?;
    app.core.run(Caller::default(), move |tx| acm::issued(tx, &errand, made)).await
}

fn failed(error: &Error) -> Fault {
    Fault::new("InternalFailure", error.to_string()).with_status(500)
}
