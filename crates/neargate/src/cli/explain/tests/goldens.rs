//! Whole answers, as they are printed.

use super::*;

#[test]
fn a_flow_that_gets_through_is_shown_in_both_directions() {
    assert_eq!(
        tcp(&region(), "task/aa11", "task/bb33:5432").to_string(),
        "\
TCP to port 5432 from task/aa11 (10.0.0.10, eni-web) to task/bb33 (10.0.1.10, eni-db)

There:
  ✓ eni-web may send it
  ✓ egress of eni-web: sg-default allows all traffic to 0.0.0.0/0
  ✓ vpc-1: eni-db has the address
  ✓ network ACL acl-public of subnet-public, egress: rule 100 allows all traffic to 0.0.0.0/0
  ✓ network ACL acl-private of subnet-private, ingress: rule 100 allows all traffic from 0.0.0.0/0
  ✓ ingress of eni-db: sg-db allows TCP to port 5432 from sg-web
  → arrives at eni-db

The answer:
  ✓ eni-db may send it
  ✓ egress of eni-db: belongs to what was allowed
  ✓ vpc-1: eni-web has the address
  ✓ network ACL acl-private of subnet-private, egress: rule 100 allows all traffic to 0.0.0.0/0
  ✓ network ACL acl-public of subnet-public, ingress: rule 100 allows all traffic from 0.0.0.0/0
  ✓ ingress of eni-web: belongs to what was allowed
  → arrives at eni-web

Reachable.
"
    );
}

#[test]
fn gateways_show_what_they_make_of_addresses() {
    let mut topology = region();
    vpc_1(&mut topology).network_acls.get_mut("acl-private").unwrap().ingress.clear();
    assert_eq!(
        tcp(&topology, "eni-app", "203.0.113.10:443").to_string(),
        "\
TCP to port 443 from eni-app (10.0.1.11) to 203.0.113.10

There:
  ✓ eni-app may send it
  ✓ egress of eni-app: sg-default allows all traffic to 0.0.0.0/0
  ✓ route table rtb-private: 0.0.0.0/0 to nat-1
  ✓ network ACL acl-private of subnet-private, egress: rule 100 allows all traffic to 0.0.0.0/0
  ✓ network ACL acl-public of subnet-public, ingress: rule 100 allows all traffic from 0.0.0.0/0
  ✓ NAT gateway nat-1: passes it on, as 10.0.0.5
  ✓ eni-nat may send it
  ✓ egress of eni-nat: security groups have no say
  ✓ route table rtb-public: 0.0.0.0/0 to igw-1
  ✓ network ACL acl-public of subnet-public, egress: rule 100 allows all traffic to 0.0.0.0/0
  ✓ internet gateway igw-1: 10.0.0.5 becomes 198.18.0.5
  → arrives on the internet

The answer:
  ✓ internet gateway igw-1: 198.18.0.5 becomes 10.0.0.5
  ✓ vpc-1: eni-nat has the address
  ✓ network ACL acl-public of subnet-public, ingress: rule 100 allows all traffic from 0.0.0.0/0
  ✓ NAT gateway nat-1: passes it on, as 10.0.0.5
  ✓ eni-nat may send it
  ✓ egress of eni-nat: security groups have no say
  ✓ vpc-1: eni-app has the address
  ✓ network ACL acl-public of subnet-public, egress: rule 100 allows all traffic to 0.0.0.0/0
  ✗ network ACL acl-private of subnet-private, ingress: rule * denies what no other speaks of
  ✓ ingress of eni-app: belongs to what was allowed
  → does not arrive

Not reachable. In network ACL acl-private of subnet-private, no entry allows the answer (ingress).

To let it through:
  aws ec2 create-network-acl-entry --network-acl-id acl-private --ingress --rule-number 100 --protocol 6 --port-range From=1024,To=65535 --cidr-block 203.0.113.10/32 --rule-action allow
"
    );
}

