//! The same container in each of the places: what differs is the network.

use super::page::fetch;
use crate::{
    cli::Failure,
    demo::story::{Place, Resident, Story, short},
};
use serde_json::{Value, json};
use std::{collections::BTreeMap, fs};

const WHOAMI: &str = include_str!("whoami.json");
/// Each task's ARN, and its interface and address.
const TASKS: &str = "tasks[].[taskArn, attachments[0].details[?name==`networkInterfaceId`].value | [0], attachments[0].details[?name==`privateIPv4Address`].value | [0]]";
/// Each interface, and its public address.
const INTERFACES: &str = "NetworkInterfaces[].[NetworkInterfaceId, Association.PublicIp]";

pub fn tell(story: &mut Story) -> Result<(), Failure> {
    story.screen.say("Each runs `whoami`, which answers with its own name and with the address of whoever asks.");
    let file = story.region.file("whoami.json");
    fs::write(&file, WHOAMI)?;
    story.aws_all([format!(
        "ecs register-task-definition --cli-input-json file://{} --query taskDefinition.status",
        file.display()
    )])?;
    let places: [Place; 6] = story
        .found
        .networks
        .places
        .clone()
        .try_into()
        .map_err(|_| Failure("there are not six places for tasks".to_owned()))?;
    let arns = story.aws_all(places.each_ref().map(run))?;
    story.reach(&arns, "RUNNING")?;
    let mut command = vec!["ecs", "describe-tasks", "--query", TASKS, "--tasks"];
    command.extend(arns.iter().map(String::as_str));
    let tasks: Vec<(String, String, String)> = serde_json::from_value(story.aws(&command)?)?;
    let mut command = vec!["ec2", "describe-network-interfaces", "--query", INTERFACES, "--network-interface-ids"];
    command.extend(tasks.iter().map(|(_, interface, _)| interface.as_str()));
    let public: Vec<(String, Option<String>)> = serde_json::from_value(story.aws(&command)?)?;
    let public: BTreeMap<String, Option<String>> = public.into_iter().collect();
    for (place, arn) in places.iter().zip(&arns) {
        let found = tasks.iter().find(|(task, ..)| task == arn);
        let (_, interface, address) = found.ok_or_else(|| Failure(format!("{arn} is not described")))?;
        let public = public.get(interface).cloned().flatten();
        let Place { name, words, .. } = *place;
        let vantage = format!("task/{}", short(arn));
        story
            .screen
            .output(&format!("{name:9} {words:27}  {vantage}  {address:9}  {}", public.as_deref().unwrap_or("-")));
        story.found.residents.push(Resident { name, words, vantage, address: address.clone(), public });
    }
    answer(story, &arns)?;
    let (private, twin) = (story.found.resident("private")?.clone(), story.found.resident("twin")?.clone());
    let found = format!("{} and {}", private.address, twin.address);
    let same = private.address == twin.address;
    story.prove("two tasks in two VPCs have the same address at the same time", same, &found);
    let with: Vec<&str> = story.found.residents.iter().filter(|one| one.public.is_some()).map(|one| one.name).collect();
    story.prove(
        "assignPublicIp gives a public address to the one task that asks for it",
        with == ["public"],
        &with.join(", "),
    );
    Ok(())
}

/// The command that runs a task in a place. Its output is the task's ARN.
fn run(place: &Place) -> String {
    let Place { name, subnet, group, public, .. } = place;
    let public = if *public { "ENABLED" } else { "DISABLED" };
    let overrides = json!({ "containerOverrides": [{ "name": "whoami", "command": [name] }] });
    format!(
        "ecs run-task --task-definition whoami --launch-type FARGATE --network-configuration \
         awsvpcConfiguration={{subnets=[{subnet}],securityGroups=[{group}],assignPublicIp={public}}} \
         --overrides {overrides} --query tasks[0].taskArn"
    )
}

/// Waits until each answers itself, by its name.
fn answer(story: &mut Story, arns: &[String]) -> Result<(), Failure> {
    let mut wrong = Vec::new();
    for (resident, arn) in story.found.residents.iter().zip(arns) {
        let said = fetch(story, arn, "http://127.0.0.1:80/")?.output;
        let said: Value = serde_json::from_str(&said).unwrap_or_default();
        if said["name"] != resident.name {
            wrong.push(format!("{}: {said}", resident.name));
        }
    }
    story.prove("six tasks run, each in its place, and answer by their names", wrong.is_empty(), &wrong.join("; "));
    Ok(())
}
