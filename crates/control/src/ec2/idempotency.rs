//! Client tokens: the same call made twice makes one thing ("Ensuring idempotency in Amazon EC2 API requests").

use super::parameter::invalid;
use crate::{
    Tx,
    state::{Ec2ClientToken, Expiring, Expiry},
};
use aws::{doc::Timestamp, fault::Fault, shape::Shape};

/// A token is remembered this long.
const DAY: i64 = 24 * 60 * 60 * 1000;

/// A call with a client token, so that it is known when it comes again.
pub(super) struct Call {
    operation: &'static str,
    token: String,
    request: String,
}

impl Call {
    /// A call as it stands for its token: all of the request counts. Without a token there is nothing to remember.
    ///
    /// # Errors
    /// `InvalidParameterValue` for a token of more than 64 characters or beyond ASCII.
    pub(super) fn new<R: Shape + Clone>(
        operation: &'static str,
        token: &Option<String>,
        request: &R,
    ) -> Result<Option<Self>, Fault> {
        let Some(token) = token.clone().filter(|token| !token.is_empty()) else { return Ok(None) };
        if token.len() > 64 || !token.is_ascii() {
            return Err(invalid("ClientToken must be up to 64 ASCII characters."));
        }
        let unwritable = |error| Fault::new("InternalError", format!("a request can't be kept: {error}"));
        let request = serde_json::to_string(&request.clone().write()).map_err(unwritable)?;
        Ok(Some(Self { operation, token, request }))
    }

    /// The id of what the same call made before, if it was made before.
    ///
    /// # Errors
    /// `IdempotentParameterMismatch` when the token stands for another call.
    pub(super) fn made(call: &Option<Self>, tx: &Tx<'_>) -> Result<Option<String>, Fault> {
        let Some(call) = call else { return Ok(None) };
        let key = Ec2ClientToken::key_of(call.operation, &call.token);
        match tx.state.ec2_client_tokens.get(&key) {
            Some(known) if known.request == call.request => Ok(Some(known.made.clone())),
            Some(_) => Err(Fault::new(
                "IdempotentParameterMismatch",
                "The request uses the same client token as a previous, but non-identical request.",
            )),
            None => Ok(None),
        }
    }

    /// Remembers what a call made.
    pub(super) fn remember(call: Option<Self>, tx: &mut Tx<'_>, made: &str) {
        let Some(Self { operation, token, request }) = call else { return };
        let key = Ec2ClientToken::key_of(operation, &token);
        let at = Timestamp { millis: tx.now.millis + DAY };
        tx.state.expiries.put(Expiry { at, what: Expiring::Ec2ClientToken(key) });
        let operation = operation.to_owned();
        tx.state.ec2_client_tokens.put(Ec2ClientToken { operation, token, request, made: made.to_owned() });
    }
}
