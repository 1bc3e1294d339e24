//! The beginning of a stream: lines as the shim keeps them, made to events, and how far they have been shipped.
//!
//! That is kept in a file, so that after a crash nothing is lost, and what was stored already is recognised by its number. A power cut may
//! leave the file empty: then what the shim has not let go of is sent without numbers, some of it perhaps again.

use crate::{
    clock, files,
    logs::{Joiner, batch},
};
use bytes::Bytes;
use containers::{
    Sandbox,
    log::{Mark, Reader},
};
use serde::{Deserialize, Serialize};
use spec::{LogSpec, Millis};
use std::{
    collections::VecDeque,
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};

/// How far a stream has come; the content of its file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Progress {
    /// The place in the container's log.
    mark: Mark,
    /// Events, as long as they are counted.
    events: Option<u64>,
}

impl Progress {
    fn read(file: &Path) -> Self {
        let counted = |events| Self { mark: Mark::default(), events };
        match fs::read(file) {
            Ok(bytes) => serde_json::from_slice(&bytes).unwrap_or_else(|_| counted(None)),
            Err(_) => counted(Some(0)),
        }
    }
}

/// An event that waits.
#[derive(Serialize)]
struct Waiting {
    #[serde(rename = "timestamp")]
    at: Millis,
    #[serde(rename = "message")]
    text: String,
    #[serde(skip)]
    mark: Mark,
}

/// The input of `PutLogEvents`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Put<'a> {
    log_group_name: &'a str,
    log_stream_name: &'a str,
    log_events: Vec<&'a Waiting>,
}

/// Events that go into one call.
pub(super) struct Batch {
    /// The number of the first since the stream began, if that is known.
    pub(super) first: Option<u64>,
    /// How many.
    pub(super) events: usize,
    /// The call's input.
    pub(super) body: Bytes,
}

/// What there is.
pub(super) enum Look {
    /// Nothing.
    Nothing,
    /// Nothing but an event that may go on.
    Open,
    /// Less than a batch, which can wait for more.
    Waiting,
    /// A batch that is to be sent.
    Due(Batch),
}

/// One container's output. Everything here waits for the disk at most.
pub(super) struct Source {
    log: LogSpec,
    container: String,
    sandbox: Option<Arc<Sandbox>>,
    reader: Reader,
    joiner: Joiner,
    waiting: VecDeque<Waiting>,
    /// What these count for.
    bytes: usize,
    /// The place after all that waits.
    read: Mark,
    file: PathBuf,
    progress: Progress,
}

impl Source {
    /// A container's output, which its shim puts into a directory, from where a file says that it was left.
    pub(super) fn new(
        output: &Path,
        file: PathBuf,
        container: &str,
        log: &LogSpec,
        sandbox: Option<Arc<Sandbox>>,
    ) -> Self {
        let progress = Progress::read(&file);
        Self {
            container: container.to_owned(),
            sandbox,
            reader: Reader::new(output, progress.mark),
            // What can't be joined was refused before the container started.
            joiner: Joiner::new(log.multiline.as_ref()).unwrap_or_default(),
            log: log.clone(),
            waiting: VecDeque::new(),
            bytes: 0,
            read: progress.mark,
            file,
            progress,
        }
    }

    /// Looks at what was written since. Less than a batch is one when it is `due`, or when the container might soon have to wait, or lose
    /// lines, for want of room. With `ending` no more will be written.
    ///
    /// # Errors
    /// The file system's.
    pub(super) fn look(&mut self, ending: bool, due: bool) -> io::Result<Look> {
        self.read(ending)?;
        if self.waiting.is_empty() {
            // Lines without a text are no events, and done with.
            if self.read != self.progress.mark {
                self.shipped(0)?;
            }
            return Ok(if self.joiner.is_open() { Look::Open } else { Look::Nothing });
        }
        let events = batch::fits(self.waiting.iter().map(|event| (event.at, event.text.len())));
        let LogSpec { group, stream, buffer, .. } = &self.log;
        let room = usize::try_from(*buffer).unwrap_or(usize::MAX);
        let full = events < self.waiting.len() || self.bytes >= batch::BYTES || self.bytes >= room / 2;
        if !due && !full {
            return Ok(Look::Waiting);
        }
        let log_events = self.waiting.iter().take(events).collect();
        let put = Put { log_group_name: group, log_stream_name: stream, log_events };
        Ok(Look::Due(Batch { first: self.progress.events, events, body: serde_json::to_vec(&put)?.into() }))
    }

