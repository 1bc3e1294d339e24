//! Security groups and network ACLs.

use super::*;

fn web(port: u16, more: Value) -> Value {
    let mut rule = json!({ "IpProtocol": "tcp", "FromPort": port, "ToPort": port, "CidrIp": "0.0.0.0/0" });
    rule.as_object_mut().expect("members").extend(more.as_object().expect("members").clone());
    rule
}

/// Ports that a group lets in, and how many rules it has for what leaves.
fn rules(world: &mut World, group: &str) -> (Vec<i64>, usize) {
    let shown = ec2(world, "DescribeSecurityGroups", json!({ "GroupId": [group] }));
    let group = &shown["securityGroupInfo"][0];
    let ports = group["ipPermissions"].as_array().expect("a list").iter();
    let ports = ports.map(|rule| rule["fromPort"].as_i64().unwrap_or(-1)).collect();
    (ports, group["ipPermissionsEgress"].as_array().expect("a list").len())
}

#[test]
fn a_security_group_has_the_rules_of_its_template() {
    const KIND: &str = "AWS::EC2::SecurityGroup";
    let mut world = founded();
    let vpc = vpc(&mut world, "10.0.0.0/16");
    let group = |ingress: Value, egress: Value| {
        json!({
            "GroupDescription": "web", "VpcId": vpc, "SecurityGroupIngress": ingress, "SecurityGroupEgress": egress
        })
    };
    let first = group(json!([web(80, json!({})), web(443, json!({ "Description": "for browsers" }))]), json!([]));
    let id = make(&mut world, KIND, &first);
    assert_eq!(rules(&mut world, &id), (vec![80, 443], 1), "everything may leave");
    for (name, value) in [("GroupId", &id), ("VpcId", &vpc)] {
        assert_eq!(attribute(&world, KIND, &id, &first, name), json!(value));
    }
    let made = there(&world, KIND, &id, &first);
    assert_eq!(made["SecurityGroupIngress"], first["SecurityGroupIngress"]);
    assert_eq!(made["GroupName"], "shop-Thing-1A2B3C4D5E6F");

    let second = group(json!([web(443, json!({}))]), json!([web(25, json!({})), web(53, json!({}))]));
    change(&mut world, KIND, &id, &first, &second);
    assert_eq!(rules(&mut world, &id), (vec![443], 2), "its own rules for what leaves took the place of the first");
    let closed = group(json!([]), json!([]));
    change(&mut world, KIND, &id, &second, &closed);
    assert_eq!(rules(&mut world, &id), (vec![], 0), "nothing leaves any more");
    gone(&mut world, KIND, &id, &closed);
}

#[test]
fn rules_that_are_written_in_another_way_have_not_drifted() {
    const KIND: &str = "AWS::EC2::SecurityGroup";
    let mut world = founded();
    let vpc = vpc(&mut world, "10.0.0.0/16");
    let written = json!([
        { "IpProtocol": "6", "FromPort": 22, "ToPort": 22, "CidrIp": "10.0.0.7/24" },
        { "IpProtocol": "-1", "FromPort": 0, "ToPort": 0, "CidrIp": "10.9.0.0/16" },
    ]);
    let group = json!({ "GroupDescription": "web", "VpcId": vpc, "SecurityGroupIngress": written });
    let id = make(&mut world, KIND, &group);
    assert_eq!(there(&world, KIND, &id, &group)["SecurityGroupIngress"], written);
    let more = json!({ "GroupId": id, "IpProtocol": "udp", "FromPort": 53, "ToPort": 53, "CidrIp": "10.0.0.0/8" });
    ec2(&mut world, "AuthorizeSecurityGroupIngress", more);
    let now = there(&world, KIND, &id, &group);
    assert_eq!(
        now["SecurityGroupIngress"][2],
        json!({
            "IpProtocol": "udp", "FromPort": 53, "ToPort": 53, "CidrIp": "10.0.0.0/8"
        })
    );
}

