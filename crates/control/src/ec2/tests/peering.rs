use super::*;

const DAY: i64 = 24 * 60 * 60 * 1000;

impl World {
    /// Asks for a peering connection and returns its id.
    fn request(&mut self, vpc: &str, peer: &str) -> String {
        let made = self.ec2("CreateVpcPeeringConnection", json!({ "VpcId": vpc, "PeerVpcId": peer }));
        text(&made, "/vpcPeeringConnection/vpcPeeringConnectionId")
    }

    /// Makes an active peering connection and returns its id.
    pub(super) fn peering(&mut self, vpc: &str, peer: &str) -> String {
        let id = self.request(vpc, peer);
        self.ec2("AcceptVpcPeeringConnection", one(&id));
        id
    }

    /// The status of a connection; none when it is forgotten.
    fn status(&mut self, id: &str) -> Option<String> {
        let filter = json!({ "Filter": [{ "Name": "vpc-peering-connection-id", "Value": [id] }] });
        let shown = self.ec2("DescribeVpcPeeringConnections", filter);
        let status = shown.pointer("/vpcPeeringConnectionSet/0/status/code")?;
        status.as_str().map(ToOwned::to_owned)
    }

    /// Lets time pass, and something happen for the controllers to run.
    fn wait(&mut self, millis: i64) {
        self.now += millis;
        self.transact(|_| Ok(())).unwrap();
    }
}

fn one(id: &str) -> Value {
    json!({ "VpcPeeringConnectionId": id })
}

/// A rule for PostgreSQL from a group.
fn from_group(group: &str, pair: Value) -> Value {
    json!({ "GroupId": group, "IpPermissions": [{ "IpProtocol": "tcp", "FromPort": 5432, "ToPort": 5432, "Groups": [pair] }] })
}

#[test]
fn a_request_is_accepted_and_hosts_are_told() {
    let mut world = World::founded();
    let (a, b) = (world.vpc("10.0.0.0/16"), world.vpc("10.1.0.0/16"));
    let id = world.request(&a, &b);
    assert_eq!(world.status(&id).as_deref(), Some("pending-acceptance"));
    assert!(crate::ec2::topology(&world.state).peerings.is_empty(), "nothing passes before it is accepted");
    for (from, to) in [(&a, &b), (&b, &a)] {
        assert_eq!(
            world.ec2_refuses("CreateVpcPeeringConnection", json!({ "VpcId": from, "PeerVpcId": to })),
            "VpcPeeringConnectionAlreadyExists: A VPC peering connection between the VPCs already exists."
        );
    }
    let accepted = world.ec2("AcceptVpcPeeringConnection", one(&id));
    let shown = &accepted["vpcPeeringConnection"];
    assert_eq!(shown["status"], json!({ "code": "active", "message": "Active" }));
    assert_eq!(
        (text(shown, "/requesterVpcInfo/vpcId"), text(shown, "/accepterVpcInfo/cidrBlock")),
        (a.clone(), "10.1.0.0/16".into())
    );
    assert_eq!(
        world.ec2_refuses("AcceptVpcPeeringConnection", one(&id)),
        format!(
            "InvalidStateTransition: Invalid state transition for {id}, attempted to transition from active to active"
        )
    );
    assert_eq!(crate::ec2::topology(&world.state).peerings[id.as_str()].accepter.as_str(), b);

    world.ec2("DeleteVpcPeeringConnection", one(&id));
    assert!(crate::ec2::topology(&world.state).peerings.is_empty());
    assert_eq!(
        world.ec2_refuses("DeleteVpcPeeringConnection", one(&id)),
        format!(
            "InvalidStateTransition: Invalid state transition for {id}, attempted to transition from deleted to deleting"
        )
    );
    world.wait(2 * DAY - 1);
    assert_eq!(world.status(&id).as_deref(), Some("deleted"));
    world.wait(1);
    assert_eq!(world.status(&id), None);
}

#[test]
fn what_can_t_be_peered_fails() {
    let mut world = World::founded();
    let (a, b) = (world.vpc("10.0.0.0/16"), world.vpc("10.0.128.0/17"));
    for peer in [b.as_str(), a.as_str(), "vpc-0123"] {
        let made = world.ec2("CreateVpcPeeringConnection", json!({ "VpcId": a, "PeerVpcId": peer }));
        assert_eq!(
            made["vpcPeeringConnection"]["status"],
            json!({ "code": "failed", "message": "Failed due to incorrect VPC-ID, Account ID, or overlapping CIDR range" })
        );
    }
    let refused = |more: Value| {
        let mut request = json!({ "VpcId": "vpc-0", "PeerVpcId": "vpc-1" });
        request.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        request
    };
    for (more, name) in [
        (json!({ "PeerRegion": "eu-west-1" }), "PeerRegion of another region"),
        (json!({ "PeerOwnerId": "210987654321" }), "PeerOwnerId of another account"),
    ] {
        assert_eq!(
            world.ec2_refuses("CreateVpcPeeringConnection", refused(more)),
            format!("UnsupportedOperation: The parameter {name} is not supported by neargate.")
        );
    }
    world.wait(2 * 60 * 60 * 1000);
    assert!(world.state.vpc_peerings.is_empty(), "they are shown for two hours");
}

