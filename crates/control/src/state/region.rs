//! The region: one running control plane.

/// What a region is called and made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Region {
    /// Such as `us-east-1`.
    pub name: String,
    /// The twelve digits of the account that owns everything in it.
    pub account: String,
    /// Its Availability Zones, in order.
    pub zones: Vec<Zone>,
    /// How long a host may run tasks without hearing from the control plane, in milliseconds. The control plane itself waits twice as long.
    pub lease: i64,
    /// How long a minute of alarms' periods and of policies' cooldowns lasts, in milliseconds: a minute, unless somebody is in a hurry.
    pub minute: i64,
    /// The certificate of the authority that AWS's names are certified by here, in PEM; empty where there is none.
    pub authority: std::sync::Arc<str>,
}

/// An Availability Zone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Zone {
    /// Such as `us-east-1a`.
    pub name: String,
    /// The same in every account, such as `use1-az1`.
    pub id: String,
}

impl Region {
    /// A region with three zones, as most of AWS's have at least.
    pub fn new(name: &str, account: &str) -> Self {
        let zones = ["a", "b", "c"].iter().zip(1..);
        Self {
            name: name.to_owned(),
            account: account.to_owned(),
            zones: zones
                .map(|(letter, n)| Zone { name: format!("{name}{letter}"), id: format!("{}-az{n}", short(name)) })
                .collect(),
            lease: 60_000,
            minute: 60_000,
            authority: "".into(),
        }
    }

    /// How many milliseconds so many seconds of a period or a cooldown last.
    pub fn lasting(&self, seconds: i64) -> i64 {
        seconds.saturating_mul(self.minute) / 60
    }

    /// An ARN in this region and account (partition `aws`).
    pub fn arn(&self, service: &str, resource: impl std::fmt::Display) -> String {
        format!("arn:aws:{service}:{}:{}:{resource}", self.name, self.account)
    }
}

impl Default for Region {
    fn default() -> Self {
        Self::new("us-east-1", "123456789012")
    }
}

/// How zone ids shorten a region's name: `us-east-1` is `use1`, `ap-southeast-2` is `apse2`.
fn short(name: &str) -> String {
    let mut parts = name.split('-');
    let area = parts.next().unwrap_or_default().to_owned();
    parts.fold(area, |text, part| {
        text + &match part {
            "northeast" => "ne".to_owned(),
            "northwest" => "nw".to_owned(),
            "southeast" => "se".to_owned(),
            "southwest" => "sw".to_owned(),
            other => other.chars().take(1).collect(),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zones_are_named_as_in_aws() {
        let id = |region: &str| Region::new(region, "123456789012").zones.remove(1).id;
        assert_eq!(Region::default().zones.first().map(|z| z.name.clone()).as_deref(), Some("us-east-1a"));
        assert_eq!(
            [id("us-east-1"), id("ap-southeast-2"), id("eu-central-1"), id("us-gov-west-1")],
            ["use1-az2", "apse2-az2", "euc1-az2", "usgw1-az2"]
        );
    }
}
