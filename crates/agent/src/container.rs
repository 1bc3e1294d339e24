//! A container as the launcher wants it, from the spec and the image. Pure.

use crate::{files, metadata};
use containers::{ContainerConfig, FileMount, LogSink, Rlimit, VolumeMount};
use images::manifest::RunConfig;
use spec::{ContainerSpec, Mount, TaskSpec};
use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

/// Puts a container's spec over what its image says, as Docker does: a given entry point drops the image's command.
pub fn config(
    task: &TaskSpec,
    wanted: &ContainerSpec,
    image: &RunConfig,
    layers: Vec<PathBuf>,
    files: &Path,
) -> ContainerConfig {
    ContainerConfig {
        name: wanted.name.clone(),
        layers,
        argv: argv(wanted, image),
        env: environment(task, wanted, image),
        cwd: wanted.working_directory.clone().unwrap_or_else(|| image.working_dir.clone()),
        user: wanted.user.clone().unwrap_or_else(|| image.user.clone()),
        cpu_shares: wanted.cpu,
        memory: wanted.memory,
        memory_reservation: wanted.memory_reservation,
        rlimits: wanted.ulimits.iter().map(|u| Rlimit { name: u.name.clone(), soft: u.soft, hard: u.hard }).collect(),
        init: wanted.init_process,
        add_capabilities: wanted.add_capabilities.clone(),
        drop_capabilities: wanted.drop_capabilities.clone(),
        readonly_root: wanted.readonly_root,
        terminal: wanted.terminal,
        interactive: wanted.interactive,
        volumes: volumes(task, wanted, image),
        files: files::MOUNTS
            .iter()
            .map(|(name, path)| FileMount { source: files.join(name), path: (*path).to_owned(), read_only: false })
            .collect(),
        sysctls: wanted.system_controls.clone(),
        log: wanted
            .log
            .as_ref()
            .map_or(LogSink::Discard, |log| LogSink::File { max_bytes: log.buffer, non_blocking: log.non_blocking }),
    }
}

fn argv(wanted: &ContainerSpec, image: &RunConfig) -> Vec<String> {
    let (entry_point, command) = match &wanted.entry_point {
        Some(entry_point) => (entry_point, wanted.command.as_deref().unwrap_or_default()),
        None => (&image.entrypoint, wanted.command.as_deref().unwrap_or(&image.cmd)),
    };
    entry_point.iter().chain(command).cloned().collect()
}

/// What Fargate sets on its own gives way to image and task definition; where a task finds what is only its own does not.
fn environment(task: &TaskSpec, wanted: &ContainerSpec, image: &RunConfig) -> BTreeMap<String, String> {
    let (own, usual) = metadata::environment(task, &wanted.name);
    let from_image = image
        .env
        .iter()
        .filter_map(|pair| pair.split_once('='))
        .map(|(name, value)| (name.to_owned(), value.to_owned()));
    usual.into_iter().chain(from_image).chain(wanted.environment.clone()).chain(own).collect()
}

/// Its own mounts, then those of `volumesFrom`, then volumes of the image that no mount covers: Docker gives those an anonymous volume.
fn volumes(task: &TaskSpec, wanted: &ContainerSpec, image: &RunConfig) -> Vec<VolumeMount> {
    let mut mounts = mounts_of(task, wanted, false, &mut BTreeSet::new());
    for (number, path) in image.volumes.keys().enumerate().filter(|(_, path)| path.starts_with('/')) {
        mounts.push(VolumeMount {
            volume: format!("a-{}-{number}", wanted.name),
            path: path.clone(),
            read_only: false,
        });
    }
    let mut taken = BTreeSet::new();
    mounts.retain(|mount| taken.insert(mount.path.clone()));
    mounts
}

fn mounts_of(task: &TaskSpec, of: &ContainerSpec, read_only: bool, visited: &mut BTreeSet<String>) -> Vec<VolumeMount> {
    if !visited.insert(of.name.clone()) {
        return Vec::new();
    }
    let own = |mount: &Mount| VolumeMount {
        volume: volume(&mount.volume),
        path: mount.path.clone(),
        read_only: mount.read_only || read_only,
    };
    let mut mounts: Vec<_> = of.mounts.iter().map(own).collect();
    for from in &of.volumes_from {
        let Some(other) = task.containers.iter().find(|c| c.name == from.container) else { continue };
        mounts.extend(mounts_of(task, other, read_only || from.read_only, visited));
    }
    mounts
}

