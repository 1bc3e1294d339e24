//! One task of this host: what is known of it, the handles on it, and what each action begins and each result means.

use super::{
    Context,
    effects::{self, Outcome},
    jobs::Kind,
};
use crate::{
    Config, Error,
    cancel::Cancel,
    clock, files,
    initialise::Resources,
    reconcile::{self, Action, ContainerSeen, End, Image, Process, TaskSeen},
    signal,
};
use containers::{Adopted, ContainerState, Exit, Report, Sandbox};
use images::store;
use spec::{HostSpec, Millis, TaskId, TaskSpec};
use std::{collections::BTreeMap, io, path::Path, sync::Arc};

/// How long to wait before trying again to remove a task, in milliseconds.
const AGAIN: Millis = 1_000;

/// What becomes of a container's output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Output {
    /// It is shipped as it comes.
    Open,
    /// The rest of it is being shipped.
    Ending,
    /// Nothing more of it will be.
    Shipped,
}

/// What an agent has of one task.
#[derive(Default)]
pub(super) struct Task {
    /// What [`reconcile`] looks at.
    pub(super) seen: TaskSeen,
    /// Whether it has to stop at once because the lease is over.
    pub(super) expired: bool,
    /// Whether its processes and files are off this host.
    pub(super) removed: bool,
    sandbox: Option<Arc<Sandbox>>,
    images: BTreeMap<String, Arc<store::Image>>,
    /// What containers use that an agent before this one started.
    _held: Vec<store::Hold>,
    /// What its containers need of AWS's services.
    resources: Resources,
    creating: bool,
    removing: bool,
    /// Of the containers that were started and have a log.
    outputs: BTreeMap<String, Output>,
    /// Until when not to try again what failed to be removed.
    hold_until: Option<Millis>,
    /// Gives up what is fetched for it once it is to stop.
    cancel: Cancel,
}

impl Task {
    /// A task whose shim was found running, with what its containers are now.
    ///
    /// # Errors
    /// When the layers that it may use can't be listed.
    pub(super) fn adopted(
        id: &TaskId,
        sandbox: Sandbox,
        config: &Config,
        images: &Arc<store::Store>,
    ) -> Result<Self, Error> {
        let report = sandbox.state().ok();
        let _held = in_use(report.as_ref(), &config.files_dir(id), images)
            .map_err(|error| Error::new("finding out which layers are used by task", id, error))?;
        let mut task = Self { sandbox: Some(Arc::new(sandbox)), _held, ..Self::default() };
        task.seen.network = reconcile::Network::Ready;
        task.seen.sandbox = reconcile::Sandbox::Running;
        for (name, stop_signal) in files::stop_signals(&config.files_dir(id)) {
            task.seen.containers.entry(name).or_default().stop_signal = Some(stop_signal);
        }
        task.observe(id, report, config);
        Ok(task)
    }

    /// A task whose shim has died, but not its directory.
    pub(super) fn orphaned(containers: BTreeMap<String, ContainerState>) -> Self {
        let mut task = Self::default();
        containers.into_iter().for_each(|(name, state)| task.observe_one(name, state));
        task.seen.sandbox = reconcile::Sandbox::Gone;
        task
    }

    /// Begins to listen to its shim.
    pub(super) fn watch(&self, id: &TaskId, context: &Context) {
        self.sandbox.iter().for_each(|sandbox| context.watcher.add(id, sandbox));
    }

    /// Has the output of its containers shipped, from when they have started until they have ended and all of it is.
    pub(super) fn ship(&mut self, id: &TaskId, wanted: Option<&TaskSpec>, context: &mut Context) {
        for container in wanted.into_iter().flat_map(|task| &task.containers) {
            let (name, is) = (&container.name, self.seen.containers.get(&container.name));
            let (Some(log), Some(is)) = (&container.log, is.filter(|is| is.started())) else { continue };
            let output = self.outputs.entry(name.clone()).or_insert_with(|| {
                context.streams.follow(id, name, log, self.sandbox.clone());
                Output::Open
            });
            if *output == Output::Open && is.end().is_some() {
                *output = Output::Ending;
                context.streams.end(id, name);
            }
        }
        self.ship_proxy(id, wanted, context);
        self.seen.shipping = self.outputs.values().any(|output| *output != Output::Shipped);
    }

    /// The same of its proxy, from when a container has started until all have ended.
    fn ship_proxy(&mut self, id: &TaskId, wanted: Option<&TaskSpec>, context: &mut Context) {
        let Some((task, connect)) = wanted.and_then(|task| Some((task, task.connect.as_ref()?))) else { return };
        let Some(log) = &connect.log else { return };
        let seen = || task.containers.iter().map(|container| self.seen.containers.get(&container.name));
        if !self.outputs.contains_key(&connect.container) && !seen().flatten().any(ContainerSeen::started) {
            return;
        }
        let is_over = seen().all(|is| is.is_some_and(|is| is.end().is_some()));
        let output = self.outputs.entry(connect.container.clone()).or_insert_with(|| {
            context.streams.follow_proxy(id, &connect.container, log);
            Output::Open
        });
        if *output == Output::Open && is_over {
            *output = Output::Ending;
            context.streams.end(id, &connect.container);
        }
    }

