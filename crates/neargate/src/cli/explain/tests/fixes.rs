//! What stops a flow, and that the commands let it through.

use super::{apply::apply, *};
use vpc::*;

/// Does what each report says until the flow gets through; what was done, in order.
fn mended(topology: &mut Topology, from: &str, to: &str, protocol: Protocol) -> Vec<String> {
    let mut done: Vec<String> = Vec::new();
    loop {
        let report = ask(topology, from, to, protocol).unwrap();
        if report.reachable {
            return done;
        }
        let fix = serde_json::to_value(&report).unwrap()["fix"].clone();
        let commands: Vec<String> = serde_json::from_value(fix["commands"].clone()).unwrap();
        assert!(!commands.is_empty() && done.len() < 20, "{report}\nafter {done:#?}");
        for command in commands {
            assert!(!done.contains(&command), "did not help: {command}\n{report}");
            assert!(apply(topology, &command), "{report}");
            done.push(command);
        }
    }
}

fn why(topology: &Topology, from: &str, to: &str) -> (String, Vec<String>) {
    let fix = serde_json::to_value(tcp(topology, from, to)).unwrap()["fix"].clone();
    (serde_json::from_value(fix["why"].clone()).unwrap(), serde_json::from_value(fix["commands"].clone()).unwrap())
}

/// Every rule of groups and ACLs taken away.
fn closed() -> Topology {
    let mut topology = region();
    for vpc in topology.vpcs.values_mut() {
        vpc.security_groups.values_mut().for_each(|group| *group = SecurityGroup::default());
        vpc.network_acls.values_mut().for_each(|acl| *acl = NetworkAcl::default());
    }
    topology
}

#[test]
fn the_commands_of_a_closed_region_open_it_step_by_step() {
    let mut topology = closed();
    assert_eq!(
        mended(&mut topology, "task/aa11", "task/bb33:5432", Protocol::Tcp),
        [
            "aws ec2 authorize-security-group-egress --group-id sg-web --protocol tcp --port 5432 --source-group sg-db",
            "aws ec2 create-network-acl-entry --network-acl-id acl-public --egress --rule-number 100 --protocol 6 --port-range From=5432,To=5432 --cidr-block 10.0.1.0/24 --rule-action allow",
            "aws ec2 create-network-acl-entry --network-acl-id acl-private --ingress --rule-number 100 --protocol 6 --port-range From=5432,To=5432 --cidr-block 10.0.0.0/24 --rule-action allow",
            "aws ec2 authorize-security-group-ingress --group-id sg-db --protocol tcp --port 5432 --source-group sg-web",
            "aws ec2 create-network-acl-entry --network-acl-id acl-private --egress --rule-number 100 --protocol 6 --port-range From=1024,To=65535 --cidr-block 10.0.0.0/24 --rule-action allow",
            "aws ec2 create-network-acl-entry --network-acl-id acl-public --ingress --rule-number 100 --protocol 6 --port-range From=1024,To=65535 --cidr-block 10.0.1.0/24 --rule-action allow",
        ]
    );
    assert!(!tcp(&topology, "task/aa11", "task/bb33:5433").reachable, "and nothing else");
    assert!(!tcp(&topology, "eni-app", "task/bb33:5432").reachable);
}

#[test]
fn every_kind_of_flow_can_be_opened() {
    for (from, to, protocol) in [
        ("internet", "task/aa11:80", Protocol::Tcp),
        ("internet", "task/aa11", Protocol::Icmp),
        ("task/aa11", "203.0.113.10:53", Protocol::Udp),
        ("eni-app", "203.0.113.10:443", Protocol::Tcp),
        ("eni-app", "203.0.113.10", Protocol::Icmp),
        ("eni-app", "198.18.0.10:80", Protocol::Tcp),
        ("task/aa11", "eni-peer:80", Protocol::Tcp),
        ("eni-peer", "eni-app:80", Protocol::Udp),
        ("eni-app", "s3:443", Protocol::Tcp),
        ("eni-app", "s3", Protocol::Icmp),
        ("task/aa11", "s3:443", Protocol::Tcp),
        ("eni-app", "logs:443", Protocol::Tcp),
        ("task/aa11", "logs:443", Protocol::Tcp),
        ("task/aa11", "eni-app", Protocol::Icmp),
    ] {
        mended(&mut closed(), from, to, protocol);
    }
}

#[test]
fn a_rule_for_a_prefix_list_names_an_icmp_message_by_type_and_code() {
    let done = mended(&mut closed(), "eni-app", "s3", Protocol::Icmp);
    assert!(
        done[0].ends_with(
            "--ip-permissions 'IpProtocol=icmp,FromPort=8,ToPort=0,PrefixListIds=[{PrefixListId=pl-63a5400a}]'"
        ),
        "{done:#?}"
    );
}

