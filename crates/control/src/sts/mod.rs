//! AWS STS: who the caller is, and credentials for a time.
//!
//! A role is assumed by whoever asks: whether its trust policy lets them is not looked at, for any access key is accepted. Absent:
//! federation (there are no identity providers) and multi-factor authentication (there are no devices).

mod assume_role;
mod caller;
#[cfg(test)]
mod tests;

use crate::Service;
use aws::{
    api::sts::{API, Credentials, op},
    fault::Fault,
};

/// The routing table.
pub fn service() -> Service {
    Service::new(&API)
        .read(op::GetCallerIdentity, caller::identity)
        .read(op::GetAccessKeyInfo, caller::access_key)
        .write(op::GetSessionToken, caller::session_token)
        .write(op::AssumeRole, assume_role::assume)
        .write(op::AssumeRoleWithWebIdentity, assume_role::with_web_identity)
}

fn invalid(message: impl Into<String>) -> Fault {
    Fault::new("ValidationError", message)
}

fn denied(message: impl Into<String>) -> Fault {
    Fault::new("AccessDenied", message).with_status(403)
}

/// Refuses a code of a device: nobody has one.
fn no_devices(serial_number: Option<String>, token_code: Option<String>) -> Result<(), Fault> {
    if serial_number.is_some() || token_code.is_some() {
        return Err(denied(
            "MultiFactorAuthentication failed, unable to validate MFA code. neargate has no MFA devices.",
        ));
    }
    Ok(())
}

/// As in a reply.
fn credentials(session: &crate::state::Session) -> Credentials {
    Credentials {
        access_key_id: Some(session.access_key_id.clone()),
        secret_access_key: Some(session.secret.clone()),
        session_token: Some(session.token.clone()),
        expiration: Some(session.expires),
    }
}
