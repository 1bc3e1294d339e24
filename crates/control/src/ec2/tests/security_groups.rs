use super::*;
use proptest::prelude::*;

fn tcp(port: u16, cidr: &str) -> Value {
    json!({ "IpProtocol": "tcp", "FromPort": port, "ToPort": port, "IpRanges": [{ "CidrIp": cidr }] })
}

fn rules(world: &mut World, group: &str) -> Value {
    world.ec2("DescribeSecurityGroupRules", json!({ "Filter": [{ "Name": "group-id", "Value": [group] }] }))["securityGroupRuleSet"].clone()
}

#[test]
fn a_new_group_lets_everything_out_and_nothing_in() {
    let mut world = World::founded();
    let vpc = world.vpc("10.0.0.0/16");
    let group = world.group(&vpc, "web");
    let shown = world.ec2("DescribeSecurityGroups", json!({ "GroupId": [group] }));
    let shown = &shown["securityGroupInfo"][0];
    assert_eq!(shown["ipPermissions"], json!([]));
    let all = json!([{ "ipProtocol": "-1", "groups": [], "ipRanges": [{ "cidrIp": "0.0.0.0/0" }], "ipv6Ranges": [], "prefixListIds": [] }]);
    assert_eq!(shown["ipPermissionsEgress"], all);
    assert_eq!(text(shown, "/securityGroupArn"), format!("arn:aws:ec2:us-east-1:123456789012:security-group/{group}"));
}

#[test]
fn ipv6_rules_are_refused_and_found_absent() {
    let mut world = World::founded();
    let vpc = world.vpc("10.0.0.0/16");
    let group = world.group(&vpc, "web");
    let everything = json!({ "GroupId": group, "IpPermissions": [{ "IpProtocol": "-1", "FromPort": 0, "ToPort": 0, "Ipv6Ranges": [{ "CidrIpv6": "::/0" }] }] });
    let refusal = "UnsupportedOperation: The parameter IpPermissions.Ipv6Ranges is not supported by neargate.";
    assert_eq!(world.ec2_refuses("AuthorizeSecurityGroupEgress", everything.clone()), refusal);
    // Terraform takes the rule away from every group it makes, and goes on when there is none.
    let absent = "InvalidPermission.NotFound: The specified rule does not exist in this security group.";
    assert_eq!(world.ec2_refuses("RevokeSecurityGroupEgress", everything), absent);
    let malformed = json!({ "GroupId": group, "IpPermissions": [{ "IpProtocol": "-1", "Ipv6Ranges": [{ "CidrIpv6": "0.0.0.0/0" }] }] });
    let refusal = world.ec2_refuses("RevokeSecurityGroupEgress", malformed);
    assert_eq!(refusal, "InvalidParameterValue: CIDR block 0.0.0.0/0 is malformed");
}

#[test]
fn names_are_unique_in_a_vpc_and_well_formed() {
    let mut world = World::founded();
    let (vpc, other) = (world.vpc("10.0.0.0/16"), world.vpc("10.0.0.0/16"));
    world.group(&vpc, "web");
    world.group(&other, "web");
    let mut refused = |name: &str, description: &str| {
        world.ec2_refuses(
            "CreateSecurityGroup",
            json!({ "VpcId": vpc, "GroupName": name, "GroupDescription": description }),
        )
    };
    assert_eq!(
        refused("web", "d"),
        format!("InvalidGroup.Duplicate: The security group 'web' already exists for VPC '{vpc}'")
    );
    assert_eq!(refused("default", "d"), "InvalidParameterValue: Cannot use reserved security group name: default");
    assert_eq!(
        refused("sg-web", "d"),
        "InvalidParameterValue: Value (sg-web) for parameter GroupName is invalid. Group names may not be in the format sg-*."
    );
    assert_eq!(
        refused("db", "it's"),
        "InvalidParameterValue: Invalid security group description. Valid descriptions are strings less than 256 characters from the following set:  a-zA-Z0-9. _-:/()#,@[]+=&;{}!$*"
    );
    assert!(refused(&"x".repeat(256), "d").starts_with("InvalidParameterValue: Invalid security group name."));
}

