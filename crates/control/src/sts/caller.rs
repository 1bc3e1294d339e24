//! The caller: who it is, and credentials for a time of its own.

use super::{credentials, denied, no_devices};
use crate::{
    Tx, View,
    iam::{self, Identity},
    state::SessionOf,
};
use aws::{
    api::sts::{
        GetAccessKeyInfoRequest, GetAccessKeyInfoResponse, GetCallerIdentityRequest, GetCallerIdentityResponse,
        GetSessionTokenRequest, GetSessionTokenResponse,
    },
    fault::Fault,
};

pub(super) fn identity(view: &View<'_>, input: GetCallerIdentityRequest) -> Result<GetCallerIdentityResponse, Fault> {
    let GetCallerIdentityRequest {} = input;
    let Identity { user_id, arn } = Identity::of(view);
    let account = Some(view.state.region.account.clone());
    Ok(GetCallerIdentityResponse { user_id: Some(user_id), account, arn: Some(arn) })
}

/// GetAccessKeyInfo: there is one account, whose every key is.
pub(super) fn access_key(view: &View<'_>, input: GetAccessKeyInfoRequest) -> Result<GetAccessKeyInfoResponse, Fault> {
    let GetAccessKeyInfoRequest { access_key_id: _ } = input;
    Ok(GetAccessKeyInfoResponse { account: Some(view.state.region.account.clone()) })
}

/// Seconds that credentials for a time last: a user's where nothing is said, and the root user's at most.
const OF_USER: i32 = 12 * 60 * 60;
const OF_ROOT: i32 = 60 * 60;

pub(super) fn session_token(tx: &mut Tx<'_>, input: GetSessionTokenRequest) -> Result<GetSessionTokenResponse, Fault> {
    let GetSessionTokenRequest { duration_seconds, serial_number, token_code, minimum_session_token_size } = input;
    no_devices(serial_number, token_code)?;
    let who = iam::identity(&tx.view());
    let of_session = tx.state.sts_sessions.contains(&tx.caller.access_key_id);
    if of_session || matches!(who, SessionOf::Role { .. }) {
        return Err(denied("Cannot call GetSessionToken with session credentials"));
    }
    let seconds = duration_seconds.unwrap_or(OF_USER);
    let seconds = if who == SessionOf::Root { seconds.min(OF_ROOT) } else { seconds };
    let token = minimum_session_token_size.and_then(|size| usize::try_from(size).ok()).unwrap_or(0);
    let session = iam::issue(tx, who, i64::from(seconds) * 1000, token);
    Ok(GetSessionTokenResponse { credentials: Some(credentials(&session)), ..GetSessionTokenResponse::default() })
}
