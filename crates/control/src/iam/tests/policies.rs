use super::*;

#[test]
fn versions_of_a_policy() {
    let mut world = World::new();
    let made = world.iam(
        "CreatePolicy",
        json!({"PolicyName": "p", "Path": "/a/", "PolicyDocument": allow("s3:*"), "Description": "d"}),
    );
    let arn = made["Policy"]["Arn"].clone();
    assert_eq!(arn, "arn:aws:iam::123456789012:policy/a/p");
    let got = world.iam("GetPolicy", json!({"PolicyArn": arn}))["Policy"].clone();
    assert_eq!((&made["Policy"]["Description"], &got["Description"]), (&Value::Null, &json!("d")));
    assert_eq!((&made["Policy"]["Tags"], &got["Tags"]), (&Value::Null, &json!([])));
    let again = world.iam_refuses("CreatePolicy", json!({"PolicyName": "p", "PolicyDocument": allow("s3:*")}));
    assert_eq!(again, "EntityAlreadyExists: A policy called p already exists. Duplicate names are not allowed.");
    for n in 2..=5 {
        let request = json!({"PolicyArn": arn, "PolicyDocument": allow("sqs:*"), "SetAsDefault": n == 3});
        assert_eq!(world.iam("CreatePolicyVersion", request)["PolicyVersion"]["VersionId"], format!("v{n}"));
    }
    let sixth = world.iam_refuses("CreatePolicyVersion", json!({"PolicyArn": arn, "PolicyDocument": allow("sqs:*")}));
    assert!(sixth.starts_with("LimitExceeded: A managed policy can have up to 5 versions."), "{sixth}");
    let version = |id: &str| json!({"PolicyArn": arn, "VersionId": id});
    let third = world.iam("GetPolicyVersion", version("v3"))["PolicyVersion"].clone();
    assert_eq!(third["IsDefaultVersion"], true);
    assert!(third["Document"].as_str().unwrap().contains("sqs%3A%2A"));
    let refused = world.iam_refuses("DeletePolicyVersion", version("v3"));
    assert_eq!(refused, "DeleteConflict: Cannot delete the default version of a policy.");
    let refused = world.iam_refuses("DeletePolicy", json!({"PolicyArn": arn}));
    assert!(refused.starts_with("DeleteConflict: This policy has more than one version."), "{refused}");
    world.iam("SetDefaultPolicyVersion", version("v1"));
    for id in ["v2", "v3", "v4", "v5"] {
        world.iam("DeletePolicyVersion", version(id));
    }
    // A number is never given twice.
    let next = world.iam("CreatePolicyVersion", json!({"PolicyArn": arn, "PolicyDocument": allow("sqs:*")}));
    assert_eq!(next["PolicyVersion"]["VersionId"], "v6");
    let ids = world.iam("ListPolicyVersions", json!({"PolicyArn": arn}))["Versions"].clone();
    assert_eq!((&ids[0]["VersionId"], &ids[1]["VersionId"]), (&json!("v6"), &json!("v1")));
    assert!(world.iam_refuses("GetPolicyVersion", version("v2")).starts_with("NoSuchEntity: "));
    let none = "arn:aws:iam::123456789012:policy/none";
    for operation in ["GetPolicyVersion", "SetDefaultPolicyVersion"] {
        let refused = world.iam_refuses(operation, json!({"PolicyArn": none, "VersionId": "v1"}));
        assert_eq!(refused, format!("NoSuchEntity: Policy {none} version v1 does not exist or is not attachable."));
    }
}

#[test]
fn what_a_policy_is_attached_to() {
    let mut world = World::new();
    let arn =
        world.iam("CreatePolicy", json!({"PolicyName": "p", "PolicyDocument": allow("s3:*")}))["Policy"]["Arn"].clone();
    world.task_role("a");
    world.task_role("b");
    world.iam("CreateUser", json!({"UserName": "u"}));
    world.iam("AttachRolePolicy", json!({"RoleName": "a", "PolicyArn": arn}));
    world.iam("AttachRolePolicy", json!({"RoleName": "a", "PolicyArn": arn}));
    world.iam("AttachUserPolicy", json!({"UserName": "u", "PolicyArn": arn}));
    world.iam("PutRolePermissionsBoundary", json!({"RoleName": "b", "PermissionsBoundary": arn}));
    let policy = world.iam("GetPolicy", json!({"PolicyArn": arn}))["Policy"].clone();
    assert_eq!((&policy["AttachmentCount"], &policy["PermissionsBoundaryUsageCount"]), (&json!(2), &json!(1)));
    let entities =
        world.iam("ListEntitiesForPolicy", json!({"PolicyArn": arn, "PolicyUsageFilter": "PermissionsPolicy"}));
    assert_eq!(
        (&entities["PolicyRoles"][0]["RoleName"], &entities["PolicyUsers"][0]["UserName"]),
        (&json!("a"), &json!("u"))
    );
    assert_eq!(entities["PolicyRoles"].as_array().unwrap().len(), 1);
    let boundary = world.iam("GetRole", json!({"RoleName": "b"}))["Role"]["PermissionsBoundary"].clone();
    assert_eq!(boundary["PermissionsBoundaryArn"], arn);
    let refused = world.iam_refuses("DeletePolicy", json!({"PolicyArn": arn}));
    assert_eq!(refused, "DeleteConflict: Cannot delete a policy attached to entities.");
    let local = world.iam("ListPolicies", json!({"Scope": "Local", "OnlyAttached": true}));
    assert_eq!(local["Policies"].as_array().unwrap().len(), 1);
    let attached = world.iam("ListPolicies", json!({"OnlyAttached": true}))["Policies"].as_array().unwrap().len();
    assert_eq!(attached, 1, "none of AWS's is attached");
}

