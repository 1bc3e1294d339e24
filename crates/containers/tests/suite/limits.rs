//! Memory, processes, CPU and resource limits.

use super::fixture::{Task, soft_limit_of_files_holds};
use containers::{Rlimit, RuntimeKind};

pub fn too_much_memory_is_an_oom_kill(runtime: RuntimeKind) {
    let task = Task::new(runtime);
    let mut config = task.script("main", "exec tail -c 200000000 /dev/zero");
    config.memory = Some(16 << 20);
    task.sandbox().start(&config).unwrap();
    let exit = task.wait_exit("main");
    assert_eq!((exit.code, exit.oom), (137, true));
}

pub fn the_tasks_memory_limit_is_an_oom_kill(runtime: RuntimeKind) {
    let task = Task::with(runtime, |spec| spec.memory = Some(24 << 20));
    task.sandbox().start(&task.script("main", "exec tail -c 200000000 /dev/zero")).unwrap();
    let exit = task.wait_exit("main");
    assert_eq!((exit.code, exit.oom), (137, true));
    let (code, output) = task.run_as(task.script("after", "echo fine"));
    assert_eq!((code, output.as_str()), (0, "fine\n"), "the shim is outside its task's limit");
}

pub fn processes_are_limited(runtime: RuntimeKind) {
    let task = Task::with(runtime, |spec| spec.pids = Some(20));
    let (_, output) = task.run("for i in $(seq 30); do sleep 5 & done 2>&1; echo never");
    assert!(output.contains("can't fork") || output.contains("Resource temporarily unavailable"), "{output}");
}

pub fn cpu_is_throttled(runtime: RuntimeKind) {
    let task = Task::with(runtime, |spec| spec.cpu_units = 256);
    task.sandbox().start(&task.script("main", "while :; do :; done")).unwrap();
    let (before, start) = (task.sandbox().stats("main").cpu_nanos, std::time::Instant::now());
    std::thread::sleep(std::time::Duration::from_millis(1000));
    let share = (task.sandbox().stats("main").cpu_nanos - before) as f64 / start.elapsed().as_nanos() as f64;
    assert!((0.05..0.45).contains(&share), "a quarter CPU, not {share}");
}

pub fn rlimits_are_set(runtime: RuntimeKind) {
    let task = Task::new(runtime);
    let soft = soft_limit_of_files_holds(runtime);
    let mut config =
        task.script("main", if soft { "ulimit -Sn; ulimit -Hn; ulimit -Hc" } else { "ulimit -Hn; ulimit -Hc" });
    config.rlimits =
        vec![Rlimit { name: "nofile".into(), soft: 100, hard: 200 }, Rlimit { name: "core".into(), soft: 0, hard: 0 }];
    assert_eq!(task.run_as(config).1, if soft { "100\n200\n0\n" } else { "200\n0\n" });
}
