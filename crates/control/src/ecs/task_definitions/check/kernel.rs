//! What a container asks of the kernel: capabilities, resource limits, parameters.

use super::{client, not_supported, refuse_if};
use aws::{
    api::ecs::{ContainerDefinition, KernelCapabilities, LinuxParameters, SystemControl, Ulimit},
    fault::Fault,
};

/// The capabilities that may be named ("KernelCapabilities", Amazon ECS API Reference).
const CAPABILITIES: [&str; 38] = [
    "ALL",
    "AUDIT_CONTROL",
    "AUDIT_WRITE",
    "BLOCK_SUSPEND",
    "CHOWN",
    "DAC_OVERRIDE",
    "DAC_READ_SEARCH",
    "FOWNER",
    "FSETID",
    "IPC_LOCK",
    "IPC_OWNER",
    "KILL",
    "LEASE",
    "LINUX_IMMUTABLE",
    "MAC_ADMIN",
    "MAC_OVERRIDE",
    "MKNOD",
    "NET_ADMIN",
    "NET_BIND_SERVICE",
    "NET_BROADCAST",
    "NET_RAW",
    "SETFCAP",
    "SETGID",
    "SETPCAP",
    "SETUID",
    "SYS_ADMIN",
    "SYS_BOOT",
    "SYS_CHROOT",
    "SYS_MODULE",
    "SYS_NICE",
    "SYS_PACCT",
    "SYS_PTRACE",
    "SYS_RAWIO",
    "SYS_RESOURCE",
    "SYS_TIME",
    "SYS_TTY_CONFIG",
    "SYSLOG",
    "WAKE_ALARM",
];

/// Checks what a container asks of the kernel.
///
/// # Errors
/// `ClientException` in AWS's words.
pub(super) fn check(container: &ContainerDefinition, name: &str) -> Result<(), Fault> {
    if let Some(linux) = &container.linux_parameters {
        let LinuxParameters {
            capabilities,
            init_process_enabled: _,
            // Not on Fargate (`fargate`), or not yet (`unsupported`).
            devices: _,
            shared_memory_size: _,
            tmpfs: _,
            max_swap: _,
            swappiness: _,
        } = linux;
        capabilities.as_ref().map_or(Ok(()), |capabilities| self::capabilities(capabilities, name))?;
    }
    ulimits(container.ulimits.as_deref().unwrap_or_default())?;
    container.system_controls.iter().flatten().try_for_each(system_control)
}

fn capabilities(capabilities: &KernelCapabilities, container: &str) -> Result<(), Fault> {
    let KernelCapabilities { add, drop } = capabilities;
    let unknown = |name: &&String| !CAPABILITIES.contains(&name.as_str());
    match add.iter().flatten().chain(drop.iter().flatten()).find(unknown) {
        Some(name) => Err(client(format!("Invalid capability '{name}' for container '{container}'."))),
        None => Ok(()),
    }
}

fn ulimits(ulimits: &[Ulimit]) -> Result<(), Fault> {
    let mut seen = Vec::new();
    for Ulimit { name, soft_limit, hard_limit } in ulimits {
        let name = name.map_or("", |name| name.as_str());
        refuse_if(seen.contains(&name), || format!("Duplicate ulimit {name}"))?;
        seen.push(name);
        // -1 is no limit, and so more than any.
        let limit = |limit: Option<i32>| match limit.unwrap_or_default() {
            -1 => Some(i64::MAX),
            limit => (limit >= 0).then_some(limit.into()),
        };
        let (Some(soft), Some(hard)) = (limit(*soft_limit), limit(*hard_limit)) else {
            return Err(client(format!("Invalid limit for ulimit {name}")));
        };
        refuse_if(soft > hard, || format!("Soft limit exceeds hard limit for ulimit {name}"))?;
    }
    Ok(())
}

/// A kernel parameter of the task's own network namespace.
fn system_control(control: &SystemControl) -> Result<(), Fault> {
    let SystemControl { namespace, value } = control;
    let (name, value) = (namespace.as_deref().unwrap_or_default(), value.as_deref().unwrap_or_default());
    refuse_if(name.is_empty() || value.is_empty(), || {
        "System control should have a namespace and a value.".to_owned()
    })?;
    let letters = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    let plain = name.chars().all(letters) && !name.contains("..") && value.chars().all(|c| !c.is_control());
    if !plain || !name.starts_with("net.") {
        return Err(not_supported(&format!("the system control '{name}'")));
    }
    Ok(())
}
