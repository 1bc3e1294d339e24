//! What the security group says is what happens to packets.

use super::page::{fetch, is_page_of};
use crate::{
    cli::Failure,
    demo::story::{Story, short},
};

pub fn tell(story: &mut Story) -> Result<(), Failure> {
    let address = story.found.first_address.clone();
    let copy = story.found.copies.first().cloned().ok_or_else(|| Failure("there is no other task".to_owned()))?;
    let done = fetch(story, &format!("task/{}", short(&copy)), &format!("http://{address}:80/"))?;
    story.prove(
        "a task reaches another at the port the security group opens",
        is_page_of(&done.output, &address),
        &done.output,
    );

    let api = "http://127.0.0.1:8080/my-endpoint";
    let first = story.found.first.clone();
    let inside = fetch(story, &format!("task/{}", short(&first)), api)?;
    let place = format!("task/{}", short(&copy));
    let closed = story.neargate(&[
        "from",
        &place,
        "--",
        "curl",
        "--silent",
        "--show-error",
        "--max-time",
        "0.5",
        &format!("http://{address}:8080/my-endpoint"),
    ])?;
    story.screen.output(&closed.error);
    let dropped = inside.success && !closed.success && closed.error.contains("timed out");
    story.prove(
        "its port 8080, which answers inside the task, is closed to the other",
        dropped,
        &format!("{}{}", closed.output, closed.error),
    );
    Ok(())
}
