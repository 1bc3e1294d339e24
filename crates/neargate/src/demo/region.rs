//! A region of the demonstration's own: `neargate up` on a free port, in a directory of its own.

use crate::cli::Failure;
use std::{
    fs::{self, File},
    io::{BufRead, BufReader},
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{Mutex, PoisonError},
};
use tempfile::TempDir;

/// It runs until [`Region::remove`], and dropping it removes it too.
pub struct Region {
    /// This program.
    pub program: PathBuf,
    /// Where AWS clients connect.
    pub url: String,
    directory: PathBuf,
    /// Taken by whoever removes the region.
    running: Mutex<Option<(Child, TempDir)>>,
    /// What runs in its networks besides tasks.
    visitors: Mutex<Vec<Child>>,
}

impl Region {
    /// Starts it and waits for its `ready` line.
    pub fn start() -> Result<Self, Failure> {
        let program = std::env::current_exe()?;
        let temporary = tempfile::Builder::new().prefix("neargate-demo-").tempdir()?;
        let directory = temporary.path().canonicalize()?;
        let mut up = Command::new(&program)
            // Minutes of ten seconds, so that nobody has to watch a service wait for three of them.
            .args(["up", "--listen", "127.0.0.1:0", "--minute", "10", "--data-dir"])
            .arg(directory.join("region"))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(File::create(directory.join("errors"))?)
            // Ctrl-C at the terminal is for the demonstration, which then ends the region itself.
            .process_group(0)
            .spawn()?;
        let ready = up
            .stdout
            .take()
            .and_then(|out| BufReader::new(out).lines().next())
            .and_then(Result::ok)
            .unwrap_or_default();
        let url = ready.split_whitespace().find(|word| word.starts_with("http://")).unwrap_or_default().to_owned();
        let region =
            Self { program, url, directory, running: Mutex::new(Some((up, temporary))), visitors: Mutex::default() };
        if region.url.is_empty() {
            return Err(Failure(format!("`neargate up` did not become ready:\n{}", region.errors().trim_end())));
        }
        Ok(region)
    }

    /// Where it keeps everything.
    pub fn data_dir(&self) -> PathBuf {
        self.directory.join("region")
    }

    /// A file beside the data directory.
    pub fn file(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }

    /// What it complained of.
    pub fn errors(&self) -> String {
        fs::read_to_string(self.directory.join("errors")).unwrap_or_default()
    }

    /// Starts `neargate from PLACE -- COMMAND`, which runs until [`Region::end_visitors`].
    pub fn visit(&self, place: &str, command: &[&str]) -> Result<(), Failure> {
        let visitor = Command::new(&self.program)
            .env("NEARGATE_DATA_DIR", self.data_dir())
            .args(["from", place, "--"])
            .args(command)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(File::options().append(true).open(self.directory.join("errors"))?)
            .spawn()?;
        self.visitors.lock().unwrap_or_else(PoisonError::into_inner).push(visitor);
        Ok(())
    }

    /// Ends what runs in its networks besides tasks.
    pub fn end_visitors(&self) {
        for mut visitor in self.visitors.lock().unwrap_or_else(PoisonError::into_inner).drain(..) {
            let _ = visitor.kill();
            let _ = visitor.wait();
        }
    }

    /// Takes everything off the machine: tasks, networks, the process, its directory. A second time there is nothing to do.
    pub fn remove(&self) -> Result<(), Failure> {
        self.end_visitors();
        let Some((mut up, temporary)) = self.running.lock().unwrap_or_else(PoisonError::into_inner).take() else {
            return Ok(());
        };
        let down = Command::new(&self.program).args(["down", "--data-dir"]).arg(self.data_dir()).output();
        // It has ended by now unless that failed.
        let _ = up.kill();
        let _ = up.wait();
        match down {
            Ok(done) if done.status.success() => Ok(temporary.close()?),
            Ok(done) => Err(keep(temporary, &String::from_utf8_lossy(&done.stderr))),
            Err(error) => Err(keep(temporary, &error.to_string())),
        }
    }

    /// Leaves the region and its tasks running when this program ends.
    pub fn keep(&self) {
        self.end_visitors();
        if let Some((_, temporary)) = self.running.lock().unwrap_or_else(PoisonError::into_inner).take() {
            let _ = temporary.keep();
        }
    }
}

impl Drop for Region {
    fn drop(&mut self) {
        if let Err(Failure(why)) = self.remove() {
            eprintln!("neargate: removing the demonstration's region: {why}");
        }
    }
}

/// A directory that something may still be mounted in is not deleted.
fn keep(temporary: TempDir, why: &str) -> Failure {
    let path: &Path = &temporary.keep();
    Failure(format!("{}\nWhat is left is in {}", why.trim_end(), path.display()))
}
