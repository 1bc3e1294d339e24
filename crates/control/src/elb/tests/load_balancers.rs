use super::*;

#[test]
fn a_load_balancer_has_a_node_in_each_of_its_subnets() {
    let mut world = World::region();
    let (subnets, vpc) = (world.default_subnets(), world.home_vpc());
    let made = world.elb("CreateLoadBalancer", json!({"Name": "web", "Subnets": subnets[..2]}));
    let made = &made["LoadBalancers"][0];
    let arn = text(&made["LoadBalancerArn"]);
    let id = id(&arn).to_owned();
    assert_eq!(arn, format!("arn:aws:elasticloadbalancing:us-east-1:123456789012:loadbalancer/app/web/{id}"));
    assert_eq!(id.len(), 16);
    let name = text(&made["DNSName"]);
    assert!(name.starts_with("web-") && name.ends_with(".us-east-1.elb.amazonaws.com"), "{name}");
    let expected = json!(["internet-facing", "application", "ipv4", vpc, "Z35SXDOTRQ7X7K"]);
    let members = ["Scheme", "Type", "IpAddressType", "VpcId", "CanonicalHostedZoneId"];
    assert_eq!(json!(members.map(|member| made[member].clone())), expected);
    let zones = json!([
        {"ZoneName": "us-east-1a", "SubnetId": subnets[0], "LoadBalancerAddresses": []},
        {"ZoneName": "us-east-1b", "SubnetId": subnets[1], "LoadBalancerAddresses": []}]);
    assert_eq!(made["AvailabilityZones"], zones);

    let filters = json!([{"Name": "description", "Value": [format!("ELB app/web/{id}")]}]);
    let interfaces = world.net("DescribeNetworkInterfaces", json!({ "Filter": filters }));
    let interfaces = interfaces["networkInterfaceSet"].as_array().unwrap();
    assert_eq!(interfaces.len(), 2);
    for interface in interfaces {
        assert_eq!((&interface["requesterId"], &interface["requesterManaged"]), (&json!("amazon-elb"), &json!(true)));
        assert_eq!((&interface["status"], &interface["interfaceType"]), (&json!("in-use"), &json!("interface")));
        assert!(interface["association"]["publicIp"].is_string());
        assert_eq!(interface["groupSet"][0]["groupName"], "default");
    }
}

#[test]
fn an_internal_one_has_private_addresses_only() {
    let mut world = World::region();
    let subnets = world.default_subnets();
    let made = world.elb("CreateLoadBalancer", json!({"Name": "api", "Subnets": subnets[..2], "Scheme": "internal"}));
    let made = &made["LoadBalancers"][0];
    assert!(text(&made["DNSName"]).starts_with("internal-api-"));
    assert_eq!(made["Scheme"], "internal");
    let interfaces = world.net("DescribeNetworkInterfaces", json!({}));
    let public = |interface: &&Value| interface["association"].is_object();
    assert_eq!(interfaces["networkInterfaceSet"].as_array().unwrap().iter().filter(public).count(), 0);
    let attributes = json!({ "LoadBalancerArn": made["LoadBalancerArn"] });
    let attributes = world.elb("DescribeLoadBalancerAttributes", attributes);
    assert!(
        attributes["Attributes"]
            .as_array()
            .unwrap()
            .contains(&json!({"Key": "ipv6.deny_all_igw_traffic", "Value": "true"}))
    );
}

#[test]
fn the_same_again_is_the_same_and_another_is_refused() {
    let mut world = World::region();
    let arn = world.load_balancer("web");
    assert_eq!(world.load_balancer("web"), arn);
    let subnets = world.default_subnets();
    let refused = world.elb_refuses("CreateLoadBalancer", json!({"Name": "web", "Subnets": subnets}));
    let said =
        "DuplicateLoadBalancerName: A load balancer with the same name 'web' exists, but with different settings";
    assert_eq!(refused, said);
}

