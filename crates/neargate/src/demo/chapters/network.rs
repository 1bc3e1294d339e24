//! Where tasks are put, and who may speak to them.

use crate::{cli::Failure, demo::story::Story};
use serde_json::Value;

pub fn tell(story: &mut Story) -> Result<(), Failure> {
    story.screen.say("The subnet leads to an internet gateway, and tasks get public addresses: a way to Amazon ECR.");
    story.screen.say("Its members may reach each other at port 80, and nobody else may reach them at all.");
    let default = [
        "ec2",
        "describe-subnets",
        "--filters",
        "Name=default-for-az,Values=true",
        "--query",
        "Subnets[0].[SubnetId,VpcId,CidrBlock]",
    ];
    let subnet = story.aws(&default)?;
    story.screen.json(&subnet);
    let vpc = text(&subnet[1])?;
    story.found.subnet = text(&subnet[0])?;
    let group = story.aws(&[
        "ec2",
        "create-security-group",
        "--group-name",
        "myapp",
        "--description",
        "myapp",
        "--vpc-id",
        &vpc,
    ])?;
    let group = text(&group["GroupId"])?;
    let rule = [
        "ec2",
        "authorize-security-group-ingress",
        "--group-id",
        &group,
        "--protocol",
        "tcp",
        "--port",
        "80",
        "--source-group",
        &group,
        "--query",
        "Return",
    ];
    let answer = story.aws(&rule)?;
    story.prove("a security group opens port 80 to its own members", answer == true, &answer.to_string());
    story.found.group = group;
    Ok(())
}

fn text(value: &Value) -> Result<String, Failure> {
    value.as_str().map(str::to_owned).ok_or_else(|| Failure(format!("expected a text in the answer, found {value}")))
}
