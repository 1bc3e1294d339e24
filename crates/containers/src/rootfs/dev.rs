//! `/dev`: Docker's default devices, shared memory, message queues and terminals.
//!
//! Containers may make device nodes (CAP_MKNOD) but not open them: every file system they can make one on refuses devices,
//! and the few that work are mounts of their own. So no control group rules on devices are needed, on v1 or v2.

use super::mount::{NO_DEV, NO_EXEC, NO_SUID, NOTHING, attach, bind_of_fd, fresh, restrict};
use super::resolve::system_dir;
use crate::config::WindowSize;
use crate::error::{StartError, Step};
use rustix::fs::{CWD, Dev, FileType, Mode, OFlags, ResolveFlags, makedev};
use rustix::pty::OpenptFlags;
use rustix::termios::Winsize;
use std::os::fd::OwnedFd;

/// Docker's default devices by name and number (Documentation/admin-guide/devices.txt in the kernel's sources).
const DEVICES: [(&str, u32, u32); 6] =
    [("null", 1, 3), ("zero", 1, 5), ("full", 1, 7), ("random", 1, 8), ("urandom", 1, 9), ("tty", 5, 0)];

const LINKS: [(&str, &str); 6] = [
    ("ptmx", "pts/ptmx"),
    ("fd", "/proc/self/fd"),
    ("stdin", "/proc/self/fd/0"),
    ("stdout", "/proc/self/fd/1"),
    ("stderr", "/proc/self/fd/2"),
    ("core", "/proc/kcore"),
];

/// The number of devpts among file systems (linux/magic.h).
const DEVPTS: u64 = 0x1cd1;

/// A container's terminal.
pub(crate) struct Terminal {
    /// The side that controls it: the shim's, or a caller's.
    pub(crate) master: OwnedFd,
    /// The side that becomes standard streams.
    pub(crate) slave: OwnedFd,
}

pub(super) fn build(root: &OwnedFd, terminal: bool) -> Result<Option<Terminal>, StartError> {
    let target = system_dir(root, "dev")?;
    let dev = fresh("tmpfs", &[("mode", "755"), ("size", "64k")], NO_SUID | NO_EXEC)?;
    attach(&dev, &target, "/dev")?;
    for (name, major, minor) in DEVICES {
        node(&dev, name, FileType::CharacterDevice, makedev(major, minor))?;
        device_mount(&dev, name)?;
    }
    for (name, to) in LINKS {
        rustix::fs::symlinkat(to, &dev, name).start(|| format!("making /dev/{name}"))?;
    }
    let pts = fresh("devpts", &[("mode", "620"), ("ptmxmode", "666"), ("gid", "5")], NO_SUID | NO_EXEC)?;
    attach(&pts, &system_dir(&dev, "pts")?, "/dev/pts")?;
    let shm = fresh("tmpfs", &[("mode", "1777"), ("size", "64m")], NOTHING)?;
    attach(&shm, &system_dir(&dev, "shm")?, "/dev/shm")?;
    let mqueue = fresh("mqueue", &[], NOTHING)?;
    attach(&mqueue, &system_dir(&dev, "mqueue")?, "/dev/mqueue")?;
    let terminal = if terminal { Some(open_terminal(&dev, &pts)?) } else { None };
    restrict(&dev, NO_SUID | NO_EXEC | NO_DEV)?;
    Ok(terminal)
}

fn node(dev: &OwnedFd, name: &str, kind: FileType, number: Dev) -> Result<(), StartError> {
    let made = rustix::fs::mknodat(dev, name, kind, Mode::from_raw_mode(0o666), number);
    // The umask may have taken bits away.
    made.and_then(|()| rustix::fs::chmodat(dev, name, Mode::from_raw_mode(0o666), rustix::fs::AtFlags::empty()))
        .start(|| format!("making /dev/{name}"))
}

/// Mounts a node on itself while its file system still allows devices; the mount keeps that.
fn device_mount(dev: &OwnedFd, name: &str) -> Result<(), StartError> {
    let target = entry(dev, name)?;
    attach(&bind_of_fd(&target, name)?, &target, name)
}

fn entry(dev: &OwnedFd, name: &str) -> Result<OwnedFd, StartError> {
    let flags = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS;
    rustix::fs::openat2(dev, name, OFlags::PATH | OFlags::CLOEXEC, Mode::empty(), flags)
        .start(|| format!("opening /dev/{name}"))
}

/// Opens a terminal and shows it as `/dev/console`.
fn open_terminal(dev: &OwnedFd, pts: &OwnedFd) -> Result<Terminal, StartError> {
    let terminal = pair(pts)?;
    node(dev, "console", FileType::RegularFile, 0)?;
    attach(&bind_of_fd(&terminal.slave, "/dev/console")?, &entry(dev, "console")?, "/dev/console")?;
    Ok(terminal)
}

/// Opens a terminal of the container whose mounts this process has joined. What the container has made of its `/dev` is not trusted: what
/// is no file system of terminals is refused.
pub(crate) fn open_terminal_inside(size: WindowSize) -> Result<Terminal, StartError> {
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let pts = rustix::fs::openat2(CWD, "/dev/pts", flags, Mode::empty(), ResolveFlags::NO_SYMLINKS)
        .start(|| "opening /dev/pts".into())?;
    let kind = rustix::fs::fstatfs(&pts).start(|| "looking at /dev/pts".into())?.f_type;
    if u64::try_from(kind).ok() != Some(DEVPTS) {
        return Err(StartError::invalid("/dev/pts in the container holds no terminals any more"));
    }
    let terminal = pair(&pts)?;
    let size = Winsize { ws_row: size.rows, ws_col: size.columns, ws_xpixel: 0, ws_ypixel: 0 };
    rustix::termios::tcsetwinsize(&terminal.master, size).start(|| "setting the terminal's size".into())?;
    Ok(terminal)
}

/// Opens a terminal pair of a devpts. Both ends come from the kernel as descriptors, never through a path of the container
/// (CVE-2025-52565).
fn pair(pts: &OwnedFd) -> Result<Terminal, StartError> {
    let flags = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS;
    let master =
        rustix::fs::openat2(pts, "ptmx", OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC, Mode::empty(), flags)
            .start(|| "opening a terminal".into())?;
    rustix::pty::unlockpt(&master).start(|| "unlocking the terminal".into())?;
    let slave = rustix::pty::ioctl_tiocgptpeer(&master, OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC)
        .start(|| "opening the terminal's other side".into())?;
    Ok(Terminal { master, slave })
}
