//! Every form of `valueFrom`, every answer, and what is said when there is no value.

use super::*;
use crate::aws::{Failure, SECRETS_MANAGER, SSM};
use proptest::prelude::*;
use serde_json::{Value, json};
use spec::Secret;

const REGION: &str = "us-east-1";
const ARN: &str = "arn:aws:secretsmanager:us-east-1:123456789012:secret:app/db-AbCdEf";
const PARAMETER: &str = "arn:aws:ssm:eu-west-1:123456789012:parameter/app/key";

fn secret(name: &str, value_from: &str) -> Secret {
    Secret { name: name.to_owned(), value_from: value_from.to_owned() }
}

fn get_secret(id: &str, stage: Option<&str>, version: Option<&str>) -> Call {
    let text = |value: Option<&str>| value.map(str::to_owned);
    Call::GetSecretValue {
        region: REGION.to_owned(),
        secret_id: id.to_owned(),
        version_id: text(version),
        version_stage: text(stage),
    }
}

/// The one environment variable that comes of a secret when every call gets this answer.
fn picked(value_from: &str, answer: &Answer) -> Result<String, String> {
    let secrets = [secret("A", value_from)];
    let answers = plan(&secrets, REGION)?.into_iter().map(|call| (call, answer.clone())).collect();
    pick(&secrets, REGION, &answers).map(|mut variables| variables.remove("A").unwrap())
}

fn given(text: &str) -> Answer {
    Ok(json!({ "SecretString": text }))
}

#[test]
fn calls_are_planned_by_region_ten_parameters_at_a_time_and_each_secret_once() {
    let mut secrets: Vec<Secret> = (0..11).map(|n| secret(&format!("P{n}"), &format!("/app/{n:02}"))).collect();
    secrets.extend([
        secret("AGAIN", "/app/00"),
        secret("FAR", PARAMETER),
        secret("USER", &format!("{ARN}:user::")),
        secret("PASSWORD", &format!("{ARN}:password::")),
        secret("OLD", &format!("{ARN}:password:AWSPREVIOUS:")),
        secret("FIXED", &format!("{ARN}:::00000000-0000-4000-8000-000000000001")),
        secret("WHOLE", ARN),
    ]);
    let names = |from: usize, to: usize| (from..to).map(|n| format!("/app/{n:02}")).collect::<Vec<_>>();
    let parameters = |region: &str, names: Vec<String>| Call::GetParameters { region: region.to_owned(), names };
    assert_eq!(
        plan(&secrets, REGION).unwrap(),
        [
            parameters(REGION, names(0, 10)),
            parameters(REGION, names(10, 11)),
            parameters("eu-west-1", vec![PARAMETER.to_owned()]),
            get_secret(ARN, None, None),
            get_secret(ARN, Some("AWSPREVIOUS"), None),
            get_secret(ARN, None, Some("00000000-0000-4000-8000-000000000001")),
        ]
    );
}

#[test]
fn calls_say_how_they_are_sent() {
    let call = Call::GetParameters { region: REGION.to_owned(), names: vec!["a".to_owned()] };
    assert_eq!((call.service(), call.operation(), call.region()), (&SSM, "GetParameters", REGION));
    assert_eq!(call.input(), json!({"Names": ["a"], "WithDecryption": true}));
    let call = get_secret(ARN, Some("AWSPREVIOUS"), None);
    assert_eq!((call.service(), call.operation()), (&SECRETS_MANAGER, "GetSecretValue"));
    assert_eq!(call.input(), json!({"SecretId": ARN, "VersionStage": "AWSPREVIOUS"}));
}

#[test]
fn an_arn_with_too_few_or_too_many_parts_is_refused() {
    for tail in [":key", ":key:", ":key:AWSCURRENT:id:more"] {
        let value_from = format!("{ARN}{tail}");
        assert_eq!(
            plan(&[secret("A", &value_from)], REGION).unwrap_err(),
            format!(
                "ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: unable to \
                 retrieve secret from asm: trying to retrieve secret with value {value_from} resulted in error: an invalid ARN format \
                 for the AWS Secrets Manager secret was specified. Specify a valid ARN and try again."
            )
        );
    }
}

