//! ListSecrets, and tags.

use crate::testing::World;
use serde_json::{Value, json};

fn world() -> World {
    let mut world = World::new();
    for (name, description, tag) in
        [("app/db", "The Database", "blue"), ("app/api", "an API key", "green"), ("other", "db of others", "red")]
    {
        world.now += 1_000;
        let tags = json!([{"Key": format!("team-{tag}"), "Value": tag}]);
        world.secrets("CreateSecret", json!({"Name": name, "Description": description, "Tags": tags}));
    }
    world
}

fn names(answer: &Value) -> Vec<&str> {
    answer["SecretList"].as_array().unwrap().iter().map(|secret| secret["Name"].as_str().unwrap()).collect()
}

#[test]
fn filters_choose_secrets() {
    let mut world = world();
    for (filters, expected) in [
        (json!([]), vec!["app/api", "app/db", "other"]),
        (json!([{"Key": "name", "Values": ["app/"]}]), vec!["app/api", "app/db"]),
        (json!([{"Key": "name", "Values": ["App/", "oth"]}]), vec!["other"]),
        (json!([{"Key": "name", "Values": ["!app/"]}]), vec!["other"]),
        (json!([{"Key": "description", "Values": ["the data"]}]), vec!["app/db"]),
        (json!([{"Key": "tag-key", "Values": ["team-g"]}]), vec!["app/api"]),
        (json!([{"Key": "tag-value", "Values": ["red", "blue"]}]), vec!["app/db", "other"]),
        (json!([{"Key": "all", "Values": ["DB"]}]), vec!["app/db", "other"]),
        (json!([{"Key": "all", "Values": ["db blue"]}]), vec!["app/db"]),
        (json!([{"Key": "primary-region", "Values": ["us-"]}]), vec!["app/api", "app/db", "other"]),
        (json!([{"Key": "owning-service", "Values": ["rds"]}]), vec![]),
        (json!([{"Key": "name", "Values": ["app/"]}, {"Key": "tag-value", "Values": ["green"]}]), vec!["app/api"]),
    ] {
        let answer = world.secrets("ListSecrets", json!({"Filters": filters, "SortBy": "name", "SortOrder": "asc"}));
        assert_eq!(names(&answer), expected, "{filters}");
    }
    assert!(
        world
            .secrets_refuse("ListSecrets", json!({"Filters": [{"Key": "nme", "Values": ["x"]}]}))
            .contains("Member must satisfy enum value set")
    );
}

#[test]
fn secrets_come_in_any_order_page_by_page() {
    let mut world = world();
    world.now += 1_000;
    world.secrets("UpdateSecret", json!({"SecretId": "app/db", "Description": "later"}));
    for (order, expected) in [
        (json!({}), ["other", "app/api", "app/db"]),
        (json!({"SortOrder": "asc"}), ["app/db", "app/api", "other"]),
        (json!({"SortBy": "name"}), ["other", "app/db", "app/api"]),
        (json!({"SortBy": "last-changed-date"}), ["app/db", "other", "app/api"]),
    ] {
        let (mut seen, mut request) = (Vec::new(), order);
        request["MaxResults"] = json!(1);
        loop {
            let page = world.secrets("ListSecrets", request.clone());
            seen.extend(names(&page).into_iter().map(str::to_owned));
            request["NextToken"] = page["NextToken"].clone();
            if request["NextToken"].is_null() {
                break;
            }
        }
        assert_eq!(seen, expected);
    }
    assert_eq!(
        world.secrets_refuse("ListSecrets", json!({"NextToken": "x"})),
        "InvalidNextTokenException: Invalid NextToken value."
    );
}

#[test]
fn those_that_wait_for_their_end_are_listed_when_asked_for() {
    let mut world = world();
    world.secrets("DeleteSecret", json!({"SecretId": "other"}));
    assert_eq!(names(&world.secrets("ListSecrets", json!({}))), ["app/api", "app/db"]);
    let all = world.secrets("ListSecrets", json!({"IncludePlannedDeletion": true}));
    assert_eq!((names(&all).len(), &all["SecretList"][0]["DeletedDate"]), (3, &json!(4)));
}

#[test]
fn tags_come_and_go_and_stay_within_their_limit() {
    let mut world = world();
    world.secrets("TagResource", json!({"SecretId": "other", "Tags": [{"Key": "x", "Value": "1"}]}));
    world.secrets("UntagResource", json!({"SecretId": "other", "TagKeys": ["team-red", "never"]}));
    let described = world.secrets("DescribeSecret", json!({"SecretId": "other"}));
    assert_eq!(described["Tags"], json!([{"Key": "x", "Value": "1"}]));
    let many: Vec<Value> = (0..50).map(|n| json!({"Key": format!("k{n}"), "Value": ""})).collect();
    assert_eq!(
        world.secrets_refuse("TagResource", json!({"SecretId": "other", "Tags": many})),
        "InvalidParameterException: A secret can have at most 50 tags."
    );
}
