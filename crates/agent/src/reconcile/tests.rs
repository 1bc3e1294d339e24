//! A task's life, driven by hand: each test plays the host and looks at what is asked of it.

use super::*;
use spec::{Condition, Dependency, Health, HealthCheck};
use vpc::{InterfaceId, VpcId};

fn container(name: &str) -> ContainerSpec {
    ContainerSpec {
        name: name.into(),
        image: "busybox".into(),
        essential: true,
        stop_timeout: 30,
        ..ContainerSpec::default()
    }
}

fn after(name: &str, on: &str, condition: Condition) -> ContainerSpec {
    ContainerSpec { depends_on: vec![Dependency { container: on.into(), condition }], ..container(name) }
}

fn task(containers: Vec<ContainerSpec>) -> TaskSpec {
    TaskSpec {
        arn: "arn:aws:ecs:us-east-1:123456789012:task/default/1".into(),
        desired: Desired::Running,
        vpc: VpcId::from("vpc-1"),
        interface: InterfaceId::from("eni-1"),
        hostname: "ip-10-0-0-4.ec2.internal".into(),
        cpu: 256,
        memory: 512 << 20,
        ephemeral_storage: 20 << 30,
        volumes: vec![],
        shared_pid_namespace: false,
        architecture: "amd64".into(),
        containers,
        metadata: Default::default(),
        insights: false,
        connect: None,
    }
}

/// A host that does at once whatever it is asked, and says what that was.
struct Play {
    spec: TaskSpec,
    seen: TaskSeen,
    now: Millis,
    done: Vec<String>,
    written: u64,
}

impl Play {
    fn new(containers: Vec<ContainerSpec>) -> Self {
        Self { spec: task(containers), seen: TaskSeen::default(), now: 0, done: vec![], written: 0 }
    }

    fn with_network(mut self) -> Self {
        self.seen.network = Network::Ready;
        self
    }

    fn is(&mut self, name: &str) -> &mut ContainerSeen {
        self.seen.containers.entry(name.into()).or_default()
    }

    fn exit(&mut self, name: &str, code: i32) {
        let started_at = self.is(name).running();
        let end = End { started_at, finished_at: Some(self.now), exit_code: Some(code), reason: None };
        self.is(name).process = Process::Ended(end);
    }

    /// Acts until there is nothing more to do at this moment; returns what was done since the last call.
    fn settle(&mut self) -> Vec<String> {
        for _ in 0..50 {
            let actions = step(Some(&self.spec), &self.seen, self.now).actions;
            if actions.is_empty() {
                break;
            }
            actions.into_iter().for_each(|action| self.act(action));
        }
        assert_eq!(step(Some(&self.spec), &self.seen, self.now).actions, [], "it settles");
        std::mem::take(&mut self.done)
    }

    fn act(&mut self, action: Action) {
        let now = self.now;
        self.done.push(match &action {
            Action::CreateSandbox => "sandbox".into(),
            Action::Initialise => "initialise".into(),
            Action::Pull(name) => format!("pull {name}"),
            Action::Start(name) => format!("start {name}"),
            Action::Stop(name) => format!("stop {name}"),
            Action::Kill(name) => format!("kill {name}"),
            Action::Check(name) => format!("check {name}"),
            Action::GiveUp(name, why) => {
                format!("give up {name}{}", why.as_deref().map(|w| format!(": {w}")).unwrap_or_default())
            }
            Action::BeginStop(why) => {
                format!("begin stop{}", why.as_deref().map(|w| format!(": {w}")).unwrap_or_default())
            }
            Action::Remove => "remove".into(),
            Action::Measure => "measure".into(),
        });
        match action {
            Action::CreateSandbox => self.seen.sandbox = Sandbox::Running,
            Action::Initialise => self.seen.resources = Resources::Ready,
            Action::Pull(name) => self.is(&name).image = Image::Ready { digest: "sha256:1".into() },
            Action::Start(name) => self.is(&name).process = Process::Running { started_at: now },
            Action::Stop(name) => self.is(&name).stop_sent_at = Some(now),
            Action::Kill(name) => self.is(&name).killed = true,
            Action::Check(name) => self.is(&name).checking = true,
            Action::GiveUp(name, reason) => {
                self.is(&name).process = Process::Ended(End { reason, finished_at: Some(now), ..End::default() });
            }
            Action::BeginStop(why) => {
                (self.seen.stopping_at, self.seen.failure) = (Some(now), why);
            }
            Action::Remove => {}
            Action::Measure => {
                self.done.pop();
                let written = self.written;
                measured(&self.spec, &mut self.seen, written, now);
            }
        }
    }
}

