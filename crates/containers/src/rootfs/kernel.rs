//! `/proc`, `/sys` and the control groups, with the paths masked and read-only that Docker has so.

use super::mount::{NOTHING, READ_ONLY, attach, bind_of, bind_of_fd, fresh, restrict};
use super::resolve::{open, system_dir};
use crate::cgroup::Group;
use crate::error::{StartError, StartErrorKind, Step};
use rustix::fs::{FileType, Mode, OFlags, ResolveFlags, Stat};
use std::collections::BTreeMap;
use std::os::fd::OwnedFd;

/// Hidden from containers ("MaskedPaths", Docker Engine).
pub(crate) const MASKED: [&str; 12] = [
    "/proc/acpi",
    "/proc/asound",
    "/proc/interrupts",
    "/proc/kcore",
    "/proc/keys",
    "/proc/latency_stats",
    "/proc/sched_debug",
    "/proc/scsi",
    "/proc/timer_list",
    "/proc/timer_stats",
    "/sys/devices/virtual/powercap",
    "/sys/firmware",
];

/// Visible but not writable ("ReadonlyPaths", Docker Engine).
pub(crate) const READ_ONLY_PATHS: [&str; 5] =
    ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"];

/// The `/proc` of this process's pid namespace, attached nowhere yet.
pub(super) fn new_proc() -> Result<OwnedFd, StartError> {
    fresh("proc", &[], NOTHING)
}

pub(super) fn mount_proc(root: &OwnedFd, proc: &OwnedFd) -> Result<(), StartError> {
    attach(proc, &system_dir(root, "proc")?, "/proc")
}

pub(super) fn mount_sys(root: &OwnedFd, cgroup: &Group) -> Result<(), StartError> {
    let target = system_dir(root, "sys")?;
    let sys = fresh("sysfs", &[], NOTHING | READ_ONLY)?;
    attach(&sys, &target, "/sys")?;
    // The kernel makes this directory where it has control groups.
    let Some(target) = open(root, "/sys/fs/cgroup")? else { return Ok(()) };
    let views = cgroup.views();
    if let [(name, unified)] = views.as_slice()
        && name.is_empty()
    {
        let view = bind_of(unified)?;
        attach(&view, &target, "/sys/fs/cgroup")?;
        return restrict(&view, NOTHING | READ_ONLY);
    }
    let tmpfs = fresh("tmpfs", &[("mode", "755"), ("size", "64k")], NOTHING)?;
    attach(&tmpfs, &target, "/sys/fs/cgroup")?;
    for (name, dir) in views {
        let own = system_dir(&tmpfs, &name)?;
        let view = bind_of(&dir)?;
        attach(&view, &own, &name)?;
        restrict(&view, NOTHING | READ_ONLY)?;
    }
    restrict(&tmpfs, NOTHING | READ_ONLY)
}

/// Sets namespaced kernel parameters. Any other would change the host.
pub(super) fn set_sysctls(proc: &OwnedFd, sysctls: &BTreeMap<String, String>) -> Result<(), StartError> {
    for (name, value) in sysctls {
        let file = sysctl_file(name)?;
        let open = || -> rustix::io::Result<()> {
            let flags = OFlags::WRONLY | OFlags::CLOEXEC;
            let fd = rustix::fs::openat2(
                proc,
                file.as_str(),
                flags,
                Mode::empty(),
                ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS,
            )?;
            rustix::io::write(fd, value.as_bytes()).map(drop)
        };
        open().start(|| format!("setting sysctl {name} to {value}"))?;
    }
    Ok(())
}

/// The file below `/proc` of a parameter that belongs to a container's namespaces.
pub(crate) fn sysctl_file(name: &str) -> Result<String, StartError> {
    let ours = ["net.", "fs.mqueue.", "kernel.msg", "kernel.shm"].iter().any(|prefix| name.starts_with(prefix))
        || name == "kernel.sem";
    if ours && !name.contains("..") && !name.contains('/') {
        return Ok(format!("sys/{}", name.replace('.', "/")));
    }
    Err(StartError::invalid(format!("sysctl {name:?} is not in a separate kernel namespace")))
}

