//! A plan as text: the commands' words of ip(8) and nft(8), so that it reads like what those print.

use super::{
    MAIN, Namespace, Plan, PolicyRule, Route, Target, Veth,
    table::{Chain, Datum, Field, Hook, Key, Rule, Selector, Set, Statement, Table, Value, ValueKind, Verdict},
};
use std::{fmt, net::IpAddr};

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, namespace) in &self.namespaces {
            writeln!(f, "namespace {name}")?;
            for veth in self.veths.values() {
                let Veth { hub, other, mtu } = &**veth;
                for (end, other) in [(hub, other), (other, hub)] {
                    if end.namespace == *name {
                        writeln!(
                            f,
                            "  link {} veth mtu {mtu} mac {} peer {} in {}",
                            end.link, end.mac, other.link, other.namespace
                        )?;
                    }
                }
            }
            if let Some(tun) = &namespace.tun {
                writeln!(f, "  link {tun} tun")?;
            }
            write!(f, "{namespace}")?;
        }
        self.impossible.iter().try_for_each(|(task, why)| writeln!(f, "impossible {task}: {why}"))
    }
}

impl fmt::Display for Namespace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, value) in self.sysctls {
            writeln!(f, "  sysctl {} = {}", name.replace('/', "."), value.replace('\t', " "))?;
        }
        for address in &self.addresses {
            writeln!(f, "  address {} dev {}", address.net, address.link)?;
        }
        for neighbour in &self.neighbours {
            writeln!(f, "  neighbour {} lladdr {} dev {}", neighbour.address, neighbour.mac, neighbour.link)?;
        }
        for route in &self.routes {
            writeln!(f, "  route {route}")?;
        }
        for rule in self.rules.iter().flatten() {
            writeln!(f, "  rule {rule}")?;
        }
        for (link, rate) in &self.shapes {
            writeln!(f, "  shape {link} rate {rate}bit")?;
        }
        self.table.iter().try_for_each(|table| write!(f, "{table}"))
    }
}

impl fmt::Display for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.target {
            Target::Link(link) => write!(f, "{} dev {link}", self.to)?,
            Target::Gateway(gateway, link) => write!(f, "{} via {gateway} dev {link} onlink", self.to)?,
            Target::Blackhole => write!(f, "blackhole {}", self.to)?,
            Target::Unreachable => write!(f, "unreachable {}", self.to)?,
            Target::Local(link) => write!(f, "local {} dev {link}", self.to)?,
        }
        if let Some(source) = self.source {
            write!(f, " src {source}")?;
        }
        if self.table == MAIN { Ok(()) } else { write!(f, " table {}", self.table) }
    }
}

impl fmt::Display for PolicyRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:", self.priority)?;
        match self.mark {
            None => write!(f, " from all")?,
            Some(mark) => write!(f, " fwmark {mark:#x}")?,
        }
        match self.table {
            None => write!(f, " blackhole"),
            Some(MAIN) => write!(f, " lookup main"),
            Some(table) => write!(f, " lookup {table}"),
        }
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "  table inet vpc {{")?;
        for (name, set) in &self.sets {
            write_set(f, name, set)?;
        }
        for seconds in &self.timeouts {
            let policy = format!("protocol tcp; l3proto ip; policy = {{ established: {seconds} }};");
            writeln!(f, "    ct timeout timeout-{seconds} {{ {policy} }}")?;
        }
        for (name, chain) in &self.chains {
            write_chain(f, name, chain)?;
        }
        writeln!(f, "  }}")
    }
}

