//! Issuing the certificates that AWS Certificate Manager was asked for: it decides which are due, the region's authority signs them.

use crate::app::{App, blocking};
use crate::{Error, errands};
use aws::fault::Fault;
use control::Caller;
use control::acm::{self, Errand};
use std::sync::Arc;

/// Issues what is due, until it is aborted.
pub(crate) async fn run_errands(app: Arc<App>) {
    errands::run(app, "issuing a certificate", acm::errands, issue).await;
}

async fn issue(app: Arc<App>, errand: Errand) -> Result<(), Fault> {
    let (shared, wanted) = (app.clone(), errand.clone());
    let made = blocking(move || shared.tls.issue(&wanted).map_err(|error| failed(&error))).await?;
    app.core.run(Caller::default(), move |tx| acm::issued(tx, &errand, made)).await
}

fn failed(error: &Error) -> Fault {
    Fault::new("InternalFailure", error.to_string()).with_status(500)
}