/// Names of volumes and of anonymous ones can't meet: the first start with `v-`, the others with `a-`.
fn volume(name: &str) -> String {
    format!("v-{name}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use spec::{Desired, VolumesFrom};

    fn task(containers: Vec<ContainerSpec>) -> TaskSpec {
        TaskSpec {
            arn: String::new(),
            desired: Desired::Running,
            vpc: "vpc-1".into(),
            interface: "eni-1".into(),
            hostname: "h".into(),
            cpu: 256,
            memory: 1 << 29,
            ephemeral_storage: 0,
            volumes: vec!["data".into()],
            shared_pid_namespace: false,
            architecture: "amd64".into(),
            containers,
            metadata: Default::default(),
            insights: false,
            connect: None,
        }
    }

    fn words(list: &[&str]) -> Vec<String> {
        list.iter().map(|w| (*w).to_owned()).collect()
    }

    #[test]
    fn an_entry_point_drops_the_images_command() {
        let image = RunConfig { entrypoint: words(&["/entry"]), cmd: words(&["serve"]), ..RunConfig::default() };
        let with = |entry: Option<&[&str]>, command: Option<&[&str]>| {
            argv(
                &ContainerSpec {
                    entry_point: entry.map(words),
                    command: command.map(words),
                    ..ContainerSpec::default()
                },
                &image,
            )
        };
        assert_eq!(with(None, None), ["/entry", "serve"]);
        assert_eq!(with(None, Some(&["x"])), ["/entry", "x"]);
        assert_eq!(with(Some(&["/mine"]), None), ["/mine"]);
        assert_eq!(with(Some(&["/mine"]), Some(&["x"])), ["/mine", "x"]);
    }

    #[test]
    fn the_definitions_environment_wins() {
        let image = RunConfig { env: words(&["PATH=/bin", "A=image", "odd"]), ..RunConfig::default() };
        let wanted =
            ContainerSpec { environment: [("A".to_owned(), "mine".to_owned())].into(), ..ContainerSpec::default() };
        let mut task = task(Vec::new());
        task.arn = "arn:aws:ecs:eu-west-1:123456789012:task/default/0123".to_owned();
        let env = environment(&task, &wanted, &image);
        let get = |name: &str| env.get(name).map(String::as_str);
        assert_eq!((get("A"), get("PATH"), get("AWS_REGION")), (Some("mine"), Some("/bin"), Some("eu-west-1")));
        assert_eq!(get("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"), None, "there is no role");
        task.metadata.credentials = Some("id".to_owned());
        let taken = "ECS_CONTAINER_METADATA_URI_V4".to_owned();
        let wanted = ContainerSpec {
            name: "web".to_owned(),
            environment: [(taken.clone(), "forged".to_owned()), ("AWS_REGION".to_owned(), "mine".to_owned())].into(),
            ..ContainerSpec::default()
        };
        let env = environment(&task, &wanted, &image);
        let get = |name: &str| env.get(name).map(String::as_str);
        assert_eq!(get("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"), Some("/v2/credentials/id"));
        assert!(get(&taken).unwrap().starts_with("http://169.254.170.2/v4/0123-"));
        assert_eq!(get("AWS_REGION"), Some("mine"));
    }

    #[test]
    fn mounts_of_another_container_come_after_its_own_and_can_be_read_only() {
        let mount = |path: &str| Mount { volume: "data".into(), path: path.into(), read_only: false };
        let from = |name: &str, read_only| VolumesFrom { container: name.into(), read_only };
        let a = ContainerSpec {
            name: "a".into(),
            mounts: vec![mount("/a")],
            volumes_from: vec![from("b", true)],
            ..ContainerSpec::default()
        };
        let b = ContainerSpec {
            name: "b".into(),
            mounts: vec![mount("/b"), mount("/a")],
            volumes_from: vec![from("a", false)],
            ..ContainerSpec::default()
        };
        let task = task(vec![a, b]);
        let got: Vec<_> = volumes(&task, &task.containers[0], &RunConfig::default())
            .into_iter()
            .map(|m| (m.path, m.read_only))
            .collect();
        assert_eq!(
            got,
            [("/a".to_owned(), false), ("/b".to_owned(), true)],
            "and containers that take from each other end"
        );
    }
}
