//! How an agent starts a balancer, finds one that runs already, and speaks with it.

use super::protocol::{Call, Counted, Reply, encode, receive};
use crate::Snapshot;
use rustix::{
    event::{PollFd, PollFlags, Timespec},
    fs::{FlockOperation, Mode, OFlags},
    io::Errno,
    process::{PidfdFlags, pidfd_open},
};
use spec::balancing::BalancingStatus;
use std::{
    fs, io,
    os::{
        fd::{AsRawFd, OwnedFd},
        unix::{
            fs::{DirBuilderExt, MetadataExt, OpenOptionsExt},
            process::CommandExt,
        },
    },
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::Arc,
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        UnixStream,
        unix::{OwnedReadHalf, OwnedWriteHalf, pipe},
    },
    time::timeout,
};

/// The socket's name in the directory, and the log's.
pub(super) const SOCKET: &str = "socket";
const LOG: &str = "log";
/// What a balancer says on its standard output once it listens.
pub(super) const READY: &[u8] = b"ready\n";
/// How long it may take until then.
const PATIENCE: Duration = Duration::from_secs(10);
/// How much of its log is read: the last words.
const WORDS: usize = 2 << 10;

/// Which program to execute as a balancer: usually the caller itself, with an argument that makes it call [`super::main`].
#[derive(Debug, Clone)]
pub struct Program {
    /// The program.
    pub path: PathBuf,
    /// Its arguments before the directory.
    pub args: Vec<String>,
}

/// The directory of a balancer, whether it runs or not.
#[derive(Debug, Clone)]
pub struct Home {
    dir: PathBuf,
    program: Program,
}

impl Home {
    /// A directory, which need not exist yet.
    pub fn new(dir: PathBuf, program: Program) -> Self {
        Self { dir, program }
    }

