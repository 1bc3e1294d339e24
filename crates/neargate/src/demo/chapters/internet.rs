//! Which address the other side sees.

use super::{matrix::HOST, page::curl};
use crate::{cli::Failure, demo::story::Story};
use serde_json::Value;

pub fn tell(story: &mut Story) -> Result<(), Failure> {
    let public = story.found.resident("public")?.clone();
    let private = story.found.resident("private")?.vantage.clone();
    let isolated = story.found.resident("isolated")?.vantage.clone();
    let nat = story.found.networks.nat_address.clone();
    let page = format!("http://{HOST}/");

    let seen = curl(story, &public.vantage, &page)?.output;
    story.screen.output(&seen);
    let claim = "the internet sees the task in the public subnet by its public IP";
    story.prove(claim, client(&seen).is_some() && client(&seen) == public.public, &seen);

    let seen = curl(story, &private, &page)?.output;
    story.screen.output(&seen);
    let claim = "it sees the task in the private subnet by the NAT gateway's Elastic IP";
    story.prove(claim, client(&seen).as_ref() == Some(&nat), &seen);

    story.screen.say("The same over UDP, and an echo request as ping(8) sends one: both by neargate's own program.");
    let program = story.region.program.display().to_string();
    let host = HOST.split(':').next().unwrap_or_default();
    let udp = story.neargate(&["from", &private, "--", &program, "demo-app", "udp", HOST])?;
    story.screen.output(&udp.output);
    story.prove(
        "over UDP it sees the same",
        client(&udp.output).as_ref() == Some(&nat),
        &format!("{}{}", udp.output, udp.error),
    );
    let ping = story.neargate(&["from", &private, "--", &program, "demo-app", "ping", host])?;
    story.screen.output(&ping.output);
    story.prove("an ICMP echo request from there is answered", ping.success, &ping.error);

    story.screen.say("No way leads from the isolated subnet to the internet, and AWS's service is there all the same:");
    let groups = ["create-log-group", "--log-group-name", "from-the-isolated-subnet"];
    let made = story.aws_from(&isolated, "logs", &groups)?;
    let found = story.aws(&["logs", "describe-log-groups", "--query", "logGroups[].logGroupName"])?;
    story.screen.json(&found);
    let held = made.success && found.as_array().is_some_and(|all| all.contains(&"from-the-isolated-subnet".into()));
    story.prove(
        "CloudWatch Logs is called from the isolated subnet, through its endpoint",
        held,
        &format!("{found} {}", made.error),
    );
    Ok(())
}

/// The address of the client in what `whoami` says.
fn client(said: &str) -> Option<String> {
    let said: Value = serde_json::from_str(said).ok()?;
    said["client"].as_str().map(str::to_owned)
}