#[test]
fn subnets_are_two_in_two_zones_with_room() {
    let mut world = World::region();
    let (subnets, vpc) = (world.default_subnets(), world.home_vpc());
    let refuses = |world: &mut World, subnets: Value| {
        world.elb_refuses("CreateLoadBalancer", json!({"Name": "web", "Subnets": subnets}))
    };
    let two = "ValidationError: At least two subnets in two different Availability Zones must be specified";
    assert_eq!(refuses(&mut world, json!([])), two);
    assert_eq!(refuses(&mut world, json!([subnets[0]])), two);
    let missing = refuses(&mut world, json!([subnets[0], "subnet-0a"]));
    assert_eq!(missing, "SubnetNotFound: The subnet ID 'subnet-0a' does not exist");
    let one_zone = "InvalidConfigurationRequest: A load balancer cannot be attached to multiple subnets in the same Availability Zone";
    assert_eq!(refuses(&mut world, json!([subnets[0], subnets[0]])), one_zone);
    let small = json!({"VpcId": vpc, "CidrBlock": "172.31.255.0/28", "AvailabilityZone": "us-east-1b"});
    let small = text(&world.net("CreateSubnet", small)["subnet"]["subnetId"]);
    let no_room = format!(
        "InvalidSubnet: Not enough IP space available in {small}. ELB requires at least 8 free IP addresses in each subnet."
    );
    assert_eq!(refuses(&mut world, json!([subnets[0], small])), no_room);
    assert_eq!(world.state.network_interfaces.len(), 0, "nothing is left of what was refused");
    let other = text(&world.net("CreateVpc", json!({"CidrBlock": "10.0.0.0/16"}))["vpc"]["vpcId"]);
    let mut foreign = Vec::new();
    for (n, zone) in ["us-east-1a", "us-east-1b"].iter().enumerate() {
        let request = json!({"VpcId": other, "CidrBlock": format!("10.0.{n}.0/24"), "AvailabilityZone": zone});
        foreign.push(text(&world.net("CreateSubnet", request)["subnet"]["subnetId"]));
    }
    let vpcs = refuses(&mut world, json!([subnets[0], foreign[1]]));
    assert_eq!(vpcs, "InvalidConfigurationRequest: All subnets must belong to the same VPC.");
    let gateway = refuses(&mut world, json!(foreign));
    assert_eq!(gateway, format!("InvalidSubnet: VPC {other} has no internet gateway"));
}

#[test]
fn what_is_not_there_is_refused_by_name() {
    let mut world = World::region();
    let subnets = world.default_subnets();
    let refuses = |world: &mut World, more: Value| {
        let mut request = json!({"Name": "web", "Subnets": subnets[..2]});
        request.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        world.elb_refuses("CreateLoadBalancer", request)
    };
    let gateway = "InvalidConfigurationRequest: The load balancer type 'gateway' is not supported by neargate.";
    assert_eq!(refuses(&mut world, json!({"Type": "gateway"})), gateway);
    let dual = "InvalidConfigurationRequest: The IP address type 'dualstack' is not supported by neargate.";
    assert_eq!(refuses(&mut world, json!({"IpAddressType": "dualstack"})), dual);
    let group = refuses(&mut world, json!({"SecurityGroups": ["sg-0a"]}));
    assert_eq!(group, "InvalidSecurityGroup: One or more security groups are invalid");
    let name = refuses(&mut world, json!({"Name": "internal-web"}));
    assert_eq!(name, "ValidationError: The load balancer name 'internal-web' cannot begin with 'internal-'");
    let trust_store = world.call(&API, "CreateTrustStore", json!({})).unwrap_err();
    assert_eq!((trust_store.status, trust_store.code.as_ref()), (501, "NotImplemented"));
}

