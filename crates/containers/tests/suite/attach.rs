//! Commands that their caller speaks with, through pipes or a terminal.

use super::fixture::{PATIENCE, Task, soft_limit_of_files_holds};
use containers::{Attached, ContainerConfig, Error, Exec, RuntimeKind, StartErrorKind, Streams, WindowSize};
use rustix::termios::{Winsize, tcsetwinsize};
use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

const SIZE: WindowSize = WindowSize { rows: 40, columns: 120 };

fn command(argv: &[&str]) -> Exec {
    Exec { argv: argv.iter().map(ToString::to_string).collect(), ..Exec::default() }
}

fn shell(script: &str) -> Exec {
    command(&["/bin/sh", "-c", script])
}

struct Pipes {
    stdin: File,
    stdout: File,
    stderr: File,
}

fn pipes(task: &Task, exec: &Exec) -> (Attached, Pipes) {
    match task.sandbox().attach("main", exec, None).unwrap() {
        (attached, Streams::Pipes { stdin, stdout, stderr }) => {
            (attached, Pipes { stdin: stdin.into(), stdout: stdout.into(), stderr: stderr.into() })
        }
        other => panic!("{other:?}"),
    }
}

fn terminal(task: &Task, exec: &Exec) -> (Attached, OwnedFd) {
    match task.sandbox().attach("main", exec, Some(SIZE)).unwrap() {
        (attached, Streams::Terminal(master)) => (attached, master),
        other => panic!("{other:?}"),
    }
}

fn code(attached: &mut Attached) -> i32 {
    attached.ended(Some(PATIENCE)).unwrap().expect("the command has not ended in time").code
}

fn rest(mut from: File) -> String {
    let mut text = String::new();
    from.read_to_string(&mut text).unwrap();
    text
}

/// What a command writes to a terminal until its end, which is read as an error.
fn screen(from: &OwnedFd) -> String {
    let (mut text, mut buffer) = (Vec::new(), [0; 4096]);
    while let Ok(count @ 1..) = rustix::io::read(from, &mut buffer) {
        text.extend_from_slice(&buffer[..count]);
    }
    String::from_utf8(text).unwrap()
}

/// Reads from a terminal until that is in what was read.
#[track_caller]
fn until(from: &OwnedFd, wanted: &str) -> String {
    let (mut text, mut buffer) = (String::new(), [0; 4096]);
    while !text.contains(wanted) {
        let count = match rustix::io::read(from, &mut buffer) {
            Ok(count) => count,
            Err(errno) => panic!("{errno} behind {text:?}"),
        };
        text += std::str::from_utf8(&buffer[..count]).unwrap();
    }
    text
}

/// Runs a command to its end and returns what it wrote to standard output.
fn output(task: &Task, exec: &Exec) -> String {
    let (mut attached, pipes) = pipes(task, exec);
    drop(pipes.stdin);
    let (text, errors) = (rest(pipes.stdout), rest(pipes.stderr));
    assert_eq!((code(&mut attached), errors.as_str()), (0, ""), "{text}");
    text
}

/// Waits until no process of the container has that in its command line.
fn gone(task: &Task, wanted: &str) {
    let end = Instant::now() + PATIENCE;
    let runs = || {
        let lines = task.sandbox().pids("main").into_iter();
        lines
            .filter_map(|pid| std::fs::read(format!("/proc/{pid}/cmdline")).ok())
            .any(|line| String::from_utf8_lossy(&line).replace('\0', " ").contains(wanted))
    };
    while runs() {
        assert!(Instant::now() < end, "{wanted:?} goes on");
        std::thread::sleep(Duration::from_millis(1));
    }
}

pub fn streams_are_apart_and_come_to_their_end(runtime: RuntimeKind) {
    let task = Task::new(runtime);
    task.sandbox().start(&task.service("main")).unwrap();
    let (mut attached, mut pipes) = pipes(&task, &shell("echo first >&2; cat; echo last >&2; exit 3"));
    pipes.stdin.write_all(b"in\0and out").unwrap();
    let mut first = [0; 10];
    pipes.stdout.read_exact(&mut first).unwrap();
    assert_eq!(&first, b"in\0and out", "before the input's end");
    assert_eq!(attached.ended(Some(Duration::ZERO)).unwrap(), None);
    drop(pipes.stdin);
    assert_eq!((rest(pipes.stdout).as_str(), rest(pipes.stderr).as_str()), ("", "first\nlast\n"));
    assert_eq!(code(&mut attached), 3);
}

