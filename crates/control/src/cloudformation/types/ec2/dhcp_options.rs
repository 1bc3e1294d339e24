//! AWS::EC2::DHCPOptions and AWS::EC2::VPCDHCPOptionsAssociation.

use super::{
    super::{ResourceType, Wanted, call, text},
    described, each, items, parts, tags,
};
use crate::{Tx, View};
use aws::{api::ec2::API, fault::Fault};
use serde_json::{Value, json};

/// The options, as properties and as the operations call them.
const OPTIONS: [(&str, &str); 6] = [
    ("DomainName", "domain-name"),
    ("DomainNameServers", "domain-name-servers"),
    ("NtpServers", "ntp-servers"),
    ("NetbiosNameServers", "netbios-name-servers"),
    ("NetbiosNodeType", "netbios-node-type"),
    ("Ipv6AddressPreferredLeaseTime", "ipv6-address-preferred-lease-time"),
];

/// AWS::EC2::DHCPOptions.
pub(super) struct DhcpOptions;

impl ResourceType for DhcpOptions {
    fn unsupported(&self) -> &'static [&'static str] {
        &["Ipv6AddressPreferredLeaseTime", "NetbiosNameServers", "NetbiosNodeType", "NtpServers"]
    }

    fn create(&self, tx: &mut Tx<'_>, wanted: &Wanted<'_>) -> Result<String, Fault> {
        let option = |(property, key): (&str, &str)| {
            let values = match wanted.get(property)? {
                Value::Array(values) => json!(values),
                Value::String(value) => json!([value]),
                other => json!([other.to_string()]),
            };
            Some(json!({ "Key": key, "Value": values }))
        };
        let input = json!({
            "DhcpConfiguration": OPTIONS.into_iter().filter_map(option).collect::<Vec<_>>(),
            "TagSpecification": tags::specification("dhcp-options", wanted),
        });
        text(&call(tx, &API, "CreateDhcpOptions", input)?, "/dhcpOptions/dhcpOptionsId")
    }

    fn update(&self, tx: &mut Tx<'_>, id: &str, before: &Wanted<'_>, wanted: &Wanted<'_>) -> Result<(), Fault> {
        tags::update(tx, id, before, wanted)
    }

    fn delete(&self, tx: &mut Tx<'_>, id: &str, _: &Value) -> Result<(), Fault> {
        call(tx, &API, "DeleteDhcpOptions", json!({ "DhcpOptionsId": id })).map(drop)
    }

    fn attribute(&self, _: &View<'_>, id: &str, _: &Value, name: &str) -> Result<Option<Value>, Fault> {
        Ok((name == "DhcpOptionsId").then(|| json!(id)))
    }

    fn read(&self, view: &View<'_>, id: &str, _: &Value) -> Result<Option<Value>, Fault> {
        let found = described(view, "DescribeDhcpOptions", json!({ "DhcpOptionsId": [id] }), "dhcpOptionsSet")?;
        Ok(found.map(|set| {
            let values = |key: &str| {
                let option = items(&set["dhcpConfigurationSet"]).find(|option| option["key"] == key);
                option.map(|option| each(&option["valueSet"], "value"))
            };
            let name = values("domain-name").map(|names| names[0].clone());
            json!({ "DomainName": name, "DomainNameServers": values("domain-name-servers") })
        }))
    }
}

/// AWS::EC2::VPCDHCPOptionsAssociation. Its id is those of both; without it a VPC has the default set.
pub(super) struct Association;

impl ResourceType for Association {
    fn create(&self, tx: &mut Tx<'_>, wanted: &Wanted<'_>) -> Result<String, Fault> {
        call(tx, &API, "AssociateDhcpOptions", wanted.pick(&["DhcpOptionsId", "VpcId"]).into())?;
        let word = |name: &str| wanted.text(name).unwrap_or_default();
        Ok(format!("{}|{}", word("DhcpOptionsId"), word("VpcId")))
    }

    /// Every change makes another one.
    fn update(&self, _: &mut Tx<'_>, _: &str, _: &Wanted<'_>, _: &Wanted<'_>) -> Result<(), Fault> {
        Ok(())
    }

    fn delete(&self, tx: &mut Tx<'_>, id: &str, _: &Value) -> Result<(), Fault> {
        let (_, vpc) = parts(id)?;
        call(tx, &API, "AssociateDhcpOptions", json!({ "DhcpOptionsId": "default", "VpcId": vpc })).map(drop)
    }

    fn attribute(&self, _: &View<'_>, _: &str, _: &Value, _: &str) -> Result<Option<Value>, Fault> {
        Ok(None)
    }

    fn read(&self, view: &View<'_>, id: &str, _: &Value) -> Result<Option<Value>, Fault> {
        let (set, vpc) = parts(id)?;
        let found = described(view, "DescribeVpcs", json!({ "VpcId": [vpc] }), "vpcSet")?;
        let found = found.filter(|vpc| set == "default" || vpc["dhcpOptionsId"] == set);
        Ok(found.map(|_| json!({ "DhcpOptionsId": set, "VpcId": vpc })))
    }
}
