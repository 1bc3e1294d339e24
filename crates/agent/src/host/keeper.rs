//! Looks after a balancer's process: it is there as long as there is something to serve, told what that is, and started anew when it has
//! ended.

use super::keys::Keys;
use crate::{Config, connect, measured::Reporter};
use balancer::{
    Snapshot,
    process::{Connection, Counted, Home, News, Reader, Writer},
};
use spec::{TaskId, balancing::BalancingStatus};
use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    os::unix::fs::MetadataExt,
    sync::Arc,
    time::Duration,
};
use tokio::{
    sync::{mpsc::unbounded_channel, watch},
    time::timeout,
};

/// How long an agent that starts waits for what a balancer knows that runs already.
pub(super) const KNOWN: Duration = Duration::from_secs(1);
/// How often it is looked whether namespaces are the same as ever.
const LOOK: Duration = Duration::from_secs(1);
/// How long a process may take to end once it has said its last word.
const ENDING: Duration = Duration::from_secs(10);
/// How long to wait before trying again what failed.
const AGAIN: Duration = Duration::from_millis(200);

/// What there is to serve.
#[derive(Debug, Clone)]
pub(super) enum Wanted {
    /// It is not known yet: what runs goes on.
    Unknown,
    /// Nothing: no process runs.
    Nothing,
    /// This.
    All(Arc<Snapshot>),
}

/// Looks after a process.
pub(super) struct Keeper {
    /// What it is called in complaints.
    what: String,
    home: Home,
    cgroup: String,
    /// The process whose place another did not take, or takes just now.
    irreplaceable: Option<u32>,
    /// What was last seen.
    seen: BalancingStatus,
    /// Whether the process has just been started, and has seen nothing yet.
    fresh: bool,
    wanted: watch::Receiver<Wanted>,
    keys: Keys,
    tell: Tell,
    counts: Counts,
    reporter: Reporter,
}

/// What a process has counted, it has counted of this.
pub(super) enum Counts {
    /// Nodes of load balancers.
    Nodes,
    /// What the proxy of a task serves.
    Task(TaskId),
}

/// Who is told what a process has seen, or that none runs.
pub(super) type Tell = Box<dyn Fn(Option<BalancingStatus>) + Send + Sync>;

/// The first news of a keeper: what a process knows that ran already, or that none does.
pub(super) type First = std::sync::mpsc::Sender<Option<BalancingStatus>>;

impl Keeper {
    /// Of the process that has this home and is to be in a control group.
    pub(super) fn new(
        config: &Config,
        what: String,
        home: Home,
        cgroup: String,
        wanted: watch::Receiver<Wanted>,
        counts: Counts,
        tell: Tell,
    ) -> Self {
        let (keys, reporter) = (Keys::new(&config.socket), Reporter::new(config));
        let seen = BalancingStatus::default();
        Self { what, home, cgroup, irreplaceable: None, seen, fresh: false, wanted, keys, tell, counts, reporter }
    }

    /// Until it is aborted. The first news goes where that is waited for.
    pub(super) async fn keep(mut self, mut first: Option<First>) {
        let mut complained = String::new();
        loop {
            let failed = self.once(&mut first).await.err().map(|error| error.to_string()).unwrap_or_default();
            if failed != complained && !failed.is_empty() {
                crate::complain(format_args!("{}: {failed}; trying again", self.what));
            }
            if !failed.is_empty() {
                tokio::time::sleep(AGAIN).await;
            }
            complained = failed;
        }
    }

    /// Speaks with the process until it ends, or starts one if there should be one.
    async fn once(&mut self, first: &mut Option<First>) -> io::Result<()> {
        let Some(mut connection) = self.home.connect().await? else {
            tell(&self.tell, first, None);
            if matches!(*self.wanted.borrow_and_update(), Wanted::All(_)) {
                self.home.start().await?;
                self.fresh = true;
                return Ok(());
            }
            self.seen = BalancingStatus::default();
            changed(&mut self.wanted).await;
            return Ok(());
        };
        // Whoever started it may have been killed before doing this.
        containers::place_in_cgroup(&self.cgroup, connection.pid).map_err(io::Error::other)?;
        if self.home.is_outdated(&connection) && self.irreplaceable != Some(connection.pid) {
            // If that fails the old one is as good as ever.
            self.irreplaceable = Some(connection.pid);
            // That may take longer than an agent waits for what is known.
            if first.is_some()
                && let Ok(known) = timeout(KNOWN, seen(&mut connection.reader)).await
            {
                tell(&self.tell, first, known?);
            }
            return self.home.replace(connection).await;
        }
        let Connection { process, reader, writer, .. } = connection;
        let ended = self.converse(reader, writer, first).await;
        // Its sockets are gone when it is, and only then nothing balances any more.
        if !process.ends(ENDING).await? {
            return Err(io::Error::other("it says nothing more and does not end"));
        }
        tell(&self.tell, first, None);
        match (&*self.wanted.borrow(), ended) {
            (Wanted::Nothing, _) => Ok(()),
            (_, ended) => {
                let why = ended.err().map_or_else(|| "it has ended".to_owned(), |error| error.to_string());
                let words = self.home.last_words().map(|words| format!(", and said: {words}")).unwrap_or_default();
                Err(io::Error::other(why + &words))
            }
        }
    }