    /// Whether a shim was ever made for it here.
    pub(super) fn has_sandbox(&self) -> bool {
        self.seen.sandbox != reconcile::Sandbox::Absent
    }

    /// Whether it has its network and its control group.
    pub(super) fn is_placed(&self) -> bool {
        self.seen.network == reconcile::Network::Ready && self.seen.sandbox == reconcile::Sandbox::Running
    }

    /// Begins an action. Returns whether what is known has changed by that alone, so that there may be more to do at once.
    pub(super) fn act(
        &mut self,
        id: &TaskId,
        wanted: Option<&TaskSpec>,
        spec: &HostSpec,
        action: Action,
        now: Millis,
        context: &mut Context,
    ) -> bool {
        match action {
            Action::BeginStop(failure) => {
                self.seen.stopping_at = Some(now);
                self.seen.failure = failure;
                self.cancel.cancel();
                return true;
            }
            Action::GiveUp(name, reason) => {
                let end = End { finished_at: Some(now), reason, ..End::default() };
                self.seen.containers.entry(name).or_default().process = Process::Ended(end);
                return true;
            }
            Action::Remove => self.remove(id, now, context),
            Action::CreateSandbox => self.create(id, wanted, spec, context),
            Action::Initialise => self.initialise(id, wanted, spec, context),
            Action::Pull(name) => self.pull(id, wanted, spec, name, now, context),
            Action::Start(name) => self.start(id, wanted, spec, name, context),
            Action::Check(name) => self.check(id, wanted, name, context),
            Action::Measure => self.measure(id, context),
            Action::Stop(name) => return self.signal(&name, now, false),
            Action::Kill(name) => return self.signal(&name, now, true),
        }
        false
    }

    fn create(&mut self, id: &TaskId, wanted: Option<&TaskSpec>, spec: &HostSpec, context: &mut Context) {
        let Some(wanted) = wanted.filter(|_| !self.creating) else { return };
        self.creating = true;
        let (config, task, wanted) = (context.config.clone(), id.clone(), wanted.clone());
        let vpc = spec.topology.vpcs.get(&wanted.vpc).cloned();
        let region = spec.topology.region.clone();
        let create = move || effects::create(&config, &task, &wanted, vpc.as_ref(), &region);
        context.jobs.start(Kind::Launch, id, create);
    }

    fn initialise(&mut self, id: &TaskId, wanted: Option<&TaskSpec>, spec: &HostSpec, context: &mut Context) {
        let Some(task) = wanted.cloned() else { return };
        self.seen.resources = reconcile::Resources::Coming;
        let (config, region) = (context.config.clone(), spec.topology.region.clone());
        let (dialer, credentials) = (context.dialers.of(id, &task, spec), context.credentials.clone());
        let (of, cancelled) = (id.clone(), self.cancel.token());
        let work = move || effects::initialise(&config, &cancelled, dialer, &credentials, region, &of, &task);
        context.jobs.start(Kind::Pull, id, work);
    }

    fn pull(
        &mut self,
        id: &TaskId,
        wanted: Option<&TaskSpec>,
        spec: &HostSpec,
        name: String,
        now: Millis,
        context: &mut Context,
    ) {
        let Some((task, container)) = wanted.and_then(|t| t.containers.iter().find(|c| c.name == name).map(|c| (t, c)))
        else {
            return;
        };
        self.seen.pull_started_at.get_or_insert(now);
        self.seen.containers.entry(name).or_default().pulling = true;
        let (config, store) = (context.config.clone(), context.images.clone());
        let (dialer, cancelled) = (context.dialers.of(id, task, spec), self.cancel.token());
        let login = self.resources.login(container);
        let (task, container) = (task.clone(), container.clone());
        let pull = move || effects::pull(&config, &store, cancelled, dialer, login, &task, &container);
        context.jobs.start(Kind::Pull, id, pull);
    }

    fn start(&mut self, id: &TaskId, wanted: Option<&TaskSpec>, spec: &HostSpec, name: String, context: &mut Context) {
        let container = wanted.and_then(|t| t.containers.iter().find(|c| c.name == name)).cloned();
        let (Some(wanted), Some(container), Some(sandbox), Some(image)) =
            (wanted.cloned(), container, self.sandbox.clone(), self.images.get(&name).cloned())
        else {
            return;
        };
        self.seen.containers.entry(name).or_default().starting = true;
        let files = context.config.files_dir(id);
        let (authority, secrets) = (spec.authority.clone(), self.resources.environment(&container.name));
        context.jobs.start(Kind::Launch, id, move || {
            effects::start(&sandbox, &wanted, &container, &image, &files, &authority, secrets)
        });
    }

