//! What a task needs of AWS's services before any of its containers may begin: logins at registries, secrets, streams for its output. All
//! of it is asked for through the task's own interface, with its execution role.
//!
//! What fails here is a `ResourceInitializationError`, in AWS's words ("ResourceInitializationError errors", Amazon ECS Developer Guide).

mod fetch;
mod needs;

pub(crate) use needs::{needed, registry};

use crate::{
    aws::{Aws, ECR, Failure, LOGS},
    logs::Joiner,
    secrets::Login,
};
use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};
use spec::{ContainerSpec, LogSpec, TaskSpec};
use std::collections::BTreeMap;

/// What every failure begins with.
const ERROR: &str = "ResourceInitializationError: ";

/// What was got. Absent: `Debug`, for it is nobody's to print.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) struct Resources {
    /// The login at every registry of Amazon ECR.
    ecr: Option<Login>,
    /// Logins at private registries, by container.
    logins: BTreeMap<String, Login>,
    /// Secrets as environment variables, by container.
    environment: BTreeMap<String, BTreeMap<String, String>>,
}

impl Resources {
    /// The login that a container's image is pulled with, if with any.
    pub(crate) fn login(&self, container: &ContainerSpec) -> Option<Login> {
        let own = self.logins.get(&container.name);
        own.or(self.ecr.as_ref().filter(|_| registry(&container.image).is_some())).cloned()
    }

    /// The secrets that a container gets.
    pub(crate) fn environment(&self, container: &str) -> BTreeMap<String, String> {
        self.environment.get(container).cloned().unwrap_or_default()
    }
}

/// Gets all of it.
///
/// # Errors
/// Why the task can't be: its `stoppedReason`.
pub(crate) async fn initialise(aws: &Aws, task: &TaskSpec) -> Result<Resources, String> {
    let mut resources = Resources::default();
    if task.containers.iter().any(|container| registry(&container.image).is_some()) {
        resources.ecr = Some(login(aws).await.map_err(error)?);
    }
    fetch::secrets(aws, task, &mut resources).await?;
    let of_proxy = task.connect.as_ref().and_then(|connect| connect.log.as_ref());
    for log in task.containers.iter().filter_map(|container| container.log.as_ref()).chain(of_proxy) {
        open(aws, log).await.map_err(error)?;
    }
    Ok(resources)
}

fn error(why: impl std::fmt::Display) -> String {
    format!("{ERROR}{why}")
}

/// A login at Amazon ECR.
async fn login(aws: &Aws) -> Result<Login, String> {
    const OPERATION: &str = "GetAuthorizationToken";
    let failed = |failure: &Failure| {
        let what = failure.of(&ECR, OPERATION);
        let connection = match failure {
            Failure::NoAnswer { .. } => {
                " There is a connection issue between the task and Amazon ECR. Check your task network configuration."
            }
            Failure::Refused { .. } => "",
        };
        format!(
            "unable to pull secrets or registry auth: The task cannot pull registry auth from Amazon ECR:{connection} {what}."
        )
    };
    let answer = aws.call(&ECR, OPERATION, &json!({})).await.map_err(|failure| failed(&failure))?;
    let token = answer.pointer("/authorizationData/0/authorizationToken").and_then(Value::as_str);
    let token = token.and_then(|token| String::from_utf8(STANDARD.decode(token).ok()?).ok());
    let login = token.as_deref().and_then(|token| token.split_once(':'));
    let (user, password) =
        login.ok_or("unable to pull secrets or registry auth: Amazon ECR answered without a token")?;
    Ok(Login { user: user.to_owned(), password: password.to_owned() })
}

/// Makes a log stream before its first line, and its group where that is asked for.
async fn open(aws: &Aws, log: &LogSpec) -> Result<(), String> {
    Joiner::new(log.multiline.as_ref())
        .map_err(|why| format!("failed to validate logger args: {why} : exit status 1"))?;
    let stream = json!({ "logGroupName": log.group, "logStreamName": log.stream });
    let mut operation = "CreateLogStream";
    let mut made = made(aws.call(&LOGS, operation, &stream).await);
    if log.create_group && made.as_ref().is_err_and(|failure| failure.is("ResourceNotFoundException")) {
        let group = json!({ "logGroupName": log.group });
        operation = "CreateLogGroup";
        made = self::made(aws.call(&LOGS, operation, &group).await);
        if made.is_ok() {
            operation = "CreateLogStream";
            made = self::made(aws.call(&LOGS, operation, &stream).await);
        }
    }
    made.map_err(|failure| match &failure {
        Failure::NoAnswer { .. } => "failed to validate logger args: The task cannot find the Amazon CloudWatch log group \
             defined in the task definition. There is a connection issue between the task and Amazon CloudWatch. Check your \
             network configuration. : signal: killed"
            .to_owned(),
        Failure::Refused { .. } => format!(
            "failed to validate logger args: create stream has been retried 1 times: failed to create Cloudwatch log stream: \
             {} : exit status 1",
            failure.of(&LOGS, operation)
        ),
    })
}

/// What is there already need not be made.
fn made(answer: Result<Value, Failure>) -> Result<(), Failure> {
    match answer {
        Err(failure) if failure.is("ResourceAlreadyExistsException") => Ok(()),
        other => other.map(drop),
    }
}
