//! Authorization tokens: passwords that say themselves whom they were given to and until when, signed with a key of the registry's.
//! So none has to be kept, and all hold after a restart.

use crate::{Error, key};
use aws::doc::Timestamp;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use hmac::{Hmac, Mac};
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use std::path::Path;

/// "Authorization tokens are valid for 12 hours" ("GetAuthorizationToken").
const VALID: i64 = 12 * 60 * 60 * 1000;
/// The user name of every password.
pub(super) const USER: &str = "AWS";

/// What passwords are signed with.
pub(super) struct Key(key::Key);

/// A password, as ECR's look.
#[derive(Serialize, Deserialize)]
struct Password {
    payload: String,
    datakey: String,
    version: String,
    #[serde(rename = "type")]
    kind: String,
    expiration: i64,
}

/// What a password says.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Claims {
    access_key_id: String,
    expires: i64,
}

/// Why a password is none.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Refused {
    Invalid,
    Expired,
}

impl Key {
    /// Reads the key in a file, or makes it.
    ///
    /// # Errors
    /// As [`key::read`] and [`key::make`].
    pub(super) fn open(path: &Path) -> Result<Self, Error> {
        let key = match key::read(path)? {
            Some(key) => key,
            None => key::make(path)?,
        };
        Ok(Self(key))
    }

    /// A new password, and when it expires.
    pub(super) fn issue(&self, access_key_id: &str, now: Timestamp) -> (String, Timestamp) {
        let expires = now.millis / 1000 * 1000 + VALID;
        let claims = serde_json::json!({ "accessKeyId": access_key_id, "expires": expires }).to_string();
        let payload = BASE64_STANDARD.encode(claims);
        let datakey = self.mac(&payload).map(|mac| BASE64_STANDARD.encode(mac.finalize().into_bytes()));
        let password = serde_json::json!({
            "payload": payload,
            "datakey": datakey.unwrap_or_default(),
            "version": "2",
            "type": "DATA_KEY",
            "expiration": expires / 1000,
        });
        (BASE64_STANDARD.encode(password.to_string()), Timestamp { millis: expires })
    }

    /// The access key that a password was given to.
    pub(super) fn verify(&self, password: &str, now: Timestamp) -> Result<String, Refused> {
        let claims = self.read(password).ok_or(Refused::Invalid)?;
        if claims.expires <= now.millis { Err(Refused::Expired) } else { Ok(claims.access_key_id) }
    }

    /// A secret for something else than passwords, which tells nothing of the key.
    pub(super) fn derived(&self, purpose: &str) -> String {
        let mac = self.mac(purpose).map(|mac| BASE64_STANDARD.encode(mac.finalize().into_bytes()));
        mac.unwrap_or_default()
    }

    fn read(&self, password: &str) -> Option<Claims> {
        let password: Password = serde_json::from_slice(&BASE64_STANDARD.decode(password).ok()?).ok()?;
        let signature = BASE64_STANDARD.decode(password.datakey).ok()?;
        self.mac(&password.payload)?.verify_slice(&signature).ok()?;
        serde_json::from_slice(&BASE64_STANDARD.decode(password.payload).ok()?).ok()
    }

    /// There is one of every key: HMAC takes any length.
    fn mac(&self, payload: &str) -> Option<Hmac<Sha256>> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).ok()?;
        mac.update(payload.as_bytes());
        Some(mac)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp { millis: 1_700_000_000_000 };

    #[test]
    fn a_password_holds_for_twelve_hours_and_over_restarts() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("key");
        let (password, expires) = Key::open(&path).unwrap().issue("AKIA", NOW);
        assert_eq!(expires.millis - NOW.millis, VALID);
        let key = Key::open(&path).unwrap();
        assert_eq!(key.verify(&password, Timestamp { millis: expires.millis - 1 }), Ok("AKIA".to_owned()));
        assert_eq!(key.verify(&password, expires), Err(Refused::Expired));
        let other = Key::open(&dir.path().join("other")).unwrap();
        assert_eq!(other.verify(&password, NOW), Err(Refused::Invalid));
    }

    #[test]
    fn what_was_not_issued_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let key = Key::open(&dir.path().join("key")).unwrap();
        let (password, _) = key.issue("AKIA", NOW);
        let text = String::from_utf8(BASE64_STANDARD.decode(&password).unwrap()).unwrap();
        let mut later: serde_json::Value = serde_json::from_str(&text).unwrap();
        let claims = serde_json::json!({ "accessKeyId": "AKIA", "expires": i64::MAX }).to_string();
        later["payload"] = BASE64_STANDARD.encode(claims).into();
        for wrong in ["", "secret", "e30=", &BASE64_STANDARD.encode(later.to_string())] {
            assert_eq!(key.verify(wrong, NOW), Err(Refused::Invalid), "{wrong}");
        }
    }
}
