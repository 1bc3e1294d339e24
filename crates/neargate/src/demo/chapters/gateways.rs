//! A VPC with a subnet for each way out, and for none.

use crate::{
    cli::Failure,
    demo::story::{Place, Story},
};

pub fn tell(story: &mut Story) -> Result<(), Failure> {
    story.screen.say("Three subnets: the public one leads to the internet gateway, the private one to a NAT gateway in the public one, the");
    story.screen.say("isolated one nowhere.");
    let [vpc, gateway, allocation] = story.aws_all([
        "ec2 create-vpc --cidr-block 10.0.0.0/16 --query Vpc.VpcId".to_owned(),
        "ec2 create-internet-gateway --query InternetGateway.InternetGatewayId".to_owned(),
        "ec2 allocate-address --query AllocationId".to_owned(),
    ])?;
    let subnet = |cidr| format!("ec2 create-subnet --vpc-id {vpc} --cidr-block {cidr} --query Subnet.SubnetId");
    let table = || format!("ec2 create-route-table --vpc-id {vpc} --query RouteTable.RouteTableId");
    let [public, private, isolated, to_internet, to_nat, to_endpoints, group, nat_address, ..] = story.aws_all([
        subnet("10.0.0.0/24"),
        subnet("10.0.1.0/24"),
        subnet("10.0.2.0/24"),
        table(),
        table(),
        table(),
        format!("ec2 create-security-group --group-name web --description web --vpc-id {vpc} --query GroupId"),
        format!("ec2 describe-addresses --allocation-ids {allocation} --query Addresses[0].PublicIp"),
        format!("ec2 attach-internet-gateway --vpc-id {vpc} --internet-gateway-id {gateway}"),
        format!("ec2 modify-vpc-attribute --vpc-id {vpc} --enable-dns-hostnames"),
    ])?;
    let anywhere = "--destination-cidr-block 0.0.0.0/0 --query Return";
    let associate = |table: &str, subnet: &str| {
        format!("ec2 associate-route-table --route-table-id {table} --subnet-id {subnet} --query AssociationId")
    };
    let [nat, ..] = story.aws_all([
        format!("ec2 create-nat-gateway --subnet-id {public} --allocation-id {allocation} --query NatGateway.NatGatewayId"),
        format!("ec2 create-route --route-table-id {to_internet} --gateway-id {gateway} {anywhere}"),
        associate(&to_internet, &public),
        associate(&to_nat, &private),
        associate(&to_endpoints, &isolated),
        format!("ec2 authorize-security-group-ingress --group-id {group} --protocol tcp --port 80 --cidr 0.0.0.0/0 --query Return"),
        format!("ec2 authorize-security-group-ingress --group-id {group} --protocol tcp --port 443 --cidr 10.0.0.0/16 --query Return"),
    ])?;
    story.aws_all([format!("ec2 wait nat-gateway-available --nat-gateway-ids {nat}")])?;
    let [routed] =
        story.aws_all([format!("ec2 create-route --route-table-id {to_nat} --nat-gateway-id {nat} {anywhere}")])?;
    story.prove("a NAT gateway is available, and a route leads to it", routed == "true", &routed);

    let place = |name, words, subnet: &String, public| Place {
        name,
        words,
        subnet: subnet.clone(),
        group: group.clone(),
        public,
        is_task: true,
    };
    let networks = &mut story.found.networks;
    networks.places = vec![
        place("public", "public subnet, public IP", &public, true),
        place("bare", "public subnet, no public IP", &public, false),
        place("private", "private subnet, NAT gateway", &private, false),
        place("isolated", "isolated subnet, endpoints", &isolated, false),
    ];
    networks.route_tables = vec![to_internet, to_nat, to_endpoints];
    (networks.vpc, networks.nat_address) = (vpc, nat_address);
    Ok(())
}
