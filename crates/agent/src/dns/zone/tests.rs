//! What names mean, and from where.

use super::*;
use std::collections::BTreeMap;
use vpc::{AwsService, Endpoint, Holder, INTERNET_HOST, Interface, LoadBalancer, LoadBalancerNode, Mac, Peering, Vpc};

/// 10.0.0.0/16 with a public interface, and endpoints for logs and s3.
pub(crate) const VPC: &str = "vpc-a";
/// 10.1.0.0/16 with a public interface, peered to the first one.
pub(crate) const OTHER: &str = "vpc-b";
/// 10.0.0.0/16 again, with nothing in it and peered to nobody.
const APART: &str = "vpc-c";

/// A region in us-east-1 with everything that has a name.
pub(crate) fn region() -> Topology {
    let mut first = vpc("10.0.0.0/16", &[("eni-web", "10.0.1.12", Some("198.18.0.5"))]);
    for (id, ip) in [("eni-logs1", "10.0.1.200"), ("eni-logs2", "10.0.2.200"), ("eni-ecr", "10.0.1.201")] {
        first.interfaces.insert(id.into(), interface(ip, None, Holder::Endpoint("vpce-logs".into())));
    }
    let to = |service: &str, interfaces: &[&str], private_dns| Endpoint::Interface {
        service: service.to_owned(),
        interfaces: ["us-east-1a", "us-east-1b"]
            .map(str::to_owned)
            .into_iter()
            .zip(interfaces.iter().map(|id| (*id).into()))
            .collect(),
        dns_label: format!("vpce-{}", service.split('.').next().unwrap()),
        private_dns,
    };
    first.endpoints = [
        ("vpce-logs".into(), to("logs", &["eni-logs1", "eni-logs2"], true)),
        ("vpce-ecr".into(), to("ecr.dkr", &["eni-ecr"], true)),
        ("vpce-sts".into(), to("sts", &["eni-ecr"], false)),
        ("vpce-s3".into(), Endpoint::Gateway { service: "s3".to_owned(), prefix_list: "pl-1".into() }),
    ]
    .into();
    let second = vpc("10.1.0.0/16", &[("eni-db", "10.1.1.12", Some("198.18.0.6"))]);
    let peering = Peering { requester: VPC.into(), accepter: OTHER.into(), requester_dns: true, accepter_dns: false };
    Topology {
        region: "us-east-1".to_owned(),
        vpcs: [(VPC.into(), first), (OTHER.into(), second), (APART.into(), vpc("10.0.0.0/16", &[]))].into(),
        peerings: [("pcx-1".into(), peering)].into(),
        prefix_lists: BTreeMap::new(),
        registries: ["registry.example.com:5000".to_owned()].into(),
    }
}

fn vpc(cidr: &str, interfaces: &[(&str, &str, Option<&str>)]) -> Vpc {
    let interfaces = interfaces.iter().map(|(id, ip, public)| ((*id).into(), interface(ip, *public, Holder::Task)));
    Vpc {
        cidrs: vec![cidr.parse().unwrap()],
        dns_support: true,
        dns_hostnames: true,
        interfaces: interfaces.collect(),
        ..Vpc::default()
    }
}

fn interface(ip: &str, public: Option<&str>, holder: Holder) -> Interface {
    let ip: IpAddr = ip.parse().unwrap();
    Interface {
        subnet: "subnet-1".into(),
        private_ip: ip,
        mac: Mac([2, 0, 0, 0, 0, 1]),
        secondary_ips: Default::default(),
        public_ips: public.map(|public| (ip, public.parse().unwrap())).into_iter().collect(),
        security_groups: Default::default(),
        source_dest_check: true,
        holder,
    }
}

fn asked(topology: &Topology, from: &str, name: &str) -> String {
    let view = if from == "internet" { View::Internet } else { View::Vpc(from.into()) };
    match find(topology, &view, name) {
        Some(Data::Addresses(addresses)) => addresses.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "),
        Some(Data::Pointer(name)) => name,
        Some(Data::Nothing) => "nothing".to_owned(),
        None => "no such name".to_owned(),
    }
}

