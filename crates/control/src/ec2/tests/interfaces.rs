use super::*;
use crate::{
    ec2::{
        interface::{self, NewInterface},
        topology, validate_awsvpc,
    },
    state::{NetworkInterface, Tags},
};
use aws::fault::Fault;
use std::collections::BTreeSet;
use vpc::{Holder, InterfaceId, Peer, SecurityGroupId, SubnetId};

fn wanted(subnet: &str, groups: &[&str]) -> NewInterface {
    NewInterface {
        subnet: SubnetId::from(subnet),
        groups: groups.iter().map(|id| SecurityGroupId::from(*id)).collect(),
        description: "arn:aws:ecs:us-east-1:123456789012:attachment/0d9f3c1a".to_owned(),
        holder: Holder::Task,
        public_ip: false,
        tags: Tags::from([("aws:ecs:clusterName".to_owned(), "c".to_owned())]),
    }
}

impl World {
    fn interface(&mut self, wanted: NewInterface) -> Result<NetworkInterface, Fault> {
        self.transact(|tx| interface::create(tx, wanted))
    }
    fn without(&mut self, id: &InterfaceId) {
        self.transact(|tx| {
            interface::delete(tx, id);
            Ok(())
        })
        .unwrap();
    }
    fn free(&mut self, subnet: &str) -> Value {
        self.ec2("DescribeSubnets", json!({ "SubnetId": [subnet] }))["subnetSet"][0]["availableIpAddressCount"].clone()
    }
}

#[test]
fn a_task_s_interface_looks_like_fargate_s() {
    let mut world = World::founded();
    let subnets =
        world.ec2("DescribeSubnets", json!({ "Filter": [{ "Name": "availability-zone", "Value": ["us-east-1a"] }] }));
    let subnet = text(&subnets, "/subnetSet/0/subnetId");
    let made = world.interface(NewInterface { public_ip: true, ..wanted(&subnet, &[]) }).unwrap();
    let answer = world.ec2("DescribeNetworkInterfaces", json!({ "NetworkInterfaceId": [made.id.as_str()] }));
    let shown = &answer["networkInterfaceSet"][0];
    assert_eq!(text(shown, "/privateIpAddress"), "172.31.0.4");
    assert_eq!(text(shown, "/privateDnsName"), "ip-172-31-0-4.ec2.internal");
    assert_eq!(interface::private_dns_name(&world.state, &made).as_deref(), Some("ip-172-31-0-4.ec2.internal"));
    assert_eq!((text(shown, "/interfaceType"), text(shown, "/status")), ("interface".into(), "in-use".into()));
    assert_eq!((&shown["requesterManaged"], text(shown, "/availabilityZone")), (&json!(true), "us-east-1a".into()));
    assert_eq!(texts(shown, "/groupSet", "/groupName"), ["default"], "without groups it has the VPC's default one");
    let attachment = &shown["attachment"];
    assert_eq!(
        (text(attachment, "/status"), &attachment["deviceIndex"], &attachment["deleteOnTermination"]),
        ("attached".into(), &json!(1), &json!(false))
    );
    let public = text(shown, "/association/publicIp");
    assert!(public.starts_with("198.18.") || public.starts_with("198.19."), "{public}");
    assert_eq!(
        text(shown, "/association/publicDnsName"),
        format!("ec2-{}.compute-1.amazonaws.com", public.replace('.', "-"))
    );
    assert_eq!(shown["tagSet"], json!([{ "key": "aws:ecs:clusterName", "value": "c" }]));
    let by_public = world.ec2(
        "DescribeNetworkInterfaces",
        json!({ "Filter": [{ "Name": "association.public-ip", "Value": [public] }] }),
    );
    assert_eq!(texts(&by_public, "/networkInterfaceSet", "/networkInterfaceId"), [made.id.as_str()]);
    world.without(&made.id);
    assert_eq!(world.ec2("DescribeNetworkInterfaces", json!({}))["networkInterfaceSet"], json!([]));
    assert!(world.state.addresses.is_empty(), "its addresses are free");
}

