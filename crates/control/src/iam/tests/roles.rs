use super::*;

#[test]
fn a_role_is_described_as_it_was_made() {
    let mut world = World::new();
    let made = world.iam(
        "CreateRole",
        json!({"RoleName": "App", "Path": "/team/", "AssumeRolePolicyDocument": trust("ecs-tasks.amazonaws.com"),
               "Description": "what it is for", "MaxSessionDuration": 7200,
               "Tags": [{"Key": "a", "Value": "b"}]}),
    );
    let role = world.iam("GetRole", json!({"RoleName": "App"}))["Role"].clone();
    // What was just made is told of in brief.
    let mut brief = role.clone();
    for name in ["Description", "MaxSessionDuration", "RoleLastUsed"] {
        assert!(brief.as_object_mut().unwrap().remove(name).is_some(), "{name}");
    }
    assert_eq!(made["Role"], brief);
    assert_eq!(role["Arn"], "arn:aws:iam::123456789012:role/team/App");
    let id = role["RoleId"].as_str().unwrap();
    assert!(id.starts_with("AROA") && id.len() == 21, "{id}");
    let document = role["AssumeRolePolicyDocument"].as_str().unwrap();
    assert!(document.starts_with("%7B%22Statement%22%3A%5B%7B%22Action%22%3A%22sts%3AAssumeRole%22"), "{document}");
    assert_eq!((&role["MaxSessionDuration"], &role["Tags"][0]["Value"]), (&json!(7200), &json!("b")));
    // Names differ by more than case; a reference does not forgive it.
    let again = json!({"RoleName": "app", "AssumeRolePolicyDocument": trust("ec2.amazonaws.com")});
    assert_eq!(world.iam_refuses("CreateRole", again), "EntityAlreadyExists: Role with name app already exists.");
    let other = world.iam_refuses("GetRole", json!({"RoleName": "app"}));
    assert_eq!(other, "NoSuchEntity: The role with name app cannot be found.");
    world.iam("UpdateRole", json!({"RoleName": "App", "MaxSessionDuration": 3600}));
    let role = world.iam("GetRole", json!({"RoleName": "App"}))["Role"].clone();
    assert_eq!((&role["MaxSessionDuration"], &role["Description"]), (&json!(3600), &json!("what it is for")));
}

#[test]
fn lists_come_in_pages() {
    let mut world = World::new();
    for n in 0..5 {
        let path = if n == 4 { "/other/" } else { "/" };
        let request =
            json!({"RoleName": format!("r{n}"), "Path": path, "AssumeRolePolicyDocument": trust("ec2.amazonaws.com")});
        world.iam("CreateRole", request);
    }
    let first = world.iam("ListRoles", json!({"MaxItems": 3}));
    assert_eq!((first["Roles"].as_array().unwrap().len(), &first["IsTruncated"]), (3, &json!(true)));
    let second = world.iam("ListRoles", json!({"MaxItems": 3, "Marker": first["Marker"]}));
    assert_eq!((second["Roles"].as_array().unwrap().len(), &second["IsTruncated"]), (2, &json!(false)));
    assert_eq!(second["Marker"], Value::Null);
    let other = world.iam("ListRoles", json!({"PathPrefix": "/other/"}));
    assert_eq!(other["Roles"][0]["RoleName"], "r4");
    assert_eq!(world.iam_refuses("ListRoles", json!({"Marker": "nonsense"})), "ValidationError: Invalid Marker.");
}

#[test]
fn a_role_is_deleted_once_nothing_hangs_on_it() {
    let mut world = World::new();
    world.task_role("app");
    let name = json!({"RoleName": "app"});
    let managed = "arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy";
    let attached = json!({"RoleName": "app", "PolicyArn": managed});
    world.iam("AttachRolePolicy", attached.clone());
    world.iam("PutRolePolicy", json!({"RoleName": "app", "PolicyName": "p", "PolicyDocument": allow("s3:*")}));
    let list = world.iam("ListAttachedRolePolicies", name.clone());
    assert_eq!(
        list["AttachedPolicies"],
        json!([{"PolicyName": "AmazonECSTaskExecutionRolePolicy", "PolicyArn": managed}])
    );
    let refused = world.iam_refuses("DeleteRole", name.clone());
    assert_eq!(refused, "DeleteConflict: Cannot delete entity, must detach all policies first.");
    world.iam("DetachRolePolicy", attached.clone());
    assert!(
        world.iam_refuses("DetachRolePolicy", attached).starts_with("NoSuchEntity: Policy arn:aws:iam::aws:policy/")
    );
    let refused = world.iam_refuses("DeleteRole", name.clone());
    assert_eq!(refused, "DeleteConflict: Cannot delete entity, must delete policies first.");
    assert_eq!(world.iam("ListRolePolicies", name.clone())["PolicyNames"], json!(["p"]));
    world.iam("DeleteRolePolicy", json!({"RoleName": "app", "PolicyName": "p"}));
    world.iam("DeleteRole", name.clone());
    world.iam_refuses("GetRole", name);
}

#[test]
fn a_service_linked_role_is_its_services() {
    let mut world = World::new();
    let made = world.iam("CreateServiceLinkedRole", json!({"AWSServiceName": "ecs.amazonaws.com"}));
    let arn = "arn:aws:iam::123456789012:role/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS";
    assert_eq!(made["Role"]["Arn"], arn);
    let name = json!({"RoleName": "AWSServiceRoleForECS"});
    assert!(world.iam_refuses("DeleteRole", name.clone()).starts_with("UnmodifiableEntity: "));
    let again = world.iam_refuses("CreateServiceLinkedRole", json!({"AWSServiceName": "ecs.amazonaws.com"}));
    assert!(again.starts_with("InvalidInput: Service role name AWSServiceRoleForECS has been taken"), "{again}");
    world.ecs("CreateCluster", json!({}));
    let status = |world: &mut World| {
        let task = world.iam("DeleteServiceLinkedRole", name.clone())["DeletionTaskId"].clone();
        world.iam("GetServiceLinkedRoleDeletionStatus", json!({"DeletionTaskId": task}))
    };
    let failed = status(&mut world);
    assert_eq!(failed["Status"], "FAILED");
    let used = &failed["Reason"]["RoleUsageList"][0]["Resources"][0];
    assert_eq!(used, "arn:aws:ecs:us-east-1:123456789012:cluster/default");
    world.ecs("DeleteCluster", json!({"cluster": "default"}));
    assert_eq!(status(&mut world)["Status"], "SUCCEEDED");
    world.iam_refuses("GetRole", name);
}

#[test]
fn tags_are_by_keys_of_any_case() {
    let mut world = World::new();
    world.task_role("app");
    let tag = |key: &str, value: &str| json!({"RoleName": "app", "Tags": [{"Key": key, "Value": value}]});
    world.iam("TagRole", tag("Team", "a"));
    world.iam("TagRole", tag("team", "b"));
    let tags = world.iam("ListRoleTags", json!({"RoleName": "app"}));
    assert_eq!(tags["Tags"], json!([{"Key": "team", "Value": "b"}]));
    assert!(world.iam_refuses("TagRole", tag("aws:x", "")).starts_with("InvalidInput: "));
    world.iam("UntagRole", json!({"RoleName": "app", "TagKeys": ["TEAM"]}));
    assert_eq!(world.iam("ListRoleTags", json!({"RoleName": "app"}))["Tags"], json!([]));
}
