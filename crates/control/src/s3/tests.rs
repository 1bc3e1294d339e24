use super::*;
use crate::testing::World;

const LOAD_BALANCER: &str = "arn:aws:elasticloadbalancing:us-east-1:123456789012:loadbalancer/app/web/0123456789abcdef";
const KEY: &str = "web/AWSLogs/123456789012/ELBAccessLogTestFile";

fn with_policy(statement: &str) -> World {
    let mut world = World::new();
    world.transact(|tx: &mut Tx<'_>| create(tx, "logs-of-mine", None)).unwrap();
    let document = format!(r#"{{"Version": "2012-10-17", "Statement": [{statement}]}}"#);
    world.transact(|tx: &mut Tx<'_>| set_policy(tx, "logs-of-mine", Some(&document))).unwrap();
    world
}

fn allows(statement: &str) -> bool {
    may_deliver(&with_policy(statement).state, "logs-of-mine", KEY, LOAD_BALANCER)
}

#[test]
fn a_policy_as_the_guide_has_it_lets_logs_in() {
    let put = |principal: &str, resource: &str, more: &str| {
        format!(
            r#"{{"Effect": "Allow", "Principal": {principal}, "Action": "s3:PutObject", "Resource": "arn:aws:s3:::logs-of-mine/{resource}"{more}}}"#
        )
    };
    let service = r#"{"Service": "logdelivery.elasticloadbalancing.amazonaws.com"}"#;
    let all = "web/AWSLogs/123456789012/*";
    assert!(allows(&put(service, all, "")));
    assert!(allows(&put(r#"{"AWS": "arn:aws:iam::127311923021:root"}"#, all, "")));
    assert!(allows(&put(r#"{"AWS": "127311923021"}"#, "*", "")));
    let from = |arn: &str| format!(r#", "Condition": {{"ArnLike": {{"aws:SourceArn": "{arn}"}}}}"#);
    assert!(allows(&put(service, all, &from("arn:aws:elasticloadbalancing:us-east-1:123456789012:loadbalancer/*"))));
    assert!(!allows(&put(
        service,
        all,
        &from("arn:aws:elasticloadbalancing:us-east-1:123456789012:loadbalancer/app/x/*")
    )));
    let owned = r#", "Condition": {"StringEquals": {"s3:x-amz-acl": "bucket-owner-full-control"}}"#;
    assert!(allows(&put(service, all, owned)));
    assert!(!allows(&put(service, "AWSLogs/123456789012/*", "")), "without the prefix");
    assert!(!allows(&put(r#"{"AWS": "033677994240"}"#, all, "")), "another Region's");
    assert!(!allows(&put(r#"{"Service": "delivery.logs.amazonaws.com"}"#, all, "")));
    let denied = put(service, all, "").replace("Allow", "Deny");
    assert!(!allows(&format!("{}, {denied}", put(service, all, ""))));
    let deny = |condition: &str| put(r#""*""#, "*", &format!(r#", "Condition": {condition}"#)).replace("Allow", "Deny");
    for (condition, lets_in) in [
        (r#"{"Bool": {"aws:SecureTransport": "false"}}"#, true),
        (r#"{"StringNotEquals": {"s3:x-amz-acl": "bucket-owner-full-control"}}"#, true),
        (r#"{"StringNotEquals": {"s3:x-amz-server-side-encryption": "AES256"}}"#, true),
        (r#"{"StringNotEquals": {"s3:x-amz-server-side-encryption": "aws:kms"}}"#, false),
    ] {
        assert_eq!(allows(&format!("{}, {}", put(service, all, ""), deny(condition))), lets_in, "{condition}");
    }
}

#[test]
fn policies_are_refused_in_words() {
    let mut world = World::new();
    world.transact(|tx: &mut Tx<'_>| create(tx, "logs-of-mine", None)).unwrap();
    let mut refused = |document: &str| {
        let fault = world.transact(|tx: &mut Tx<'_>| set_policy(tx, "logs-of-mine", Some(document))).unwrap_err();
        assert_eq!(fault.code, "MalformedPolicy");
        fault.message
    };
    assert_eq!(refused("[]"), "Policies must be valid JSON and the first byte must be '{'");
    assert_eq!(refused(r#"{"Statement": [{}]}"#), "Missing required field Effect");
    assert_eq!(
        refused(r#"{"Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}}"#),
        "Missing required field Principal"
    );
    let other =
        r#"{"Statement": {"Effect": "Allow", "Principal": "*", "Action": "s3:*", "Resource": "arn:aws:s3:::other/*"}}"#;
    assert_eq!(refused(other), "Policy has invalid resource");
}

#[test]
fn names() {
    for right in ["abc", "my.logs-1", &"a".repeat(63)] {
        assert_eq!(name::check(right), Ok(()), "{right}");
    }
    for wrong in [
        "ab",
        "Logs",
        "logs_",
        "-logs",
        "logs.",
        "a..b",
        "192.168.5.4",
        "xn--logs",
        "logs-s3alias",
        "a/b",
        &"a".repeat(64),
    ] {
        assert_eq!(name::check(wrong).unwrap_err().code, "InvalidBucketName", "{wrong}");
    }
}

#[test]
fn the_first_region_and_others() {
    let mut world = World::new();
    let mut make =
        |constraint| world.transact(|tx: &mut Tx<'_>| create(tx, "mine", constraint)).map_err(|fault| fault.code);
    assert_eq!(make(Some("us-east-1")), Err("InvalidLocationConstraint".into()));
    assert_eq!(make(None), Ok(()));
    assert_eq!(make(None), Ok(()), "once more changes nothing");
}

#[test]
fn tags_are_checked_and_kept() {
    let pair = |key: &str, value: &str| (key.to_owned(), value.to_owned());
    let refused = |given: Vec<(String, String)>, of: Of| checked(given, of).unwrap_err().message;
    assert_eq!(refused(vec![pair("", "x")], Of::Bucket), "The TagKey you have provided is invalid");
    assert_eq!(refused(vec![pair("a", "<")], Of::Bucket), "The TagValue you have provided is invalid");
    assert_eq!(refused(vec![pair("aws:a", "x")], Of::Bucket), "System tags cannot be added/updated by requester");
    assert_eq!(
        refused(vec![pair("a", "x"), pair("a", "y")], Of::Bucket),
        "Cannot provide multiple Tags with the same key"
    );
    let many = |count: usize| (0..count).map(|n| pair(&n.to_string(), "")).collect::<Vec<_>>();
    assert_eq!(refused(many(11), Of::Object), "Object tags cannot be greater than 10");
    assert_eq!(refused(many(51), Of::Bucket), "Bucket tag count cannot be greater than 50");
    let mut world = World::new();
    world.transact(|tx: &mut Tx<'_>| create(tx, "mine", None)).unwrap();
    let tags = checked(many(50), Of::Bucket).unwrap();
    world.transact(|tx: &mut Tx<'_>| set_tags(tx, "mine", tags.clone())).unwrap();
    assert_eq!(find(&world.state, "mine").unwrap().tags, tags);
}

#[test]
fn a_bucket_of_before_there_were_tags_is_read() {
    let bucket: crate::state::Bucket =
        serde_json::from_str(r#"{"name": "mine", "created": 5, "policy": null}"#).unwrap();
    assert!(bucket.tags.is_empty() && bucket.has_public_access_block && bucket.has_ownership_controls);
}
