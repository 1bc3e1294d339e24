//! GetParameter, GetParameters, GetParametersByPath, GetParameterHistory, DeleteParameters.

use super::names;
use crate::testing::World;
use serde_json::json;

const ARN: &str = "arn:aws:ssm:us-east-1:123456789012:parameter";

#[test]
fn a_parameter_is_had_by_name_version_label_and_arn() {
    let mut world = World::new();
    world.put_parameter("/app/key", "one");
    world.put_parameter("/app/key", "two");
    world.ssm("LabelParameterVersion", json!({"Name": "/app/key", "ParameterVersion": 1, "Labels": ["first"]}));
    let two = json!({
        "Name": "/app/key", "Type": "String", "Value": "two", "Version": 2, "LastModifiedDate": 1, "ARN": format!("{ARN}/app/key"),
        "DataType": "text",
    });
    assert_eq!(world.ssm("GetParameter", json!({"Name": "/app/key"})), json!({"Parameter": two}));
    assert_eq!(world.ssm("GetParameter", json!({"Name": format!("{ARN}/app/key")})), json!({"Parameter": two}));
    for (name, selector) in
        [("/app/key:1".to_owned(), ":1"), ("/app/key:first".to_owned(), ":first"), (format!("{ARN}/app/key:1"), ":1")]
    {
        let got = &world.ssm("GetParameter", json!({"Name": name}))["Parameter"];
        assert_eq!(
            (&got["Value"], &got["Selector"], &got["Name"]),
            (&json!("one"), &json!(selector), &json!("/app/key"))
        );
    }
    for (name, refusal) in [
        ("/app/nope", "ParameterNotFound: "),
        ("/app/nope:3", "ParameterNotFound: "),
        ("arn:aws:ssm:eu-west-1:123456789012:parameter/app/key", "ParameterNotFound: "),
        (
            "/app/key:3",
            "ParameterVersionNotFound: Systems Manager could not find version 3 of /app/key. Verify the version and try again.",
        ),
        (
            "/app/key:last",
            "ParameterVersionNotFound: Systems Manager could not find version last of /app/key. Verify the version and try again.",
        ),
        (
            "/app/key:1:2",
            "ValidationException: Invalid parameter name. Please use correct syntax for referencing a version/label \
             <name>:<version/label>",
        ),
    ] {
        assert_eq!(world.ssm_refuses("GetParameter", json!({"Name": name})), refusal);
    }
}

#[test]
fn a_secure_string_is_shown_to_who_asks_for_it() {
    let mut world = World::new();
    let value = "correct horse battery staple";
    let put = json!({"Name": "/app/key", "Value": value, "Type": "SecureString", "KeyId": "alias/aws/ssm"});
    world.ssm("PutParameter", put);
    let shown = |world: &mut World, request: serde_json::Value| {
        world.ssm("GetParameter", request)["Parameter"]["Value"].as_str().unwrap().to_owned()
    };
    let hidden = shown(&mut world, json!({"Name": "/app/key"}));
    assert!(hidden.starts_with("AQICAH") && !hidden.contains(value), "{hidden}");
    assert_eq!(shown(&mut world, json!({"Name": "/app/key", "WithDecryption": false})), hidden);
    assert_eq!(shown(&mut world, json!({"Name": "/app/key", "WithDecryption": true})), value);
    let described = world.ssm("DescribeParameters", json!({})).to_string();
    let records = format!("{:?}", world.state.parameter_versions.iter().collect::<Vec<_>>());
    assert!(!described.contains(value) && described.contains("alias/aws/ssm"), "{described}");
    assert!(!records.contains(value), "{records}");
}

#[test]
fn several_are_had_at_once_and_the_others_are_named() {
    let mut world = World::new();
    world.put_parameter("a", "1");
    world.put_parameter("/b/c", "2");
    let names = json!({"Names": ["a", "nope", "/b/c", "a:9", "a b", "a"]});
    let got = world.ssm("GetParameters", names);
    assert_eq!(super::names(&got), ["a", "/b/c"]);
    assert_eq!(got["InvalidParameters"], json!(["nope", "a:9", "a b"]));
    assert!(
        world
            .ssm_refuses("GetParameters", json!({"Names": vec!["a"; 11]}))
            .contains("at 'names' failed to satisfy constraint: Member must have length less than or equal to 10")
    );
    let deleted = world.ssm("DeleteParameters", json!({"Names": ["a", "nope"]}));
    assert_eq!(deleted, json!({"DeletedParameters": ["a"], "InvalidParameters": ["nope"]}));
    assert_eq!(world.ssm_refuses("DeleteParameter", json!({"Name": "a"})), "ParameterNotFound: ");
}

