//! What a registry wants to see: `WWW-Authenticate` (RFC 9110, section 11.6.1; "Token authentication", distribution specification). Pure.

use http::{Uri, uri::PathAndQuery};
use std::collections::BTreeMap;

/// A way to authenticate that is understood here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Challenge {
    /// A name and a password.
    Basic,
    /// A token of another service, which its parameters name.
    Bearer(BTreeMap<String, String>),
}

impl Challenge {
    /// Reads a header with one challenge. `None` for a scheme that is not known.
    pub(super) fn parse(header: &str) -> Option<Self> {
        let (scheme, rest) = header.trim().split_once(' ').unwrap_or((header.trim(), ""));
        match scheme.to_ascii_lowercase().as_str() {
            "basic" => Some(Self::Basic),
            "bearer" => Some(Self::Bearer(parameters(rest))),
            _ => None,
        }
    }

    /// Where its token is to be had. `None` where there is no realm, or one that is not reached by HTTPS.
    pub(super) fn token_url(&self) -> Option<String> {
        let Self::Bearer(parameters) = self else { return None };
        let realm = parameters.get("realm").filter(|realm| realm.starts_with("https://"))?;
        let mut query = form_urlencoded::Serializer::new(String::new());
        for name in ["service", "scope"] {
            if let Some(value) = parameters.get(name) {
                query.append_pair(name, value);
            }
        }
        let separator = if realm.contains('?') { '&' } else { '?' };
        Some(format!("{realm}{separator}{}", query.finish()))
    }
}

/// `name="value", …`; values may hold commas.
fn parameters(text: &str) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let mut rest = text.trim_start_matches([',', ' ']);
    while let Some((name, after)) = rest.split_once('=') {
        let (value, left) = match after.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"').unwrap_or((quoted, "")),
            None => after.split_once(',').unwrap_or((after, "")),
        };
        found.insert(name.trim().to_ascii_lowercase(), value.trim().to_owned());
        rest = left.trim_start_matches([',', ' ']);
    }
    found
}

/// Where a redirect leads: a whole URL, or a path at the same host.
pub(super) fn relative(from: &Uri, location: &str) -> Result<Uri, http::Error> {
    let mut parts = from.clone().into_parts();
    if location.starts_with('/') && !location.starts_with("//") {
        parts.path_and_query = Some(location.parse::<PathAndQuery>()?);
        return Ok(Uri::from_parts(parts)?);
    }
    Ok(location.parse()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_asked_for_where_the_challenge_says() {
        let hub = r#"Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:library/nginx:pull,push""#;
        assert_eq!(
            Challenge::parse(hub).unwrap().token_url().unwrap(),
            "https://auth.docker.io/token?service=registry.docker.io&scope=repository%3Alibrary%2Fnginx%3Apull%2Cpush"
        );
        let plain = Challenge::parse("bearer realm=\"http://evil.example/\"").unwrap();
        assert_eq!(plain.token_url(), None, "a login is not sent in the clear");
        assert_eq!(Challenge::parse("Basic realm=\"x\""), Some(Challenge::Basic));
        assert_eq!(Challenge::parse("Basic"), Some(Challenge::Basic));
        assert_eq!(Challenge::parse("Negotiate abc"), None);
        assert_eq!(Challenge::parse("Bearer"), Some(Challenge::Bearer(BTreeMap::new())));
    }

    #[test]
    fn a_redirect_may_be_a_path() {
        let from: Uri = "https://a.example/v2/x?y=1".parse().unwrap();
        assert_eq!(relative(&from, "/blob?z=2").unwrap().to_string(), "https://a.example/blob?z=2");
        assert_eq!(relative(&from, "https://b.example/c").unwrap().to_string(), "https://b.example/c");
        assert!(relative(&from, "https://").is_err());
    }
}