pub fn exit_codes_are_the_commands(runtime: RuntimeKind) {
    let task = Task::new(runtime);
    task.sandbox().start(&task.service("main")).unwrap();
    for (script, wanted) in [("true", 0), ("exit 42", 42), ("kill -TERM $$", 143), ("kill -KILL $$", 137)] {
        assert_eq!(code(&mut pipes(&task, &shell(script)).0), wanted, "{script}");
    }
    let kind = |argv: &[&str]| match task.sandbox().attach("main", &command(argv), None) {
        Err(Error::Start(error)) => (error.kind, error.kind.exit_code()),
        other => panic!("{other:?}"),
    };
    assert_eq!(kind(&["nothing"]), (StartErrorKind::CommandNotFound, 127));
    assert_eq!(kind(&["/no/thing"]), (StartErrorKind::CommandNotFound, 127));
    assert_eq!(kind(&["/etc/passwd"]), (StartErrorKind::NotExecutable, 126));
    let other = task.sandbox().attach("other", &shell("true"), None);
    assert!(matches!(other, Err(Error::NotRunning(name)) if name == "other"));
}

fn without_soft_limit(limits: &str) -> String {
    let line = |line: &str| match line.strip_prefix("Max open files") {
        Some(rest) => format!("Max open files {}", rest.split_whitespace().skip(1).collect::<Vec<_>>().join(" ")),
        None => line.to_owned(),
    };
    limits.lines().map(line).collect::<Vec<_>>().join("\n")
}

/// Whatever process 1 of a container has, a command in it has: no more, no less.
pub fn a_command_is_what_its_container_is(runtime: RuntimeKind) {
    for (user, own) in [("", "0"), ("1000:1001", "1000")] {
        let task = Task::new(runtime);
        let mut config = task.service("main");
        config.user = user.into();
        config.cwd = "/srv".into();
        config.env = [("SECRET".to_owned(), "from the region".to_owned())].into();
        (config.add_capabilities, config.drop_capabilities) = (vec!["SYS_PTRACE".into()], vec!["MKNOD".into()]);
        config.rlimits = vec![containers::Rlimit { name: "nofile".into(), soft: 100, hard: 200 }];
        task.sandbox().start(&config).unwrap();
        let of = |process: &str| {
            let file = |name: &str| format!("/proc/{process}/{name}");
            let environment = output(&task, &command(&["/bin/cat", &file("environ")]));
            let mut environment: Vec<String> = environment.split('\0').map(str::to_owned).collect();
            environment.sort_unstable();
            let rights = "^(Uid|Gid|Groups|Cap|NoNewPrivs|Seccomp|Umask)";
            let status = output(&task, &command(&["/bin/grep", "-E", rights, &file("status")]));
            let limits =
                output(&task, &command(&["/bin/cat", &file("limits"), &file("cgroup"), &file("oom_score_adj")]));
            let limits = if soft_limit_of_files_holds(runtime) { limits } else { without_soft_limit(&limits) };
            let links = ["mnt", "pid", "net", "ipc", "uts", "cgroup", "user"].map(|kind| format!("ns/{kind}"));
            let links = links.iter().map(String::as_str).chain(["root", "cwd"]);
            let links: String = links.map(|link| output(&task, &command(&["/bin/readlink", &file(link)]))).collect();
            (environment, status, limits, links)
        };
        let (container, beside) = (of("1"), of("self"));
        assert_eq!(container, beside);
        assert!(beside.0.contains(&"SECRET=from the region".to_owned()));
        assert!(beside.1.contains(&format!("Uid:\t{own}\t{own}\t{own}\t{own}")), "{}", beside.1);
        assert!(beside.2.lines().any(|line| line.starts_with("Max open files") && line.contains("200")));
    }
}

pub fn another_user_has_no_more_than_the_container(runtime: RuntimeKind) {
    let task = Task::new(runtime);
    let config =
        ContainerConfig { drop_capabilities: vec!["ALL".into()], user: "1000:1001".into(), ..task.service("main") };
    task.sandbox().start(&config).unwrap();
    let exec = |user: &str| Exec {
        user: Some(user.into()),
        ..command(&["/bin/grep", "-E", "^(Uid|CapEff|CapBnd)", "/proc/self/status"])
    };
    let root = "Uid:\t0\t0\t0\t0\nCapEff:\t0000000000000000\nCapBnd:\t0000000000000000\n";
    assert_eq!(output(&task, &exec("0:0")), root);
    assert_eq!(output(&task, &exec("4242:4242")), root.replace("\t0\t0\t0\t0", "\t4242\t4242\t4242\t4242"));
}

