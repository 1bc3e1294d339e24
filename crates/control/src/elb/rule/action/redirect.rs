//! Redirects ("RedirectActionConfig", Elastic Load Balancing API Reference).

use super::super::super::invalid;
use crate::state::Redirect;
use aws::{
    api::elbv2::{Action, ActionTypeEnum, RedirectActionConfig, RedirectActionStatusCodeEnum},
    fault::Fault,
};

/// What each part is where nothing is said of it: that of the request.
const PROTOCOL: &str = "#{protocol}";
const HOST: &str = "#{host}";
const PORT: &str = "#{port}";
const PATH: &str = "/#{path}";
const QUERY: &str = "#{query}";

/// # Errors
/// `ValidationError`; `InvalidLoadBalancerAction` for one that leads to itself.
pub(super) fn read(config: RedirectActionConfig) -> Result<Redirect, Fault> {
    let RedirectActionConfig { protocol, port, host, path, query, status_code } = config;
    let part = |given: Option<String>, default: &str| given.unwrap_or_else(|| default.to_owned());
    let redirect = Redirect {
        status: match status_code {
            Some(RedirectActionStatusCodeEnum::Http301) => 301,
            _ => 302,
        },
        protocol: part(protocol, PROTOCOL),
        host: part(host, HOST),
        port: part(port, PORT),
        path: part(path, PATH),
        query: part(query, QUERY),
    };
    check(&redirect)?;
    Ok(redirect)
}

fn check(redirect: &Redirect) -> Result<(), Fault> {
    let Redirect { status: _, protocol, host, port, path, query } = redirect;
    if !matches!(protocol.as_str(), "HTTP" | "HTTPS" | PROTOCOL) {
        return Err(invalid("The Protocol parameter must be one of 'HTTP', 'HTTPS' or '#{protocol}'."));
    }
    let number = port.bytes().all(|byte| byte.is_ascii_digit()) && port.parse::<u16>().is_ok_and(|port| port > 0);
    if port != PORT && !number {
        return Err(invalid("The Port parameter must be either an integer between 1 and 65535 or '#{port}'."));
    }
    if !placeholders(host, &[HOST]).is_some_and(|rest| rest.bytes().all(is_of_host)) {
        return Err(invalid(
            "The Host parameter must be a valid hostname, and may contain up to one of this placeholder: '#{host}'.",
        ));
    }
    let fits = |text: &str, known: &[&str]| placeholders(text, known).is_some_and(|rest| rest.bytes().all(is_of_uri));
    if !path.starts_with('/') || !fits(path, &["#{path}", HOST, PORT]) {
        return Err(invalid(
            "The Path parameter must be a valid path, should start with a '/', and may contain up to one of each of these placeholders: '#{path}', '#{host}', '#{port}'.",
        ));
    }
    if !fits(query, &[QUERY, "#{path}", HOST, PORT, PROTOCOL]) {
        return Err(invalid(
            "The Query parameter must be a valid query, and may contain up to one of each of these placeholders: '#{query}', '#{path}', '#{host}', '#{port}', '#{protocol}'.",
        ));
    }
    if protocol == PROTOCOL && host == HOST && port == PORT && path == PATH {
        let message = "The redirect configuration is not valid because it creates a loop.";
        return Err(Fault::new("InvalidLoadBalancerAction", message));
    }
    Ok(())
}

/// A text without its placeholders; nothing where one is there twice or is not known.
fn placeholders(text: &str, known: &[&str]) -> Option<String> {
    let rest = known.iter().fold(text.to_owned(), |rest, placeholder| rest.replacen(placeholder, "", 1));
    (!rest.contains("#{")).then_some(rest)
}

fn is_of_host(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_')
}

fn is_of_uri(byte: u8) -> bool {
    byte.is_ascii_graphic() && !matches!(byte, b'"' | b'<' | b'>' | b'\\' | b'^' | b'`' | b'{' | b'|' | b'}' | b'#')
}

pub(super) fn show(of: &Redirect) -> Action {
    let Redirect { status, protocol, host, port, path, query } = of.clone();
    let status_code = match status {
        301 => RedirectActionStatusCodeEnum::Http301,
        _ => RedirectActionStatusCodeEnum::Http302,
    };
    Action {
        r#type: Some(ActionTypeEnum::Redirect),
        redirect_config: Some(RedirectActionConfig {
            protocol: Some(protocol),
            port: Some(port),
            host: Some(host),
            path: Some(path),
            query: Some(query),
            status_code: Some(status_code),
        }),
        ..Action::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(change: impl FnOnce(&mut RedirectActionConfig)) -> Result<Redirect, Fault> {
        let status_code = Some(RedirectActionStatusCodeEnum::Http301);
        let mut config = RedirectActionConfig { status_code, ..RedirectActionConfig::default() };
        change(&mut config);
        read(config)
    }

    #[test]
    fn what_is_not_said_is_the_requests() {
        let read = config(|c| (c.protocol, c.port) = (Some("HTTPS".into()), Some("443".into()))).unwrap();
        assert_eq!((read.status, read.path.as_str(), read.query.as_str()), (301, "/#{path}", "#{query}"));
        assert_eq!(show(&read).redirect_config.unwrap().host.as_deref(), Some("#{host}"));
        assert!(config(|c| c.host = Some("www.#{host}".into())).is_ok());
        assert!(config(|c| c.path = Some("/new/#{path}".into())).is_ok());
    }

    #[test]
    fn what_can_not_be_is_refused() {
        let loops = config(|c| c.query = Some("a=b".into())).unwrap_err();
        assert_eq!(loops.message, "The redirect configuration is not valid because it creates a loop.");
        for port in ["0", "65536", "+1", "#{host}", ""] {
            let refused = config(|c| c.port = Some(port.into())).unwrap_err().message;
            let said = "The Port parameter must be either an integer between 1 and 65535 or '#{port}'.";
            assert_eq!(refused, said, "{port}");
        }
        for path in ["new", "/#{path}/#{path}", "/#{query}", "/a b"] {
            assert!(config(|c| c.path = Some(path.into())).unwrap_err().message.starts_with("The Path"), "{path}");
        }
        assert!(config(|c| c.host = Some("a b".into())).is_err());
        assert!(config(|c| c.protocol = Some("TCP".into())).is_err());
    }
}