#[test]
fn nothing_runs_before_the_network_is_complete() {
    let mut play = Play::new(vec![container("web")]);
    assert_eq!(play.settle(), Vec::<String>::new());
    let mut play = play.with_network();
    assert_eq!(play.settle(), ["sandbox", "pull web", "start web"]);
}

#[test]
fn no_image_is_pulled_before_the_registrys_login_is_there() {
    let web = ContainerSpec { image: "123456789012.dkr.ecr.us-east-1.amazonaws.com/web".into(), ..container("web") };
    let mut play = Play::new(vec![web]).with_network();
    play.seen.resources = Resources::Coming;
    assert_eq!(play.settle(), ["sandbox"]);
    play.seen.resources = Resources::Absent;
    assert_eq!(play.settle(), ["initialise", "pull web", "start web"]);
    play.seen.resources = Resources::Absent;
    assert_eq!(play.settle(), Vec::<String>::new(), "an agent that finds it running needs none of it");
}

#[test]
fn what_is_not_in_the_spec_is_removed() {
    let seen = TaskSeen { sandbox: Sandbox::Running, ..TaskSeen::default() };
    assert_eq!(step(None, &seen, 0).actions, [Action::Remove]);
}

#[test]
fn dependencies_are_met_in_order() {
    let init = ContainerSpec { essential: false, ..container("init") };
    let mut play = Play::new(vec![after("web", "init", Condition::Success), init]).with_network();
    assert_eq!(play.settle(), ["sandbox", "pull web", "pull init", "start init"]);
    play.exit("init", 0);
    assert_eq!(play.settle(), ["start web"]);
}

#[test]
fn a_dependency_that_fails_fails_the_task() {
    let init = ContainerSpec { essential: false, ..container("init") };
    let mut play = Play::new(vec![after("web", "init", Condition::Success), init]).with_network();
    play.settle();
    play.exit("init", 3);
    let why = "TaskDependencyError: container init did not reach condition SUCCESS: it has stopped";
    assert_eq!(play.settle(), [format!("begin stop: {why}"), "give up web".into()]);
}

#[test]
fn a_dependency_is_given_up_after_its_start_timeout() {
    let db = ContainerSpec { start_timeout: Some(10), ..container("db") };
    let mut play = Play::new(vec![after("web", "db", Condition::Healthy), db]).with_network();
    play.settle();
    assert_eq!(step(Some(&play.spec), &play.seen, 9_999).wake, Some(10_000));
    play.now = 10_000;
    let why = "TaskDependencyError: container db did not reach condition HEALTHY: its start timeout has passed";
    assert_eq!(play.settle(), [format!("begin stop: {why}"), "give up web".into(), "stop db".into()]);
}

#[test]
fn health_is_found_out_by_checks() {
    let check = HealthCheck { command: vec!["true".into()], interval: 5, timeout: 2, retries: 2, start_period: 7 };
    let db = ContainerSpec { health_check: Some(check.clone()), ..container("db") };
    let mut play = Play::new(vec![after("web", "db", Condition::Healthy), db]).with_network();
    play.settle();
    let fail = |play: &mut Play, at| {
        play.now = at;
        let done = play.settle();
        checked(play.is("db"), &check, false, at);
        done
    };
    assert_eq!(fail(&mut play, 5_000), ["check db"], "in the start period, so it does not count");
    assert_eq!(fail(&mut play, 10_000), ["check db"]);
    assert_eq!(play.is("db").health, Health::Unknown);
    assert_eq!(fail(&mut play, 15_000), ["check db"]);
    assert_eq!(play.is("db").health, Health::Unhealthy);
    play.now = 20_000;
    assert_eq!(play.settle(), ["check db"]);
    checked(play.is("db"), &check, true, 20_000);
    assert_eq!(play.settle(), ["start web"]);
}

