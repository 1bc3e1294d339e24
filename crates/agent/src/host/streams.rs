//! Containers' output on its way to the log service: read from where the shims keep it, sent in batches, acknowledged once stored.
//!
//! One thread does it for all containers. How far each has come is kept in a file, so that after a crash nothing is lost, and
//! what was stored already is recognised by its number.

use super::Event;
use crate::{
    Config,
    client::{self, CallError, Client},
    clock,
    logs::Joiner,
};
use containers::{Sandbox, log::Reader};
use serde::{Deserialize, Serialize};
use spec::{LogBatch, LogLine, LogSpec, TaskId};
use std::{
    collections::{BTreeMap, BTreeSet},
    fs, io,
    path::{Path, PathBuf},
    sync::{
        Arc,
        mpsc::{Receiver, RecvTimeoutError, Sender, channel},
    },
    thread,
    time::{Duration, Instant},
};

/// How often a container's output is looked for: at first, and when it has been silent for long.
const EAGER: Duration = Duration::from_millis(50);
const LAZY: Duration = Duration::from_millis(800);
/// A batch's size: what PutLogEvents takes, with room for what each line costs.
const BATCH: usize = 512 << 10;
/// How long shipping the last of a task's output may take before its files are removed.
const LAST: Duration = Duration::from_secs(5);

/// A handle on the thread.
pub(crate) struct Streams(Sender<Message>);

enum Message {
    /// Ship a container's output from now on.
    Follow { task: TaskId, container: String, log: LogSpec, sandbox: Option<Arc<Sandbox>> },
    /// Ship what is left of a task's output, then say so and forget it.
    Finish { task: TaskId },
}

/// How far a stream has come; the content of its file.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Progress {
    /// Bytes of the container's log.
    offset: u64,
    /// Lines.
    lines: u64,
}

struct Stream {
    log: LogSpec,
    container: String,
    /// The shim to tell what was shipped; none once it has died.
    sandbox: Option<Arc<Sandbox>>,
    output: PathBuf,
    reader: Reader,
    joiner: Joiner,
    file: PathBuf,
    progress: Progress,
    pause: Duration,
    due: Instant,
    /// Set once its task has ended: until when it may take to ship the rest.
    until: Option<Instant>,
    /// What was last complained about, so that it is said once.
    complained: Option<String>,
}

/// Why a batch was not shipped.
enum Failure {
    /// The log service will not take it: the group is gone, for example.
    Refused(String),
    /// It may be taken the next time.
    Passing(String),
}

impl Streams {
    /// Starts the thread. It ends with the handle.
    ///
    /// # Errors
    /// When there are no more threads.
    pub(crate) fn start(config: Arc<Config>, events: Sender<Event>) -> io::Result<Self> {
        let (sender, messages) = channel();
        let shipper = Shipper { config, events, streams: BTreeMap::new() };
        thread::Builder::new().name("logs".into()).stack_size(512 << 10).spawn(move || shipper.run(&messages))?;
        Ok(Self(sender))
    }

    /// Ships a container's output from where it was left.
    pub(crate) fn follow(&self, task: &TaskId, container: &str, log: &LogSpec, sandbox: Option<Arc<Sandbox>>) {
        let (task, container, log) = (task.clone(), container.to_owned(), log.clone());
        let _ = self.0.send(Message::Follow { task, container, log, sandbox });
    }

    /// Ships what is left of a task's output; [`Event::Shipped`] says when that is done or was given up.
    pub(crate) fn finish(&self, task: &TaskId) {
        let _ = self.0.send(Message::Finish { task: task.clone() });
    }
}

fn batch(log: &LogSpec, first: u64, lines: Vec<LogLine>) -> LogBatch {
    LogBatch { group: log.group.clone(), stream: log.stream.clone(), create_group: log.create_group, first, lines }
}

fn send(config: &Config, batch: &LogBatch) -> Result<(), CallError> {
    // Text and numbers can always be written as JSON.
    let body = serde_json::to_vec(batch).unwrap_or_default();
    let client = Client::new(&config.socket);
    let call = async { client.call(http::Method::POST, "/_neargate/logs", &[], client::bytes(body)).await };
    config.runtime_handle.block_on(call).map(drop)
}

/// What the thread owns.
struct Shipper {
    config: Arc<Config>,
    events: Sender<Event>,
    streams: BTreeMap<(TaskId, String), Stream>,
}

