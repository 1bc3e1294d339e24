//! The link that the internet's packets leave and come in by.

use std::{
    io,
    os::fd::{AsFd, OwnedFd},
    sync::Arc,
};
use tokio::io::{Interest, unix::AsyncFd};

/// The file of a TUN link, which does not block.
pub(crate) struct Link(AsyncFd<Arc<OwnedFd>>);

impl Link {
    /// To be made inside a runtime.
    ///
    /// # Errors
    /// When the runtime can't wait for it.
    #[allow(
        deprecated,
        reason = "who holds an OwnedFd may use it: what took the function's place is unsafe for files of any other kind"
    )]
    pub(crate) fn new(file: Arc<OwnedFd>) -> io::Result<Self> {
        AsyncFd::with_interest(file, Interest::READABLE).map(Self)
    }

    /// The next packet that leaves.
    ///
    /// # Errors
    /// When there is no link any more.
    pub(crate) async fn read(&self, packet: &mut [u8]) -> io::Result<usize> {
        loop {
            let mut ready = self.0.readable().await?;
            if let Ok(read) = ready.try_io(|file| Ok(rustix::io::read(file.get_ref().as_fd(), &mut *packet)?)) {
                return read;
            }
        }
    }

    /// Lets a packet come in. It may be lost, as on any link.
    pub(crate) fn write(&self, packet: &[u8]) {
        let _ = rustix::io::write(self.0.get_ref().as_fd(), packet);
    }
}
