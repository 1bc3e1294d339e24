//! Addresses: a public one that is missing, and those that nobody has.

use super::{
    Fix, Scene,
    routes::{self, new_gateway, on_internet},
    words,
};
use crate::cli::explain::replay::Moment;
use std::net::IpAddr;
use vpc::{Holder, Interface, InterfaceId, InternetGatewayId, Subnet, SubnetId, Target, Vpc, VpcId, verdict::Step};

/// A new Elastic IP address, as an argument.
pub const NEW_ADDRESS: &str = "$(aws ec2 allocate-address --domain vpc --query AllocationId --output text)";

/// A private address that has no public one.
pub fn public(scene: &Scene, moment: &Moment, gateway: &InternetGatewayId, private: IpAddr) -> Fix {
    let why = format!("{private} has no public address, and internet gateway {gateway} carries nothing without one.");
    let Some(id) = moment.sender else { return words(why) };
    Fix { why, commands: give(scene, id, private) }
}

/// Commands that give an interface a public address.
pub fn give(scene: &Scene, id: &InterfaceId, private: IpAddr) -> Vec<String> {
    let Some((_, vpc, interface)) = scene.interface(id) else { return Vec::new() };
    match &interface.holder {
        Holder::Task => scene.tasks.get(id.as_str()).map(|arn| again(arn, vpc, interface)).unwrap_or_default(),
        Holder::NatGateway(gateway) => vec![
            format!("aws ec2 create-nat-gateway --subnet-id {} --allocation-id {NEW_ADDRESS}", interface.subnet),
            format!("# then lead the routes to it that lead to {gateway}, which is a private one"),
        ],
        Holder::LoadBalancer(_) => vec![
            "# a load balancer has public addresses from its start or never: create it again with --scheme internet-facing"
                .to_owned(),
        ],
        Holder::User | Holder::Endpoint(_) => vec![format!(
            "aws ec2 associate-address --network-interface-id {id} --private-ip-address {private} --allocation-id {NEW_ADDRESS}"
        )],
    }
}

/// A task's interface is Amazon ECS's: a public address is asked for when the task is run.
fn again(arn: &str, vpc: &Vpc, interface: &Interface) -> Vec<String> {
    let cluster = arn.rsplit('/').nth(1).unwrap_or("default");
    let groups: Vec<&str> = interface.security_groups.iter().map(|group| group.as_str()).collect();
    vec![
        "# a task has a public address from its start or never: run it again with one".to_owned(),
        format!(
            "aws ecs run-task --cluster {cluster} --launch-type FARGATE --task-definition $(aws ecs describe-tasks \
             --cluster {cluster} --tasks {arn} --query 'tasks[0].taskDefinitionArn' --output text) \
             --network-configuration 'awsvpcConfiguration={{subnets=[{}],securityGroups=[{}],assignPublicIp=ENABLED}}'",
            public_subnet(vpc, interface),
            groups.join(",")
        ),
    ]
}

/// A subnet where a public address is of use: an interface's own if it is public.
fn public_subnet<'a>(vpc: &'a Vpc, interface: &'a Interface) -> &'a SubnetId {
    let mut public: Vec<_> = public_subnets(vpc).collect();
    public.sort_by_key(|id| **id != interface.subnet);
    public.first().copied().unwrap_or(&interface.subnet)
}

/// The subnets that lead to an internet gateway.
pub fn public_subnets(vpc: &Vpc) -> impl Iterator<Item = &SubnetId> {
    let leads = |subnet: &Subnet| {
        let routes = vpc.route_tables.get(&subnet.route_table).map(|table| table.routes.as_slice()).unwrap_or_default();
        routes.iter().any(|route| matches!(route.target, Target::InternetGateway(_)))
    };
    vpc.subnets.iter().filter(move |(_, subnet)| leads(subnet)).map(|(id, _)| id)
}

/// An address that the internet does not lead to.
pub fn nobody(scene: &Scene, before: &[Moment], public: IpAddr) -> Fix {
    let vpcs = || scene.topology.vpcs.iter();
    if let Some((vpc_id, vpc)) = vpcs().find(|(_, vpc)| vpc.interface_at_public(public).is_some()) {
        if vpc.internet_gateway.is_some() {
            return words(format!("It bears an address of {vpc_id}, and can't come from outside with that."));
        }
        let why = format!("{vpc_id} has no internet gateway, so nothing gets to {public}.");
        return Fix { why, commands: new_gateway(vpc_id).into() };
    }
    let private = vpcs().find_map(|(_, vpc)| vpc.interface_at(public));
    let Some((id, interface)) = private else {
        return words(format!("Nobody has {public}."));
    };
    if let Some(commands) = peered(scene, before, public) {
        let why = format!("{public} is a private address of another VPC, which the internet does not lead to.");
        return Fix { why, commands };
    }
    match interface.public_ips.get(&public) {
        Some(address) => words(format!("{public} is a private address: from outside {id} is {address}.")),
        None => Fix {
            why: format!("{public} is a private address, and {id} has no public one."),
            commands: give(scene, id, public),
        },
    }
}

/// Commands that lead from VPC to VPC what was led to the internet.
fn peered(scene: &Scene, before: &[Moment], to: IpAddr) -> Option<Vec<String>> {
    let route = before.iter().rev().find_map(|moment| match moment.step {
        Step::Route { table, .. } => Some((moment, table)),
        _ => None,
    });
    let (moment, table) = route.filter(|(moment, _)| moment.destination == to)?;
    routes::specific(scene, moment, table)
}

/// An address that nobody has in the VPC where it should be.
pub fn undelivered(scene: &Scene, moment: &Moment, vpc: &VpcId) -> Fix {
    let to = moment.destination;
    let inside = scene.topology.vpcs.get(vpc).is_some_and(|vpc| vpc.contains(to));
    if inside {
        return words(format!(
            "Nobody in {vpc} has {to}, or it answers nothing there: see `neargate status` for tasks' addresses."
        ));
    }
    let sender = moment.sender.and_then(|id| scene.interface(id)).map(|(id, ..)| id);
    if sender.is_some_and(|sender| sender == vpc) {
        return words(format!("{to} is an address that no VPC carries anything to."));
    }
    let why = format!("{to} is not in {vpc}, and a peering connection leads into the other VPC and no further.");
    let direct = scene.topology.vpcs.iter().find(|(id, other)| *id != vpc && other.interface_at(to).is_some());
    let commands = match (sender, direct) {
        (Some(sender), Some((other, _))) if sender != other => {
            vec![format!("aws ec2 create-vpc-peering-connection --vpc-id {sender} --peer-vpc-id {other}")]
        }
        _ => Vec::new(),
    };
    let way_out = commands.is_empty() && on_internet(scene, to);
    let why = if way_out { format!("{why} Lead it to an internet or NAT gateway of its own.") } else { why };
    Fix { why, commands }
}
