//! DescribeParameters and tags.

use super::names;
use crate::testing::World;
use serde_json::{Value, json};

fn world() -> World {
    let mut world = World::new();
    world.put_parameter("/app/a", "1");
    world.put_parameter("/app/b", "2");
    world.put_parameter("/other/a", "3");
    world.ssm("PutParameter", json!({"Name": "top", "Value": "4", "Type": "SecureString", "Tier": "Advanced"}));
    let tag = json!({"ResourceType": "Parameter", "ResourceId": "/app/b", "Tags": [{"Key": "team", "Value": "blue"}]});
    world.ssm("AddTagsToResource", tag);
    world
}

#[test]
fn filters_choose_parameters() {
    let mut world = world();
    for (filters, expected) in [
        (json!([]), vec!["/app/a", "/app/b", "/other/a", "top"]),
        (json!([{"Key": "Name", "Values": ["/app/a", "top"]}]), vec!["/app/a", "top"]),
        (json!([{"Key": "Name", "Option": "BeginsWith", "Values": ["/app"]}]), vec!["/app/a", "/app/b"]),
        (json!([{"Key": "Name", "Option": "Contains", "Values": ["r/a"]}]), vec!["/other/a"]),
        (json!([{"Key": "Path", "Values": ["/app"]}]), vec!["/app/a", "/app/b"]),
        (json!([{"Key": "Path", "Values": ["/"]}]), vec!["top"]),
        (json!([{"Key": "Path", "Option": "Recursive", "Values": ["/"]}]), vec!["/app/a", "/app/b", "/other/a", "top"]),
        (json!([{"Key": "Type", "Values": ["SecureString"]}]), vec!["top"]),
        (json!([{"Key": "Tier", "Values": ["Advanced"]}]), vec!["top"]),
        (json!([{"Key": "KeyId", "Values": ["alias/aws/ssm"]}]), vec!["top"]),
        (json!([{"Key": "DataType", "Values": ["text"]}, {"Key": "Name", "Values": ["top"]}]), vec!["top"]),
        (json!([{"Key": "tag:team", "Values": ["blue", "red"]}]), vec!["/app/b"]),
        (json!([{"Key": "tag:team"}]), vec!["/app/b"]),
        (json!([{"Key": "tag:team", "Option": "BeginsWith", "Values": ["r"]}]), vec![]),
    ] {
        let answer = world.ssm("DescribeParameters", json!({"ParameterFilters": filters}));
        assert_eq!(names(&answer), expected, "{filters}");
    }
    let old = world.ssm("DescribeParameters", json!({"Filters": [{"Key": "Name", "Values": ["/app"]}]}));
    assert_eq!(names(&old), ["/app/a", "/app/b"]);
    assert_eq!(names(&world.ssm("DescribeParameters", json!({"Shared": true}))), [""; 0]);
}

#[test]
fn wrong_filters_are_refused_in_awss_words() {
    let mut world = world();
    for (filters, refusal) in [
        (
            json!([{"Key": "Nme", "Values": ["x"]}]),
            "ValidationException: 1 validation error detected: Value 'Nme' at 'parameterFilters.1.member.key' failed to satisfy \
             constraint: Member must satisfy regular expression pattern: tag:.+|Name|Type|KeyId|Path|Label|Tier|DataType",
        ),
        (
            json!([{"Key": "Label", "Values": ["x"]}]),
            "InvalidFilterKey: The following filter key is not valid: Label. Valid filter keys include: [Path, Name, Type, KeyId, Tier].",
        ),
        (
            json!([{"Key": "Name"}]),
            "InvalidFilterValue: The following filter values are missing : null for filter key Name.",
        ),
        (
            json!([{"Key": "Name", "Values": ["a"]}, {"Key": "Name", "Values": ["b"]}]),
            "InvalidFilterKey: The following filter is duplicated in the request: Name. A request can contain only one occurrence of \
             a specific filter.",
        ),
        (
            json!([{"Key": "Path", "Option": "Equals", "Values": ["/a"]}]),
            "InvalidFilterOption: The following filter option is not valid: Equals. Valid options include: [Recursive, OneLevel].",
        ),
        (
            json!([{"Key": "Type", "Option": "Contains", "Values": ["a"]}]),
            "InvalidFilterOption: The following filter option is not valid: Contains. Valid options include: [BeginsWith, Equals].",
        ),
        (
            json!([{"Key": "Tier", "Values": ["Gold"]}]),
            "InvalidFilterOption: The following filter value is not valid: Gold. Valid values include: \
             [Standard, Advanced, Intelligent-Tiering].",
        ),
    ] {
        assert_eq!(world.ssm_refuses("DescribeParameters", json!({"ParameterFilters": filters})), refusal);
    }
    let both =
        json!({"Filters": [{"Key": "Name", "Values": ["a"]}], "ParameterFilters": [{"Key": "Name", "Values": ["a"]}]});
    assert_eq!(
        world.ssm_refuses("DescribeParameters", both),
        "ValidationException: You can use either Filters or ParameterFilters in a single request."
    );
}

#[test]
fn tags_come_and_go_and_stay_within_their_limit() {
    let mut world = world();
    let of = |id: &str| json!({"ResourceType": "Parameter", "ResourceId": id});
    let with = |id: &str, name: &str, value: Value| {
        let mut request = of(id);
        request[name] = value;
        request
    };
    world.ssm("AddTagsToResource", with("/app/b", "Tags", json!([{"Key": "x", "Value": "1"}])));
    world.ssm("RemoveTagsFromResource", with("/app/b", "TagKeys", json!(["team", "never"])));
    assert_eq!(world.ssm("ListTagsForResource", of("/app/b")), json!({"TagList": [{"Key": "x", "Value": "1"}]}));
    let many: Vec<Value> = (0..50).map(|n| json!({"Key": format!("k{n}"), "Value": ""})).collect();
    assert_eq!(
        world.ssm_refuses("AddTagsToResource", with("/app/b", "Tags", json!(many))),
        "TooManyTagsError: A resource can have at most 50 tags."
    );
    assert_eq!(
        world.ssm_refuses("AddTagsToResource", with("/app/b", "Tags", json!([{"Key": "aws:x", "Value": ""}]))),
        "ValidationException: System tags cannot be added/updated by requester"
    );
    assert_eq!(
        world.ssm_refuses("ListTagsForResource", of("/app/nope")),
        "InvalidResourceId: The resource ID /app/nope is not valid."
    );
    assert_eq!(
        world.ssm_refuses("ListTagsForResource", json!({"ResourceType": "Document", "ResourceId": "x"})),
        "InvalidResourceType: neargate has no resources of the type Document."
    );
}
