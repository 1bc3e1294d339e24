//! Who a caller is, told from the access key that signed the call. Signatures are not verified: a key that was not issued here is the
//! account's root user.

use super::{id::is_ours, user};
use crate::{Caller, Region, State, View, state::SessionOf};
use aws::{
    api::{Api, Protocol},
    doc::Timestamp,
    fault::Fault,
};

/// A caller as AWS names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// Such as `AROA…:session`, `AIDA…`, or the account of a root user.
    pub user_id: String,
    /// Its ARN.
    pub arn: String,
}

/// Who calls.
pub(crate) fn identity(view: &View<'_>) -> SessionOf {
    let key = &view.caller.access_key_id;
    if let Some(session) = view.state.sts_sessions.get(key) {
        return session.of.clone();
    }
    view.state.iam_access_keys.get(key).map_or(SessionOf::Root, |key| SessionOf::User(key.user.clone()))
}

impl Identity {
    /// The names of who calls.
    pub fn of(view: &View<'_>) -> Self {
        Self::named(view.state, &identity(view))
    }

    fn named(state: &State, who: &SessionOf) -> Self {
        let region = &state.region;
        let root = || Self { user_id: region.account.clone(), arn: format!("arn:aws:iam::{}:root", region.account) };
        match who {
            SessionOf::Role { role, id, session, .. } => {
                Self { user_id: format!("{id}:{session}"), arn: assumed_role(region, role, session) }
            }
            SessionOf::User(name) => user::find(state, name)
                .map_or_else(|_| root(), |user| Self { user_id: user.id.clone(), arn: user::arn(region, user) }),
            SessionOf::Root => root(),
        }
    }
}

/// The ARN of a session of a role.
pub(crate) fn assumed_role(region: &Region, role: &str, session: &str) -> String {
    format!("arn:aws:sts::{}:assumed-role/{role}/{session}", region.account)
}

/// Whether a call is let in at all: any key is, but for one that was issued here and is worth nothing any more.
///
/// # Errors
/// That the credentials are expired or invalid, as the service called says it.
pub fn admit(state: &State, now: Timestamp, caller: &Caller, api: &Api) -> Result<(), Fault> {
    let key = &caller.access_key_id;
    if let Some(session) = state.sts_sessions.get(key) {
        let gone = match &session.of {
            SessionOf::User(name) => user::find(state, name).is_err(),
            SessionOf::Role { .. } | SessionOf::Root => false,
        };
        return if session.expires <= now { Err(refusal(api, true)) } else { known(api, !gone) };
    }
    match state.iam_access_keys.get(key) {
        Some(key) => known(api, key.active),
        None => known(api, !is_ours(key)),
    }
}

fn known(api: &Api, is: bool) -> Result<(), Fault> {
    if is { Ok(()) } else { Err(refusal(api, false)) }
}

fn refusal(api: &Api, expired: bool) -> Fault {
    let (code, status) = match (api.protocol, expired) {
        (Protocol::Json | Protocol::Cbor, true) => ("ExpiredTokenException", 400),
        (Protocol::Json | Protocol::Cbor, false) => ("UnrecognizedClientException", 400),
        (Protocol::Query | Protocol::RestXml, true) => ("ExpiredToken", 403),
        (Protocol::Query | Protocol::RestXml, false) => ("InvalidClientTokenId", 403),
        (Protocol::Ec2, true) => ("RequestExpired", 400),
        (Protocol::Ec2, false) => ("AuthFailure", 401),
    };
    let why = if expired { "expired" } else { "invalid" };
    Fault::new(code, format!("The security token included in the request is {why}")).with_status(status)
}
