//! Hosted zones: names that users give, which resolvers answer beside AWS's own. Those of a private zone are known in its VPCs alone
//! ("Working with private hosted zones", Amazon Route 53 Developer Guide).

use crate::VpcId;
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeMap,
    net::{Ipv4Addr, Ipv6Addr},
    sync::Arc,
};

/// The region's hosted zones, by their names in lower case, without a dot at the end.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Zones {
    /// The private ones that are associated with each VPC.
    pub private: BTreeMap<VpcId, BTreeMap<String, Arc<HostedZone>>>,
    /// Those that everybody knows.
    pub public: BTreeMap<String, Arc<HostedZone>>,
}

/// A hosted zone.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostedZone {
    /// Its SOA record.
    pub soa: Soa,
    /// Seconds that the SOA record may be kept.
    pub soa_ttl: u32,
    /// Its names, whole and in lower case, itself and such as have only names under them among them. Of several sets of one type at a name
    /// one is answered with.
    pub names: BTreeMap<String, Vec<RecordSet>>,
}

/// An SOA record (RFC 1035, section 3.3.13): times in seconds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Soa {
    /// The server that the zone's data comes from.
    pub server: String,
    /// Whose zone it is: an address for mail, with a dot for the at sign.
    pub mailbox: String,
    /// The number of the zone's version.
    pub serial: u32,
    /// How often secondary servers ask.
    pub refresh: i32,
    /// How long they wait when that failed.
    pub retry: i32,
    /// For how long they answer without it.
    pub expire: i32,
    /// How long it may be believed that there is nothing (RFC 2308).
    pub minimum: u32,
}

/// What Amazon Route 53 makes for a private zone ("SOA and NS records that Amazon Route 53 creates for a public hosted zone", Amazon Route 53
/// Developer Guide, has the numbers).
impl Default for Soa {
    fn default() -> Self {
        Self {
            server: "ns-1536.awsdns-00.co.uk".to_owned(),
            mailbox: "awsdns-hostmaster.amazon.com".to_owned(),
            serial: 1,
            refresh: 7200,
            retry: 900,
            expire: 1_209_600,
            minimum: 86_400,
        }
    }
}

/// The records of one type at a name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordSet {
    /// Their type.
    pub kind: RecordKind,
    /// Seconds that an answer may be kept.
    pub ttl: u32,
    /// How many of the values an answer has at most; which ones changes from answer to answer.
    pub most: u16,
    /// How often this set is answered with, among all of its type at its name.
    pub weight: u32,
    /// What may be answered now; never empty.
    pub values: Vec<RecordValue>,
}

/// The type of a record set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum RecordKind {
    /// IPv4 addresses, by themselves or by another name.
    A,
    /// IPv6 addresses, likewise.
    Aaaa,
    /// Who may certify names.
    Caa,
    /// Another name for all types.
    Cname,
    /// Hosts that take mail.
    Mx,
    /// Servers of a zone.
    Ns,
    /// The name of an address.
    Ptr,
    /// Hosts and their ports.
    Srv,
    /// Texts.
    Txt,
}

/// A value of a record set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum RecordValue {
    /// An address.
    Address(Ipv4Addr),
    /// An IPv6 address.
    AddressV6(Ipv6Addr),
    /// A port of a host (RFC 2782).
    Service {
        /// Lower is tried first.
        priority: u16,
        /// How often, among those of one priority.
        weight: u16,
        /// The port.
        port: u16,
        /// The host.
        host: String,
    },
    /// A host that takes mail, and its preference: lower is tried first.
    Mail(u16, String),
    /// A name.
    Name(String),
    /// Character strings of one text.
    Text(Vec<Vec<u8>>),
    /// Who may certify names (RFC 8659).
    Authority {
        /// 128 if it is critical.
        flags: u8,
        /// The property, such as `issue`.
        tag: String,
        /// Its value.
        value: Vec<u8>,
    },
    /// Whatever there is of the set's type at another name: a load balancer's, or one of the same zone.
    Alias(String),
}

impl RecordValue {
    /// A port of the host of that name, of priority 1 and weight 1, as AWS Cloud Map has them.
    pub fn port(port: u16, host: String) -> Self {
        Self::Service { priority: 1, weight: 1, port, host }
    }
}

impl HostedZone {
    /// Adds a name, and those it is under up to the zone's own.
    pub fn add(&mut self, zone: &str, name: &str, set: Option<RecordSet>) {
        let mut parent = name;
        while parent != zone
            && let Some((_, rest)) = parent.split_once('.')
        {
            self.names.entry(rest.to_owned()).or_default();
            parent = rest;
        }
        self.names.entry(name.to_owned()).or_default().extend(set);
    }

    /// What there is at a name of the zone: of itself, or else of the wildcard under the nearest name above it that exists (RFC 4592,
    /// section 3.3.1). None where no such name exists.
    pub fn find(&self, name: &str) -> Option<&[RecordSet]> {
        let mut above = name;
        while !self.names.contains_key(above) {
            (_, above) = above.split_once('.')?;
        }
        let found = if above == name { self.names.get(name) } else { self.names.get(&format!("*.{above}")) };
        found.map(Vec::as_slice)
    }
}

