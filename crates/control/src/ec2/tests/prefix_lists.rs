use super::*;

impl World {
    /// Makes a prefix list and returns its id.
    pub(super) fn list(&mut self, name: &str, size: i32, ranges: &[&str]) -> String {
        let entries: Vec<Value> = ranges.iter().map(|range| json!({ "Cidr": range })).collect();
        let request = json!({ "PrefixListName": name, "MaxEntries": size, "AddressFamily": "IPv4", "Entry": entries });
        text(&self.ec2("CreateManagedPrefixList", request), "/prefixList/prefixListId")
    }

    fn ranges(&mut self, list: &str, version: Option<i64>) -> Vec<String> {
        let mut request = json!({ "PrefixListId": list });
        if let Some(version) = version {
            request["TargetVersion"] = json!(version);
        }
        texts(&self.ec2("GetManagedPrefixListEntries", request), "/entrySet", "/cidr")
    }
}

fn modify(list: &str, more: Value) -> Value {
    let mut request = json!({ "PrefixListId": list });
    request.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    request
}

/// A rule for SSH from a prefix list.
fn ssh_from(group: &str, list: &str) -> Value {
    json!({ "GroupId": group, "IpPermissions": [{ "IpProtocol": "tcp", "FromPort": 22, "ToPort": 22,
        "PrefixListIds": [{ "PrefixListId": list, "Description": "office" }] }] })
}

#[test]
fn every_change_of_entries_is_a_version_that_can_be_read_and_restored() {
    let mut world = World::founded();
    let list = world.list("office", 3, &["10.0.0.9/8", "192.168.0.0/16"]);
    let changed = world.ec2(
        "ModifyManagedPrefixList",
        modify(
            &list,
            json!({ "CurrentVersion": 1, "AddEntry": [{ "Cidr": "172.16.0.0/12", "Description": "lab" }],
            "RemoveEntry": [{ "Cidr": "10.0.0.0/8" }] }),
        ),
    );
    assert_eq!(
        (&changed["prefixList"]["version"], text(&changed, "/prefixList/state")),
        (&json!(2), "modify-complete".into())
    );
    assert_eq!(world.ranges(&list, None), ["172.16.0.0/12", "192.168.0.0/16"]);
    assert_eq!(world.ranges(&list, Some(1)), ["10.0.0.0/8", "192.168.0.0/16"]);
    assert_eq!(
        world.ec2_refuses("GetManagedPrefixListEntries", json!({ "PrefixListId": list, "TargetVersion": 3 })),
        "InvalidParameterValue: Value (3) for parameter TargetVersion is invalid. There is no such version."
    );
    let renamed = world.ec2("ModifyManagedPrefixList", modify(&list, json!({ "PrefixListName": "home" })));
    assert_eq!(
        (&renamed["prefixList"]["version"], text(&renamed, "/prefixList/prefixListName")),
        (&json!(2), "home".into())
    );
    let restore = |current: i64| json!({ "PrefixListId": list, "PreviousVersion": 1, "CurrentVersion": current });
    assert_eq!(
        world.ec2_refuses("RestoreManagedPrefixListVersion", restore(1)),
        "PrefixListVersionMismatch: The prefix list has the incorrect version number."
    );
    let restored = world.ec2("RestoreManagedPrefixListVersion", restore(2));
    assert_eq!(
        (&restored["prefixList"]["version"], text(&restored, "/prefixList/state")),
        (&json!(3), "restore-complete".into())
    );
    assert_eq!(world.ranges(&list, None), ["10.0.0.0/8", "192.168.0.0/16"]);
}

