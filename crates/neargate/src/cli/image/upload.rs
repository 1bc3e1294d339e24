//! A file or standard input as the body of a request, sent as it is read.

use crate::cli::Failure;
use agent::client::Body;
use bytes::Bytes;
use http_body_util::{BodyExt, channel};
use std::{
    fs::File,
    io::{self, Read},
    path::Path,
    sync::{Arc, OnceLock},
};

/// How much is read at once, in bytes.
const PIECE: usize = 256 << 10;
/// How many pieces are read ahead of the network.
const AHEAD: usize = 4;

/// An archive on its way.
pub struct Upload {
    /// What is sent.
    pub body: Body,
    unreadable: Arc<OnceLock<io::Error>>,
}

impl Upload {
    /// Begins to read an archive, on a thread of its own, as reading a file or a pipe waits.
    pub fn begin(archive: &Path) -> Result<Self, Failure> {
        let source: Box<dyn Read + Send> = match archive {
            archive if archive == Path::new("-") => Box::new(io::stdin()),
            archive if archive.is_dir() => return Err(Failure("it is a directory; pack it with tar first".to_owned())),
            archive => Box::new(File::open(archive)?),
        };
        let (pieces, body) = channel::Channel::<Bytes, io::Error>::new(AHEAD);
        let upload = Self { body: body.boxed(), unreadable: Arc::default() };
        let (runtime, unreadable) = (tokio::runtime::Handle::current(), upload.unreadable.clone());
        let send = move || runtime.block_on(send(source, pieces, &unreadable));
        std::thread::Builder::new().name("upload".to_owned()).spawn(send)?;
        Ok(upload)
    }

    /// For telling, after the sending failed, whether that was for want of something to send.
    pub fn unreadable(&self) -> Arc<OnceLock<io::Error>> {
        self.unreadable.clone()
    }
}

async fn send(
    mut source: Box<dyn Read + Send>,
    mut pieces: channel::Sender<Bytes, io::Error>,
    unreadable: &OnceLock<io::Error>,
) {
    loop {
        let mut piece = vec![0; PIECE];
        match source.read(&mut piece) {
            Ok(0) => return,
            Ok(count) => piece.truncate(count),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => {
                let _ = unreadable.set(error);
                return pieces.abort(io::ErrorKind::Other.into());
            }
        }
        // Nobody takes it any more: the server has answered early, or is gone. Its answer says which.
        if pieces.send_data(Bytes::from(piece)).await.is_err() {
            return;
        }
    }
}