#[test]
fn rules_come_and_go_by_what_they_say_and_by_their_ids() {
    let mut world = World::founded();
    let vpc = world.vpc("10.0.0.0/16");
    let (web, db) = (world.group(&vpc, "web"), world.group(&vpc, "db"));
    let permission = json!([{ "IpProtocol": "6", "FromPort": 5432, "ToPort": 5432, "Groups": [{ "GroupId": web, "Description": "from web" }],
        "IpRanges": [{ "CidrIp": "192.168.1.7/24" }] }]);
    let made = world.ec2(
        "AuthorizeSecurityGroupIngress",
        json!({ "GroupId": db, "IpPermissions": permission,
        "TagSpecification": [{ "ResourceType": "security-group-rule", "Tag": [{ "Key": "a", "Value": "b" }] }] }),
    );
    assert_eq!(made["securityGroupRuleSet"].as_array().unwrap().len(), 2, "one rule a peer");
    let shown = world.ec2("DescribeSecurityGroups", json!({ "GroupId": [db] }));
    let shown = &shown["securityGroupInfo"][0]["ipPermissions"];
    assert_eq!(shown.as_array().unwrap().len(), 1, "peers of the same ports are shown together");
    assert_eq!(
        (text(shown, "/0/ipProtocol"), text(shown, "/0/ipRanges/0/cidrIp")),
        ("tcp".into(), "192.168.1.0/24".into())
    );
    assert_eq!(shown[0]["groups"], json!([{ "description": "from web", "userId": "123456789012", "groupId": web }]));
    let all = rules(&mut world, &db);
    let of_web =
        all.as_array().unwrap().iter().find(|rule| rule["referencedGroupInfo"]["groupId"] == json!(web)).unwrap();
    assert_eq!(of_web["tagSet"], json!([{ "key": "a", "value": "b" }]));

    let refused = world.ec2_refuses("DeleteSecurityGroup", json!({ "GroupId": web }));
    assert_eq!(
        refused,
        format!("DependencyViolation: resource {web} has a dependent object"),
        "another group's rule names it"
    );
    let id = text(of_web, "/securityGroupRuleId");
    let revoked = world.ec2("RevokeSecurityGroupIngress", json!({ "GroupId": db, "SecurityGroupRuleId": [id] }));
    assert_eq!(text(&revoked, "/revokedSecurityGroupRuleSet/0/referencedGroupId"), web);
    world.ec2("DeleteSecurityGroup", json!({ "GroupId": web }));
    let gone = world.ec2_refuses("RevokeSecurityGroupIngress", json!({ "GroupId": db, "SecurityGroupRuleId": [id] }));
    assert_eq!(gone, format!("InvalidSecurityGroupRuleId.NotFound: The security group rule ID '{id}' does not exist"));
    world.ec2("RevokeSecurityGroupIngress", json!({ "GroupId": db, "IpPermissions": [tcp(5432, "192.168.1.0/24")] }));
    assert_eq!(rules(&mut world, &db).as_array().unwrap().len(), 1, "the egress rule is left");
}