#[test]
fn changes_that_do_not_hold_are_refused() {
    let mut world = World::founded();
    let list = world.list("office", 1, &["10.0.0.0/8"]);
    let mut refused = |more: Value| world.ec2_refuses("ModifyManagedPrefixList", modify(&list, more));
    let add = |range: &str| json!([{ "Cidr": range }]);
    assert_eq!(
        refused(json!({ "AddEntry": add("10.1.0.0/16") })),
        "PrefixListMaxEntriesExceeded: You've reached the maximum number of entries for the prefix list."
    );
    assert_eq!(
        refused(json!({ "RemoveEntry": add("10.1.0.0/16") })),
        "InvalidPrefixListModification: The prefix list entry with the CIDR 10.1.0.0/16 does not exist."
    );
    assert_eq!(
        refused(json!({ "AddEntry": add("10.0.0.0/8") })),
        "InvalidPrefixListModification: The request received will not change the prefix list."
    );
    assert_eq!(
        refused(json!({ "AddEntry": add("10.1.0.0/16"), "MaxEntries": 5 })),
        "InvalidParameterCombination: You cannot modify the entries and the maximum entries for the prefix list in the same request."
    );
    assert_eq!(
        refused(json!({ "CurrentVersion": 7, "PrefixListName": "x" })),
        "PrefixListVersionMismatch: The prefix list has the incorrect version number."
    );
    let create = |name: &str, family: &str, size: i32| json!({ "PrefixListName": name, "MaxEntries": size, "AddressFamily": family });
    assert_eq!(
        world.ec2_refuses("CreateManagedPrefixList", create("a", "IPv6", 1)),
        "UnsupportedOperation: The parameter AddressFamily=IPv6 is not supported by neargate."
    );
    for (name, size) in [("com.amazonaws.x", 1), ("a", 0), ("a", 1001)] {
        let refused = world.ec2_refuses("CreateManagedPrefixList", create(name, "IPv4", size));
        assert!(refused.starts_with("InvalidParameterValue: Value ("), "{refused}");
    }
}

#[test]
fn aws_s_own_lists_are_shown_and_stay_as_they_are() {
    let mut world = World::founded();
    let list = world.list("office", 1, &[]);
    let shown = world.ec2("DescribeManagedPrefixLists", json!({}));
    let mut all = [list.as_str(), "pl-02cd2c6b", "pl-63a5400a"];
    all.sort_unstable();
    assert_eq!(texts(&shown, "/prefixListSet", "/prefixListId"), all);
    let by_name = json!({ "Filter": [{ "Name": "prefix-list-name", "Value": ["com.amazonaws.us-east-1.s3"] }] });
    for operation in ["DescribeManagedPrefixLists", "DescribePrefixLists"] {
        let shown = world.ec2(operation, by_name.clone());
        assert_eq!(texts(&shown, "/prefixListSet", "/prefixListId"), ["pl-63a5400a"], "{operation}");
    }
    let shown = world.ec2("DescribeManagedPrefixLists", json!({ "PrefixListId": ["pl-63a5400a"] }));
    assert_eq!(
        (text(&shown, "/prefixListSet/0/ownerId"), shown["prefixListSet"][0].get("version")),
        ("AWS".into(), None)
    );
    assert_eq!(world.ranges("pl-63a5400a", None), ["198.19.254.16/28"]);
    let refused = world.ec2_refuses("DeleteManagedPrefixList", json!({ "PrefixListId": "pl-63a5400a" }));
    assert_eq!(
        refused,
        "OperationNotPermitted: The prefix list 'pl-63a5400a' is managed by AWS and cannot be changed."
    );
    let unknown = world.ec2_refuses("DescribePrefixLists", json!({ "PrefixListId": [list] }));
    assert_eq!(unknown, format!("InvalidPrefixListID.NotFound: The prefix list ID '{list}' does not exist"));
}

