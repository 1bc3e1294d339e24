//! The system calls that no safe wrapper offers. The only `unsafe` of this crate.
//!
//! Forking is sound here because every process that forks (a shim, an init process) is single-threaded: no lock can be held
//! by a thread that does not exist in the child, so the child may use the allocator and the rest of the standard library.
#![allow(
    unsafe_code,
    reason = "clone3, unshare, signalfd, seccomp, mount_setattr, exec and keyctl have no safe wrapper"
)]

use rustix::process::{Pid, Signal};
use std::ffi::{CStr, CString};
use std::io;
use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd, RawFd};

/// Which side of a fork this is.
pub(crate) enum Fork {
    /// The new process.
    Child,
    /// The calling process.
    Parent {
        /// The child in the caller's pid namespace.
        pid: Pid,
        /// The child, without the races of pids.
        pidfd: OwnedFd,
    },
}

/// `CLONE_INTO_CGROUP` (linux/sched.h), which does not fit the C library's type.
const INTO_CGROUP: u64 = 0x2_0000_0000;

#[repr(C, align(8))]
#[derive(Default)]
struct CloneArgs {
    flags: u64,
    pidfd: u64,
    child_tid: u64,
    parent_tid: u64,
    exit_signal: u64,
    stack: u64,
    stack_size: u64,
    tls: u64,
    set_tid: u64,
    set_tid_size: u64,
    cgroup: u64,
}

/// clone3(2) as fork(2) with namespaces (`CLONE_NEW*`) and, on cgroup v2, a cgroup directory to start in.
///
/// Only for single-threaded processes: see the module's head.
pub(crate) fn fork(namespaces: libc::c_int, cgroup: Option<&OwnedFd>) -> io::Result<Fork> {
    let mut pidfd: RawFd = -1;
    let mut args = CloneArgs {
        flags: (libc::CLONE_PIDFD | namespaces) as u64,
        pidfd: std::ptr::from_mut(&mut pidfd) as u64,
        exit_signal: libc::SIGCHLD as u64,
        ..CloneArgs::default()
    };
    if let Some(cgroup) = cgroup {
        args.flags |= INTO_CGROUP;
        args.cgroup = cgroup.as_raw_fd() as u64;
    }
    // SAFETY: `args` is a valid clone_args of the size given; without CLONE_VM the child has its own copy of memory and stack,
    // and the process has no other thread whose locks it could inherit. `pidfd` outlives the call.
    let pid = unsafe { libc::syscall(libc::SYS_clone3, &raw const args, size_of::<CloneArgs>()) };
    match pid {
        -1 => Err(io::Error::last_os_error()),
        0 => Ok(Fork::Child),
        pid => {
            let pid = Pid::from_raw(pid as i32).ok_or_else(|| io::Error::other("clone3 returned no pid"))?;
            // SAFETY: the kernel stored a new descriptor there, which nobody else owns.
            Ok(Fork::Parent { pid, pidfd: unsafe { OwnedFd::from_raw_fd(pidfd) } })
        }
    }
}

/// fork(2), for a process under a seccomp filter that refuses clone3. None in the child.
///
/// Only for single-threaded processes: see the module's head.
pub(crate) fn fork_plain() -> io::Result<Option<Pid>> {
    // SAFETY: the process has no other thread whose locks the child could inherit.
    let pid = unsafe { libc::fork() };
    check(pid.into())?;
    Ok(Pid::from_raw(pid))
}

/// clone(2) as fork(2), but the new process is a child of this one's parent. None in the child.
///
/// Only for single-threaded processes: see the module's head.
pub(crate) fn fork_sibling() -> io::Result<Option<Pid>> {
    let flags = libc::c_long::from(libc::CLONE_PARENT | libc::SIGCHLD);
    // SAFETY: without CLONE_VM the child has its own copy of memory and, asked for none, goes on with a copy of this stack; the
    // process has no other thread whose locks it could inherit.
    let pid = unsafe { libc::syscall(libc::SYS_clone, flags, 0, 0, 0, 0) };
    check(pid)?;
    Ok(i32::try_from(pid).ok().and_then(Pid::from_raw))
}

/// The session of a process; none of one that is gone, or whose session began outside this pid namespace, which safe wrappers don't expect.
pub(crate) fn session(process: Pid) -> Option<Pid> {
    // SAFETY: it only asks.
    let session = unsafe { libc::getsid(process.as_raw_pid()) };
    if session > 0 { Pid::from_raw(session) } else { None }
}

/// unshare(2) of namespaces.
pub(crate) fn unshare(namespaces: libc::c_int) -> io::Result<()> {
    // SAFETY: without CLONE_FILES or CLONE_VM no memory or descriptor of this process changes.
    check(unsafe { libc::unshare(namespaces) }.into())
}

