use super::*;
use crate::{
    ecs::tasks::tests::{Fixture, definition, ended, running},
    host::host_spec,
    iam::task_credentials,
};
use aws::api::sts;
use spec::{Credentials, HostId, TaskRole};

const HOURS: i64 = 60 * 60 * 1000;

/// A region with a task that has both roles, and its id.
fn started() -> (Fixture, String) {
    let mut fixture = Fixture::new();
    let mut with_roles = definition();
    with_roles["taskRoleArn"] = json!(fixture.world.task_role("app"));
    with_roles["executionRoleArn"] = json!("exec");
    fixture.world.task_role("exec");
    fixture.world.ecs("RegisterTaskDefinition", with_roles);
    let id = fixture.start();
    (fixture, id)
}

fn issue(fixture: &mut Fixture, id: &str, role: TaskRole) -> Result<Credentials, String> {
    fixture.world.transact(|tx| task_credentials(tx, id, role)).map_err(|fault| fault.to_string())
}

fn who(fixture: &mut Fixture, key: &str) -> Result<Value, String> {
    fixture.world.key = key.to_owned();
    let answer = fixture.world.call(&sts::API, "GetCallerIdentity", json!({}));
    fixture.world.key = String::new();
    answer.map_err(|fault| fault.to_string())
}

#[test]
fn a_tasks_credentials_are_its_roles() {
    let (mut fixture, id) = started();
    let issued = issue(&mut fixture, &id, TaskRole::Task).unwrap_or_else(|why| panic!("{why}"));
    assert_eq!(issued.role_arn, "arn:aws:iam::123456789012:role/app");
    assert_eq!(issued.expiration, "1970-01-01T06:00:01Z");
    assert!(issued.access_key_id.starts_with("ASIA") && issued.secret_access_key.len() == 40);
    let identity = who(&mut fixture, &issued.access_key_id).unwrap();
    assert_eq!(identity["Arn"], format!("arn:aws:sts::123456789012:assumed-role/app/{id}"));
    let role = fixture.world.iam("GetRole", json!({"RoleName": "app"}))["Role"]["RoleId"].clone();
    assert_eq!(identity["UserId"], format!("{}:{id}", role.as_str().unwrap()));
    let execution = issue(&mut fixture, &id, TaskRole::Execution).unwrap_or_else(|why| panic!("{why}"));
    assert_eq!(execution.role_arn, "arn:aws:iam::123456789012:role/exec", "a name stands for a role of no path");
    assert_ne!(execution.access_key_id, issued.access_key_id);
    let spec = host_spec(&fixture.world.state, &HostId::from("host"));
    assert_eq!(spec.tasks[id.as_str()].metadata.credentials.as_ref().map(String::len), Some(36));
}

#[test]
fn they_are_renewed_when_half_of_their_time_is_over() {
    let (mut fixture, id) = started();
    let key = |fixture: &mut Fixture| issue(fixture, &id, TaskRole::Task).map(|issued| issued.access_key_id);
    let first = key(&mut fixture).unwrap();
    fixture.world.now += 3 * HOURS - 1_000;
    fixture.sync();
    assert_eq!(key(&mut fixture).unwrap(), first);
    fixture.world.now += 2_000;
    fixture.sync();
    let second = key(&mut fixture).unwrap();
    assert_ne!(second, first);
    assert!(who(&mut fixture, &first).is_ok(), "the old ones hold until they expire");
    fixture.world.now += 3 * HOURS - 1_000;
    let expired = who(&mut fixture, &first).unwrap_err();
    assert_eq!(expired, "ExpiredToken: The security token included in the request is expired");
    fixture.sync();
    let forgotten = who(&mut fixture, &first).unwrap_err();
    assert_eq!(forgotten, "InvalidClientTokenId: The security token included in the request is invalid");
    assert!(who(&mut fixture, &second).is_ok());
}

#[test]
fn they_end_with_their_task() {
    let (mut fixture, id) = started();
    for name in ["web", "api"] {
        *fixture.container(&id, name) = running();
    }
    fixture.sync();
    let issued = issue(&mut fixture, &id, TaskRole::Task).unwrap_or_else(|why| panic!("{why}"));
    fixture.world.ecs("StopTask", json!({"task": id}));
    for name in ["web", "api"] {
        *fixture.container(&id, name) = ended(0);
    }
    fixture.sync();
    fixture.tasks.clear();
    fixture.sync();
    fixture.sync();
    assert_eq!(fixture.status(&id), "STOPPED");
    assert!(who(&mut fixture, &issued.access_key_id).unwrap_err().starts_with("InvalidClientTokenId: "));
    assert!(issue(&mut fixture, &id, TaskRole::Task).is_err());
    let state = &fixture.world.state;
    assert!(state.sts_sessions.is_empty() && state.task_credentials.is_empty(), "nothing of them is kept");
}

#[test]
fn a_role_that_tasks_cannot_assume_starts_none() {
    let mut fixture = Fixture::new();
    let request = json!({"RoleName": "other", "AssumeRolePolicyDocument": trust("ec2.amazonaws.com")});
    fixture.world.iam("CreateRole", request);
    for role in ["none", "other", "arn:aws:iam::123456789012:role/other", "arn:aws:iam::123456789012:role/path/other"] {
        for which in ["taskRoleArn", "executionRoleArn"] {
            let request = fixture.request_with(json!({"overrides": {which: role}}));
            assert_eq!(
                fixture.world.ecs_refuses("RunTask", request),
                format!(
                    "ClientException: ECS was unable to assume the role '{role}' that was provided for this task. Please verify that the role being passed has the proper trust relationship and permissions and that your IAM user has permissions to pass this role."
                )
            );
        }
    }
    let arn = fixture.world.task_role("mine");
    let request = fixture.request_with(json!({"overrides": {"taskRoleArn": arn}}));
    let answer = fixture.world.ecs("RunTask", request);
    assert_eq!(answer["tasks"][0]["overrides"]["taskRoleArn"], arn, "overrides are shown as they were given");
    let without = fixture.start();
    let refused = issue(&mut fixture, &without, TaskRole::Task).err().unwrap();
    assert!(refused.starts_with("NoSuchEntity: The task role of task "), "{refused}");
}
