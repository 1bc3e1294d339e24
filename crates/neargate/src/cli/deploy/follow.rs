//! Waiting for a stack's end, and seeing what goes on meanwhile.

use super::{
    Failure,
    calls::{Calls, Stack},
    progress::Progress,
    screen::View,
};
use crate::cli::services;
use std::time::{Duration, SystemTime};

/// How often is looked.
const PAUSE: Duration = Duration::from_millis(200);

/// What was begun.
pub struct Began {
    /// The stack's id.
    pub stack: String,
    /// The last of its events that came before.
    last: Option<String>,
    /// What will be in it: logical ids and types.
    pub expected: Vec<(String, String)>,
}

impl Began {
    /// What is about to be begun with a stack, or to make one.
    ///
    /// # Errors
    /// When the region can't be asked.
    pub async fn of(calls: &Calls<'_>, stack: Option<&Stack>) -> Result<Self, Failure> {
        let (mut id, mut last) = (String::new(), None);
        if let Some(stack) = stack {
            id.clone_from(&stack.stack_id);
            last = calls.last_event(&id).await?;
        }
        Ok(Self { stack: id, last, expected: Vec::new() })
    }
}

/// How it went on.
pub enum Followed {
    /// Nothing is done to the stack any more.
    Ended(Stack, Box<Progress>),
    /// The user did not want to wait.
    Interrupted,
}

/// Waits until nothing is done to a stack any more.
///
/// # Errors
/// When the region can't be asked any more.
pub async fn follow(calls: &Calls<'_>, began: Began, view: &mut View) -> Result<Followed, Failure> {
    let Began { stack: id, last, expected } = began;
    let mut progress = Progress::new(&id, expected);
    loop {
        // Asked first: when it says that all is over, all events are there.
        let stack = calls.stack(&id).await?.ok_or_else(|| Failure(format!("there is no stack {id} any more")))?;
        let mut lines = events(calls, &mut progress, last.as_deref()).await?;
        for arn in progress.services() {
            // A service that can't be described is on its way to be made, or gone: its events tell.
            if let Ok(Some((service, stopped))) = services::one(calls.region, &arn, progress.began()).await {
                lines.extend(progress.take_service(&arn, service, stopped));
            }
        }
        let over = !stack.is_busy();
        view.show(&progress, &lines, now(), over);
        if over {
            return Ok(Followed::Ended(stack, Box::new(progress)));
        }
        tokio::select! {
            _ = tokio::signal::ctrl_c() => return Ok(Followed::Interrupted),
            () = tokio::time::sleep(PAUSE) => {}
        }
    }
}

/// Takes in what has happened in the stack and in those in it, and returns it as lines.
async fn events(calls: &Calls<'_>, progress: &mut Progress, last: Option<&str>) -> Result<Vec<String>, Failure> {
    let (mut lines, mut asked) = (Vec::new(), 0);
    // Stacks in it become known by its events.
    while let Some(stack) = progress.stacks().get(asked).cloned() {
        let is_old = |event: &_| progress.knows(event) || last == Some(event_id(event));
        let mut new = calls.events(&stack, is_old).await?;
        new.reverse();
        lines.extend(new.into_iter().filter_map(|event| progress.take(event)));
        asked += 1;
    }
    Ok(lines)
}

fn event_id(event: &super::progress::Event) -> &str {
    &event.event_id
}

/// Seconds since the epoch.
fn now() -> f64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs_f64()
}