    fn read(&mut self, ending: bool) -> io::Result<()> {
        while self.bytes < batch::BYTES {
            let lines = self.reader.lines(batch::BYTES - self.bytes)?;
            let none = lines.is_empty();
            let joined = self.joiner.join(lines, clock::now(), ending);
            self.read = joined.resume.unwrap_or(self.read);
            for event in joined.events {
                let text = String::from_utf8(event.text);
                let text = text.unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned());
                self.bytes += text.len() + batch::OVERHEAD;
                self.waiting.push_back(Waiting { at: event.at, text, mark: event.resume });
            }
            if none {
                break;
            }
        }
        Ok(())
    }

    /// Takes note that so many of what waits are stored. The shim is told once that is on disk, for what it lets go of is not there
    /// to be read again.
    ///
    /// # Errors
    /// The file system's. It is made up for with the next batch.
    pub(super) fn shipped(&mut self, events: usize) -> io::Result<()> {
        let done = self.waiting.drain(..events.min(self.waiting.len()));
        let (bytes, last) =
            done.fold((0, None), |(bytes, _), event| (bytes + event.text.len() + batch::OVERHEAD, Some(event.mark)));
        self.bytes -= bytes;
        let mark = if self.waiting.is_empty() { self.read } else { last.unwrap_or(self.progress.mark) };
        self.progress = Progress { mark, events: self.progress.events.map(|before| before + events as u64) };
        files::replace(&self.file, &serde_json::to_vec(&self.progress)?)?;
        // A shim that is gone needs no room in its log.
        let _ = self.sandbox.as_ref().map(|sandbox| sandbox.acknowledge_log(&self.container, mark.from));
        Ok(())
    }

    /// How many events were not shipped, of a container that has ended.
    pub(super) fn left(&mut self) -> usize {
        let mut left = self.waiting.len();
        while let Ok(lines) = self.reader.lines(batch::BYTES) {
            let none = lines.is_empty();
            left += self.joiner.join(lines, clock::now(), true).events.len();
            if none {
                break;
            }
        }
        left
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    /// What a shim keeps, and what an agent does.
    struct Place(tempfile::TempDir);

    impl Place {
        fn write(&self, lines: &[(Millis, &str)]) {
            let all: String = lines.iter().map(|(at, text)| format!("{at} o. {}\n{text}\n", text.len())).collect();
            fs::create_dir_all(self.0.path().join("log")).unwrap();
            let file = fs::OpenOptions::new().create(true).append(true).open(self.0.path().join("log/0"));
            io::Write::write_all(&mut file.unwrap(), all.as_bytes()).unwrap();
        }

        fn source(&self, buffer: u64) -> Source {
            let log = LogSpec {
                group: "g".to_owned(),
                stream: "s".to_owned(),
                create_group: false,
                non_blocking: false,
                buffer,
                multiline: None,
            };
            Source::new(&self.0.path().join("log"), self.0.path().join("app.shipped"), "app", &log, None)
        }
    }

    fn due(look: Look) -> (Option<u64>, Vec<(i64, String)>) {
        let Look::Due(batch) = look else { panic!("no batch is due") };
        let body: Value = serde_json::from_slice(&batch.body).unwrap();
        assert_eq!((&body["logGroupName"], &body["logStreamName"]), (&"g".into(), &"s".into()));
        let event =
            |event: &Value| (event["timestamp"].as_i64().unwrap(), event["message"].as_str().unwrap().to_owned());
        let events: Vec<_> = body["logEvents"].as_array().unwrap().iter().map(event).collect();
        assert_eq!(events.len(), batch.events);
        (batch.first, events)
    }

    #[test]
    fn what_was_not_stored_is_read_again_by_the_next_with_the_same_number() {
        let place = Place(tempfile::tempdir().unwrap());
        place.write(&[(1, "a"), (2, ""), (3, "b")]);
        let mut source = place.source(1 << 20);
        assert!(matches!(source.look(false, false), Ok(Look::Waiting)), "more may come");
        let both = vec![(1, "a".to_owned()), (3, "b".to_owned())];
        assert_eq!(due(source.look(false, true).unwrap()), (Some(0), both.clone()));
        place.write(&[(4, "c")]);
        let three = [both, vec![(4, "c".to_owned())]].concat();
        assert_eq!(
            due(place.source(1 << 20).look(true, true).unwrap()),
            (Some(0), three),
            "nobody has stored anything"
        );
        source.shipped(2).unwrap();
        for mut source in [source, place.source(1 << 20)] {
            assert_eq!(due(source.look(false, true).unwrap()), (Some(2), vec![(4, "c".to_owned())]));
        }
    }

    #[test]
    fn a_batch_is_due_before_the_container_waits_for_room() {
        let place = Place(tempfile::tempdir().unwrap());
        let line = "x".repeat(1000);
        place.write(&[(1, line.as_str()); 8]);
        assert!(matches!(place.source(20_000).look(false, false), Ok(Look::Waiting)));
        let mut small = place.source(16_000);
        assert_eq!(due(small.look(false, false).unwrap()).1.len(), 8);
        small.shipped(8).unwrap();
        assert!(matches!(small.look(true, true), Ok(Look::Nothing)));
    }

    #[test]
    fn lines_are_sent_without_numbers_when_a_power_cut_took_the_count() {
        let place = Place(tempfile::tempdir().unwrap());
        place.write(&[(1, "a"), (2, "b")]);
        let mut source = place.source(1 << 20);
        source.look(false, true).unwrap();
        source.shipped(1).unwrap();
        fs::write(place.0.path().join("app.shipped"), "").unwrap();
        let both = vec![(1, "a".to_owned()), (2, "b".to_owned())];
        let mut source = place.source(1 << 20);
        assert_eq!(due(source.look(false, true).unwrap()), (None, both));
        source.shipped(1).unwrap();
        assert_eq!(due(place.source(1 << 20).look(true, true).unwrap()), (None, vec![(2, "b".to_owned())]));
    }

    #[test]
    fn a_clock_that_is_set_back_begins_another_batch() {
        let place = Place(tempfile::tempdir().unwrap());
        place.write(&[(5, "a"), (6, "b"), (1, "c")]);
        let mut source = place.source(1 << 20);
        assert_eq!(due(source.look(false, false).unwrap()).1.len(), 2);
        assert_eq!(source.left(), 3);
        let mut source = place.source(1 << 20);
        source.look(false, true).unwrap();
        source.shipped(2).unwrap();
        assert_eq!(due(source.look(true, true).unwrap()), (Some(2), vec![(1, "c".to_owned())]));
    }
}