#[track_caller]
fn means(topology: &Topology, from: &str, expected: &[(&str, &str)]) {
    for (name, meaning) in expected {
        assert_eq!(asked(topology, from, name), *meaning, "{name} from {from}");
    }
}

#[test]
fn private_names_are_known_in_the_vpc_and_its_peers() {
    let region = region();
    let all = [
        ("ip-10-0-1-12.ec2.internal", "10.0.1.12"),
        // An address that no interface has.
        ("ip-10-0-77-1.ec2.internal", "10.0.77.1"),
        ("ip-10-1-1-12.ec2.internal", "10.1.1.12"),
        ("ip-10-2-1-12.ec2.internal", "no such name"),
        ("ec2-10-0-1-12.ec2.internal", "no such name"),
        ("ip-10-0-1-12.compute-1.amazonaws.com", "no such name"),
        ("x.ip-10-0-1-12.ec2.internal", "no such name"),
        // No name leads to a machine's own services or to itself.
        ("ip-169-254-169-254.ec2.internal", "no such name"),
        ("ip-169-254-170-2.ec2.internal", "no such name"),
        ("ip-127-0-0-1.ec2.internal", "no such name"),
        ("254.169.254.169.in-addr.arpa", "no such name"),
        ("ip-10-0-1-12.us-east-1.compute.internal", "no such name"),
        ("12.1.0.10.in-addr.arpa", "ip-10-0-1-12.ec2.internal"),
        ("12.1.1.10.in-addr.arpa", "ip-10-1-1-12.ec2.internal"),
        ("12.1.2.10.in-addr.arpa", "no such name"),
        ("1.0.10.in-addr.arpa", "no such name"),
        ("ec2.internal", "nothing"),
        ("internal", "nothing"),
    ];
    means(&region, VPC, &all);
    means(&region, OTHER, &all);
    means(&region, APART, &[("ip-10-1-1-12.ec2.internal", "no such name"), ("12.1.1.10.in-addr.arpa", "no such name")]);
    for (name, _) in all.iter().filter(|(name, _)| !name.ends_with("in-addr.arpa")) {
        assert_eq!(asked(&region, "internet", name), "no such name", "{name}");
    }
    assert_eq!(asked(&region, "internet", "12.1.0.10.in-addr.arpa"), "no such name");
}

#[test]
fn private_names_follow_the_region() {
    let mut region = region();
    region.region = "eu-west-1".to_owned();
    means(
        &region,
        VPC,
        &[
            ("ip-10-0-1-12.eu-west-1.compute.internal", "10.0.1.12"),
            ("12.1.0.10.in-addr.arpa", "ip-10-0-1-12.eu-west-1.compute.internal"),
            ("ip-10-0-1-12.ec2.internal", "no such name"),
            ("ec2-198-18-0-5.eu-west-1.compute.amazonaws.com", "10.0.1.12"),
            ("ec2-198-18-0-5.compute-1.amazonaws.com", "no such name"),
        ],
    );
}

#[test]
fn without_dns_hostnames_addresses_have_no_names() {
    let mut region = region();
    region.vpcs.get_mut(VPC).unwrap().dns_hostnames = false;
    let logs = AwsService::named("logs").unwrap().address().to_string();
    means(
        &region,
        VPC,
        &[
            ("ip-10-0-1-12.ec2.internal", "no such name"),
            ("12.1.0.10.in-addr.arpa", "no such name"),
            ("ec2-198-18-0-5.compute-1.amazonaws.com", "no such name"),
            // Private DNS names of endpoints take both attributes too.
            ("logs.us-east-1.amazonaws.com", &logs),
        ],
    );
    means(&region, "internet", &[("ec2-198-18-0-5.compute-1.amazonaws.com", "no such name")]);
}

