//! AWS::ECS::TaskDefinition.

use super::{
    super::{ResourceType, Wanted, ask, at, call, camel, text, words},
    FREE, tags,
};
use crate::{Tx, View};
use aws::{api::ecs::API, fault::Fault};
use serde_json::{Value, json};

/// AWS::ECS::TaskDefinition.
pub(super) struct TaskDefinition;

impl ResourceType for TaskDefinition {
    fn unsupported(&self) -> &'static [&'static str] {
        &[
            "ContainerDefinitions/*/CredentialSpecs/*",
            "ContainerDefinitions/*/EnvironmentFiles/*",
            "ContainerDefinitions/*/FirelensConfiguration",
            "ContainerDefinitions/*/LinuxParameters/Tmpfs/*",
            "ContainerDefinitions/*/LogConfiguration/SecretOptions/*",
            "ContainerDefinitions/*/PortMappings/*/ContainerPortRange",
            "InferenceAccelerators/*",
            "ProxyConfiguration",
            "Volumes/*/EFSVolumeConfiguration",
            "Volumes/*/FSxWindowsFileServerVolumeConfiguration",
            "Volumes/*/S3FilesVolumeConfiguration",
        ]
    }

    fn create(&self, tx: &mut Tx<'_>, wanted: &Wanted<'_>) -> Result<String, Fault> {
        let mut input = camel(wanted.properties, FREE);
        if let Some(input) = input.as_object_mut() {
            input.insert("family".to_owned(), json!(wanted.name("Family", 255)));
            input.insert("tags".to_owned(), tags::given(wanted));
        }
        text(&call(tx, &API, "RegisterTaskDefinition", input)?, "/taskDefinition/taskDefinitionArn")
    }

    fn update(&self, tx: &mut Tx<'_>, id: &str, before: &Wanted<'_>, wanted: &Wanted<'_>) -> Result<(), Fault> {
        tags::update(tx, id, before, wanted)
    }

    fn delete(&self, tx: &mut Tx<'_>, id: &str, _: &Value) -> Result<(), Fault> {
        match active(&tx.view(), id)? {
            None => Ok(()),
            Some(_) => call(tx, &API, "DeregisterTaskDefinition", json!({ "taskDefinition": id })).map(drop),
        }
    }

    fn attribute(&self, _: &View<'_>, id: &str, _: &Value, name: &str) -> Result<Option<Value>, Fault> {
        Ok((name == "TaskDefinitionArn").then(|| json!(id)))
    }

    fn read(&self, view: &View<'_>, id: &str, _: &Value) -> Result<Option<Value>, Fault> {
        let names = [
            "ContainerDefinitions",
            "Cpu",
            "EnableFaultInjection",
            "EphemeralStorage",
            "ExecutionRoleArn",
            "Family",
            "IpcMode",
            "Memory",
            "NetworkMode",
            "PidMode",
            "PlacementConstraints",
            "RequiresCompatibilities",
            "RuntimePlatform",
            "TaskRoleArn",
            "Volumes",
        ];
        Ok(active(view, id)?.map(|found| words::picked(&words::capital(&found, FREE), &names)))
    }
}

/// A revision that is active. Of one that is not there DescribeTaskDefinition says the same as of what can't be read, so the states of
/// those that are there tell.
fn active(view: &View<'_>, arn: &str) -> Result<Option<Value>, Fault> {
    if !view.state.task_definitions.iter().any(|definition| definition.arn == arn) {
        return Ok(None);
    }
    let found = at(&ask(view, &API, "DescribeTaskDefinition", json!({ "taskDefinition": arn }))?, "/taskDefinition");
    Ok(Some(found).filter(|found| at(found, "/status") == "ACTIVE"))
}
