//! The task definition, registered as it is.

use crate::{cli::Failure, demo::story::Story};
use std::fs;

const MYAPP: &str = include_str!("myapp.json");

pub fn tell(story: &mut Story) -> Result<(), Failure> {
    let file = story.region.file("myapp.json");
    fs::write(&file, MYAPP)?;
    story.screen.output(MYAPP);
    story.aws(&["ecs", "create-cluster", "--query", "cluster.clusterArn"])?;
    let input = format!("file://{}", file.display());
    let definition = story.aws(&[
        "ecs",
        "register-task-definition",
        "--cli-input-json",
        &input,
        "--query",
        "taskDefinition.[taskDefinitionArn,status,compatibilities]",
    ])?;
    story.screen.json(&definition);
    let arn = definition[0].as_str().unwrap_or_default();
    story.prove(
        "the task definition is registered: myapp:1, ACTIVE",
        arn.ends_with(":task-definition/myapp:1") && definition[1] == "ACTIVE",
        &definition.to_string(),
    );
    Ok(())
}
