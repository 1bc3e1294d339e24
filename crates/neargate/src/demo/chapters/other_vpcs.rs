//! VPCs are worlds of their own, unless they are peered.

use crate::{
    cli::Failure,
    demo::story::{Place, Story},
};

pub fn tell(story: &mut Story) -> Result<(), Failure> {
    story.screen.say("The twin has the range of the first VPC, and nothing leads from one to the other. The peered VPC's range is another.");
    story.screen.say("Neither has a way to Amazon ECR, so programs of this machine stand in for tasks there.");
    let vpc = story.found.networks.vpc.clone();
    let [twin, peered] = story.aws_all([
        "ec2 create-vpc --cidr-block 10.0.0.0/16 --query Vpc.VpcId".to_owned(),
        "ec2 create-vpc --cidr-block 10.3.0.0/16 --query Vpc.VpcId".to_owned(),
    ])?;
    let subnet =
        |vpc: &str, cidr| format!("ec2 create-subnet --vpc-id {vpc} --cidr-block {cidr} --query Subnet.SubnetId");
    let group = |vpc: &str| {
        format!("ec2 create-security-group --group-name web --description web --vpc-id {vpc} --query GroupId")
    };
    let [twin_subnet, peered_subnet, twin_group, peered_group, peering, main] = story.aws_all([
        subnet(&twin, "10.0.1.0/24"),
        subnet(&peered, "10.3.0.0/24"),
        group(&twin),
        group(&peered),
        format!("ec2 create-vpc-peering-connection --vpc-id {vpc} --peer-vpc-id {peered} --query VpcPeeringConnection.VpcPeeringConnectionId"),
        format!("ec2 describe-route-tables --filters Name=vpc-id,Values={peered} Name=association.main,Values=true --query RouteTables[0].RouteTableId"),
    ])?;
    let open = |group: &str| {
        format!(
            "ec2 authorize-security-group-ingress --group-id {group} --protocol tcp --port 80 --cidr 0.0.0.0/0 --query Return"
        )
    };
    let [state, ..] = story.aws_all([
        format!("ec2 accept-vpc-peering-connection --vpc-peering-connection-id {peering} --query VpcPeeringConnection.Status.Code"),
        open(&twin_group),
        open(&peered_group),
    ])?;
    story.prove("a peering connection is accepted", state == "active" || state == "provisioning", &state);
    let route = |table: &str, cidr| {
        format!(
            "ec2 create-route --route-table-id {table} --destination-cidr-block {cidr} --vpc-peering-connection-id {peering} --query Return"
        )
    };
    let [to_internet, to_nat, to_endpoints] = story.found.networks.route_tables.as_slice() else {
        return Err(Failure("the first VPC has not three route tables".to_owned()));
    };
    story.aws_all([
        route(to_internet, "10.3.0.0/16"),
        route(to_nat, "10.3.0.0/16"),
        route(to_endpoints, "10.3.0.0/16"),
        route(&main, "10.0.0.0/16"),
    ])?;
    let place = |name, words, subnet, group| Place { name, words, subnet, group, public: false, is_task: false };
    let networks = &mut story.found.networks;
    networks.places.push(place("twin", "VPC of the same range", twin_subnet, twin_group));
    networks.places.push(place("peered", "peered VPC", peered_subnet, peered_group));
    networks.peered = peered;
    Ok(())
}