    fn check(&mut self, id: &TaskId, wanted: Option<&TaskSpec>, name: String, context: &mut Context) {
        let check =
            wanted.and_then(|t| t.containers.iter().find(|c| c.name == name)).and_then(|c| c.health_check.clone());
        let (Some(check), Some(sandbox)) = (check, self.sandbox.clone()) else { return };
        self.seen.containers.entry(name.clone()).or_default().checking = true;
        context.jobs.start(Kind::Check, id, move || effects::check(&sandbox, name, check));
    }

    fn measure(&mut self, id: &TaskId, context: &mut Context) {
        let Some(sandbox) = self.sandbox.clone() else { return };
        self.seen.measuring = true;
        let files = context.config.files_dir(id);
        let measure =
            move || Outcome::Measured(sandbox.usage().ok().map(|bytes| bytes.saturating_add(files::written(&files))));
        context.jobs.start(Kind::Check, id, measure);
    }

    /// A signal is quick, so it needs no job. One that can't be sent finds a container that has just ended.
    fn signal(&mut self, name: &str, now: Millis, kill: bool) -> bool {
        let is = self.seen.containers.entry(name.to_owned()).or_default();
        let signal = if kill { signal::KILL } else { is.stop_signal.unwrap_or(signal::TERM) };
        (is.killed, is.stop_sent_at) = (kill, is.stop_sent_at.or(Some(now)));
        if let Some(sandbox) = &self.sandbox {
            let _ = sandbox.signal(name, signal);
        }
        true
    }

    /// When to look at it again though nothing happens.
    pub(super) fn hold_until(&self) -> Option<Millis> {
        self.hold_until
    }

    fn remove(&mut self, id: &TaskId, now: Millis, context: &mut Context) {
        if self.removing || self.removed || self.creating || self.hold_until.is_some_and(|until| now < until) {
            return;
        }
        // It is withdrawn once its output was shipped, unless all of a region or host is.
        if self.outputs.values().any(|output| *output != Output::Shipped) {
            crate::complain(format_args!(
                "task {id} was withdrawn before all its output was shipped; the rest is lost"
            ));
        }
        context.streams.forget(id);
        self.outputs.clear();
        (self.hold_until, self.removing, self.sandbox) = (None, true, None);
        self.cancel.cancel();
        let (config, id) = (context.config.clone(), id.clone());
        context.jobs.start(Kind::Launch, &id.clone(), move || effects::remove(&config, &id));
    }

    /// Takes note that no more of a container's output will be shipped.
    pub(super) fn shipped(&mut self, container: &str) {
        self.outputs.entry(container.to_owned()).and_modify(|output| *output = Output::Shipped);
    }

    /// Takes in what a job came to.
    pub(super) fn done(&mut self, id: &TaskId, spec: Option<&TaskSpec>, outcome: Outcome, context: &Context) {
        match outcome {
            Outcome::Created(made) => {
                self.creating = false;
                match made {
                    Ok(sandbox) => {
                        self.seen.sandbox = reconcile::Sandbox::Running;
                        self.sandbox = Some(Arc::new(sandbox));
                        self.watch(id, context);
                    }
                    Err(why) => self.seen.failure = Some(why),
                }
            }
            Outcome::Initialised(Ok(resources)) => {
                self.resources = resources;
                self.seen.resources = reconcile::Resources::Ready;
            }
            // One that stops is not stopped by this.
            Outcome::Initialised(Err(_)) if self.seen.stopping_at.is_some() => {}
            Outcome::Initialised(Err(why)) => self.seen.failure = Some(why),
            Outcome::Pulled(name, pulled, at) => self.pulled(name, pulled, at),
            Outcome::Started(name, started) => self.started(name, started),
            Outcome::Already(name) => {
                self.seen.containers.entry(name).or_default().adopted = true;
                if let Some(report) = self.sandbox.as_ref().and_then(|sandbox| sandbox.state().ok()) {
                    self.observe(id, Some(report), &context.config);
                }
            }
            Outcome::Checked(name, check, passed) => {
                if let Some(is) = self.seen.containers.get_mut(&name) {
                    reconcile::checked(is, &check, passed, clock::now());
                }
            }
            Outcome::Measured(bytes) => match (spec, bytes) {
                (Some(spec), Some(bytes)) => reconcile::measured(spec, &mut self.seen, bytes, clock::now()),
                _ => (self.seen.measuring, self.seen.measured_at) = (false, Some(clock::now())),
            },
            Outcome::Lost => self.lost(),
            Outcome::Removed(Ok(())) => self.removed = true,
            Outcome::Removed(Err(why)) => {
                crate::complain(format_args!("removing task {id}: {why}"));
                self.removing = false;
                self.hold_until = Some(clock::now() + AGAIN);
            }
        }
    }