#[test]
fn public_names_are_private_addresses_inside_and_public_ones_outside() {
    let region = region();
    let (first, second) = ("ec2-198-18-0-5.compute-1.amazonaws.com", "ec2-198-18-0-6.compute-1.amazonaws.com");
    means(&region, "internet", &[(first, "198.18.0.5"), (second, "198.18.0.6")]);
    means(&region, APART, &[(first, "198.18.0.5"), (second, "198.18.0.6")]);
    // The option is on at the first one's side only: its names are private to the second, not the other way round.
    means(&region, VPC, &[(first, "10.0.1.12"), (second, "198.18.0.6")]);
    means(&region, OTHER, &[(first, "10.0.1.12"), (second, "10.1.1.12")]);
    for from in [VPC, "internet"] {
        means(
            &region,
            from,
            &[
                ("5.0.18.198.in-addr.arpa", first),
                ("7.0.18.198.in-addr.arpa", "no such name"),
                ("ec2-198-18-0-7.compute-1.amazonaws.com", "no such name"),
                ("compute-1.amazonaws.com", "nothing"),
            ],
        );
    }
}

#[test]
fn services_are_at_their_public_address_unless_an_endpoint_leads_there() {
    let region = region();
    let public = |name: &str| AwsService::named(name).unwrap().address().to_string();
    let (logs, dkr, s3, sts) = (public("logs"), public("ecr.dkr"), public("s3"), public("sts"));
    for from in ["internet", OTHER, APART] {
        means(
            &region,
            from,
            &[
                ("logs.us-east-1.amazonaws.com", &logs),
                ("123456789012.dkr.ecr.us-east-1.amazonaws.com", &dkr),
                ("api.ecr.us-east-1.amazonaws.com", &public("ecr.api")),
            ],
        );
    }
    means(
        &region,
        VPC,
        &[
            ("logs.us-east-1.amazonaws.com", "10.0.1.200 10.0.2.200"),
            ("123456789012.dkr.ecr.us-east-1.amazonaws.com", "10.0.1.201"),
            ("dkr.ecr.us-east-1.amazonaws.com", "10.0.1.201"),
            // Its private DNS name is off.
            ("sts.us-east-1.amazonaws.com", &sts),
            ("sts.amazonaws.com", &sts),
            // A gateway endpoint changes routes, not names.
            ("s3.us-east-1.amazonaws.com", &s3),
            ("my.bucket.s3.us-east-1.amazonaws.com", &s3),
            ("bucket.s3.amazonaws.com", &s3),
            ("s3.amazonaws.com", &s3),
            ("x.logs.us-east-1.amazonaws.com", "no such name"),
            ("web.dkr.ecr.us-east-1.amazonaws.com", "no such name"),
            ("logs.eu-west-1.amazonaws.com", "no such name"),
            ("logs.amazonaws.com", "no such name"),
            ("ecr.us-east-1.amazonaws.com", "nothing"),
            ("us-east-1.amazonaws.com", "nothing"),
            ("xs3.amazonaws.com", "no such name"),
            ("example.com", "no such name"),
            ("registry-1.docker.io", "203.0.113.20"),
            ("registry.example.com", "203.0.113.20"),
            ("", "nothing"),
        ],
    );
}

#[test]
fn an_endpoints_own_name_is_its_private_addresses_everywhere() {
    let region = region();
    for from in ["internet", VPC, OTHER] {
        means(
            &region,
            from,
            &[
                ("vpce-logs.logs.us-east-1.vpce.amazonaws.com", "10.0.1.200 10.0.2.200"),
                ("vpce-logs-us-east-1b.logs.us-east-1.vpce.amazonaws.com", "10.0.2.200"),
                ("vpce-sts.sts.us-east-1.vpce.amazonaws.com", "10.0.1.201"),
                ("vpce-ecr.dkr.ecr.us-east-1.vpce.amazonaws.com", "10.0.1.201"),
                ("vpce-logs.sts.us-east-1.vpce.amazonaws.com", "no such name"),
                ("vpce-s3.s3.us-east-1.vpce.amazonaws.com", "no such name"),
            ],
        );
    }
}

