//! VPCs, subnets, endpoints, DHCP options, peering.

use super::*;

#[test]
fn a_vpc_is_made_changed_and_deleted() {
    const KIND: &str = "AWS::EC2::VPC";
    let mut world = World::new();
    let plain = json!({ "CidrBlock": "10.0.0.0/16", "Tags": [{ "Key": "Name", "Value": "one" }] });
    let named = json!({ "CidrBlock": "10.0.0.0/16", "EnableDnsHostnames": true });
    let id = make(&mut world, KIND, &plain);
    assert_eq!(attribute(&world, KIND, &id, &plain, "CidrBlock"), "10.0.0.0/16");
    for (name, start) in [("DefaultNetworkAcl", "acl-"), ("DefaultSecurityGroup", "sg-")] {
        let value = attribute(&world, KIND, &id, &plain, name);
        assert!(value.as_str().is_some_and(|id| id.starts_with(start)), "{name}: {value}");
    }
    change(&mut world, KIND, &id, &plain, &named);
    assert_eq!(there(&world, KIND, &id, &named)["EnableDnsHostnames"], true);
    let tags = ec2(&mut world, "DescribeTags", json!({}));
    assert_eq!(tags["tagSet"].as_array().expect("a list").len(), 1, "the stack's stays, its own is gone: {tags}");
    gone(&mut world, KIND, &id, &named);
}

#[test]
fn a_vpc_gets_a_second_range_and_loses_it() {
    const KIND: &str = "AWS::EC2::VPCCidrBlock";
    let mut world = founded();
    let vpc = vpc(&mut world, "10.0.0.0/16");
    let second = json!({ "VpcId": vpc, "CidrBlock": "10.1.0.0/16" });
    let id = make(&mut world, KIND, &second);
    let association = attribute(&world, KIND, &id, &second, "Id");
    assert_eq!(id, format!("{}|{vpc}", association.as_str().expect("text")));
    assert_eq!(there(&world, KIND, &id, &second), second);
    gone(&mut world, KIND, &id, &second);
}

#[test]
fn a_subnet_is_made_changed_and_deleted() {
    const KIND: &str = "AWS::EC2::Subnet";
    let mut world = founded();
    let vpc = vpc(&mut world, "10.0.0.0/16");
    let plain = json!({ "VpcId": vpc, "CidrBlock": "10.0.1.0/24", "AvailabilityZone": "us-east-1b" });
    let public = json!({
        "VpcId": vpc, "CidrBlock": "10.0.1.0/24", "AvailabilityZone": "us-east-1b", "MapPublicIpOnLaunch": true,
        "PrivateDnsNameOptionsOnLaunch": { "HostnameType": "ip-name", "EnableResourceNameDnsARecord": false }
    });
    let id = make(&mut world, KIND, &plain);
    assert_eq!(attribute(&world, KIND, &id, &plain, "AvailabilityZone"), "us-east-1b");
    let association = attribute(&world, KIND, &id, &plain, "NetworkAclAssociationId");
    assert!(association.as_str().is_some_and(|id| id.starts_with("aclassoc-")), "{association}");
    assert_eq!(there(&world, KIND, &id, &plain)["MapPublicIpOnLaunch"], false);
    change(&mut world, KIND, &id, &plain, &public);
    assert_eq!(there(&world, KIND, &id, &public)["MapPublicIpOnLaunch"], true);
    gone(&mut world, KIND, &id, &public);
}

#[test]
fn an_interface_endpoint_has_the_groups_that_are_wanted() {
    const KIND: &str = "AWS::EC2::VPCEndpoint";
    let mut world = founded();
    let vpc = vpc(&mut world, "10.0.0.0/16");
    let subnet = subnet(&mut world, &vpc, "10.0.1.0/24");
    let group = make(&mut world, "AWS::EC2::SecurityGroup", &json!({ "VpcId": vpc, "GroupDescription": "calls" }));
    let properties = |more: Value| {
        let mut all = json!({
            "VpcId": vpc, "ServiceName": "com.amazonaws.us-east-1.logs", "VpcEndpointType": "Interface",
            "SubnetIds": [subnet]
        });
        all.as_object_mut().expect("members").extend(more.as_object().expect("members").clone());
        all
    };
    let (plain, own) = (properties(json!({})), properties(json!({ "SecurityGroupIds": [group] })));
    let id = make(&mut world, KIND, &plain);
    let made = there(&world, KIND, &id, &plain);
    assert_eq!((&made["PrivateDnsEnabled"], &made["SubnetIds"]), (&json!(false), &json!([subnet])));
    assert_ne!(made["SecurityGroupIds"], json!([group]), "the VPC's default one");
    let entries = attribute(&world, KIND, &id, &plain, "DnsEntries");
    assert!(entries[0].as_str().is_some_and(|entry| entry.starts_with('Z') && entry.contains(":vpce-")), "{entries}");
    let interfaces = attribute(&world, KIND, &id, &plain, "NetworkInterfaceIds");
    assert_eq!(interfaces.as_array().expect("a list").len(), 1);
    assert_eq!(attribute(&world, KIND, &id, &plain, "CreationTimestamp"), "1970-01-01T00:00:01Z");
    change(&mut world, KIND, &id, &plain, &own);
    assert_eq!(there(&world, KIND, &id, &own)["SecurityGroupIds"], json!([group]));
    gone(&mut world, KIND, &id, &own);
}

