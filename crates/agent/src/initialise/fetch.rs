//! Sends the calls that a task's secrets take, and keeps what comes of their answers.

use super::Resources;
use crate::{
    aws::Aws,
    secrets::{self, Answer, Answers, Call},
};
use spec::TaskSpec;

/// Fetches the secrets of all containers and the credentials of private registries.
///
/// # Errors
/// The task's failure, in the words of Fargate.
pub(super) async fn secrets(aws: &Aws, task: &TaskSpec, resources: &mut Resources) -> Result<(), String> {
    let region = aws.region.as_str();
    let mut answers = Answers::new();
    for call in secrets::plan(task.containers.iter().flat_map(|container| &container.secrets), region)? {
        let answer = answer(aws, &call).await;
        answers.insert(call, answer);
    }
    for container in task.containers.iter().filter(|container| !container.secrets.is_empty()) {
        let picked = secrets::pick(&container.secrets, region, &answers)?;
        resources.environment.insert(container.name.clone(), picked);
    }
    for container in &task.containers {
        let Some(parameter) = &container.repository_credentials else { continue };
        let call = secrets::registry_call(parameter, region);
        let login = secrets::registry_credentials(&call, &answer(aws, &call).await)?;
        resources.logins.insert(container.name.clone(), login);
    }
    Ok(())
}

async fn answer(aws: &Aws, call: &Call) -> Answer {
    aws.in_region(call.region()).call(call.service(), call.operation(), &call.input()).await
}
