//! One balancer takes the place of another, of an older program: it is lent the listening sockets, and what was seen of targets, listens
//! with them, and only then the other listens no more. So no connection is refused, and none that there is ends before its answer.

use super::{
    protocol::{Call, Counted, Reply},
    rights::{Incoming, MOST, send},
};
use crate::{Door, Engine, Legacy};
use spec::balancing::BalancingStatus;
use std::{
    io,
    net::TcpListener,
    num::NonZeroUsize,
    os::{
        fd::{AsFd, BorrowedFd, OwnedFd},
        unix::net::UnixStream,
    },
    path::Path,
    time::Duration,
};

/// How long either may take for its next word.
const PATIENCE: Duration = Duration::from_secs(10);

/// What the balancer at the other end of a connection leaves, and the hold on the directory.
pub(super) fn ask(stream: &UnixStream) -> io::Result<(Legacy, OwnedFd)> {
    prepare(stream)?;
    send(stream, &Call::Lend, &[])?;
    let mut incoming = Incoming::new(stream);
    let mut legacy = Legacy::default();
    loop {
        match incoming.next::<Reply>()? {
            Reply::Status(seen) => legacy.seen = seen,
            Reply::Door { interface, port, namespace, sockets } => {
                let sockets = (0..sockets).map_while(|_| incoming.descriptors.pop_front().map(TcpListener::from));
                legacy.doors.push(Door { interface, port, namespace, sockets: sockets.collect() });
            }
            Reply::Counted(counted) => legacy.counted.push(counted),
            Reply::Lent => {
                let hold = incoming.descriptors.pop_front().ok_or(io::ErrorKind::InvalidData)?;
                return Ok((legacy, hold));
            }
        }
    }
}

/// Tells it to retreat.
pub(super) fn thank(stream: &UnixStream) -> io::Result<()> {
    send(stream, &Call::Retreat, &[])
}

/// Lends everything to the balancer at the other end, and waits until that has taken over. When this fails it has not, and everything is
/// as before.
pub(super) fn lend(
    stream: &UnixStream,
    doors: &[Door],
    seen: BalancingStatus,
    counted: &[Counted],
    hold: BorrowedFd<'_>,
) -> io::Result<()> {
    prepare(stream)?;
    send(stream, &Reply::Status(seen), &[])?;
    for Door { interface, port, namespace, sockets } in doors {
        let fds: Vec<BorrowedFd> = sockets.iter().map(AsFd::as_fd).collect();
        // More threads than descriptors that a message takes: the other makes sockets of its own.
        let fds = if fds.len() > MOST { Vec::new() } else { fds };
        let door = Reply::Door { interface: interface.clone(), port: *port, namespace: *namespace, sockets: fds.len() };
        send(stream, &door, &fds)?;
    }
    for counted in counted {
        send(stream, &Reply::Counted(counted.clone()), &[])?;
    }
    send(stream, &Reply::Lent, &[hold])?;
    match Incoming::new(stream).next::<Call>()? {
        Call::Retreat => Ok(()),
        _ => Err(io::ErrorKind::InvalidData.into()),
    }
}

fn prepare(stream: &UnixStream) -> io::Result<()> {
    stream.set_nonblocking(false)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))
}

/// An engine with as many threads as what it takes over was made for, as many as are wanted, or as many as there are processors.
pub(super) fn engine(legacy: Legacy, wanted: Option<NonZeroUsize>, logs: &Path) -> io::Result<Engine> {
    let threads = legacy.doors.first().and_then(|door| NonZeroUsize::new(door.sockets.len()));
    let threads = threads.or(wanted).or_else(|| std::thread::available_parallelism().ok());
    Engine::succeed(threads.unwrap_or(NonZeroUsize::MIN), legacy, Some(logs))
}