#[test]
fn the_end_of_an_essential_container_stops_the_others() {
    let side = ContainerSpec { essential: false, ..container("side") };
    let mut play = Play::new(vec![container("web"), container("api"), side]).with_network();
    play.settle();
    play.exit("side", 0);
    assert_eq!(play.settle(), Vec::<String>::new(), "one that is not essential may end");
    play.exit("web", 1);
    assert_eq!(play.settle(), ["begin stop", "stop api"]);
    play.now = 30_000;
    assert_eq!(play.settle(), ["kill api"]);
}

#[test]
fn a_container_that_cannot_start_is_why_the_task_failed() {
    let mut play = Play::new(vec![container("web"), container("api")]).with_network();
    play.settle();
    let reason = Some("CannotStartContainerError: no such file".to_owned());
    play.is("web").process =
        Process::Ended(End { reason, finished_at: Some(0), exit_code: Some(127), ..End::default() });
    assert_eq!(play.settle(), ["begin stop: CannotStartContainerError: no such file", "stop api"]);
}

#[test]
fn dependants_stop_before_what_they_depend_on() {
    let mut play = Play::new(vec![container("db"), after("web", "db", Condition::Start)]).with_network();
    assert_eq!(play.settle(), ["sandbox", "pull db", "pull web", "start db", "start web"]);
    play.spec.desired = Desired::Stopped;
    assert_eq!(play.settle(), ["begin stop", "stop web"]);
    play.exit("web", 143);
    assert_eq!(play.settle(), ["stop db"]);
}

#[test]
fn a_task_stopped_before_it_started_starts_nothing() {
    let mut play = Play::new(vec![container("web")]);
    play.spec.desired = Desired::Stopped;
    assert_eq!(play.settle(), ["begin stop", "give up web"]);
    play.seen.network = Network::Ready;
    play.spec.desired = Desired::Running;
    assert_eq!(play.settle(), Vec::<String>::new(), "a task is never started twice");
}

#[test]
fn the_death_of_the_shim_stops_the_task() {
    let mut play = Play::new(vec![container("web")]).with_network();
    play.settle();
    play.exit("web", 137);
    play.seen.sandbox = Sandbox::Gone;
    assert_eq!(play.settle(), ["begin stop"]);
    let status = status(&"t".into(), Some(&play.spec), &play.seen);
    assert_eq!(status.containers["web"].exit_code, Some(137));
}

#[test]
fn a_task_that_writes_more_than_its_storage_is_stopped() {
    let mut play = Play::new(vec![container("web")]).with_network();
    play.settle();
    play.written = (20 << 30) + 1;
    assert_eq!(play.settle(), Vec::<String>::new());
    assert_eq!(step(Some(&play.spec), &play.seen, 5_000).wake, Some(10_000));
    play.now = 10_000;
    let why = "Task ephemeral storage of 20 GiB exceeded: 21474836481 bytes are in use";
    assert_eq!(play.settle(), [format!("begin stop: {why}"), "stop web".into()]);
}

#[test]
fn output_on_its_way_is_told_of_once_nothing_runs_any_more() {
    let side = ContainerSpec { essential: false, ..container("side") };
    let mut play = Play::new(vec![container("web"), side]).with_network();
    play.settle();
    play.seen.shipping = true;
    let shipping = |play: &Play| status(&"t".into(), Some(&play.spec), &play.seen).shipping;
    play.exit("side", 0);
    assert!(!shipping(&play), "while something runs it goes without saying");
    play.exit("web", 0);
    assert!(shipping(&play));
    play.seen.shipping = false;
    assert!(!shipping(&play));
}
