//! One group, in every hierarchy it exists in.

use super::{Layout, Limits, v1, v2};
use crate::error::{Error, Step};
use crate::sys;
use rustix::process::{Pid, PidfdFlags, Signal};
use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// How often a group's processes are listed and killed, at most, until there are none.
const ROUNDS: usize = 16;

/// A group by its path relative to each hierarchy's root.
#[derive(Debug, Clone)]
pub struct Group {
    layout: Layout,
    path: String,
}

impl Group {
    /// Names a group; nothing is made.
    pub fn new(layout: &Layout, path: impl Into<String>) -> Self {
        Self { layout: layout.clone(), path: path.into() }
    }

    /// The group below this one.
    pub fn child(&self, name: &str) -> Self {
        Self { layout: self.layout.clone(), path: format!("{}/{name}", self.path) }
    }

    /// Makes the groups tasks and shims are made in. Does nothing where they are.
    pub fn create_parent(&self) -> Result<(), Error> {
        for dir in self.dirs(Scope::Trackers) {
            make_all(&dir.join("shims"))?;
        }
        match &self.layout {
            Layout::V1 { .. } => Ok(()),
            Layout::V2(root) => v2::delegate(root, &self.path),
        }
    }

    /// Makes a task's group with its limits.
    pub fn create_task(&self, limits: &Limits) -> Result<(), Error> {
        self.create(Scope::Task, limits)?;
        match &self.layout {
            Layout::V1 { .. } => Ok(()),
            Layout::V2(root) => v2::delegate(root, &self.path),
        }
    }

    /// Makes a container's group with its limits.
    pub fn create_container(&self, limits: &Limits) -> Result<(), Error> {
        self.create(Scope::Container, limits)
    }

    /// Changes the CPU limit to so many CPU units; 0 is none.
    pub(crate) fn limit_cpu(&self, units: u32) -> Result<(), Error> {
        let limits = Limits { cpu_quota: units, ..Limits::default() };
        match &self.layout {
            Layout::V1 { hierarchies, .. } => v1::limit_cpu(hierarchies, &self.path, &limits),
            Layout::V2(root) => v2::limit_cpu(&root.join(&self.path), &limits),
        }
    }

    /// Makes a group without limits, with everything above it, and moves a process into it.
    pub(crate) fn place(&self, pid: u32) -> Result<(), Error> {
        for dir in self.dirs(Scope::Trackers) {
            make_all(&dir)?;
            write(&dir.join("cgroup.procs"), &pid.to_string())?;
        }
        Ok(())
    }

    fn create(&self, scope: Scope, limits: &Limits) -> Result<(), Error> {
        for dir in self.dirs(scope) {
            make(&dir)?;
        }
        match &self.layout {
            Layout::V1 { hierarchies, .. } => v1::set(hierarchies, &self.path, limits),
            Layout::V2(root) => v2::set(&root.join(&self.path), limits),
        }
    }

    /// The directory to clone into on v2; none on v1, where the child calls [`Group::join_container`].
    pub(crate) fn clone_target(&self) -> Result<Option<OwnedFd>, Error> {
        let Layout::V2(root) = &self.layout else { return Ok(None) };
        let dir = root.join(&self.path);
        fs::File::open(&dir).map(|dir| Some(dir.into())).host(|| format!("opening cgroup {}", dir.display()))
    }

    /// Moves the calling (single-threaded) process into this container's group; on v2 it is there already.
    ///
    /// Writing `0` to `tasks` moves one thread, and unlike `cgroup.procs` does not wait for every other CPU.
    pub(crate) fn join_container(&self) -> Result<(), Error> {
        let Layout::V1 { hierarchies, .. } = &self.layout else { return Ok(()) };
        for hierarchy in hierarchies {
            let own = hierarchy.mount.join(&self.path);
            let dir = if hierarchy.per_container() { own } else { own.parent().map(Path::to_path_buf).unwrap_or(own) };
            write(&dir.join("tasks"), "0")?;
        }
        Ok(())
    }

    /// The same in hierarchies that only track processes: a runtime that makes a group of its own there makes it below the caller's, and
    /// with the container's it is removed, whoever was killed before.
    pub(crate) fn join_trackers(&self) -> Result<(), Error> {
        let Layout::V1 { trackers, .. } = &self.layout else { return Ok(()) };
        // The unified one has no such file, and a runtime makes nothing in it beside the others.
        for mount in trackers.iter().filter(|mount| mount.join("tasks").exists()) {
            let dir = mount.join(&self.path);
            make_all(&dir)?;
            write(&dir.join("tasks"), "0")?;
        }
        Ok(())
    }

