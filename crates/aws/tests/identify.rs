//! Which service and operation a request is taken for, and how it is refused when there is none.

use aws::request::{Call, identify};

const JSON: (&str, &str) = ("content-type", "application/x-amz-json-1.1");

fn signed(service: &str) -> String {
    format!(
        "AWS4-HMAC-SHA256 Credential=AKIA/20260131/us-east-1/{service}/aws4_request, SignedHeaders=host, Signature=00"
    )
}

/// The service and operation, or the refusal with its status and the protocol it is dressed in.
fn taken_for(method: &str, query: &str, headers: &[(&str, &str)], body: &str) -> String {
    let header = |name: &str| headers.iter().find(|(key, _)| *key == name).map(|(_, value)| *value);
    match identify(method, "/", query, header, body.as_bytes()) {
        Ok(Call { api, operation, .. }) => format!("{} {operation}", api.service),
        Err(refused) => {
            let reply = refused.api.refusal("id", &refused.fault);
            format!("{:?} {} {}", refused.api.protocol, reply.status, refused.fault)
        }
    }
}

#[test]
fn by_target_action_and_query_string() {
    let ecs = signed("ecs");
    let target =
        [("x-amz-target", "AmazonEC2ContainerServiceV20141113.RunTask"), JSON, ("authorization", ecs.as_str())];
    assert_eq!(taken_for("POST", "", &target, "{}"), "ecs RunTask");
    assert_eq!(taken_for("POST", "", &[("x-amz-target", "Logs_20140328.PutLogEvents")], "{}"), "logs PutLogEvents");
    assert_eq!(taken_for("POST", "", &[], "Action=DescribeVpcs&Version=2016-11-15"), "ec2 DescribeVpcs");
    assert_eq!(taken_for("GET", "Action=GetCallerIdentity&Version=2011-06-15", &[], ""), "sts GetCallerIdentity");
}

#[test]
fn of_the_two_elastic_load_balancing_apis_only_the_newer_is_there() {
    let signed = signed("elasticloadbalancing");
    let headers = [("authorization", signed.as_str())];
    let call = |version: &str| format!("Action=DescribeLoadBalancers&Version={version}");
    assert_eq!(taken_for("POST", "", &headers, &call("2015-12-01")), "elbv2 DescribeLoadBalancers");
    assert_eq!(taken_for("POST", "", &[], &call("2015-12-01")), "elbv2 DescribeLoadBalancers");
    assert_eq!(
        taken_for("POST", "", &headers, &call("2012-06-01")),
        "Query 400 InvalidAction: Could not find operation DescribeLoadBalancers for version 2012-06-01"
    );
}

#[test]
fn the_call_knows_its_caller_and_parameters() {
    let query =
        "Action=GetCallerIdentity&Version=2011-06-15&X-Amz-Credential=ME%2F20260131%2Feu-west-1%2Fsts%2Faws4_request";
    let call = identify("GET", "/", query, |_| None, b"").expect("a call");
    let scope = call.scope.expect("a scope");
    assert_eq!((scope.access_key.as_str(), scope.region.as_str()), ("ME", "eu-west-1"));
    call.api.parse(call.parameters).expect("its parameters");
}

#[test]
fn the_signature_names_the_service_before_the_version_does() {
    let iam = signed("iam");
    let headers = [("authorization", iam.as_str())];
    assert_eq!(taken_for("POST", "", &headers, "Action=ListRoles&Version=2010-05-08"), "iam ListRoles");
    // Signed for another service of the same kind, the version does not fit.
    assert_eq!(
        taken_for("POST", "", &headers, "Action=DescribeVpcs&Version=2016-11-15"),
        "Query 400 InvalidAction: Could not find operation DescribeVpcs for version 2016-11-15"
    );
}

#[test]
fn operations_aws_has_and_neargate_does_not_are_named() {
    assert_eq!(
        taken_for("POST", "", &[], "Action=RunInstances&Version=2016-11-15"),
        "Ec2 501 NotImplemented: RunInstances is not implemented."
    );
    let target = [("x-amz-target", "Logs_20140328.StartQuery"), JSON];
    assert_eq!(taken_for("POST", "", &target, "{}"), "Json 501 NotImplemented: StartQuery is not implemented.");
}

#[test]
fn operations_nobody_has_are_refused_as_each_protocol_does() {
    assert_eq!(
        taken_for("POST", "", &[], "Action=Foo&Version=2016-11-15"),
        "Ec2 400 InvalidAction: The action Foo is not valid for this web service."
    );
    assert_eq!(
        taken_for("POST", "", &[], "Action=Foo&Version=2011-06-15"),
        "Query 400 InvalidAction: Could not find operation Foo for version 2011-06-15"
    );
    let target = [("x-amz-target", "Logs_20140328.Foo"), JSON];
    assert_eq!(
        taken_for("POST", "", &target, "{}"),
        "Json 400 UnknownOperationException: Unknown operation Logs_20140328.Foo."
    );
}

#[test]
fn unknown_services_are_named() {
    let dynamodb = signed("dynamodb");
    let target = [("x-amz-target", "DynamoDB_20120810.ListTables"), ("authorization", dynamodb.as_str())];
    assert_eq!(
        taken_for("POST", "", &target, "{}"),
        "Json 501 NotImplemented: DynamoDB_20120810.ListTables is not implemented: there is no service dynamodb."
    );
    let sns = signed("sns");
    assert_eq!(
        taken_for("POST", "", &[("authorization", sns.as_str())], "Action=ListTopics&Version=2010-03-31"),
        "Query 501 NotImplemented: ListTopics is not implemented: there is no service sns."
    );
    let s3 = signed("s3");
    assert_eq!(
        taken_for("GET", "", &[("authorization", s3.as_str())], ""),
        "Query 501 NotImplemented: GET / is not implemented: there is no service s3."
    );
}

#[test]
fn requests_that_name_nothing() {
    let missing = "Query 400 MissingAction: The request is missing an action or a required parameter.";
    assert_eq!(taken_for("GET", "", &[], ""), missing);
    assert_eq!(taken_for("POST", "", &[], "Action=&Version=2016-11-15"), missing);
    assert!(taken_for("POST", "", &[JSON], "{}").starts_with("Json 400 UnknownOperationException"));
    assert!(
        taken_for("GET", "", &[("x-amz-target", "Logs_20140328.PutLogEvents")], "")
            .starts_with("Json 400 UnknownOperationException")
    );
}
