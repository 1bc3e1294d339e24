//! The balancer of this host: a process of its own that is there as long as there is something to balance, told what that is, and
//! started anew when it has ended.

use super::{Event, keys::Keys};
use crate::{Config, config::balancer_cgroup, measured::Reporter};
use balancer::{
    Snapshot,
    process::{Connection, Counted, Home, News, Reader, Writer},
};
use network::Instance;
use spec::{HostSpec, balancing::BalancingStatus};
use std::{
    collections::BTreeMap,
    io,
    os::unix::fs::MetadataExt,
    sync::{Arc, mpsc::Sender},
    time::Duration,
};
use tokio::{
    sync::{mpsc::unbounded_channel, watch},
    task::AbortHandle,
    time::timeout,
};

/// How long an agent that starts waits for what a balancer knows that runs already.
const KNOWN: Duration = Duration::from_secs(1);
/// How often it is looked whether namespaces are the same as ever.
const LOOK: Duration = Duration::from_secs(1);
/// How long a process may take to end once it has said its last word.
const ENDING: Duration = Duration::from_secs(10);
/// How long to wait before trying again what failed.
const AGAIN: Duration = Duration::from_millis(200);

/// What there is to balance.
#[derive(Debug, Clone)]
enum Wanted {
    /// It is not known yet: what runs goes on.
    Unknown,
    /// Nothing: no process runs.
    Nothing,
    /// This.
    All(Arc<Snapshot>),
}

/// What the agent knows of its balancer. The process itself is looked after by a task of the runtime, which ends with this.
pub(super) struct Balancer {
    instance: Instance,
    wanted: watch::Sender<Wanted>,
    /// What it was last told, from the revision on since which it is that.
    told: Option<Arc<Snapshot>>,
    /// What it has seen; none where no process runs.
    seen: Option<BalancingStatus>,
    /// What was last known of targets, also while no process runs.
    known: Arc<BalancingStatus>,
    keeper: AbortHandle,
}

impl Drop for Balancer {
    fn drop(&mut self) {
        self.keeper.abort();
    }
}

impl Balancer {
    /// Finds the balancer of a data directory, if one runs, and what it knows.
    pub(super) fn start(config: &Arc<Config>, events: Sender<Event>) -> Self {
        let home = Home::new(config.balancer_dir(), config.balancer.clone());
        let (wanted, told) = watch::channel(Wanted::Unknown);
        let (first, known) = std::sync::mpsc::channel();
        let cgroup = balancer_cgroup(&config.instance);
        let keys = Keys::new(&config.socket);
        let reporter = Reporter::new(config);
        let seen = BalancingStatus::default();
        let keeper =
            Keeper { home, cgroup, irreplaceable: None, seen, fresh: false, wanted: told, keys, events, reporter };
        let keeper = config.runtime_handle.spawn(keeper.keep(first)).abort_handle();
        // Health that was known before this agent is not to be unknown for a moment.
        let seen = known.recv_timeout(KNOWN).ok().flatten();
        Self {
            instance: config.instance.clone(),
            wanted,
            told: None,
            known: Arc::new(seen.clone().unwrap_or_default()),
            seen,
            keeper,
        }
    }

    /// Has everything of this spec balanced. Its network must be there.
    pub(super) fn apply(&mut self, spec: &HostSpec) {
        if spec.balancing.load_balancers.is_empty() {
            self.told = None;
            self.wanted
                .send_if_modified(|wanted| !matches!(std::mem::replace(wanted, Wanted::Nothing), Wanted::Nothing));
            return;
        }
        let snapshot = snapshot(&self.instance, spec);
        let same =
            |told: &Arc<Snapshot>| (&told.balancing, &told.namespaces) == (&snapshot.balancing, &snapshot.namespaces);
        if !self.told.as_ref().is_some_and(same) {
            let snapshot = Arc::new(snapshot);
            self.told = Some(snapshot.clone());
            self.wanted.send_replace(Wanted::All(snapshot));
        }
    }

    /// What is known of targets.
    pub(super) fn known(&self) -> Arc<BalancingStatus> {
        self.known.clone()
    }

