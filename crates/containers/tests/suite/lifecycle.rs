//! From start to removal.

use super::fixture::{PATIENCE, Task};
use containers::{Adopted, ContainerState, Exec, RuntimeKind, Sandbox, ShimCommand};
use std::fs;
use std::time::{Duration, Instant};

const SIGTERM: i32 = 15;
const SIGKILL: i32 = 9;

pub fn environment_has_dockers_defaults(runtime: RuntimeKind) {
    let task = Task::new(runtime);
    let mut config = task.script("env", "echo $PATH; echo $HOME; echo $HOSTNAME; echo $GIVEN; pwd; umask");
    config.env = [("GIVEN".to_owned(), "a b=c".to_owned())].into();
    config.cwd = "/made/for/me".into();
    let expected =
        "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\n/root\nip-10-0-0-5\na b=c\n/made/for/me\n0022\n";
    assert_eq!(task.run_as(config).1, expected);
}

pub fn exit_codes_are_reported(runtime: RuntimeKind) {
    let task = Task::new(runtime);
    assert_eq!(task.run_as(task.script("seven", "exit 7")).0, 7);
    let exit = task.wait_exit("seven");
    assert!(exit.started_at.unwrap() <= exit.finished_at && !exit.oom && exit.reason.is_none(), "{exit:?}");
}

pub fn signals_reach_the_first_process(runtime: RuntimeKind) {
    let task = Task::new(runtime);
    task.sandbox().start(&task.service("main")).unwrap();
    task.wait_line("main", "ready");
    task.sandbox().signal("main", SIGTERM).unwrap();
    assert_eq!(task.wait_exit("main").code, 143);
    assert!(task.sandbox().signal("main", SIGTERM).is_err(), "an ended container takes no signals");
}

pub fn a_killed_container_is_137(runtime: RuntimeKind) {
    let task = Task::new(runtime);
    task.sandbox().start(&task.script("main", "echo ready; exec sleep 1000")).unwrap();
    task.sandbox().signal("main", SIGKILL).unwrap();
    let exit = task.wait_exit("main");
    assert_eq!((exit.code, exit.oom), (137, false));
}

pub fn commands_run_inside(runtime: RuntimeKind) {
    let task = Task::new(runtime);
    let mut config = task.service("main");
    config.env = [("COLOUR".to_owned(), "blue".to_owned())].into();
    task.sandbox().start(&config).unwrap();
    let result = task
        .sh("main", "echo $COLOUR; hostname; echo oops >&2; grep -E 'Seccomp:|CapEff|NoNew' /proc/self/status; exit 3");
    let expected = "blue\nip-10-0-0-5\noops\nCapEff:\t00000000a80425fb\nNoNewPrivs:\t1\nSeccomp:\t2\n";
    assert_eq!((result.code, String::from_utf8(result.output).unwrap().as_str()), (3, expected));
    let missing = Exec { argv: vec!["nothing".into()], ..Exec::default() };
    assert!(task.sandbox().exec("main", &missing).is_err());
}

pub fn commands_run_as_named_users(runtime: RuntimeKind) {
    let task = Task::new(runtime);
    task.sandbox().start(&task.service("main")).unwrap();
    let exec = Exec {
        argv: vec!["/bin/id".into(), "-u".into()],
        user: Some("web".into()),
        output_limit: 100,
        ..Exec::default()
    };
    assert_eq!(task.sandbox().exec("main", &exec).unwrap().output, b"1000\n");
}

pub fn commands_time_out(runtime: RuntimeKind) {
    let task = Task::new(runtime);
    task.sandbox().start(&task.service("main")).unwrap();
    let argv = ["/bin/sh", "-c", "echo started; exec sleep 777"].map(str::to_owned).to_vec();
    let exec = Exec { argv, timeout_ms: 300, output_limit: 100, ..Exec::default() };
    let result = task.sandbox().exec("main", &exec).unwrap();
    assert_eq!((result.code, result.timed_out, result.output.as_slice()), (137, true, b"started\n".as_slice()));
    assert_eq!(task.sh("main", "ps -o args | grep -c '^sleep 777'").output, b"0\n");
}

pub fn commands_do_not_block_other_calls(runtime: RuntimeKind) {
    let task = Task::new(runtime);
    task.sandbox().start(&task.service("main")).unwrap();
    std::thread::scope(|scope| {
        let slow = scope.spawn(|| task.sh("main", "while [ ! -e /tmp/go ]; do sleep 0.05; done; echo went"));
        task.sandbox().start(&task.service("other")).unwrap();
        assert_eq!(task.sh("main", "touch /tmp/go").code, 0);
        assert_eq!(slow.join().unwrap().output, b"went\n");
    });
}

