//! Signals as a descriptor, for programs that wait for them beside other things.

use crate::sys;
use rustix::io::Errno;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

/// The size of `signalfd_siginfo` (signalfd(2)), whose first member is the signal's number.
const RECORD: usize = 128;

/// Signals that are taken from a descriptor instead of doing what they do. For programs of one thread: others go on getting them.
#[derive(Debug)]
pub struct Signals(OwnedFd);

impl Signals {
    /// Takes these signals from now on, by their numbers, until the program ends.
    ///
    /// # Errors
    /// When one of them is no signal, or the kernel has no descriptor left.
    pub fn take(numbers: &[i32]) -> io::Result<Self> {
        sys::signalfd(numbers).map(Self)
    }

    /// The number of the next signal that has come in; none if there is none.
    ///
    /// # Errors
    /// When the kernel refuses, which it has no reason to.
    pub fn next(&self) -> io::Result<Option<i32>> {
        let mut record = [0; RECORD];
        match rustix::io::retry_on_intr(|| rustix::io::read(&self.0, &mut record)) {
            Ok(_) => Ok(record.first_chunk().map(|number| i32::from_ne_bytes(*number))),
            Err(Errno::AGAIN) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }
}

impl AsFd for Signals {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}
