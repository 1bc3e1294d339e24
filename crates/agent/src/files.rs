//! The files that the agent keeps of tasks: those about names that every container of a task sees (`/etc/hosts`, `/etc/hostname`,
//! `/etc/resolv.conf`), and what the agent after this one has to know.

use crate::config::NAMES;
use images::digest::Digest;
use rustix::fs::{CWD, RenameFlags, renameat_with};
use spec::{Millis, TaskId, TaskSpec};
use std::{
    collections::BTreeMap,
    fs,
    io::{self, Write},
    net::IpAddr,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};
use vpc::{Vpc, names::private_domain};

/// Where in a container each file is mounted.
pub const MOUNTS: [(&str, &str); 3] =
    [("hosts", "/etc/hosts"), ("hostname", "/etc/hostname"), ("resolv.conf", "/etc/resolv.conf")];

/// What the files say.
pub fn contents(task: &TaskSpec, address: IpAddr, vpc: &Vpc, region: &str) -> [(&'static str, String); 3] {
    [
        ("hosts", format!("127.0.0.1 localhost\n{address} {}\n{}", task.hostname, aliases(task))),
        ("hostname", format!("{}\n", task.hostname)),
        ("resolv.conf", resolv_conf(vpc, region)),
    ]
}

/// The names of Service Connect that its containers know, a line each.
fn aliases(task: &TaskSpec) -> String {
    let aliases = task.connect.iter().flat_map(|connect| &connect.uses);
    aliases.map(|alias| format!("{} {}\n", alias.address, alias.name)).collect()
}

/// `/etc/resolv.conf` in a VPC: what the default set of DHCP options says, AmazonProvidedDNS and the domain of private names ("DHCP
/// option sets in Amazon VPC", Amazon VPC User Guide). It says so whatever the VPC's DNS attributes are; without DNS support nobody
/// answers there.
pub fn resolv_conf(vpc: &Vpc, region: &str) -> String {
    let server = vpc.resolver().map(|address| format!("nameserver {address}\n")).unwrap_or_default();
    format!("search {}\n{server}", private_domain(region))
}

/// Bytes on disk of those that a task's containers may write to, as they may to any file of theirs.
pub(crate) fn written(directory: &Path) -> u64 {
    // Blocks of stat(2) have 512 bytes, whatever the file system's have.
    let bytes = |(name, _): &(&str, &str)| fs::metadata(directory.join(name)).map_or(0, |about| about.blocks() * 512);
    MOUNTS.iter().map(bytes).sum()
}

/// Where a task's are, under a region's data directory.
pub fn directory(data_dir: &Path, id: &TaskId) -> PathBuf {
    data_dir.join(NAMES).join(id.as_str())
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
    // The mark is there whole or not at all: half of one would be of no start of the machine.
    let new = directory.join(BEGUN).with_extension("new");
    let mut mark = fs::File::create(&new)?;
    mark.write_all(boot()?.as_bytes())?;
    mark.sync_all()?;
    fs::rename(new, directory.join(BEGUN))?;
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

/// The end of the name of a file that keeps which image a container uses.
const IMAGE: &str = ".image";

/// Keeps what a container uses of the image store, for the agent after this one: digests, a line each.
///
/// # Errors
/// When the file can't be written.
pub(crate) fn keep_image(directory: &Path, container: &str, digests: &[Digest]) -> io::Result<()> {
    let lines: String = digests.iter().map(|digest| format!("{digest}\n")).collect();
    fs::write(directory.join(format!("{container}{IMAGE}")), lines)
}

/// What containers use of the image store, by container; `None` when that was not kept whole.
pub(crate) fn images(directory: &Path) -> BTreeMap<String, Option<Vec<Digest>>> {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    let read = |entry: fs::DirEntry| {
        let container = entry.file_name().to_str()?.strip_suffix(IMAGE)?.to_owned();
        let lines = fs::read_to_string(entry.path()).unwrap_or_default();
        let digests: Option<Vec<Digest>> = lines.lines().map(|line| line.parse().ok()).collect();
        Some((container, digests.filter(|digests| !digests.is_empty())))
    };
    entries.filter_map(read).collect()
}

/// How much a proxy's lines may take: what comes then is lost.
const LINES: u64 = 1 << 20;

/// Appends a line to a log as shims keep those of containers (`containers::log`).
///
/// # Errors
/// When it can't be written.
pub(crate) fn append_line(log: &Path, time: Millis, line: &str) -> io::Result<()> {
    fs::create_dir_all(log)?;
    let mut file = fs::OpenOptions::new().append(true).create(true).open(log.join("0"))?;
    if file.metadata()?.len() >= LINES {
        return Ok(());
    }
    let mut record = Vec::new();
    containers::log::record(&mut record, containers::log::Stream::Out, time, true, line.as_bytes());
    file.write_all(&record)
}

/// Replaces a file, so that it has what it had or all that is new, whoever is killed meanwhile. It is not flushed.
///
/// The old one is exchanged, not renamed over, since ext4 flushes what is renamed over another file, and a busy disk would stop the agent.
///
/// # Errors
/// When the file can't be written; the old one is left.
pub(crate) fn replace(path: &Path, content: &[u8]) -> io::Result<()> {
    let next = path.with_extension("next");
    fs::write(&next, content)?;
    match renameat_with(CWD, &next, CWD, path, RenameFlags::EXCHANGE) {
        Ok(()) => fs::remove_file(next),
        // The first time there is nothing to exchange it with; some file systems can't.
        Err(_) => fs::rename(next, path),
    }
}

/// What the kernel calls this start of the machine (random(4)).
fn boot() -> io::Result<String> {
    fs::read_to_string("/proc/sys/kernel/random/boot_id")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_resolver_is_the_vpcs_and_looks_in_the_regions_domain() {
        let vpc = Vpc { cidrs: vec!["10.3.0.0/16".parse().unwrap(), "10.4.0.0/16".parse().unwrap()], ..Vpc::default() };
        assert_eq!(resolv_conf(&vpc, "us-east-1"), "search ec2.internal\nnameserver 10.3.0.2\n");
        assert_eq!(resolv_conf(&vpc, "eu-west-1"), "search eu-west-1.compute.internal\nnameserver 10.3.0.2\n");
    }

    #[test]
    fn lines_of_a_proxy_are_read_as_those_of_containers() {
        let dir = tempfile::tempdir().unwrap();
        let log = dir.path().join("lines");
        append_line(&log, 5, "first").unwrap();
        let mut reader = containers::log::Reader::new(&log, Default::default());
        append_line(&log, 6, "second").unwrap();
        let lines = reader.lines(usize::MAX).unwrap();
        let read: Vec<_> = lines.iter().map(|line| (line.time, line.bytes.as_slice())).collect();
        assert_eq!(read, [(5, b"first".as_slice()), (6, b"second")]);
    }

    #[test]
    fn what_containers_write_into_them_counts() {
        let dir = tempfile::tempdir().unwrap();
        let task = directory(dir.path(), &"t".into());
        assert_eq!(written(&task), 0);
        write(&task, &[("hosts", "x".to_owned()), ("hostname", "x".to_owned())]).unwrap();
        fs::write(task.join("hosts"), vec![1; 1 << 20]).unwrap();
        assert!((1 << 20..2 << 20).contains(&written(&task)), "{}", written(&task));
    }

    #[test]
    fn what_a_container_uses_is_known_whole_or_not_at_all() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(images(dir.path()), BTreeMap::new());
        let digests = vec![Digest::of(b"manifest"), Digest::of(b"layer")];
        keep_image(dir.path(), "web", &digests).unwrap();
        assert_eq!(images(dir.path()), BTreeMap::from([("web".to_owned(), Some(digests))]));
        let file = dir.path().join("web.image");
        let whole = fs::read_to_string(&file).unwrap();
        for damaged in ["", whole.get(..100).unwrap(), "else"] {
            fs::write(&file, damaged).unwrap();
            assert_eq!(images(dir.path()), BTreeMap::from([("web".to_owned(), None)]), "{damaged:?}");
        }
    }

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
        // An agent that was killed here had not begun the task.
        fs::rename(task.join(BEGUN), task.join("begun.new")).unwrap();
        assert!(!begun_before_this_boot(&task));
        fs::write(task.join(BEGUN), "another").unwrap();
        assert!(begun_before_this_boot(&task));
    }
}
