//! What an agent takes for its server: it says one spec, and keeps the last status it was told.
#![allow(clippy::missing_panics_doc, reason = "a failed test panics")]

use super::PATIENCE;
use spec::{HostSpec, HostStatus, SyncReply, SyncRequest};
use std::{
    io::{BufRead, BufReader, Read, Write},
    os::unix::net::{UnixListener, UnixStream},
    path::Path,
    sync::{Arc, Condvar, Mutex},
    time::{Duration, Instant},
};

#[derive(Default)]
struct Said {
    spec: HostSpec,
    statuses: Vec<HostStatus>,
}

/// The server behind a socket, as long as the process lives.
pub struct Server(Arc<(Mutex<Said>, Condvar)>);

impl Server {
    pub fn listen(socket: &Path) -> Self {
        let (listener, said) = (UnixListener::bind(socket).unwrap(), Arc::<(Mutex<Said>, Condvar)>::default());
        let server = Self(said.clone());
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (stream, said) = (stream.unwrap(), said.clone());
                std::thread::spawn(move || answer(&stream, &said));
            }
        });
        server
    }

    /// From now on this is what the host should be, and no status was heard.
    pub fn say(&self, spec: HostSpec) {
        let mut said = self.0.0.lock().unwrap();
        *said = Said { spec, statuses: Vec::new() };
        self.0.1.notify_all();
    }

    /// Waits for a status of which something is true.
    #[track_caller]
    pub fn hear(&self, of: impl Fn(&HostStatus) -> bool) -> HostStatus {
        let said = self.0.0.lock().unwrap();
        let waiting = |said: &mut Said| !said.statuses.last().is_some_and(&of);
        let (said, late) = self.0.1.wait_timeout_while(said, PATIENCE * 2, waiting).unwrap();
        assert!(!late.timed_out(), "{:?}", said.statuses.last());
        said.statuses.last().unwrap().clone()
    }

    /// Every status since the last spec was said.
    pub fn heard(&self) -> Vec<HostStatus> {
        self.0.0.lock().unwrap().statuses.clone()
    }
}

/// Answers one call, held while there is nothing new.
fn answer(stream: &UnixStream, said: &(Mutex<Said>, Condvar)) {
    const HELD: Duration = Duration::from_secs(5);
    let mut reader = BufReader::new(stream);
    let (mut line, mut length) = (String::new(), 0);
    while reader.read_line(&mut line).is_ok_and(|length| length > 2) {
        let value =
            line.to_ascii_lowercase().strip_prefix("content-length:").map(|value| value.trim().parse().unwrap());
        length = value.unwrap_or(length);
        line.clear();
    }
    let mut body = vec![0; length];
    // An agent that has something new to say, or ends, breaks off.
    if length == 0 || reader.read_exact(&mut body).is_err() {
        return;
    }
    let request: SyncRequest = serde_json::from_slice(&body).unwrap();
    let observed = request.status.observed;
    let end = Instant::now() + HELD;
    let mut now = said.0.lock().unwrap();
    now.statuses.push(request.status);
    said.1.notify_all();
    while now.spec.revision == observed && Instant::now() < end {
        now = said.1.wait_timeout(now, HELD).unwrap().0;
    }
    let spec = (now.spec.revision != observed).then(|| now.spec.clone());
    drop(now);
    let reply = serde_json::to_vec(&SyncReply { spec, lease: 60_000 }).unwrap();
    let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", reply.len());
    let _ = (&*stream).write_all(&[head.as_bytes(), &reply].concat());
}
