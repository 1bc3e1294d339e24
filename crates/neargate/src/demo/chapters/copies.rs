//! Static ports don't clash, as every task has an address of its own.

use super::{
    page::{fetch, is_page_of},
    run_task::run,
};
use crate::{
    cli::Failure,
    demo::story::{Story, short},
};
use std::collections::BTreeSet;

/// Each task's ARN, status and address.
const QUERY: &str = "tasks[].[taskArn, lastStatus, attachments[0].details[?name==`privateIPv4Address`].value | [0]]";

pub fn tell(story: &mut Story) -> Result<(), Failure> {
    let copies = run(story, 2)?;
    let all: Vec<String> = std::iter::once(story.found.first.clone()).chain(copies.iter().cloned()).collect();
    story.reach(&all, "RUNNING")?;
    let mut command = vec!["ecs", "describe-tasks", "--query", QUERY, "--tasks"];
    command.extend(all.iter().map(String::as_str));
    let described = story.aws(&command)?;
    story.screen.json(&described);
    let tasks: Vec<(String, String, String)> = serde_json::from_value(described.clone())?;
    let running = tasks.iter().filter(|(_, status, _)| status == "RUNNING").count();
    let addresses: BTreeSet<&str> = tasks.iter().map(|(_, _, address)| address.as_str()).collect();
    let held = running == all.len() && addresses.len() == all.len();
    story.prove("three copies run at the same time, each with an address of its own", held, &described.to_string());
    let mut wrong = Vec::new();
    for (task, _, address) in &tasks {
        let done = fetch(story, &format!("task/{}", short(task)), "http://127.0.0.1:80/")?;
        if !is_page_of(&done.output, address) {
            wrong.push(format!("{}: {}", short(task), done.output));
        }
    }
    story.prove("each serves its own page on the same port 80", wrong.is_empty(), &wrong.join("; "));
    story.found.copies = copies;
    Ok(())
}