#[test]
fn parameters_are_found_by_the_name_they_were_asked_for_by() {
    let parameter = |name: &str, selector: Option<&str>| json!({"Name": name, "ARN": "arn:aws:ssm:eu-west-1:123456789012:parameter/app/key", "Value": "v", "Selector": selector});
    for (asked, parameter) in [
        ("/app/key", parameter("/app/key", None)),
        ("top", parameter("/top", None)),
        (PARAMETER, parameter("/app/key", None)),
        (&format!("{PARAMETER}:3"), parameter("/app/key", Some(":3"))),
    ] {
        let other = json!({"Name": "/other", "ARN": "arn:x", "Value": "w"});
        let answer = Ok(json!({"Parameters": [other, parameter], "InvalidParameters": []}));
        assert_eq!(picked(asked, &answer).unwrap(), "v", "{asked}");
    }
}

#[test]
fn secrets_are_taken_whole_or_by_a_key_as_go_writes_them() {
    let text = r#"{"text": "a b", "port": 5432, "many": 12345678, "million": 1000000, "part": 0.5, "tiny": 0.00001, "huge": 1e30,
                   "negative": -7, "yes": true, "nothing": null, "list": [1, "x", false], "object": {"b": 2, "a": {"c": "d"}}}"#;
    assert_eq!(picked(ARN, &given(text)).unwrap(), text);
    for (key, value) in [
        ("text", "a b"),
        ("port", "5432"),
        ("many", "1.2345678e+07"),
        ("million", "1e+06"),
        ("part", "0.5"),
        ("tiny", "1e-05"),
        ("huge", "1e+30"),
        ("negative", "-7"),
        ("yes", "true"),
        ("nothing", "<nil>"),
        ("list", "[1 x false]"),
        ("object", "map[a:map[c:d] b:2]"),
    ] {
        assert_eq!(picked(&format!("{ARN}:{key}::"), &given(text)).unwrap(), value, "{key}");
    }
}

#[test]
fn failures_are_in_the_words_of_fargate() {
    let retrieval =
        "ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: ";
    let asm = format!("{retrieval}unable to retrieve secret from asm: service call has been retried 1 time(s): ");
    let ssm = format!("{retrieval}unable to retrieve secrets from ssm: service call has been retried 1 time(s): ");
    let refused = |code: &str, message: &str| {
        Err(Failure::Refused {
            status: 400,
            request_id: "r-1".to_owned(),
            code: code.to_owned(),
            message: message.to_owned(),
        })
    };
    let missing = refused("ResourceNotFoundException", "Secrets Manager can't find the specified secret.");
    let denied = refused("AccessDeniedException", "User: x is not authorized to perform: y");
    let silent = Err(Failure::NoAnswer {
        url: "https://x.us-east-1.amazonaws.com/".to_owned(),
        attempts: 3,
        why: "dial tcp 198.18.0.1:443: i/o timeout".to_owned(),
    });
    let invalid = Ok(json!({"Parameters": [], "InvalidParameters": ["/app/key", "/app/other"]}));
    let keyed = format!("{ARN}:password::");
    for (value_from, answer, reason) in [
        (
            ARN,
            &missing,
            format!(
                "{asm}failed to fetch secret {ARN} from secrets manager: operation error Secrets Manager: GetSecretValue, https response \
                 error StatusCode: 400, RequestID: r-1, ResourceNotFoundException: Secrets Manager can't find the specified secret."
            ),
        ),
        (
            ARN,
            &denied,
            format!(
                "{asm}failed to fetch secret {ARN} from secrets manager: operation error Secrets Manager: GetSecretValue, https response \
                 error StatusCode: 400, RequestID: r-1, api error AccessDeniedException: User: x is not authorized to perform: y"
            ),
        ),
        (
            &keyed,
            &given("{\"user\": \"hunter2\"}"),
            format!("{asm}retrieved secret from Secrets Manager did not contain json key password"),
        ),
        (&keyed, &given("hunter2"), format!("{asm}invalid character looking for beginning of value")),
        (
            ARN,
            &silent,
            format!(
                "ResourceInitializationError: unable to pull secrets or registry auth: unable to retrieve secret from asm: There is a \
                 connection issue between the task and AWS Secrets Manager. Check your task network configuration. failed to fetch \
                 secret {ARN} from secrets manager: operation error Secrets Manager: GetSecretValue, exceeded maximum number of attempts, \
                 3, https response error StatusCode: 0, RequestID: , request send failed, Post \"https://x.us-east-1.amazonaws.com/\": \
                 dial tcp 198.18.0.1:443: i/o timeout"
            ),
        ),
        ("/app/key", &invalid, format!("{ssm}invalid ssm parameters: /app/key,/app/other")),
        (
            "/app/key",
            &denied,
            format!(
                "{ssm}operation error SSM: GetParameters, https response error StatusCode: 400, RequestID: r-1, api error \
                 AccessDeniedException: User: x is not authorized to perform: y"
            ),
        ),
        (
            "/app/key",
            &silent,
            "ResourceInitializationError: unable to pull secrets or registry auth: unable to retrieve secrets from ssm: The task cannot \
             pull secrets from AWS Systems Manager. There is a connection issue between the task and AWS Systems Manager Parameter \
             Store. Check your task network configuration. operation error SSM: GetParameters, exceeded maximum number of attempts, 3, \
             https response error StatusCode: 0, RequestID: , request send failed, Post \"https://x.us-east-1.amazonaws.com/\": dial tcp \
             198.18.0.1:443: i/o timeout"
                .to_owned(),
        ),
    ] {
        assert_eq!(picked(value_from, answer).unwrap_err(), reason);
    }
}