#[test]
fn awss_policies_are_there_and_stay_as_they_are() {
    let mut world = World::new();
    let arn = "arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy";
    let policy = world.iam("GetPolicy", json!({"PolicyArn": arn}))["Policy"].clone();
    assert_eq!((&policy["Path"], &policy["DefaultVersionId"]), (&json!("/service-role/"), &json!("v1")));
    let version = world.iam("GetPolicyVersion", json!({"PolicyArn": arn, "VersionId": "v1"}))["PolicyVersion"].clone();
    assert!(version["Document"].as_str().unwrap().contains("ecr%3AGetAuthorizationToken"));
    let power = "arn:aws:iam::aws:policy/PowerUserAccess";
    let policy = world.iam("GetPolicy", json!({"PolicyArn": power}))["Policy"].clone();
    let default = policy["DefaultVersionId"].clone();
    assert_ne!(default, "v1");
    let version = world.iam("GetPolicyVersion", json!({"PolicyArn": power, "VersionId": default}));
    assert_eq!(version["PolicyVersion"]["CreateDate"], policy["UpdateDate"]);
    let refused = world.iam_refuses("CreatePolicyVersion", json!({"PolicyArn": arn, "PolicyDocument": allow("s3:*")}));
    assert!(refused.starts_with("AccessDenied: "), "{refused}");
    world.task_role("app");
    let linked = "arn:aws:iam::aws:policy/aws-service-role/AmazonECSServiceRolePolicy";
    let refused = world.iam_refuses("AttachRolePolicy", json!({"RoleName": "app", "PolicyArn": linked}));
    assert!(refused.starts_with("PolicyNotAttachable: "), "{refused}");
    let none = "arn:aws:iam::aws:policy/NoSuchPolicyAnywhere";
    let refused = world.iam_refuses("AttachRolePolicy", json!({"RoleName": "app", "PolicyArn": none}));
    assert_eq!(refused, format!("NoSuchEntity: Policy {none} does not exist or is not attachable."));
}

#[test]
fn keys_of_a_policys_tags_differ_by_case() {
    let mut world = World::new();
    let tag = |key: &str, value: &str| json!({"Key": key, "Value": value});
    let create = |tags: Value| json!({"PolicyName": "p", "PolicyDocument": allow("s3:*"), "Tags": tags});
    let twice = world.iam_refuses("CreatePolicy", create(json!([tag("a", "1"), tag("a", "2")])));
    assert_eq!(twice, "InvalidInput: Duplicate tag keys found.");
    let both = json!([tag("A", "1"), tag("a", "2")]);
    let arn = world.iam("CreatePolicy", create(both.clone()))["Policy"]["Arn"].clone();
    assert_eq!(world.iam("ListPolicyTags", json!({"PolicyArn": arn}))["Tags"], both);
    world.iam("UntagPolicy", json!({"PolicyArn": arn, "TagKeys": ["a"]}));
    assert_eq!(world.iam("ListPolicyTags", json!({"PolicyArn": arn}))["Tags"], json!([tag("A", "1")]));
}

#[test]
fn a_boundary_is_named_by_its_arn() {
    let mut world = World::new();
    world.task_role("app");
    for (arn, refusal) in [
        (
            "arn:aws:iam::123456789012:not_a_policy/x",
            "InvalidInput: ARN arn:aws:iam::123456789012:not_a_policy/x is not valid.",
        ),
        (
            "arn:aws:iam::123456789012:policy/none",
            "NoSuchEntity: Scope ARN: arn:aws:iam::123456789012:policy/none does not exist or is not attachable.",
        ),
    ] {
        let request = json!({"RoleName": "app", "PermissionsBoundary": arn});
        assert_eq!(world.iam_refuses("PutRolePermissionsBoundary", request), refusal);
    }
}

#[test]
fn a_role_has_ten_policies_and_no_more() {
    let mut world = World::new();
    world.task_role("app");
    for n in 0..11 {
        let request = json!({"PolicyName": format!("p{n}"), "PolicyDocument": allow("s3:*")});
        let arn = world.iam("CreatePolicy", request)["Policy"]["Arn"].clone();
        let attach = json!({"RoleName": "app", "PolicyArn": arn});
        match n {
            10 => assert_eq!(
                world.iam_refuses("AttachRolePolicy", attach),
                "LimitExceeded: Cannot exceed quota for PoliciesPerRole: 10"
            ),
            _ => drop(world.iam("AttachRolePolicy", attach)),
        }
    }
    let long = format!("s3:{}", "x".repeat(10_240));
    let refused = world
        .iam_refuses("PutRolePolicy", json!({"RoleName": "app", "PolicyName": "p", "PolicyDocument": allow(&long)}));
    assert_eq!(refused, "LimitExceeded: Maximum policy size of 10240 bytes exceeded for role app");
    let refused = world.iam_refuses("CreatePolicy", json!({"PolicyName": "long", "PolicyDocument": allow(&long)}));
    assert_eq!(refused, "LimitExceeded: Cannot exceed quota for PolicySize: 6144");
}
