//! Passing everything on between this process's standard streams and a command's: one poll(2) for all.

use super::terminal::{self, Raw, Terminal, Told};
use containers::{Attached, Error, Streams, WindowSize};
use rustix::{
    event::{PollFd, PollFlags, poll},
    io::Errno,
    stdio::{stderr, stdin, stdout},
    termios::{Winsize, tcsetwinsize},
};
use std::{
    io,
    os::fd::{BorrowedFd, OwnedFd},
    time::Duration,
};

/// Bytes written at once: what a pipe that takes anything takes without waiting (`PIPE_BUF`, pipe(7)).
const WRITTEN: usize = 4096;
/// Bytes read at once.
const READ: usize = 16 << 10;
/// Most bytes that are still passed on of each stream after the command's end: what a pipe holds. What the command left behind may go on
/// writing.
const REST: usize = 1 << 20;

/// Passes everything on until the command has ended, or until a signal ends this program; returns the exit code.
///
/// # Errors
/// [`Error::Gone`] when the task has ended; [`Error::Host`] when the kernel refuses.
pub fn relay(mut attached: Attached, streams: Streams, terminal: Option<Terminal>) -> Result<i32, Error> {
    let mut relay = Relay::new(streams, terminal).map_err(host("arranging streams"))?;
    loop {
        let (told, ended) = relay.wait(&attached).map_err(host("waiting for the command"))?;
        if told && let Some(code) = relay.signalled()? {
            return Ok(code);
        }
        if ended && let Some(result) = attached.ended(Some(Duration::ZERO)).inspect_err(|_| relay.finish())? {
            relay.finish();
            return Ok(result.code);
        }
    }
}

struct Relay {
    flows: Vec<Flow>,
    /// The terminal here, and what controls the one there.
    terminal: Option<(Raw, OwnedFd)>,
}

impl Relay {
    fn new(streams: Streams, terminal: Option<Terminal>) -> io::Result<Self> {
        let flow = |from: OwnedFd, to: OwnedFd| Flow { ends: Some((from, to)), waiting: Vec::new() };
        let own = |stream: BorrowedFd<'_>| stream.try_clone_to_owned();
        match streams {
            Streams::Pipes { stdin: to, stdout: from, stderr: errors } => {
                for end in [&to, &from, &errors] {
                    rustix::io::ioctl_fionbio(end, true)?;
                }
                let flows = vec![flow(own(stdin())?, to), flow(from, own(stdout())?), flow(errors, own(stderr())?)];
                Ok(Self { flows, terminal: None })
            }
            Streams::Terminal(there) => {
                rustix::io::ioctl_fionbio(&there, true)?;
                let flows = vec![flow(own(stdin())?, there.try_clone()?), flow(there.try_clone()?, own(stdout())?)];
                let terminal = terminal.map(Terminal::raw).transpose()?;
                Ok(Self { flows, terminal: terminal.map(|here| (here, there)) })
            }
        }
    }

    /// Waits for something to happen and passes on what there is. Returns whether there is a signal, and whether the command has ended.
    fn wait(&mut self, attached: &Attached) -> io::Result<(bool, bool)> {
        let mut fds = vec![PollFd::new(attached, PollFlags::IN)];
        fds.extend(self.terminal.as_ref().map(|(terminal, _)| PollFd::new(terminal, PollFlags::IN)));
        let others = fds.len();
        fds.extend(self.flows.iter().filter_map(Flow::wants));
        rustix::io::retry_on_intr(|| poll(&mut fds, None))?;
        let ready: Vec<bool> = fds.iter().map(|fd| !fd.revents().is_empty()).collect();
        drop(fds);
        let open = self.flows.iter_mut().filter(|flow| flow.ends.is_some());
        for (flow, _) in open.zip(ready.iter().skip(others)).filter(|(_, ready)| **ready) {
            flow.step();
        }
        let is = |index: usize| ready.get(index).copied().unwrap_or_default();
        Ok((others > 1 && is(1), is(0)))
    }

    /// Does what signals say; the exit code if they end this program.
    fn signalled(&mut self) -> Result<Option<i32>, Error> {
        let Some((here, there)) = &mut self.terminal else { return Ok(None) };
        match here.signalled().map_err(host("reading signals"))? {
            Told::Nothing => {}
            Told::Size => {
                let WindowSize { rows, columns } = terminal::size();
                let size = Winsize { ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
                // The command may have ended meanwhile.
                let _ = tcsetwinsize(&*there, size);
            }
            Told::End(code) => return Ok(Some(code)),
        }
        Ok(None)
    }

    /// Passes on what the command has written before its end.
    fn finish(&mut self) {
        self.flows.iter_mut().skip(1).for_each(Flow::finish);
    }
}

/// One direction. It ends when nothing more comes or nothing more is taken; either side learns that by the other's closing.
struct Flow {
    ends: Option<(OwnedFd, OwnedFd)>,
    waiting: Vec<u8>,
}

impl Flow {
    fn wants(&self) -> Option<PollFd<'_>> {
        let (from, to) = self.ends.as_ref()?;
        Some(match self.waiting.is_empty() {
            true => PollFd::new(from, PollFlags::IN),
            false => PollFd::new(to, PollFlags::OUT),
        })
    }

    /// Reads or writes once. Returns how many bytes.
    fn step(&mut self) -> usize {
        let Some((from, to)) = &self.ends else { return 0 };
        let done = if self.waiting.is_empty() {
            self.waiting.resize(READ, 0);
            let read = rustix::io::retry_on_intr(|| rustix::io::read(from, self.waiting.as_mut_slice()));
            self.waiting.truncate(read.unwrap_or(0));
            read
        } else {
            let written = rustix::io::write(to, self.waiting.get(..WRITTEN).unwrap_or(&self.waiting));
            self.waiting.drain(..written.unwrap_or(0));
            written
        };
        match done {
            Ok(0) => self.end(),
            // A terminal whose other side is closed reads as an error.
            Err(error) if error != Errno::AGAIN && error != Errno::INTR => self.end(),
            _ => {}
        }
        done.unwrap_or(0)
    }

    fn end(&mut self) {
        self.ends = None;
        self.waiting.clear();
    }

    fn finish(&mut self) {
        let mut left = REST;
        loop {
            while !self.waiting.is_empty() {
                if let Some(mut fd) = self.wants() {
                    let _ = rustix::io::retry_on_intr(|| poll(std::slice::from_mut(&mut fd), None));
                }
                self.step();
            }
            match self.step() {
                read if read > 0 && left > 0 => left = left.saturating_sub(read),
                _ => return,
            }
        }
    }
}

fn host(step: &'static str) -> impl Fn(io::Error) -> Error {
    move |source| Error::Host { step: step.to_owned(), source }
}
