//! Containers that mean harm to their host, their shim or those who look after them.

use super::fixture::{PATIENCE, Task};
use containers::log::Mark;
use containers::{ContainerConfig, Exec, LogSink, RuntimeKind, VolumeMount};
use rustix::process::Signal;
use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::symlink;
use std::process::{Child, Command, Stdio};

fn tracer(task: &Task, name: &str, script: &str) -> ContainerConfig {
    ContainerConfig { add_capabilities: vec!["SYS_PTRACE".into()], ..task.script(name, script) }
}

/// Its output never ends, for what it left behind goes on writing.
pub fn a_command_that_floods_comes_to_its_end(runtime: RuntimeKind) {
    let task = Task::new(runtime);
    task.sandbox().start(&task.service("main")).unwrap();
    let result = task.sh("main", "yes & sleep 0.2; exit 4");
    assert_eq!((result.code, result.output.len()), (4, 65536));
    assert!(task.sandbox().state().is_ok());
}

/// Another container holds the end of its pipe, and writes.
pub fn an_ended_containers_output_may_go_on(runtime: RuntimeKind) {
    let task = Task::with(runtime, |spec| spec.shared_pid = true);
    let mut one = task.script("one", "echo ready; while [ ! -e /tmp/go ]; do sleep 0.05; done; exit 6");
    one.log = LogSink::File { max_bytes: 100_000, non_blocking: true };
    task.sandbox().start(&one).unwrap();
    task.wait_line("one", "ready");
    let flood = "p=$(ps -o pid,args | grep tmp/g[o] | head -n 1 | awk '{print $1}'); exec 3>/proc/$p/fd/1; echo found; exec yes >&3";
    task.sandbox().start(&tracer(&task, "two", flood)).unwrap();
    task.wait_line("two", "found");
    assert_eq!(task.sh("one", "touch /tmp/go").code, 0);
    assert_eq!(task.wait_exit("one").code, 6);
}

/// CAP_SYS_PTRACE reaches every process a container can see, so none may have more rights than the container.
pub fn nothing_visible_has_more_rights(runtime: RuntimeKind) {
    let task = Task::new(runtime);
    let scan =
        "while [ ! -e /tmp/stop ]; do cat /proc/[0-9]*/status 2>/dev/null; done | grep CapBnd | sort -u; echo end";
    task.sandbox().start(&tracer(&task, "main", scan)).unwrap();
    let exec = Exec { argv: vec!["/bin/true".into()], timeout_ms: 20_000, ..Exec::default() };
    for _ in 0..150 {
        assert_eq!(task.sandbox().exec("main", &exec).unwrap().code, 0);
    }
    task.sh("main", "touch /tmp/stop");
    task.wait_exit("main");
    assert_eq!(task.output("main"), "CapBnd:\t00000000a80c25fb\nend\n");
}

/// The same where containers see each other, and the process that holds them together.
pub fn nothing_shared_has_more_rights(runtime: RuntimeKind) {
    let task = Task::with(runtime, |spec| spec.shared_pid = true);
    let scan = "cat /proc/1/status | grep CapPrm; ls /proc/1/root/ /proc/1/cwd/ /proc/1/fd/ | grep -v :; echo ready; \
                while [ ! -e /tmp/stop ]; do cat /proc/[0-9]*/status 2>/dev/null; done | grep CapBnd | sort -u; echo end";
    task.sandbox().start(&tracer(&task, "main", scan)).unwrap();
    task.wait_line("main", "ready");
    for number in 0..30 {
        assert_eq!(task.run_as(tracer(&task, &format!("c{number}"), "true")).0, 0);
    }
    task.sh("main", "touch /tmp/stop");
    task.wait_exit("main");
    let output = task.output("main").lines().filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n");
    assert_eq!(output, "CapPrm:\t0000000000000000\nready\nCapBnd:\t0000000000000000\nCapBnd:\t00000000a80c25fb\nend");
}