/// Masks and write-protects. A masked file shows `/dev/null`, a masked directory is empty.
pub(super) fn mask(root: &OwnedFd, proc: &OwnedFd) -> Result<(), StartError> {
    for path in READ_ONLY_PATHS {
        let name = path.trim_start_matches("/proc/");
        let Ok(target) = rustix::fs::openat2(
            proc,
            name,
            OFlags::PATH | OFlags::CLOEXEC,
            Mode::empty(),
            ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS,
        ) else {
            continue;
        };
        let view = bind_of_fd(&target, path)?;
        attach(&view, &target, path)?;
        restrict(&view, NOTHING | READ_ONLY)?;
    }
    let null = null_device(root)?;
    let mut empty = None;
    for path in MASKED {
        let flags = ResolveFlags::IN_ROOT | ResolveFlags::NO_SYMLINKS;
        let Ok(target) = rustix::fs::openat2(root, path, OFlags::PATH | OFlags::CLOEXEC, Mode::empty(), flags) else {
            continue;
        };
        let stat = rustix::fs::fstat(&target).start(|| format!("looking at {path}"))?;
        if FileType::from_raw_mode(stat.st_mode) != FileType::Directory {
            attach(&bind_of_fd(&null, path)?, &target, path)?;
        } else if let Some(first) = &empty {
            attach(&bind_of_fd(first, path)?, &target, path)?;
        } else {
            let first = fresh("tmpfs", &[("size", "0"), ("nr_inodes", "2")], NOTHING | READ_ONLY)?;
            attach(&first, &target, path)?;
            empty = Some(first);
        }
    }
    Ok(())
}

/// The null device `dev::build` has just made. What lies there is looked at, not trusted (CVE-2025-31133).
fn null_device(root: &OwnedFd) -> Result<OwnedFd, StartError> {
    let flags = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS;
    let null = rustix::fs::openat2(root, "dev/null", OFlags::PATH | OFlags::CLOEXEC, Mode::empty(), flags)
        .start(|| "opening /dev/null".into())?;
    let stat = rustix::fs::fstat(&null).start(|| "looking at /dev/null".into())?;
    if is_null(&stat) { Ok(null) } else { Err(StartError::invalid("/dev/null is not the null device")) }
}

fn is_null(stat: &Stat) -> bool {
    FileType::from_raw_mode(stat.st_mode) == FileType::CharacterDevice && stat.st_rdev == rustix::fs::makedev(1, 3)
}

/// OCI runtimes mask paths with the host's `/dev/null`. Where that is a file, all containers would write to it and read it.
pub(crate) fn host_has_null_device() -> Result<(), StartError> {
    let stat = rustix::fs::stat("/dev/null").start(|| "looking at the host's /dev/null".into())?;
    if is_null(&stat) {
        return Ok(());
    }
    let fix = "rm /dev/null && mknod -m 666 /dev/null c 1 3";
    Err(StartError::new(
        StartErrorKind::Host,
        format!("the host's /dev/null is not the null device, which the runtime masks paths with; mend it with: {fix}"),
    ))
}

#[cfg(test)]
mod tests {
    use super::sysctl_file;

    #[test]
    fn only_namespaced_parameters_are_set() {
        assert_eq!(sysctl_file("net.core.somaxconn").unwrap(), "sys/net/core/somaxconn");
        assert_eq!(sysctl_file("kernel.shmmax").unwrap(), "sys/kernel/shmmax");
        for name in ["kernel.core_pattern", "vm.swappiness", "net./../kernel/core_pattern", "net...kernel.core_pattern"]
        {
            assert!(sysctl_file(name).is_err(), "{name}");
        }
    }
}