pub fn nothing_of_the_host_is_open_in_a_command(runtime: RuntimeKind) {
    let task = Task::new(runtime);
    task.sandbox().start(&task.service("main")).unwrap();
    let open = output(&task, &shell("for f in /proc/self/fd/*; do readlink $f; done | sed 's/[0-9]*//g' | sort -u"));
    assert_eq!(open, "pipe:[]\n", "and the descriptor of the loop itself is gone");
    let cwd = output(&task, &shell("ls -d /proc/self/cwd/../../../../../../bin/busybox && pwd"));
    assert_eq!(cwd, "/proc/self/cwd/../../../../../../bin/busybox\n/\n");
}

/// With everything it has started, but for what made itself independent of it.
pub fn a_command_ends_with_its_caller(runtime: RuntimeKind) {
    let task = Task::new(runtime);
    task.sandbox().start(&task.service("main")).unwrap();
    let (attached, mut pipes) =
        pipes(&task, &shell("sleep 4001 & (sleep 4002 &); echo started; trap '' TERM HUP; exec sleep 4003"));
    pipes.stdout.read_exact(&mut [0; 8]).unwrap();
    drop(attached);
    for sleep in ["sleep 4001", "sleep 4002", "sleep 4003"] {
        gone(&task, sleep);
    }
    assert_eq!(task.sh("main", "echo alive").output, b"alive\n", "its container goes on");
}

pub fn a_command_ends_with_its_container(runtime: RuntimeKind) {
    let task = Task::new(runtime);
    task.sandbox().start(&task.service("main")).unwrap();
    let (mut attached, mut pipes) = pipes(&task, &shell("trap '' TERM; echo started; sleep 1000"));
    pipes.stdout.read_exact(&mut [0; 8]).unwrap();
    task.sandbox().signal("main", 9).unwrap();
    assert_eq!(code(&mut attached), 137);
    assert_eq!(rest(pipes.stdout), "");
}

/// A caller that does not read stops its command, and nothing else.
pub fn a_slow_reader_stops_only_its_command(runtime: RuntimeKind) {
    let task = Task::new(runtime);
    task.sandbox().start(&task.service("main")).unwrap();
    let (mut attached, pipes) = pipes(&task, &shell("head -c 1000000 /dev/zero | tr '\\0' x"));
    assert_eq!(task.sh("main", "echo alive").output, b"alive\n");
    assert_eq!(attached.ended(Some(Duration::from_millis(50))).unwrap(), None);
    assert_eq!(rest(pipes.stdout).len(), 1_000_000);
    assert_eq!(code(&mut attached), 0);
}

/// The agent that began the task is gone.
pub fn a_task_is_opened_by_others(runtime: RuntimeKind) {
    let mut task = Task::new(runtime);
    task.sandbox().start(&task.service("main")).unwrap();
    task.forget();
    let other = containers::Sandbox::open(&task.dir).unwrap().unwrap();
    let (mut attached, _streams) = other.attach("main", &shell("exit 5"), None).unwrap();
    assert_eq!(code(&mut attached), 5);
    assert!(containers::Sandbox::open(&task.dir.join("none")).unwrap().is_none());
}

pub fn a_terminal_is_the_containers(runtime: RuntimeKind) {
    for shared_pid in [false, true] {
        let task = Task::with(runtime, |spec| spec.shared_pid = shared_pid);
        let mut config = task.service("main");
        config.user = "web".into();
        task.sandbox().start(&config).unwrap();
        let script = "tty; stty size; echo $TERM; echo controls > /dev/tty; echo opens > $(tty); stat -c %U $(tty); \
                      for f in /proc/self/fd/*; do readlink $f; done | grep -v pipe | sort -u; exit 6";
        let (mut attached, master) = terminal(&task, &shell(script));
        let expected = "/dev/pts/0\r\n40 120\r\nxterm\r\ncontrols\r\nopens\r\nweb\r\n/dev/pts/0\r\n";
        assert_eq!(screen(&master), expected, "shared {shared_pid}");
        assert_eq!(code(&mut attached), 6);
    }
}

pub fn keys_and_sizes_reach_the_command(runtime: RuntimeKind) {
    let task = Task::new(runtime);
    task.sandbox().start(&task.service("main")).unwrap();
    // A terminal that sends a signal throws away what is on its way (termios(3), NOFLSH), and with it what an answer to the signal writes.
    let script = "stty noflsh; trap 'echo interrupted; exit 7' INT; trap 'stty size' WINCH; echo ready; \
                  while :; do sleep 0.02; done";
    let (mut attached, master) = terminal(&task, &shell(script));
    until(&master, "ready");
    tcsetwinsize(&master, Winsize { ws_row: 11, ws_col: 22, ws_xpixel: 0, ws_ypixel: 0 }).unwrap();
    until(&master, "11 22");
    rustix::io::write(&master, b"\x03").unwrap();
    until(&master, "interrupted");
    assert_eq!(code(&mut attached), 7);
}

