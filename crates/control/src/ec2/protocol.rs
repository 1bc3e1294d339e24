//! IP protocols and ports as EC2 writes them: `tcp`, `udp`, `icmp`, `icmpv6`, a number, or `-1` for all.

use super::parameter::invalid;
use aws::fault::Fault;
use vpc::{IpProtocol, Ports};

const NAMES: [(&str, IpProtocol); 5] = [
    ("-1", IpProtocol::All),
    ("tcp", IpProtocol::TCP),
    ("udp", IpProtocol::UDP),
    ("icmp", IpProtocol::ICMP),
    ("icmpv6", IpProtocol::ICMPV6),
];

/// Reads a protocol's name or number, in upper or lower case.
pub(super) fn read(text: &str) -> Result<IpProtocol, Fault> {
    let lower = text.to_ascii_lowercase();
    let named = NAMES.iter().find(|(name, _)| *name == lower).map(|(_, protocol)| *protocol);
    let wrong = || invalid(format!("Invalid value '{text}' for IP protocol. Unknown protocol."));
    named.or_else(|| lower.parse().ok().map(IpProtocol::Number)).ok_or_else(wrong)
}

/// The name where there is one, else the number.
pub(super) fn name(protocol: IpProtocol) -> String {
    let named = NAMES.iter().find(|(_, known)| *known == protocol).map(|(name, _)| (*name).to_owned());
    named.unwrap_or_else(|| number(protocol))
}

/// The number; `-1` for all.
pub(super) fn number(protocol: IpProtocol) -> String {
    match protocol {
        IpProtocol::All => "-1".to_owned(),
        IpProtocol::Number(number) => number.to_string(),
    }
}

/// What a filter may call a protocol: its name or its number.
pub(super) fn spellings(text: &str) -> Vec<String> {
    let mut spellings = vec![text.to_owned()];
    if let Ok(protocol) = read(text) {
        spellings.extend([name(protocol), number(protocol)]);
    }
    spellings
}

/// Reads what a rule says of ports, or of the ICMP type and code. Protocols without either have all of them, whatever is
/// said ("IpPermission", Amazon EC2 API Reference).
pub(super) fn read_ports(protocol: IpProtocol, from: Option<i32>, to: Option<i32>) -> Result<Ports, Fault> {
    match protocol {
        IpProtocol::TCP | IpProtocol::UDP => {
            let (Some(from), Some(to)) = (from, to) else {
                return Err(invalid("Invalid value for portRange. Must specify both from and to ports with TCP/UDP."));
            };
            let port = |end: &str, port: i32| {
                u16::try_from(port).map_err(|_| invalid(format!("TCP/UDP ({end}) port ({port}) out of range")))
            };
            let (first, last) = (port("from", from)?, port("to", to)?);
            if first > last {
                return Err(invalid(format!("Invalid TCP/UDP port range ({from}:{to})")));
            }
            Ok(Ports::Range(first, last))
        }
        IpProtocol::ICMP | IpProtocol::ICMPV6 => {
            let read = |what: &str, value: Option<i32>| match value.unwrap_or(-1) {
                -1 => Ok(None),
                value => {
                    u8::try_from(value).map(Some).map_err(|_| invalid(format!("ICMP {what} ({value}) out of range")))
                }
            };
            match (read("type", from)?, read("code", to)?) {
                (Some(r#type), code) => Ok(Ports::Icmp(r#type, code)),
                (None, None) => Ok(Ports::All),
                (None, Some(code)) => Err(invalid(format!("ICMP code ({code}) can't be given for all ICMP types"))),
            }
        }
        _ => Ok(Ports::All),
    }
}

/// What a rule shows as its ports: from and to, or the ICMP type and code. -1 is all.
pub(super) fn show_ports(ports: Ports) -> (i32, i32) {
    match ports {
        Ports::All => (-1, -1),
        Ports::Range(from, to) => (from.into(), to.into()),
        Ports::Icmp(r#type, code) => (r#type.into(), code.map_or(-1, Into::into)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn protocols_read_as_aws_reads_them() {
        assert_eq!(read("tcp"), read("6"));
        assert_eq!(read("TCP").map(name).as_deref(), Ok("tcp"));
        assert_eq!(read("50").map(name).as_deref(), Ok("50"));
        for wrong in ["all", "256", "-2", "", "esp"] {
            assert_eq!(
                read(wrong).unwrap_err().message,
                format!("Invalid value '{wrong}' for IP protocol. Unknown protocol.")
            );
        }
    }

    #[test]
    fn ports_are_what_the_protocol_has() {
        let ports = |protocol, from, to| read_ports(protocol, Some(from), Some(to)).map_err(|fault| fault.message);
        assert_eq!(ports(IpProtocol::TCP, 0, 65535), Ok(Ports::Range(0, 65535)));
        assert_eq!(ports(IpProtocol::TCP, -1, 80), Err("TCP/UDP (from) port (-1) out of range".to_owned()));
        assert_eq!(ports(IpProtocol::UDP, 1, 65536), Err("TCP/UDP (to) port (65536) out of range".to_owned()));
        assert_eq!(ports(IpProtocol::UDP, 2, 1), Err("Invalid TCP/UDP port range (2:1)".to_owned()));
        assert_eq!(ports(IpProtocol::ICMP, -1, -1), Ok(Ports::All));
        assert_eq!(ports(IpProtocol::ICMP, 8, -1), Ok(Ports::Icmp(8, None)));
        assert_eq!(ports(IpProtocol::ICMP, 3, 65535), Err("ICMP code (65535) out of range".to_owned()));
        assert_eq!(ports(IpProtocol::All, 80, 80), Ok(Ports::All));
        assert!(read_ports(IpProtocol::TCP, None, Some(80)).is_err());
    }
}
