//! The process that a host's engine lives in, apart from the agent's: what goes through it goes on when the agent ends.
//!
//! [`main`] is the process, [`Home`] is how the agent starts and finds it. It has a directory of its own, with its socket and its log in
//! it; a lock (flock(2)) on the directory is the process's as long as it lives, so that there is one at most. What it is to serve it is
//! told over the socket, by the newest of those who connect. It keeps no file.

mod client;
mod protocol;

pub use client::{Connection, Home, Program};

use crate::Engine;
use protocol::{Call, Reply, receive, send};
use rustix::{
    fs::{FlockOperation, Mode, OFlags},
    process::geteuid,
};
use std::{
    future::pending,
    io::{self, Write},
    num::NonZeroUsize,
    os::fd::AsRawFd,
    path::Path,
    process::ExitCode,
    sync::Arc,
    thread::available_parallelism,
    time::Duration,
};
use tokio::net::{UnixListener, UnixStream};

/// How long it waits for whoever has started it. Nobody else knows of it.
const LONELY: Duration = Duration::from_secs(10);

/// Runs the balancer of a directory until it is told to end.
pub fn main(dir: &Path) -> ExitCode {
    match run(dir) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn run(dir: &Path) -> io::Result<()> {
    hold(dir)?;
    // No terminal's, and no reason to keep a file system mounted.
    rustix::process::setsid()?;
    rustix::process::chdir("/")?;
    rustix::process::umask(Mode::from_raw_mode(0o177));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let engine = Engine::start(available_parallelism().unwrap_or(NonZeroUsize::MIN))?;
    let entered = runtime.enter();
    let listener = listen(dir).map_err(|error| named("listening in", dir, &error))?;
    drop(entered);
    // Whoever waits for this sees its end.
    io::stdout().write_all(client::READY)?;
    io::stdout().flush()?;
    let null = rustix::fs::open("/dev/null", OFlags::RDWR | OFlags::CLOEXEC, Mode::empty())?;
    rustix::stdio::dup2_stdout(&null)?;
    runtime.block_on(serve(&listener, &engine))
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

/// Listens in the directory by its descriptor: a socket's path is limited to 107 bytes (unix(7)).
fn listen(dir: &Path) -> io::Result<UnixListener> {
    let fd = rustix::fs::open(dir, OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?;
    let path = format!("/proc/self/fd/{}/{}", fd.as_raw_fd(), client::SOCKET);
    match std::fs::remove_file(&path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    UnixListener::bind(path)
}

async fn serve(listener: &UnixListener, engine: &Engine) -> io::Result<()> {
    let late = |_| io::Error::other("nobody has told the balancer what to serve");
    let mut agent = allowed(tokio::time::timeout(LONELY, listener.accept()).await.map_err(late)??.0);
    let mut status = engine.status();
    let ended = async { while status.changed().await.is_ok() {} };
    tokio::pin!(ended);
    loop {
        let talk = async {
            match agent.as_mut() {
                Some(stream) => converse(stream, engine).await,
                None => pending().await,
            }
        };
        let next = tokio::select! {
            accepted = listener.accept() => accepted.map_or(None, |(stream, _)| allowed(stream)),
            end = talk => match end {
                Ok(true) => return Ok(()),
                Ok(false) => None,
                Err(error) => {
                    eprintln!("speaking with the agent: {error}");
                    None
                }
            },
            () = &mut ended => return Err(io::Error::other("the engine has ended")),
        };
        agent = next;
    }
}

/// A connection of the user that this is; any other's is closed.
fn allowed(stream: UnixStream) -> Option<UnixStream> {
    let peer = rustix::net::sockopt::socket_peercred(&stream).ok()?;
    (peer.uid == geteuid()).then_some(stream)
}

/// Takes what there is to serve, and tells what was seen. True when that is to be the end.
async fn converse(stream: &mut UnixStream, engine: &Engine) -> io::Result<bool> {
    let (mut reader, mut writer) = stream.split();
    let take = async {
        loop {
            match receive(&mut reader).await? {
                Some(Call::Serve(snapshot)) => engine.apply(Arc::unwrap_or_clone(snapshot)),
                Some(Call::End) => return Ok(true),
                None => return Ok(false),
            }
        }
    };
    let mut status = engine.status();
    let tell = async {
        loop {
            let seen = status.borrow_and_update().clone();
            send(&mut writer, &Reply::Status(seen)).await?;
            if status.changed().await.is_err() {
                return Ok(false);
            }
        }
    };
    tokio::select! {
        end = take => end,
        end = tell => end,
    }
}

fn named(step: &str, dir: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{step} {}: {error}", dir.display()))
}