/// Ctrl-Z stops a job of an interactive shell, Ctrl-D ends the shell.
pub fn jobs_are_controlled(runtime: RuntimeKind) {
    let task = Task::new(runtime);
    task.sandbox().start(&task.service("main")).unwrap();
    let (mut attached, master) = terminal(&task, &command(&["/bin/sh", "-i"]));
    let keys = |keys: &[u8]| assert_eq!(rustix::io::write(&master, keys).unwrap(), keys.len());
    let screen = until(&master, "# ");
    assert!(!screen.contains("job control"), "{screen}");
    keys(b"echo run''ning; sleep 4004\n");
    until(&master, "running\r\n");
    let job = || {
        let line = |pid: &u32| std::fs::read_to_string(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        let pid = task.sandbox().pids("main").into_iter().find(|pid| line(pid).contains("4004"))?;
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        // State, process group, foreground group of the terminal (proc_pid_stat(5)).
        let fields: Vec<String> = stat.rsplit_once(") ")?.1.split(' ').map(str::to_owned).collect();
        Some((fields[0].clone(), fields[2] == fields[5]))
    };
    let becomes = |wanted: &dyn Fn(&str, bool) -> bool| {
        let end = Instant::now() + PATIENCE;
        while !job().is_some_and(|(state, foreground)| wanted(&state, foreground)) {
            assert!(Instant::now() < end, "{:?}", job());
            std::thread::sleep(Duration::from_millis(1));
        }
    };
    becomes(&|_, foreground| foreground);
    keys(b"\x1a");
    becomes(&|state, _| state == "T");
    until(&master, "# ");
    keys(b"fg\n");
    becomes(&|state, foreground| foreground && state == "S");
    keys(b"\x03");
    until(&master, "# ");
    keys(b"exit 9\n");
    assert_eq!(code(&mut attached), 9);
}

/// With the jobs of its shell, in the foreground and in the background.
pub fn a_terminals_command_ends_with_its_caller(runtime: RuntimeKind) {
    let task = Task::new(runtime);
    task.sandbox().start(&task.service("main")).unwrap();
    let (attached, master) = terminal(&task, &command(&["/bin/sh", "-i"]));
    until(&master, "# ");
    rustix::io::write(&master, b"sleep 4005 & sh -c \"trap '' HUP; echo be''gun; sleep 4006\"\n").unwrap();
    until(&master, "begun\r\n");
    drop((attached, master));
    for part in ["sleep 4005", "sleep 4006", "/bin/sh -i"] {
        gone(&task, part);
    }
}

/// What the container has made of `/dev` changes nothing.
pub fn a_terminal_comes_from_the_kernel(runtime: RuntimeKind) {
    let task = Task::new(runtime);
    task.sandbox().start(&task.service("main")).unwrap();
    let script = "rm -rf /dev/ptmx /dev/tty /dev/console 2>/dev/null; mv /dev/pts /dev/old 2>/dev/null && echo moved; \
                  mkfifo /dev/ptmx; ln -s / /dev/pts/link 2>/dev/null && echo linked; true";
    assert_eq!(task.sh("main", script).output, b"");
    let (mut attached, master) = terminal(&task, &command(&["/bin/tty"]));
    assert_eq!((screen(&master).as_str(), code(&mut attached)), ("/dev/pts/0\r\n", 0));
}

/// A container can look into whatever it sees: no command may be seen before it has given up what the container does not have.
pub fn a_joining_command_has_no_more_rights(runtime: RuntimeKind) {
    let task = Task::new(runtime);
    let scan =
        "while [ ! -e /tmp/stop ]; do cat /proc/[0-9]*/status 2>/dev/null; done | grep CapBnd | sort -u; echo end";
    let config = ContainerConfig { add_capabilities: vec!["SYS_PTRACE".into()], ..task.script("main", scan) };
    task.sandbox().start(&config).unwrap();
    for _ in 0..100 {
        let (mut attached, _master) = terminal(&task, &command(&["/bin/true"]));
        assert_eq!(code(&mut attached), 0);
        assert_eq!(output(&task, &command(&["/bin/true"])), "");
    }
    task.sh("main", "touch /tmp/stop");
    task.wait_exit("main");
    assert_eq!(task.output("main"), "CapBnd:\t00000000a80c25fb\nend\n");
}