#[test]
fn a_rule_that_is_there_is_refused_in_aws_s_words() {
    let mut world = World::founded();
    let vpc = world.vpc("10.0.0.0/16");
    let group = world.group(&vpc, "web");
    world.ec2("AuthorizeSecurityGroupIngress", json!({ "GroupId": group, "IpPermissions": [tcp(443, "0.0.0.0/0")] }));
    let again = world.ec2_refuses(
        "AuthorizeSecurityGroupIngress",
        json!({ "GroupId": group, "IpPermissions": [tcp(80, "0.0.0.0/0"), tcp(443, "0.0.0.0/0")] }),
    );
    assert_eq!(
        again,
        "InvalidPermission.Duplicate: the specified rule \"peer: 0.0.0.0/0, TCP, from port: 443, to port: 443, ALLOW\" already exists"
    );
    let all = json!([{ "IpProtocol": "-1", "IpRanges": [{ "CidrIp": "0.0.0.0/0" }] }]);
    let again = world.ec2_refuses("AuthorizeSecurityGroupEgress", json!({ "GroupId": group, "IpPermissions": all }));
    assert_eq!(again, "InvalidPermission.Duplicate: the specified rule \"peer: 0.0.0.0/0, ALL, ALLOW\" already exists");
    let twice = world.ec2_refuses(
        "AuthorizeSecurityGroupIngress",
        json!({ "GroupId": group, "IpPermissions": [tcp(1, "10.0.0.1/8"), tcp(1, "10.0.0.2/8")] }),
    );
    assert_eq!(twice, "InvalidParameterValue: The same permission must not appear multiple times");
    assert_eq!(rules(&mut world, &group).as_array().unwrap().len(), 2, "a refused call adds none of its rules");
}

#[test]
fn sixty_rules_a_direction_and_no_more() {
    let mut world = World::founded();
    let vpc = world.vpc("10.0.0.0/16");
    let group = world.group(&vpc, "web");
    let sixty: Vec<Value> = (1..=60).map(|port| tcp(port, "0.0.0.0/0")).collect();
    world.ec2("AuthorizeSecurityGroupIngress", json!({ "GroupId": group, "IpPermissions": sixty }));
    let refused = world.ec2_refuses(
        "AuthorizeSecurityGroupIngress",
        json!({ "GroupId": group, "IpPermissions": [tcp(61, "0.0.0.0/0")] }),
    );
    assert_eq!(
        refused,
        "RulesPerSecurityGroupLimitExceeded: The maximum number of rules per security group has been reached."
    );
    world.ec2("AuthorizeSecurityGroupEgress", json!({ "GroupId": group, "IpPermissions": [tcp(61, "0.0.0.0/0")] }));
}

#[test]
fn revoking_what_is_not_there_is_an_error_but_in_the_default_vpc() {
    let mut world = World::founded();
    let vpc = world.vpc("10.0.0.0/16");
    let group = world.group(&vpc, "web");
    let refused = world
        .ec2_refuses("RevokeSecurityGroupIngress", json!({ "GroupId": group, "IpPermissions": [tcp(1, "0.0.0.0/0")] }));
    assert_eq!(refused, "InvalidPermission.NotFound: The specified rule does not exist in this security group.");
    let answer = world
        .ec2("RevokeSecurityGroupIngress", json!({ "GroupName": "default", "IpPermissions": [tcp(1, "0.0.0.0/0")] }));
    assert_eq!(answer["unknownIpPermissionSet"][0]["fromPort"], json!(1));
    assert_eq!(answer["revokedSecurityGroupRuleSet"], json!([]));
}

#[test]
fn the_old_flat_parameters_work_for_ingress() {
    let mut world = World::founded();
    let group =
        text(&world.ec2("CreateSecurityGroup", json!({ "GroupName": "web", "GroupDescription": "d" })), "/groupId");
    world.ec2(
        "AuthorizeSecurityGroupIngress",
        json!({ "GroupName": "web", "IpProtocol": "icmp", "FromPort": 8, "ToPort": -1, "CidrIp": "0.0.0.0/0" }),
    );
    world.ec2("AuthorizeSecurityGroupIngress", json!({ "GroupName": "web", "SourceSecurityGroupName": "default" }));
    let shown = rules(&mut world, &group);
    let mut ingress: Vec<String> = shown
        .as_array()
        .unwrap()
        .iter()
        .filter(|rule| rule["isEgress"] == json!(false))
        .map(|rule| format!("{} {} {}", text(rule, "/ipProtocol"), rule["fromPort"], rule["toPort"]))
        .collect();
    ingress.sort();
    assert_eq!(ingress, ["icmp -1 -1", "icmp 8 -1", "tcp 0 65535", "udp 0 65535"]);
    world.ec2("RevokeSecurityGroupIngress", json!({ "GroupName": "web", "SourceSecurityGroupName": "default" }));
    assert_eq!(rules(&mut world, &group).as_array().unwrap().len(), 2);
    let refused = world.ec2_refuses(
        "AuthorizeSecurityGroupEgress",
        json!({ "GroupId": group, "CidrIp": "0.0.0.0/0", "IpProtocol": "-1" }),
    );
    assert!(refused.starts_with("UnsupportedOperation: The parameter "), "{refused}");
}