#[test]
fn missing_routes_lead_where_they_can() {
    let cut = |table: &str| {
        let mut topology = region();
        vpc_1(&mut topology).route_tables.get_mut(table).unwrap().routes.clear();
        topology
    };
    for (table, from, to, command) in [
        ("rtb-public", "eni-web", "internet:80", "--destination-cidr-block 0.0.0.0/0 --gateway-id igw-1"),
        ("rtb-private", "eni-app", "internet:80", "--destination-cidr-block 0.0.0.0/0 --nat-gateway-id nat-1"),
        (
            "rtb-public",
            "eni-web",
            "10.2.0.10:80",
            "--destination-cidr-block 10.2.0.0/16 --vpc-peering-connection-id pcx-1",
        ),
    ] {
        let create = format!("aws ec2 create-route --route-table-id {table} {command}");
        assert_eq!(why(&cut(table), from, to).1, [create]);
        mended(&mut cut(table), from, to, Protocol::Tcp);
    }
    assert_eq!(
        why(&cut("rtb-private"), "eni-app", "s3:443").1,
        ["aws ec2 modify-vpc-endpoint --vpc-endpoint-id vpce-s3 --add-route-table-ids rtb-private"]
    );
    mended(&mut cut("rtb-private"), "eni-app", "s3:443", Protocol::Tcp);
    let mut without = cut("rtb-private");
    vpc_1(&mut without).endpoints.remove("vpce-s3");
    assert_eq!(
        why(&without, "eni-app", "s3:443"),
        (
            "Route table rtb-private has no route for 198.19.254.16. vpc-1 has no gateway endpoint for com.amazonaws.us-east-1.s3, \
             where the layers of images in Amazon ECR are."
                .to_owned(),
            vec![
                "aws ec2 create-vpc-endpoint --vpc-id vpc-1 --service-name com.amazonaws.us-east-1.s3 --route-table-ids rtb-private"
                    .to_owned()
            ]
        )
    );
    mended(&mut without, "eni-app", "s3:443", Protocol::Tcp);
    // From outside the answer needs it.
    let inbound = why(&cut("rtb-public"), "internet", "task/aa11:80");
    assert_eq!(inbound.0, "Route table rtb-public has no route for the answer to 203.0.113.10.");
    mended(&mut cut("rtb-public"), "internet", "task/aa11:80", Protocol::Tcp);
    assert_eq!(
        why(&cut("rtb-public"), "eni-web", "192.168.1.1:80"),
        (
            "Route table rtb-public has no route for 192.168.1.1. Nobody on the internet or in a VPC that is here has \
             that address."
                .to_owned(),
            vec![]
        )
    );
}

#[test]
fn black_holes_are_filled() {
    let mut topology = region();
    vpc_1(&mut topology).internet_gateway = None;
    let (said, commands) = why(&topology, "eni-web", "internet:80");
    assert!(said.contains("(blackhole). igw-1 is not attached to vpc-1."), "{said}");
    assert_eq!(commands, ["aws ec2 attach-internet-gateway --internet-gateway-id igw-1 --vpc-id vpc-1"]);
    mended(&mut topology, "eni-web", "internet:80", Protocol::Tcp);

    let mut topology = region();
    vpc_1(&mut topology).nat_gateways.clear();
    let (_, commands) = why(&topology, "eni-app", "internet:80");
    assert!(commands[0].starts_with("NAT=$(aws ec2 create-nat-gateway --subnet-id subnet-public --allocation-id $("));
    assert_eq!(
        commands[1..],
        [
            "aws ec2 wait nat-gateway-available --nat-gateway-ids $NAT",
            "aws ec2 replace-route --route-table-id rtb-private --destination-cidr-block 0.0.0.0/0 --nat-gateway-id $NAT"
        ]
    );
    assert_eq!(mended(&mut topology, "eni-app", "internet:80", Protocol::Tcp), commands);

    let mut topology = region();
    topology.peerings.clear();
    let (_, commands) = why(&topology, "eni-web", "10.2.0.10:80");
    assert_eq!(commands, ["aws ec2 accept-vpc-peering-connection --vpc-peering-connection-id pcx-1"]);
    mended(&mut topology, "eni-web", "10.2.0.10:80", Protocol::Tcp);
}

