//! The terminal that `neargate exec` was typed at.

use crate::cli::Failure;
use containers::{Signals, WindowSize};
use rustix::{
    process::{Signal, getpid, kill_process},
    stdio::{stdin, stdout},
    termios::{OptionalActions, Termios, isatty, tcgetattr, tcgetwinsize, tcsetattr},
};
use std::{
    io,
    os::fd::{AsFd, BorrowedFd},
};

/// What is taken from a descriptor while keys go to the command: a new size, what ends this program, what pauses it.
const TAKEN: [Signal; 7] =
    [Signal::WINCH, Signal::TERM, Signal::HUP, Signal::INT, Signal::QUIT, Signal::TSTP, Signal::CONT];

/// A terminal on standard input and output.
pub struct Terminal {
    before: Termios,
}

/// A terminal every key of which goes to a command, those that make signals too. It is as it was before once this is dropped.
pub struct Raw {
    before: Termios,
    signals: Signals,
    raw: bool,
}

/// What became of a signal.
#[derive(Debug, PartialEq, Eq)]
pub enum Told {
    /// There is none.
    Nothing,
    /// The terminal may have another size.
    Size,
    /// This program is to end, because of that signal.
    End(i32),
}

impl Terminal {
    /// The terminal, if standard input and output are one.
    pub fn find() -> Result<Option<Self>, Failure> {
        let found = isatty(stdin()) && isatty(stdout());
        found.then(|| Ok(Self { before: tcgetattr(stdin())? })).transpose()
    }

    /// Gives it to a command.
    pub fn raw(self) -> io::Result<Raw> {
        let signals = Signals::take(&TAKEN.map(Signal::as_raw))?;
        let mut raw = Raw { before: self.before, signals, raw: false };
        raw.begin();
        Ok(raw)
    }
}

/// How large the terminal is now.
pub fn size() -> WindowSize {
    tcgetwinsize(stdout()).map(|size| WindowSize { rows: size.ws_row, columns: size.ws_col }).unwrap_or_default()
}

impl Raw {
    fn begin(&mut self) {
        let mut raw = self.before.clone();
        raw.make_raw();
        // One that has been hung up takes nothing more; its signal ends this program.
        self.raw = tcsetattr(stdin(), OptionalActions::Now, &raw).is_ok();
    }

    fn restore(&mut self) {
        if std::mem::take(&mut self.raw) {
            let _ = tcsetattr(stdin(), OptionalActions::Now, &self.before);
        }
    }

    /// Does what the next signal says.
    pub fn signalled(&mut self) -> io::Result<Told> {
        let Some(number) = self.signals.next()? else { return Ok(Told::Nothing) };
        Ok(match Signal::from_named_raw(number) {
            Some(Signal::WINCH) => Told::Size,
            Some(Signal::TSTP) => {
                self.restore();
                kill_process(getpid(), Signal::STOP)?;
                self.begin();
                Told::Size
            }
            Some(Signal::CONT) => {
                self.begin();
                Told::Size
            }
            _ => Told::End(128 + number),
        })
    }
}

impl AsFd for Raw {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.signals.as_fd()
    }
}

impl Drop for Raw {
    fn drop(&mut self) {
        self.restore();
    }
}
