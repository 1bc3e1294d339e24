//! Containers' output on its way to the log service: read from where the shims keep it, sent in batches, acknowledged once stored.
//!
//! One thread does it for all containers. How far each has come is kept in a file, so that after a crash nothing is lost, and
//! what was stored already is recognised by its number.

use crate::{
    Config,
    client::{self, Client},
};
use containers::{Sandbox, log::Reader};
use serde::{Deserialize, Serialize};
use spec::{LogBatch, LogLine, LogSpec, TaskId};
use std::{
    collections::BTreeMap,
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
/// How long the last of a task's output is waited for before its files are removed.
const LAST: Duration = Duration::from_secs(5);

/// A handle on the thread.
pub(crate) struct Streams(Sender<Message>);

enum Message {
    /// Ship a container's output from now on.
    Follow { task: TaskId, container: String, log: LogSpec, sandbox: Option<Arc<Sandbox>> },
    /// Ship what is left of a task's output, then say so and forget it.
    Finish { task: TaskId, done: Sender<()> },
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
    file: PathBuf,
    progress: Progress,
    pause: Duration,
    due: Instant,
}

impl Streams {
    /// Starts the thread. It ends with the handle.
    ///
    /// # Errors
    /// When there are no more threads.
    pub(crate) fn start(config: Arc<Config>) -> io::Result<Self> {
        let (sender, messages) = channel();
        thread::Builder::new().name("logs".into()).stack_size(512 << 10).spawn(move || ship(&config, &messages))?;
        Ok(Self(sender))
    }

    /// Ships a container's output from where it was left.
    pub(crate) fn follow(&self, task: &TaskId, container: &str, log: &LogSpec, sandbox: Option<Arc<Sandbox>>) {
        let (task, container, log) = (task.clone(), container.to_owned(), log.clone());
        let _ = self.0.send(Message::Follow { task, container, log, sandbox });
    }

    /// A receiver that hears, or is dropped, once all of a task's output was shipped or could not be.
    pub(crate) fn finish(&self, task: &TaskId) -> Receiver<()> {
        let (done, waiting) = channel();
        let _ = self.0.send(Message::Finish { task: task.clone(), done });
        waiting
    }
}

/// Makes a log stream before its first line, so that a container whose log can't be written does not start.
///
/// # Errors
/// What the log service answered.
pub(crate) fn open(config: &Config, log: &LogSpec) -> Result<(), String> {
    send(config, &batch(log, 0, Vec::new()))
}

fn batch(log: &LogSpec, first: u64, lines: Vec<LogLine>) -> LogBatch {
    LogBatch { group: log.group.clone(), stream: log.stream.clone(), create_group: log.create_group, first, lines }
}

fn send(config: &Config, batch: &LogBatch) -> Result<(), String> {
    let body = serde_json::to_vec(batch).map_err(|e| e.to_string())?;
    let client = Client::new(&config.socket);
    let call = async { client.call(http::Method::POST, "/_neargate/logs", client::bytes(body)).await };
    match config.runtime_handle.block_on(call) {
        Ok(_) => Ok(()),
        Err(client::CallError::Refused { message, .. }) => Err(message),
        Err(lost) => Err(lost.to_string()),
    }
}

fn ship(config: &Config, messages: &Receiver<Message>) {
    let mut streams: BTreeMap<(TaskId, String), Stream> = BTreeMap::new();
    loop {
        let message = match streams.values().map(|stream| stream.due).min() {
            None => messages.recv().map_err(|_| RecvTimeoutError::Disconnected),
            Some(due) => messages.recv_timeout(due.saturating_duration_since(Instant::now())),
        };
        match message {
            Ok(Message::Follow { task, container, log, sandbox }) => {
                let stream = Stream::new(config, &task, &container, log, sandbox);
                streams.insert((task, container), stream);
            }
            Ok(Message::Finish { task, done }) => {
                finish(config, &mut streams, &task);
                let _ = done.send(());
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return,
        }
        let now = Instant::now();
        streams.values_mut().filter(|stream| stream.due <= now).for_each(|stream| stream.tick(config));
    }
}

/// Ships what is left of a task's output, as long as that gets on.
fn finish(config: &Config, streams: &mut BTreeMap<(TaskId, String), Stream>, task: &TaskId) {
    let until = Instant::now() + LAST;
    let mine: Vec<_> = streams.keys().filter(|(id, _)| id == task).cloned().collect();
    for key in mine {
        let Some(mut stream) = streams.remove(&key) else { continue };
        while Instant::now() < until {
            match stream.ship(config) {
                Ok(0) => break,
                Ok(_) => {}
                Err(_) => thread::sleep(EAGER),
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
        Self { log, container: container.to_owned(), sandbox, output, reader, file, progress, pause, due }
    }

    fn tick(&mut self, config: &Config) {
        self.pause = match self.ship(config) {
            Ok(0) => (self.pause * 2).min(LAZY),
            Ok(_) => EAGER,
            Err(why) => {
                crate::complain(format_args!("shipping the log of {} to {}: {why}", self.container, self.log.stream));
                LAZY
            }
        };
        self.due = Instant::now() + self.pause;
    }

    /// Sends one batch and returns how many lines it had.
    fn ship(&mut self, config: &Config) -> Result<usize, String> {
        let lines = self.reader.lines(BATCH).map_err(|e| e.to_string())?;
        let Some(last) = lines.last() else { return Ok(0) };
        let next = Progress { offset: last.resume, lines: self.progress.lines + lines.len() as u64 };
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let sent = lines.iter().map(|line| LogLine { at: line.time, message: text(&line.bytes) }).collect();
        if let Err(why) = send(config, &batch(&self.log, self.progress.lines, sent)) {
            // To be read again from where the last batch ended.
            self.reader = Reader::new(&self.output, self.progress.offset);
            return Err(why);
        }
        save(&self.file, next).map_err(|e| format!("writing {}: {e}", self.file.display()))?;
        self.progress = next;
        // A shim that is gone needs no room in its log.
        let _ = self.sandbox.as_ref().map(|sandbox| sandbox.acknowledge_log(&self.container, next.offset));
        Ok(lines.len())
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
