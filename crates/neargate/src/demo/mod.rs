//! `neargate demo`: the main things at work, end to end, in a region of its own, as an AWS client sees them.
//!
//! - [`chapters`]: what is shown, one file a chapter. To add one, write it and name it in the list.
//! - [`story`]: what chapters share: the region, the commands they run, what was proved so far.
//! - [`region`]: a `neargate up` of its own, with a data directory of its own; it is gone afterwards, however the story ends.
//! - [`screen`]: how it looks. [`leftovers`]: what of a region is on this machine. [`app`]: what the containers run.

mod app;
mod chapters;
mod leftovers;
mod region;
mod screen;
mod story;
mod tools;

pub use app::App;

use crate::cli::Failure;
use clap::Args;
use region::Region;
use screen::Screen;
use std::{process::ExitCode, sync::Arc, time::Instant};
use story::Story;
use tokio::signal::unix::{SignalKind, signal};

const EXAMPLES: &str = "\
Examples:
  neargate demo           # leaves nothing behind
  neargate demo --keep    # leaves the region running, and says how to look around in it

It needs root, the AWS CLI, skopeo and curl. `make demo` brings them with it.";

/// Exit code of a program that was ended by Ctrl-C.
const INTERRUPTED: u8 = 130;

/// Show the main things at work.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub struct Demo {
    /// Leave the region and its tasks running.
    #[arg(long)]
    keep: bool,
}

impl Demo {
    /// Tells the story and removes its region, also after a failure or Ctrl-C. Succeeds when everything was proved.
    pub fn run(self) -> Result<ExitCode, Failure> {
        let started = Instant::now();
        tools::check()?;
        let region = Arc::new(Region::start()?);
        let Some(story) = tell(Story::new(Screen::new(), region.clone(), self.keep))? else {
            region.remove()?;
            eprintln!("\nneargate: interrupted; the region is removed");
            return Ok(ExitCode::from(INTERRUPTED));
        };
        story.show_errors_of_region();
        if self.keep {
            region.keep();
        } else {
            region.remove()?;
        }
        story.screen.table(&story.proofs, started.elapsed());
        if self.keep {
            story.screen.kept(&region);
        }
        Ok(if story.proved_everything() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}

/// Tells all chapters, on a thread of its own so that a signal can end it at any moment. `None` when one did.
fn tell(mut story: Story) -> Result<Option<Story>, Failure> {
    let (runtime, hush) = (crate::cli::runtime()?, story.screen.hush());
    let told = runtime.block_on(async {
        let mut ends = [signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?];
        let [terminate, interrupt] = &mut ends;
        let telling = tokio::task::spawn_blocking(move || {
            chapters::tell(&mut story);
            story
        });
        tokio::select! {
            story = telling => Ok(Some(story?)),
            _ = terminate.recv() => Ok(None),
            _ = interrupt.recv() => Ok(None),
        }
    });
    if matches!(told, Ok(None)) {
        hush.now();
    }
    // Whatever command the story was in ends by itself; nothing waits for it.
    runtime.shutdown_background();
    told
}
