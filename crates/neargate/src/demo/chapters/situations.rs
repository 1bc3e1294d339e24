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
    let places = story.found.networks.places.clone();
    let tasks: [Place; 4] = chosen(&places, true)?;
    let arns = story.aws_all(tasks.each_ref().map(run))?;
    story.reach(&arns, "RUNNING")?;
    let mut command = vec!["ecs", "describe-tasks", "--query", TASKS, "--tasks"];
    command.extend(arns.iter().map(String::as_str));
    let described: Vec<(String, String, String)> = serde_json::from_value(story.aws(&command)?)?;
    let mut command = vec!["ec2", "describe-network-interfaces", "--query", INTERFACES, "--network-interface-ids"];
    command.extend(described.iter().map(|(_, interface, _)| interface.as_str()));
    let public: Vec<(String, Option<String>)> = serde_json::from_value(story.aws(&command)?)?;
    let public: BTreeMap<String, Option<String>> = public.into_iter().collect();
    for (place, arn) in tasks.iter().zip(&arns) {
        let found = described.iter().find(|(task, ..)| task == arn);
        let (_, interface, address) = found.ok_or_else(|| Failure(format!("{arn} is not described")))?;
        moves_in(
            story,
            place,
            format!("task/{}", short(arn)),
            address.clone(),
            public.get(interface).cloned().flatten(),
        );
    }
    stand_ins(story, chosen(&places, false)?)?;
    answer(story)?;
    let (private, twin) = (story.found.resident("private")?.clone(), story.found.resident("twin")?.clone());
    let found = format!("{} and {}", private.address, twin.address);
    let same = private.address == twin.address;
    story.prove("two in two VPCs have the same address at the same time", same, &found);
    let with: Vec<&str> = story.found.residents.iter().filter(|one| one.public.is_some()).map(|one| one.name).collect();
    story.prove(
        "assignPublicIp gives a public address to the one task that asks for it",
        with == ["public"],
        &with.join(", "),
    );
    Ok(())
}

/// The places where there are tasks, or where there are none.
fn chosen<const N: usize>(places: &[Place], tasks: bool) -> Result<[Place; N], Failure> {
    let found: Vec<Place> = places.iter().filter(|place| place.is_task == tasks).cloned().collect();
    found.try_into().map_err(|_| Failure(format!("there are not {N} such places")))
}

fn moves_in(story: &mut Story, place: &Place, vantage: String, address: String, public: Option<String>) {
    let Place { name, words, .. } = *place;
    story
        .screen
        .output(&format!("{name:9} {words:27}  {vantage:26}  {address:9}  {}", public.as_deref().unwrap_or("-")));
    story.found.residents.push(Resident { name, words, vantage, address, public });
}

/// Puts a network interface in each place, with `whoami` behind it. The twin's gets the address of the private task.
fn stand_ins(story: &mut Story, places: [Place; 2]) -> Result<(), Failure> {
    let private = story.found.resident("private")?.address.clone();
    let create = |place: &Place| {
        let Place { subnet, group, name, .. } = place;
        let address = if *name == "twin" { format!(" --private-ip-address {private}") } else { String::new() };
        format!(
            "ec2 create-network-interface --subnet-id {subnet} --groups {group}{address} --query join(`,`,[NetworkInterface.NetworkInterfaceId,NetworkInterface.PrivateIpAddress])"
        )
    };
    let made = story.aws_all(places.each_ref().map(create))?;
    let program = story.region.program.display().to_string();
    for (place, made) in places.iter().zip(&made) {
        let (interface, address) = made.split_once(',').ok_or_else(|| Failure(format!("no interface in {made}")))?;
        let there = ["from", interface, "--", "true"];
        story.until(interface, || {
            let done = story.neargate_quietly(&there)?;
            Ok(if done.success { Ok(()) } else { Err(done.error) })
        })?;
        let listen = format!("{address}:80");
        story.region.visit(interface, &[&program, "demo-app", "whoami", place.name, "--listen", &listen])?;
        moves_in(story, place, interface.to_owned(), address.to_owned(), None);
    }
    Ok(())
}

/// Registers the task definition.
pub(super) fn register(story: &Story) -> Result<(), Failure> {
    let file = story.region.file("whoami.json");
    fs::write(&file, WHOAMI)?;
    let input = format!("file://{}", file.display());
    let query = "taskDefinition.status";
    story.aws(&["ecs", "register-task-definition", "--cli-input-json", &input, "--query", query])?;
    Ok(())
}

/// The command that runs a task in a place. Its output is the task's ARN.
pub(super) fn run(place: &Place) -> String {
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
fn answer(story: &mut Story) -> Result<(), Failure> {
    let mut wrong = Vec::new();
    for resident in &story.found.residents {
        let said = fetch(story, &resident.vantage, &format!("http://{}:80/", resident.address))?.output;
        let said: Value = serde_json::from_str(&said).unwrap_or_default();
        if said["name"] != resident.name {
            wrong.push(format!("{}: {said}", resident.name));
        }
    }
    story.prove("each is in its place, and answers by its name", wrong.is_empty(), &wrong.join("; "));
    Ok(())
}