#[test]
fn a_request_nobody_decides_about_expires() {
    let mut world = World::founded();
    let (a, b, c) = (world.vpc("10.0.0.0/16"), world.vpc("10.1.0.0/16"), world.vpc("10.2.0.0/16"));
    let (forgotten, rejected, accepted) = (world.request(&a, &b), world.request(&b, &c), world.peering(&a, &c));
    world.wait(7 * DAY - 1);
    assert_eq!(world.status(&forgotten).as_deref(), Some("pending-acceptance"));
    world.ec2("RejectVpcPeeringConnection", one(&rejected));
    world.wait(1);
    assert_eq!(world.status(&forgotten).as_deref(), Some("expired"));
    assert_eq!(world.status(&rejected).as_deref(), Some("rejected"));
    world.wait(2 * DAY);
    assert_eq!((world.status(&forgotten), world.status(&rejected)), (None, None));
    assert_eq!(world.status(&accepted).as_deref(), Some("active"));
}

#[test]
fn ranges_that_came_to_overlap_make_a_request_fail() {
    let mut world = World::founded();
    let (a, b) = (world.vpc("10.4.0.0/16"), world.vpc("10.5.0.0/16"));
    let id = world.request(&a, &b);
    world.ec2("AssociateVpcCidrBlock", json!({ "VpcId": a, "CidrBlock": "10.6.0.0/16" }));
    world.ec2("AssociateVpcCidrBlock", json!({ "VpcId": b, "CidrBlock": "10.6.128.0/20" }));
    let answer = world.ec2("AcceptVpcPeeringConnection", one(&id));
    assert_eq!(text(&answer, "/vpcPeeringConnection/status/code"), "failed");
}

#[test]
fn deleting_a_vpc_deletes_its_connections() {
    let mut world = World::founded();
    let (a, b) = (world.vpc("10.0.0.0/16"), world.vpc("10.1.0.0/16"));
    let id = world.peering(&a, &b);
    world.ec2("DeleteVpc", json!({ "VpcId": b }));
    let shown = world.ec2("DescribeVpcPeeringConnections", json!({ "VpcPeeringConnectionId": [id] }));
    let shown = &shown["vpcPeeringConnectionSet"][0];
    assert_eq!(
        (text(shown, "/status/code"), text(shown, "/accepterVpcInfo/cidrBlock")),
        ("deleted".into(), "10.1.0.0/16".into())
    );
}

#[test]
fn dns_options_belong_to_active_connections_of_vpcs_with_hostnames() {
    let mut world = World::founded();
    let (a, b) = (world.vpc("10.0.0.0/16"), world.vpc("10.1.0.0/16"));
    let id = world.request(&a, &b);
    let on = json!({ "AllowDnsResolutionFromRemoteVpc": true });
    let modify = json!({ "VpcPeeringConnectionId": id, "AccepterPeeringConnectionOptions": on });
    assert_eq!(
        world.ec2_refuses("ModifyVpcPeeringConnectionOptions", modify.clone()),
        format!(
            "OperationNotPermitted: Peering {id} is not active. Peering options can be added only to active peerings."
        )
    );
    world.ec2("AcceptVpcPeeringConnection", one(&id));
    let refused = world.ec2_refuses("ModifyVpcPeeringConnectionOptions", modify.clone());
    assert!(refused.starts_with("InvalidVpcPeeringConnectionState.DnsHostnamesDisabled: "), "{refused}");
    world.ec2("ModifyVpcAttribute", json!({ "VpcId": b, "EnableDnsHostnames": { "Value": true } }));
    let answer = world.ec2("ModifyVpcPeeringConnectionOptions", modify);
    assert_eq!(answer["accepterPeeringConnectionOptions"]["allowDnsResolutionFromRemoteVpc"], json!(true));
    let told = &crate::ec2::topology(&world.state).peerings[id.as_str()];
    assert_eq!((told.requester_dns, told.accepter_dns), (false, true));
    let classic = json!({ "VpcPeeringConnectionId": id,
        "RequesterPeeringConnectionOptions": { "AllowEgressFromLocalClassicLinkToRemoteVpc": true } });
    assert_eq!(
        world.ec2_refuses("ModifyVpcPeeringConnectionOptions", classic),
        "UnsupportedOperation: The parameter RequesterPeeringConnectionOptions.AllowEgressFromLocalClassicLinkToRemoteVpc is not supported by neargate."
    );
}

