//! The task's volumes and where containers mount them.

use super::{not_supported, refuse_if};
use aws::{
    api::ecs::{ContainerDefinition, HostVolumeProperties, MountPoint, Volume},
    fault::Fault,
};

/// Checks volumes and fills in that they are bind mounts. Those that only EC2 instances have are none of Fargate's (`fargate`).
///
/// # Errors
/// `ClientException` in AWS's words.
pub(crate) fn complete(volumes: &mut [Volume]) -> Result<(), Fault> {
    let mut seen = Vec::new();
    for volume in volumes {
        let Volume {
            name,
            host,
            docker_volume_configuration,
            efs_volume_configuration,
            s3files_volume_configuration,
            fsx_windows_file_server_volume_configuration,
            configured_at_launch,
        } = volume;
        let name = name.clone().unwrap_or_default();
        let letters = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        let right = (1..=255).contains(&name.len()) && name.chars().all(letters);
        refuse_if(!right, || format!("Invalid volume name '{name}'."))?;
        let absent = [
            (efs_volume_configuration.is_some(), "efsVolumeConfiguration"),
            (s3files_volume_configuration.is_some(), "s3filesVolumeConfiguration"),
            (fsx_windows_file_server_volume_configuration.is_some(), "fsxWindowsFileServerVolumeConfiguration"),
            (*configured_at_launch == Some(true), "volumes.configuredAtLaunch"),
        ];
        absent.into_iter().find(|(given, _)| *given).map_or(Ok(()), |(_, what)| Err(not_supported(what)))?;
        refuse_if(seen.contains(&name), || format!("Duplicate volume name '{name}'."))?;
        if docker_volume_configuration.is_none() {
            let HostVolumeProperties { source_path } = host.get_or_insert_default();
            refuse_if(source_path.as_deref() == Some(""), || "host.sourcePath should not be blank.".to_owned())?;
        }
        seen.push(name);
    }
    Ok(())
}

/// Checks where a container mounts volumes. Whether there are such volumes is seen with all containers (`together`).
///
/// # Errors
/// `ClientException` in AWS's words.
pub(super) fn check_mounts(container: &ContainerDefinition, name: &str) -> Result<(), Fault> {
    let mut seen = Vec::new();
    for MountPoint { source_volume: _, container_path, read_only: _ } in container.mount_points.iter().flatten() {
        let path = container_path.as_deref().unwrap_or_default();
        let right =
            path.starts_with('/') && !path.trim_matches('/').is_empty() && !path.split('/').any(|part| part == "..");
        let right = right && !path.contains('\0');
        refuse_if(!right, || format!("Invalid 'containerPath' setting '{path}' for container '{name}'."))?;
        let place = path.trim_end_matches('/');
        refuse_if(seen.contains(&place), || format!("Duplicate mount point '{path}' for container '{name}'."))?;
        seen.push(place);
    }
    Ok(())
}