    /// Moves the calling (single-threaded) process into the group of shims below this parent where that takes no waiting, and
    /// gives the group on the unified hierarchy, if there is one, for the shim to be cloned into: moving a process there waits
    /// for every CPU, some 10 ms.
    pub(crate) fn join_shims(&self) -> Result<Option<OwnedFd>, Error> {
        let mut unified = None;
        for dir in self.dirs(Scope::Trackers).iter().map(|dir| dir.join("shims")) {
            let tasks = dir.join("tasks");
            if tasks.exists() {
                write(&tasks, "0")?;
            } else {
                let opened = fs::File::open(&dir).host(|| format!("opening cgroup {}", dir.display()))?;
                unified = Some(opened.into());
            }
        }
        Ok(unified)
    }

    /// Directories to show a container as its `/sys/fs/cgroup`, by their name there (empty on v2: the directory itself).
    pub(crate) fn views(&self) -> Vec<(String, PathBuf)> {
        match &self.layout {
            Layout::V1 { hierarchies, .. } => hierarchies
                .iter()
                .filter(|hierarchy| hierarchy.per_container())
                .filter_map(|hierarchy| {
                    Some((hierarchy.mount.file_name()?.to_str()?.to_owned(), hierarchy.mount.join(&self.path)))
                })
                .collect(),
            Layout::V2(root) => vec![(String::new(), root.join(&self.path))],
        }
    }

    /// How many processes of this group the kernel has killed for want of memory, whosever limit was hit. On v1 the count is the group's
    /// own, and runc has made one below it.
    pub fn oom_kills(&self) -> u64 {
        let files = match &self.layout {
            Layout::V1 { hierarchies, .. } => {
                let own = v1::file(hierarchies, "memory", &self.path, "memory.oom_control");
                let below = own.as_deref().and_then(Path::parent).and_then(|dir| fs::read_dir(dir).ok());
                let below = below.into_iter().flatten().flatten().map(|entry| entry.path().join("memory.oom_control"));
                own.clone().into_iter().chain(below).collect()
            }
            Layout::V2(root) => vec![root.join(&self.path).join("memory.events")],
        };
        files.iter().filter_map(|file| keyed(file, "oom_kill")).sum()
    }

    /// Memory in use, in bytes, the page cache included.
    pub fn memory_bytes(&self) -> u64 {
        let file = match &self.layout {
            Layout::V1 { hierarchies, .. } => v1::file(hierarchies, "memory", &self.path, "memory.usage_in_bytes"),
            Layout::V2(root) => Some(root.join(&self.path).join("memory.current")),
        };
        file.and_then(|file| number(&file)).unwrap_or(0)
    }

    /// CPU time used, in nanoseconds.
    pub fn cpu_nanos(&self) -> u64 {
        match &self.layout {
            Layout::V1 { hierarchies, .. } => v1::file(hierarchies, "cpuacct", &self.path, "cpuacct.usage")
                .and_then(|file| number(&file))
                .unwrap_or(0),
            Layout::V2(root) => {
                keyed(&root.join(&self.path).join("cpu.stat"), "usage_usec").unwrap_or(0).saturating_mul(1000)
            }
        }
    }

    /// A file of the group: of a controller's hierarchy on v1, of the unified one on v2. Nothing where there is none of that name.
    pub(crate) fn read(&self, controller: &str, v1: &str, v2: &str) -> Option<String> {
        let file = match &self.layout {
            Layout::V1 { hierarchies, .. } => v1::file(hierarchies, controller, &self.path, v1)?,
            Layout::V2(root) => root.join(&self.path).join(v2),
        };
        fs::read_to_string(file).ok()
    }

    /// Whether it is on the unified hierarchy.
    pub(crate) fn is_unified(&self) -> bool {
        matches!(self.layout, Layout::V2(_))
    }

    /// Every process in the group itself (not below it), in the caller's pid namespace.
    pub fn pids(&self) -> Vec<u32> {
        let mut pids: Vec<u32> = self
            .dirs(Scope::Task)
            .iter()
            .filter_map(|dir| fs::read_to_string(dir.join("cgroup.procs")).ok())
            .flat_map(|text| text.lines().filter_map(|line| line.parse().ok()).collect::<Vec<u32>>())
            .filter(|pid| *pid != 0)
            .collect();
        pids.sort_unstable();
        pids.dedup();
        pids
    }

    /// Kills every process in the group itself, forks included.
    pub(crate) fn kill(&self) {
        // A process may fork while the list is read; the rounds are bounded, and what escaped them dies with the task.
        for _ in 0..ROUNDS {
            if self.pids().is_empty() {
                return;
            }
            self.kill_round();
        }
    }

