//! The process that a host's engine lives in, apart from the agent's: what goes through it goes on when the agent ends.
//!
//! [`main`] is the process, [`Home`] is how the agent starts and finds it. It has a directory of its own, with its socket and its log in
//! it; a lock (flock(2)) on the directory is the process's as long as it lives, so that there is one at most. What it is to serve it is
//! told over the socket, by the newest of those who connect. It keeps no file but access logs ([`access_logs`]). One of a newer program takes
//! its place without anybody noticing.

mod client;
mod counting;
mod protocol;
mod rights;
mod succession;

pub use client::{Connection, Home, News, Process, Program, Reader, Writer};
pub use protocol::Counted;

use crate::{Engine, Legacy};
use counting::Counting;
use protocol::{Call, Reply, receive, send};
use rustix::{
    fs::{FlockOperation, Mode, OFlags},
    process::geteuid,
};
use std::{
    future::pending,
    io::{self, Write},
    num::NonZeroUsize,
    os::fd::{AsFd, AsRawFd, OwnedFd},
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
    time::Duration,
};
use tokio::{
    net::{UnixListener, UnixStream},
    sync::oneshot,
};

/// Where the access logs of a balancer's directory are.
pub fn access_logs(dir: &Path) -> PathBuf {
    dir.join("access-logs")
}

/// How long it waits for whoever has started it. Nobody else knows of it.
const LONELY: Duration = Duration::from_secs(10);

