//! The task shim alone, for this crate's own tests and benchmarks.

fn main() -> std::process::ExitCode {
    let args: Vec<std::ffi::OsString> = std::env::args_os().skip(1).collect();
    containers::shim::main(&args)
}