    /// Takes in what the process has seen, or that none runs; answers whether targets are other than they were.
    pub(super) fn observe(&mut self, seen: Option<BalancingStatus>) -> bool {
        for (node, why) in seen.iter().flat_map(|seen| &seen.failures) {
            if self.seen.as_ref().and_then(|before| before.failures.get(node)) != Some(why) {
                crate::complain(format_args!("the load balancer's node {node}: {why}"));
            }
        }
        let differs = seen.as_ref().is_some_and(|seen| seen.health != self.known.health);
        if let Some(seen) = seen.as_ref().filter(|_| differs) {
            self.known = Arc::new(seen.clone());
        }
        // While one that died is started anew, targets are as they were.
        let as_known = || BalancingStatus { health: self.known.health.clone(), ..BalancingStatus::default() };
        self.seen = seen.or_else(|| self.told.is_some().then(as_known));
        differs
    }

    /// What this host says of it. What it was told before is good for later revisions that want nothing else of it.
    pub(super) fn status(&self, spec: &HostSpec) -> BalancingStatus {
        let applied = match (&self.told, &self.seen) {
            (Some(told), Some(seen)) if told.balancing == spec.balancing && seen.applied >= told.revision => {
                spec.revision
            }
            (None, None) if spec.balancing.load_balancers.is_empty() => spec.revision,
            (_, seen) => seen.as_ref().map_or(0, |seen| seen.applied),
        };
        BalancingStatus { applied, ..self.seen.clone().unwrap_or_default() }
    }
}

/// The load balancers of a spec with the namespaces of their nodes on this host.
fn snapshot(instance: &Instance, spec: &HostSpec) -> Snapshot {
    let nodes = spec.balancing.load_balancers.values().flat_map(|balancer| &balancer.nodes);
    let here = nodes
        .filter(|(id, node)| spec.topology.vpcs.get(&node.vpc).is_some_and(|vpc| vpc.interfaces.contains_key(*id)));
    Snapshot {
        revision: spec.revision,
        balancing: spec.balancing.clone(),
        namespaces: here.map(|(id, _)| (id.clone(), instance.interface(id).path())).collect(),
        certificates: BTreeMap::new(),
    }
}

/// Looks after the process.
struct Keeper {
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
    events: Sender<Event>,
    reporter: Reporter,
}

/// The first news of a keeper: what a process knows that ran already, or that none does.
type First = std::sync::mpsc::Sender<Option<BalancingStatus>>;

impl Keeper {
    async fn keep(mut self, first: First) {
        let (mut first, mut complained) = (Some(first), String::new());
        loop {
            let failed = self.once(&mut first).await.err().map(|error| error.to_string()).unwrap_or_default();
            if failed != complained && !failed.is_empty() {
                crate::complain(format_args!("the balancer: {failed}; trying again"));
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
            tell(&self.events, first, None);
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
                tell(&self.events, first, known?);
            }
            return self.home.replace(connection).await;
        }
        let Connection { process, reader, writer, .. } = connection;
        let ended = self.converse(reader, writer, first).await;
        // Its sockets are gone when it is, and only then nothing balances any more.
        if !process.ends(ENDING).await? {
            return Err(io::Error::other("it says nothing more and does not end"));
        }
        tell(&self.events, first, None);
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
        let Self { events, seen, wanted, keys, reporter, .. } = self;
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
                        tell(events, first, Some(news));
                    }
                    // What is not passed on is said again to the next agent.
                    News::Counted(part) => _ = counted.send(part),
                }
            }
            Ok(())
        };
        let report = async {
            while let Some(Counted { by, number, at, nodes }) = to_report.recv().await {
                reporter.nodes(by.clone(), number, at, nodes).await;
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

fn tell(events: &Sender<Event>, first: &mut Option<First>, seen: Option<BalancingStatus>) {
    // Whoever is told may have gone.
    let _ = match first.take() {
        Some(first) => first.send(seen).is_ok(),
        None => events.send(Event::Balancer(seen)).is_ok(),
    };
}

/// What tells each namespace of a snapshot from another of the same name; 0 for one that is not there.
fn numbers(snapshot: &Snapshot) -> Vec<u64> {
    snapshot.namespaces.values().map(|path| std::fs::metadata(path).map_or(0, |about| about.ino())).collect()
}
