//! What a container sees of the world.

use super::fixture::Task;
use containers::RuntimeKind;
use std::fs;

fn namespaces(process: &str) -> Vec<(&'static str, String)> {
    let kinds = ["pid", "mnt", "ipc", "uts", "cgroup", "net"];
    kinds
        .map(|kind| (kind, fs::read_link(format!("/proc/{process}/ns/{kind}")).unwrap().to_string_lossy().into_owned()))
        .to_vec()
}

pub fn own_namespaces(runtime: RuntimeKind) {
    let task = Task::new(runtime);
    let (one, two) = (task.service("one"), task.service("two"));
    let pids = [task.sandbox().start(&one).unwrap().pid, task.sandbox().start(&two).unwrap().pid];
    let (host, [first, second]) = (namespaces("self"), pids.map(|pid| namespaces(&pid.to_string())));
    for index in 0..host.len() {
        let (kind, ours) = &host[index];
        assert_ne!(&first[index].1, ours, "{kind} is the host's");
        assert_eq!(first[index].1 == second[index].1, *kind == "net", "{kind}");
    }
    assert_eq!(task.sh("one", "hostname; ps -o args | grep -c '^sleep 1000'").output, b"ip-10-0-0-5\n1\n");
}

pub fn a_task_can_share_its_processes(runtime: RuntimeKind) {
    let task = Task::with(runtime, |spec| spec.shared_pid = true);
    task.sandbox().start(&task.service("one")).unwrap();
    task.sandbox().start(&task.script("two", "exec sleep 4321")).unwrap();
    let seen = String::from_utf8(task.sh("one", "ps -o pid,args").output).unwrap();
    assert!(seen.contains("sleep 4321"), "{seen}");
    task.sandbox().signal("two", 15).unwrap();
    assert_eq!(task.wait_exit("two").code, 143);
    assert_eq!(task.sh("one", "echo alive").output, b"alive\n");
}

pub fn shares_the_tasks_network(runtime: RuntimeKind) {
    let task = Task::new(runtime);
    task.sandbox()
        .start(
            &task.script("server", "echo hello > /tmp/index.html; echo ready; exec httpd -f -p 127.0.0.1:8080 -h /tmp"),
        )
        .unwrap();
    task.wait_line("server", "ready");
    let page = task.ok(
        "client",
        "for i in 1 2 3 4 5 6 7 8 9; do wget -q -O - http://127.0.0.1:8080/ && exit; sleep 0.1; done; exit 1",
    );
    assert_eq!(page.lines().last(), Some("hello"));
    assert!(!task.ok("links", "ls /sys/class/net").contains("eth"));
}

fn status(task: &Task, config: containers::ContainerConfig, key: &str) -> String {
    let (_, output) = task.run_as(config);
    output
        .lines()
        .find_map(|line| line.strip_prefix(key))
        .unwrap_or_else(|| panic!("{key} in {output}"))
        .trim()
        .to_owned()
}

pub fn capabilities_are_exactly_the_default_set(runtime: RuntimeKind) {
    let task = Task::new(runtime);
    for (index, (key, root, user)) in [
        ("CapPrm:", "00000000a80425fb", 0),
        ("CapEff:", "00000000a80425fb", 0),
        ("CapBnd:", "00000000a80425fb", 0xa804_25fb_u64),
    ]
    .into_iter()
    .enumerate()
    {
        let as_root = task.script(&format!("root{index}"), "cat /proc/self/status");
        assert_eq!(status(&task, as_root, key), root, "{key} of root");
        let mut as_user = task.script(&format!("user{index}"), "cat /proc/self/status");
        as_user.user = "web".into();
        assert_eq!(status(&task, as_user, key), format!("{user:016x}"), "{key} of a user");
    }
    assert_eq!(status(&task, task.script("ambient", "cat /proc/self/status"), "CapAmb:"), "0000000000000000");
}

pub fn capabilities_follow_the_lists(runtime: RuntimeKind) {
    let task = Task::new(runtime);
    let mut config = task.script("lists", "cat /proc/self/status");
    (config.add_capabilities, config.drop_capabilities) =
        (vec!["SYS_PTRACE".into()], vec!["MKNOD".into(), "NET_RAW".into()]);
    assert_eq!(status(&task, config, "CapEff:"), "00000000a00c05fb");
    let mut config = task.script("none", "cat /proc/self/status");
    config.drop_capabilities = vec!["ALL".into()];
    assert_eq!(status(&task, config, "CapBnd:"), "0000000000000000");
}