#[test]
fn they_are_found_by_arn_and_by_name() {
    let mut world = World::region();
    let (web, api) = (world.load_balancer("web"), world.load_balancer("api"));
    let mut names = |request: Value| {
        let found = world.elb("DescribeLoadBalancers", request);
        let mut names: Vec<String> =
            found["LoadBalancers"].as_array().unwrap().iter().map(|found| text(&found["LoadBalancerName"])).collect();
        names.sort();
        names
    };
    assert_eq!(names(json!({})), ["api", "web"]);
    assert_eq!(names(json!({"Names": ["web"]})), ["web"]);
    assert_eq!(names(json!({"LoadBalancerArns": [api, web]})), ["api", "web"]);
    let mut refuses = |request: Value| world.elb_refuses("DescribeLoadBalancers", request);
    assert_eq!(refuses(json!({"Names": ["web", "x"]})), "LoadBalancerNotFound: Load balancers '[x]' not found");
    let gone = web.replace("/web/", "/wob/");
    let not_found = format!("LoadBalancerNotFound: Load balancers '[{gone}]' not found");
    assert_eq!(refuses(json!({"LoadBalancerArns": [gone]})), not_found);
    for wrong in ["web".to_owned(), web.replace("us-east-1", "eu-west-1"), web.replace("loadbalancer/", "")] {
        let said = format!("ValidationError: '{wrong}' is not a valid load balancer ARN");
        assert_eq!(refuses(json!({"LoadBalancerArns": [wrong]})), said);
    }
    let first = world.elb("DescribeLoadBalancers", json!({"PageSize": 1}));
    assert_eq!(first["LoadBalancers"].as_array().unwrap().len(), 1);
    let second = world.elb("DescribeLoadBalancers", json!({"PageSize": 1, "Marker": first["NextMarker"]}));
    assert_ne!(first["LoadBalancers"], second["LoadBalancers"]);
    assert!(second.get("NextMarker").is_none_or(Value::is_null));
}

#[test]
fn one_that_is_deleted_leaves_addresses_that_hosts_may_have() {
    let mut world = World::region();
    world.host_says(0, BalancingStatus::default());
    let arn = world.load_balancer("web");
    let subnet = world.default_subnets().remove(0);
    let in_use = |world: &World| world.state.subnets.get(&subnet).unwrap().in_use;
    world.elb("DeleteLoadBalancer", json!({ "LoadBalancerArn": arn }));
    assert_eq!((world.state.network_interfaces.len(), in_use(&world)), (0, 1));
    let busy = world.call(&aws::api::ec2::API, "DeleteSubnet", json!({ "SubnetId": subnet })).unwrap_err();
    assert_eq!(busy.code, "DependencyViolation");
    let observed = world.state.revision;
    assert!(crate::host::must_observe(&world.state, &HostId::from("host")) >= observed, "the host is told at once");
    world.host_says(observed, BalancingStatus::default());
    assert_eq!(in_use(&world), 0);
    world.elb("DeleteLoadBalancer", json!({ "LoadBalancerArn": arn }));
}

#[test]
fn deletion_protection_protects() {
    let mut world = World::region();
    let arn = world.load_balancer("web");
    let protect = |world: &mut World, value: &str| {
        let attributes = json!([{"Key": "deletion_protection.enabled", "Value": value}]);
        world.elb("ModifyLoadBalancerAttributes", json!({"LoadBalancerArn": arn, "Attributes": attributes}))
    };
    protect(&mut world, "true");
    let said = format!(
        "OperationNotPermitted: Load balancer '{arn}' cannot be deleted because deletion protection is enabled"
    );
    assert_eq!(world.elb_refuses("DeleteLoadBalancer", json!({ "LoadBalancerArn": arn })), said);
    protect(&mut world, "false");
    world.elb("DeleteLoadBalancer", json!({ "LoadBalancerArn": arn }));
}

#[test]
fn its_security_groups_are_its_interfaces() {
    let mut world = World::region();
    let arn = world.load_balancer("web");
    let group = json!({"GroupName": "web", "GroupDescription": "of a test"});
    let group = text(&world.net("CreateSecurityGroup", group)["groupId"]);
    let set = json!({"LoadBalancerArn": arn, "SecurityGroups": [group]});
    assert_eq!(world.elb("SetSecurityGroups", set)["SecurityGroupIds"], json!([group]));
    let interfaces = world.net("DescribeNetworkInterfaces", json!({}));
    for interface in interfaces["networkInterfaceSet"].as_array().unwrap() {
        assert_eq!(interface["groupSet"][0]["groupId"], json!(group));
    }
    let used = world.call(&aws::api::ec2::API, "DeleteSecurityGroup", json!({ "GroupId": group })).unwrap_err();
    assert_eq!(used.code, "DependencyViolation");
    let none = world.elb_refuses("SetSecurityGroups", json!({"LoadBalancerArn": arn, "SecurityGroups": []}));
    assert_eq!(none, "ValidationError: At least one security group must be specified");
    world.elb("DeleteLoadBalancer", json!({ "LoadBalancerArn": arn }));
    world.net("DeleteSecurityGroup", json!({ "GroupId": group }));
}

