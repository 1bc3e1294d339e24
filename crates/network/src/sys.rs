//! The two unsafe calls: unshare(2), and the ioctl(2) that makes a TUN link.
#![allow(unsafe_code)]

use crate::netlink::expression::link_bytes;
use rustix::{
    fs::{Mode, OFlags},
    ioctl::{Opcode, Updater, ioctl, opcode},
    thread::UnshareFlags,
};
use std::os::fd::OwnedFd;

/// Moves the calling thread, and no other, into a new network namespace. To be called on threads made for it only.
pub(crate) fn new_network_namespace() -> rustix::io::Result<()> {
    // SAFETY: what makes unshare unsafe is CLONE_FILES, after which file descriptors mean different things on different threads.
    // Only CLONE_NEWNET is passed, which touches no memory and no file descriptor.
    unsafe { rustix::thread::unshare_unsafe(UnshareFlags::NEWNET) }
}

/// Makes a TUN link in the calling thread's namespace. What is routed to it is read from the file, a packet at a time, and what is
/// written there comes in by it. It is there as long as the file.
pub(crate) fn tun(name: &str) -> rustix::io::Result<OwnedFd> {
    /// TUNSETIFF: `_IOW('T', 202, int)`, though what it takes is a whole `struct ifreq`.
    const SET: Opcode = opcode::write::<i32>(b'T', 202);
    /// IFF_TUN, IFF_NO_PI and IFF_TUN_EXCL: packets begin with their IP header, and there must be no such link yet.
    const FLAGS: u16 = 0x0001 | 0x1000 | 0x8000;
    /// `struct ifreq`.
    #[repr(C)]
    #[allow(dead_code, reason = "the kernel reads it")]
    struct Request {
        name: [u8; 16],
        flags: u16,
        rest: [u8; 22],
    }
    let flags = OFlags::RDWR | OFlags::CLOEXEC | OFlags::NONBLOCK;
    let file = rustix::fs::open("/dev/net/tun", flags, Mode::empty())?;
    let mut request = Request { name: link_bytes(name), flags: FLAGS, rest: [0; 22] };
    // SAFETY: TUNSETIFF reads and writes the forty bytes of one `struct ifreq` and keeps no pointer to it (tun(4), netdevice(7)).
    unsafe { ioctl(&file, Updater::<SET, Request>::new(&mut request)) }?;
    Ok(file)
}
