//! Containers' output.

use super::fixture::Task;
use containers::log::{Mark, Stream};
use containers::{LogSink, RuntimeKind};

pub fn lines_keep_their_order_and_stream(runtime: RuntimeKind) {
    let task = Task::new(runtime);
    task.run("echo one; echo two; echo error >&2; printf 'no newline'");
    let lines = task.sandbox().log("main", Mark::default()).lines(usize::MAX).unwrap();
    let of = |stream| {
        lines
            .iter()
            .filter(|line| line.stream == stream)
            .map(|line| String::from_utf8(line.bytes.clone()).unwrap())
            .collect::<Vec<_>>()
    };
    assert_eq!(of(Stream::Out), ["one", "two", "no newline"]);
    assert_eq!(of(Stream::Err), ["error"]);
    assert!(lines.iter().all(|line| line.time > 1_600_000_000_000));
    let last = lines.last().unwrap().mark;
    assert!(task.sandbox().log("main", last).lines(usize::MAX).unwrap().is_empty());
}

pub fn a_full_log_stops_a_blocking_container(runtime: RuntimeKind) {
    let task = Task::new(runtime);
    let mut config = task.script(
        "main",
        "i=0; while [ $i -lt 20000 ]; do echo line $i of something long enough to fill the log soon; i=$((i+1)); done",
    );
    config.log = LogSink::File { max_bytes: 200_000, non_blocking: false };
    task.sandbox().start(&config).unwrap();
    let mut reader = task.sandbox().log("main", Mark::default());
    let (mut expected, end) = (0, std::time::Instant::now() + super::fixture::PATIENCE);
    while expected < 20_000 {
        let lines = reader.lines(64 << 10).unwrap();
        for line in &lines {
            assert_eq!(
                String::from_utf8_lossy(&line.bytes),
                format!("line {expected} of something long enough to fill the log soon")
            );
            expected += 1;
        }
        if let Some(line) = lines.last() {
            assert!(task.sandbox().usage().unwrap() < 1 << 20);
            task.sandbox().acknowledge_log("main", line.mark.from).unwrap();
        }
        assert!(std::time::Instant::now() < end, "stuck at line {expected}");
    }
    assert_eq!(task.wait_exit("main").code, 0);
    let kept = std::fs::read_dir(task.dir.join("containers/main/log"))
        .unwrap()
        .map(|entry| entry.unwrap().metadata().unwrap().len())
        .sum::<u64>();
    assert!(kept < 400_000, "{kept} bytes are kept");
}

pub fn a_full_log_drops_lines_when_non_blocking(runtime: RuntimeKind) {
    let task = Task::new(runtime);
    let mut config = task.script(
        "main",
        "i=0; while [ $i -lt 5000 ]; do echo line $i of something long enough to fill the log soon; i=$((i+1)); done",
    );
    config.log = LogSink::File { max_bytes: 100_000, non_blocking: true };
    task.sandbox().start(&config).unwrap();
    assert_eq!(task.wait_exit("main").code, 0);
    let kept = task.sandbox().log("main", Mark::default()).lines(usize::MAX).unwrap().len() as u64;
    let dropped = task.sandbox().state().unwrap().dropped_lines["main"];
    assert_eq!(kept + dropped, 5000);
    assert!(kept > 1000 && dropped > 1000, "{kept} kept");
}
