//! The containers of a task share its loopback.

use crate::{
    cli::Failure,
    demo::story::{Done, Story, short},
};

pub fn tell(story: &mut Story) -> Result<(), Failure> {
    story.screen.say("web fetches http://127.0.0.1:8080/my-endpoint from api over the loopback they share. curl is this machine's, in the");
    story.screen.say("task's network.");
    let (task, address) = (story.found.first.clone(), story.found.first_address.clone());
    let done = fetch(story, &format!("task/{}", short(&task)), "http://127.0.0.1:80/")?;
    story.screen.output(&done.output);
    story.prove(
        "web serves the page it made of api's answer",
        is_page_of(&done.output, &address),
        &format!("{}{}", done.output, done.error),
    );
    Ok(())
}

/// Fetches something from inside a network, again while its server is still starting.
pub(super) fn fetch(story: &Story, place: &str, url: &str) -> Result<Done, Failure> {
    let command = ["from", place, "--", "curl", "--silent", "--show-error", "--fail", "--max-time", "5", url];
    let mut done = story.neargate(&command)?;
    if !done.success {
        let again = || {
            let done = story.neargate_quietly(&command)?;
            Ok(if done.success { Ok(done) } else { Err(done.error.trim().to_owned()) })
        };
        done = story.until(url, again)?;
    }
    Ok(done)
}

/// Fetches something from a place, once.
pub(super) fn curl(story: &Story, vantage: &str, url: &str) -> Result<Done, Failure> {
    story.neargate(&["from", vantage, "--", "curl", "--silent", "--show-error", "--fail", "--max-time", "5", url])
}

/// Whether a page was made of the answer of the `api` in the task that has this address.
pub(super) fn is_page_of(page: &str, address: &str) -> bool {
    let host = format!("ip-{}.", address.replace('.', "-"));
    page.contains("<h1>Hello from api</h1>") && page.contains(&host)
}
