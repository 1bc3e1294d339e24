//! Client tokens: the same call made twice makes one resource ("Ensuring idempotency in Amazon EC2 API requests", Amazon EC2
//! Developer Guide).

use crate::{
    State, Tx,
    state::{CallToken, Expiring, Expiry},
};
use aws::{doc::Timestamp, fault::Fault};
use serde::Serialize;
use spec::{DAY, Millis};

/// A token is remembered this long; one whose resource is gone stands for nothing.
const REMEMBERED: Millis = DAY;

/// A call that may come again. One without a token is always new.
pub(super) struct Call {
    operation: &'static str,
    token: Option<String>,
    request: serde_json::Value,
}

impl Call {
    /// A call with its token and everything it asks for.
    ///
    /// # Errors
    /// `InvalidClientToken` for one that is empty, longer than 64 characters or not ASCII.
    pub(super) fn new(
        operation: &'static str,
        token: Option<&String>,
        request: &impl Serialize,
    ) -> Result<Self, Fault> {
        if token.is_some_and(|token| token.is_empty() || token.len() > 64 || !token.is_ascii()) {
            return Err(Fault::new("InvalidClientToken", "A client token has 1 to 64 ASCII characters."));
        }
        let unwritable = |error| Fault::new("InternalError", format!("keeping a request: {error}")).with_status(500);
        let mut request = match token {
            Some(_) => serde_json::to_value(request).map_err(unwritable)?,
            None => serde_json::Value::Null,
        };
        if let Some(members) = request.as_object_mut() {
            members.remove("DryRun");
        }
        Ok(Self { operation, token: token.cloned(), request })
    }

    /// The id of what the same call made before.
    ///
    /// # Errors
    /// `IdempotentParameterMismatch` when the token stands for another call.
    pub(super) fn made_before(&self, state: &State) -> Result<Option<String>, Fault> {
        let Some(token) = &self.token else { return Ok(None) };
        let Some(known) = state.call_tokens.get(&CallToken::key_of(self.operation, token)) else { return Ok(None) };
        if known.request != self.request {
            let message = format!("Wrong arguments for request with token {token}");
            return Err(Fault::new("IdempotentParameterMismatch", message));
        }
        Ok(Some(known.made.clone()))
    }

    /// Remembers what it made.
    pub(super) fn remember(self, tx: &mut Tx<'_>, made: &str) {
        let Self { operation, token: Some(token), request } = self else { return };
        let at = Timestamp { millis: tx.now.millis + REMEMBERED };
        tx.state.expiries.put(Expiry { at, what: Expiring::CallToken(CallToken::key_of(operation, &token)) });
        let (operation, made) = (operation.to_owned(), made.to_owned());
        tx.state.call_tokens.put(CallToken { operation, token, request, made, expires: at });
    }
}
