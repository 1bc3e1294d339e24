//! Ways out that containers of other runtimes have found.

use super::fixture::Task;
use containers::{ContainerConfig, Error, FileMount, RuntimeKind, VolumeMount};
use std::fs;
use std::os::unix::fs::symlink;

/// The image's directory `name` is a symbolic link to another that looks harmless.
fn linked(task: &Task, name: &str) -> ContainerConfig {
    fs::remove_dir(task.layer.join(name)).unwrap();
    fs::create_dir(task.layer.join("elsewhere")).unwrap();
    symlink("/elsewhere", task.layer.join(name)).unwrap();
    task.script("main", "echo started")
}

fn refused_or_harmless(task: &Task, config: &ContainerConfig) {
    match task.sandbox().start(config) {
        Err(Error::Start(error)) => assert!(!error.message.is_empty()),
        Ok(_) => assert_eq!(task.wait_exit("main").code, 0),
        Err(other) => panic!("{other}"),
    }
    assert_eq!(fs::read_dir(task.layer.join("elsewhere")).unwrap().count(), 0);
}

/// CVE-2026-41579.
pub fn a_symlink_as_dev_is_refused(runtime: RuntimeKind) {
    let task = Task::new(runtime);
    let config = linked(&task, "dev");
    refused_or_harmless(&task, &config);
}

/// CVE-2019-16884.
pub fn a_symlink_as_proc_is_refused(runtime: RuntimeKind) {
    let task = Task::new(runtime);
    let config = linked(&task, "proc");
    refused_or_harmless(&task, &config);
}

/// Its users are looked up before the image is the root: by links of the image's, the host's could be meant.
pub fn users_are_the_images_own(runtime: RuntimeKind) {
    let task = Task::new(runtime);
    let outside = task.files().join("passwd");
    fs::write(&outside, "outsider:x:77:77::/:/bin/sh\n").unwrap();
    let passwd = task.layer.join("etc/passwd");
    fs::remove_file(&passwd).unwrap();
    symlink(&outside, &passwd).unwrap();
    let config = ContainerConfig { user: "outsider".into(), ..task.script("main", "true") };
    match task.sandbox().start(&config) {
        Err(Error::Start(error)) => assert!(error.message.contains("unable to find user outsider"), "{error}"),
        other => panic!("{other:?}"),
    }
    // A pipe that nobody writes to would be waited for.
    fs::remove_file(&passwd).unwrap();
    rustix::fs::mknodat(
        rustix::fs::CWD,
        &passwd,
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::from_raw_mode(0o644),
        0,
    )
    .unwrap();
    let piped = ContainerConfig { user: "1000:1001".into(), ..task.script("piped", "true") };
    if runtime == RuntimeKind::Runc {
        match task.sandbox().start(&piped) {
            Err(Error::Start(error)) => {
                assert_eq!(
                    error.message,
                    "an image whose /etc/passwd is no file is not supported with the runtime runc"
                );
            }
            other => panic!("{other:?}"),
        }
    } else {
        assert_eq!(task.run_as(piped).0, 0);
    }
}

/// CVE-2024-21626.
pub fn a_working_directory_through_descriptors(runtime: RuntimeKind) {
    let task = Task::new(runtime);
    for number in 3..24 {
        let mut config = task.script(
            &format!("c{number}"),
            "ls -d /proc/self/cwd/../../../../../../bin/busybox; cat ../../../../../../../etc/hostname 2>&1; true",
        );
        config.cwd = format!("/proc/self/fd/{number}");
        if let Err(error) = task.sandbox().start(&config) {
            assert!(matches!(&error, Error::Start(start) if start.message.contains("cwd")), "{error}");
        } else {
            assert_eq!(task.wait_exit(&config.name).code, 0);
            assert!(!task.output(&config.name).contains(fs::read_to_string("/etc/hostname").unwrap().trim()));
        }
    }
}

pub fn a_mount_target_stays_inside(runtime: RuntimeKind) {
    let task = Task::new(runtime);
    let outside = task.files().join("outside");
    fs::create_dir(&outside).unwrap();
    symlink(&outside, task.layer.join("absolute")).unwrap();
    symlink("../../../../../../../../../..".to_owned() + outside.to_str().unwrap(), task.layer.join("relative"))
        .unwrap();
    let file = task.files().join("file");
    fs::write(&file, "content\n").unwrap();
    let mut config = task.script("main", "cat /absolute/deep/file; touch /relative/volume/x && echo wrote");
    config.files = vec![FileMount { source: file, path: "/absolute/deep/file".into(), read_only: false }];
    config.volumes = vec![VolumeMount { volume: "data".into(), path: "/relative/volume".into(), read_only: false }];
    assert_eq!(task.run_as(config), (0, "content\nwrote\n".into()));
    assert_eq!(fs::read_dir(&outside).unwrap().count(), 0, "nothing is made on the host");
}

pub fn devices_made_inside_do_not_open(runtime: RuntimeKind) {
    let task = Task::new(runtime);
    let mut config = task.script("main", "for d in /tmp /dev /dev/shm /data; do mknod $d/disk b 254 0 && dd if=$d/disk of=/dev/null bs=1 count=1 2>/dev/null && echo read $d; done; true");
    config.volumes = vec![VolumeMount { volume: "data".into(), path: "/data".into(), read_only: false }];
    let (_, output) = task.run_as(config);
    assert!(!output.contains("read"), "{output}");
}

pub fn release_agents_are_out_of_reach(runtime: RuntimeKind) {
    let task = Task::new(runtime);
    let script = "find /sys/fs/cgroup -name release_agent | while read f; do echo /evil 2>/dev/null > $f && echo wrote; done; mkdir /tmp/c; mount -t cgroup -o memory none /tmp/c 2>/dev/null && echo mounted; true";
    assert_eq!(task.ok("main", script), "");
}

pub fn kernel_settings_are_out_of_reach(runtime: RuntimeKind) {
    let task = Task::new(runtime);
    let script = "for f in /proc/sys/kernel/core_pattern /proc/sys/vm/panic_on_oom /proc/sysrq-trigger /proc/sys/fs/binfmt_misc/register /sys/kernel/uevent_helper; do echo b 2>/dev/null > $f && echo wrote $f; done; true";
    assert_eq!(task.ok("main", script), "");
}
