//! Clusters as a client meets them.

use crate::testing::World;
use serde_json::{Value, json};

fn names(answer: &Value) -> Vec<&str> {
    answer["clusterArns"]
        .as_array()
        .unwrap()
        .iter()
        .map(|arn| arn.as_str().unwrap().rsplit('/').next().unwrap())
        .collect()
}

#[test]
fn a_new_cluster_is_shown_as_aws_shows_it() {
    let mut world = World::new();
    let made = world.ecs("CreateCluster", json!({}));
    assert_eq!(
        made["cluster"],
        json!({
            "clusterArn": "arn:aws:ecs:us-east-1:123456789012:cluster/default",
            "clusterName": "default",
            "status": "ACTIVE",
            "registeredContainerInstancesCount": 0,
            "runningTasksCount": 0,
            "pendingTasksCount": 0,
            "activeServicesCount": 0,
            "statistics": [],
            "tags": [],
            "settings": [{"name": "containerInsights", "value": "disabled"}],
            "capacityProviders": [],
            "defaultCapacityProviderStrategy": [],
        })
    );
}

#[test]
fn the_same_request_again_is_no_error_and_another_is() {
    let mut world = World::new();
    let request = json!({"clusterName": "a", "capacityProviders": ["FARGATE"], "tags": [{"key": "k", "value": "v"}]});
    let first = world.ecs("CreateCluster", request.clone());
    assert_eq!(world.ecs("CreateCluster", request), first);
    assert_eq!(world.ecs("CreateCluster", json!({"clusterName": "a"})), first);
    assert_eq!(
        world.ecs_refuses("CreateCluster", json!({"clusterName": "a", "capacityProviders": ["FARGATE_SPOT"]})),
        "InvalidParameterException: Arguments on this idempotent request are inconsistent with arguments used in previous request(s)."
    );
}

#[test]
fn what_is_wrong_with_a_cluster_is_said_as_aws_says_it() {
    let strategy = |items: Value| json!({"capacityProviders": ["FARGATE", "FARGATE_SPOT"], "defaultCapacityProviderStrategy": items});
    let bad = [
        (json!({"clusterName": "a b"}), r"ClusterName must match ^[a-zA-Z0-9\-_]{1,255}$"),
        (json!({"clusterName": "a".repeat(256)}), r"ClusterName must match ^[a-zA-Z0-9\-_]{1,255}$"),
        (
            json!({"capacityProviders": ["mine"]}),
            "The specified capacity provider was not found. Specify a valid name or ARN and try again.",
        ),
        (
            json!({"capacityProviders": ["FARGATE"], "defaultCapacityProviderStrategy": [{"capacityProvider": "FARGATE_SPOT"}]}),
            "The specified capacity provider strategy cannot contain a capacity provider that is not associated with the cluster. \
             Associate the capacity provider with the cluster or specify a valid capacity provider and try again.",
        ),
        (
            strategy(
                json!([{"capacityProvider": "FARGATE", "base": 1}, {"capacityProvider": "FARGATE_SPOT", "base": 1}]),
            ),
            "The specified capacity provider strategy contains multiple capacity providers with a base value defined. \
             Only one capacity provider per strategy can have a base value defined.",
        ),
        (
            json!({"configuration": {"executeCommandConfiguration": {"logging": "OVERRIDE"}}}),
            "A CloudWatch log group name or S3 bucket name must be specified when overriding the default log configuration",
        ),
        (
            json!({"configuration": {"executeCommandConfiguration": {"logging": "DEFAULT", "logConfiguration": {"s3BucketName": "b"}}}}),
            "You must set logging to 'OVERRIDE' when you supply a log configuration",
        ),
        (
            json!({"configuration": {"managedStorageConfiguration": {"kmsKeyId": "k"}}}),
            "neargate does not support managedStorageConfiguration yet.",
        ),
        (
            json!({"tags": [{"key": "aws:x", "value": "v"}]}),
            "Tag keys and values starting with 'aws:' are reserved for internal use: 'aws:x'.",
        ),
    ];
    let mut world = World::new();
    for (request, text) in bad {
        assert_eq!(
            world.ecs_refuses("CreateCluster", request.clone()),
            format!("InvalidParameterException: {text}"),
            "{request}"
        );
    }
    assert_eq!(names(&world.ecs("ListClusters", json!({}))), Vec::<&str>::new());
}

