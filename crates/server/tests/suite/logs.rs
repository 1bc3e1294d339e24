//! CloudWatch Logs over HTTP: records and events together.

use crate::common::{Client, Running, config};
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::time::{SystemTime, UNIX_EPOCH};

fn now() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis() as i64
}
fn call<S: Read + Write>(client: &mut Client<S>, operation: &str, input: Value) -> Result<Value, String> {
    let answer = client.json(&format!("logs.{operation}"), &input.to_string()).unwrap();
    if answer.status == 200 { Ok(serde_json::from_str(&answer.body).unwrap_or(Value::Null)) } else { Err(answer.body) }
}
fn messages(answer: &Value) -> Vec<&str> {
    answer["events"].as_array().unwrap().iter().map(|event| event["message"].as_str().unwrap()).collect()
}
fn prepare<S: Read + Write>(client: &mut Client<S>) {
    call(client, "CreateLogGroup", json!({ "logGroupName": "/app" })).unwrap();
    call(client, "CreateLogStream", json!({ "logGroupName": "/app", "logStreamName": "one" })).unwrap();
    call(client, "CreateLogStream", json!({ "logGroupName": "/app", "logStreamName": "two" })).unwrap();
}
fn put<S: Read + Write>(client: &mut Client<S>, stream: &str, events: &[(i64, &str)]) -> Result<Value, String> {
    let events: Vec<Value> =
        events.iter().map(|(timestamp, message)| json!({ "timestamp": timestamp, "message": message })).collect();
    call(client, "PutLogEvents", json!({ "logGroupName": "/app", "logStreamName": stream, "logEvents": events }))
}

#[test]
fn what_was_put_is_got_filtered_and_described_also_after_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let running = Running::start(config(dir.path())).unwrap();
    let mut client = running.connect();
    prepare(&mut client);
    let t = now();
    put(&mut client, "one", &[(t, "first"), (t + 2, "third ERROR")]).unwrap();
    put(&mut client, "two", &[(t + 1, "second"), (t + 3, "fourth")]).unwrap();
    running.stop();
    let running = Running::start(config(dir.path())).unwrap();
    let client = &mut running.connect();
    let all = call(client, "FilterLogEvents", json!({ "logGroupName": "/app" })).unwrap();
    assert_eq!(messages(&all), ["first", "second", "third ERROR", "fourth"]);
    assert_eq!(all.get("nextToken"), None);
    let newest =
        call(client, "FilterLogEvents", json!({ "logGroupName": "/app", "startFromHead": false, "limit": 1 })).unwrap();
    assert_eq!(messages(&newest), ["fourth"]);
    let found = call(
        client,
        "FilterLogEvents",
        json!({ "logGroupName": "/app", "filterPattern": "ERROR", "startTime": t + 1 }),
    )
    .unwrap();
    assert_eq!((messages(&found), found["events"][0]["logStreamName"].as_str()), (vec!["third ERROR"], Some("one")));
    let two =
        call(client, "FilterLogEvents", json!({ "logGroupName": "/app", "logStreamNames": ["two"], "endTime": t + 1 }))
            .unwrap();
    assert_eq!(messages(&two), ["second"]);
    let described = call(
        client,
        "DescribeLogStreams",
        json!({ "logGroupName": "/app", "orderBy": "LastEventTime", "descending": true }),
    )
    .unwrap();
    let first = &described["logStreams"][0];
    assert_eq!((first["logStreamName"].as_str(), first["firstEventTimestamp"].as_i64()), (Some("two"), Some(t + 1)));
    let groups = call(client, "DescribeLogGroups", json!({})).unwrap();
    assert_eq!(groups["logGroups"][0]["storedBytes"].as_i64(), Some(5 + 11 + 6 + 6 + 4 * 26));
}

#[test]
fn tokens_walk_a_stream_and_stay_at_its_end() {
    let dir = tempfile::tempdir().unwrap();
    let running = Running::start(config(dir.path())).unwrap();
    let client = &mut running.connect();
    prepare(client);
    let get = |client: &mut Client<_>, more: Value| {
        let mut input = json!({ "logGroupName": "/app", "logStreamName": "one", "limit": 2 });
        input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        call(client, "GetLogEvents", input).unwrap()
    };
    let empty = get(client, json!({}));
    assert_eq!(messages(&empty), Vec::<&str>::new());
    let t = now();
    put(client, "one", &[(t, "a"), (t, "b"), (t + 1, "c")]).unwrap();
    let waited = get(client, json!({ "nextToken": empty["nextForwardToken"] }));
    assert_eq!(messages(&waited), ["a", "b"], "a token of an empty stream finds what comes");
    let rest = get(client, json!({ "nextToken": waited["nextForwardToken"] }));
    assert_eq!(messages(&rest), ["c"]);
    let end = get(client, json!({ "nextToken": rest["nextForwardToken"] }));
    assert_eq!((messages(&end), &end["nextForwardToken"]), (vec![], &rest["nextForwardToken"]));
    let back = get(client, json!({ "nextToken": end["nextBackwardToken"] }));
    assert_eq!(messages(&back), ["b", "c"]);
    let tail = get(client, json!({}));
    assert_eq!(messages(&tail), ["b", "c"]);
    let before = get(client, json!({ "nextToken": tail["nextBackwardToken"] }));
    assert_eq!(messages(&before), ["a"]);
    put(client, "one", &[(t + 2, "d")]).unwrap();
    assert_eq!(messages(&get(client, json!({ "nextToken": end["nextForwardToken"] }))), ["d"]);
    let range = get(client, json!({ "startTime": t + 1, "endTime": t + 2, "startFromHead": true }));
    assert_eq!(messages(&range), ["c"]);
}