#[test]
fn a_load_balancers_name_is_its_healthy_nodes_everywhere() {
    const WEB: &str = "web-1234567890.us-east-1.elb.amazonaws.com";
    let mut region = region();
    let vpc = region.vpcs.get_mut(VPC).unwrap();
    for (id, ip, public) in [("eni-a", "10.0.1.30", "198.18.0.30"), ("eni-b", "10.0.2.30", "198.18.0.31")] {
        vpc.interfaces.insert(id.into(), interface(ip, Some(public), Holder::LoadBalancer("lb-1".into())));
    }
    let node = |id: &str| LoadBalancerNode { interface: id.into(), healthy: true };
    let web = LoadBalancer {
        name: "web".to_owned(),
        dns_name: WEB.to_owned(),
        internet_facing: true,
        listeners: Default::default(),
        flows: None,
        nodes: [("us-east-1a".to_owned(), node("eni-a")), ("us-east-1b".to_owned(), node("eni-b"))].into(),
    };
    vpc.load_balancers.insert("lb-1".into(), web);
    // Names and nodes are there before listeners and DNS attributes are.
    vpc.dns_hostnames = false;
    let everywhere = |region: &Topology, expected: &str| {
        for from in ["internet", VPC, OTHER, APART] {
            means(region, from, &[(WEB, expected), ("us-east-1.elb.amazonaws.com", "nothing")]);
            means(region, from, &[("api-1.us-east-1.elb.amazonaws.com", "no such name")]);
        }
    };
    let web = |region: &mut Topology, change: &dyn Fn(&mut LoadBalancer)| {
        change(region.vpcs.get_mut(VPC).unwrap().load_balancers.get_mut("lb-1").unwrap());
    };
    everywhere(&region, "198.18.0.30 198.18.0.31");
    web(&mut region, &|web| web.nodes.get_mut("us-east-1a").unwrap().healthy = false);
    everywhere(&region, "198.18.0.31");
    web(&mut region, &|web| web.nodes.values_mut().for_each(|node| node.healthy = false));
    everywhere(&region, "198.18.0.30 198.18.0.31");
    web(&mut region, &|web| web.internet_facing = false);
    everywhere(&region, "10.0.1.30 10.0.2.30");
    assert!(!is_elsewhere(&region, &View::Internet, WEB));
    // Each zone of a Network Load Balancer has a name of its own, and no other load balancer's has.
    const ZONE: &str = "us-east-1b.web-1234567890.us-east-1.elb.amazonaws.com";
    means(&region, "internet", &[(ZONE, "no such name")]);
    web(&mut region, &|web| web.flows = Some(Default::default()));
    everywhere(&region, "10.0.1.30 10.0.2.30");
    for (name, expected) in [(ZONE, "10.0.2.30"), (&ZONE.replace("1b", "1c"), "no such name")] {
        means(&region, VPC, &[(name, expected)]);
    }
    means(&region, VPC, &[("elb.us-east-1.amazonaws.com", "nothing")]);
}

#[test]
fn a_host_of_the_internet_has_no_name() {
    let IpAddr::V4(host) = INTERNET_HOST else { panic!("IPv4") };
    let [a, b, c, d] = host.octets();
    assert_eq!(asked(&region(), "internet", &format!("{d}.{c}.{b}.{a}.in-addr.arpa")), "no such name");
}

#[test]
fn names_of_the_region_are_never_asked_of_others() {
    let (topology, inside) = (region(), View::Vpc(VPC.into()));
    let elsewhere = |view: &View, name| is_elsewhere(&topology, view, name);
    let own = [
        "ip-10-0-1-12.ec2.internal",
        "ip-10-9-9-9.ec2.internal",
        "ec2.internal",
        "logs.us-east-1.amazonaws.com",
        "sts.amazonaws.com",
        "nothing.us-east-1.amazonaws.com",
        "s3.eu-west-1.amazonaws.com",
        "amazonaws.com",
        "12.1.0.10.in-addr.arpa",
        "5.0.18.198.in-addr.arpa",
        "254.169.254.169.in-addr.arpa",
        "10.in-addr.arpa",
    ];
    for name in own {
        assert!(!elsewhere(&inside, name) && !elsewhere(&View::Internet, name), "{name}");
    }
    let others = ["example.com", "com", "", "myamazonaws.com", "internal", "8.8.8.8.in-addr.arpa", "aws.amazon.com"];
    let registries = ["registry-1.docker.io", "ghcr.io", "public.ecr.aws", "registry.example.com"];
    for name in others.into_iter().chain(registries) {
        assert!(elsewhere(&inside, name) && elsewhere(&View::Internet, name), "{name}");
    }
}
