//! Questions over one region, and every word of the answers.

mod apply;
mod fixes;
mod goldens;
mod places;

use super::{
    place::{Aim, Place},
    report::{Question, Report},
    *,
};

/// `eni-web`, `eni-bare` and `eni-db` are tasks.
fn tasks() -> Vec<Placed> {
    let task = |id: &str, eni: &str| Placed {
        task: id.to_owned(),
        arn: format!("arn:aws:ecs:us-east-1:123456789012:task/prod/{id}"),
        vpc: "vpc-1".to_owned(),
        network_interface: eni.to_owned(),
        private_address: None,
        containers: Vec::new(),
        essential_containers: Vec::new(),
    };
    vec![task("aa11", "eni-web"), task("aa22", "eni-bare"), task("bb33", "eni-db")]
}

fn region() -> Topology {
    serde_json::from_str(include_str!("region.json")).unwrap()
}

fn ask(topology: &Topology, from: &str, to: &str, protocol: Protocol) -> Result<Report, String> {
    let (from, to): (Place, Aim) = (from.parse()?, to.parse()?);
    let transport = protocol.transport(to.port).map_err(|failure| failure.0)?;
    let tasks = tasks();
    let question = Question::new(topology, &tasks, &from, &to.place, transport).map_err(|failure| failure.0)?;
    Ok(question.answer())
}

/// The report on TCP.
fn tcp(topology: &Topology, from: &str, to: &str) -> Report {
    ask(topology, from, to, Protocol::Tcp).unwrap()
}

fn vpc_1(topology: &mut Topology) -> &mut vpc::Vpc {
    topology.vpcs.get_mut("vpc-1").unwrap()
}
