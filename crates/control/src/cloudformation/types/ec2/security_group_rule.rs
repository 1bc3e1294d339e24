//! AWS::EC2::SecurityGroupIngress and AWS::EC2::SecurityGroupEgress, and what rules are in the words of templates.

use super::{
    super::{ResourceType, Wanted, call, is_missing, text},
    described,
};
use crate::{Tx, View};
use aws::{api::ec2::API, fault::Fault};
use serde_json::{Map, Value, json};

/// One direction's operations, and what its properties call the other end.
pub(super) struct Rule {
    /// What a group calls its rules of this direction.
    pub(super) list: &'static str,
    pub(super) authorize: &'static str,
    pub(super) revoke: &'static str,
    describe: &'static str,
    group: &'static str,
    prefix_list: &'static str,
    exactly_one: &'static str,
}

/// AWS::EC2::SecurityGroupIngress.
pub(super) static INGRESS: Rule = Rule {
    list: "SecurityGroupIngress",
    authorize: "AuthorizeSecurityGroupIngress",
    revoke: "RevokeSecurityGroupIngress",
    describe: "UpdateSecurityGroupRuleDescriptionsIngress",
    group: "SourceSecurityGroupId",
    prefix_list: "SourcePrefixListId",
    exactly_one: "Exactly one of CidrIp, CidrIpv6, SourcePrefixListId, SourceSecurityGroupId, and SourceSecurityGroupName must be specified and not empty",
};

/// AWS::EC2::SecurityGroupEgress.
pub(super) static EGRESS: Rule = Rule {
    list: "SecurityGroupEgress",
    authorize: "AuthorizeSecurityGroupEgress",
    revoke: "RevokeSecurityGroupEgress",
    describe: "UpdateSecurityGroupRuleDescriptionsEgress",
    group: "DestinationSecurityGroupId",
    prefix_list: "DestinationPrefixListId",
    exactly_one: "Exactly one of CidrIp, CidrIpv6, DestinationPrefixListId, and DestinationSecurityGroupId must be specified and not empty",
};

impl Rule {
    /// A rule in the words of templates as the one IP permission that it is.
    ///
    /// # Errors
    /// `InvalidRequest` where it has not one other end.
    pub(super) fn permission(&self, rule: &Value) -> Result<Value, Fault> {
        let with = |member: &str, value: &Value| {
            let mut entry = Map::from_iter([(member.to_owned(), value.clone())]);
            entry.insert("Description".to_owned(), rule["Description"].clone());
            entry
        };
        let mut ends = Vec::new();
        for (property, list, member) in [
            ("CidrIp", "IpRanges", "CidrIp"),
            ("CidrIpv6", "Ipv6Ranges", "CidrIpv6"),
            (self.prefix_list, "PrefixListIds", "PrefixListId"),
            (self.group, "Groups", "GroupId"),
            ("SourceSecurityGroupName", "Groups", "GroupName"),
        ] {
            if let Some(value) = rule.get(property).filter(|value| value.as_str().is_some_and(|text| !text.is_empty()))
            {
                ends.push((list, with(member, value)));
            }
        }
        let [(list, end)] = ends.as_mut_slice() else { return Err(Fault::new("InvalidRequest", self.exactly_one)) };
        if *list == "Groups" {
            end.insert("UserId".to_owned(), rule["SourceSecurityGroupOwnerId"].clone());
        }
        Ok(json!({
            "IpProtocol": rule["IpProtocol"],
            "FromPort": rule["FromPort"],
            "ToPort": rule["ToPort"],
            *list: [end],
        }))
    }

    /// A rule as DescribeSecurityGroupRules tells it, in the words of templates.
    pub(super) fn told(&self, rule: &Value) -> Value {
        let ported = has_ports(rule["ipProtocol"].as_str().unwrap_or_default());
        let port = |member: &str| if ported { rule[member].clone() } else { Value::Null };
        let mut told = json!({
            "IpProtocol": rule["ipProtocol"],
            "FromPort": port("fromPort"),
            "ToPort": port("toPort"),
            "CidrIp": rule["cidrIpv4"],
            self.prefix_list: rule["prefixListId"],
            self.group: rule["referencedGroupInfo"]["groupId"],
            "Description": rule["description"],
        });
        if let Some(members) = told.as_object_mut() {
            members.retain(|_, value| !value.is_null());
        }
        told
    }

