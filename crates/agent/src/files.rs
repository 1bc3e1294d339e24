//! The files about names that every container of a task sees: `/etc/hosts`, `/etc/hostname`, `/etc/resolv.conf`.

use spec::{TaskId, TaskSpec};
use std::{
    fs,
    io::{self, Write},
    net::IpAddr,
    path::{Path, PathBuf},
};
use vpc::Vpc;

/// Where in a container each file is mounted.
pub const MOUNTS: [(&str, &str); 3] =
    [("hosts", "/etc/hosts"), ("hostname", "/etc/hostname"), ("resolv.conf", "/etc/resolv.conf")];

/// What the files say. On Fargate the resolver is the VPC's, and the search domain follows the host name.
pub fn contents(task: &TaskSpec, address: IpAddr, vpc: &Vpc) -> [(&'static str, String); 3] {
    let domain = task.hostname.split_once('.').map(|(_, domain)| domain);
    let search = domain.map(|d| format!("search {d}\n")).unwrap_or_default();
    let server = vpc.resolver().map(|a| format!("nameserver {a}\n")).unwrap_or_default();
    [
        ("hosts", format!("127.0.0.1 localhost\n{address} {}\n", task.hostname)),
        ("hostname", format!("{}\n", task.hostname)),
        ("resolv.conf", search + &server),
    ]
}

/// Where a task's are, under a region's data directory.
pub fn directory(data_dir: &Path, id: &TaskId) -> PathBuf {
    data_dir.join("names").join(id.as_str())
}

/// Which start of the machine a task was begun in.
const BEGUN: &str = "begun";

/// Writes them, and durably that the task was begun in this start of the machine: it must never be begun in a later one.
///
/// # Errors
/// When a directory or a file can't be written.
pub(crate) fn write(directory: &Path, contents: &[(&'static str, String)]) -> io::Result<()> {
    fs::create_dir_all(directory)?;
    contents.iter().try_for_each(|(name, text)| fs::write(directory.join(name), text))?;
    let mut mark = fs::File::create(directory.join(BEGUN))?;
    mark.write_all(boot()?.as_bytes())?;
    mark.sync_all()?;
    fs::File::open(directory)?.sync_all()?;
    directory.parent().map_or(Ok(()), |parent| fs::File::open(parent)?.sync_all())
}

/// Whether a task was begun, but before the machine was last started.
pub(crate) fn begun_before_this_boot(directory: &Path) -> bool {
    let mark = fs::read_to_string(directory.join(BEGUN)).ok();
    mark.is_some_and(|mark| boot().is_ok_and(|boot| mark != boot))
}

/// The end of the name of a file that keeps a container's stop signal.
const SIGNAL: &str = ".stop-signal";

/// Keeps the signal that a container's image wants to be stopped with, for the agent after this one.
///
/// # Errors
/// When the file can't be written.
pub(crate) fn keep_stop_signal(directory: &Path, container: &str, signal: i32) -> io::Result<()> {
    fs::write(directory.join(format!("{container}{SIGNAL}")), signal.to_string())
}

/// The stop signals that were kept, by container.
pub(crate) fn stop_signals(directory: &Path) -> Vec<(String, i32)> {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    let read = |entry: fs::DirEntry| {
        let container = entry.file_name().to_str()?.strip_suffix(SIGNAL)?.to_owned();
        Some((container, fs::read_to_string(entry.path()).ok()?.parse().ok()?))
    };
    entries.filter_map(read).collect()
}

/// What the kernel calls this start of the machine (random(4)).
fn boot() -> io::Result<String> {
    fs::read_to_string("/proc/sys/kernel/random/boot_id")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_of_another_start_of_the_machine_is_told_from_one_of_this() {
        let dir = tempfile::tempdir().unwrap();
        let task = directory(dir.path(), &"t".into());
        assert!(!begun_before_this_boot(&task), "never begun");
        write(&task, &[("hosts", "x".to_owned())]).unwrap();
        assert!(!begun_before_this_boot(&task));
        assert_eq!(stop_signals(&task), []);
        keep_stop_signal(&task, "web", 3).unwrap();
        assert_eq!(stop_signals(&task), [("web".to_owned(), 3)]);
        fs::write(task.join(BEGUN), "another").unwrap();
        assert!(begun_before_this_boot(&task));
    }
}
