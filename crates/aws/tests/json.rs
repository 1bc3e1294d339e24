//! The JSON protocol: what is read, what is refused and how.

use aws::api::{ecs, logs};
use aws::doc::{Doc, Timestamp};
use aws::fault::Fault;
use aws::shape::{Operation, Shape};

fn read<O: Operation>(body: &str) -> Result<O::Input, String> {
    let doc = ecs::API.parse(body.as_bytes()).map_err(|fault| fault.to_string())?;
    ecs::API.read::<O>(doc).map_err(|fault| fault.to_string())
}

#[test]
fn unknown_members_are_ignored_and_null_is_absent() {
    let request = read::<ecs::op::RunTask>(r#"{"taskDefinition": "myapp", "esssential": true, "count": null}"#)
        .expect("a request");
    assert_eq!((request.task_definition.as_str(), request.count), ("myapp", None));
}

#[test]
fn text_that_is_no_json_is_refused_with_the_position() {
    let body = "{\n  \"family\": \"myapp\"\n  \"cpu\": \"256\"\n}";
    assert_eq!(
        read::<ecs::op::RegisterTaskDefinition>(body).expect_err("a comma is missing"),
        "SerializationException: expected `,` or `}` at line 3 column 3"
    );
    assert!(read::<ecs::op::ListClusters>("{} x").expect_err("more follows").contains("line 1 column 4"));
    assert!(
        read::<ecs::op::ListClusters>("[1]")
            .expect_err("no object")
            .starts_with("SerializationException: Expected structure or null")
    );
    read::<ecs::op::ListClusters>("").expect("an empty body is an empty request");
}

#[test]
fn a_value_of_another_type_is_refused_with_its_place() {
    for (members, refusal) in [
        (r#""memory": "512""#, "STRING_VALUE cannot be converted to Integer at containerDefinitions.2.memory"),
        (r#""name": 7"#, "NUMBER_VALUE cannot be converted to String at containerDefinitions.2.name"),
        (r#""essential": "true""#, "STRING_VALUE cannot be converted to Boolean at containerDefinitions.2.essential"),
        (r#""image": []"#, "Start of list found where not expected at containerDefinitions.2.image"),
        (r#""image": {}"#, "Start of structure or map found where not expected. at containerDefinitions.2.image"),
        (r#""command": "sh""#, "Expected list or null at containerDefinitions.2.command"),
        (r#""memory": 4294967296"#, "NUMBER_VALUE cannot be converted to Integer at containerDefinitions.2.memory"),
    ] {
        let body = format!(r#"{{"family": "f", "containerDefinitions": [{{}}, {{{members}}}]}}"#);
        let got = read::<ecs::op::RegisterTaskDefinition>(&body).expect_err(members);
        assert_eq!(got, format!("SerializationException: {refusal}"));
    }
}

#[test]
fn broken_constraints_are_refused_by_name() {
    assert_eq!(
        read::<ecs::op::RunTask>(r#"{"taskDefinition": "x", "launchType": "MOON"}"#).expect_err("no such type"),
        "InvalidParameterException: Launch type should be one of [EC2,FARGATE,EXTERNAL,MANAGED_INSTANCES]"
    );
    assert_eq!(
        read::<ecs::op::RunTask>("{}").expect_err("a task definition is required"),
        "InvalidParameterException: 1 validation error detected: Value null at 'taskDefinition' failed to satisfy constraint: \
         Member must not be null"
    );
    let tag = read::<ecs::op::TagResource>(r#"{"resourceArn": "a", "tags": [{"key": ""}]}"#).expect_err("an empty key");
    assert!(tag.ends_with("Value '' at 'tags.1.member.key' failed to satisfy constraint: Member must have length greater than or equal to 1"), "{tag}");
    let doc = logs::API.parse(br#"{"logGroupName": "a b", "logStreamName": "s", "logEvents": []}"#).expect("JSON");
    assert_eq!(
        logs::API.read::<logs::op::PutLogEvents>(doc).expect_err("two mistakes").to_string(),
        "InvalidParameterException: 2 validation errors detected: Value 'a b' at 'logGroupName' failed to satisfy constraint: \
         Member must satisfy regular expression pattern: [\\.\\-_/#A-Za-z0-9]+; Value '[]' at 'logEvents' failed to satisfy \
         constraint: Member must have length greater than or equal to 1"
    );
}

#[test]
fn a_members_required_nested_in_both_directions_are_checked_too() {
    let body = r#"{"taskDefinition": "x", "networkConfiguration": {"awsvpcConfiguration": {}}}"#;
    let got = read::<ecs::op::RunTask>(body).expect_err("subnets are required");
    assert!(got.contains("Value null at 'networkConfiguration.awsvpcConfiguration.subnets'"), "{got}");
}

#[test]
fn nesting_and_numbers_of_values_are_limited() {
    let deep = format!("{}{}", "[".repeat(100), "]".repeat(100));
    assert!(
        ecs::API.parse(deep.as_bytes()).expect_err("too deep").message.starts_with("nested too deep at line 1 column")
    );
    let many = format!("[{}1]", "1,".repeat(100_000));
    assert!(
        ecs::API.parse(many.as_bytes()).expect_err("too many").message.starts_with("too many values at line 1 column")
    );
}

#[test]
fn stored_shapes_come_back_whole_though_they_break_constraints() {
    let task = ecs::Task {
        cpu: Some("256".to_owned()),
        created_at: Some(Timestamp { millis: 1_769_860_800_123 }),
        tags: Some(vec![ecs::Tag { key: Some(String::new()), value: None }]),
        ..ecs::Task::default()
    };
    let stored = serde_json::to_string(&task).expect("stored");
    assert_eq!(stored, r#"{"cpu":"256","createdAt":1769860800.123,"tags":[{"key":""}]}"#);
    assert_eq!(serde_json::from_str::<ecs::Task>(&stored).expect("read back"), task);
    let tag = aws::api::ec2::Tag { key: Some("Name".to_owned()), value: Some("a".to_owned()) };
    for written in [r#"{"key":"Name","value":"a"}"#, r#"{"Key":"Name","Value":"a"}"#] {
        assert_eq!(serde_json::from_str::<aws::api::ec2::Tag>(written).expect("read back"), tag);
    }
}

#[test]
fn the_status_of_a_refusal_is_the_models_unless_chosen() {
    let status = |fault: Fault| ecs::API.refusal("id", &fault).status;
    assert_eq!(status(Fault::new("ClientException", "")), 400);
    assert_eq!(status(Fault::new("ServerException", "")), 500);
    assert_eq!(status(Fault::not_implemented("CreateDaemon")), 501);
    assert_eq!(aws::api::iam::API.refusal("id", &Fault::new("NoSuchEntity", "")).status, 404);
}

#[test]
fn an_operation_without_a_reply_has_an_empty_body() {
    let reply = logs::API.reply("CreateLogGroup", "id", aws::shape::Nothing.write());
    assert_eq!((reply.status, reply.body.as_slice()), (200, b"".as_slice()));
    assert_eq!(ecs::API.reply("ListClusters", "id", Doc::Struct(Vec::new())).body, b"{}");
}

#[test]
fn a_refusal_carries_its_further_members() {
    let fault = Fault::new("ConflictException", "busy").with_field("reason", "DRAINING");
    let reply = ecs::API.refusal("id", &fault);
    assert_eq!(
        String::from_utf8(reply.body).expect("text"),
        r#"{"__type":"ConflictException","message":"busy","reason":"DRAINING"}"#
    );
    assert!(reply.headers.contains(&("x-amzn-requestid", "id".to_owned())));
}
