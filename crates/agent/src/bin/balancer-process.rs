//! The balancer's process for tests; neargate has it as a subcommand.

fn main() -> std::process::ExitCode {
    balancer::process::main(std::env::args_os().next_back().unwrap_or_default().as_ref())
}