#[test]
fn described_by_name_arn_and_default_with_what_was_asked_for() {
    let mut world = World::new();
    world.ecs("CreateCluster", json!({"tags": [{"key": "k", "value": "v"}]}));
    let plain = world.ecs("DescribeClusters", json!({}));
    assert_eq!(
        (&plain["clusters"][0]["tags"], &plain["clusters"][0]["settings"], &plain["failures"]),
        (&json!([]), &json!([]), &json!([]))
    );
    let arn = &plain["clusters"][0]["clusterArn"];
    let full = world.ecs(
        "DescribeClusters",
        json!({"clusters": [arn, "gone"], "include": ["TAGS", "SETTINGS", "STATISTICS", "ATTACHMENTS"]}),
    );
    let cluster = &full["clusters"][0];
    assert_eq!(cluster["tags"], json!([{"key": "k", "value": "v"}]));
    assert_eq!(cluster["settings"], json!([{"name": "containerInsights", "value": "disabled"}]));
    assert_eq!(cluster["statistics"][1], json!({"name": "runningFargateTasksCount", "value": "0"}));
    assert_eq!(
        full["failures"],
        json!([{"arn": "arn:aws:ecs:us-east-1:123456789012:cluster/gone", "reason": "MISSING"}])
    );
}

#[test]
fn a_deleted_cluster_is_inactive_until_it_is_made_again() {
    let mut world = World::new();
    world.ecs("CreateCluster", json!({"clusterName": "a", "tags": [{"key": "k", "value": "v"}]}));
    assert_eq!(world.ecs("DeleteCluster", json!({"cluster": "a"}))["cluster"]["status"], "INACTIVE");
    assert_eq!(world.ecs("DeleteCluster", json!({"cluster": "a"}))["cluster"]["status"], "INACTIVE");
    assert_eq!(names(&world.ecs("ListClusters", json!({}))), Vec::<&str>::new());
    assert_eq!(world.ecs("DescribeClusters", json!({"clusters": ["a"]}))["clusters"][0]["status"], "INACTIVE");
    let gone = "ClusterNotFoundException: Cluster not found.";
    assert_eq!(world.ecs_refuses("UpdateClusterSettings", json!({"cluster": "a", "settings": []})), gone);
    assert_eq!(world.ecs_refuses("DeleteCluster", json!({"cluster": "b"})), gone);
    assert_eq!(world.ecs("CreateCluster", json!({"clusterName": "a"}))["cluster"]["tags"], json!([]));
}

#[test]
fn pages_hold_every_cluster_once() {
    let mut world = World::new();
    let made: Vec<String> = (0..7).map(|n| format!("c{n}")).collect();
    made.iter().for_each(|name| drop(world.ecs("CreateCluster", json!({"clusterName": name}))));
    let (mut seen, mut token) = (Vec::new(), Value::Null);
    loop {
        let page = world.ecs("ListClusters", json!({"maxResults": 3, "nextToken": token}));
        seen.extend(names(&page).into_iter().map(str::to_owned));
        token = page["nextToken"].clone();
        if token.is_null() {
            break;
        }
    }
    assert_eq!(seen, made);
    assert!(
        world.ecs_refuses("ListClusters", json!({"nextToken": "made up"})).starts_with("InvalidParameterException")
    );
}

#[test]
fn updates_change_what_they_name() {
    let mut world = World::new();
    world.ecs("CreateCluster", json!({"clusterName": "a"}));
    let settings = json!([{"name": "containerInsights", "value": "enhanced"}]);
    world.ecs("UpdateCluster", json!({"cluster": "a", "settings": settings}));
    world.ecs("UpdateClusterSettings", json!({"cluster": "a", "settings": []}));
    let put = json!({
        "cluster": "a", "capacityProviders": ["FARGATE"],
        "defaultCapacityProviderStrategy": [{"capacityProvider": "FARGATE", "weight": 2}],
    });
    let cluster = &world.ecs("PutClusterCapacityProviders", put)["cluster"];
    assert_eq!((&cluster["settings"], &cluster["capacityProviders"]), (&settings, &json!(["FARGATE"])));
    assert_eq!(
        cluster["defaultCapacityProviderStrategy"],
        json!([{"capacityProvider": "FARGATE", "weight": 2, "base": 0}])
    );
}