#[test]
fn what_can_not_be_is_refused_in_awss_words() {
    let dir = tempfile::tempdir().unwrap();
    let running = Running::start(config(dir.path())).unwrap();
    let client = &mut running.connect();
    prepare(client);
    let t = now();
    let refused =
        |result: Result<Value, String>, words: &str| assert!(result.clone().unwrap_err().contains(words), "{result:?}");
    refused(put(client, "nope", &[(t, "x")]), "The specified log stream does not exist.");
    refused(
        call(client, "FilterLogEvents", json!({ "logGroupName": "nope" })),
        "The specified log group does not exist.",
    );
    refused(put(client, "one", &[(t, "x"), (t - 1, "y")]), "chronological order");
    refused(put(client, "one", &[(t - 90_000_000, "x"), (t, "y")]), "24 hours");
    refused(
        call(client, "FilterLogEvents", json!({ "logGroupName": "/app", "filterPattern": "a@b" })),
        "Invalid character(s) in term 'a@b'",
    );
    refused(
        call(client, "GetLogEvents", json!({ "logGroupName": "/app", "logStreamName": "one", "nextToken": "x" })),
        "nextToken",
    );
    let old = put(client, "one", &[(t - 15 * 86_400_000, "old"), (t, "new")]).unwrap();
    assert_eq!(old["rejectedLogEventsInfo"]["tooOldLogEventEndIndex"].as_i64(), Some(1));
    let many: Vec<(i64, &str)> = (0..10_000).map(|n| (t + n, "x")).collect();
    put(client, "two", &many).unwrap();
    let more: Vec<(i64, &str)> = (0..10_001).map(|n| (t + n, "x")).collect();
    refused(put(client, "two", &more), "logEvents");
}

#[test]
fn every_kind_of_pattern_finds_its_events() {
    let dir = tempfile::tempdir().unwrap();
    let running = Running::start(config(dir.path())).unwrap();
    let client = &mut running.connect();
    prepare(client);
    let t = now();
    let (json, access) = ("{\"level\": \"error\", \"took\": 12}", "10.0.0.1 - \"GET /a b\" 404 17");
    put(client, "one", &[(t, json), (t + 1, access), (t + 2, "plain ERROR 17")]).unwrap();
    for (pattern, expected) in [
        ("17", vec![access, "plain ERROR 17"]),
        ("{ $.level = \"err*\" && $.took > 10 }", vec![json]),
        ("[ip, user, request = *GET*, status = 4*, size < 20]", vec![access]),
        ("%^10\\.|ERROR \\d+$%", vec![]),
        ("%^10\\.%", vec![access]),
        ("-17", vec![json]),
    ] {
        let found = call(client, "FilterLogEvents", json!({ "logGroupName": "/app", "filterPattern": pattern }));
        match found {
            Ok(found) => assert_eq!(messages(&found), expected, "{pattern}"),
            Err(why) => assert!(why.contains("Invalid character(s)") && expected.is_empty(), "{pattern}: {why}"),
        }
    }
    let tested = call(
        client,
        "TestMetricFilter",
        json!({ "filterPattern": "[ip, ..., status = 4*, size]", "logEventMessages": ["x", access] }),
    );
    let fields = json!({ "$ip": "10.0.0.1", "$2": "-", "$3": "GET /a b", "$status": "404", "$size": "17" });
    let expected = json!({ "matches": [{ "eventNumber": 2, "eventMessage": access, "extractedValues": fields }] });
    assert_eq!(tested, Ok(expected));
}