#[test]
fn a_path_holds_what_is_below_it() {
    let mut world = World::new();
    for name in ["/foo/1", "/foo/2", "/foo/sub/3", "/foo-bar/4", "top"] {
        world.put_parameter(name, "v");
    }
    let mut below = |path: &str, recursive: bool| {
        let got = world.ssm("GetParametersByPath", json!({"Path": path, "Recursive": recursive}));
        names(&got).into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(below("/foo", false), ["/foo/1", "/foo/2"]);
    assert_eq!(below("/foo/", true), ["/foo/1", "/foo/2", "/foo/sub/3"]);
    assert_eq!(below("/foo/1", true), [""; 0]);
    assert_eq!(below("/", false), ["top"]);
    assert_eq!(below("/", true).len(), 5);
    for path in ["foo", "//", "/a b", "/foo//"] {
        let refused = world.ssm_refuses("GetParametersByPath", json!({"Path": path}));
        assert!(
            refused.starts_with("ValidationException: The parameter doesn't meet the parameter name requirements.")
        );
    }
}

#[test]
fn a_path_comes_in_pages_of_ten() {
    let mut world = World::new();
    (0..25).for_each(|n| drop(world.put_parameter(&format!("/many/{n:02}"), "v")));
    let (mut seen, mut token, mut pages) = (Vec::new(), json!(null), 0);
    loop {
        let got = world.ssm("GetParametersByPath", json!({"Path": "/many", "NextToken": token}));
        seen.extend(names(&got).into_iter().map(str::to_owned));
        pages += 1;
        token = got["NextToken"].clone();
        if token.is_null() {
            break;
        }
    }
    assert_eq!((seen.len(), pages), (25, 3));
    assert_eq!(
        world.ssm_refuses("GetParametersByPath", json!({"Path": "/many", "NextToken": "x"})),
        "InvalidNextToken: The specified token isn't valid."
    );
}

#[test]
fn a_path_is_filtered_by_type_key_and_label() {
    let mut world = World::new();
    world.put_parameter("/p/plain", "1");
    world.put_parameter("/p/plain", "2");
    world.ssm("PutParameter", json!({"Name": "/p/secure", "Value": "s", "Type": "SecureString"}));
    world.ssm("LabelParameterVersion", json!({"Name": "/p/plain", "ParameterVersion": 1, "Labels": ["old"]}));
    let mut filtered = |filter: serde_json::Value| {
        world.ssm("GetParametersByPath", json!({"Path": "/p", "ParameterFilters": [filter]}))
    };
    assert_eq!(names(&filtered(json!({"Key": "Type", "Values": ["SecureString"]}))), ["/p/secure"]);
    assert_eq!(names(&filtered(json!({"Key": "Type", "Option": "BeginsWith", "Values": ["Str"]}))), ["/p/plain"]);
    assert_eq!(names(&filtered(json!({"Key": "KeyId", "Values": ["alias/aws/ssm"]}))), ["/p/secure"]);
    let labelled = filtered(json!({"Key": "Label", "Values": ["old"]}));
    assert_eq!(labelled["Parameters"][0]["Value"], "1");
    assert_eq!(
        world.ssm_refuses(
            "GetParametersByPath",
            json!({"Path": "/p", "ParameterFilters": [{"Key": "Name", "Values": ["x"]}]})
        ),
        "InvalidFilterKey: The following filter key is not valid: Name. Valid filter keys include: [Type, KeyId]."
    );
}

#[test]
fn the_history_shows_each_version() {
    let mut world = World::new();
    world.put_parameter("key", "a");
    world.now = 5_000;
    world.ssm("PutParameter", json!({"Name": "key", "Value": "b", "Overwrite": true, "Description": "d"}));
    let history = world.ssm("GetParameterHistory", json!({"Name": "key", "MaxResults": 1}));
    assert_eq!(
        history["Parameters"],
        json!([{
            "Name": "key", "Type": "String", "LastModifiedDate": 1, "LastModifiedUser": "arn:aws:iam::123456789012:root",
            "Value": "a", "Version": 1, "Labels": [], "Tier": "Standard", "Policies": [], "DataType": "text",
        }])
    );
    let rest = world.ssm("GetParameterHistory", json!({"Name": "key", "NextToken": history["NextToken"]}));
    let rest = rest["Parameters"].as_array().unwrap();
    assert_eq!((rest.len(), &rest[0]["Value"], &rest[0]["Description"]), (1, &json!("b"), &json!("d")));
}