#[test]
fn a_subnet_is_full_exactly_when_its_addresses_are_given() {
    let mut world = World::founded();
    let vpc = world.vpc("10.0.0.0/16");
    let subnet = world.subnet(&vpc, "10.0.7.16/28");
    let made: Vec<_> = (0..11).map(|_| world.interface(wanted(&subnet, &[])).unwrap()).collect();
    let addresses: BTreeSet<String> = made.iter().map(|interface| interface.private_ip.to_string()).collect();
    assert_eq!(addresses, (20..=30).map(|n| format!("10.0.7.{n}")).collect());
    assert_eq!(made.iter().map(|interface| interface.mac).collect::<BTreeSet<_>>().len(), 11);
    assert!(made.iter().all(|interface| interface.mac.0[0] & 3 == 2), "locally administered and unicast");
    assert_eq!(world.free(&subnet), json!(0));
    let before = world.state.revision;
    assert_eq!(world.interface(wanted(&subnet, &[])).unwrap_err().code, "InsufficientFreeAddressesInSubnet");
    assert_eq!(world.state.revision, before);
    world.without(&made[3].id);
    assert_eq!(world.free(&subnet), json!(1));
    assert_eq!(world.interface(wanted(&subnet, &[])).unwrap().private_ip, made[3].private_ip);
}

#[test]
fn an_address_is_not_given_again_soon() {
    let mut world = World::founded();
    let vpc = world.vpc("10.0.0.0/16");
    let subnet = world.subnet(&vpc, "10.0.0.0/28");
    let mut given = Vec::new();
    for _ in 0..12 {
        let made = world.interface(wanted(&subnet, &[])).unwrap();
        world.without(&made.id);
        given.push(made.private_ip.to_string());
    }
    assert_eq!(given[..11].iter().collect::<BTreeSet<_>>().len(), 11);
    assert_eq!(given[11], given[0], "only once all others were given");
    world.without(&InterfaceId::from("eni-0"));
    assert_eq!(world.free(&subnet), json!(11), "removing what is gone frees nothing");
}

#[test]
fn thousands_of_interfaces_get_addresses_of_their_own() {
    let mut world = World::founded();
    let vpc = world.vpc("10.0.0.0/16");
    let subnet = world.subnet(&vpc, "10.0.0.0/18");
    let made = world
        .transact(|tx| (0..5000).map(|_| interface::create(tx, wanted(&subnet, &[]))).collect::<Result<Vec<_>, _>>())
        .unwrap();
    assert_eq!(made.iter().map(|i| i.private_ip).collect::<BTreeSet<_>>().len(), 5000);
    assert_eq!(made.iter().map(|i| i.mac).collect::<BTreeSet<_>>().len(), 5000);
    assert_eq!(world.free(&subnet), json!(16384 - 5 - 5000));
    assert_eq!(world.interface(wanted(&subnet, &[])).unwrap_err().code, "NetworkInterfaceLimitExceeded");
    assert_eq!(topology(&world.state).vpcs[vpc.as_str()].interfaces.len(), 5000);
}

#[test]
fn subnets_and_groups_with_interfaces_are_not_deleted() {
    let mut world = World::founded();
    let vpc = world.vpc("10.0.0.0/16");
    let (subnet, group) = (world.subnet(&vpc, "10.0.0.0/24"), world.group(&vpc, "web"));
    let made = world.interface(wanted(&subnet, &[&group])).unwrap();
    let refused = world.ec2_refuses("DeleteSubnet", json!({ "SubnetId": subnet }));
    assert_eq!(refused, format!("DependencyViolation: The subnet '{subnet}' has dependencies and cannot be deleted."));
    let refused = world.ec2_refuses("DeleteSecurityGroup", json!({ "GroupId": group }));
    assert_eq!(refused, format!("DependencyViolation: resource {group} has a dependent object"));
    world.without(&made.id);
    world.ec2("DeleteSubnet", json!({ "SubnetId": subnet }));
    world.ec2("DeleteSecurityGroup", json!({ "GroupId": group }));
}