#[test]
fn rules_of_their_own_come_and_go() {
    const INGRESS: &str = "AWS::EC2::SecurityGroupIngress";
    const EGRESS: &str = "AWS::EC2::SecurityGroupEgress";
    let mut world = founded();
    let vpc = vpc(&mut world, "10.0.0.0/16");
    let group = |world: &mut World, name: &str| {
        let properties = json!({ "VpcId": vpc, "GroupDescription": "own", "GroupName": name });
        make(world, "AWS::EC2::SecurityGroup", &properties)
    };
    let (one, other) = (group(&mut world, "one"), group(&mut world, "other"));
    let rule = |text: &str| {
        json!({
            "GroupId": one, "IpProtocol": "tcp", "FromPort": 80, "ToPort": 81, "SourceSecurityGroupId": other,
            "Description": text
        })
    };
    let id = make(&mut world, INGRESS, &rule("before"));
    assert!(id.starts_with("sgr-"), "{id}");
    change(&mut world, INGRESS, &id, &rule("before"), &rule("after"));
    assert_eq!(there(&world, INGRESS, &id, &rule("after")), rule("after"));
    assert_eq!(there(&world, INGRESS, &id, &rule("before"))["Description"], "after");
    gone(&mut world, INGRESS, &id, &rule("after"));

    let out = json!({ "GroupId": one, "IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "CidrIp": "0.0.0.0/0" });
    let id = make(&mut world, EGRESS, &out);
    assert_eq!(rules(&mut world, &one).1, 1, "it took the place of the group's first rule");
    gone(&mut world, EGRESS, &id, &out);
}

#[test]
fn a_rule_has_exactly_one_other_end() {
    let mut world = founded();
    let vpc = vpc(&mut world, "10.0.0.0/16");
    let group = make(&mut world, "AWS::EC2::SecurityGroup", &json!({ "VpcId": vpc, "GroupDescription": "own" }));
    for ends in [json!({ "CidrIp": "" }), json!({ "SourceSecurityGroupId": group })] {
        let mut rule = web(80, ends);
        rule["GroupId"] = json!(group);
        let fault = try_make(&mut world, "AWS::EC2::SecurityGroupIngress", &rule).expect_err("a refusal");
        assert_eq!(
            fault.message,
            "Exactly one of CidrIp, CidrIpv6, SourcePrefixListId, SourceSecurityGroupId, and SourceSecurityGroupName must be specified and not empty"
        );
    }
}

#[test]
fn a_network_acl_its_entries_and_its_subnets() {
    const ENTRY: &str = "AWS::EC2::NetworkAclEntry";
    const ASSOCIATION: &str = "AWS::EC2::SubnetNetworkAclAssociation";
    let mut world = founded();
    let vpc = vpc(&mut world, "10.0.0.0/16");
    let subnet = subnet(&mut world, &vpc, "10.0.1.0/24");
    let of_vpc = json!({ "VpcId": vpc });
    let acl = make(&mut world, "AWS::EC2::NetworkAcl", &of_vpc);
    let entry = |action: &str| {
        json!({
            "NetworkAclId": acl, "RuleNumber": 100, "Egress": true, "Protocol": 6, "RuleAction": action,
            "CidrBlock": "0.0.0.0/0", "PortRange": { "From": 80, "To": 80 }
        })
    };
    let id = make(&mut world, ENTRY, &entry("allow"));
    assert_eq!(id, "shop-Thing-1A2B3C4D5E6F");
    change(&mut world, ENTRY, &id, &entry("allow"), &entry("deny"));
    let mut expected = entry("deny");
    expected["Icmp"] = Value::Null;
    assert_eq!(there(&world, ENTRY, &id, &entry("deny")), expected);
    gone(&mut world, ENTRY, &id, &entry("deny"));

    let properties = json!({ "NetworkAclId": acl, "SubnetId": subnet });
    let id = make(&mut world, ASSOCIATION, &properties);
    assert!(id.starts_with("aclassoc-"), "{id}");
    assert_eq!(there(&world, ASSOCIATION, &id, &properties), properties);
    gone(&mut world, ASSOCIATION, &id, &properties);
    remove(&mut world, ASSOCIATION, &id, &properties);
    gone(&mut world, "AWS::EC2::NetworkAcl", &acl, &of_vpc);
}
