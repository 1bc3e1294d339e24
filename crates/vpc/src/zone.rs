//! Private hosted zones: names that the resolver of one VPC answers beside AWS's own ("Working with private hosted zones", Amazon Route 53
//! Developer Guide).

use crate::VpcId;
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, net::Ipv4Addr};

/// The zones that are associated with each VPC, by their names in lower case, without a dot at the end.
pub type Zones = BTreeMap<VpcId, BTreeMap<String, PrivateZone>>;

/// A private hosted zone.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PrivateZone {
    /// Seconds that it may be believed that a name does not exist.
    pub soa_ttl: u32,
    /// Its names, whole and in lower case, itself and such as have only names under them among them.
    pub names: BTreeMap<String, Vec<RecordSet>>,
}

/// The records of one type at a name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordSet {
    /// Their type.
    pub kind: RecordKind,
    /// Seconds that an answer may be kept.
    pub ttl: u32,
    /// How many of the values an answer has at most; which ones changes from answer to answer.
    pub most: u8,
    /// What may be answered now; never empty.
    pub values: Vec<RecordValue>,
}

/// The type of a record set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum RecordKind {
    /// IPv4 addresses, by themselves or by another name.
    A,
    /// Hosts and their ports.
    Srv,
    /// Another name for all types.
    Cname,
}

/// A value of a record set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum RecordValue {
    /// An address.
    Address(Ipv4Addr),
    /// A port of the host of that name, of priority 1 and weight 1.
    Port(u16, String),
    /// A name.
    Name(String),
    /// Whatever addresses the load balancer of that name has.
    Alias(String),
}

impl PrivateZone {
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
}

/// The zone that a name is in: of all that it is under, the one with the longest name.
pub fn zone_of<'a>(zones: &'a BTreeMap<String, PrivateZone>, name: &str) -> Option<(&'a str, &'a PrivateZone)> {
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

    #[test]
    fn a_name_is_in_the_zone_with_the_longest_name() {
        let zones: BTreeMap<String, PrivateZone> =
            ["local", "shop.local"].map(|name| (name.to_owned(), PrivateZone::default())).into();
        let of = |name| zone_of(&zones, name).map(|(name, _)| name);
        assert_eq!([of("api.shop.local"), of("shop.local")], [Some("shop.local"); 2]);
        assert_eq!([of("ashop.local"), of("local")], [Some("local"); 2]);
        assert_eq!([of("example.com"), of("alocal"), of("")], [None; 3]);
    }

    #[test]
    fn names_that_only_have_others_under_them_exist() {
        let mut zone = PrivateZone::default();
        zone.add("shop.local", "shop.local", None);
        zone.add("shop.local", "_api._tcp.shop.local", None);
        let names: Vec<&str> = zone.names.keys().map(String::as_str).collect();
        assert_eq!(names, ["_api._tcp.shop.local", "_tcp.shop.local", "shop.local"]);
    }
}