    /// Whether a rule of a template says what was told of one: names, numbers and case of protocols are the same, ports of a protocol that
    /// has none are nothing, and what a range's address has beyond its prefix isn't either.
    pub(super) fn is_same(&self, written: &Value, told: &Value) -> bool {
        let protocol =
            |rule: &Value| match rule["IpProtocol"].as_str().unwrap_or_default().to_ascii_lowercase().as_str() {
                "6" => "tcp".to_owned(),
                "17" => "udp".to_owned(),
                "1" => "icmp".to_owned(),
                "58" => "icmpv6".to_owned(),
                other => other.to_owned(),
            };
        let range = |rule: &Value| {
            rule["CidrIp"].as_str().and_then(|text| text.parse().ok()).map(|net: vpc::IpNet| net.trunc())
        };
        let ports = |rule: &Value| (rule["FromPort"].as_i64().unwrap_or(-1), rule["ToPort"].as_i64().unwrap_or(-1));
        let named = written["SourceSecurityGroupName"].is_string();
        protocol(written) == protocol(told)
            && range(written) == range(told)
            && (!has_ports(&protocol(told)) || ports(written) == ports(told))
            && written[self.prefix_list] == told[self.prefix_list]
            && (named && told[self.group].is_string() || written[self.group] == told[self.group])
            && written["Description"].as_str().unwrap_or_default() == told["Description"].as_str().unwrap_or_default()
    }
}

fn has_ports(protocol: &str) -> bool {
    ["tcp", "udp", "icmp", "icmpv6"].contains(&protocol)
}

/// The rule every new group has: everything may leave.
pub(super) fn everything_out() -> Value {
    json!({ "IpProtocol": "-1", "CidrIp": "0.0.0.0/0" })
}

/// Whether a stack has the rule that everything may leave in this group, as a resource or in the group's own list.
fn everything_is_asked_for(tx: &Tx<'_>, group: &str) -> bool {
    tx.state.stack_resources.iter().filter(|resource| resource.physical_id.is_some()).any(|resource| {
        let properties = &resource.applied.properties;
        let is_everything = properties["IpProtocol"] == "-1" && properties["CidrIp"] == "0.0.0.0/0";
        match resource.kind.as_str() {
            "AWS::EC2::SecurityGroup" => {
                let rules = properties["SecurityGroupEgress"].as_array();
                resource.physical_id.as_deref() == Some(group) && rules.is_some_and(|rules| !rules.is_empty())
            }
            "AWS::EC2::SecurityGroupEgress" => properties["GroupId"] == group && is_everything,
            _ => false,
        }
    })
}

/// Takes a rule away, if it is there.
///
/// # Errors
/// Those of the operation.
pub(super) fn revoke(tx: &mut Tx<'_>, rule: &Rule, group: &str, written: &Value) -> Result<(), Fault> {
    let input = json!({ "GroupId": group, "IpPermissions": [rule.permission(written)?] });
    match call(tx, &API, rule.revoke, input) {
        Err(fault) if is_missing(&fault) => Ok(()),
        answer => answer.map(drop),
    }
}

impl ResourceType for Rule {
    fn unsupported(&self) -> &'static [&'static str] {
        &["CidrIpv6"]
    }

    /// A rule for what leaves takes the place of the one that a new group has, unless a stack asks for that one.
    fn create(&self, tx: &mut Tx<'_>, wanted: &Wanted<'_>) -> Result<String, Fault> {
        let mut input = wanted.pick(&["GroupId", "GroupName"]);
        input.insert("IpPermissions".to_owned(), json!([self.permission(wanted.properties)?]));
        if let (true, Some(group)) = (self.list == EGRESS.list, wanted.text("GroupId"))
            && !everything_is_asked_for(tx, group)
        {
            revoke(tx, self, group, &everything_out())?;
        }
        text(&call(tx, &API, self.authorize, input.into())?, "/securityGroupRuleSet/0/securityGroupRuleId")
    }

    fn update(&self, tx: &mut Tx<'_>, id: &str, _: &Wanted<'_>, wanted: &Wanted<'_>) -> Result<(), Fault> {
        let described =
            json!([{ "SecurityGroupRuleId": id, "Description": wanted.text("Description").unwrap_or_default() }]);
        let mut input = wanted.pick(&["GroupId", "GroupName"]);
        input.insert("SecurityGroupRuleDescription".to_owned(), described);
        call(tx, &API, self.describe, input.into()).map(drop)
    }

    fn delete(&self, tx: &mut Tx<'_>, id: &str, properties: &Value) -> Result<(), Fault> {
        let input = json!({
            "GroupId": properties["GroupId"],
            "GroupName": properties["GroupName"],
            "SecurityGroupRuleId": [id],
        });
        call(tx, &API, self.revoke, input).map(drop)
    }

    fn attribute(&self, _: &View<'_>, id: &str, _: &Value, name: &str) -> Result<Option<Value>, Fault> {
        Ok((name == "Id").then(|| json!(id)))
    }

    fn read(&self, view: &View<'_>, id: &str, properties: &Value) -> Result<Option<Value>, Fault> {
        let input = json!({ "SecurityGroupRuleId": [id] });
        let found = described(view, "DescribeSecurityGroupRules", input, "securityGroupRuleSet")?;
        Ok(found.map(|rule| {
            let told = self.told(&rule);
            if self.is_same(properties, &told) {
                return properties.clone();
            }
            let mut told = told;
            if let Some(members) = told.as_object_mut() {
                members.insert("GroupId".to_owned(), rule["groupId"].clone());
            }
            told
        }))
    }
}