#[test]
fn rules_name_groups_of_a_peered_vpc_until_they_are_stale() {
    let mut world = World::founded();
    let (a, b) = (world.vpc("10.0.0.0/16"), world.vpc("10.1.0.0/16"));
    let (db, web) = (world.group(&a, "db"), world.group(&b, "web"));
    let rule = from_group(&db, json!({ "GroupId": web }));
    let foreign = "InvalidGroup.NotFound: You have specified two resources that belong to different networks.";
    assert_eq!(world.ec2_refuses("AuthorizeSecurityGroupIngress", rule.clone()), foreign);
    let id = world.peering(&a, &b);
    let wrong = from_group(&db, json!({ "GroupId": web, "VpcId": a }));
    assert_eq!(world.ec2_refuses("AuthorizeSecurityGroupIngress", wrong), foreign);
    let full = from_group(&db, json!({ "GroupId": web, "VpcId": b, "VpcPeeringConnectionId": id }));
    let made = world.ec2("AuthorizeSecurityGroupIngress", full);
    let named = json!({ "groupId": web, "userId": "123456789012", "vpcId": b, "vpcPeeringConnectionId": id, "peeringStatus": "active" });
    assert_eq!(made["securityGroupRuleSet"][0]["referencedGroupInfo"], named);
    let group = json!({ "GroupId": [db] });
    let shown = world.ec2("DescribeSecurityGroups", group);
    assert_eq!(shown["securityGroupInfo"][0]["ipPermissions"][0]["groups"], json!([named]));
    let references = world.ec2("DescribeSecurityGroupReferences", json!({ "GroupId": [web] }));
    assert_eq!(
        references["securityGroupReferenceSet"],
        json!([{ "groupId": web, "referencingVpcId": a, "vpcPeeringConnectionId": id }])
    );
    let stale = json!({ "VpcId": a });
    assert_eq!(world.ec2("DescribeStaleSecurityGroups", stale.clone())["staleSecurityGroupSet"], json!([]));

    world.ec2("DeleteVpcPeeringConnection", one(&id));
    let shown = world.ec2("DescribeStaleSecurityGroups", stale);
    let shown = &shown["staleSecurityGroupSet"][0];
    assert_eq!(
        (text(shown, "/groupId"), text(shown, "/staleIpPermissions/0/groups/0/peeringStatus")),
        (db.clone(), "deleted".into())
    );
    world.ec2("DeleteSecurityGroup", json!({ "GroupId": web }));
    world.ec2("RevokeSecurityGroupIngress", rule.clone());
    let gone = world.ec2_refuses("RevokeSecurityGroupIngress", rule);
    assert_eq!(gone, format!("InvalidGroup.NotFound: The security group '{web}' does not exist"));
}

#[test]
fn the_groups_of_a_vpc_are_listed() {
    let mut world = World::founded();
    let vpc = world.vpc("10.0.0.0/16");
    let web = world.group(&vpc, "web");
    let all = world.ec2("GetSecurityGroupsForVpc", json!({ "VpcId": vpc }));
    assert_eq!(texts(&all, "/securityGroupForVpcSet", "/groupName"), ["default", "web"]);
    let one = json!({ "VpcId": vpc, "Filter": [{ "Name": "group-name", "Value": ["w*"] }] });
    assert_eq!(
        texts(&world.ec2("GetSecurityGroupsForVpc", one), "/securityGroupForVpcSet", "/groupId"),
        [web.as_str()]
    );
}

#[test]
fn two_peers_of_one_vpc_with_the_same_range_are_refused_by_name() {
    let mut world = World::founded();
    let (a, b, c) = (world.vpc("10.0.0.0/16"), world.vpc("10.1.0.0/16"), world.vpc("10.1.0.0/16"));
    world.peering(&a, &b);
    let twin = world.request(&c, &a);
    let refused = world.ec2_refuses("AcceptVpcPeeringConnection", one(&twin));
    assert!(refused.contains("two VPCs whose CIDR blocks overlap"), "{refused}");
    assert_eq!(world.status(&twin).as_deref(), Some("pending-acceptance"));
    let d = world.vpc("10.2.0.0/16");
    world.peering(&a, &d);
    let range = json!({ "VpcId": d, "CidrBlock": "10.1.128.0/20" });
    let refused = world.ec2_refuses("AssociateVpcCidrBlock", range);
    assert!(refused.contains("two VPCs whose CIDR blocks overlap"), "{refused}");
}
