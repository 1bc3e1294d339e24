//! `RunTask`.

use super::{
    launch::{self, Plan},
    token, wire,
};
use crate::{State, Tx, ecs::clusters};
use aws::{
    api::ecs::{Failure, RunTaskRequest, RunTaskResponse},
    fault::Fault,
};

/// Makes the tasks a call asks for. They are answered as `PROVISIONING`; the controllers do the rest.
pub(super) fn run(tx: &mut Tx<'_>, request: RunTaskRequest) -> Result<RunTaskResponse, Fault> {
    let cluster = clusters::find(&tx.state, request.cluster.as_deref())?;
    if let Some(answer) = token::repeated(tx, &cluster.name, &request)? {
        return Ok(answer);
    }
    let (plan, providers) = launch::plan(&tx.state, &cluster, &request)?;
    let first = tx.draw() >> 1;
    let (mut tasks, mut failures) = (Vec::new(), Vec::new());
    for (number, provider) in (0..).zip(providers) {
        match plan.no_capacity(&tx.state) {
            Some(why) => failures.push(why),
            None => tasks.push(plan.task(tx, first + number, provider)),
        }
    }
    token::remember(tx, &cluster.name, request, tasks.iter().map(|task| task.id.clone()).collect());
    let answer = tasks.iter().map(|task| wire::task(&tx.state.region, task, true)).collect();
    tasks.into_iter().for_each(|task| tx.state.tasks.put(task));
    Ok(RunTaskResponse { tasks: Some(answer), failures: Some(failures) })
}

impl Plan {
    /// Why no host will ever take such a task, in the words of Amazon ECS for Fargate. As long as no host has been heard at all,
    /// one may still come: the task waits for it.
    pub(crate) fn no_capacity(&self, state: &State) -> Option<Failure> {
        let architecture = &self.architecture;
        let fits = state.hosts.is_empty() || state.hosts.iter().any(|host| host.capacity.architecture == *architecture);
        (!fits).then(|| Failure {
            arn: None,
            reason: Some(
                "Capacity is unavailable at this time. Please try again later or in a different availability zone"
                    .to_owned(),
            ),
            detail: Some(format!("No host of this region runs {architecture}.")),
        })
    }
}
