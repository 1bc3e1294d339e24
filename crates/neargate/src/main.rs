//! neargate: AWS Fargate on any Linux machine.
//!
//! - [`cli`]: the commands, one file each.
//! - [`demo`]: the demonstration, one file a chapter.
//!
//! The region itself is in the crates `server` and `agent`.

mod cli;
mod demo;

fn main() -> std::process::ExitCode {
    cli::run()
}