/// One of the sets of a type at a name: each in its turn as often as its weight says.
pub fn chosen(sets: &[RecordSet], kind: RecordKind, turn: u32) -> Option<&RecordSet> {
    let of_kind = || sets.iter().filter(|set| set.kind == kind);
    let mut place = turn.checked_rem(of_kind().map(|set| set.weight).sum())?;
    of_kind().find(|set| match place.checked_sub(set.weight) {
        Some(rest) => {
            place = rest;
            false
        }
        None => true,
    })
}

impl Zones {
    /// The zone that a name is in, for who asks from a VPC or from the internet, and the zone's name: of all private ones that it is under the
    /// one with the longest name; of public ones only if there is none ("Considerations when working with a private hosted zone", Amazon Route
    /// 53 Developer Guide).
    pub fn of(&self, vpc: Option<&VpcId>, name: &str) -> Option<(&str, &HostedZone)> {
        let private = vpc.and_then(|vpc| self.private.get(vpc)).and_then(|zones| zone_of(zones, name));
        private.or_else(|| zone_of(&self.public, name))
    }
}

/// Of all zones that a name is under, the one with the longest name.
fn zone_of<'a>(zones: &'a BTreeMap<String, Arc<HostedZone>>, name: &str) -> Option<(&'a str, &'a HostedZone)> {
    if zones.is_empty() {
        return None;
    }
    let mut rest = Some(name);
    while let Some(suffix) = rest {
        if let Some((name, zone)) = zones.get_key_value(suffix) {
            return Some((name, zone));
        }
        rest = suffix.split_once('.').map(|(_, parent)| parent);
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named<const N: usize>(names: [&str; N]) -> BTreeMap<String, Arc<HostedZone>> {
        names.map(|name| (name.to_owned(), Arc::default())).into()
    }

    #[test]
    fn a_name_is_in_the_zone_with_the_longest_name() {
        let zones = named(["local", "shop.local"]);
        let of = |name| zone_of(&zones, name).map(|(name, _)| name);
        assert_eq!([of("api.shop.local"), of("shop.local")], [Some("shop.local"); 2]);
        assert_eq!([of("ashop.local"), of("local")], [Some("local"); 2]);
        assert_eq!([of("example.com"), of("alocal"), of("")], [None; 3]);
    }

    #[test]
    fn private_zones_are_in_front_of_public_ones_in_their_vpc() {
        let here = VpcId::from("vpc-1");
        let there = VpcId::from("vpc-2");
        let private = [(here.clone(), named(["example.com"]))].into();
        let zones = Zones { private, public: named(["api.example.com", "example.org"]) };
        let of = |vpc, name| zones.of(vpc, name).map(|(name, _)| name);
        assert_eq!(of(Some(&here), "api.example.com"), Some("example.com"));
        assert_eq!(of(Some(&here), "example.org"), Some("example.org"));
        assert_eq!(of(Some(&there), "api.example.com"), Some("api.example.com"));
        assert_eq!((of(None, "api.example.com"), of(None, "example.com")), (Some("api.example.com"), None));
    }

    #[test]
    fn names_that_only_have_others_under_them_exist() {
        let mut zone = HostedZone::default();
        zone.add("shop.local", "shop.local", None);
        zone.add("shop.local", "_api._tcp.shop.local", None);
        let names: Vec<&str> = zone.names.keys().map(String::as_str).collect();
        assert_eq!(names, ["_api._tcp.shop.local", "_tcp.shop.local", "shop.local"]);
    }

    fn set(weight: u32) -> RecordSet {
        let values = vec![RecordValue::Name(weight.to_string())];
        RecordSet { kind: RecordKind::Ptr, ttl: 1, most: 1, weight, values }
    }

    #[test]
    fn a_wildcard_is_for_names_that_do_not_exist() {
        let mut zone = HostedZone::default();
        for (name, weight) in [("*.example.com", 1), ("www.example.com", 2), ("a.b.example.com", 3)] {
            zone.add("example.com", name, Some(set(weight)));
        }
        let of = |name| zone.find(name).map(|sets| sets.iter().map(|set| set.weight).sum::<u32>());
        assert_eq!([of("www.example.com"), of("x.example.com"), of("y.x.example.com")], [Some(2), Some(1), Some(1)]);
        // Such as has names under it exists, and what is missing under an existing name is under no wildcard above that.
        assert_eq!([of("b.example.com"), of("example.com"), of("x.b.example.com")], [Some(0), Some(0), None]);
        assert_eq!([of("x.www.example.com"), of("example.org")], [None, None]);
    }

    #[test]
    fn sets_are_chosen_as_often_as_they_weigh() {
        let sets = [set(3), set(1)];
        let weights: Vec<u32> =
            (0..8).filter_map(|turn| chosen(&sets, RecordKind::Ptr, turn)).map(|set| set.weight).collect();
        assert_eq!(weights, [3, 3, 3, 1, 3, 3, 3, 1]);
        assert_eq!(chosen(&sets, RecordKind::A, 0), None);
    }
}
