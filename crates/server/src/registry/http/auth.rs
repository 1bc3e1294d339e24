//! Who asks: every request brings a password of GetAuthorizationToken ("Private registry authentication in Amazon ECR").

use super::Refusal;
use crate::app::App;
use crate::registry::token::{self, USER};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use control::Caller;
use control::ecr::repositories::host;
use http::{HeaderMap, header};

/// The caller by the `Authorization` field.
pub(super) fn caller(app: &App, headers: &HeaderMap) -> Result<Caller, Refusal> {
    let Some(field) = headers.get(header::AUTHORIZATION) else { return Err(unauthorized(app)) };
    let invalid = || Refusal::new(400, "DENIED", "Your Authorization Token is invalid.");
    let (user, password) = field.to_str().ok().and_then(credentials).ok_or_else(invalid)?;
    if user.is_empty() && password.is_empty() {
        // What some clients send that have none.
        return Err(unauthorized(app));
    }
    if user != USER {
        return Err(invalid());
    }
    match app.registry.key.verify(&password, app.core.clock().now()) {
        Ok(access_key_id) => Ok(Caller { access_key_id }),
        Err(token::Refused::Invalid) => Err(invalid()),
        Err(token::Refused::Expired) => {
            Err(Refusal::new(403, "DENIED", "Your authorization token has expired. Reauthenticate and try again."))
        }
    }
}

fn unauthorized(app: &App) -> Refusal {
    let realm = format!(r#"Basic realm="https://{}/",service="ecr.amazonaws.com""#, host(&app.core.state()));
    Refusal::plain(401, "Not Authorized").with("www-authenticate", realm)
}

/// RFC 7617.
fn credentials(field: &str) -> Option<(String, String)> {
    let (scheme, encoded) = field.trim().split_once(' ')?;
    let text = BASE64_STANDARD.decode(encoded.trim()).ok().filter(|_| scheme.eq_ignore_ascii_case("basic"))?;
    let (user, password) = std::str::from_utf8(&text).ok()?.split_once(':')?;
    Some((user.to_owned(), password.to_owned()))
}