#[test]
fn credentials_of_a_registry_are_a_name_and_a_password() {
    let call = registry_call(ARN, "eu-west-1");
    assert_eq!((&call, call.region()), (&get_secret(ARN, None, None), REGION));
    assert_eq!(registry_call("name", "eu-west-1").region(), "eu-west-1");
    let read = |text: &str| registry_credentials(&call, &given(text));
    let right = Login { user: "u".to_owned(), password: "p".to_owned() };
    assert!(read(r#"{"username": "u", "password": "p"}"#) == Ok(right.clone()));
    assert!(read(r#"{"Username": "u", "Password": "p", "more": 1}"#) == Ok(right));
    for (text, why) in [
        ("", "asm fetching authorization data: empty secrets value"),
        ("hunter2", "asm fetching authorization data: unable to unmarshal secret value, invalid schema"),
        (r#"{"username": 1}"#, "asm fetching authorization data: unable to unmarshal secret value, invalid schema"),
        (r#"{"password": "p"}"#, "asm fetching username: AuthorizationData is malformed, empty field"),
        (r#"{"username": "u"}"#, "asm fetching password: AuthorizationData is malformed, empty field"),
    ] {
        let refused = read(text).err().unwrap();
        assert!(refused.ends_with(why) && refused.contains("unable to get registry auth from asm: "), "{refused}");
    }
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(|number| json!(number)),
        ".{0,8}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("[a-z]{1,3}", inner, 0..4).prop_map(|members| json!(members)),
        ]
    })
}

proptest! {
    #[test]
    fn any_text_and_any_json_have_an_answer(value_from in ".{0,60}", answer in any_json(), text in ".{0,40}", key in "[a-z]{0,3}") {
        let _ = picked(&value_from, &Ok(answer.clone()));
        let keyed = format!("{ARN}:{key}::");
        let _ = picked(&keyed, &Ok(answer.clone()));
        let _ = picked(&keyed, &given(&answer.to_string()));
        // Nothing of a secret is in what is said about it.
        if let Err(reason) = picked(&format!("{ARN}:zzzz::"), &given(&format!("{text}hunter2"))) {
            prop_assert!(!reason.contains("hunter2"));
        }
    }

    #[test]
    fn numbers_mean_the_same_after_they_were_written(number in any::<f64>().prop_filter("finite", |n| n.is_finite())) {
        let text = json!({ "n": number }).to_string();
        let written = picked(&format!("{ARN}:n::"), &given(&text)).unwrap();
        prop_assert_eq!(written.parse::<f64>().unwrap(), number);
    }
}