/// Runs the balancer of a directory until it is told to end, with so many threads, or as many as there are processors.
pub fn main(dir: &Path, threads: Option<NonZeroUsize>) -> ExitCode {
    match run(dir, threads) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn run(dir: &Path, threads: Option<NonZeroUsize>) -> io::Result<()> {
    let before = predecessor()?;
    let legacy = match &before {
        Some(before) => {
            let (legacy, hold) = succession::ask(before)?;
            rustix::stdio::dup2_stdin(hold)?;
            legacy
        }
        None => Legacy::default(),
    };
    hold(dir)?;
    let logs = access_logs(&std::fs::canonicalize(dir)?);
    // No terminal's, and no reason to keep a file system mounted.
    rustix::process::setsid()?;
    rustix::process::chdir("/")?;
    rustix::process::umask(Mode::from_raw_mode(0o077));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let counting = Counting::new(legacy.counted.clone());
    let engine = succession::engine(legacy, threads, &logs)?;
    let entered = runtime.enter();
    let listener = listen(dir, before.as_ref()).map_err(|error| named("listening in", dir, &error))?;
    drop((entered, before));
    // Whoever waits for this sees its end.
    io::stdout().write_all(client::READY)?;
    io::stdout().flush()?;
    rustix::stdio::dup2_stdout(null()?)?;
    runtime.block_on(serve(listener, &engine, &counting))
}

/// The balancer whose place this one is to take, if the standard input is a connection to one.
fn predecessor() -> io::Result<Option<std::os::unix::net::UnixStream>> {
    let given = rustix::fs::fstat(rustix::stdio::stdin())?;
    let connected = rustix::fs::FileType::from_raw_mode(given.st_mode) == rustix::fs::FileType::Socket;
    if !connected {
        return Ok(None);
    }
    Ok(Some(rustix::stdio::stdin().as_fd().try_clone_to_owned()?.into()))
}

fn null() -> io::Result<OwnedFd> {
    Ok(rustix::fs::open("/dev/null", OFlags::RDWR | OFlags::CLOEXEC, Mode::empty())?)
}

/// Makes sure that the directory is this process's: its lock comes with the standard input.
fn hold(dir: &Path) -> io::Result<()> {
    let (given, meant) = (rustix::fs::fstat(rustix::stdio::stdin())?, rustix::fs::stat(dir));
    if !meant.is_ok_and(|meant| (meant.st_dev, meant.st_ino) == (given.st_dev, given.st_ino)) {
        return Err(io::Error::other("the balancer is started by neargate, not by hand"));
    }
    rustix::fs::flock(rustix::stdio::stdin(), FlockOperation::NonBlockingLockExclusive)
        .map_err(|errno| named("locking", dir, &errno.into()))
}

/// Listens in the directory by its descriptor: a socket's path is limited to 107 bytes (unix(7)). From then on nobody finds the one
/// before.
fn listen(dir: &Path, before: Option<&std::os::unix::net::UnixStream>) -> io::Result<UnixListener> {
    let fd = rustix::fs::open(dir, OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?;
    let path = |name: &str| format!("/proc/self/fd/{}/{name}", fd.as_raw_fd());
    let (new, path) = (path("socket.new"), path(client::SOCKET));
    match std::fs::remove_file(&new) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let listener = UnixListener::bind(&new)?;
    before.map_or(Ok(()), succession::thank)?;
    std::fs::rename(new, path)?;
    Ok(listener)
}

async fn serve(listener: UnixListener, engine: &Engine, counting: &Counting) -> io::Result<()> {
    let late = |_| io::Error::other("nobody has told the balancer what to serve");
    let mut agent = allowed(tokio::time::timeout(LONELY, listener.accept()).await.map_err(late)??.0);
    let mut status = engine.status();
    let ended = async { while status.changed().await.is_ok() {} };
    tokio::pin!(ended);
    let counts = counting.run(engine);
    tokio::pin!(counts);
    loop {
        let talk = async {
            match agent.as_mut() {
                Some(stream) => converse(stream, engine, counting).await,
                None => pending().await,
            }
        };
        let next = tokio::select! {
            accepted = listener.accept() => accepted.map_or(None, |(stream, _)| allowed(stream)),
            end = talk => match end {
                Ok(Wish::End) => return Ok(()),
                Ok(Wish::Lend) => match lend(agent.take(), engine, counting).await {
                    Ok(()) => {
                        drop(listener);
                        engine.retreat().await;
                        return Ok(());
                    }
                    Err(error) => complain("letting another balancer take over", &error),
                },
                Ok(Wish::Nothing) => None,
                Err(error) => complain("speaking with the agent", &error),
            },
            () = &mut counts => None,
            () = &mut ended => return Err(io::Error::other("the engine has ended")),
        };
        agent = next;
    }
}

fn complain(step: &str, error: &io::Error) -> Option<UnixStream> {
    eprintln!("{step}: {error}");
    None
}

/// Lends everything to whoever asked for it, with the lock on the directory.
async fn lend(stream: Option<UnixStream>, engine: &Engine, counting: &Counting) -> io::Result<()> {
    let stream = stream.ok_or(io::ErrorKind::NotConnected)?.into_std()?;
    let (doors, seen) = (engine.doors().await, engine.status().borrow().clone());
    counting.take(engine, counting::now()).await;
    succession::lend(&stream, &doors, seen, &counting.all(), rustix::stdio::stdin())?;
    // The lock is the other's alone.
    rustix::stdio::dup2_stdin(null()?)?;
    Ok(())
}

/// What an agent, or a balancer that is to take over, wants in the end.
enum Wish {
    /// That it ends.
    End,
    /// That it lends everything.
    Lend,
    /// Nothing any more: it has gone.
    Nothing,
}

/// A connection of the user that this is; any other's is closed.
fn allowed(stream: UnixStream) -> Option<UnixStream> {
    let peer = rustix::net::sockopt::socket_peercred(&stream).ok()?;
    (peer.uid == geteuid()).then_some(stream)
}

/// Takes what there is to serve, and tells what was seen.
async fn converse(stream: &mut UnixStream, engine: &Engine, counting: &Counting) -> io::Result<Wish> {
    let (mut reader, mut writer) = stream.split();
    let take = async {
        loop {
            match receive(&mut reader).await? {
                Some(Call::Serve(snapshot)) => engine.apply(Arc::unwrap_or_clone(snapshot)),
                Some(Call::Know(seen)) => engine.know(seen),
                Some(Call::End) => return Ok::<_, io::Error>(Wish::End),
                Some(Call::Lend) => return Ok(Wish::Lend),
                Some(Call::Counted { by, number }) => counting.taken(&by, number),
                // Only said where it is waited for.
                Some(Call::Retreat) => return Err(io::ErrorKind::InvalidData.into()),
                None => return Ok(Wish::Nothing),
            }
        }
    };
    let mut status = engine.status();
    let (stop, mut stopped) = oneshot::channel::<()>();
    let tell = async {
        let (mut place, mut places) = (0, counting.watch());
        status.mark_changed();
        loop {
            if status.has_changed().unwrap_or(false) {
                let seen = status.borrow_and_update().clone();
                send(&mut writer, &Reply::Status(seen)).await?;
            }
            places.mark_unchanged();
            while let Some((at, counted)) = counting.after(place) {
                place = at;
                send(&mut writer, &Reply::Counted(counted)).await?;
            }
            tokio::select! {
                // Looked at above, where it is not over.
                changed = status.changed() => match changed {
                    Ok(()) => status.mark_changed(),
                    Err(_) => return Ok(Wish::Nothing),
                },
                _ = places.changed() => {}
                _ = &mut stopped => return Ok::<_, io::Error>(Wish::Nothing),
            }
        }
    };
    tokio::pin!(tell);
    tokio::select! {
        wish = take => {
            if let Ok(Wish::Lend) = wish {
                // What is being said is said to its end.
                drop(stop);
                tell.await?;
            }
            wish
        }
        end = &mut tell => end,
    }
}

fn named(step: &str, dir: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{step} {}: {error}", dir.display()))
}
