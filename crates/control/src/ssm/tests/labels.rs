//! LabelParameterVersion, UnlabelParameterVersion.

use crate::testing::World;
use serde_json::{Value, json};

fn labels(world: &mut World) -> Vec<Value> {
    let history = world.ssm("GetParameterHistory", json!({"Name": "key"}));
    history["Parameters"].as_array().unwrap().iter().map(|version| version["Labels"].clone()).collect()
}

#[test]
fn a_label_is_on_one_version_at_a_time() {
    let mut world = World::new();
    world.put_parameter("key", "1");
    world.put_parameter("key", "2");
    let label =
        json!({"Name": "key", "ParameterVersion": 1, "Labels": ["prod", "1st", "awsome", "ssm", "a b", "x.y-z_1"]});
    let answer = world.ssm("LabelParameterVersion", label);
    assert_eq!(answer, json!({"InvalidLabels": ["1st", "awsome", "ssm", "a b"], "ParameterVersion": 1}));
    assert_eq!(labels(&mut world), [json!(["prod", "x.y-z_1"]), json!([])]);
    world.ssm("LabelParameterVersion", json!({"Name": "key", "Labels": ["prod"]}));
    assert_eq!(labels(&mut world), [json!(["x.y-z_1"]), json!(["prod"])]);
    let removed = json!({"Name": "key", "ParameterVersion": 2, "Labels": ["prod", "never"]});
    assert_eq!(
        world.ssm("UnlabelParameterVersion", removed),
        json!({"RemovedLabels": ["prod"], "InvalidLabels": ["never"]})
    );
    assert_eq!(labels(&mut world), [json!(["x.y-z_1"]), json!([])]);
}

#[test]
fn a_version_has_ten_labels_at_most() {
    let mut world = World::new();
    world.put_parameter("key", "1");
    let ten: Vec<String> = (0..10).map(|n| format!("l{n}")).collect();
    world.ssm("LabelParameterVersion", json!({"Name": "key", "Labels": ten}));
    assert!(
        world
            .ssm_refuses("LabelParameterVersion", json!({"Name": "key", "Labels": ["one-more"]}))
            .starts_with("ParameterVersionLabelLimitExceeded: A parameter version can have maximum 10 labels.")
    );
    world.ssm("LabelParameterVersion", json!({"Name": "key", "Labels": ["l3"]}));
    assert!(
        world
            .ssm_refuses("LabelParameterVersion", json!({"Name": "key", "ParameterVersion": 7, "Labels": ["x"]}))
            .starts_with("ParameterVersionNotFound: Systems Manager could not find version 7 of key.")
    );
}