fn write_set(f: &mut fmt::Formatter<'_>, name: &str, set: &Set) -> fmt::Result {
    let fields: Vec<&str> = set.shape.fields.iter().map(|field| field.name()).collect();
    let value = match set.shape.value {
        None => "",
        Some(ValueKind::Verdict) => " : verdict",
        Some(ValueKind::Mark) => " : mark",
        Some(ValueKind::Ipv4) => " : ipv4_addr",
        Some(ValueKind::Socket) => " : ipv4_addr . inet_service",
        Some(ValueKind::Limit) => "",
    };
    let kind = if set.shape.is_map() { "map" } else { "set" };
    let flags = if set.shape.ranges { " flags interval" } else { "" };
    writeln!(f, "    {kind} {name} {{ type {}{value}{flags}", fields.join(" . "))?;
    for (key, value) in &set.elements {
        write!(f, "      {}", KeyText(key))?;
        match value {
            None => writeln!(f)?,
            Some(Value::Goto(chain)) => writeln!(f, " : goto {chain}")?,
            Some(Value::Jump(chain)) => writeln!(f, " : jump {chain}")?,
            Some(Value::Mark(mark)) => writeln!(f, " : 0x{mark:08x}")?,
            Some(Value::Address(address)) => writeln!(f, " : {address}")?,
            Some(Value::Socket(address, port)) => writeln!(f, " : {address} . {port}")?,
            Some(Value::Limit(rate)) => writeln!(f, " limit rate over {rate}/second burst {rate} packets")?,
        }
    }
    writeln!(f, "    }}")
}

fn write_chain(f: &mut fmt::Formatter<'_>, name: &str, chain: &Chain) -> fmt::Result {
    let comment = if chain.comment.is_empty() { String::new() } else { format!(" # {}", chain.comment) };
    writeln!(f, "    chain {name} {{{comment}")?;
    match chain.hook {
        None => {}
        Some(Hook::RawPrerouting) => writeln!(f, "      type filter hook prerouting priority raw; policy drop;")?,
        Some(Hook::Input) => writeln!(f, "      type filter hook input priority filter; policy drop;")?,
        Some(Hook::Forward) => writeln!(f, "      type filter hook forward priority filter; policy drop;")?,
        Some(Hook::NatPrerouting) => writeln!(f, "      type nat hook prerouting priority dstnat; policy accept;")?,
        Some(Hook::Leaving) => writeln!(f, "      type filter hook postrouting priority srcnat + 1; policy accept;")?,
        Some(Hook::NatPostrouting) => writeln!(f, "      type nat hook postrouting priority srcnat; policy accept;")?,
        Some(Hook::Diverting) => writeln!(f, "      type filter hook prerouting priority mangle; policy accept;")?,
        Some(Hook::NatOutput) => writeln!(f, "      type nat hook output priority dstnat; policy accept;")?,
    }
    chain.rules.iter().try_for_each(|rule| writeln!(f, "      {rule}"))?;
    writeln!(f, "    }}")
}

impl Field {
    fn name(self) -> &'static str {
        match self {
            Self::Ipv4 => "ipv4_addr",
            Self::Link => "ifname",
            Self::Protocol => "inet_proto",
            Self::Word => "inet_service",
            Self::Mark => "mark",
        }
    }
}

struct KeyText<'a>(&'a Key);

impl fmt::Display for KeyText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, (first, last)) in self.0.iter().enumerate() {
            f.write_str(if n == 0 { "" } else { " . " })?;
            match (first, last) {
                (Datum::Protocol(0), Datum::Protocol(u8::MAX)) | (Datum::Word(0), Datum::Word(u16::MAX)) => {
                    f.write_str("*")?
                }
                (first, last) if first == last => write!(f, "{first}")?,
                (Datum::Address(IpAddr::V4(first)), Datum::Address(IpAddr::V4(last))) => {
                    let bits = (u32::from(*first) ^ u32::from(*last)).leading_zeros();
                    write!(f, "{first}/{bits}")?;
                }
                (first, last) => write!(f, "{first}-{last}")?,
            }
        }
        Ok(())
    }
}

impl fmt::Display for Datum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(address) => write!(f, "{address}"),
            Self::Link(link) => write!(f, "\"{link}\""),
            Self::Protocol(number) => write!(f, "{number}"),
            Self::Word(word) => write!(f, "{word}"),
            Self::Mark(mark) => write!(f, "0x{mark:08x}"),
        }
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, statement) in self.0.iter().enumerate() {
            write!(f, "{}{statement}", if n == 0 { "" } else { " " })?;
        }
        Ok(())
    }
}

