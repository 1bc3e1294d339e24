//! Distinct combinations of security groups, numbered.
//!
//! Interfaces with the same groups are judged alike, so chains are made for combinations, and a rule that names a group as its peer
//! becomes a rule about the combinations that contain it. One map leads from an address to the number of its combination: adding an
//! interface, or changing its groups, is a matter of one element, whoever refers to the groups.

use crate::name::hash;
use std::collections::{BTreeMap, BTreeSet};
use vpc::{SecurityGroupId, Vpc};

/// The combinations of some VPCs, each with a number that is not 0.
pub(crate) struct Combinations<'a>(BTreeMap<&'a BTreeSet<SecurityGroupId>, u32>);

impl<'a> Combinations<'a> {
    /// All that interfaces of the VPCs have. Numbers are drawn from the groups' ids, so that they don't change when others come and go.
    pub(crate) fn of(vpcs: impl Iterator<Item = &'a Vpc>) -> Self {
        let mut numbers = BTreeMap::new();
        let mut taken = BTreeSet::from([0]);
        let interfaces = vpcs.flat_map(|vpc| vpc.interfaces.values()).filter(|interface| interface.filtered());
        for groups in interfaces.map(|interface| &interface.security_groups).collect::<BTreeSet<_>>() {
            let text: Vec<&str> = groups.iter().map(|id| id.as_str()).collect();
            let mut number = hash(text.join(",").as_bytes()) as u32;
            while !taken.insert(number) {
                number = number.wrapping_add(1);
            }
            numbers.insert(groups, number);
        }
        Self(numbers)
    }

    /// The number of a combination.
    pub(crate) fn number(&self, groups: &BTreeSet<SecurityGroupId>) -> Option<u32> {
        self.0.get(groups).copied()
    }

    /// The numbers of those that contain a group.
    pub(crate) fn containing(&self, group: &SecurityGroupId) -> impl Iterator<Item = u32> {
        self.0.iter().filter(move |(groups, _)| groups.contains(group)).map(|(_, number)| *number)
    }
}
