use super::*;

impl World {
    /// Makes a network ACL and returns its id.
    fn acl(&mut self, vpc: &str) -> String {
        text(&self.ec2("CreateNetworkAcl", json!({ "VpcId": vpc })), "/networkAcl/networkAclId")
    }

    /// The entries of an ACL as `number:direction:protocol:range:action`.
    fn entries(&mut self, acl: &str) -> Vec<String> {
        let shown = self.ec2("DescribeNetworkAcls", json!({ "NetworkAclId": [acl] }));
        let entries = shown["networkAclSet"][0]["entrySet"].as_array().unwrap().clone();
        let line = |entry: &Value| {
            let way = if entry["egress"] == json!(true) { "out" } else { "in" };
            let (protocol, range, action) =
                (text(entry, "/protocol"), text(entry, "/cidrBlock"), text(entry, "/ruleAction"));
            format!("{}:{way}:{protocol}:{range}:{action}", entry["ruleNumber"])
        };
        entries.iter().map(line).collect()
    }
}

fn entry(acl: &str, number: i32, more: Value) -> Value {
    let mut entry = json!({ "NetworkAclId": acl, "RuleNumber": number, "Protocol": "-1", "RuleAction": "allow", "Egress": false,
        "CidrBlock": "0.0.0.0/0" });
    entry.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    entry
}

#[test]
fn a_new_acl_denies_everything() {
    let mut world = World::founded();
    let vpc = world.vpc("10.0.0.0/16");
    let made = world.ec2(
        "CreateNetworkAcl",
        json!({ "VpcId": vpc, "ClientToken": "one", "TagSpecification": [{ "ResourceType": "network-acl", "Tag": [{ "Key": "a", "Value": "b" }] }] }),
    );
    assert_eq!((text(&made, "/clientToken"), &made["networkAcl"]["default"]), ("one".into(), &json!(false)));
    assert_eq!(made["networkAcl"]["tagSet"], json!([{ "key": "a", "value": "b" }]));
    let id = text(&made, "/networkAcl/networkAclId");
    assert_eq!(world.entries(&id), ["32767:out:-1:0.0.0.0/0:deny", "32767:in:-1:0.0.0.0/0:deny"]);
}

#[test]
fn a_repeated_call_makes_nothing_twice() {
    let mut world = World::founded();
    let (one, two) = (world.vpc("10.0.0.0/16"), world.vpc("10.1.0.0/16"));
    let call = |vpc: &str| json!({ "VpcId": vpc, "ClientToken": "t" });
    let first = world.ec2("CreateNetworkAcl", call(&one));
    assert_eq!(world.ec2("CreateNetworkAcl", call(&one)), first);
    assert_eq!(
        world.ec2_refuses("CreateNetworkAcl", call(&two)),
        "IdempotentParameterMismatch: Wrong arguments for request with token t"
    );
    world.now += 24 * 60 * 60 * 1000;
    world.ec2("CreateTags", json!({ "ResourceId": [one], "Tag": [{ "Key": "a", "Value": "b" }] }));
    world.ec2("CreateNetworkAcl", call(&two));
}

#[test]
fn entries_come_change_and_go() {
    let mut world = World::founded();
    let vpc = world.vpc("10.0.0.0/16");
    let acl = world.acl(&vpc);
    world.ec2(
        "CreateNetworkAclEntry",
        entry(
            &acl,
            200,
            json!({ "Protocol": "6", "PortRange": { "From": 80, "To": 443 }, "CidrBlock": "10.0.0.9/24" }),
        ),
    );
    world.ec2(
        "CreateNetworkAclEntry",
        entry(&acl, 100, json!({ "PortRange": { "From": 1, "To": 2 }, "RuleAction": "deny" })),
    );
    world.ec2("CreateNetworkAclEntry", entry(&acl, 100, json!({ "Egress": true })));
    assert_eq!(
        world.entries(&acl)[..3],
        ["100:out:-1:0.0.0.0/0:allow", "100:in:-1:0.0.0.0/0:deny", "200:in:6:10.0.0.0/24:allow"]
    );
    assert_eq!(
        world.ec2_refuses("CreateNetworkAclEntry", entry(&acl, 100, json!({}))),
        "NetworkAclEntryAlreadyExists: The network acl entry identified by 100 already exists."
    );
    world
        .ec2("ReplaceNetworkAclEntry", entry(&acl, 100, json!({ "Protocol": "1", "Icmp": { "Type": 8, "Code": -1 } })));
    let shown = world.ec2("DescribeNetworkAcls", json!({ "NetworkAclId": [acl] }));
    let shown = &shown["networkAclSet"][0]["entrySet"];
    assert_eq!((&shown[0].get("portRange"), &shown[1]["icmpTypeCode"]), (&None, &json!({ "type": 8, "code": -1 })));
    assert_eq!(shown[2]["portRange"], json!({ "from": 80, "to": 443 }));
    let one = json!({ "NetworkAclId": acl, "RuleNumber": 100, "Egress": false });
    world.ec2("DeleteNetworkAclEntry", one.clone());
    let gone = "InvalidNetworkAclEntry.NotFound: The network acl entry identified by 100 does not exist.";
    assert_eq!(world.ec2_refuses("DeleteNetworkAclEntry", one), gone);
    assert_eq!(world.ec2_refuses("ReplaceNetworkAclEntry", entry(&acl, 100, json!({}))), gone);
    assert_eq!(world.entries(&acl)[..2], ["100:out:-1:0.0.0.0/0:allow", "200:in:6:10.0.0.0/24:allow"]);
}

