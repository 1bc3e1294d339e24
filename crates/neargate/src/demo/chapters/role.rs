//! The role that tasks are started with.

use crate::{cli::Failure, demo::story::Story};

const TRUST: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ecs-tasks.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#;
const POLICY: &str = "arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy";

pub fn tell(story: &mut Story) -> Result<(), Failure> {
    story.screen.say("With it a task pulls its image and writes its logs, through its own network interface.");
    let name = "ecsTaskExecutionRole";
    let create =
        ["iam", "create-role", "--role-name", name, "--assume-role-policy-document", TRUST, "--query", "Role.Arn"];
    let arn = story.aws(&create)?;
    story.screen.json(&arn);
    story.aws(&["iam", "attach-role-policy", "--role-name", name, "--policy-arn", POLICY])?;
    let query = "AttachedPolicies[].PolicyName";
    let attached = story.aws(&["iam", "list-attached-role-policies", "--role-name", name, "--query", query])?;
    story.prove(
        "an execution role is made, with AWS's own policy",
        attached[0] == "AmazonECSTaskExecutionRolePolicy",
        &attached.to_string(),
    );
    Ok(())
}