#[test]
fn its_subnets_can_be_others() {
    let mut world = World::region();
    let (arn, subnets) = (world.load_balancer("web"), world.default_subnets());
    let nodes = |world: &World| {
        let interfaces = world.state.network_interfaces.iter();
        interfaces.map(|interface| (interface.subnet.to_string(), interface.id.clone())).collect::<Vec<_>>()
    };
    let before = nodes(&world);
    let set = world.elb("SetSubnets", json!({"LoadBalancerArn": arn, "Subnets": subnets[1..]}));
    let zones: Vec<String> =
        set["AvailabilityZones"].as_array().unwrap().iter().map(|zone| text(&zone["ZoneName"])).collect();
    assert_eq!(zones, ["us-east-1b", "us-east-1c"]);
    let after = nodes(&world);
    let kept = |node: &&(String, InterfaceId)| after.contains(node);
    assert_eq!(before.iter().filter(kept).map(|(subnet, _)| subnet).collect::<Vec<_>>(), [&subnets[1]]);
    assert_eq!(after.len(), 2);
    let one = world.elb_refuses("SetSubnets", json!({"LoadBalancerArn": arn, "Subnets": subnets[..1]}));
    assert!(one.starts_with("ValidationError: At least two subnets"), "{one}");
    let ip = world.elb("SetIpAddressType", json!({"LoadBalancerArn": arn, "IpAddressType": "ipv4"}));
    assert_eq!(ip["IpAddressType"], "ipv4");
}

#[test]
fn tags_are_on_everything() {
    let mut world = World::region();
    let (balancer, group) = (world.load_balancer("web"), world.target_group("web"));
    let listener = world.listener(&balancer, 80, &group);
    let tags = json!([{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}]);
    let all = json!([balancer, group, listener]);
    world.elb("AddTags", json!({"ResourceArns": all, "Tags": tags}));
    world.elb("RemoveTags", json!({"ResourceArns": all, "TagKeys": ["a"]}));
    let described = world.elb("DescribeTags", json!({ "ResourceArns": all }));
    for (n, arn) in all.as_array().unwrap().iter().enumerate() {
        let expected = json!({"ResourceArn": arn, "Tags": [{"Key": "b", "Value": "2"}]});
        assert_eq!(described["TagDescriptions"][n], expected);
    }
    let twice = json!([{"Key": "a", "Value": "1"}, {"Key": "a", "Value": "2"}]);
    let twice = world.elb_refuses("AddTags", json!({"ResourceArns": [group], "Tags": twice}));
    assert_eq!(twice, "DuplicateTagKeys: A tag key was specified more than once");
    let many: Vec<Value> = (0..50).map(|n| json!({"Key": format!("k{n}"), "Value": ""})).collect();
    let many = world.elb_refuses("AddTags", json!({"ResourceArns": [group], "Tags": many}));
    assert!(many.starts_with("TooManyTags"), "{many}");
}

#[test]
fn the_51st_is_one_too_many() {
    let mut world = World::region();
    (0..50).for_each(|n| drop(world.load_balancer(&format!("lb-{n}"))));
    let subnets = world.default_subnets();
    let refused = world.elb_refuses("CreateLoadBalancer", json!({"Name": "more", "Subnets": subnets[..2]}));
    assert_eq!(refused, "TooManyLoadBalancers: The maximum number of load balancers has been reached");
    let network = json!({"Name": "more", "Type": "network", "Subnets": subnets[..2]});
    assert_eq!(world.elb("CreateLoadBalancer", network)["LoadBalancers"][0]["Type"], "network");
    let limits = world.elb("DescribeAccountLimits", json!({}));
    assert!(limits["Limits"].as_array().unwrap().contains(&json!({"Name": "application-load-balancers", "Max": "50"})));
}