/// Standard error has an unfinished line while standard output fills the log.
pub fn an_unfinished_line_does_not_hold_up_the_rest(runtime: RuntimeKind) {
    for non_blocking in [false, true] {
        let task = Task::new(runtime);
        let script = "printf waiting >&2; i=0; while [ $i -lt 5000 ]; do echo line $i of something long; i=$((i+1)); done; while :; do echo last; sleep 0.1; done";
        assert!(ship(&task, script, non_blocking).contains("\nlast\n"), "non-blocking {non_blocking}");
    }
}

/// One line is longer than the log.
pub fn a_line_longer_than_the_log_passes(runtime: RuntimeKind) {
    let task = Task::new(runtime);
    let output = ship(&task, "head -c 1000000 /dev/zero | tr '\\0' x; echo; echo last", false);
    assert_eq!(output.replace('\n', ""), "x".repeat(1_000_000) + "last");
}

/// Runs a script as a log service would have it: what is shipped is acknowledged.
fn ship(task: &Task, script: &str, non_blocking: bool) -> String {
    let mut config = task.script("main", script);
    config.log = LogSink::File { max_bytes: 50_000, non_blocking };
    task.sandbox().start(&config).unwrap();
    let (mut reader, mut output) = (task.sandbox().log("main", Mark::default()), String::new());
    let end = std::time::Instant::now() + PATIENCE;
    while !output.ends_with("last\n") {
        let lines = reader.lines(64 << 10).unwrap();
        lines.iter().for_each(|line| output += &(String::from_utf8_lossy(&line.bytes).into_owned() + "\n"));
        if let Some(line) = lines.last() {
            task.sandbox().acknowledge_log("main", line.mark.from).unwrap();
        }
        assert!(std::time::Instant::now() < end, "stuck after {} bytes", output.len());
    }
    output
}

/// Deeper than a path can name, deeper than descriptors reach.
pub fn a_deep_tree_is_counted_and_removed(runtime: RuntimeKind) {
    let task = Task::new(runtime);
    let deep = "cd /data; p=$(for i in $(seq 1000); do printf d/; done); mkdir top; dd if=/dev/zero of=top/big bs=1M count=4 2>/dev/null; \
                for i in $(seq 8); do mkdir -p new/$p && mv top new/$p && mv new top || exit 1; done; echo made";
    let mut config = task.script("main", deep);
    config.volumes = vec![VolumeMount { volume: "data".into(), path: "/data".into(), read_only: false }];
    assert_eq!(task.run_as(config), (0, "made\n".into()));
    assert!(task.sandbox().usage().unwrap() > 4 << 20);
    // It is removed when the task is dropped, which tests look at.
}

/// The image turns where something is mounted into a way elsewhere.
pub fn mount_points_through_the_images_links(runtime: RuntimeKind) {
    let ways = [
        "/",
        "/proc",
        "/proc/1/root",
        "/proc/self/fd",
        "/proc/sys/kernel",
        "/dev",
        "/sys/fs/cgroup",
        "/..",
        "../../../../..",
        "loop",
    ];
    for way in ways {
        let task = Task::new(runtime);
        symlink("loop", task.layer.join("loop")).unwrap();
        symlink(way, task.layer.join("mnt")).unwrap();
        let mut config = task.script("main", "/bin/cat /proc/self/mountinfo /mnt/etc/hostname; for f in /proc/sys/kernel/core_pattern /proc/sysrq-trigger /mnt/core_pattern; do echo h 2>/dev/null > $f && echo wrote $f; done");
        config.volumes = vec![VolumeMount { volume: "data".into(), path: "/mnt".into(), read_only: false }];
        let before = fs::read_to_string("/proc/sys/kernel/core_pattern").unwrap();
        if task.sandbox().start(&config).is_ok() {
            task.wait_exit("main");
            let output = task.output("main");
            let host = task.files().to_str().unwrap();
            let seen: Vec<&str> =
                output.lines().filter(|line| line.contains(host) && !line.contains("/volumes/data ")).collect();
            assert!(seen.is_empty(), "{way}: {seen:?}");
            assert!(!output.contains("wrote /proc/sysrq"), "{way}: {output}");
        }
        assert_eq!(fs::read_to_string("/proc/sys/kernel/core_pattern").unwrap(), before, "{way}");
    }
}