pub fn init_reaps_and_forwards(runtime: RuntimeKind) {
    let task = Task::new(runtime);
    let mut config =
        task.script("main", "trap 'echo caught; exit 9' TERM; (sleep 0.1 &); echo ready; while :; do sleep 0.05; done");
    config.init = true;
    task.sandbox().start(&config).unwrap();
    task.wait_line("main", "ready");
    let zombies = "for i in $(seq 100); do ps -o pid,stat,args | grep -q 'sleep 0.1' || break; sleep 0.05; done; ps -o stat | grep -c Z";
    assert_eq!(task.sh("main", zombies).output, b"0\n");
    task.sandbox().signal("main", SIGTERM).unwrap();
    assert_eq!((task.wait_exit("main").code, task.output("main").as_str()), (9, "ready\ncaught\n"));
}

pub fn the_init_process_is_not_writable(runtime: RuntimeKind) {
    let task = Task::new(runtime);
    let mut config = task.service("main");
    config.init = true;
    let started = task.sandbox().start(&config).unwrap();
    task.wait_line("main", "ready");
    assert_ne!(task.sh("main", "echo x >> /proc/1/exe").code, 0);
    // While it runs the kernel refuses writing anyway; afterwards it is the read-only mount that does.
    for pid in [started.pid, task.sandbox().shim_pid()] {
        let mount = rustix::fs::statvfs(format!("/proc/{pid}/exe")).unwrap();
        assert!(mount.f_flag.contains(rustix::fs::StatVfsMountFlags::RDONLY), "process {pid}");
    }
}

pub fn terminals_and_standard_input(runtime: RuntimeKind) {
    let task = Task::new(runtime);
    let mut closed = task.script("closed", "cat; echo end");
    closed.terminal = false;
    assert_eq!(task.run_as(closed), (0, "end\n".into()));
    let mut open = task.script("open", "echo ready; cat; echo end");
    open.interactive = true;
    task.sandbox().start(&open).unwrap();
    task.wait_line("open", "ready");
    assert!(matches!(task.sandbox().state().unwrap().containers["open"], ContainerState::Running(_)));
    let mut terminal =
        task.script("terminal", "tty; test -t 1 && echo terminal; echo $TERM; test -c /dev/console && echo console");
    terminal.terminal = true;
    assert_eq!(task.run_as(terminal), (0, "/dev/pts/0\r\nterminal\r\nxterm\r\nconsole\r\n".into()));
}

pub fn sysctls_are_set(runtime: RuntimeKind) {
    let task = Task::new(runtime);
    let mut config = task.script("main", "cat /proc/sys/net/core/somaxconn");
    config.sysctls = [("net.core.somaxconn".to_owned(), "1234".to_owned())].into();
    assert_eq!(task.run_as(config).1, "1234\n");
    let mut config = task.script("host", "true");
    config.sysctls = [("kernel.core_pattern".to_owned(), "|/evil".to_owned())].into();
    assert!(task.sandbox().start(&config).is_err());
}

/// The caller is another process, which is killed; this one adopts its task.
pub fn survives_its_callers_death(runtime: RuntimeKind) {
    if let Ok(dir) = std::env::var("CREATE_AND_DIE") {
        return create_and_die(runtime, &dir);
    }
    let mut task = Task::without_shim(runtime, |_| {});
    fs::write(task.files().join("spec.json"), serde_json::to_vec(&task.spec).unwrap()).unwrap();
    let config = task.script("main", "echo ready; while [ ! -e /tmp/go ]; do sleep 0.05; done; exit 42");
    fs::write(task.files().join("config.json"), serde_json::to_vec(&config).unwrap()).unwrap();
    let status = again("CREATE_AND_DIE", task.files());
    assert!(!status.success(), "the caller was killed");
    task.adopt();
    assert!(matches!(task.sandbox().state().unwrap().containers["main"], ContainerState::Running(_)));
    // The command may be ended by the end it brings about.
    task.sh("main", "touch /tmp/go");
    assert_eq!(task.wait_exit("main").code, 42);
    task.forget();
    task.adopt();
    assert_eq!(task.wait_exit("main").code, 42);
    assert_eq!(task.output("main"), "ready\n");
}

fn create_and_die(_: RuntimeKind, dir: &str) {
    let dir = std::path::Path::new(dir);
    let spec = serde_json::from_slice(&fs::read(dir.join("spec.json")).unwrap()).unwrap();
    let config = serde_json::from_slice(&fs::read(dir.join("config.json")).unwrap()).unwrap();
    let sandbox = Sandbox::create(&dir.join("task"), &spec, super::fixture::shim()).unwrap();
    sandbox.start(&config).unwrap();
    die();
}