    /// A job of the task broke off. The task fails by name rather than wait for ever.
    fn lost(&mut self) {
        (self.creating, self.removing, self.seen.measuring) = (false, false, false);
        self.hold_until = Some(clock::now() + AGAIN);
        for is in self.seen.containers.values_mut() {
            (is.pulling, is.starting, is.checking) = (false, false, false);
        }
        self.seen.failure.get_or_insert_with(|| "AgentError: a step of the task broke off unexpectedly".to_owned());
    }

    fn pulled(&mut self, name: String, pulled: Result<store::Image, String>, at: Millis) {
        let is = self.seen.containers.entry(name.clone()).or_default();
        is.pulling = false;
        self.seen.pull_stopped_at = self.seen.pull_stopped_at.max(Some(at));
        match pulled {
            Ok(image) => {
                is.stop_signal = signal::parse(&image.config.stop_signal);
                is.image = Image::Ready { digest: image.manifest_digest.to_string() };
                self.images.insert(name, Arc::new(image));
            }
            Err(reason) if is.process == Process::Absent => {
                is.process = Process::Ended(End { finished_at: Some(at), reason: Some(reason), ..End::default() });
            }
            Err(_) => {}
        }
    }

    fn started(&mut self, name: String, started: Result<containers::Started, effects::Refused>) {
        let is = self.seen.containers.entry(name).or_default();
        is.starting = false;
        match started {
            // Its shim may have told of its end before.
            Ok(started) if is.process == Process::Absent => is.process = Process::Running { started_at: started.at },
            Ok(_) => {}
            Err(refused) => {
                let end = End {
                    started_at: None,
                    finished_at: Some(clock::now()),
                    exit_code: refused.exit_code,
                    reason: Some(refused.reason),
                };
                is.process = Process::Ended(end);
            }
        }
    }

    /// Takes in what a shim says of its containers; `None` when the shim is gone, and with it every container.
    pub(super) fn observe(&mut self, id: &TaskId, report: Option<Report>, config: &Config) {
        let Some(report) = report else { return self.lose(id, config) };
        // What the agent before this one was starting is not listed any more once the shim has given it up.
        for (name, is) in &mut self.seen.containers {
            is.starting &= !is.adopted || report.containers.contains_key(name);
        }
        report.containers.into_iter().for_each(|(name, state)| self.observe_one(name, state));
    }

    fn observe_one(&mut self, name: String, state: ContainerState) {
        let is = self.seen.containers.entry(name).or_default();
        match state {
            ContainerState::Created => {
                // Unless this agent starts it, the one before did.
                is.adopted |= !is.starting;
                is.starting = true;
            }
            ContainerState::Running(started) => {
                (is.starting, is.process) = (false, Process::Running { started_at: started.at })
            }
            ContainerState::Exited(exit) => (is.starting, is.process) = (false, Process::Ended(ended(exit))),
        }
    }

    /// A shim that died took its containers with it; how they ended is in the task's directory.
    fn lose(&mut self, id: &TaskId, config: &Config) {
        self.sandbox = None;
        if self.removing || self.removed {
            return;
        }
        self.seen.sandbox = reconcile::Sandbox::Gone;
        if let Ok(Adopted::Gone { containers }) = Sandbox::adopt(&config.task_dir(id)) {
            containers.into_iter().for_each(|(name, state)| self.observe_one(name, state));
        }
    }
}

/// Holds what the containers of a shim use, also one that it was told to start and does not list yet. Where that is not known (an older
/// agent did not keep it), every layer there is may be it.
fn in_use(report: Option<&Report>, files: &Path, images: &Arc<store::Store>) -> io::Result<Vec<store::Hold>> {
    let Some(report) = report else { return Ok(vec![images.hold_all()?]) };
    let mut used = files::images(files);
    for (name, state) in &report.containers {
        match state {
            ContainerState::Exited(_) => drop(used.remove(name)),
            ContainerState::Created | ContainerState::Running(_) => drop(used.entry(name.clone()).or_default()),
        }
    }
    used.into_values()
        .map(|digests| digests.map_or_else(|| images.hold_all(), |known| Ok(images.hold(known))))
        .collect()
}

fn ended(exit: Exit) -> End {
    let oom = exit.oom.then(|| "OutOfMemoryError: Container killed due to memory usage".to_owned());
    End {
        started_at: exit.started_at,
        finished_at: Some(exit.finished_at),
        exit_code: Some(exit.code),
        reason: oom.or(exit.reason),
    }
}
