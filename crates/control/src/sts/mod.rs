//! AWS STS: who the caller is. Absent: roles, sessions and tokens.

use crate::{Service, View};
use aws::{
    api::sts::{API, GetCallerIdentityRequest, GetCallerIdentityResponse, op},
    fault::Fault,
};

/// The routing table.
pub fn service() -> Service {
    Service::new(&API).read(op::GetCallerIdentity, get_caller_identity)
}

/// GetCallerIdentity: every key is the account's root user's, as there are no others.
fn get_caller_identity(view: &View<'_>, input: GetCallerIdentityRequest) -> Result<GetCallerIdentityResponse, Fault> {
    let GetCallerIdentityRequest {} = input;
    let account = &view.state.region.account;
    Ok(GetCallerIdentityResponse {
        user_id: Some(account.clone()),
        account: Some(account.clone()),
        arn: Some(format!("arn:aws:iam::{account}:root")),
    })
}