    /// Connects to the balancer that runs; none where none does.
    ///
    /// # Errors
    /// When it can't be reached though it may run.
    pub async fn connect(&self) -> io::Result<Option<Connection>> {
        let reach = || -> io::Result<std::os::unix::net::UnixStream> {
            // By the directory's descriptor: a socket's path is limited to 107 bytes (unix(7)).
            let dir = rustix::fs::open(&self.dir, OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?;
            std::os::unix::net::UnixStream::connect(format!("/proc/self/fd/{}/{SOCKET}", dir.as_raw_fd()))
        };
        match reach() {
            Ok(stream) => {
                stream.set_nonblocking(true)?;
                let pid = rustix::net::sockopt::socket_peercred(&stream)?.pid;
                let Some(process) = Process::of(pid)? else { return Ok(None) };
                let (reader, writer) = UnixStream::from_std(stream)?.into_split();
                let pid = pid.as_raw_nonzero().get().unsigned_abs();
                Ok(Some(Connection { pid, process, reader: Reader(reader), writer: Writer(writer) }))
            }
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused) => {
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// Whether the balancer of a connection is of another program than would be started now, such as an older one.
    pub fn is_outdated(&self, connection: &Connection) -> bool {
        let identity = |path: &Path| fs::metadata(path).map(|about| (about.dev(), about.ino()));
        let runs = identity(Path::new(&format!("/proc/{}/exe", connection.pid)));
        runs.is_ok_and(|runs| identity(&self.program.path).is_ok_and(|starts| starts != runs))
    }

    /// Starts one and waits until it listens. It outlives the caller.
    ///
    /// # Errors
    /// [`io::ErrorKind::WouldBlock`] when one runs that does not listen, not yet or no longer. Otherwise what it said when it failed.
    pub async fn start(&self) -> io::Result<()> {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(&self.dir)?;
        let hold = rustix::fs::open(&self.dir, OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?;
        rustix::fs::flock(&hold, FlockOperation::NonBlockingLockExclusive).map_err(|errno| match errno {
            Errno::WOULDBLOCK => io::Error::new(io::ErrorKind::WouldBlock, "one that was told to end has yet to"),
            errno => errno.into(),
        })?;
        // The process takes over the hold on the directory.
        self.spawn(hold).await
    }

    /// Starts one that takes the place of another. That goes on if this fails.
    ///
    /// # Errors
    /// What the new one said when it failed.
    pub async fn replace(&self, connection: Connection) -> io::Result<()> {
        let Connection { reader: Reader(reader), writer: Writer(writer), .. } = connection;
        let stream = reader.reunite(writer).map_err(io::Error::other)?.into_std()?;
        stream.set_nonblocking(false)?;
        self.spawn(stream.into()).await
    }

    async fn spawn(&self, stdin: OwnedFd) -> io::Result<()> {
        let log =
            fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(self.dir.join(LOG))?;
        let mut command = Command::new(&self.program.path);
        command.arg0("neargate").args(&self.program.args).arg(&self.dir).env_clear();
        command.stdin(Stdio::from(stdin)).stdout(Stdio::piped()).stderr(log);
        let mut child = command.spawn()?;
        // It has the standard input now, alone.
        drop(command);
        let said = child.stdout.take().ok_or(io::ErrorKind::BrokenPipe)?;
        // It is nobody's to wait for once this process is gone; until then its end is taken.
        std::thread::Builder::new().name("balancer".into()).stack_size(64 << 10).spawn(move || child.wait())?;
        let mut ready = Vec::new();
        let mut said = pipe::Receiver::from_owned_fd(said.into())?;
        timeout(PATIENCE, said.read_to_end(&mut ready)).await.map_err(|_| io::ErrorKind::TimedOut)??;
        if ready == READY {
            return Ok(());
        }
        Err(io::Error::other(self.last_words().unwrap_or_else(|| "it ended without a word".to_owned())))
    }

    /// What the one that ran last had to complain about, if anything.
    pub fn last_words(&self) -> Option<String> {
        let text = fs::read(self.dir.join(LOG)).ok()?;
        let text = String::from_utf8_lossy(text.get(text.len().saturating_sub(WORDS)..)?).trim().to_owned();
        (!text.is_empty()).then_some(text)
    }

    /// The directory.
    pub fn dir(&self) -> &Path {
        &self.dir
    }
}

/// A connection to a balancer. The newest one counts: the balancer closes those before it.
#[derive(Debug)]
pub struct Connection {
    /// The balancer's process.
    pub pid: u32,
    /// The same, to wait for.
    pub process: Process,
    /// What it says.
    pub reader: Reader,
    /// What it is told.
    pub writer: Writer,
}

/// A balancer's process.
#[derive(Debug)]
pub struct Process(OwnedFd);

impl Process {
    /// None when there is none any more.
    fn of(pid: rustix::process::Pid) -> io::Result<Option<Self>> {
        match pidfd_open(pid, PidfdFlags::empty()) {
            Ok(process) => Ok(Some(Self(process))),
            Err(Errno::SRCH) => Ok(None),
            Err(errno) => Err(errno.into()),
        }
    }

    /// Whether it ends within that time, with all it has. Its connection may end earlier.
    ///
    /// # Errors
    /// When it can't be waited for.
    pub async fn ends(self, within: Duration) -> io::Result<bool> {
        let within = Timespec::try_from(within).map_err(io::Error::other)?;
        let wait = move || {
            let ended = &mut [PollFd::new(&self.0, PollFlags::IN)];
            rustix::io::retry_on_intr(|| rustix::event::poll(ended, Some(&within)))
        };
        Ok(tokio::task::spawn_blocking(wait).await?? > 0)
    }
}

/// Something that a balancer says.
#[derive(Debug)]
pub enum News {
    /// What it has seen, which has changed.
    Seen(BalancingStatus),
    /// What it has counted. It is said again to whoever connects, until [`Writer::counted`].
    Counted(Counted),
}

/// What a balancer says.
#[derive(Debug)]
pub struct Reader(OwnedReadHalf);

impl Reader {
    /// What it has to say: what it has seen at once, then whatever there is; none when it has ended. Not to be begun anew before it is done.
    ///
    /// # Errors
    /// When the connection breaks.
    pub async fn next(&mut self) -> io::Result<Option<News>> {
        match receive(&mut self.0).await? {
            Some(Reply::Status(seen)) => Ok(Some(News::Seen(seen))),
            Some(Reply::Counted(counted)) => Ok(Some(News::Counted(counted))),
            Some(_) => Err(io::ErrorKind::InvalidData.into()),
            None => Ok(None),
        }
    }
}

/// What a balancer is told.
#[derive(Debug)]
pub struct Writer(OwnedWriteHalf);

impl Writer {
    /// What to serve from now on.
    ///
    /// # Errors
    /// When the connection breaks.
    pub async fn serve(&mut self, snapshot: &Arc<Snapshot>) -> io::Result<()> {
        self.0.write_all(&encode(&Call::Serve(snapshot.clone()))?).await
    }

    /// What was seen of targets before it: for one that has just been started in the place of one that died.
    ///
    /// # Errors
    /// When the connection breaks.
    pub async fn know(&mut self, seen: &BalancingStatus) -> io::Result<()> {
        self.0.write_all(&encode(&Call::Know(seen.clone()))?).await
    }

    /// That a part of what it has counted is taken in.
    ///
    /// # Errors
    /// When the connection breaks.
    pub async fn counted(&mut self, by: String, number: u64) -> io::Result<()> {
        self.0.write_all(&encode(&Call::Counted { by, number })?).await
    }

    /// To end.
    ///
    /// # Errors
    /// When the connection breaks.
    pub async fn end(&mut self) -> io::Result<()> {
        self.0.write_all(&encode(&Call::End)?).await
    }
}