/// The caller is killed while the shim is still on its way; this one takes the task over, and finds one shim, not none.
pub fn a_shim_in_the_making_is_adopted(runtime: RuntimeKind) {
    let Some(mut task) = begun_and_left(runtime) else { return };
    task.adopt();
    assert_eq!(task.run_as(task.script("main", "exit 3")).0, 3);
}

/// The same, but the task is not wanted any more: nobody turns up later where it was.
pub fn a_shim_in_the_making_is_removed(runtime: RuntimeKind) {
    let Some(task) = begun_and_left(runtime) else { return };
    containers::remove(&task.dir).unwrap();
    assert!(!task.dir.exists());
    std::thread::sleep(SLOW * 2);
    assert!(!task.dir.exists());
}

/// How long the shim of a task that is [`begun_and_left`] takes to begin.
const SLOW: Duration = Duration::from_millis(300);

/// A task whose caller, another process, died while its shim was being started. `None` in that process's test.
fn begun_and_left(runtime: RuntimeKind) -> Option<Task> {
    if let Ok(dir) = std::env::var("BEGIN_AND_DIE") {
        begin_and_die(std::path::Path::new(&dir));
        return None;
    }
    let task = Task::without_shim(runtime, |_| {});
    fs::write(task.files().join("spec.json"), serde_json::to_vec(&task.spec).unwrap()).unwrap();
    let status = again("BEGIN_AND_DIE", task.files());
    assert!(!status.success(), "the caller was killed");
    assert!(task.dir.join("task.json").exists() && !task.dir.join("shim.json").exists(), "it was killed in between");
    Some(task)
}

fn begin_and_die(dir: &std::path::Path) {
    let spec = serde_json::from_slice(&fs::read(dir.join("spec.json")).unwrap()).unwrap();
    let real = super::fixture::shim().program.display();
    let begun = dir.join("begun");
    let slowly = format!(": > {}; sleep {}; exec {real} \"$@\"", begun.display(), SLOW.as_secs_f64());
    let shim = ShimCommand::new("/bin/sh", ["-c", &slowly, "shim"]);
    let task = dir.join("task");
    std::thread::scope(|scope| {
        scope.spawn(|| Sandbox::create(&task, &spec, &shim));
        while !begun.exists() {
            std::thread::sleep(Duration::from_millis(1));
        }
        die();
    });
}

/// Runs the calling test in another process, with a variable set to a directory.
fn again(variable: &str, dir: &std::path::Path) -> std::process::ExitStatus {
    let name = std::thread::current().name().unwrap().to_owned();
    let mut caller = std::process::Command::new(std::env::current_exe().unwrap());
    caller.args(["--exact", &name, "--nocapture"]).env(variable, dir).stdout(std::process::Stdio::null());
    caller.status().unwrap()
}

fn die() {
    rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL).unwrap();
}

pub fn dies_with_its_shim(runtime: RuntimeKind) {
    let task = Task::new(runtime);
    let started = task.sandbox().start(&task.service("main")).unwrap();
    let (code, _) = task.run_as(task.script("ended", "exit 5"));
    assert_eq!(code, 5);
    let mut events = task.sandbox().events().unwrap();
    events.next(Some(PATIENCE)).unwrap();
    let shim = rustix::process::Pid::from_raw(task.sandbox().shim_pid() as i32).unwrap();
    rustix::process::kill_process(shim, rustix::process::Signal::KILL).unwrap();
    assert!(matches!(events.next(Some(PATIENCE)), Err(containers::Error::Gone)));
    let end = Instant::now() + PATIENCE;
    while fs::exists(format!("/proc/{}", started.pid)).unwrap() {
        assert!(Instant::now() < end, "the container outlives its shim");
        std::thread::sleep(Duration::from_millis(1));
    }
    let Adopted::Gone { containers } = Sandbox::adopt(&task.dir).unwrap() else { panic!("the shim was killed") };
    let exit = |name: &str| match &containers[name] {
        ContainerState::Exited(exit) => exit.clone(),
        other => panic!("{other:?}"),
    };
    assert_eq!((exit("ended").code, exit("ended").reason), (5, None));
    assert_eq!((exit("main").code, exit("main").started_at), (137, Some(started.at)));
    assert!(exit("main").reason.unwrap().contains("shim"));
}

pub fn removing_twice_is_fine(runtime: RuntimeKind) {
    let task = Task::new(runtime);
    task.sandbox().start(&task.service("main")).unwrap();
    containers::remove(&task.dir).unwrap();
    containers::remove(&task.dir).unwrap();
    assert!(matches!(Sandbox::adopt(&task.dir).unwrap(), Adopted::Gone { containers } if containers.is_empty()));
}