/// What AWS's users do about a private subnet: a NAT gateway, endpoints if the VPC has some, or a public subnet where there is none.
#[test]
fn a_private_subnet_is_not_made_a_public_one() {
    let mut topology = region();
    let vpc = vpc_1(&mut topology);
    vpc.nat_gateways.clear();
    vpc.route_tables.get_mut("rtb-private").unwrap().routes.clear();
    let (said, commands) = why(&topology, "task/bb33", "ecr.api:443");
    assert_eq!(said, "No egress rule of eni-db's security groups allows TCP port 443 to 198.19.254.96.");
    assert!(apply(&mut topology, &commands[0]));
    let (said, commands) = why(&topology, "task/bb33", "ecr.api:443");
    assert_eq!(
        said,
        "Route table rtb-private has no route for 198.19.254.96. vpc-1 has no interface endpoint for com.amazonaws.us-east-1.ecr.api."
    );
    assert_eq!(
        commands,
        [
            "aws ec2 create-vpc-endpoint --vpc-endpoint-type Interface --vpc-id vpc-1 --service-name com.amazonaws.us-east-1.ecr.api \
             --subnet-ids subnet-private --security-group-ids sg-logs"
        ]
    );
    mended(&mut topology.clone(), "task/bb33", "ecr.api:443", Protocol::Tcp);

    vpc_1(&mut topology).endpoints.clear();
    let (_, commands) = why(&topology, "task/bb33", "ecr.api:443");
    assert_eq!(
        commands.last().unwrap(),
        "aws ec2 create-route --route-table-id rtb-private --destination-cidr-block 0.0.0.0/0 --nat-gateway-id $NAT"
    );
    mended(&mut topology.clone(), "task/bb33", "ecr.api:443", Protocol::Tcp);

    let vpc = vpc_1(&mut topology);
    vpc.route_tables.get_mut("rtb-public").unwrap().routes.clear();
    let (_, commands) = why(&topology, "task/bb33", "ecr.api:443");
    assert_eq!(
        commands[..2],
        [
            "aws ec2 create-route --route-table-id rtb-private --destination-cidr-block 0.0.0.0/0 --gateway-id igw-1",
            "# a task has a public address from its start or never: run it again with one"
        ]
    );
    assert!(commands[2].contains("subnets=[subnet-private]") && commands[2].contains("assignPublicIp=ENABLED"));
}

#[test]
fn vpcs_that_are_not_peered_are_peered() {
    let mut topology = region();
    topology.peerings.clear();
    vpc_1(&mut topology).route_tables.get_mut("rtb-public").unwrap().routes.pop();
    let (said, commands) = why(&topology, "eni-web", "10.2.0.10:80");
    assert_eq!(said, "10.2.0.10 is a private address of another VPC, which the internet does not lead to.");
    assert_eq!(commands.len(), 3);
    mended(&mut topology, "eni-web", "10.2.0.10:80", Protocol::Tcp);
}

#[test]
fn public_addresses_are_given_as_each_kind_of_interface_gets_them() {
    let (said, commands) = why(&region(), "task/aa22", "internet:80");
    assert_eq!(said, "10.0.0.12 has no public address, and internet gateway igw-1 carries nothing without one.");
    assert!(
        commands[1].contains("describe-tasks --cluster prod --tasks arn:aws:ecs:us-east-1:123456789012:task/prod/aa22")
    );
    assert!(commands[1].ends_with(
        "'awsvpcConfiguration={subnets=[subnet-public],securityGroups=[sg-default],assignPublicIp=ENABLED}'"
    ));
    let (said, commands) = why(&region(), "internet", "task/bb33:80");
    assert_eq!(said, "10.0.1.10 is a private address, and eni-db has no public one.");
    assert!(commands[1].contains("subnets=[subnet-public]"), "its own subnet leads to no internet gateway");

    let mut topology = region();
    vpc_1(&mut topology).interfaces.get_mut("eni-nat").unwrap().public_ips.clear();
    let (said, commands) = why(&topology, "eni-app", "internet:80");
    assert!(said.starts_with("10.0.0.5 has no public address"), "{said}");
    assert!(commands[0].starts_with("aws ec2 create-nat-gateway --subnet-id subnet-public --allocation-id $("));

    assert_eq!(
        why(&region(), "internet", "10.0.0.10:80").0,
        "10.0.0.10 is a private address: from outside eni-web is 198.18.0.10."
    );
}

#[test]
fn an_entry_goes_before_the_one_that_denies() {
    let deny = |port| AclRule {
        protocol: IpProtocol::TCP,
        ports: Ports::Range(port, port),
        net: "0.0.0.0/0".parse().unwrap(),
        allow: false,
    };
    let with = |numbers: &[u16]| {
        let mut topology = region();
        let acl = vpc_1(&mut topology).network_acls.get_mut("acl-private").unwrap();
        acl.ingress.extend(numbers.iter().map(|number| (*number, deny(5432))));
        topology
    };
    for (numbers, command) in [
        (&[50][..], "create-network-acl-entry --network-acl-id acl-private --ingress --rule-number 49 "),
        (&[4, 3], "create-network-acl-entry --network-acl-id acl-private --ingress --rule-number 2 "),
        (&[1, 2], "replace-network-acl-entry --network-acl-id acl-private --ingress --rule-number 1 "),
    ] {
        let (said, commands) = why(&with(numbers), "task/aa11", "task/bb33:5432");
        let first = numbers.iter().min().unwrap();
        assert_eq!(said, format!("In network ACL acl-private of subnet-private, entry {first} denies it (ingress)."));
        assert!(commands[0].contains(command), "{commands:?}");
        mended(&mut with(numbers), "task/aa11", "task/bb33:5432", Protocol::Tcp);
    }
}

