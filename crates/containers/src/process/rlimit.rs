//! Resource limits (setrlimit(2)).

use crate::config::Rlimit as Wanted;
use crate::error::{StartError, StartErrorKind, lower};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Open files on Fargate unless the task definition says otherwise ("Ulimit", Amazon ECS API Reference).
const DEFAULT_NOFILE: u64 = 65_535;

/// Sets the limits asked for, and Fargate's default for open files, or as much of that as the host allows.
pub(super) fn apply(wanted: &[Wanted]) -> Result<(), StartError> {
    if !wanted.iter().any(|limit| limit.name == "nofile") {
        let host = getrlimit(Resource::Nofile).maximum.unwrap_or(u64::MAX);
        set("nofile", Some(DEFAULT_NOFILE), Some(DEFAULT_NOFILE)).or_else(|_| {
            let most = Some(host.min(DEFAULT_NOFILE));
            set("nofile", most, most)
        })?;
    }
    wanted.iter().try_for_each(|limit| set(&limit.name, value(limit.soft), value(limit.hard)))
}

fn value(limit: i64) -> Option<u64> {
    u64::try_from(limit).ok()
}

fn set(name: &str, current: Option<u64>, maximum: Option<u64>) -> Result<(), StartError> {
    let resource = resource(name).ok_or_else(|| StartError::invalid(format!("unknown ulimit {name:?}")))?;
    setrlimit(resource, Rlimit { current, maximum }).map_err(|error| {
        let text = |limit: Option<u64>| limit.map_or("unlimited".into(), |value| value.to_string());
        let most = text(getrlimit(resource).maximum);
        let (soft, hard) = (text(current), text(maximum));
        let text =
            format!("error setting rlimit {name} to {soft}:{hard}: {} (this host allows {most})", lower(&error.into()));
        StartError::new(StartErrorKind::Rlimit, text)
    })
}

/// The limits Docker knows, by its names.
pub(crate) fn resource(name: &str) -> Option<Resource> {
    Some(match name {
        "core" => Resource::Core,
        "cpu" => Resource::Cpu,
        "data" => Resource::Data,
        "fsize" => Resource::Fsize,
        "locks" => Resource::Locks,
        "memlock" => Resource::Memlock,
        "msgqueue" => Resource::Msgqueue,
        "nice" => Resource::Nice,
        "nofile" => Resource::Nofile,
        "nproc" => Resource::Nproc,
        "rss" => Resource::Rss,
        "rtprio" => Resource::Rtprio,
        "rttime" => Resource::Rttime,
        "sigpending" => Resource::Sigpending,
        "stack" => Resource::Stack,
        _ => return None,
    })
}
