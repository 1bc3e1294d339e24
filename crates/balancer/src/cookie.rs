//! The load balancer's cookies ("Sticky sessions for your Application Load Balancer", Application Load Balancers guide). Pure.
//!
//! Their values are sealed with a key that follows from the load balancer's ARN: that hides addresses and lets every node and every
//! process read them. It protects nothing, and need not: a made-up cookie gets its maker a target of those that chance could have given.

use base64::{Engine, engine::general_purpose::STANDARD};
use chacha20poly1305::{AeadInPlace, ChaCha20Poly1305, KeyInit, Nonce};
use sha2::{Digest, Sha256};

/// The cookie that holds a target, for stickiness by duration.
pub(crate) const TARGET: &str = "AWSALB";
/// Its twin for requests from other sites.
pub(crate) const TARGET_CORS: &str = "AWSALBCORS";
/// The cookie that holds a target beside one of the application's.
pub(crate) const APPLICATION: &str = "AWSALBAPP-0";
/// The cookie that holds a target group.
pub(crate) const GROUP: &str = "AWSALBTG";
/// Its twin for requests from other sites.
pub(crate) const GROUP_CORS: &str = "AWSALBTGCORS";

/// For how many seconds browsers keep the cookies, whatever the stickiness.
const KEPT: i64 = 7 * 24 * 3600;
const NONCE: usize = 12;

/// Seals and opens cookies of one load balancer.
#[derive(Clone)]
pub(crate) struct Cookies(ChaCha20Poly1305);

impl std::fmt::Debug for Cookies {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Cookies")
    }
}

impl Cookies {
    /// The key for a load balancer.
    pub(crate) fn new(arn: &str) -> Self {
        let key = Sha256::new().chain_update("cookies of ").chain_update(arn).finalize();
        Self(ChaCha20Poly1305::new(&key))
    }

    /// The sealed value for `held`, as of `now` (seconds since 1970).
    pub(crate) fn seal(&self, name: &str, held: &str, now: u64, chance: u128) -> String {
        let nonce: [u8; NONCE] = std::array::from_fn(|index| chance.to_le_bytes()[index]);
        let mut sealed = [&now.to_le_bytes(), held.as_bytes()].concat();
        // Fails for more than 256 GiB.
        if self.0.encrypt_in_place(Nonce::from_slice(&nonce), kind(name), &mut sealed).is_err() {
            return String::new();
        }
        STANDARD.encode([&nonce[..], &sealed].concat())
    }

    /// What is held in a value, if it was sealed for this cookie in the last `duration` seconds.
    pub(crate) fn open(&self, name: &str, value: &[u8], now: u64, duration: u32) -> Option<String> {
        let bytes = STANDARD.decode(value).ok()?;
        let (nonce, sealed) = bytes.split_at_checked(NONCE)?;
        let mut plain = sealed.to_vec();
        self.0.decrypt_in_place(Nonce::from_slice(nonce), kind(name), &mut plain).ok()?;
        let (time, held) = plain.split_first_chunk::<8>()?;
        let age = now.saturating_sub(u64::from_le_bytes(*time));
        (age < u64::from(duration)).then(|| String::from_utf8(held.to_vec()).ok())?
    }
}

/// What a sealed value is bound to. Twins have the same.
fn kind(name: &str) -> &[u8] {
    name.strip_suffix("CORS").unwrap_or(name).as_bytes()
}

/// The value of a cookie among those of a request.
pub(crate) fn find<'a>(mut values: impl Iterator<Item = &'a [u8]>, name: &str) -> Option<&'a [u8]> {
    values.find_map(|value| {
        value
            .split(|byte| *byte == b';')
            .map(<[u8]>::trim_ascii)
            .find_map(|pair| pair.strip_prefix(name.as_bytes())?.strip_prefix(b"="))
    })
}

/// Whether a response's `Set-Cookie` sets this cookie.
pub(crate) fn sets(value: &[u8], name: &str) -> bool {
    value.trim_ascii_start().strip_prefix(name.as_bytes()).is_some_and(|rest| rest.starts_with(b"="))
}

/// The value of `Set-Cookie`.
pub(crate) fn set(name: &str, value: &str, now: u64) -> String {
    let expires = date(now.saturating_add_signed(KEPT));
    let elsewhere = if name.ends_with("CORS") { "; SameSite=None; Secure" } else { "" };
    format!("{name}={value}; Expires={expires}; Path=/{elsewhere}")
}

/// A time as HTTP writes it (RFC 9110, 5.6.7).
pub(crate) fn date(seconds: u64) -> String {
    let time = i64::try_from(seconds).ok().and_then(|seconds| jiff::Timestamp::from_second(seconds).ok());
    let printer = jiff::fmt::rfc2822::DateTimePrinter::new();
    time.and_then(|time| printer.timestamp_to_rfc9110_string(&time).ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sealed_is_opened_until_it_expires() {
        let cookies = Cookies::new("arn:1");
        let value = cookies.seal(TARGET, "10.0.0.1:80", 1_000, 7);
        assert!(!value.contains("10.0"));
        let open = |name, value: &str, now| cookies.open(name, value.as_bytes(), now, 60);
        assert_eq!(open(TARGET, &value, 1_059), Some("10.0.0.1:80".into()));
        assert_eq!(open(TARGET_CORS, &value, 1_059), Some("10.0.0.1:80".into()));
        assert_eq!(open(TARGET, &value, 1_060), None);
        assert_eq!(open(GROUP, &value, 1_000), None);
        assert_eq!(Cookies::new("arn:2").open(TARGET, value.as_bytes(), 1_000, 60), None);
        for broken in ["", "x", "AAAA", &value[4..]] {
            assert_eq!(open(TARGET, broken, 1_000), None, "{broken}");
        }
    }

    #[test]
    fn cookies_in_fields() {
        let fields: [&[u8]; 2] = [b"a=1; AWSALBCORS=x==; b", b"AWSALB=y"];
        assert_eq!(find(fields.into_iter(), TARGET), Some(&b"y"[..]));
        assert_eq!(find(fields.into_iter(), TARGET_CORS), Some(&b"x=="[..]));
        assert_eq!(find(fields.into_iter(), "b"), None);
        assert!(sets(b"sid=1; Path=/", "sid") && !sets(b"sid2=1", "sid"));
        assert_eq!(set(TARGET, "v", 0), "AWSALB=v; Expires=Thu, 08 Jan 1970 00:00:00 GMT; Path=/");
        assert!(set(GROUP_CORS, "v", 0).ends_with("; Path=/; SameSite=None; Secure"));
    }
}