/// `/etc` or the files bound there lead elsewhere.
pub fn files_are_bound_whatever_etc_is(runtime: RuntimeKind) {
    for (link, target) in [
        ("etc", "/"),
        ("etc", "/proc/sys/kernel"),
        ("etc/resolv.conf", "/run/nowhere/file"),
        ("etc/resolv.conf", "/proc/sysrq-trigger"),
        ("etc/resolv.conf", "../../../../../proc/self/fd/3"),
    ] {
        let task = Task::new(runtime);
        if link == "etc" {
            fs::remove_dir_all(task.layer.join("etc")).unwrap();
        }
        symlink(target, task.layer.join(link)).unwrap();
        let source = task.files().join("resolv.conf");
        fs::write(&source, "nameserver 10.0.0.2\n").unwrap();
        let mut config =
            task.script("main", "cat /etc/resolv.conf; echo h 2>/dev/null > /proc/sysrq-trigger && echo wrote; true");
        config.files =
            vec![containers::FileMount { source: source.clone(), path: "/etc/resolv.conf".into(), read_only: true }];
        match task.sandbox().start(&config) {
            Ok(_) => {
                task.wait_exit("main");
                assert!(!task.output("main").contains("wrote"), "{link} -> {target}");
            }
            Err(containers::Error::Start(error)) => assert!(error.message.contains("/etc/resolv.conf"), "{error}"),
            Err(other) => panic!("{other}"),
        }
        assert_eq!(fs::read_to_string(&source).unwrap(), "nameserver 10.0.0.2\n");
    }
}

/// The environment of the shim and of other containers is nobody else's to see.
pub fn no_environment_leaks(runtime: RuntimeKind) {
    let task = Task::new(runtime);
    let mut other = task.service("other");
    other.env = [("SECRET".to_owned(), "of-another-container".to_owned())].into();
    task.sandbox().start(&other).unwrap();
    let mut config = task.script("main", "echo ready; exec sleep 1000");
    config.init = runtime == RuntimeKind::Native;
    task.sandbox().start(&config).unwrap();
    let result = task.sh("main", "cat /proc/[0-9]*/environ /proc/1/cmdline | tr '\\0' '\\n' | grep -v '^CARGO_PKG'");
    let seen = String::from_utf8(result.output).unwrap();
    assert!(
        !seen.contains("of-another") && !seen.contains("CARGO") && !seen.contains(task.files().to_str().unwrap()),
        "{seen}"
    );
}

/// What is in a container's environment is in its processes' memory, and in no file of the host's: neither once it runs, nor once a
/// command has run in it.
pub fn no_environment_is_on_disk(runtime: RuntimeKind) {
    const SECRET: &str = "of-nobodys-business";
    let task = Task::new(runtime);
    let mut config = task.service("main");
    config.env = [("SECRET".to_owned(), SECRET.to_owned())].into();
    task.sandbox().start(&config).unwrap();
    assert_eq!(files_with(task.files(), SECRET), Vec::<std::path::PathBuf>::new());
    let result = task.sh("main", "echo $SECRET");
    assert_eq!((result.code, result.output), (0, format!("{SECRET}\n").into_bytes()));
    assert_eq!(files_with(task.files(), SECRET), Vec::<std::path::PathBuf>::new());
}