impl fmt::Display for Statement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::FromLoopback => f.write_str("iifname \"lo\""),
            Self::Known => f.write_str("ct state established,related"),
            Self::Established => f.write_str("ct state established"),
            Self::Related => f.write_str("ct state related"),
            Self::New => f.write_str("ct state new"),
            Self::Invalid => f.write_str("ct state invalid"),
            Self::Translated => f.write_str("ct status dnat"),
            Self::Original => f.write_str("ct direction original"),
            Self::Reply => f.write_str("ct direction reply"),
            Self::In(key, set) => write!(f, "{} @{set}", KeyNames(key)),
            Self::Dispatch(key, map) => write!(f, "{} vmap @{map}", key.name()),
            Self::DispatchBy(key, map) => write!(f, "{} vmap @{map}", KeyNames(key)),
            Self::SetMark(mark) => write!(f, "meta mark set {mark}"),
            Self::MarkFrom(key, map) => write!(f, "meta mark set {} map @{map}", KeyNames(key)),
            Self::MarkConnectionFrom(key, map) => write!(f, "ct mark set {} map @{map}", KeyNames(key)),
            Self::MarkOfConnection => f.write_str("ct mark != 0 meta mark set ct mark"),
            Self::Between(selector, first, last) if first == last => write!(f, "{} {first}", selector.name()),
            Self::Between(selector, first, last) => write!(f, "{} {first}-{last}", selector.name()),
            Self::TranslateDestination(key, map) => write!(f, "dnat ip to {} map @{map}", key.name()),
            Self::TranslateDestinationAndPort(key, map) => write!(f, "dnat ip to {} map @{map}", KeyNames(key)),
            Self::TranslateDestinationByHash(key, count, map) => {
                write!(f, "dnat ip to jhash {} mod {count} map @{map}", KeyNames(key))
            }
            Self::TranslateSource(key, map) => write!(f, "snat ip to {} map @{map}", key.name()),
            Self::TranslateSourceInTurn(map, count, (first, last)) => {
                write!(f, "snat ip to numgen inc mod {count} map @{map} : {first}-{last}")
            }
            Self::Begins => f.write_str("tcp flags & (syn | ack) == syn"),
            Self::Takes => f.write_str("tcp flags & (syn | ack) == syn | ack"),
            Self::Resets => f.write_str("tcp flags rst"),
            Self::Divert(address, port) => write!(f, "tproxy ip to {address}:{port}"),
            Self::IdleTimeout(seconds) => write!(f, "ct timeout set \"timeout-{seconds}\""),
            Self::Count => f.write_str("counter"),
            Self::Reset => f.write_str("reject with tcp reset"),
            Self::Verdict(Verdict::Accept) => f.write_str("accept"),
            Self::Verdict(Verdict::Drop) => f.write_str("drop"),
            Self::Verdict(Verdict::Goto(chain)) => write!(f, "goto {chain}"),
            Self::Verdict(Verdict::Jump(chain)) => write!(f, "jump {chain}"),
            Self::Verdict(Verdict::Return) => f.write_str("return"),
        }
    }
}

struct KeyNames<'a>(&'a [Selector]);

impl fmt::Display for KeyNames<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, selector) in self.0.iter().enumerate() {
            write!(f, "{}{}", if n == 0 { "" } else { " . " }, selector.name())?;
        }
        Ok(())
    }
}

impl Selector {
    fn name(self) -> &'static str {
        match self {
            Self::InputLink => "iifname",
            Self::OutputLink => "oifname",
            Self::Source => "ip saddr",
            Self::Destination => "ip daddr",
            Self::Protocol => "meta l4proto",
            Self::FirstWord => "th sport",
            Self::SecondWord => "th dport",
            Self::Mark => "meta mark",
            Self::OriginalSource => "ct original ip saddr",
            Self::ReplySource => "ct reply ip saddr",
        }
    }
}