#[test]
fn wrong_rules_are_refused() {
    let mut world = World::founded();
    let vpc = world.vpc("10.0.0.0/16");
    let other = world.vpc("10.0.0.0/16");
    let (group, foreign) = (world.group(&vpc, "web"), world.group(&other, "web"));
    let mut refused = |permission: Value| {
        world.ec2_refuses("AuthorizeSecurityGroupIngress", json!({ "GroupId": group, "IpPermissions": [permission] }))
    };
    assert_eq!(refused(tcp(1, "10.0.0.1")), "InvalidParameterValue: CIDR block 10.0.0.1 is malformed");
    assert_eq!(
        refused(json!({ "IpProtocol": "tcp", "IpRanges": [{ "CidrIp": "0.0.0.0/0" }] })),
        "InvalidParameterValue: Invalid value for portRange. Must specify both from and to ports with TCP/UDP."
    );
    assert_eq!(
        refused(json!({ "IpProtocol": "-1", "Ipv6Ranges": [{ "CidrIpv6": "::/0" }] })),
        "UnsupportedOperation: The parameter IpPermissions.Ipv6Ranges is not supported by neargate."
    );
    assert_eq!(
        refused(json!({ "IpProtocol": "-1", "PrefixListIds": [{ "PrefixListId": "pl-1" }] })),
        "InvalidPrefixListID.NotFound: The prefix list ID 'pl-1' does not exist"
    );
    assert_eq!(
        refused(json!({ "IpProtocol": "-1", "Groups": [{ "GroupId": foreign }] })),
        "InvalidGroup.NotFound: You have specified two resources that belong to different networks."
    );
    assert_eq!(
        refused(json!({ "IpProtocol": "-1", "Groups": [{ "GroupId": "sg-0" }] })),
        "InvalidGroup.NotFound: The security group 'sg-0' does not exist"
    );
}

