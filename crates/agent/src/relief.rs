//! Making room: while the disk is low, layers that no container uses go, the longest unused first.

use images::store::Store;
use std::{
    io,
    sync::{
        Arc,
        mpsc::{RecvTimeoutError, Sender, channel},
    },
    thread,
    time::Duration,
};

/// How often the disk is looked at.
const INTERVAL: Duration = Duration::from_secs(5);

/// Ends it when dropped.
pub(crate) struct Relief(#[expect(dead_code, reason = "its end is what is waited for")] Sender<()>);

/// Starts looking.
///
/// # Errors
/// When there are no more threads.
pub(crate) fn start(store: Arc<Store>) -> io::Result<Relief> {
    let (end, ended) = channel();
    let look = move || {
        while ended.recv_timeout(INTERVAL) == Err(RecvTimeoutError::Timeout) {
            match store.relieve() {
                Ok(freed) if freed.layers > 0 => crate::complain(format_args!(
                    "the disk is low: {} layers with {} bytes that no task uses are removed",
                    freed.layers, freed.bytes
                )),
                Ok(_) => {}
                Err(error) => crate::complain(format_args!("the disk is low, and removing layers fails: {error}")),
            }
        }
    };
    thread::Builder::new().name("relief".into()).stack_size(256 << 10).spawn(look)?;
    Ok(Relief(end))
}
