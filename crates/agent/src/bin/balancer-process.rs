//! The balancer's process for tests; neargate has it as a subcommand.

fn main() -> std::process::ExitCode {
    let mut args = std::env::args();
    let threads =
        args.by_ref().find(|arg| arg == "--threads").and(args.next()).and_then(|threads| threads.parse().ok());
    balancer::process::main(std::env::args_os().next_back().unwrap_or_default().as_ref(), threads)
}
