//! DeleteSecret, RestoreSecret, and what happens when the recovery window is over.

use super::{DELETED, MISSING, token};
use crate::testing::World;
use serde_json::json;

const DAY: i64 = 24 * 60 * 60 * 1_000;

#[test]
fn a_secret_that_waits_for_its_end_is_out_of_reach_until_it_is_restored() {
    let mut world = World::new();
    let arn = world.secret("key", "v");
    let deleted = world.secrets("DeleteSecret", json!({"SecretId": "key", "RecoveryWindowInDays": 7}));
    assert_eq!(deleted, json!({"ARN": arn, "Name": "key", "DeletionDate": 1 + 7 * DAY / 1_000}));
    for (operation, request) in [
        ("GetSecretValue", json!({"SecretId": "key"})),
        ("PutSecretValue", json!({"SecretId": "key", "SecretString": "w", "ClientRequestToken": token(2)})),
        ("UpdateSecret", json!({"SecretId": "key", "Description": "d"})),
        ("DeleteSecret", json!({"SecretId": "key"})),
        ("TagResource", json!({"SecretId": "key", "Tags": []})),
        ("GetResourcePolicy", json!({"SecretId": "key"})),
    ] {
        assert_eq!(world.secrets_refuse(operation, request), DELETED, "{operation}");
    }
    assert_eq!(
        world.secrets_refuse("CreateSecret", json!({"Name": "key"})),
        "InvalidRequestException: You can't create this secret because a secret with this name is already scheduled for deletion."
    );
    let described = world.secrets("DescribeSecret", json!({"SecretId": "key"}));
    assert_eq!(described["DeletedDate"], 1 + 7 * DAY / 1_000);
    assert_eq!(world.secrets("RestoreSecret", json!({"SecretId": "key"})), json!({"ARN": arn, "Name": "key"}));
    world.now += 8 * DAY;
    world.transact(|_| Ok(())).unwrap();
    assert_eq!(world.secrets("GetSecretValue", json!({"SecretId": "key"}))["SecretString"], "v");
}

#[test]
fn it_goes_with_all_its_versions_when_its_time_is_over() {
    let mut world = World::new();
    world.secret("key", "v");
    world.put_secret("key", "w", 2);
    world.secret("key-2", "other");
    // Deleted, restored and deleted again: the last date counts.
    world.secrets("DeleteSecret", json!({"SecretId": "key", "RecoveryWindowInDays": 7}));
    world.secrets("RestoreSecret", json!({"SecretId": "key"}));
    world.secrets("DeleteSecret", json!({"SecretId": "key"}));
    world.now += 30 * DAY - 1;
    world.transact(|_| Ok(())).unwrap();
    assert!(world.state.secrets.contains("key"));
    world.now += 1;
    world.transact(|_| Ok(())).unwrap();
    assert_eq!(world.secrets_refuse("DescribeSecret", json!({"SecretId": "key"})), MISSING);
    assert_eq!((world.state.secret_versions.len(), world.state.expiries.len()), (1, 0));
}

#[test]
fn by_force_it_goes_at_once_and_its_name_is_free() {
    let mut world = World::new();
    let first = world.secret("key", "v");
    world.secrets("DeleteSecret", json!({"SecretId": "key"}));
    let force = json!({"SecretId": first, "ForceDeleteWithoutRecovery": true});
    assert_eq!(world.secrets("DeleteSecret", force.clone()), json!({"ARN": first, "Name": "key", "DeletionDate": 1}));
    assert!(world.state.secret_versions.is_empty() && world.state.expiries.is_empty());
    let second = world.secret("key", "v");
    assert_ne!(first, second);
    assert_eq!(world.secrets_refuse("GetSecretValue", json!({"SecretId": first})), MISSING);
    // What is not there is gone already.
    let nothing = world.secrets("DeleteSecret", json!({"SecretId": "never", "ForceDeleteWithoutRecovery": true}));
    assert_eq!(nothing["Name"], "never");
    assert_eq!(world.secrets_refuse("DeleteSecret", json!({"SecretId": "never"})), MISSING);
}

#[test]
fn a_window_is_of_seven_to_thirty_days() {
    let mut world = World::new();
    world.secret("key", "v");
    for days in [0, 6, 31] {
        assert_eq!(
            world.secrets_refuse("DeleteSecret", json!({"SecretId": "key", "RecoveryWindowInDays": days})),
            "InvalidParameterException: RecoveryWindowInDays value must be between 7 and 30 days (inclusive)."
        );
    }
    let both = json!({"SecretId": "key", "RecoveryWindowInDays": 7, "ForceDeleteWithoutRecovery": true});
    assert_eq!(
        world.secrets_refuse("DeleteSecret", both),
        "InvalidParameterException: You can't use ForceDeleteWithoutRecovery in conjunction with RecoveryWindowInDays."
    );
}