pub fn seccomp_denies_what_docker_denies(runtime: RuntimeKind) {
    let task = Task::new(runtime);
    assert_eq!(status(&task, task.script("mode", "cat /proc/self/status"), "Seccomp:"), "2");
    let script = "unshare --user true && echo namespaces; mount -t tmpfs none /tmp && echo mounts; dmesg && echo syslog; chroot / true && echo chroot";
    assert_eq!(
        task.ok("denied", script)
            .lines()
            .filter(|line| !line.contains("not permitted") && !line.contains("denied"))
            .collect::<Vec<_>>(),
        ["chroot"]
    );
}

pub fn no_new_privileges(runtime: RuntimeKind) {
    let task = Task::new(runtime);
    assert_eq!(status(&task, task.script("privileges", "cat /proc/self/status"), "NoNewPrivs:"), "1");
}

pub fn paths_are_masked(runtime: RuntimeKind) {
    let task = Task::new(runtime);
    let output = task.ok("masked", "cat /proc/kcore /proc/keys /proc/timer_list 2>/dev/null | wc -c; ls /sys/firmware /proc/acpi 2>/dev/null | grep -v : | wc -w");
    assert_eq!(output, "0\n0\n");
    let output = task.ok("read-only", "for f in /proc/sys/kernel/domainname /proc/sysrq-trigger /proc/irq/default_smp_affinity /sys/kernel/mm/transparent_hugepage/enabled; do echo x 2>/dev/null > $f && echo wrote $f; done; true");
    assert!(!output.contains("wrote"), "{output}");
}

pub fn devices_are_dockers(runtime: RuntimeKind) {
    let task = Task::new(runtime);
    let output = task.ok("devices", "echo gone > /dev/null; head -c 4 /dev/zero | wc -c; head -c 8 /dev/urandom | wc -c; echo x > /dev/full || echo full; echo shared > /dev/shm/x; cat /dev/shm/x; ls /dev/pts/ptmx /dev/mqueue -d; readlink /dev/stdout");
    let lines: Vec<&str> = output.lines().filter(|line| !line.contains("No space")).collect();
    assert_eq!(lines, ["4", "8", "full", "shared", "/dev/mqueue", "/dev/pts/ptmx", "/proc/self/fd/1"]);
}

pub fn no_descriptor_leaks(runtime: RuntimeKind) {
    let task = Task::new(runtime);
    let config = task.script("first", "echo ready; exec sleep 1000");
    let pid = task.sandbox().start(&config).unwrap().pid;
    task.wait_line("first", "ready");
    let open: Vec<_> =
        fs::read_dir(format!("/proc/{pid}/fd")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(open.len(), 3, "{open:?}");
    assert_eq!(task.sh("first", "ls /proc/self/fd | wc -l").output, b"4\n", "three and the directory being listed");
}

pub fn the_hosts_mounts_are_invisible(runtime: RuntimeKind) {
    let task = Task::new(runtime);
    let mounts = task.ok("mounts", "cat /proc/self/mountinfo");
    assert!(!mounts.contains(task.files().to_str().unwrap()), "{mounts}");
    assert_eq!(mounts.lines().filter(|line| line.split(' ').nth(4) == Some("/")).count(), 1);
}

pub fn control_groups_are_read_only(runtime: RuntimeKind) {
    let task = Task::new(runtime);
    let output = task.ok("groups", "find /sys/fs/cgroup -name cgroup.procs | wc -l; find /sys/fs/cgroup -name cgroup.procs | while read f; do echo 0 2>/dev/null > $f && echo wrote; done; mkdir /sys/fs/cgroup/memory/x 2>/dev/null && echo made; true");
    let mut lines = output.lines();
    assert_ne!(lines.next(), Some("0"));
    assert!(!output.contains("wrote") && !output.contains("made"), "{output}");
}

pub fn user_is_switched(runtime: RuntimeKind) {
    let task = Task::new(runtime);
    let ids = |name: &str, user: &str| {
        let mut config =
            task.script(name, "echo $(id -u) $(id -g) $(id -G) $HOME; touch /etc/mine 2>/dev/null && echo wrote");
        config.user = user.into();
        task.run_as(config).1
    };
    assert_eq!(ids("by-name", "web"), "1000 1001 1001 50 /srv\n");
    assert_eq!(ids("by-id", "1000:50"), "1000 50 50 /srv\n");
    assert_eq!(ids("unlisted", "4242:4343"), "4242 4343 4343 /\n");
}

/// As images do that write their logs to `/dev/stdout`, whoever they run as.
pub fn standard_streams_open_by_their_names(runtime: RuntimeKind) {
    let task = Task::new(runtime);
    let mut config = task.script("main", "echo out > /dev/stdout; echo err > /dev/stderr");
    config.user = "web".into();
    let (code, output) = task.run_as(config);
    assert_eq!((code, output.replace("err\n", "").as_str()), (0, "out\n"), "{output}");
}
