//! Running the runtime's program and making sense of what it says.

use super::super::Stdio;
use crate::error::{StartError, StartErrorKind, Step};
use crate::sys;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio as Std};

/// Longest complaint of a runtime that is passed on, in bytes.
const MAX_TEXT: usize = 4096;

/// One call of the runtime.
pub(super) struct Order<'a> {
    pub(super) program: &'static str,
    pub(super) state: &'a Path,
    /// Where it finds what it is to do, and leaves what it has to say; in memory.
    pub(super) dir: &'a Path,
}

impl Order<'_> {
    /// Runs a container from the bundle in `dir`, leaves it to the shim, and returns its pid.
    pub(super) fn run(&self, id: &str, stdio: &Stdio) -> Result<i32, StartError> {
        let mut command = self.command();
        command.arg("run").arg("--detach").arg("--bundle").arg(self.dir).arg("--pid-file").arg(self.pid_file()).arg(id);
        self.wait(command, stdio)
    }

    /// Runs a command in a container, and returns its pid.
    pub(super) fn exec(&self, id: &str, process: &Path, stdio: &Stdio) -> Result<i32, StartError> {
        let mut command = self.command();
        // runc gives a command its own.
        rustix::process::umask(rustix::fs::Mode::from_raw_mode(super::bundle::UMASK));
        command
            .arg("exec")
            .arg("--detach")
            .arg("--process")
            .arg(process)
            .arg("--pid-file")
            .arg(self.pid_file())
            .arg(id);
        self.wait(command, stdio)
    }

    fn pid_file(&self) -> PathBuf {
        self.dir.join("pid")
    }

    fn log(&self) -> PathBuf {
        self.dir.join("runtime.log")
    }

    fn command(&self) -> Command {
        let mut command = Command::new(self.program);
        command.env_clear().env("PATH", crate::process::DEFAULT_PATH).env("XDG_RUNTIME_DIR", self.dir);
        command.arg("--root").arg(self.state).arg("--log").arg(self.log());
        if self.program == "crun" {
            command.args(["--cgroup-manager", "disabled"]);
        }
        command
    }

    fn wait(&self, mut command: Command, stdio: &Stdio) -> Result<i32, StartError> {
        let clone = |fd: &OwnedFd| fd.try_clone().start(|| "copying a standard stream".into());
        command
            .stdin(Std::from(clone(&stdio.stdin)?))
            .stdout(Std::from(clone(&stdio.stdout)?))
            .stderr(Std::from(clone(&stdio.stderr)?));
        sys::reset_signals().start(|| "resetting signals".into())?;
        let ended = command.status().start(|| format!("executing {}", self.program))?;
        if !ended.success() {
            return Err(explain(&std::fs::read_to_string(self.log()).unwrap_or_default()));
        }
        let file = self.pid_file();
        let text = std::fs::read_to_string(&file).start(|| format!("reading {}", file.display()))?;
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
