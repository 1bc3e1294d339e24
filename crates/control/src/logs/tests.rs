//! Log groups and streams as a client meets them.

use super::streams::Statistics;
use super::*;
use crate::{
    Caller, State, Tx, View,
    ecs::tasks::tests::{Fixture, definition},
};
use aws::{
    api::logs::*,
    doc::Timestamp,
    shape::{Nothing, Operation, Shape},
};
use spec::TaskRole;

/// A region whose state is changed by one operation after another.
#[derive(Default)]
struct Region(State, u64);

impl Region {
    fn call<O: Operation<Output = Nothing>>(&mut self, _: O, input: O::Input) -> Result<(), String> {
        self.1 += 1;
        let caller = Caller::default();
        let mut tx = Tx::new(self.0.clone(), Timestamp { millis: 1_000 + self.1 as i64 }, &caller, self.1);
        let service = service();
        let Some(crate::Handler::Write(run)) = service.handler(O::NAME) else { panic!("{} writes", O::NAME) };
        run(&mut tx, input.write()).map_err(|fault| fault.to_string())?;
        self.0 = tx.state;
        Ok(())
    }
    fn group(&mut self, name: &str) -> Result<(), String> {
        let request = CreateLogGroupRequest {
            log_group_name: name.to_owned(),
            kms_key_id: None,
            tags: None,
            log_group_class: None,
            deletion_protection_enabled: None,
        };
        self.call(op::CreateLogGroup, request)
    }
    fn stream(&mut self, group: &str, stream: &str) -> Result<(), String> {
        self.call(
            op::CreateLogStream,
            CreateLogStreamRequest { log_group_name: group.to_owned(), log_stream_name: stream.to_owned() },
        )
    }
    fn view<T>(&self, look: impl FnOnce(&View<'_>) -> T) -> T {
        look(&View { state: &self.0, now: Timestamp { millis: 5_000 }, caller: &Caller::default() })
    }
    fn streams(&self, request: DescribeLogStreamsRequest) -> Vec<String> {
        let mut names = Vec::new();
        let mut next_token = None;
        loop {
            let last = |stream: &crate::state::LogStream| Statistics {
                last_event: stream.name.len().try_into().ok(),
                ..Statistics::default()
            };
            let page = self
                .view(|view| streams::describe(view, DescribeLogStreamsRequest { next_token, ..request.clone() }, last))
                .unwrap();
            names.extend(page.log_streams.unwrap().into_iter().filter_map(|stream| stream.log_stream_name));
            next_token = page.next_token;
            if next_token.is_none() {
                return names;
            }
        }
    }
}

#[test]
fn a_group_is_made_once_and_takes_its_streams_along() {
    let mut region = Region::default();
    region.group("/ecs/app").unwrap();
    region.group("/ecs/app2").unwrap();
    assert_eq!(
        region.group("/ecs/app").unwrap_err(),
        "ResourceAlreadyExistsException: The specified log group already exists"
    );
    assert_eq!(
        region.group("AWS/x").unwrap_err(),
        "InvalidParameterException: Log groups starting with AWS/ are reserved for AWS."
    );
    region.stream("/ecs/app", "a").unwrap();
    region.stream("/ecs/app2", "b").unwrap();
    assert_eq!(
        region.stream("/ecs/app", "a").unwrap_err(),
        "ResourceAlreadyExistsException: The specified log stream already exists"
    );
    assert_eq!(
        region.stream("nope", "a").unwrap_err(),
        "ResourceNotFoundException: The specified log group does not exist."
    );
    let first = region.0.log_streams.get("/ecs/app:a").unwrap().id.clone();
    region.call(op::DeleteLogGroup, DeleteLogGroupRequest { log_group_name: "/ecs/app".to_owned() }).unwrap();
    assert_eq!(region.0.log_streams.iter().map(|s| s.name.as_str()).collect::<Vec<_>>(), ["b"]);
    region.group("/ecs/app").unwrap();
    region.stream("/ecs/app", "a").unwrap();
    assert_ne!(region.0.log_streams.get("/ecs/app:a").unwrap().id, first, "a stream made again keeps its events apart");
}

#[test]
fn groups_are_described_as_aws_does() {
    let mut region = Region::default();
    (0..60).for_each(|n| region.group(&format!("g{n:02}")).unwrap());
    let page = region.view(|view| groups::describe(view, DescribeLogGroupsRequest::default(), |_| 7)).unwrap();
    let (groups, token) = (page.log_groups.unwrap(), page.next_token);
    assert_eq!((groups.len(), token.is_some()), (50, true));
    assert_eq!(groups[3].arn.as_deref(), Some("arn:aws:logs:us-east-1:123456789012:log-group:g03:*"));
    assert_eq!(groups[3].stored_bytes, Some(7));
    let rest = region
        .view(|view| {
            groups::describe(view, DescribeLogGroupsRequest { next_token: token, ..Default::default() }, |_| 0)
        })
        .unwrap();
    assert_eq!((rest.log_groups.unwrap().len(), rest.next_token), (10, None));
    let both = DescribeLogGroupsRequest {
        log_group_name_prefix: Some("g".to_owned()),
        log_group_name_pattern: Some("0".to_owned()),
        ..Default::default()
    };
    assert!(region.view(|view| groups::describe(view, both, |_| 0)).is_err());
}

#[test]
fn streams_come_in_either_order_page_by_page() {
    let mut region = Region::default();
    region.group("g").unwrap();
    for name in ["b", "abc", "ab", "abcd"] {
        region.stream("g", name).unwrap();
    }
    let request =
        DescribeLogStreamsRequest { log_group_name: Some("g".to_owned()), limit: Some(1), ..Default::default() };
    assert_eq!(region.streams(request.clone()), ["ab", "abc", "abcd", "b"]);
    let down = DescribeLogStreamsRequest { descending: Some(true), ..request };
    assert_eq!(region.streams(down.clone()), ["b", "abcd", "abc", "ab"]);
    let newest = DescribeLogStreamsRequest { order_by: Some(OrderBy::LastEventTime), ..down.clone() };
    assert_eq!(region.streams(newest), ["abcd", "abc", "ab", "b"]);
    let prefix = DescribeLogStreamsRequest { log_stream_name_prefix: Some("abc".to_owned()), ..down };
    assert_eq!(region.streams(prefix), ["abcd", "abc"]);
}

#[test]
fn retention_takes_the_days_aws_takes() {
    let mut region = Region::default();
    region.group("g").unwrap();
    let put = |days| PutRetentionPolicyRequest { log_group_name: "g".to_owned(), retention_in_days: days };
    region.call(op::PutRetentionPolicy, put(14)).unwrap();
    assert!(region.call(op::PutRetentionPolicy, put(15)).unwrap_err().contains("Value '15' at 'retentionInDays'"));
    assert_eq!(region.0.log_groups.get("g").unwrap().retention, Some(14));
    region.call(op::DeleteRetentionPolicy, DeleteRetentionPolicyRequest { log_group_name: "g".to_owned() }).unwrap();
    assert_eq!(region.0.log_groups.get("g").unwrap().retention, None);
}

#[test]
fn tags_by_arn_with_and_without_the_star() {
    let mut region = Region::default();
    region.group("g").unwrap();
    let tags = [("a".to_owned(), "1".to_owned()), ("b".to_owned(), "2".to_owned())].into();
    region.call(op::TagResource, TagResourceRequest { resource_arn: groups::arn(&region.0, "g"), tags }).unwrap();
    region
        .call(op::UntagLogGroup, UntagLogGroupRequest { log_group_name: "g".to_owned(), tags: vec!["a".to_owned()] })
        .unwrap();
    let starred = ListTagsForResourceRequest { resource_arn: groups::arn(&region.0, "g") + ":*" };
    let listed = region.view(|view| tags::list(view, starred)).unwrap().tags.unwrap();
    assert_eq!(listed.into_iter().collect::<Vec<_>>(), [("b".to_owned(), "2".to_owned())]);
    let many = (0..51).map(|n| (format!("k{n}"), String::new())).collect();
    assert!(super::tags::check(&many).is_err());
}

#[test]
fn lines_are_numbered_by_the_execution_role_of_their_own_task() {
    let mut fixture = Fixture::new();
    let mut logged = definition();
    let options =
        serde_json::json!({"awslogs-group": "/app", "awslogs-region": "us-east-1", "awslogs-stream-prefix": "p"});
    logged["containerDefinitions"][0]["logConfiguration"] =
        serde_json::json!({"logDriver": "awslogs", "options": options});
    let container = logged["containerDefinitions"][0]["name"].as_str().unwrap().to_owned();
    logged["taskRoleArn"] = fixture.world.task_role("app").into();
    logged["executionRoleArn"] = fixture.world.task_role("exec").into();
    fixture.world.ecs("RegisterTaskDefinition", logged);
    let (mine, other) = (fixture.start(), fixture.start());
    let mut key = |task: &str, role| {
        let issued = fixture.world.transact(|tx| crate::iam::task_credentials(tx, task, role));
        issued.unwrap_or_else(|fault| panic!("{fault}")).access_key_id
    };
    let of_mine = key(&mine, TaskRole::Execution);
    let others = [key(&mine, TaskRole::Task), key(&other, TaskRole::Execution), String::new(), "AKIA".to_owned()];
    let allows = |key: &str, group: &str, stream: &str| {
        let caller = Caller { access_key_id: key.to_owned() };
        let view = View { state: &fixture.world.state, now: Timestamp { millis: 1 }, caller: &caller };
        may_number(&view, group, stream).map_err(|fault| fault.code.to_string())
    };
    let stream = format!("p/{container}/{mine}");
    assert_eq!(allows(&of_mine, "/app", &stream), Ok(()));
    let denied = Err("AccessDeniedException".to_owned());
    for key in &others {
        assert_eq!(allows(key, "/app", &stream), denied, "{key}");
    }
    for (group, stream) in [("/other", &stream), ("/app", &mine), ("/app", &format!("q/{container}/{mine}"))] {
        assert_eq!(allows(&of_mine, group, stream), denied, "{group} {stream}");
    }
}