#[test]
fn entries_are_checked() {
    let mut world = World::founded();
    let vpc = world.vpc("10.0.0.0/16");
    let acl = world.acl(&vpc);
    let mut refused = |number: i32, more: Value| world.ec2_refuses("CreateNetworkAclEntry", entry(&acl, number, more));
    for number in [0, 32767, -1, 70000] {
        let message = format!(
            "InvalidParameterValue: Value ({number}) for parameter ruleNumber is invalid. Rule numbers must be between 1 and 32766."
        );
        assert_eq!(refused(number, json!({})), message);
    }
    assert_eq!(
        refused(1, json!({ "Protocol": "6" })),
        "InvalidParameterValue: Invalid value for portRange. Must specify both from and to ports with TCP/UDP."
    );
    assert_eq!(
        refused(1, json!({ "Protocol": "1" })),
        "MissingParameter: The request must contain the parameter icmpTypeCode"
    );
    assert_eq!(
        refused(1, json!({ "Ipv6CidrBlock": "::/0" })),
        "UnsupportedOperation: The parameter Ipv6CidrBlock is not supported by neargate."
    );
    assert_eq!(
        refused(1, json!({ "CidrBlock": "10.0.0.0" })),
        "InvalidParameterValue: Value (10.0.0.0) for parameter cidrBlock is invalid. This is not a valid CIDR block."
    );
    for number in 1..=19 {
        world.ec2("CreateNetworkAclEntry", entry(&acl, number, json!({})));
    }
    assert_eq!(
        world.ec2_refuses("CreateNetworkAclEntry", entry(&acl, 20, json!({}))),
        "NetworkAclEntryLimitExceeded: The maximum number of network ACL entries has been reached."
    );
    world.ec2("CreateNetworkAclEntry", entry(&acl, 20, json!({ "Egress": true })));
}

#[test]
fn a_subnet_has_one_acl_and_an_acl_in_use_stays() {
    let mut world = World::founded();
    let (vpc, other) = (world.vpc("10.0.0.0/16"), world.vpc("10.1.0.0/16"));
    let subnet = world.subnet(&vpc, "10.0.0.0/24");
    let (acl, foreign) = (world.acl(&vpc), world.acl(&other));
    let of_subnet = json!({ "Filter": [{ "Name": "association.subnet-id", "Value": [subnet] }] });
    let shown = world.ec2("DescribeNetworkAcls", of_subnet.clone());
    let (default, association) = (
        text(&shown, "/networkAclSet/0/networkAclId"),
        text(&shown, "/networkAclSet/0/associationSet/0/networkAclAssociationId"),
    );
    let replace = |association: &str, acl: &str| json!({ "AssociationId": association, "NetworkAclId": acl });
    assert_eq!(
        world.ec2_refuses("ReplaceNetworkAclAssociation", replace(&association, &foreign)),
        "InvalidParameterValue: You have specified two resources that belong to different networks."
    );
    let new = text(&world.ec2("ReplaceNetworkAclAssociation", replace(&association, &acl)), "/newAssociationId");
    assert_ne!(new, association);
    assert_eq!(
        world.ec2_refuses("ReplaceNetworkAclAssociation", replace(&association, &acl)),
        format!("InvalidAssociationID.NotFound: The association ID '{association}' does not exist")
    );
    assert_eq!(texts(&world.ec2("DescribeNetworkAcls", of_subnet), "/networkAclSet", "/networkAclId"), [acl.as_str()]);
    let told = &crate::ec2::topology(&world.state).vpcs[vpc.as_str()];
    assert_eq!(told.subnets[subnet.as_str()].network_acl.as_str(), acl, "hosts enforce it");

    let delete = |acl: &str| json!({ "NetworkAclId": acl });
    assert_eq!(
        world.ec2_refuses("DeleteNetworkAcl", delete(&acl)),
        format!("DependencyViolation: The networkAcl '{acl}' has dependencies and cannot be deleted.")
    );
    assert_eq!(
        world.ec2_refuses("DeleteNetworkAcl", delete(&default)),
        format!("InvalidParameterValue: cannot delete default network ACL {default}")
    );
    world.ec2("DeleteSubnet", json!({ "SubnetId": subnet }));
    world.ec2("DeleteNetworkAcl", delete(&acl));
    assert_eq!(
        world.ec2_refuses("DeleteNetworkAcl", delete(&acl)),
        format!("InvalidNetworkAclID.NotFound: The networkAcl ID '{acl}' does not exist")
    );
}
