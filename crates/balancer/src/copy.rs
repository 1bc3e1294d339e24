//! Bodies from one connection to another.

use crate::{
    http1::body::{Reading, Writing},
    socket::{Socket, Stopped},
    watch::{Fate, Watch},
};
use bytes::{Buf, BytesMut};

/// What is written together with what is before it, rather than on its own.
const SMALL: usize = 8 << 10;
/// What is read at once, at least and at most.
const PIECES: std::ops::RangeInclusive<u64> = (8 << 10)..=(64 << 10);

/// Why a body did not arrive.
#[derive(Debug)]
pub(crate) enum Broken {
    /// Its sender went away, or sent what is no body.
    Sender,
    /// Its receiver went away.
    Receiver,
    /// Something here.
    Fate(Fate),
}

/// A body on its way.
pub(crate) struct Copy<'a> {
    pub from: &'a Socket,
    /// What came from there and was not used yet.
    pub buffer: &'a mut BytesMut,
    pub reading: Reading,
    pub to: &'a Socket,
    pub writing: Writing,
    pub watch: &'a Watch,
}

impl Copy<'_> {
    /// Appends what came already, as long as it is little.
    pub(crate) fn append(&mut self, out: &mut Vec<u8>) -> Result<(), Broken> {
        while !self.reading.is_done() && !self.buffer.is_empty() && out.len() < SMALL {
            let some = &self.buffer[..self.buffer.len().min(SMALL)];
            let (taken, content) = self.reading.take(some).map_err(|_| Broken::Sender)?;
            self.writing.append(out, &some[content]);
            self.buffer.advance(taken);
        }
        if self.reading.is_done() {
            self.writing.end(out);
        }
        Ok(())
    }

    /// Sends the rest of the body, after what is in `out`.
    pub(crate) async fn run(&mut self, out: &mut Vec<u8>) -> Result<(), Broken> {
        loop {
            while !self.reading.is_done() && !self.buffer.is_empty() {
                let (taken, content) = self.reading.take(self.buffer).map_err(|_| Broken::Sender)?;
                if self.writing == Writing::Plain && content.len() > SMALL {
                    self.flush(out).await?;
                    self.to.write(self.watch, &self.buffer[content]).await.map_err(|(_, stopped)| broken(&stopped))?;
                } else {
                    self.writing.append(out, &self.buffer[content]);
                }
                self.buffer.advance(taken);
                if self.reading.is_done() {
                    self.writing.end(out);
                }
            }
            self.flush(out).await?;
            if self.reading.is_done() {
                return Ok(());
            }
            let room = match self.reading {
                Reading::Length(left) => left.clamp(*PIECES.start(), *PIECES.end()),
                Reading::Chunked(_) | Reading::Close => *PIECES.end() / 2,
            };
            match self.from.read(self.watch, self.buffer, room as usize).await {
                Ok(0) if self.reading == Reading::Close => {
                    self.writing.end(out);
                    return self.flush(out).await;
                }
                Ok(0) | Err(Stopped::Io) => return Err(Broken::Sender),
                Ok(_) => {}
                Err(Stopped::Fate(fate)) => return Err(Broken::Fate(fate)),
            }
        }
    }

    async fn flush(&self, out: &mut Vec<u8>) -> Result<(), Broken> {
        self.to.write(self.watch, out).await.map_err(|(_, stopped)| broken(&stopped))?;
        out.clear();
        Ok(())
    }
}

fn broken(stopped: &Stopped) -> Broken {
    match stopped {
        Stopped::Io => Broken::Receiver,
        Stopped::Fate(fate) => Broken::Fate(*fate),
    }
}
