//! The machine is as it was.

use crate::{
    cli::Failure,
    demo::{leftovers::Leftovers, story::Story},
};

pub fn tell(story: &mut Story) -> Result<(), Failure> {
    story.region.end_visitors();
    let data_dir = story.region.data_dir();
    let before = Leftovers::of(&data_dir);
    story.screen.say(&format!("On this machine now: {before}."));
    let done = story.neargate(&["down"])?;
    story.screen.output(if done.success { &done.output } else { &done.error });
    let after = Leftovers::of(&data_dir);
    story.screen.say(&format!("And now: {after}."));
    let seen = !before.namespaces.is_empty() && !before.cgroups.is_empty() && !before.processes.is_empty();
    let held = done.success && seen && after.is_empty();
    story.prove(
        "no namespace, mount, cgroup or process of it is left",
        held,
        &if seen { after.list() } else { format!("there was nothing to look for: {before}") },
    );
    Ok(())
}
