//! Running the runtime's program and making sense of what it says.

use super::super::{Join, Progress, Stdio, send};
use crate::error::{StartError, StartErrorKind, Step};
use crate::sys;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::process::{Command, Stdio as Std};

/// Longest complaint of a runtime that is passed on, in bytes.
const MAX_TEXT: usize = 4096;

/// One call of the runtime.
pub(super) struct Order<'a> {
    pub(super) program: &'static str,
    pub(super) state: &'a Path,
    pub(super) pid_file: &'a Path,
}

impl Order<'_> {
    /// Runs a container from its bundle and leaves it to the shim. Only returns on failure.
    pub(super) fn run(&self, id: &str, bundle: &Path, stdio: &Stdio, status: &OwnedFd) -> StartError {
        let mut command = self.command(bundle);
        command.arg("run").arg("--detach").arg("--bundle").arg(bundle).arg("--pid-file").arg(self.pid_file).arg(id);
        self.finish(command, stdio, bundle, status)
    }

    /// Runs a command in a container.
    pub(super) fn exec(&self, id: &str, process: &Path, join: &Join, status: &OwnedFd) -> StartError {
        let prepared = crate::rootfs::detach_from_host().and_then(|()| crate::rootfs::prepare_for_oci());
        if let Err(error) = prepared {
            return error;
        }
        let dir = process.parent().unwrap_or(Path::new("/"));
        let mut command = self.command(dir);
        command.arg("exec").arg("--detach").arg("--process").arg(process).arg("--pid-file").arg(self.pid_file).arg(id);
        self.finish(command, &join.stdio, dir, status)
    }

    fn command(&self, dir: &Path) -> Command {
        let mut command = Command::new(self.program);
        command.env_clear().env("PATH", crate::process::DEFAULT_PATH).env("XDG_RUNTIME_DIR", dir);
        command.arg("--root").arg(self.state).arg("--log").arg(dir.join("runtime.log"));
        if self.program == "crun" {
            command.args(["--cgroup-manager", "disabled"]);
        }
        command
    }

    fn finish(&self, mut command: Command, stdio: &Stdio, dir: &Path, status: &OwnedFd) -> StartError {
        match self.wait(&mut command, stdio, dir) {
            Err(error) => error,
            Ok(pid) => {
                let _ = std::fs::remove_file(self.pid_file);
                let _ = send(status, &Progress::Pid(pid), None);
                sys::exit(0)
            }
        }
    }

    fn wait(&self, command: &mut Command, stdio: &Stdio, dir: &Path) -> Result<i32, StartError> {
        let clone = |fd: &OwnedFd| fd.try_clone().start(|| "copying a standard stream".into());
        command
            .stdin(Std::from(clone(&stdio.stdin)?))
            .stdout(Std::from(clone(&stdio.stdout)?))
            .stderr(Std::from(clone(&stdio.stderr)?));
        sys::reset_signals().start(|| "resetting signals".into())?;
        let ended = command.status().start(|| format!("executing {}", self.program))?;
        let log = dir.join("runtime.log");
        if !ended.success() {
            let text = std::fs::read_to_string(&log).unwrap_or_default();
            let _ = std::fs::remove_file(&log);
            return Err(explain(&text));
        }
        let text = std::fs::read_to_string(self.pid_file).start(|| format!("reading {}", self.pid_file.display()))?;
        text.trim().parse().map_err(|_| StartError::new(StartErrorKind::Host, format!("{} wrote no pid", self.program)))
    }
}

/// Puts a runtime's last words into our classes.
fn explain(text: &str) -> StartError {
    let last = text.lines().rfind(|line| !line.trim().is_empty()).unwrap_or("the OCI runtime failed without a word");
    let last: String = last.chars().take(MAX_TEXT).collect();
    let lower = last.to_lowercase();
    let has = |part: &str| lower.contains(part);
    let kind = if has("executable file") && has("not found")
        || has("no such file or directory") && (has("open executable") || has("exec"))
    {
        StartErrorKind::CommandNotFound
    } else if has("exec format error") {
        StartErrorKind::ExecFormat
    } else if has("permission denied")
        || has("open executable: operation not permitted")
        || has("is a directory")
        || has("is not a regular file")
    {
        StartErrorKind::NotExecutable
    } else if has("no space left") {
        StartErrorKind::NoSpace
    } else if has("cwd") || has("chdir") {
        StartErrorKind::WorkingDirectory
    } else if has("rlimit") {
        StartErrorKind::Rlimit
    } else {
        StartErrorKind::Host
    };
    StartError::new(kind, last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_of_crun_and_runc_are_understood() {
        let kind = |text| explain(text).kind;
        assert_eq!(
            kind("2026-01-01T00:00:00Z: executable file `x` not found in $PATH: No such file or directory"),
            StartErrorKind::CommandNotFound
        );
        assert_eq!(
            kind(r#"{"level":"error","msg":"exec: \"x\": executable file not found in $PATH"}"#),
            StartErrorKind::CommandNotFound
        );
        assert_eq!(kind("open executable: Permission denied"), StartErrorKind::NotExecutable);
        assert_eq!(kind("open executable: No such file or directory"), StartErrorKind::CommandNotFound);
        assert_eq!(kind(""), StartErrorKind::Host);
    }
}
