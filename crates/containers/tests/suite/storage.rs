//! Root file systems, volumes and files.

use super::fixture::Task;
use containers::{FileMount, LogSink, RuntimeKind, VolumeMount};
use std::fs;
use std::os::unix::fs::FileExt;

fn volume(name: &str, path: &str, read_only: bool) -> VolumeMount {
    VolumeMount { volume: name.into(), path: path.into(), read_only }
}

pub fn the_root_can_be_read_only(runtime: RuntimeKind) {
    let task = Task::new(runtime);
    let mut config = task.script("main", "touch /x 2>/dev/null && echo root; touch /data/x && echo volume; touch /dev/shm/x && echo shm; mount -o remount,rw / 2>/dev/null && echo remounted; true");
    config.readonly_root = true;
    config.volumes = vec![volume("data", "/data", false)];
    assert_eq!(task.run_as(config), (0, "volume\nshm\n".into()));
}

pub fn volumes_are_shared(runtime: RuntimeKind) {
    let task = Task::new(runtime);
    let mut writer = task.script("writer", "echo hello > /out/file");
    writer.volumes = vec![volume("shared", "/out", false)];
    assert_eq!(task.run_as(writer).0, 0);
    let mut reader = task.script("reader", "cat /deep/in/file; echo x 2>/dev/null > /deep/in/file || echo refused");
    reader.volumes = vec![volume("shared", "/deep/in", true)];
    assert_eq!(task.run_as(reader).1, "hello\nrefused\n");
}

pub fn an_empty_volume_gets_the_images_content(runtime: RuntimeKind) {
    let task = Task::new(runtime);
    fs::create_dir_all(task.layer.join("data/sub")).unwrap();
    fs::write(task.layer.join("data/sub/file"), "from the image\n").unwrap();
    std::os::unix::fs::chown(task.layer.join("data"), Some(1000), Some(1001)).unwrap();
    std::os::unix::fs::symlink("sub/file", task.layer.join("data/link")).unwrap();
    let mut first = task.script("first", "cat /data/link; stat -c %u:%g /data; echo changed > /data/sub/file");
    first.volumes = vec![volume("data", "/data", false)];
    assert_eq!(task.run_as(first).1, "from the image\n1000:1001\n");
    let mut second = task.script("second", "cat /data/sub/file");
    second.volumes = vec![volume("data", "/data", true)];
    assert_eq!(task.run_as(second).1, "changed\n");
}

/// A small image can be of files that are large only to look at, and of many names of one file.
pub fn an_images_content_takes_no_more_room_in_a_volume(runtime: RuntimeKind) {
    let task = Task::new(runtime);
    let data = task.layer.join("data");
    fs::create_dir(&data).unwrap();
    let sparse = fs::File::create(data.join("sparse")).unwrap();
    sparse.write_all_at(b"begin", 0).unwrap();
    sparse.write_all_at(b"end\n", 1 << 30).unwrap();
    sparse.set_len(2 << 30).unwrap();
    fs::write(data.join("one"), vec![1; 1 << 20]).unwrap();
    (0..20).for_each(|number| fs::hard_link(data.join("one"), data.join(number.to_string())).unwrap());
    let script = "head -c 5 /data/sparse; dd if=/data/sparse bs=1M skip=1024 count=1 2>/dev/null | head -n 1; stat -c '%s %h' /data/sparse /data/7; \
                  cmp /data/7 /data/one && echo same";
    let mut config = task.script("main", script);
    config.volumes = vec![volume("data", "/data", false)];
    assert_eq!(task.run_as(config).1, "beginend\n2147483648 1\n1048576 21\nsame\n");
    let used = task.sandbox().usage().unwrap();
    assert!(used < 2 << 20, "{used}");
}

pub fn files_are_bound(runtime: RuntimeKind) {
    let task = Task::new(runtime);
    let hosts = task.files().join("hosts");
    fs::write(&hosts, "127.0.0.1 localhost\n").unwrap();
    let mut config = task.script("main", "cat /etc/hosts; echo 10.0.0.9 other >> /etc/hosts; cat /etc/new/place");
    let file = |path: &str, read_only| FileMount { source: hosts.clone(), path: path.into(), read_only };
    config.files = vec![file("/etc/hosts", false), file("/etc/new/place", true)];
    assert_eq!(task.run_as(config).1, "127.0.0.1 localhost\n127.0.0.1 localhost\n10.0.0.9 other\n");
}

pub fn layers_are_never_written(runtime: RuntimeKind) {
    let task = Task::new(runtime);
    task.ok("main", "echo x > /etc/passwd; rm -rf /srv; touch /new");
    assert!(fs::read_to_string(task.layer.join("etc/passwd")).unwrap().starts_with("root"));
    assert!(task.layer.join("srv").exists() && !task.layer.join("new").exists());
}

pub fn many_layers(runtime: RuntimeKind) {
    let task = Task::new(runtime);
    let mut config = task.script("main", "cat /top; ls /each | wc -l");
    for number in 0..120 {
        let layer = task.files().join(format!("a-rather-long-name-as-digests-are-{number:064}"));
        fs::create_dir_all(layer.join("each")).unwrap();
        fs::write(layer.join("top"), format!("{number}\n")).unwrap();
        fs::write(layer.join("each").join(number.to_string()), "").unwrap();
        config.layers.push(layer);
    }
    assert_eq!(task.run_as(config).1, "119\n120\n");
}

pub fn usage_counts_what_is_written(runtime: RuntimeKind) {
    let task = Task::new(runtime);
    let before = task.sandbox().usage().unwrap();
    let mut config = task.script(
        "main",
        "dd if=/dev/zero of=/big bs=1M count=3 2>/dev/null; dd if=/dev/zero of=/data/big bs=1M count=2 2>/dev/null; \
         dd if=/dev/zero bs=1M count=4 2>/dev/null",
    );
    config.volumes = vec![volume("data", "/data", false)];
    // Nobody ships what it says.
    config.log = LogSink::File { max_bytes: 1 << 40, non_blocking: true };
    assert_eq!(task.run_as(config).0, 0);
    let written = task.sandbox().usage().unwrap() - before;
    assert!((9 << 20..10 << 20).contains(&written), "{written}");
}