#[test]
fn each_gate_is_shown_also_after_one_that_is_closed() {
    assert_eq!(
        ask(&region(), "task/bb33", "eni-app", Protocol::Icmp).unwrap().to_string(),
        "\
ICMP echo request from task/bb33 (10.0.1.10, eni-db) to eni-app (10.0.1.11)

There:
  ✓ eni-db may send it
  ✗ egress of eni-db: no rule of its security groups allows it
  ✓ vpc-1: eni-app has the address
  ✗ ingress of eni-app: no rule of its security groups allows it
  → does not arrive

Not reachable. No egress rule of eni-db's security groups allows an ICMP echo request to 10.0.1.11.

To let it through:
  aws ec2 authorize-security-group-egress --group-id sg-db --protocol icmp --port 8-0 --source-group sg-default
"
    );
}

#[test]
fn what_the_vpc_answers_itself_has_no_way_back_to_show() {
    assert_eq!(
        ask(&region(), "10.0.1.10", "169.254.169.253:53", Protocol::Udp).unwrap().to_string(),
        "\
UDP to port 53 from task/bb33 (10.0.1.10, eni-db) to 169.254.169.253

There:
  ✓ eni-db may send it
  → answered by vpc-1 itself

Reachable.
"
    );
}

#[test]
fn programs_get_the_same() {
    let report = serde_json::to_value(tcp(&region(), "internet", "task/aa11:443")).unwrap();
    assert_eq!(
        report,
        serde_json::json!({
            "from": { "name": "the internet", "address": "203.0.113.10", "networkInterface": null, "vpc": null },
            "to": { "name": "task/aa11", "address": "198.18.0.10", "networkInterface": "eni-web", "vpc": "vpc-1" },
            "traffic": "TCP to port 443",
            "reachable": false,
            "there": {
                "arrives": false,
                "steps": [
                    { "passes": true, "text": "internet gateway igw-1: 198.18.0.10 becomes 10.0.0.10" },
                    { "passes": true, "text": "vpc-1: eni-web has the address" },
                    {
                        "passes": true,
                        "text": "network ACL acl-public of subnet-public, ingress: rule 100 allows all traffic from 0.0.0.0/0"
                    },
                    { "passes": false, "text": "ingress of eni-web: no rule of its security groups allows it" },
                ],
                "end": "does not arrive",
            },
            "back": null,
            "fix": {
                "why": "No ingress rule of eni-web's security groups allows TCP port 443 from 203.0.113.10.",
                "commands": [
                    "aws ec2 authorize-security-group-ingress --group-id sg-web --protocol tcp --port 443 --cidr 0.0.0.0/0"
                ],
            },
            "note": null,
        })
    );
}

#[test]
fn what_the_sealed_internet_has_not_is_said() {
    let last = |to: &str| tcp(&region(), "task/aa11", to).to_string().lines().last().unwrap().to_owned();
    assert_eq!(last("203.0.113.10:443"), "Reachable.");
    assert_eq!(last("sts:443"), "Reachable.");
    assert_eq!(
        last("8.8.8.8:443"),
        "Reachable. This is what the rules say. The internet here is sealed: 8.8.8.8 is not on it, 203.0.113.10 and \
         AWS's services are."
    );
}

