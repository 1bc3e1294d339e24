//! Paths of the endpoint, and the variables that tell containers of them.

use spec::{TaskId, TaskSpec};

/// What a path asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Route<'a> {
    /// The credentials of an id.
    Credentials(&'a str),
    /// A container's metadata, by its id.
    Container(Version, &'a str),
    /// The metadata of the task of a container, with its tags or without.
    Task(Version, &'a str, bool),
    /// What a container uses.
    ContainerStats(Version, &'a str),
    /// What all containers of the task of one use.
    TaskStats(Version, &'a str),
}

/// A version of the task metadata endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Version {
    /// With less of the network.
    V3,
    /// All of it.
    V4,
}

impl Version {
    /// As errors name it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::V3 => "V3",
            Self::V4 => "V4",
        }
    }
}

/// Reads a path; none of one that leads nowhere.
pub(super) fn route(path: &str) -> Option<Route<'_>> {
    let mut parts = path.strip_prefix('/')?.split('/');
    let (first, id) = (parts.next()?, parts.next());
    let rest: Vec<&str> = parts.collect();
    let version = match first {
        "v2" if id == Some("credentials") => {
            return match rest.as_slice() {
                [] => Some(Route::Credentials("")),
                [id] => Some(Route::Credentials(id)),
                _ => None,
            };
        }
        "v3" => Version::V3,
        "v4" => Version::V4,
        _ => return None,
    };
    let id = id.filter(|id| !id.is_empty())?;
    match rest.as_slice() {
        [] => Some(Route::Container(version, id)),
        ["task"] => Some(Route::Task(version, id, false)),
        ["taskWithTags"] => Some(Route::Task(version, id, true)),
        ["stats"] => Some(Route::ContainerStats(version, id)),
        ["task", "stats"] => Some(Route::TaskStats(version, id)),
        _ => None,
    }
}

/// A container's id, as on Fargate: the task's id, a hyphen and a number that differs between its containers (FNV-1a of the name).
pub(crate) fn container_id(task: &TaskId, container: &str) -> String {
    let hash = container.bytes().fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    format!("{task}-{hash:010}")
}

/// Variables of an environment.
type Variables = Vec<(String, String)>;

/// What Fargate tells a container in its environment: variables that nobody else sets, and such as image and task definition may set.
pub(crate) fn environment(task: &TaskSpec, container: &str) -> (Variables, Variables) {
    let id = container_id(&task.arn.rsplit('/').next().unwrap_or_default().into(), container);
    let endpoint = |version: &str| format!("http://{}/{version}/{id}", vpc::TASK_METADATA);
    let credentials = task.metadata.credentials.as_ref();
    let own = [("ECS_CONTAINER_METADATA_URI", endpoint("v3")), ("ECS_CONTAINER_METADATA_URI_V4", endpoint("v4"))];
    let role = credentials.map(|id| ("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", format!("/v2/credentials/{id}")));
    let region = task.region().to_owned();
    let usual = [
        ("AWS_EXECUTION_ENV", "AWS_ECS_FARGATE".to_owned()),
        ("AWS_DEFAULT_REGION", region.clone()),
        ("AWS_REGION", region),
    ];
    let owned = |(name, value): (&str, String)| (name.to_owned(), value);
    (own.into_iter().chain(role).map(owned).collect(), usual.into_iter().map(owned).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_lead_to_what_they_name() {
        for (path, to) in [
            ("/v2/credentials/abc", Some(Route::Credentials("abc"))),
            ("/v2/credentials", Some(Route::Credentials(""))),
            ("/v2/credentials/", Some(Route::Credentials(""))),
            ("/v4/x-1", Some(Route::Container(Version::V4, "x-1"))),
            ("/v3/x-1/task", Some(Route::Task(Version::V3, "x-1", false))),
            ("/v4/x-1/taskWithTags", Some(Route::Task(Version::V4, "x-1", true))),
            ("/v4/x-1/stats", Some(Route::ContainerStats(Version::V4, "x-1"))),
            ("/v4/x-1/task/stats", Some(Route::TaskStats(Version::V4, "x-1"))),
            ("/v2/credentials/a/../b", None),
            ("/v4/", None),
            ("/v4", None),
            ("/v5/x", None),
            ("/latest/meta-data", None),
            ("//v4/x", None),
            ("", None),
        ] {
            assert_eq!(route(path), to, "{path}");
        }
    }
}
