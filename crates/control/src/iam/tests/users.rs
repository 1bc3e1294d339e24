use super::*;
use aws::api::sts;

#[test]
fn a_users_key_is_the_user() {
    let mut world = World::new();
    let user = world.iam("CreateUser", json!({"UserName": "ann"}))["User"].clone();
    let key = world.iam("CreateAccessKey", json!({"UserName": "ann"}))["AccessKey"].clone();
    let id = key["AccessKeyId"].as_str().unwrap().to_owned();
    assert!(id.starts_with("AKIA") && id.len() == 20, "{id}");
    assert_eq!(key["SecretAccessKey"].as_str().unwrap().len(), 40);
    world.key = id.clone();
    let who = world.call(&sts::API, "GetCallerIdentity", json!({})).unwrap();
    assert_eq!((&who["Arn"], &who["UserId"]), (&json!("arn:aws:iam::123456789012:user/ann"), &user["UserId"]));
    assert_eq!(world.iam("GetUser", json!({}))["User"]["UserName"], "ann");
    world.iam("CreateAccessKey", json!({}));
    let third = world.iam_refuses("CreateAccessKey", json!({}));
    assert_eq!(third, "LimitExceeded: Cannot exceed quota for AccessKeysPerUser: 2");
    // A key that was made here and is none any more is not taken for somebody else's.
    world.iam("UpdateAccessKey", json!({"AccessKeyId": id, "Status": "Inactive"}));
    let refused = "InvalidClientTokenId: The security token included in the request is invalid";
    assert_eq!(world.iam_refuses("GetUser", json!({})), refused);
    world.key = "test".to_owned();
    world.iam("DeleteAccessKey", json!({"UserName": "ann", "AccessKeyId": id}));
    world.key = id;
    assert_eq!(world.iam_refuses("GetUser", json!({})), refused);
    let ecs = world.ecs_refuses("ListClusters", json!({}));
    assert_eq!(ecs, "UnrecognizedClientException: The security token included in the request is invalid");
}

#[test]
fn a_user_is_deleted_after_what_it_has() {
    let mut world = World::new();
    let name = json!({"UserName": "ann"});
    world.iam("CreateUser", name.clone());
    let key = world.iam("CreateAccessKey", name.clone())["AccessKey"]["AccessKeyId"].clone();
    world.iam("PutUserPolicy", json!({"UserName": "ann", "PolicyName": "p", "PolicyDocument": allow("s3:*")}));
    let refused = world.iam_refuses("DeleteUser", name.clone());
    assert_eq!(refused, "DeleteConflict: Cannot delete entity, must delete access keys first.");
    world.iam("DeleteAccessKey", json!({"UserName": "ann", "AccessKeyId": key}));
    let refused = world.iam_refuses("DeleteUser", name.clone());
    assert_eq!(refused, "DeleteConflict: Cannot delete entity, must delete policies first.");
    world.iam("DeleteUserPolicy", json!({"UserName": "ann", "PolicyName": "p"}));
    assert_eq!(world.iam("ListGroupsForUser", name.clone())["Groups"], json!([]));
    world.iam("DeleteUser", name.clone());
    let refused = world.iam_refuses("ListGroupsForUser", name.clone());
    assert_eq!(refused, "NoSuchEntity: The user with name ann cannot be found.");
    assert_eq!(world.iam_refuses("GetUser", name), "NoSuchEntity: The user with name ann cannot be found.");
    assert_eq!(world.iam("GetUser", json!({}))["User"]["Arn"], "arn:aws:iam::123456789012:root");
}