#[test]
fn a_load_balancer_is_said_to_listen_or_not() {
    let mut topology = region();
    let vpc = vpc_1(&mut topology);
    let node = vpc.interfaces.get_mut("eni-app").unwrap();
    node.holder = vpc::Holder::LoadBalancer("lb-1".into());
    let balancer = vpc::LoadBalancer {
        name: "shop".to_owned(),
        dns_name: "shop-1.us-east-1.elb.amazonaws.com".to_owned(),
        internet_facing: false,
        listeners: [80.try_into().unwrap()].into(),
        flows: None,
        nodes: Default::default(),
    };
    vpc.load_balancers.insert("lb-1".into(), balancer);
    let all = vpc.security_groups["sg-default"].egress.clone();
    vpc.security_groups.get_mut("sg-default").unwrap().ingress = all;
    let end = |to: &str| tcp(&topology, "task/aa11", to).to_string().rsplit("\n\n").next().unwrap().to_owned();
    assert_eq!(end("eni-app:80"), "Reachable. Load balancer shop listens on port 80 there.\n");
    let report = tcp(&topology, "task/aa11", "eni-app:81");
    let fix = report.fix.as_ref().unwrap();
    assert_eq!(fix.why, "Load balancer shop has no listener on port 81, and refuses the connection.");
    assert!(fix.commands[0].starts_with("aws elbv2 create-listener --protocol HTTP --port 81 "), "{fix:?}");
    assert!(!report.reachable);
    let report = ask(&topology, "task/aa11", "eni-app:53", Protocol::Udp).unwrap();
    assert_eq!(report.fix.unwrap().why, "Load balancer shop takes TCP only.");
    assert!(ask(&topology, "task/aa11", "eni-app", Protocol::Icmp).unwrap().reachable);
}

#[test]
fn a_network_load_balancer_is_followed_to_its_targets() {
    let mut topology = region();
    let vpc = vpc_1(&mut topology);
    let node = vpc.interfaces.get_mut("eni-app").unwrap();
    (node.holder, node.source_dest_check) = (vpc::Holder::LoadBalancer("lb-1".into()), false);
    node.security_groups.clear();
    let forwarded = vpc::Forwarded {
        protocols: [6].into(),
        client_kept: true,
        cross_zone: true,
        targets: [("10.0.1.10:5432".parse().unwrap(), None)].into(),
    };
    let node = vpc::LoadBalancerNode { interface: "eni-app".into(), healthy: true };
    let balancer = vpc::LoadBalancer {
        name: "flows".to_owned(),
        dns_name: "flows-1.elb.us-east-1.amazonaws.com".to_owned(),
        internet_facing: false,
        listeners: [80.try_into().unwrap()].into(),
        flows: Some([(80.try_into().unwrap(), forwarded)].into()),
        nodes: [("us-east-1a".to_owned(), node)].into(),
    };
    vpc.load_balancers.insert("lb-1".into(), balancer);
    let rest = |topology: &Topology, from: &str| {
        let said = tcp(topology, from, "eni-app:80").to_string();
        said.split_once("On to ").map(|(_, rest)| rest.to_owned()).unwrap_or(said)
    };
    // The target's group is for another group: a client's address is nobody's there.
    assert_eq!(
        rest(&topology, "task/aa11").rsplit("\n\n").nth(1).unwrap(),
        "Not reachable. On the way to target 10.0.1.10:5432: No ingress rule of eni-db's security groups allows TCP port 5432 from 10.0.0.10."
    );
    let all = vpc_1(&mut topology).security_groups["sg-default"].egress.clone();
    vpc_1(&mut topology).security_groups.get_mut("sg-db").unwrap().ingress = all;
    assert_eq!(
        rest(&topology, "task/aa11"),
        "\
10.0.1.10:5432:
  ✓ eni-app may send it
  ✓ egress of eni-app: security groups have no say
  ✓ vpc-1: eni-db has the address
  ✓ ingress of eni-db: sg-db allows all traffic from 0.0.0.0/0
  → arrives at eni-db

Its answer:
  ✓ eni-db may send it
  ✓ egress of eni-db: belongs to what was allowed
  ✓ ingress of eni-app: security groups have no say
  → arrives at eni-app

Reachable. Load balancer flows forwards TCP port 80 to its targets.
"
    );
    let all = vpc_1(&mut topology).security_groups["sg-default"].egress.clone();
    vpc_1(&mut topology).security_groups.get_mut("sg-db").unwrap().egress = all;
    let own = tcp(&topology, "task/bb33", "eni-app:80").fix.unwrap().why;
    assert!(own.starts_with("Target 10.0.1.10:5432 would see its own address as the client's"), "{own}");
}