    /// Until the process ends.
    async fn converse(&mut self, mut reader: Reader, mut writer: Writer, first: &mut Option<First>) -> io::Result<()> {
        let Self { tell: told, seen, wanted, keys, counts, reporter, .. } = self;
        let fresh = std::mem::take(&mut self.fresh);
        if fresh {
            writer.know(seen).await?;
        }
        let (counted, mut to_report) = unbounded_channel::<Counted>();
        let (reported, mut taken) = unbounded_channel();
        let listen = async {
            while let Some(news) = reader.next().await? {
                match news {
                    // One that serves nothing yet does not know better.
                    News::Seen(news) if fresh && news.applied == 0 => {}
                    News::Seen(news) => {
                        seen.clone_from(&news);
                        tell(told, first, Some(news));
                    }
                    // What is not passed on is said again to the next agent.
                    News::Counted(part) => _ = counted.send(part),
                }
            }
            Ok(())
        };
        let report = async {
            while let Some(Counted { by, number, at, nodes }) = to_report.recv().await {
                match counts {
                    Counts::Nodes => reporter.nodes(by.clone(), number, at, nodes).await,
                    Counts::Task(task) => reporter.proxy(by.clone(), number, at, task, connect::counts(nodes)).await,
                }
                let _ = reported.send((by, number));
            }
            std::future::pending().await
        };
        let speak = async {
            let mut told = None;
            loop {
                let what = wanted.borrow_and_update().clone();
                match what {
                    Wanted::Unknown => {}
                    Wanted::Nothing => writer.end().await?,
                    Wanted::All(snapshot) => {
                        // A namespace may have come to stand for another.
                        let now = (snapshot.revision, numbers(&snapshot), keys.get(&snapshot).await);
                        if told.as_ref() != Some(&now) {
                            // What it has of keys it keeps.
                            let is_new = told.as_ref().is_none_or(|(.., keys)| *keys != now.2);
                            let certificates = if is_new { keys.held() } else { BTreeMap::new() };
                            writer.serve(&Arc::new(Snapshot { certificates, ..(*snapshot).clone() })).await?;
                            told = Some(now);
                        }
                    }
                }
                // What it does not want in time is looked at again.
                tokio::select! {
                    _ = timeout(LOOK, changed(wanted)) => {}
                    Some((by, number)) = taken.recv() => writer.counted(by, number).await?,
                }
            }
        };
        tokio::select! {
            ended = listen => ended,
            failed = speak => failed,
            never = report => never,
        }
    }
}

/// What a process has seen; none when it ends first.
async fn seen(reader: &mut Reader) -> io::Result<Option<BalancingStatus>> {
    loop {
        match reader.next().await? {
            Some(News::Seen(seen)) => return Ok(Some(seen)),
            Some(News::Counted(_)) => {}
            None => return Ok(None),
        }
    }
}

/// Until something else is wanted.
async fn changed(wanted: &mut watch::Receiver<Wanted>) {
    if wanted.changed().await.is_err() {
        // The agent has ended, and this is about to.
        std::future::pending().await
    }
}

fn tell(told: &Tell, first: &mut Option<First>, seen: Option<BalancingStatus>) {
    match first.take() {
        // Whoever is told may have gone.
        Some(first) => drop(first.send(seen)),
        None => told(seen),
    }
}

/// What tells each namespace of a snapshot from another of the same name; 0 for one that is not there.
fn numbers(snapshot: &Snapshot) -> Vec<u64> {
    let paths: BTreeSet<_> = snapshot.namespaces.values().collect();
    paths.into_iter().map(|path| std::fs::metadata(path).map_or(0, |about| about.ino())).collect()
}