#[test]
fn a_gateway_endpoint_is_in_the_tables_that_are_wanted() {
    const KIND: &str = "AWS::EC2::VPCEndpoint";
    let mut world = founded();
    let vpc = vpc(&mut world, "10.0.0.0/16");
    let table = make(&mut world, "AWS::EC2::RouteTable", &json!({ "VpcId": vpc }));
    let allow = json!({
        "Version": "2012-10-17",
        "Statement": [{ "Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*" }]
    });
    let service = "com.amazonaws.us-east-1.s3";
    let with = json!({ "VpcId": vpc, "ServiceName": service, "RouteTableIds": [table], "PolicyDocument": allow });
    let without = json!({ "VpcId": vpc, "ServiceName": service });
    let id = make(&mut world, KIND, &with);
    let made = there(&world, KIND, &id, &with);
    assert_eq!((&made["RouteTableIds"], &made["PolicyDocument"]), (&json!([table]), &allow));
    change(&mut world, KIND, &id, &with, &without);
    assert_eq!(there(&world, KIND, &id, &without)["RouteTableIds"], json!([]));
    gone(&mut world, KIND, &id, &without);
}

#[test]
fn a_vpc_has_a_set_of_dhcp_options_until_the_association_goes() {
    const SET: &str = "AWS::EC2::DHCPOptions";
    const ASSOCIATION: &str = "AWS::EC2::VPCDHCPOptionsAssociation";
    let mut world = founded();
    let vpc = vpc(&mut world, "10.0.0.0/16");
    let options = json!({ "DomainName": "ec2.internal", "DomainNameServers": ["AmazonProvidedDNS"] });
    let set = make(&mut world, SET, &options);
    assert_eq!(there(&world, SET, &set, &options), options);
    let properties = json!({ "DhcpOptionsId": set, "VpcId": vpc });
    let id = make(&mut world, ASSOCIATION, &properties);
    assert_eq!(id, format!("{set}|{vpc}"));
    assert_eq!(there(&world, ASSOCIATION, &id, &properties), properties);
    gone(&mut world, ASSOCIATION, &id, &properties);
    gone(&mut world, SET, &set, &options);
}

#[test]
fn a_flow_log_is_kept_with_what_was_asked_for() {
    const KIND: &str = "AWS::EC2::FlowLog";
    let mut world = founded();
    let vpc = vpc(&mut world, "10.0.0.0/16");
    let files = json!({ "FileFormat": "parquet", "HiveCompatiblePartitions": true, "PerHourPartition": false });
    let properties = json!({
        "ResourceId": vpc, "ResourceType": "VPC", "TrafficType": "REJECT", "LogDestinationType": "s3",
        "LogDestination": "arn:aws:s3:::flows", "MaxAggregationInterval": 60, "DestinationOptions": files
    });
    let id = make(&mut world, KIND, &properties);
    assert!(id.starts_with("fl-"), "{id}");
    assert_eq!(attribute(&world, KIND, &id, &properties, "Id"), json!(id));
    let now = there(&world, KIND, &id, &properties);
    for (name, value) in properties.as_object().expect("members") {
        assert_eq!((name, &now[name]), (name, value));
    }
    let twice = try_make(&mut world, KIND, &properties).expect_err("a refusal");
    assert_eq!(twice.code, "FlowLogAlreadyExists");
    gone(&mut world, KIND, &id, &properties);
}

#[test]
fn a_peering_connection_is_accepted_at_once() {
    const KIND: &str = "AWS::EC2::VPCPeeringConnection";
    let mut world = founded();
    let (one, other) = (vpc(&mut world, "10.0.0.0/16"), vpc(&mut world, "10.1.0.0/16"));
    let twin = vpc(&mut world, "10.0.0.0/16");
    let properties = json!({ "VpcId": one, "PeerVpcId": other });
    let id = make(&mut world, KIND, &properties);
    let made = there(&world, KIND, &id, &properties);
    assert_eq!((&made["VpcId"], &made["PeerVpcId"]), (&json!(one), &json!(other)));
    gone(&mut world, KIND, &id, &properties);
    remove(&mut world, KIND, &id, &properties);
    let clash = try_make(&mut world, KIND, &json!({ "VpcId": one, "PeerVpcId": twin })).expect_err("a refusal");
    assert_eq!(clash.message, "Failed due to incorrect VPC-ID, Account ID, or overlapping CIDR range");
}
