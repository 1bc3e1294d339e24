//! The files of access logs, in the balancer's directory. One that is written to is its process's alone, by a lock (flock(2)); closed, it
//! is to be delivered. What a process that died has left is closed by whoever looks next.
//!
//! A file begins with a line of JSON that says where it belongs ([`Head`]); the others are the log's.

use super::buffer::{Lines, Sink};
use rustix::fs::{FlockOperation, flock};
use serde::{Deserialize, Serialize};
use spec::balancing::AccessLog;
use std::{
    collections::HashMap,
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, BufRead, BufReader, Write},
    net::IpAddr,
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
        mpsc::{Receiver, RecvTimeoutError, sync_channel},
    },
    thread::JoinHandle,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};
use vpc::InterfaceId;

/// How often a node's file is delivered, in seconds: at the full five minutes.
const INTERVAL: u64 = 300;
/// A file of so many bytes is delivered at once.
const LARGE: u64 = 16 << 20;
/// What all files together may take: beyond that lines are dropped.
const MOST: u64 = 512 << 20;
/// How many pieces may wait to be written.
const WAITING: usize = 256;
/// How often it is looked for what is due.
const LOOK: Duration = Duration::from_millis(500);
/// How often dropped lines are told of, at most.
const TELL: Duration = Duration::from_secs(60);
/// What the name of a file ends with until it is locked, while it is written to, and then.
const DRAFT: &str = "new";
const OPEN: &str = "open";
const CLOSED: &str = "log";

/// Where a file belongs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// The load balancer: `app/NAME/ID`.
    pub load_balancer: String,
    /// The node's interface.
    pub interface: InterfaceId,
    /// The address that clients know the node by.
    pub address: IpAddr,
    /// Where it is delivered.
    pub log: AccessLog,
    /// The end of the five minutes it is of, in seconds since 1970.
    pub end: u64,
}

/// Writes what threads hand on, on a thread of its own, which ends when none of them is left.
pub(crate) fn start(dir: &Path) -> io::Result<(Sink, JoinHandle<()>)> {
    DirBuilder::new().recursive(true).mode(0o700).create(dir)?;
    for path in with_extension(dir, DRAFT)? {
        fs::remove_file(path)?;
    }
    let (lines, received) = sync_channel(WAITING);
    let dropped = Arc::new(AtomicU64::new(0));
    let waiting = waiting(dir)?;
    let files = Files { dir: dir.to_owned(), open: HashMap::new(), waiting, dropped: Arc::clone(&dropped), told: None };
    let thread = std::thread::Builder::new().name("access-logs".into()).spawn(move || files.run(&received))?;
    Ok((Sink { lines, dropped }, thread))
}

struct Files {
    dir: PathBuf,
    open: HashMap<InterfaceId, Open>,
    /// Bytes of all files, delivered ones included until it is looked again.
    waiting: u64,
    dropped: Arc<AtomicU64>,
    /// When dropped lines were last told of.
    told: Option<Instant>,
}

/// A file that is written to.
struct Open {
    path: PathBuf,
    file: File,
    size: u64,
    head: Head,
}

