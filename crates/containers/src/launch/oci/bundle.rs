//! A container as the OCI runtime specification's `config.json`.

use super::super::Launch;
use crate::error::{StartError, StartErrorKind};
use crate::process::caps::Capabilities;
use crate::process::user::User;
use crate::process::{Process, seccomp};
use crate::rootfs::{MASKED, READ_ONLY_PATHS, sysctl_file};
use serde_json::{Value, json};

/// Which rights new files of a container don't have, as Docker has it.
pub(super) const UMASK: u32 = 0o022;

/// The whole configuration.
pub(super) fn config(launch: &Launch, user: &User) -> Result<Vec<u8>, StartError> {
    let config = launch.plan.config;
    for name in config.sysctls.keys() {
        sysctl_file(name)?;
    }
    let namespaces = ["pid", "mount", "ipc", "uts", "cgroup"].map(|kind| json!({ "type": kind }));
    text(&json!({
        "ociVersion": "1.0.2",
        "process": process(&launch.process, user),
        "root": { "path": launch.plan.dir.join("rootfs"), "readonly": config.readonly_root },
        "hostname": launch.hostname,
        "mounts": mounts(launch),
        "linux": {
            "namespaces": namespaces,
            "maskedPaths": MASKED,
            "readonlyPaths": READ_ONLY_PATHS,
            "sysctl": config.sysctls,
            "seccomp": profile(launch.process.caps),
            "rootfsPropagation": "rprivate",
        },
    }))
}

/// The process of an `exec`, whose user must be given by number.
pub(super) fn process_for_exec(base: &Process) -> Result<Vec<u8>, StartError> {
    let number = |text: &str| text.parse().ok();
    let (uid, gid) = base.user.split_once(':').unwrap_or((&base.user, "0"));
    let user = match (base.user.as_str(), number(uid), number(gid)) {
        ("", ..) => User { uid: 0, gid: 0, groups: Vec::new(), home: "/root".into() },
        // The runtime looks for its home directory in the container.
        (_, Some(uid), Some(gid)) => User { uid, gid, groups: Vec::new(), home: String::new() },
        _ => {
            return Err(StartError::invalid(format!(
                "user {:?} must be given by number to run a command with an OCI runtime",
                base.user
            )));
        }
    };
    text(&process(base, &user))
}

fn process(process: &Process, user: &User) -> Value {
    let mut env = process.env.clone();
    if !user.home.is_empty() {
        env.entry("HOME".into()).or_insert_with(|| user.home.clone());
    }
    let env: Vec<String> = env.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let caps = process.caps.names();
    let own: &[String] = if user.uid == 0 { &caps } else { &[] };
    let rlimits: Vec<Value> = process.rlimits.iter().map(rlimit).collect();
    json!({
        "args": process.argv,
        "env": env,
        "cwd": if process.cwd.is_empty() { "/" } else { &process.cwd },
        "user": { "uid": user.uid, "gid": user.gid, "additionalGids": user.groups, "umask": UMASK },
        "capabilities": { "bounding": caps, "effective": own, "permitted": own, "inheritable": [], "ambient": [] },
        "rlimits": rlimits,
        "noNewPrivileges": true,
    })
}

fn rlimit(limit: &crate::config::Rlimit) -> Value {
    let value = |limit: i64| u64::try_from(limit).unwrap_or(u64::MAX);
    json!({ "type": format!("RLIMIT_{}", limit.name.to_uppercase()), "soft": value(limit.soft), "hard": value(limit.hard) })
}

fn mounts(launch: &Launch) -> Vec<Value> {
    let kernel = |kind: &str, path: &str, options: &[&str]| json!({ "type": kind, "source": kind, "destination": path, "options": options });
    let mut mounts = vec![
        kernel("proc", "/proc", &["nosuid", "noexec", "nodev"]),
        kernel("tmpfs", "/dev", &["nosuid", "strictatime", "mode=755", "size=65536k"]),
        kernel("devpts", "/dev/pts", &["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"]),
        kernel("sysfs", "/sys", &["nosuid", "noexec", "nodev", "ro"]),
        kernel("cgroup", "/sys/fs/cgroup", &["nosuid", "noexec", "nodev", "relatime", "ro"]),
        kernel("mqueue", "/dev/mqueue", &["nosuid", "noexec", "nodev"]),
        kernel("tmpfs", "/dev/shm", &["nosuid", "noexec", "nodev", "mode=1777", "size=65536k"]),
    ];
    let plan = &launch.plan;
    let bind = |source: std::path::PathBuf, path: &str, read_only: bool| {
        let mode = if read_only { "ro" } else { "rw" };
        json!({ "type": "bind", "source": source, "destination": path, "options": ["rbind", "rprivate", "nodev", mode] })
    };
    mounts.extend(
        plan.config
            .volumes
            .iter()
            .map(|volume| bind(plan.volumes.join(&volume.volume), &volume.path, volume.read_only)),
    );
    mounts.extend(plan.config.files.iter().map(|file| bind(file.source.clone(), &file.path, file.read_only)));
    mounts
}

/// The profile our own launcher assembles, for libseccomp.
fn profile(caps: Capabilities) -> Value {
    let mut rules = vec![json!({ "names": seccomp::names(caps), "action": "SCMP_ACT_ALLOW" })];
    let argument = |name: &str, index: u32, value: u64, mask: Option<u64>, op: &str| {
        let mut arg = json!({ "index": index, "value": value, "op": op });
        if let Some(mask) = mask {
            arg["valueTwo"] = mask.into();
        }
        json!({ "names": [name], "action": "SCMP_ACT_ALLOW", "args": [arg] })
    };
    if caps.has("SYS_ADMIN") {
        rules.push(json!({ "names": ["clone", "clone3"], "action": "SCMP_ACT_ALLOW" }));
    } else {
        rules.push(argument("clone", 0, u64::from(seccomp::NAMESPACES), Some(0), "SCMP_CMP_MASKED_EQ"));
        rules.push(json!({ "names": ["clone3"], "action": "SCMP_ACT_ERRNO", "errnoRet": libc::ENOSYS }));
    }
    rules.push(argument("socket", 0, libc::AF_VSOCK as u64, None, "SCMP_CMP_NE"));
    rules.extend(
        seccomp::PERSONALITIES.iter().map(|value| argument("personality", 0, u64::from(*value), None, "SCMP_CMP_EQ")),
    );
    json!({ "defaultAction": "SCMP_ACT_ERRNO", "defaultErrnoRet": libc::EPERM, "syscalls": rules })
}

fn text(value: &Value) -> Result<Vec<u8>, StartError> {
    serde_json::to_vec(value)
        .map_err(|error| StartError::new(StartErrorKind::Host, format!("writing the runtime's configuration: {error}")))
}
