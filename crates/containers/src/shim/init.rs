//! A container's init process (`initProcessEnabled`): process 1 that runs the command as its child, forwards signals to it and
//! reaps what is orphaned.

use crate::error::StartErrorKind;
use crate::launch::{Progress, STATUS, send};
use crate::process::exec_failed;
use crate::sys;
use std::ffi::{CString, OsString};
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::process::ExitCode;

/// `args`: the program's path, then its argument vector.
pub(super) fn run(args: &[OsString]) -> ExitCode {
    match serve(args) {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            crate::complain(format_args!("init: {error}"));
            ExitCode::from(126)
        }
    }
}

fn serve(args: &[OsString]) -> io::Result<u8> {
    let status = sys::inherited(STATUS)?;
    sys::cloexec_from(STATUS.unsigned_abs())?;
    sys::block_all_signals()?;
    let Some(child) = sys::fork_plain()? else { become_command(args, &status) };
    drop(status);
    sys::close_from(STATUS.unsigned_abs())?;
    loop {
        match sys::wait_signal()? {
            libc::SIGCHLD => {
                while let Ok(Some((pid, status))) = rustix::process::wait(rustix::process::WaitOptions::NOHANG) {
                    if pid == child {
                        let code =
                            status.exit_status().unwrap_or_else(|| 128 + status.terminating_signal().unwrap_or(0));
                        return Ok(u8::try_from(code).unwrap_or(u8::MAX));
                    }
                }
            }
            signal => drop(sys::signal(signal).map(|signal| rustix::process::kill_process(child, signal))),
        }
    }
}

/// The child: a session of its own stays with init, so that signals of the terminal reach both.
fn become_command(args: &[OsString], status: &OwnedFd) -> ! {
    let string = |text: &OsString| CString::new(text.as_bytes()).unwrap_or_default();
    let env: Vec<CString> = std::env::vars_os()
        .filter_map(|(name, value)| CString::new([name.into_vec(), value.into_vec()].join(&b'=')).ok())
        .collect();
    let program = args.first().map(string).unwrap_or_default();
    let argv: Vec<CString> = args.iter().skip(1).map(string).collect();
    let error = match sys::reset_signals() {
        Ok(()) => exec_failed(&program.to_string_lossy(), &sys::exec(&program, &argv, &env)),
        Err(error) => crate::StartError::new(StartErrorKind::Host, format!("resetting signals: {error}")),
    };
    let _ = send(status, &Progress::Failed(error), None);
    sys::exit(126)
}