/// The files below a directory that a text is in.
fn files_with(dir: &std::path::Path, text: &str) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).unwrap().map(Result::unwrap) {
        let (path, kind) = (entry.path(), entry.file_type().unwrap());
        if kind.is_dir() {
            found.extend(files_with(&path, text));
        } else if kind.is_file() && String::from_utf8_lossy(&fs::read(&path).unwrap()).contains(text) {
            found.push(path);
        }
    }
    found
}

/// System calls that have led out of containers, by their exit code or what they say.
pub fn dangerous_calls_are_refused(runtime: RuntimeKind) {
    let task = Task::new(runtime);
    let script = "mount -o bind / /tmp && echo bind; umount /proc && echo umount; unshare -U true && echo userns; unshare -n true && echo netns; \
                  nsenter -t 1 -m true && echo setns; swapoff -a && echo swap; hostname evil && echo hostname; mount -o remount,rw /sys && echo remount; \
                  insmod /bin/busybox && echo module; reboot -f && echo reboot; mknod /tmp/mem c 1 1 && head -c 1 /tmp/mem && echo mem; \
                  pivot_root /tmp /tmp && echo pivot; losetup /dev/loop0 /bin/busybox && echo loop; true";
    let output = task.ok("main", &format!("({script}) 2>/dev/null"));
    assert_eq!(output, "");
}

/// Whatever its first process does to signals, it ends.
pub fn nothing_survives_removal(runtime: RuntimeKind) {
    let task = Task::new(runtime);
    let script = "trap '' TERM INT HUP; for i in 1 2 3; do setsid sleep 9999 & done; (while :; do sleep 0.01 & done) 2>/dev/null & echo ready; exec sleep 9999";
    task.sandbox().start(&task.script("main", script)).unwrap();
    task.wait_line("main", "ready");
    task.sandbox().signal("main", 19).unwrap();
    task.sandbox().signal("main", 9).unwrap();
    assert_eq!(task.wait_exit("main").code, 137);
    task.sandbox().start(&task.script("again", script)).unwrap();
    task.wait_line("again", "ready");
    // Dropping the task removes it while its processes fork, and looks for what is left.
}

/// Dying takes CPU time too: thousands of processes that share a small limit would take minutes.
pub fn the_dying_are_not_throttled(runtime: RuntimeKind) {
    let task = Task::with(runtime, |spec| spec.cpu_units = 256);
    let pid = task.sandbox().start(&task.script("main", "exec sleep 1000")).unwrap().pid;
    task.sandbox().start(&task.script("other", "exec sleep 1000")).unwrap();
    // A process in the container whose parent, outside, does not take notice of its end keeps the container from ending.
    let mut nsenter = Command::new("nsenter");
    nsenter.args(["-t", &pid.to_string(), "-p", "sh", "-c", "echo up; exec sleep 1000"]).stdout(Stdio::piped());
    let mut parent = Ended(nsenter.spawn().expect("nsenter (util-linux) is needed"));
    let mut line = String::new();
    BufReader::new(parent.0.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let signal = |signal| rustix::process::kill_process(rustix::process::Pid::from_child(&parent.0), signal).unwrap();
    signal(Signal::STOP);
    assert_eq!(cpu_limit(&task), Some(25_000));
    task.sandbox().signal("main", 9).unwrap();
    assert_eq!(cpu_limit(&task), None);
    signal(Signal::CONT);
    assert_eq!(task.wait_exit("main").code, 137);
    assert_eq!(cpu_limit(&task), Some(25_000));
}

/// A process that ends with its test.
struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Microseconds in each period of a tenth of a second.
fn cpu_limit(task: &Task) -> Option<u64> {
    let group = format!("neargate-tests/containers/{}", task.spec.id);
    let files = [format!("/sys/fs/cgroup/cpu/{group}/cpu.cfs_quota_us"), format!("/sys/fs/cgroup/{group}/cpu.max")];
    let text = files.iter().find_map(|file| fs::read_to_string(file).ok()).unwrap();
    text.split_whitespace().next().unwrap().parse().ok()
}
