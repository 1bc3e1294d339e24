//! What a browser must not do. Any page a user visits can send requests to a port on loopback, and with a name of its own that it
//! makes point there (DNS rebinding) even read the answers. AWS clients never look like that.

use super::Door;
use aws::fault::Fault;
use http::{HeaderMap, Method, header};
use std::net::IpAddr;

/// Refuses what an AWS client would not send: a `Host` that is somebody else's name, and an `Origin` on anything but a read.
///
/// # Errors
/// `AccessDeniedException` (403), naming the header and its value.
pub(super) fn check(door: Door, method: &Method, headers: &HeaderMap) -> Result<(), Fault> {
    // What tasks send comes from no browser of this machine's, and endpoints have many names.
    if door != Door::Tcp {
        return Ok(());
    }
    let host = headers.get(header::HOST).map(|value| value.to_str().unwrap_or("?"));
    if let Some(host) = host.filter(|host| !is_ours(host)) {
        return Err(denied(format!(
            "Host {host:?} is no name of this region. Use the address it listens on, localhost, or a name under amazonaws.com."
        )));
    }
    let reads = method == Method::GET || method == Method::HEAD;
    match headers.get(header::ORIGIN).filter(|_| !reads) {
        Some(origin) => Err(denied(format!("Requests of web pages are refused (Origin {origin:?})."))),
        None => Ok(()),
    }
}

/// Refuses what may be a link or an image of a web page, for a call that changes something: browsers follow those without an `Origin`,
/// and calls of EC2 and IAM can look like that. AWS's clients use POST, or sign in a header, which no page can add.
///
/// # Errors
/// `AccessDeniedException` (403).
pub(super) fn check_link(door: Door, method: &Method, headers: &HeaderMap) -> Result<(), Fault> {
    match door == Door::Tcp && method == Method::GET && !headers.contains_key(header::AUTHORIZATION) {
        true => Err(denied("Nothing is changed by a GET that web pages can send too. Use POST.".to_owned())),
        false => Ok(()),
    }
}

fn denied(message: String) -> Fault {
    Fault::new("AccessDeniedException", message).with_status(403)
}

/// Addresses are no names, so nobody can make them point here; the names are ones whose owner is this machine or AWS.
fn is_ours(host: &str) -> bool {
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split_once(']').map_or(rest, |(address, _)| address),
        None => host.rsplit_once(':').map_or(host, |(name, _)| name),
    };
    let name = name.trim_end_matches('.').to_ascii_lowercase();
    let under = |domain: &str| name == domain || name.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.'));
    name.parse::<IpAddr>().is_ok()
        || ["localhost", "amazonaws.com", "amazonaws.com.cn", "api.aws"].into_iter().any(under)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(door: Door, method: Method, fields: &[(&'static str, &'static str)]) -> Result<(), String> {
        let mut headers = HeaderMap::new();
        fields.iter().for_each(|(name, value)| drop(headers.insert(*name, value.parse().unwrap())));
        check(door, &method, &headers).map_err(|fault| fault.message)
    }

    #[test]
    fn addresses_and_names_of_our_own_pass() {
        for host in [
            "127.0.0.1:4566",
            "[::1]:4566",
            "[::1]",
            "localhost",
            "LOCALHOST:80",
            "s3.localhost:4566",
            "10.1.2.3",
            "ecs.us-east-1.amazonaws.com",
            "ecs.us-east-1.api.aws.",
        ] {
            assert_eq!(sent(Door::Tcp, Method::POST, &[("host", host)]), Ok(()), "{host}");
        }
        assert_eq!(sent(Door::Tcp, Method::POST, &[]), Ok(()));
    }

    #[test]
    fn names_of_others_and_web_pages_are_refused_by_name() {
        for host in
            ["evil.example", "localhost.evil.example:4566", "evilamazonaws.com", "127.0.0.1.nip.io", "", "[evil"]
        {
            let refused = sent(Door::Tcp, Method::GET, &[("host", host)]).unwrap_err();
            assert!(refused.contains(&format!("{host:?}")), "{refused}");
        }
        let page = [("host", "127.0.0.1:4566"), ("origin", "https://evil.example")];
        assert!(sent(Door::Tcp, Method::POST, &page).unwrap_err().contains("https://evil.example"));
        assert_eq!(sent(Door::Tcp, Method::GET, &page), Ok(()));
        assert_eq!(sent(Door::Unix, Method::POST, &[("host", "anything")]), Ok(()));
    }
}
