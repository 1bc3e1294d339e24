//! What of a region is on this machine: found by looking at the machine, not by asking the region.

use network::Instance;
use std::{
    fmt, fs,
    path::{Path, PathBuf},
};

/// Everything that bears a region's name or uses its directory, one line each.
#[derive(Default)]
pub struct Leftovers {
    /// Network namespaces.
    pub namespaces: Vec<String>,
    /// Mounts.
    pub mounts: Vec<String>,
    /// Cgroups.
    pub cgroups: Vec<String>,
    /// Processes.
    pub processes: Vec<String>,
}

impl Leftovers {
    /// Looks for them.
    pub fn of(data_dir: &Path) -> Self {
        let instance = Instance::of(data_dir);
        let (directory, name) = (data_dir.to_string_lossy().into_owned(), instance.prefix().to_owned());
        let ours = |text: &str| text.contains(&directory) || text.contains(&name);
        let namespaces = names(Path::new("/run/netns")).into_iter().filter(|found| found.starts_with(&name)).collect();
        let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
        let mounts = mounts
            .lines()
            .filter(|line| ours(line))
            .filter_map(|line| line.split(' ').nth(4).map(str::to_owned))
            .collect();
        let mut cgroups = Vec::new();
        walk(Path::new("/sys/fs/cgroup"), &name, 0, &mut cgroups);
        let pids = names(Path::new("/proc"))
            .into_iter()
            .filter(|pid| pid.parse().is_ok_and(|pid: u32| pid != std::process::id()));
        let processes = pids.filter(|pid| is_of(pid, &ours)).collect();
        Self { namespaces, mounts, cgroups, processes }
    }

    /// Whether nothing was found.
    pub fn is_empty(&self) -> bool {
        [&self.namespaces, &self.mounts, &self.cgroups, &self.processes].into_iter().all(Vec::is_empty)
    }

    /// Every one of them.
    pub fn list(&self) -> String {
        let kinds = [
            ("namespace", &self.namespaces),
            ("mount", &self.mounts),
            ("cgroup", &self.cgroups),
            ("process", &self.processes),
        ];
        let lines: Vec<String> =
            kinds.into_iter().flat_map(|(kind, all)| all.iter().map(move |one| format!("{kind} {one}"))).collect();
        lines.join(", ")
    }
}

impl fmt::Display for Leftovers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { namespaces, mounts, cgroups, processes } = self;
        write!(
            f,
            "{} network namespaces, {} mounts, {} cgroups, {} processes",
            namespaces.len(),
            mounts.len(),
            cgroups.len(),
            processes.len()
        )
    }
}

/// Whether a process runs for the region: by its command line, or by the cgroup it is in.
fn is_of(pid: &str, ours: &impl Fn(&str) -> bool) -> bool {
    let directory = Path::new("/proc").join(pid);
    let read = |file: &str| {
        fs::read(directory.join(file)).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default()
    };
    // A process that has ended but that its parent has not asked about yet has no command line any more.
    let ended = read("stat").rsplit(") ").next().is_some_and(|state| state.starts_with('Z'));
    !ended && (ours(&read("cmdline")) || ours(&read("cgroup")))
}

/// Cgroups that bear the name, and all below them. The depth is bounded, as cgroups can be nested at will.
fn walk(directory: &Path, name: &str, depth: usize, found: &mut Vec<String>) {
    if depth > 8 {
        return;
    }
    for entry in names(directory) {
        let path: PathBuf = directory.join(&entry);
        if path.is_dir() && !path.is_symlink() {
            if path.to_string_lossy().contains(name) {
                found.push(path.display().to_string());
            }
            walk(&path, name, depth + 1, found);
        }
    }
}

fn names(directory: &Path) -> Vec<String> {
    fs::read_dir(directory)
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| entry.file_name().into_string().ok())
        .collect()
}