#[test]
fn a_nat_gateway_in_the_way_is_led_around() {
    let mut topology = region();
    let routes = &mut vpc_1(&mut topology).route_tables.get_mut("rtb-public").unwrap().routes;
    routes[0].target = Target::NatGateway("nat-1".into());
    let replace =
        "aws ec2 replace-route --route-table-id rtb-public --destination-cidr-block 0.0.0.0/0 --gateway-id igw-1";
    let (said, commands) = why(&topology, "internet", "task/aa11:80");
    assert!(said.starts_with("The answer would leave by NAT gateway nat-1"), "{said}");
    assert_eq!(commands, [replace]);
    let (said, commands) = why(&topology, "eni-app", "internet:443");
    assert!(said.starts_with("NAT gateway nat-1 leads back to itself"), "{said}");
    assert_eq!(commands, [replace]);
    mended(&mut topology, "eni-app", "internet:443", Protocol::Tcp);
}

#[test]
fn what_no_command_helps_is_said_in_words() {
    for (from, to, says) in [
        ("internet", "198.18.0.5:80", "lets in nothing but answers"),
        ("internet", "198.18.0.99:80", "Nobody has 198.18.0.99."),
        ("eni-web", "10.0.9.9:80", "Nobody in vpc-1 has 10.0.9.9"),
        ("eni-web", "224.0.0.1:80", "no VPC carries anything to"),
        ("eni-web", "[2001:db8::1]:80", "IPv4"),
    ] {
        let (said, commands) = why(&region(), from, to);
        assert!(said.contains(says) && commands.is_empty(), "{from} {to}: {said} {commands:?}");
    }
}

#[test]
fn a_machine_that_forwards_must_be_one_that_may() {
    let mut topology = region();
    vpc_1(&mut topology).route_tables.get_mut("rtb-private").unwrap().routes[0].target =
        Target::Interface("eni-web".into());
    let (said, commands) = why(&topology, "eni-app", "internet:80");
    assert_eq!(said, "eni-web drops what is not for its own addresses.");
    assert!(apply(&mut topology, &commands[0]));
    let (said, commands) = why(&topology, "eni-app", "internet:80");
    assert!(said.contains("a machine that is to forward it") && commands.is_empty(), "{said}");
}

#[test]
fn peering_leads_one_vpc_further_and_no_more() {
    let mut topology = region();
    let onward =
        Route { destination: Destination::Net("0.0.0.0/0".parse().unwrap()), target: Target::Peering("pcx-1".into()) };
    topology.vpcs.get_mut("vpc-2").unwrap().route_tables.get_mut("rtb-peer").unwrap().routes.push(onward);
    let (said, commands) = why(&topology, "eni-peer", "internet:80");
    assert_eq!(
        said,
        "203.0.113.10 is not in vpc-1, and a peering connection leads into the other VPC and no further. Lead it to an \
         internet or NAT gateway of its own."
    );
    assert!(commands.is_empty());
}

#[test]
fn an_address_that_is_somebody_elses_for_the_sender_is_not_the_one_that_is_meant() {
    let mut topology = region();
    let mut twin = topology.vpcs["vpc-1"].clone();
    twin.interfaces = twin.interfaces.into_iter().map(|(id, it)| (format!("{id}-twin").into(), it)).collect();
    topology.vpcs.insert("vpc-4".into(), twin);
    for (from, to, says) in [
        ("eni-twin", "vpc-1/10.0.0.12:80", "For the sender 10.0.0.12 is eni-twin's: "),
        ("vpc-4/10.0.0.10", "vpc-1/10.0.1.10:5432", "For the sender 10.0.1.10 is eni-db-twin's: "),
        ("vpc-4/10.0.0.10", "eni-db:5432", "For the sender 10.0.1.10 is eni-db-twin's: "),
    ] {
        let (said, commands) = why(&topology, from, to);
        assert!(said.starts_with(says) && commands.is_empty(), "{from} {to}: {said} {commands:?}");
    }
    assert!(tcp(&topology, "vpc-4/10.0.0.10", "vpc-4/10.0.1.10:5432").reachable);
}
