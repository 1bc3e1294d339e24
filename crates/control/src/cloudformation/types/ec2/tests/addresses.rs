//! Elastic IP addresses, network interfaces and prefix lists.

use super::*;

#[test]
fn an_address_is_a_network_interfaces_while_it_is_associated() {
    const KIND: &str = "AWS::EC2::EIPAssociation";
    let mut world = founded();
    let vpc = vpc(&mut world, "10.0.0.0/16");
    gateway(&mut world, &vpc);
    let subnet = subnet(&mut world, &vpc, "10.0.1.0/24");
    let interface = make(&mut world, "AWS::EC2::NetworkInterface", &json!({ "SubnetId": subnet }));
    let domain = json!({ "Domain": "vpc" });
    let ip = make(&mut world, "AWS::EC2::EIP", &domain);
    assert_eq!(attribute(&world, "AWS::EC2::EIP", &ip, &domain, "PublicIp"), json!(ip));
    let allocation = attribute(&world, "AWS::EC2::EIP", &ip, &domain, "AllocationId");
    let properties = json!({ "AllocationId": allocation, "NetworkInterfaceId": interface });
    let id = make(&mut world, KIND, &properties);
    assert!(id.starts_with("eipassoc-"), "{id}");
    assert_eq!(there(&world, KIND, &id, &properties)["EIP"], json!(ip));
    gone(&mut world, KIND, &id, &properties);
    let tagged = json!({ "Domain": "vpc", "Tags": [{ "Key": "Name", "Value": "way out" }] });
    change(&mut world, "AWS::EC2::EIP", &ip, &domain, &tagged);
    let shown = ec2(&mut world, "DescribeAddresses", json!({ "PublicIp": [ip] }));
    assert_eq!(shown["addressesSet"][0]["tagSet"][0]["value"], "way out");
    gone(&mut world, "AWS::EC2::EIP", &ip, &tagged);
}

#[test]
fn a_network_interface_is_made_changed_and_deleted() {
    const KIND: &str = "AWS::EC2::NetworkInterface";
    let mut world = founded();
    let vpc = vpc(&mut world, "10.0.0.0/16");
    let subnet = subnet(&mut world, &vpc, "10.0.1.0/24");
    let group = make(&mut world, "AWS::EC2::SecurityGroup", &json!({ "VpcId": vpc, "GroupDescription": "own" }));
    let plain = json!({ "SubnetId": subnet, "SecondaryPrivateIpAddressCount": 2, "GroupSet": [group] });
    let other = json!({
        "SubnetId": subnet, "SecondaryPrivateIpAddressCount": 1, "SourceDestCheck": false, "Description": "a router"
    });
    let id = make(&mut world, KIND, &plain);
    let secondary = attribute(&world, KIND, &id, &plain, "SecondaryPrivateIpAddresses");
    assert_eq!(secondary.as_array().expect("a list").len(), 2);
    assert_eq!(attribute(&world, KIND, &id, &plain, "VpcId"), json!(vpc));
    assert_eq!(there(&world, KIND, &id, &plain)["GroupSet"], json!([group]));
    change(&mut world, KIND, &id, &plain, &other);
    let now = there(&world, KIND, &id, &other);
    let members = ["SecondaryPrivateIpAddressCount", "SourceDestCheck", "Description"].map(|name| now[name].clone());
    assert_eq!(members, [json!(1), json!(false), json!("a router")]);
    assert_ne!(now["GroupSet"], json!([group]), "the VPC's default one");
    gone(&mut world, KIND, &id, &other);
}

#[test]
fn a_prefix_list_is_made_changed_and_deleted() {
    const KIND: &str = "AWS::EC2::PrefixList";
    let mut world = founded();
    let list = |size: u8, ranges: &[&str]| {
        let entries: Vec<Value> = ranges.iter().map(|range| json!({ "Cidr": range })).collect();
        json!({ "PrefixListName": "offices", "AddressFamily": "IPv4", "MaxEntries": size, "Entries": entries })
    };
    let (one, three) = (list(1, &["10.1.0.0/16"]), list(3, &["10.2.0.0/16", "10.3.0.0/16", "10.4.0.0/16"]));
    let id = make(&mut world, KIND, &one);
    assert_eq!(attribute(&world, KIND, &id, &one, "Version"), 1);
    change(&mut world, KIND, &id, &one, &three);
    assert_eq!(there(&world, KIND, &id, &three), three);
    change(&mut world, KIND, &id, &three, &one);
    assert_eq!(there(&world, KIND, &id, &one), one);
    gone(&mut world, KIND, &id, &one);
}