/// Ends the process at once, without running destructors of state that belongs to the parent.
pub(crate) fn exit(code: i32) -> ! {
    // SAFETY: _exit never returns and touches no memory.
    unsafe { libc::_exit(code) }
}

/// Blocks the signals and gives a descriptor that tells of them.
pub(crate) fn signalfd(signals: &[libc::c_int]) -> io::Result<OwnedFd> {
    let set = signal_set(signals)?;
    // SAFETY: `set` is an initialised signal set; null asks for no old mask; -1 asks for a new descriptor.
    unsafe {
        check(libc::sigprocmask(libc::SIG_BLOCK, &raw const set, std::ptr::null_mut()).into())?;
        let fd = libc::signalfd(-1, &raw const set, libc::SFD_CLOEXEC | libc::SFD_NONBLOCK);
        check(fd.into())?;
        Ok(OwnedFd::from_raw_fd(fd))
    }
}

/// Blocks every signal; [`wait_signal`] takes them.
pub(crate) fn block_all_signals() -> io::Result<()> {
    // SAFETY: sigfillset initialises the set before it is used; null asks for no old mask.
    unsafe {
        let mut set = std::mem::zeroed();
        libc::sigfillset(&raw mut set);
        check(libc::sigprocmask(libc::SIG_BLOCK, &raw const set, std::ptr::null_mut()).into())
    }
}

/// Waits for the next blocked signal.
pub(crate) fn wait_signal() -> io::Result<libc::c_int> {
    // SAFETY: the set is initialised before use and `signal` outlives the call.
    unsafe {
        let mut set = std::mem::zeroed();
        libc::sigfillset(&raw mut set);
        let mut signal = 0;
        match libc::sigwait(&raw const set, &raw mut signal) {
            0 => Ok(signal),
            error => Err(io::Error::from_raw_os_error(error)),
        }
    }
}

/// Gives every signal its default action and unblocks them all, as a new program expects.
pub(crate) fn reset_signals() -> io::Result<()> {
    for signal in 1..=64 {
        // SAFETY: SIG_DFL installs no handler code. SIGKILL, SIGSTOP and the C library's own two refuse, which is fine.
        unsafe { libc::signal(signal, libc::SIG_DFL) };
    }
    let set = signal_set(&[])?;
    // SAFETY: `set` is initialised; null asks for no old mask.
    check(unsafe { libc::sigprocmask(libc::SIG_SETMASK, &raw const set, std::ptr::null_mut()) }.into())
}

fn signal_set(signals: &[libc::c_int]) -> io::Result<libc::sigset_t> {
    // SAFETY: sigemptyset initialises the set; sigaddset refuses numbers out of range.
    unsafe {
        let mut set = std::mem::zeroed();
        libc::sigemptyset(&raw mut set);
        for signal in signals {
            check(libc::sigaddset(&raw mut set, *signal).into())?;
        }
        Ok(set)
    }
}

/// A signal by its number, real-time signals included.
pub(crate) fn signal(number: i32) -> Option<Signal> {
    // SAFETY: the number is in the kernel's range of 1 to 64, so it is a signal; the C library's two reserved ones do no harm
    // when sent to another process.
    (1..=64).contains(&number).then(|| unsafe { Signal::from_raw_unchecked(number) })
}

/// Loads a seccomp filter for this process. It needs no_new_privs or CAP_SYS_ADMIN.
pub(crate) fn seccomp(filter: &[libc::sock_filter]) -> io::Result<()> {
    let len = u16::try_from(filter.len()).map_err(|_| io::Error::from(io::ErrorKind::InvalidInput))?;
    let program = libc::sock_fprog { len, filter: filter.as_ptr().cast_mut() };
    // SAFETY: `program` points at `len` instructions that the kernel only reads, and checks.
    check(unsafe { libc::syscall(libc::SYS_seccomp, libc::SECCOMP_SET_MODE_FILTER, 0, &raw const program) })
}

/// mount_setattr(2) on the mount `fd` is the root of: sets `MOUNT_ATTR_*` flags. Linux 5.12.
pub(crate) fn mount_setattr(fd: impl AsFd, set: u64) -> io::Result<()> {
    #[repr(C)]
    struct MountAttr {
        set: u64,
        clear: u64,
        propagation: u64,
        userns: u64,
    }
    let attr = MountAttr { set, clear: 0, propagation: 0, userns: 0 };
    let fd = fd.as_fd().as_raw_fd();
    // SAFETY: the path is an empty C string and `attr` a mount_attr of the size given; the kernel only reads them.
    check(unsafe {
        libc::syscall(
            libc::SYS_mount_setattr,
            fd,
            c"".as_ptr(),
            libc::AT_EMPTY_PATH,
            &raw const attr,
            size_of::<MountAttr>(),
        )
    })
}