/// A task that logs to `/ecs/app`, and the access key of its execution role.
fn logging_task(running: &Running) -> (String, String) {
    let client = &mut running.connect();
    let trust = "%7B%22Version%22%3A%222012-10-17%22%2C%22Statement%22%3A%7B%22Effect%22%3A%22Allow%22%2C%22Principal%22%3A%7B%22Service%22%3A%22ecs-tasks.amazonaws.com%22%7D%2C%22Action%22%3A%22sts%3AAssumeRole%22%7D%7D";
    let form = format!("Action=CreateRole&Version=2010-05-08&RoleName=exec&AssumeRolePolicyDocument={trust}");
    let made = client.request("POST", "/", &[("Content-Type", "application/x-www-form-urlencoded")], form.as_bytes());
    assert_eq!(made.unwrap().status, 200);
    let mut ecs = |operation: &str, input: Value| {
        let answer = client.json(&format!("ecs.{operation}"), &input.to_string()).unwrap();
        assert_eq!(answer.status, 200, "{}", answer.body);
        serde_json::from_str::<Value>(&answer.body).unwrap()
    };
    let options = json!({ "awslogs-group": "/ecs/app", "awslogs-region": "us-east-1", "awslogs-stream-prefix": "p" });
    ecs("CreateCluster", json!({}));
    ecs(
        "RegisterTaskDefinition",
        json!({
            "family": "web", "requiresCompatibilities": ["FARGATE"], "networkMode": "awsvpc", "cpu": "256", "memory": "512",
            "executionRoleArn": "exec",
            "containerDefinitions": [{ "name": "web", "image": "web", "logConfiguration": { "logDriver": "awslogs", "options": options } }],
        }),
    );
    let subnets = running.connect().ec2("Action=DescribeSubnets").unwrap().body;
    let subnet = subnets.split("<subnetId>").nth(1).unwrap().split('<').next().unwrap();
    let network = json!({ "awsvpcConfiguration": { "subnets": [subnet] } });
    let ran =
        ecs("RunTask", json!({ "taskDefinition": "web", "launchType": "FARGATE", "networkConfiguration": network }));
    let task = ran["tasks"][0]["taskArn"].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
    let asked = json!({ "task": task, "role": "execution" }).to_string();
    let issued = running.connect_unix().request("POST", "/_neargate/credentials", &[], asked.as_bytes()).unwrap();
    let issued: Value = serde_json::from_str(&issued.body).unwrap();
    (task, issued["AccessKeyId"].as_str().unwrap().to_owned())
}

#[test]
fn numbered_lines_are_kept_once_and_numbered_by_their_own_task_only() {
    let dir = tempfile::tempdir().unwrap();
    let running = Running::start(config(dir.path())).unwrap();
    let (task, key) = logging_task(&running);
    let stream = format!("p/web/{task}");
    let client = &mut running.connect();
    let t = now();
    let put = |client: &mut Client<_>, key: &str, first: &str, texts: &[(i64, &str)]| {
        let events: Vec<_> = texts.iter().map(|(at, text)| json!({ "timestamp": t + at, "message": text })).collect();
        let body = json!({ "logGroupName": "/ecs/app", "logStreamName": stream, "logEvents": events }).to_string();
        let signed = format!(
            "AWS4-HMAC-SHA256 Credential={key}/20260101/us-east-1/logs/aws4_request, SignedHeaders=host, Signature=0"
        );
        let headers = [
            ("X-Amz-Target", "Logs_20140328.PutLogEvents"),
            ("Content-Type", "application/x-amz-json-1.1"),
            ("Authorization", &signed),
            ("x-neargate-first-line", first),
        ];
        let answer = client.request("POST", "/", &headers, body.as_bytes()).unwrap();
        (answer.status, answer.body)
    };
    let (status, why) = put(client, &key, "0", &[(0, "0")]);
    assert_eq!((status, why.contains("The specified log group does not exist.")), (400, true), "{why}");
    call(client, "CreateLogGroup", json!({ "logGroupName": "/ecs/app" })).unwrap();
    call(client, "CreateLogStream", json!({ "logGroupName": "/ecs/app", "logStreamName": stream })).unwrap();
    for (first, texts) in [
        ("0", [(0, "0"), (1, "1")]),
        ("0", [(0, "0"), (1, "1")]),
        ("1", [(1, "1"), (2, "2")]),
        ("3", [(3, "3"), (90_000_000, "too new")]),
        ("5", [(5, "5"), (6, "6")]),
    ] {
        let (status, said) = put(client, &key, first, &texts);
        assert_eq!((status, said.contains("tooNewLogEventStartIndex\":1")), (200, first == "3"), "{said}");
    }
    let input = json!({ "logGroupName": "/ecs/app", "logStreamName": stream, "startFromHead": true });
    let kept = call(client, "GetLogEvents", input.clone()).unwrap();
    assert_eq!(messages(&kept), ["0", "1", "2", "3", "5", "6"]);
    for (key, first, code) in [("AKIAIOSFODNN7EXAMPLE", "100", "AccessDenied"), (&key, "x", "InvalidParameter")] {
        let (status, why) = put(client, key, first, &[(9, "mine")]);
        assert_eq!((status, why.contains(code)), (400, true), "{why}");
    }
    assert_eq!(messages(&call(client, "GetLogEvents", input).unwrap()).len(), 6);
    call(client, "DeleteLogGroup", json!({ "logGroupName": "/ecs/app" })).unwrap();
    assert_eq!(client.request("POST", "/_neargate/reset", &[], b"").unwrap().status, 200);
    assert_eq!(
        std::fs::read_dir(dir.path().join("logs")).unwrap().count(),
        0,
        "no record names the events: they are gone"
    );
}