#[test]
fn rules_name_prefix_lists_which_then_stay() {
    let mut world = World::founded();
    let vpc = world.vpc("10.0.0.0/16");
    let (group, list) = (world.group(&vpc, "web"), world.list("office", 5, &["203.0.113.0/24"]));
    let made = world.ec2("AuthorizeSecurityGroupIngress", ssh_from(&group, &list));
    assert_eq!(text(&made, "/securityGroupRuleSet/0/prefixListId"), list);
    let shown = world.ec2(
        "DescribeSecurityGroups",
        json!({ "Filter": [{ "Name": "ip-permission.prefix-list-id", "Value": [list] }] }),
    );
    assert_eq!(
        shown["securityGroupInfo"][0]["ipPermissions"][0]["prefixListIds"],
        json!([{ "description": "office", "prefixListId": list }])
    );
    let told = crate::ec2::topology(&world.state);
    assert_eq!(told.prefix_lists[list.as_str()].len(), 1, "hosts know its ranges");
    let again = world.ec2_refuses("AuthorizeSecurityGroupIngress", ssh_from(&group, &list));
    assert_eq!(
        again,
        format!(
            "InvalidPermission.Duplicate: the specified rule \"peer: {list}, TCP, from port: 22, to port: 22, ALLOW\" already exists"
        )
    );
    let users = world.ec2("GetManagedPrefixListAssociations", json!({ "PrefixListId": list }));
    assert_eq!(texts(&users, "/prefixListAssociationSet", "/resourceId"), [group.as_str()]);

    let failed = world.ec2("DeleteManagedPrefixList", json!({ "PrefixListId": list }));
    assert_eq!(text(&failed, "/prefixList/state"), "delete-failed");
    assert_eq!(text(&failed, "/prefixList/stateMessage"), format!("The prefix list is in use by: {group}"));
    let revoked = world.ec2("RevokeSecurityGroupIngress", ssh_from(&group, &list));
    assert_eq!(text(&revoked, "/revokedSecurityGroupRuleSet/0/prefixListId"), list);
    let gone = world.ec2("DeleteManagedPrefixList", json!({ "PrefixListId": list }));
    assert_eq!(text(&gone, "/prefixList/state"), "delete-in-progress");
    let refused = world.ec2_refuses("AuthorizeSecurityGroupIngress", ssh_from(&group, &list));
    assert_eq!(refused, format!("InvalidPrefixListID.NotFound: The prefix list ID '{list}' does not exist"));
}

#[test]
fn a_list_counts_as_many_rules_as_it_may_have_entries() {
    let mut world = World::founded();
    let vpc = world.vpc("10.0.0.0/16");
    let group = world.group(&vpc, "web");
    let (large, small) = (world.list("large", 59, &[]), world.list("small", 2, &[]));
    world.ec2("AuthorizeSecurityGroupIngress", ssh_from(&group, &large));
    let full = "RulesPerSecurityGroupLimitExceeded: The maximum number of rules per security group has been reached.";
    assert_eq!(world.ec2_refuses("AuthorizeSecurityGroupIngress", ssh_from(&group, &small)), full);
    world.ec2("AuthorizeSecurityGroupIngress", ssh_from(&group, "pl-63a5400a"));
    let failed = world.ec2("ModifyManagedPrefixList", modify(&large, json!({ "MaxEntries": 60 })));
    assert_eq!(
        (text(&failed, "/prefixList/state"), &failed["prefixList"]["maxEntries"]),
        ("modify-failed".into(), &json!(59))
    );
    world.ec2("ModifyManagedPrefixList", modify(&large, json!({ "MaxEntries": 50 })));
    world.ec2("AuthorizeSecurityGroupIngress", ssh_from(&group, &small));
    let rules =
        world.ec2("DescribeSecurityGroupRules", json!({ "Filter": [{ "Name": "group-id", "Value": [group] }] }));
    let of_small =
        rules["securityGroupRuleSet"].as_array().unwrap().iter().find(|rule| rule["prefixListId"] == json!(small));
    let change = json!({ "GroupId": group, "SecurityGroupRule": [{ "SecurityGroupRuleId": of_small.unwrap()["securityGroupRuleId"],
        "SecurityGroupRule": { "IpProtocol": "udp", "FromPort": 53, "ToPort": 53, "PrefixListId": large } }] });
    assert_eq!(world.ec2_refuses("ModifySecurityGroupRules", change), full);
}
