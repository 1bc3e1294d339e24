use super::*;

#[test]
fn an_instance_profile_holds_one_role() {
    let mut world = World::new();
    world.task_role("app");
    world.task_role("other");
    let name = json!({"InstanceProfileName": "web"});
    world.iam("CreateInstanceProfile", name.clone());
    let refused = world.iam_refuses("CreateInstanceProfile", name.clone());
    assert_eq!(refused, "EntityAlreadyExists: Instance Profile web already exists.");
    let with = |role: &str| json!({"InstanceProfileName": "web", "RoleName": role});
    world.iam("AddRoleToInstanceProfile", with("app"));
    let refused = world.iam_refuses("AddRoleToInstanceProfile", with("other"));
    assert_eq!(refused, "LimitExceeded: Cannot exceed quota for InstanceSessionsPerInstanceProfile: 1");
    let profile = world.iam("GetInstanceProfile", name.clone())["InstanceProfile"].clone();
    assert_eq!(profile["Arn"], "arn:aws:iam::123456789012:instance-profile/web");
    assert_eq!(profile["Roles"][0]["RoleName"], "app");
    let of = world.iam("ListInstanceProfilesForRole", json!({"RoleName": "app"}));
    assert_eq!(of["InstanceProfiles"][0]["InstanceProfileName"], "web");
    let refused = world.iam_refuses("DeleteInstanceProfile", name.clone());
    assert_eq!(refused, "DeleteConflict: Cannot delete entity, must remove roles from instance profile first.");
    assert_eq!(world.iam_refuses("DeleteRole", json!({"RoleName": "app"})), refused);
    assert_eq!((&profile["Tags"], &profile["Roles"][0]["MaxSessionDuration"]), (&json!([]), &Value::Null));
    for (role, why) in [
        ("other", "Role other in Instance Profile web cannot be found."),
        ("none", "The role with name none cannot be found."),
    ] {
        let refused = world.iam_refuses("RemoveRoleFromInstanceProfile", with(role));
        assert_eq!(refused, format!("NoSuchEntity: {why}"));
    }
    world.iam("RemoveRoleFromInstanceProfile", with("app"));
    world.iam("DeleteRole", json!({"RoleName": "app"}));
    world.iam("DeleteInstanceProfile", name.clone());
    assert_eq!(world.iam_refuses("GetInstanceProfile", name), "NoSuchEntity: Instance Profile web cannot be found.");
}
