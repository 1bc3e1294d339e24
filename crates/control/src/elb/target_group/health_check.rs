//! Health checks of target groups ("Health checks for Application Load Balancer target groups", Application Load Balancers guide).

use super::super::invalid;
use aws::{
    api::elbv2::{Matcher, ProtocolEnum, TargetGroup as Shape},
    fault::Fault,
};
use spec::balancing::{ProtocolVersion, TargetHealthCheck};
use std::num::NonZeroU16;

/// What a call says of a health check.
pub(super) struct Asked {
    pub(super) protocol: Option<ProtocolEnum>,
    pub(super) port: Option<String>,
    pub(super) enabled: Option<bool>,
    pub(super) path: Option<String>,
    pub(super) interval: Option<i32>,
    pub(super) timeout: Option<i32>,
    pub(super) healthy: Option<i32>,
    pub(super) unhealthy: Option<i32>,
    pub(super) matcher: Option<Matcher>,
}

/// What a health check is where nothing is said of it.
pub(super) fn default_of(version: ProtocolVersion) -> TargetHealthCheck {
    let (path, code) = match version {
        ProtocolVersion::Grpc => ("/AWS.ALB/healthcheck", 12),
        ProtocolVersion::Http1 | ProtocolVersion::Http2 => ("/", 200),
    };
    TargetHealthCheck {
        tcp: false,
        tls: false,
        port: None,
        path: path.to_owned(),
        interval: 30,
        timeout: 5,
        healthy_threshold: 5,
        unhealthy_threshold: 2,
        matcher: vec![(code, code)],
    }
}

/// The same of a Network Load Balancer's group ("Health checks for Network Load Balancer target groups").
pub(super) fn default_of_network(protocol: Option<ProtocolEnum>) -> TargetHealthCheck {
    let http = protocol == Some(ProtocolEnum::Http);
    TargetHealthCheck {
        tcp: !matches!(protocol, Some(ProtocolEnum::Http | ProtocolEnum::Https)),
        tls: protocol == Some(ProtocolEnum::Https),
        timeout: if http { 6 } else { 10 },
        matcher: vec![(200, 399)],
        ..default_of(ProtocolVersion::Http1)
    }
}

/// Changes a health check to what a call says; what it does not say stays. Bounds of numbers are the model's.
///
/// # Errors
/// `ValidationError`.
pub(super) fn change(
    check: &mut TargetHealthCheck,
    version: ProtocolVersion,
    network: bool,
    asked: Asked,
) -> Result<(), Fault> {
    let Asked { protocol, port, enabled, path, interval, timeout, healthy, unhealthy, matcher } = asked;
    if enabled == Some(false) {
        return Err(invalid("Health check enabled must be true for target groups with target type 'ip'"));
    }
    if let Some(protocol) = protocol {
        check.tcp = network && protocol == ProtocolEnum::Tcp;
        check.tls = !check.tcp && is_tls(protocol)?;
    }
    if let Some(port) = port {
        check.port = self::port(&port)?;
    }
    if check.tcp && (path.is_some() || matcher.is_some()) {
        let what = if path.is_some() { "path" } else { "matcher" };
        return Err(invalid(format!(
            "Health check {what} cannot be specified for health checks with the protocol 'TCP'"
        )));
    }
    if let Some(path) = path {
        if !path.starts_with('/') || !path.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(invalid(format!("Health check path '{path}' must begin with a '/' character")));
        }
        check.path = path;
    }
    let set = |field: &mut u32, given: Option<i32>| {
        *field = given.and_then(|given| u32::try_from(given).ok()).unwrap_or(*field);
    };
    set(&mut check.interval, interval);
    set(&mut check.timeout, timeout);
    set(&mut check.healthy_threshold, healthy);
    set(&mut check.unhealthy_threshold, unhealthy);
    if check.timeout >= check.interval {
        let (timeout, interval) = (check.timeout, check.interval);
        return Err(invalid(format!(
            "Health check timeout '{timeout}' must be smaller than the interval '{interval}'"
        )));
    }
    if let Some(Matcher { http_code, grpc_code }) = matcher {
        let grpc = version == ProtocolVersion::Grpc;
        let (name, codes, range) = if grpc {
            ("GRPC", grpc_code, (0, 99))
        } else {
            ("HTTP", http_code, (200, if network { 599 } else { 499 }))
        };
        check.matcher = codes_of(name, &codes.unwrap_or_default(), range)?;
    }
    Ok(())
}

