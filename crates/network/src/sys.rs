//! The one unsafe call: unshare(2).
#![allow(unsafe_code)]

use rustix::thread::UnshareFlags;

/// Moves the calling thread, and no other, into a new network namespace. To be called on threads made for it only.
pub(crate) fn new_network_namespace() -> rustix::io::Result<()> {
    // SAFETY: what makes unshare unsafe is CLONE_FILES, after which file descriptors mean different things on different threads.
    // Only CLONE_NEWNET is passed, which touches no memory and no file descriptor.
    unsafe { rustix::thread::unshare_unsafe(UnshareFlags::NEWNET) }
}
