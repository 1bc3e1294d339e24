//! CancelRotateSecret: no secret rotates here, as rotation is a Lambda function's work.

use super::{find, wrong};
use crate::View;
use aws::{
    api::secretsmanager::{CancelRotateSecretRequest, CancelRotateSecretResponse},
    fault::Fault,
};

/// Refuses as AWS does where rotation was never set up, in the words it has for that.
pub(super) fn cancel(view: &View<'_>, request: CancelRotateSecretRequest) -> Result<CancelRotateSecretResponse, Fault> {
    let CancelRotateSecretRequest { secret_id } = request;
    find::live(view.state, &secret_id)?;
    Err(wrong(
        "You tried to enable rotation on a secret that doesn't already have a Lambda function ARN configured and you didn't include \
         such an ARN as a parameter in this call.",
    ))
}