fn is_tls(protocol: ProtocolEnum) -> Result<bool, Fault> {
    match protocol {
        ProtocolEnum::Http => Ok(false),
        ProtocolEnum::Https => Ok(true),
        ProtocolEnum::Tcp => Err(invalid("Health check protocol 'TCP' must be one of 'HTTP, HTTPS'")),
        other => Err(invalid(format!("Health check protocol '{other}' must be one of 'HTTP, HTTPS, TCP'"))),
    }
}

fn port(text: &str) -> Result<Option<NonZeroU16>, Fault> {
    if text == "traffic-port" {
        return Ok(None);
    }
    let read = text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten();
    let wrong = || invalid(format!("Health check port '{text}' must be within '1-65535' or 'traffic-port'"));
    read.map(Some).ok_or_else(wrong)
}

/// Codes and ranges of codes, between commas.
fn codes_of(name: &str, text: &str, (least, most): (u16, u16)) -> Result<Vec<(u16, u16)>, Fault> {
    if text.is_empty() {
        return Err(invalid(format!("Health check matcher {name} code cannot be empty")));
    }
    let code = |text: &str| {
        let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let read = text.parse().ok().filter(|code| digits && (least..=most).contains(code));
        read.ok_or_else(|| {
            invalid(format!("Health check matcher {name} code '{text}' must be within '{least}-{most}' inclusive"))
        })
    };
    let range = |text: &str| match text.split_once('-') {
        Some((from, to)) => {
            let (from, to) = (code(from)?, code(to)?);
            let upward = (from <= to).then_some((from, to));
            upward.ok_or_else(|| invalid(format!("Health check matcher {name} code range '{text}' is not valid")))
        }
        None => code(text).map(|code| (code, code)),
    };
    text.split(',').map(|part| range(part.trim())).collect()
}

/// The members of a target group's shape that are about its health check.
pub(super) fn show(of: &TargetHealthCheck, version: ProtocolVersion) -> Shape {
    let TargetHealthCheck { tcp, tls, port, path, interval, timeout, healthy_threshold, unhealthy_threshold, matcher } =
        of;
    let code = |(from, to): &(u16, u16)| if from == to { from.to_string() } else { format!("{from}-{to}") };
    let codes = matcher.iter().map(code).collect::<Vec<_>>().join(",");
    let number = |value: &u32| i32::try_from(*value).ok();
    Shape {
        health_check_protocol: Some(match (tcp, tls) {
            (true, _) => ProtocolEnum::Tcp,
            (false, true) => ProtocolEnum::Https,
            (false, false) => ProtocolEnum::Http,
        }),
        health_check_port: Some(port.map_or_else(|| "traffic-port".to_owned(), |port| port.to_string())),
        health_check_enabled: Some(true),
        health_check_interval_seconds: number(interval),
        health_check_timeout_seconds: number(timeout),
        healthy_threshold_count: number(healthy_threshold),
        unhealthy_threshold_count: number(unhealthy_threshold),
        health_check_path: (!tcp).then(|| path.clone()),
        matcher: (!tcp).then_some(match version {
            ProtocolVersion::Grpc => Matcher { http_code: None, grpc_code: Some(codes) },
            _ => Matcher { http_code: Some(codes), grpc_code: None },
        }),
        ..Shape::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_read_and_shown_as_they_were_given() {
        let mut check = default_of(ProtocolVersion::Http1);
        check.matcher = codes_of("HTTP", "200,204-299,301", (200, 499)).unwrap();
        assert_eq!(check.matcher, [(200, 200), (204, 299), (301, 301)]);
        let shown = show(&check, ProtocolVersion::Http1).matcher.unwrap().http_code;
        assert_eq!(shown.as_deref(), Some("200,204-299,301"));
        let said = |text: &str| codes_of("HTTP", text, (200, 499)).unwrap_err().message;
        assert_eq!(said("599"), "Health check matcher HTTP code '599' must be within '200-499' inclusive");
        assert_eq!(said(""), "Health check matcher HTTP code cannot be empty");
        for wrong in ["200-", "299-200", "+200", "200,,201", "abc"] {
            assert!(codes_of("HTTP", wrong, (200, 499)).is_err(), "{wrong}");
        }
    }

    #[test]
    fn ports_are_traffic_port_or_numbers() {
        assert_eq!(port("traffic-port"), Ok(None));
        assert_eq!(port("8080").unwrap().map(NonZeroU16::get), Some(8080));
        for wrong in ["0", "65536", "traffic_port", "", "+1"] {
            let said = format!("Health check port '{wrong}' must be within '1-65535' or 'traffic-port'");
            assert_eq!(port(wrong).unwrap_err().message, said);
        }
    }
}