impl Shipper {
    fn run(mut self, messages: &Receiver<Message>) {
        loop {
            let message = match self.streams.values().map(|stream| stream.due).min() {
                None => messages.recv().map_err(|_| RecvTimeoutError::Disconnected),
                Some(due) => messages.recv_timeout(due.saturating_duration_since(Instant::now())),
            };
            match message {
                Ok(Message::Follow { task, container, log, sandbox }) => {
                    let stream = Stream::new(&self.config, &task, &container, log, sandbox);
                    self.streams.insert((task, container), stream);
                }
                Ok(Message::Finish { task }) => self.finish(&task),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
            self.ship();
        }
    }

    /// Gives a task's streams a last time, and one without any none.
    fn finish(&mut self, task: &TaskId) {
        let now = Instant::now();
        let mut any = false;
        for (_, stream) in self.streams.iter_mut().filter(|((id, _), _)| id == task) {
            (stream.until, stream.due, any) = (Some(now + LAST), now, true);
        }
        if !any {
            let _ = self.events.send(Event::Shipped { task: task.clone() });
        }
    }

    /// Ships of every stream that is due, and lets go of those that have come to their end.
    fn ship(&mut self) {
        let now = Instant::now();
        let mut ended = BTreeSet::new();
        for (key, stream) in self.streams.iter_mut().filter(|(_, stream)| stream.due <= now) {
            if !stream.tick(&self.config, now) {
                ended.insert(key.clone());
            }
        }
        for key in ended {
            self.streams.remove(&key);
            let (task, _) = key;
            if !self.streams.keys().any(|(id, _)| *id == task) {
                let _ = self.events.send(Event::Shipped { task });
            }
        }
    }
}

impl Stream {
    fn new(config: &Config, task: &TaskId, container: &str, log: LogSpec, sandbox: Option<Arc<Sandbox>>) -> Self {
        let file = config.files_dir(task).join(format!("{container}.shipped"));
        let output = config.task_dir(task).join("containers").join(container).join("log");
        let progress = load(&file);
        let reader = Reader::new(&output, progress.offset);
        let (pause, due) = (EAGER, Instant::now());
        let (until, complained, container) = (None, None, container.to_owned());
        // What can't be joined was refused before the container started.
        let joiner = Joiner::new(log.multiline.as_ref()).unwrap_or_default();
        Self { log, container, sandbox, output, reader, joiner, file, progress, pause, due, until, complained }
    }

    /// Ships a batch. False when that was the last of a task that has ended, or no more can be shipped of it.
    fn tick(&mut self, config: &Config, now: Instant) -> bool {
        let shipped = self.ship(config);
        let refused = matches!(&shipped, Err(Failure::Refused(_)));
        if let Err(Failure::Refused(why) | Failure::Passing(why)) = &shipped
            && self.complained.as_ref() != Some(why)
        {
            crate::complain(format_args!("shipping the log of {} to {}: {why}", self.container, self.log.stream));
            self.complained = Some(why.clone());
        }
        self.pause = match shipped {
            Ok(0) => (self.pause * 2).min(LAZY),
            Ok(_) => EAGER,
            Err(_) => LAZY,
        };
        self.due = now + self.pause;
        match self.until {
            None => true,
            Some(until) => !(refused || matches!(shipped, Ok(0)) || now >= until),
        }
    }

    /// Sends one batch and returns how many lines were read for it.
    fn ship(&mut self, config: &Config) -> Result<usize, Failure> {
        let lines = self.reader.lines(BATCH).map_err(|e| Failure::Passing(e.to_string()))?;
        let (read, ending) = (lines.len(), self.until.is_some());
        let joined = self.joiner.join(lines, clock::now(), ending);
        let Some(resume) = joined.resume else { return Ok(read) };
        let next = Progress { offset: resume, lines: self.progress.lines + joined.events.len() as u64 };
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let sent = joined.events.iter().map(|event| LogLine { at: event.at, message: text(&event.text) }).collect();
        if let Err(why) = send(config, &batch(&self.log, self.progress.lines, sent)) {
            // To be read again from where the last batch ended.
            self.reader = Reader::new(&self.output, self.progress.offset);
            self.joiner.reset();
            return Err(match &why {
                CallError::Refused { status, .. } if status.is_client_error() => Failure::Refused(why.to_string()),
                _ => Failure::Passing(why.to_string()),
            });
        }
        save(&self.file, next).map_err(|e| Failure::Passing(format!("writing {}: {e}", self.file.display())))?;
        self.progress = next;
        // A shim that is gone needs no room in its log.
        let _ = self.sandbox.as_ref().map(|sandbox| sandbox.acknowledge_log(&self.container, next.offset));
        Ok(read.max(joined.events.len()))
    }
}

fn load(file: &Path) -> Progress {
    fs::read(file).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default()
}

fn save(file: &Path, progress: Progress) -> io::Result<()> {
    let next = file.with_extension("next");
    fs::write(&next, serde_json::to_vec(&progress)?)?;
    fs::rename(next, file)
}