#[test]
fn rules_are_modified_and_described_anew() {
    let mut world = World::founded();
    let vpc = world.vpc("10.0.0.0/16");
    let group = world.group(&vpc, "web");
    let made = world.ec2(
        "AuthorizeSecurityGroupIngress",
        json!({ "GroupId": group, "IpPermissions": [tcp(80, "0.0.0.0/0"), tcp(81, "0.0.0.0/0")] }),
    );
    let id = text(&made, "/securityGroupRuleSet/0/securityGroupRuleId");
    let modify = |rule: Value| json!({ "GroupId": group, "SecurityGroupRule": [{ "SecurityGroupRuleId": id, "SecurityGroupRule": rule }] });
    let duplicate = world.ec2_refuses(
        "ModifySecurityGroupRules",
        modify(json!({ "IpProtocol": "tcp", "FromPort": 81, "ToPort": 81, "CidrIpv4": "0.0.0.0/0" })),
    );
    assert!(duplicate.starts_with("InvalidPermission.Duplicate"), "{duplicate}");
    let kind = world
        .ec2_refuses("ModifySecurityGroupRules", modify(json!({ "IpProtocol": "-1", "ReferencedGroupId": group })));
    assert!(
        kind.starts_with(&format!("InvalidParameterValue: Invalid rule type for security group rule '{id}'.")),
        "{kind}"
    );
    world.ec2("ModifySecurityGroupRules", modify(json!({ "IpProtocol": "udp", "FromPort": 53, "ToPort": 53, "CidrIpv4": "10.0.0.0/8", "Description": "dns" })));
    let shown = world.ec2("DescribeSecurityGroupRules", json!({ "SecurityGroupRuleId": [id] }));
    let shown = &shown["securityGroupRuleSet"][0];
    assert_eq!(
        (text(shown, "/ipProtocol"), text(shown, "/cidrIpv4"), text(shown, "/description")),
        ("udp".into(), "10.0.0.0/8".into(), "dns".into())
    );

    let permission = json!([{ "IpProtocol": "udp", "FromPort": 53, "ToPort": 53, "IpRanges": [{ "CidrIp": "10.0.0.0/8", "Description": "names" }] }]);
    world.ec2("UpdateSecurityGroupRuleDescriptionsIngress", json!({ "GroupId": group, "IpPermissions": permission }));
    let shown = world.ec2("DescribeSecurityGroupRules", json!({ "SecurityGroupRuleId": [id] }));
    assert_eq!(text(&shown, "/securityGroupRuleSet/0/description"), "names");
    world.ec2(
        "UpdateSecurityGroupRuleDescriptionsIngress",
        json!({ "GroupId": group, "SecurityGroupRuleDescription": [{ "SecurityGroupRuleId": id }] }),
    );
    let shown = world.ec2("DescribeSecurityGroupRules", json!({ "SecurityGroupRuleId": [id] }));
    assert_eq!(shown.pointer("/securityGroupRuleSet/0/description"), None, "without a text it is removed");
}

#[test]
fn the_default_group_stays() {
    let mut world = World::founded();
    let groups = world.ec2("DescribeSecurityGroups", json!({ "GroupName": ["default"] }));
    let id = text(&groups, "/securityGroupInfo/0/groupId");
    let refused = world.ec2_refuses("DeleteSecurityGroup", json!({ "GroupId": id }));
    assert_eq!(
        refused,
        format!("CannotDelete: the specified group: \"{id}\" name: \"default\" cannot be deleted by a user")
    );
    let unknown = world.ec2_refuses("DescribeSecurityGroups", json!({ "GroupName": ["web"] }));
    assert!(
        unknown.starts_with("InvalidGroup.NotFound: The security group 'web' does not exist in default VPC 'vpc-0"),
        "{unknown}"
    );
}

proptest! {
    /// What was authorized is shown, and revoking what is shown leaves what was there before.
    #[test]
    fn what_is_shown_can_be_revoked(ports in prop::collection::btree_set((0u16..50, 1u8..32), 1..20)) {
        let mut world = World::founded();
        let vpc = world.vpc("10.0.0.0/16");
        let group = world.group(&vpc, "web");
        let permissions: Vec<Value> = ports.iter().map(|(port, bits)| tcp(*port, &format!("10.0.0.0/{bits}"))).collect();
        world.ec2("AuthorizeSecurityGroupIngress", json!({ "GroupId": group, "IpPermissions": permissions }));
        let shown = world.ec2("DescribeSecurityGroups", json!({ "GroupId": [group] }));
        let shown = &shown["securityGroupInfo"][0]["ipPermissions"];
        let count: usize = shown.as_array().unwrap().iter().map(|p| p["ipRanges"].as_array().unwrap().len()).sum();
        prop_assert_eq!(count, permissions.len());
        world.ec2("RevokeSecurityGroupIngress", json!({ "GroupId": group, "IpPermissions": shown }));
        prop_assert_eq!(world.state.security_group_rules.iter().filter(|rule| rule.group.as_str() == group && !rule.egress).count(), 0);
    }
}
