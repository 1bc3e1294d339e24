//! One layer in one pass: a thread downloads, verifies and decompresses; the caller's thread unpacks.

use super::download::{Blob, into_pull_error, wrong_digest, wrong_size};
use super::{PullError, Source};
use crate::compression;
use crate::digest::{Digest, Hashing};
use crate::manifest::Descriptor;
use crate::store::Store;
use crate::tarball;
use crate::unpack::{self, Limits, Unpacked};
use disk::Promise;
use rustix::fs::{Mode, OFlags};
use std::io::{self, BufRead, Read};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

/// Bytes of tar handed over at once, and how many such pieces may wait.
const PIECE: usize = 256 * 1024;
const PIECES: usize = 8;
/// Bytes counted for a file or directory, at least: what mkfs.ext4(8) makes an inode for. Empty files are soon sent, and the host has only
/// so many.
const INODE: u64 = 16 << 10;

/// Fetches a layer and unpacks it into the empty directory `tree`.
pub(super) fn fetch(
    source: &Source<'_>,
    store: &Store,
    diff_id: &Digest,
    descriptor: &Descriptor,
    tree: &Path,
) -> Result<Unpacked, PullError> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let root = rustix::fs::open(tree, flags, Mode::empty()).map_err(io::Error::from)?;
    let (sender, receiver) = sync_channel(PIECES);
    let (sent, unpacked) = std::thread::scope(|scope| {
        let sending = scope.spawn(move || send_pieces(source, store, diff_id, descriptor, &sender));
        let unpacked = unpack::unpack(Pieces::new(receiver), root, store.limits());
        (sending.join(), unpacked)
    });
    let extract = |error| PullError::Extract { diff_id: diff_id.clone(), error };
    match (sent, unpacked) {
        (Err(_), _) => Err(PullError::Store(io::Error::other("the download's thread panicked"))),
        // The receiver went away: it has the reason.
        (Ok(Err(Stopped::NoReceiver)), Err(error)) => Err(extract(error)),
        (Ok(Err(Stopped::Failed(error))), _) => Err(*error),
        (Ok(Err(Stopped::NoReceiver)), Ok(_)) => {
            Err(PullError::Store(io::Error::other("the layer was not read to its end")))
        }
        (Ok(Ok(())), unpacked) => {
            let unpacked = unpacked.map_err(extract)?;
            source.unpacks(diff_id, (unpacked.entries * INODE).saturating_sub(unpacked.bytes))?;
            Ok(unpacked)
        }
    }
}

/// Why the sending thread ended early.
enum Stopped {
    NoReceiver,
    Failed(Box<PullError>),
}

impl From<PullError> for Stopped {
    fn from(error: PullError) -> Self {
        Self::Failed(Box::new(error))
    }
}

/// The end is only told to the receiver after both digests are verified.
fn send_pieces(
    source: &Source<'_>,
    store: &Store,
    diff_id: &Digest,
    descriptor: &Descriptor,
    pieces: &SyncSender<Piece>,
) -> Result<(), Stopped> {
    let arrived = AtomicU64::new(0);
    let mut blob = Hashing::new(Counting { inner: Blob::new(source, descriptor), count: &arrived });
    let got = {
        let failed = |error| broken(diff_id, error);
        let mut tar = Hashing::new(compression::decoder(&mut blob).map_err(failed)?);
        let mut total = 0;
        loop {
            let mut bytes = Vec::with_capacity(PIECE);
            tar.by_ref().take(PIECE as u64).read_to_end(&mut bytes).map_err(failed)?;
            if bytes.is_empty() {
                break;
            }
            total += bytes.len() as u64;
            source.unpacks(diff_id, bytes.len() as u64)?;
            check_size(store.limits(), diff_id, total, arrived.load(Ordering::Relaxed))?;
            let full = |error| PullError::Full { diff_id: diff_id.clone(), error };
            let room = store.admit(bytes.len() as u64).map_err(full)?;
            pieces.send(Piece { bytes, _room: Some(room) }).map_err(|_| Stopped::NoReceiver)?;
        }
        tar.finish().0
    };
    io::copy(&mut blob, &mut io::sink()).map_err(into_pull_error)?;
    let (digest, size) = blob.finish();
    if size != descriptor.size {
        return Err(wrong_size("layer", size, descriptor).into());
    }
    if digest != descriptor.digest {
        return Err(wrong_digest("layer", &digest, &descriptor.digest).into());
    }
    if got != *diff_id {
        return Err(PullError::DiffId { diff_id: diff_id.clone(), got }.into());
    }
    Ok(())
}

fn check_size(limits: &Limits, diff_id: &Digest, unpacked: u64, arrived: u64) -> Result<(), PullError> {
    let what = if unpacked > limits.bytes {
        format!("it unpacks to over {} bytes", limits.bytes)
    } else if unpacked > limits.ratio_from && unpacked / arrived.max(1) > limits.ratio {
        format!("it unpacks to over {} times its size", limits.ratio)
    } else {
        return Ok(());
    };
    Err(PullError::TooLarge { diff_id: diff_id.clone(), what })
}

/// A download's failure as it is; any other is broken compression.
fn broken(diff_id: &Digest, error: io::Error) -> PullError {
    match error.downcast::<PullError>() {
        Ok(error) => error,
        Err(error) => PullError::Extract { diff_id: diff_id.clone(), error: tarball::Error::Io(error).into() },
    }
}

/// Counts what comes through, for another to see.
struct Counting<'a, R> {
    inner: R,
    count: &'a AtomicU64,
}

impl<R: Read> Read for Counting<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.inner.read(buffer)?;
        self.count.fetch_add(n as u64, Ordering::Relaxed);
        Ok(n)
    }
}

/// Bytes of tar, and the room on the disk that is theirs until they are unpacked.
#[derive(Default)]
struct Piece {
    bytes: Vec<u8>,
    _room: Option<Promise>,
}

/// The receiving end as a stream.
struct Pieces {
    receiver: Receiver<Piece>,
    piece: Piece,
    used: usize,
}

impl Pieces {
    fn new(receiver: Receiver<Piece>) -> Self {
        Self { receiver, piece: Piece::default(), used: 0 }
    }
}

impl BufRead for Pieces {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.used >= self.piece.bytes.len() {
            self.piece = self.receiver.recv().unwrap_or_default();
            self.used = 0;
        }
        Ok(self.piece.bytes.get(self.used..).unwrap_or_default())
    }

    fn consume(&mut self, n: usize) {
        self.used += n;
    }
}

impl Read for Pieces {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let available = self.fill_buf()?;
        let n = available.len().min(buffer.len());
        if let (Some(to), Some(from)) = (buffer.get_mut(..n), available.get(..n)) {
            to.copy_from_slice(from);
        }
        self.consume(n);
        Ok(n)
    }
}