/// The user at the other end of a unix socket (SO_PEERCRED). Its pid is 0 when it is outside this pid namespace, which safe
/// wrappers don't expect.
pub(crate) fn peer_uid(socket: impl AsFd) -> io::Result<u32> {
    let mut peer = libc::ucred { pid: 0, uid: u32::MAX, gid: u32::MAX };
    let mut length = size_of::<libc::ucred>() as libc::socklen_t;
    let fd = socket.as_fd().as_raw_fd();
    // SAFETY: the kernel writes at most `length` bytes to `peer`, any content of which is valid.
    check(
        unsafe { libc::getsockopt(fd, libc::SOL_SOCKET, libc::SO_PEERCRED, (&raw mut peer).cast(), &raw mut length) }
            .into(),
    )?;
    Ok(peer.uid)
}

/// Gives this process a new, empty session keyring.
pub(crate) fn new_session_keyring() -> io::Result<()> {
    const KEYCTL_JOIN_SESSION_KEYRING: libc::c_long = 1;
    // SAFETY: a null name asks for an anonymous keyring.
    check(unsafe { libc::syscall(libc::SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, std::ptr::null::<libc::c_char>()) })
}

/// Closes every descriptor from `first` on.
pub(crate) fn close_from(first: u32) -> io::Result<()> {
    // SAFETY: the caller executes or exits next and uses no owned descriptor any more.
    check(unsafe { libc::syscall(libc::SYS_close_range, first, u32::MAX, 0) })
}

/// Marks every descriptor from `first` on to be closed by an exec.
pub(crate) fn cloexec_from(first: u32) -> io::Result<()> {
    // SAFETY: only the close-on-exec flag changes.
    check(unsafe { libc::syscall(libc::SYS_close_range, first, u32::MAX, libc::CLOSE_RANGE_CLOEXEC) })
}

/// Takes over a descriptor this process was started with.
pub(crate) fn inherited(fd: RawFd) -> io::Result<OwnedFd> {
    // SAFETY: F_GETFD only asks whether it is open.
    check(unsafe { libc::fcntl(fd, libc::F_GETFD) }.into())?;
    // SAFETY: it is open, and by the contract with the parent process nobody else in this program owns it.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// Makes `fd` the descriptor `target`, kept over an exec.
pub(crate) fn dup_to(fd: impl AsFd, target: RawFd) -> io::Result<()> {
    let fd = fd.as_fd().as_raw_fd();
    if fd != target {
        // SAFETY: the caller owns the number `target` (this process has nothing else there, or means to replace it).
        check(unsafe { libc::dup3(fd, target, 0) }.into())?;
    }
    // SAFETY: only the close-on-exec flag of `target` changes; needed when it is the same descriptor, which dup3 refuses.
    check(unsafe { libc::fcntl(target, libc::F_SETFD, 0) }.into())
}

/// execveat(2) of the program a descriptor refers to. Only returns on failure.
pub(crate) fn exec_fd(program: &OwnedFd, argv: &[CString], env: &[CString]) -> io::Error {
    let (argv, env) = (pointers(argv), pointers(env));
    // SAFETY: both arrays are null-terminated and point at C strings that outlive the call.
    unsafe {
        libc::syscall(
            libc::SYS_execveat,
            program.as_raw_fd(),
            c"".as_ptr(),
            argv.as_ptr(),
            env.as_ptr(),
            libc::AT_EMPTY_PATH,
        )
    };
    io::Error::last_os_error()
}

/// execve(2). Only returns on failure.
pub(crate) fn exec(program: &CStr, argv: &[CString], env: &[CString]) -> io::Error {
    let (argv, env) = (pointers(argv), pointers(env));
    // SAFETY: both arrays are null-terminated and point at C strings that outlive the call.
    unsafe { libc::execve(program.as_ptr(), argv.as_ptr(), env.as_ptr()) };
    io::Error::last_os_error()
}

fn pointers(strings: &[CString]) -> Vec<*const libc::c_char> {
    strings.iter().map(|string| string.as_ptr()).chain(std::iter::once(std::ptr::null())).collect()
}

fn check(result: libc::c_long) -> io::Result<()> {
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// How far the machine's clock may be off, in microseconds, and whether something keeps it right (adjtimex(2)).
pub(crate) fn clock_error() -> io::Result<(i64, bool)> {
    // SAFETY: all of its members are integers, for which zero is a value; with no mode set nothing is changed.
    let mut timex: libc::timex = unsafe { std::mem::zeroed() };
    // SAFETY: the pointer is to a whole `timex` that nobody else has.
    let state = unsafe { libc::adjtimex(&mut timex) };
    if state < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok((timex.maxerror, timex.status & libc::STA_UNSYNC == 0))
}