#[test]
fn interfaces_have_groups_of_their_vpc_and_at_most_five() {
    let mut world = World::founded();
    let (one, two) = (world.vpc("10.0.0.0/16"), world.vpc("10.0.0.0/16"));
    let subnet = world.subnet(&one, "10.0.0.0/24");
    let foreign = world.group(&two, "web");
    let refused = world.interface(wanted(&subnet, &[&foreign])).unwrap_err().to_string();
    assert_eq!(refused, "InvalidGroup.NotFound: You have specified two resources that belong to different networks.");
    let groups: Vec<String> = (0..6).map(|n| world.group(&one, &format!("g{n}"))).collect();
    let groups: Vec<&str> = groups.iter().map(String::as_str).collect();
    let refused = world.interface(wanted(&subnet, &groups)).unwrap_err();
    assert_eq!(refused.code, "SecurityGroupsPerInterfaceLimitExceeded");
    world.interface(wanted(&subnet, &groups[..5])).unwrap();
}

#[test]
fn hosts_are_told_each_vpc_whole() {
    let mut world = World::founded();
    let (vpc, other) = (world.vpc("10.0.0.0/16"), world.vpc("10.0.0.0/16"));
    let (subnet, elsewhere) = (world.subnet(&vpc, "10.0.0.0/24"), world.subnet(&other, "10.0.0.0/24"));
    let group = world.group(&vpc, "web");
    world.ec2(
        "AuthorizeSecurityGroupIngress",
        json!({ "GroupId": group, "IpProtocol": "tcp", "FromPort": 80, "ToPort": 80, "CidrIp": "10.0.0.0/8" }),
    );
    let made = world.interface(wanted(&subnet, &[&group])).unwrap();
    world.interface(wanted(&elsewhere, &[])).unwrap();
    let told = &topology(&world.state).vpcs[vpc.as_str()];
    assert_eq!(told.cidrs.iter().map(ToString::to_string).collect::<Vec<_>>(), ["10.0.0.0/16"]);
    assert_eq!(told.subnets.keys().map(ToString::to_string).collect::<Vec<_>>(), [subnet]);
    assert_eq!(told.interfaces.keys().collect::<Vec<_>>(), [&made.id]);
    assert_eq!(told.interfaces[&made.id].security_groups, BTreeSet::from([SecurityGroupId::from(group.as_str())]));
    assert_eq!(told.security_groups.len(), 2, "the default group is told of too");
    let rules = &told.security_groups[group.as_str()];
    assert_eq!(rules.ingress[0].peer, Peer::Net("10.0.0.0/8".parse().unwrap()));
    assert_eq!(rules.egress.len(), 1);
}

#[test]
fn where_a_task_runs_is_one_vpc() {
    let mut world = World::founded();
    let (vpc, other) = (world.vpc("10.0.0.0/16"), world.vpc("10.0.0.0/16"));
    let (a, b) = (world.subnet(&vpc, "10.0.0.0/24"), world.subnet(&vpc, "10.0.1.0/24"));
    let (group, foreign) = (world.group(&vpc, "web"), world.group(&other, "web"));
    let valid = |subnets: &[&String], groups: &[&String]| {
        let owned = |ids: &[&String]| ids.iter().map(|id| (*id).clone()).collect::<Vec<_>>();
        validate_awsvpc(&world.state, &owned(subnets), &owned(groups)).map_err(|fault| fault.to_string())
    };
    let found = valid(&[&a, &b, &a], &[&group]).unwrap();
    assert_eq!((found.vpc.as_str(), found.subnets.len(), found.groups.len()), (vpc.as_str(), 2, 1));
    assert_eq!(
        valid(&[&a, &"subnet-0".to_owned()], &[]).unwrap_err(),
        format!(
            "InvalidParameterException: Error retrieving subnet information for [{a}, subnet-0]: The subnet ID 'subnet-0' does not exist (ErrorCode: InvalidSubnetID.NotFound)"
        )
    );
    assert_eq!(
        valid(&[&a], &[&foreign]).unwrap_err(),
        format!(
            "InvalidParameterException: Security group {foreign} does not appear to belong to the same VPC as the input subnets."
        )
    );
}
