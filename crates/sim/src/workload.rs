//! A user: makes a small network and a task definition, then starts and stops tasks at random.

use crate::{cluster::Chance, server::Server, services::Services};
use aws::{
    api::{ec2, ecs},
    doc::Doc,
    fault::Fault,
    shape::Shape,
};
use spec::Millis;
use std::collections::BTreeMap;

/// Two subnets of eleven usable addresses each, so that addresses run out and are used again and again.
const SUBNETS: [&str; 2] = ["10.0.0.0/28", "10.0.0.16/28"];

/// What the user made and works with.
pub(crate) struct Workload {
    subnets: Vec<String>,
    /// Subnets that only services use.
    services: Services,
    /// Made-up client tokens, so that calls can be repeated.
    last: Option<Doc>,
}

/// A structure as it is read.
pub(crate) fn object<const N: usize>(members: [(&str, Doc); N]) -> Doc {
    Doc::Map(members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect::<BTreeMap<_, _>>())
}

pub(crate) fn text(value: impl Into<String>) -> Doc {
    Doc::Text(value.into())
}

impl Workload {
    /// Sets up the region.
    ///
    /// # Errors
    /// When the control plane refuses something it should do.
    pub(crate) fn new(server: &mut Server, chance: &mut Chance) -> Result<Self, Fault> {
        server.transact(0, chance, control::ec2::found)?;
        let mut vpc = server.call(0, chance, &ec2::API, "CreateVpc", object([("CidrBlock", text("10.0.0.0/24"))]))?;
        let vpc = take_text(&mut vpc, &["vpc", "vpcId"]);
        let mut subnets = Vec::new();
        for cidr in SUBNETS {
            let input = object([("VpcId", text(vpc.clone())), ("CidrBlock", text(cidr))]);
            let mut made = server.call(0, chance, &ec2::API, "CreateSubnet", input)?;
            subnets.push(take_text(&mut made, &["subnet", "subnetId"]));
        }
        server.call(0, chance, &ecs::API, "CreateCluster", object([]))?;
        server.call(0, chance, &ecs::API, "RegisterTaskDefinition", definition())?;
        let services = Services::new(server, chance, &vpc)?;
        Ok(Self { subnets, services, last: None })
    }

    /// Makes one call, or none.
    ///
    /// # Errors
    /// What the control plane refuses.
    pub(crate) fn step(&mut self, server: &mut Server, now: Millis, chance: &mut Chance) -> Result<(), Fault> {
        if chance.one_in(8) {
            let input = match self.last.take().filter(|_| chance.one_in(6)) {
                Some(again) => again,
                None => self.run(chance),
            };
            self.last = Some(input.clone());
            server.call(now, chance, &ecs::API, "RunTask", input)?;
        }
        self.services.step(server, now, chance)?;
        if chance.one_in(12) {
            let ids: Vec<String> = server.state.tasks.iter().map(|task| task.id.to_string()).collect();
            if let Some(id) = chance.pick(&ids) {
                server.call(now, chance, &ecs::API, "StopTask", object([("task", text(id))]))?;
            }
        }
        Ok(())
    }

    fn run(&self, chance: &mut Chance) -> Doc {
        let network = object([
            ("subnets", Doc::List(self.subnets.iter().map(text).collect())),
            ("assignPublicIp", text(if chance.one_in(3) { "ENABLED" } else { "DISABLED" })),
        ]);
        object([
            ("taskDefinition", text("web")),
            ("launchType", text("FARGATE")),
            ("count", Doc::Int(i64::from(chance.below(3)) + 1)),
            ("clientToken", text(format!("token-{}", chance.seed()))),
            ("networkConfiguration", object([("awsvpcConfiguration", network)])),
        ])
    }
}

/// Two essential containers, one of which waits for a third that ends by itself, and one with a health check.
fn definition() -> Doc {
    let container = |name: &str| vec![("name", text(name)), ("image", text("busybox")), ("stopTimeout", Doc::Int(5))];
    let structure = |members: Vec<(&str, Doc)>| Doc::Map(members.into_iter().map(|(n, v)| (n.to_owned(), v)).collect());
    let mut web = container("web");
    let start = object([("containerName", text("api")), ("condition", text("START"))]);
    web.push(("dependsOn", Doc::List(vec![start])));
    let mut api = container("api");
    api.push(("healthCheck", object([("command", Doc::List(vec![text("CMD"), text("true")]))])));
    let mut side = container("side");
    side.push(("essential", Doc::Bool(false)));
    object([
        ("family", text("web")),
        ("networkMode", text("awsvpc")),
        ("requiresCompatibilities", Doc::List(vec![text("FARGATE")])),
        ("cpu", text("256")),
        ("memory", text("512")),
        ("containerDefinitions", Doc::List(vec![structure(web), structure(api), structure(side)])),
    ])
}

pub(crate) fn take_text(doc: &mut Doc, path: &[&str]) -> String {
    match path {
        [] => String::read(std::mem::replace(doc, Doc::Null)).unwrap_or_default(),
        [first, rest @ ..] => take_text(&mut doc.take(first), rest),
    }
}