    /// Kills every process of a session that is in the group itself, forks included.
    pub(crate) fn kill_session(&self, session: Pid) {
        let mut killed = BTreeSet::new();
        for _ in 0..ROUNDS {
            let mut found = false;
            for pid in self.pids() {
                found |= kill_if(pid, |pid| sys::session(pid) == Some(session)) && killed.insert(pid);
            }
            if !found {
                return;
            }
        }
    }

    fn kill_round(&self) {
        // v2 kills all at once since Linux 5.14, and whoever forks meanwhile.
        let at_once = match &self.layout {
            Layout::V1 { .. } => false,
            Layout::V2(root) => write(&root.join(&self.path).join("cgroup.kill"), "1").is_ok(),
        };
        if !at_once {
            self.pids().into_iter().for_each(kill);
        }
    }

    /// Kills every process in the group and below it and removes the group. Does nothing where it does not exist.
    pub fn remove(&self, deadline: Duration) -> Result<(), Error> {
        let end = Instant::now() + deadline;
        for child in self.children() {
            child.remove(end.saturating_duration_since(Instant::now()))?;
        }
        loop {
            let Err(error) = self.remove_dirs() else { return Ok(()) };
            if Instant::now() > end {
                return Err(error);
            }
            self.kill_round();
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    /// Removes the group where nothing is in it.
    pub(crate) fn remove_empty(&self) {
        for dir in self.dirs(Scope::Trackers) {
            let _ = fs::remove_dir(dir);
        }
    }

    fn remove_dirs(&self) -> Result<(), Error> {
        for dir in self.dirs(Scope::Trackers) {
            match fs::remove_dir(&dir) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    return Err(Error::host(format!("removing cgroup {}", dir.display()), error));
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn children(&self) -> Vec<Self> {
        let entries =
            self.dirs(Scope::Trackers).into_iter().filter_map(|dir| fs::read_dir(dir).ok()).flatten().flatten();
        let dirs = entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()));
        let mut names: Vec<String> = dirs.filter_map(|entry| entry.file_name().into_string().ok()).collect();
        names.sort_unstable();
        names.dedup();
        names.iter().map(|name| self.child(name)).collect()
    }

    fn dirs(&self, scope: Scope) -> Vec<PathBuf> {
        match &self.layout {
            Layout::V1 { hierarchies, trackers } => hierarchies
                .iter()
                .filter(|hierarchy| scope != Scope::Container || hierarchy.per_container())
                .map(|hierarchy| &hierarchy.mount)
                .chain(if scope == Scope::Trackers { trackers.as_slice() } else { &[] })
                .map(|mount| mount.join(&self.path))
                .collect(),
            Layout::V2(root) => vec![root.join(&self.path)],
        }
    }
}

/// Which hierarchies a group is made in.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Scope {
    Trackers,
    Task,
    Container,
}

/// SIGKILL without hitting a process that took over the number.
fn kill(pid: u32) {
    kill_if(pid, |_| true);
}

/// The same, for a process of which something is true.
fn kill_if(pid: u32, meant: impl FnOnce(Pid) -> bool) -> bool {
    let Some(pid) = i32::try_from(pid).ok().and_then(Pid::from_raw) else { return false };
    // Opened before it is looked at: what is killed is what was seen.
    let Ok(pidfd) = rustix::process::pidfd_open(pid, PidfdFlags::empty()) else { return false };
    meant(pid) && rustix::process::pidfd_send_signal(pidfd, Signal::KILL).is_ok()
}

fn make(dir: &Path) -> Result<(), Error> {
    match fs::create_dir(dir) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => make_all(dir),
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
            Err(Error::host(format!("making cgroup {}", dir.display()), error))
        }
        _ => Ok(()),
    }
}

fn make_all(dir: &Path) -> Result<(), Error> {
    fs::create_dir_all(dir).host(|| format!("making cgroup {}", dir.display()))
}

pub(super) fn write(file: &Path, value: &str) -> Result<(), Error> {
    // Not `fs::write`: cgroup files are never made or truncated.
    let result = fs::OpenOptions::new()
        .write(true)
        .open(file)
        .and_then(|mut open| io::Write::write_all(&mut open, value.as_bytes()));
    result.host(|| format!("writing {value} to {}", file.display()))
}

fn number(file: &Path) -> Option<u64> {
    fs::read_to_string(file).ok()?.trim().parse().ok()
}

fn keyed(file: &Path, key: &str) -> Option<u64> {
    let text = fs::read_to_string(file).ok()?;
    text.lines().find_map(|line| line.strip_prefix(key)?.trim().parse().ok())
}