impl Files {
    fn run(mut self, received: &Receiver<Lines>) {
        let mut looked = Instant::now();
        loop {
            match received.recv_timeout(LOOK) {
                Ok(lines) => self.take(&lines),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
            if looked.elapsed() >= LOOK {
                looked = Instant::now();
                let now = now();
                self.close(|open| open.head.end <= now || open.size >= LARGE);
                self.waiting = waiting(&self.dir).unwrap_or(self.waiting);
                self.tell();
            }
        }
        self.close(|_| true);
        self.told = None;
        self.tell();
    }

    fn take(&mut self, lines: &Lines) {
        if let Err(error) = self.write(lines) {
            self.dropped.fetch_add(lines.count, Ordering::Relaxed);
            if self.told.is_none() {
                eprintln!("writing access logs in {}: {error}", self.dir.display());
            }
        }
    }

    fn write(&mut self, lines: &Lines) -> io::Result<()> {
        let size = lines.text.len() as u64;
        if self.waiting + size > MOST {
            return Err(io::Error::other(format!("more than {MOST} bytes wait to be delivered")));
        }
        disk::admit(&self.dir, size)?;
        let interface = &lines.node.interface;
        // A load balancer may have been told to deliver elsewhere.
        self.close(|open| open.head.interface == *interface && open.head.log != *lines.log);
        if !self.open.contains_key(interface) {
            let open = Open::new(&self.dir, lines)?;
            self.open.insert(interface.clone(), open);
        }
        if let Some(open) = self.open.get_mut(interface) {
            if let Err(error) = open.file.write_all(&lines.text) {
                // What comes next must not follow a part of a line.
                open.file.set_len(open.size)?;
                return Err(error);
            }
            open.size += size;
            self.waiting += size;
        }
        Ok(())
    }

    fn close(&mut self, is_due: impl Fn(&Open) -> bool) {
        for (_, open) in self.open.extract_if(|_, open| is_due(open)) {
            if let Err(error) = fs::rename(&open.path, open.path.with_extension(CLOSED)) {
                eprintln!("closing {}: {error}", open.path.display());
            }
        }
    }

    fn tell(&mut self) {
        if self.told.is_some_and(|told| told.elapsed() < TELL) {
            return;
        }
        let dropped = self.dropped.swap(0, Ordering::Relaxed);
        if dropped > 0 {
            self.told = Some(Instant::now());
            eprintln!(
                "{dropped} lines of access logs were dropped: they could not be written or delivered fast enough"
            );
        }
    }
}

impl Open {
    fn new(dir: &Path, lines: &Lines) -> io::Result<Self> {
        let head = Head {
            load_balancer: lines.node.load_balancer.clone(),
            interface: lines.node.interface.clone(),
            address: lines.node.known_as,
            log: AccessLog::clone(&lines.log),
            end: (now() / INTERVAL + 1) * INTERVAL,
        };
        // By chance, so that none has the name of another, before a restart of the machine or after.
        let name = format!("{}-{}-{:016x}.{OPEN}", head.interface, head.end, fastrand::u64(..));
        let path = dir.join(name);
        // Nobody is to find it before it is locked.
        let draft = path.with_extension(DRAFT);
        let mut file = OpenOptions::new().create_new(true).append(true).mode(0o600).open(&draft)?;
        flock(&file, FlockOperation::NonBlockingLockExclusive)?;
        let mut text = serde_json::to_vec(&head)?;
        text.push(b'\n');
        file.write_all(&text)?;
        fs::rename(&draft, &path)?;
        Ok(Self { path, file, size: text.len() as u64, head })
    }
}

/// The files of a directory whose names end so; none if there is no directory.
fn with_extension(dir: &Path, end: &str) -> io::Result<Vec<PathBuf>> {
    let entries = match fs::read_dir(dir) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let paths = entries.map(|entry| entry.map(|entry| entry.path())).collect::<io::Result<Vec<_>>>()?;
    Ok(paths.into_iter().filter(|path| path.extension().is_some_and(|extension| extension == end)).collect())
}

/// Bytes of all files of a directory.
fn waiting(dir: &Path) -> io::Result<u64> {
    let mut sum = 0;
    for entry in fs::read_dir(dir)? {
        // One that was delivered just now is none.
        sum += entry?.metadata().map_or(0, |about| about.len());
    }
    Ok(sum)
}

/// The files of a directory that are to be delivered, the oldest first; those of processes that died are closed before.
///
/// # Errors
/// The file system's.
pub fn closed(dir: &Path) -> io::Result<Vec<PathBuf>> {
    for path in with_extension(dir, OPEN)?.into_iter().filter(|path| is_left(path)) {
        // Its process may have closed it meanwhile.
        let _ = fs::rename(&path, path.with_extension(CLOSED));
    }
    let mut found = with_extension(dir, CLOSED)?;
    let age = |path: &PathBuf| fs::metadata(path).and_then(|about| about.modified()).unwrap_or(UNIX_EPOCH);
    found.sort_by_cached_key(age);
    Ok(found)
}

/// Whether nobody writes to a file any more.
fn is_left(path: &Path) -> bool {
    File::open(path).is_ok_and(|file| flock(&file, FlockOperation::NonBlockingLockExclusive).is_ok())
}

/// What a file says of itself, and its lines. One whose process died while it wrote may end in a part of a line, which is left out.
///
/// # Errors
/// The file system's; `InvalidData` for what is no such file.
pub fn read(path: &Path) -> io::Result<(Head, Vec<u8>)> {
    let mut file = BufReader::new(File::open(path)?);
    let mut head = String::new();
    file.read_line(&mut head)?;
    let head = serde_json::from_str(&head).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
    let mut lines = Vec::new();
    io::Read::read_to_end(&mut file, &mut lines)?;
    let end = memchr::memrchr(b'\n', &lines).map_or(0, |end| end + 1);
    lines.truncate(end);
    Ok((head, lines))
}

/// Seconds since 1970.
fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}
