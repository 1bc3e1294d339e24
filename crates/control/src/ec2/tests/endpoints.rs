use super::*;
use vpc::Endpoint;

impl World {
    /// A VPC with DNS hostnames and a subnet in each of two zones.
    fn private_vpc(&mut self) -> (String, String, String) {
        let vpc = self.vpc("10.0.0.0/16");
        self.ec2("ModifyVpcAttribute", json!({ "VpcId": vpc, "EnableDnsHostnames": { "Value": true } }));
        let (a, b) = (self.subnet(&vpc, "10.0.0.0/24"), self.subnet(&vpc, "10.0.1.0/24"));
        (vpc, a, b)
    }

    fn shown(&mut self, id: &str) -> Value {
        self.ec2("DescribeVpcEndpoints", json!({ "VpcEndpointId": [id] }))["vpcEndpointSet"][0].clone()
    }
}

fn interface(vpc: &str, service: &str, more: Value) -> Value {
    let mut request = json!({ "VpcId": vpc, "VpcEndpointType": "Interface", "ServiceName": format!("com.amazonaws.us-east-1.{service}") });
    request.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    request
}

#[test]
fn an_interface_endpoint_has_an_interface_a_subnet_and_names() {
    let mut world = World::founded();
    let (vpc, a, b) = world.private_vpc();
    let made =
        world.ec2("CreateVpcEndpoint", interface(&vpc, "ecr.api", json!({ "SubnetId": [a, b], "ClientToken": "t" })));
    let made = &made["vpcEndpoint"];
    let id = text(made, "/vpcEndpointId");
    assert_eq!((text(made, "/state"), &made["privateDnsEnabled"]), ("pending".into(), &json!(true)));
    assert_eq!(texts(made, "/groupSet", "/groupName"), ["default"]);
    assert_eq!(made["networkInterfaceIdSet"].as_array().unwrap().len(), 2);
    let again =
        world.ec2("CreateVpcEndpoint", interface(&vpc, "ecr.api", json!({ "SubnetId": [a, b], "ClientToken": "t" })));
    assert_eq!(text(&again, "/vpcEndpoint/vpcEndpointId"), id, "the same call made again makes nothing");

    let told = crate::ec2::topology(&world.state);
    let Endpoint::Interface { service, interfaces, dns_label, private_dns } =
        &told.vpcs[vpc.as_str()].endpoints[id.as_str()]
    else {
        panic!("hosts are told of an interface endpoint");
    };
    assert_eq!((service.as_str(), private_dns), ("ecr.api", &true));
    assert_eq!(interfaces.keys().collect::<Vec<_>>(), ["us-east-1a", "us-east-1b"]);
    assert!(dns_label.starts_with(&format!("{id}-")), "{dns_label}");
    let mut names = vec![
        "api.ecr.us-east-1.amazonaws.com".to_owned(),
        format!("{dns_label}.api.ecr.us-east-1.vpce.amazonaws.com"),
        format!("{dns_label}-us-east-1a.api.ecr.us-east-1.vpce.amazonaws.com"),
        format!("{dns_label}-us-east-1b.api.ecr.us-east-1.vpce.amazonaws.com"),
    ];
    names.sort();
    assert_eq!(texts(made, "/dnsEntrySet", "/dnsName"), names);
    let shown = world.ec2("DescribeNetworkInterfaces", json!({ "Filter": [{ "Name": "subnet-id", "Value": [a] }] }));
    let shown = &shown["networkInterfaceSet"][0];
    assert_eq!(
        (text(shown, "/description"), &shown["requesterManaged"]),
        (format!("VPC Endpoint Interface {id}"), &json!(true))
    );
}

#[test]
fn endpoints_that_can_t_be_are_refused_in_aws_s_words() {
    let mut world = World::founded();
    let (vpc, a, b) = world.private_vpc();
    let plain = world.vpc("10.1.0.0/16");
    let mut refused = |request: Value| world.ec2_refuses("CreateVpcEndpoint", request);
    assert_eq!(
        refused(interface(&vpc, "braket", json!({}))),
        "InvalidServiceName: The Vpc Endpoint Service 'com.amazonaws.us-east-1.braket' does not exist"
    );
    assert_eq!(
        refused(interface(&vpc, "logs", json!({ "VpcEndpointType": "Gateway" }))),
        "InvalidParameter: Endpoint type (Gateway) does not match available service types ([Interface])."
    );
    assert_eq!(
        refused(interface(&plain, "logs", json!({}))),
        format!(
            "InvalidParameter: Enabling private DNS requires both enableDnsSupport and enableDnsHostnames VPC attributes set to true for {plain}"
        )
    );
    assert_eq!(
        refused(interface(&vpc, "dynamodb", json!({ "PrivateDnsEnabled": true }))),
        "InvalidParameter: Private DNS can't be enabled because the service com.amazonaws.us-east-1.dynamodb does not provide a private DNS name."
    );
    assert_eq!(
        refused(interface(&vpc, "logs", json!({ "SubnetId": [a, a] }))),
        format!("DuplicateSubnetsInSameZone: Found another VPC endpoint subnet in the availability zone of {a}")
    );
    assert_eq!(
        refused(interface(&vpc, "logs", json!({ "IpAddressType": "dualstack" }))),
        "UnsupportedOperation: The parameter IpAddressType=dualstack is not supported by neargate."
    );
    assert_eq!(
        refused(interface(&vpc, "logs", json!({ "PolicyDocument": "{\"Statement\":[]}" }))),
        "UnsupportedOperation: The parameter PolicyDocument that does not allow everything is not supported by neargate."
    );
    world.ec2("CreateVpcEndpoint", interface(&vpc, "logs", json!({ "SubnetId": [b] })));
    assert_eq!(
        world.ec2_refuses("CreateVpcEndpoint", interface(&vpc, "logs", json!({}))),
        format!(
            "InvalidParameter: private-dns-enabled cannot be set because there is already a conflicting DNS domain for logs.us-east-1.amazonaws.com in the VPC {vpc}"
        )
    );
    world.ec2("CreateVpcEndpoint", interface(&vpc, "logs", json!({ "PrivateDnsEnabled": false })));
}

#[test]
fn an_interface_endpoint_changes_and_goes() {
    let mut world = World::founded();
    let (vpc, a, b) = world.private_vpc();
    let web = world.group(&vpc, "web");
    let made =
        world.ec2("CreateVpcEndpoint", interface(&vpc, "sts", json!({ "SubnetId": [a], "PrivateDnsEnabled": false })));
    let (id, default) = (text(&made, "/vpcEndpoint/vpcEndpointId"), text(&made, "/vpcEndpoint/groupSet/0/groupId"));
    let change = json!({ "VpcEndpointId": id, "AddSubnetId": [b], "RemoveSubnetId": [a], "AddSecurityGroupId": [web],
        "RemoveSecurityGroupId": [default], "PrivateDnsEnabled": true });
    world.ec2("ModifyVpcEndpoint", change.clone());
    let shown = world.shown(&id);
    assert_eq!((&shown["subnetIdSet"], &shown["privateDnsEnabled"]), (&json!([b]), &json!(true)));
    assert_eq!(texts(&shown, "/groupSet", "/groupId"), [web.as_str()]);
    let interface = text(&shown, "/networkInterfaceIdSet/0");
    let told = crate::ec2::topology(&world.state);
    let interfaces = &told.vpcs[vpc.as_str()].interfaces;
    assert!(interfaces.len() == 1 && interfaces.contains_key(interface.as_str()), "{interfaces:?}");
    assert!(interfaces[interface.as_str()].security_groups.contains(web.as_str()));
    assert_eq!(
        world.ec2_refuses("ModifyVpcEndpoint", change),
        format!("InvalidParameter: Subnet {a} is not associated with the VPC endpoint {id}")
    );
    let refused = world.ec2_refuses("DeleteSecurityGroup", json!({ "GroupId": web }));
    assert_eq!(refused, format!("DependencyViolation: resource {web} has a dependent object"));
    let refused = world.ec2_refuses("DeleteSubnet", json!({ "SubnetId": b }));
    assert!(refused.starts_with("DependencyViolation: "), "{refused}");

    let deleted = world.ec2("DeleteVpcEndpoints", json!({ "VpcEndpointId": [id, "vpce-0", "x"] }));
    let codes = texts(&deleted, "/unsuccessful", "/error/code");
    assert_eq!(codes, ["InvalidVpcEndpoint.NotFound", "InvalidVpcEndpointId.Malformed"]);
    let told = crate::ec2::topology(&world.state);
    let told = &told.vpcs[vpc.as_str()];
    assert!(told.endpoints.is_empty() && told.interfaces.is_empty(), "hosts are told of it no more");
}

#[test]
fn a_group_of_an_endpoint_without_subnets_stays() {
    let mut world = World::founded();
    let (vpc, ..) = world.private_vpc();
    let web = world.group(&vpc, "web");
    world.ec2("CreateVpcEndpoint", interface(&vpc, "kms", json!({ "SecurityGroupId": [web] })));
    let refused = world.ec2_refuses("DeleteSecurityGroup", json!({ "GroupId": web }));
    assert_eq!(refused, format!("DependencyViolation: resource {web} has a dependent object"));
}

#[test]
fn a_name_for_s3_inside_the_vpc_has_to_be_asked_for() {
    let mut world = World::founded();
    let (vpc, a, _) = world.private_vpc();
    let plain = world.ec2("CreateVpcEndpoint", interface(&vpc, "s3", json!({ "SubnetId": [a] })));
    assert_eq!(plain["vpcEndpoint"]["privateDnsEnabled"], json!(false));
    let default = interface(&vpc, "s3", json!({ "PrivateDnsEnabled": true }));
    assert_eq!(
        world.ec2_refuses("CreateVpcEndpoint", default),
        "UnsupportedOperation: The parameter DnsOptions.PrivateDnsOnlyForInboundResolverEndpoint is not supported by neargate."
    );
    let within =
        json!({ "PrivateDnsEnabled": true, "DnsOptions": { "PrivateDnsOnlyForInboundResolverEndpoint": false } });
    let made = world.ec2("CreateVpcEndpoint", interface(&vpc, "s3", within));
    let names = texts(&made, "/vpcEndpoint/dnsEntrySet", "/dnsName");
    assert!(names.contains(&"s3.us-east-1.amazonaws.com".to_owned()), "{names:?}");
}

#[test]
fn a_gateway_endpoint_is_a_route_in_its_tables() {
    let mut world = World::founded();
    let vpc = world.vpc("10.0.0.0/16");
    let of_vpc = json!({ "Filter": [{ "Name": "vpc-id", "Value": [vpc] }] });
    let table = text(&world.ec2("DescribeRouteTables", of_vpc), "/routeTableSet/0/routeTableId");
    let create = json!({ "VpcId": vpc, "ServiceName": "com.amazonaws.us-east-1.s3", "RouteTableId": [table] });
    let made = world.ec2("CreateVpcEndpoint", create.clone());
    let id = text(&made, "/vpcEndpoint/vpcEndpointId");
    assert_eq!(
        (text(&made, "/vpcEndpoint/vpcEndpointType"), &made["vpcEndpoint"]["routeTableIdSet"]),
        ("Gateway".into(), &json!([table]))
    );
    assert_eq!(
        world.ec2_refuses("CreateVpcEndpoint", create),
        format!(
            "RouteAlreadyExists: route table {table} already has a route with destination-prefix-list-id pl-63a5400a"
        )
    );
    let private = json!({ "VpcId": vpc, "ServiceName": "com.amazonaws.us-east-1.s3",
        "DnsOptions": { "PrivateDnsOnlyForInboundResolverEndpoint": false } });
    assert_eq!(
        world.ec2_refuses("CreateVpcEndpoint", private),
        "InvalidParameter: DnsOptions PrivateDnsOnlyForInboundResolverEndpoint is applicable only to Interface VPC Endpoints."
    );
    let routes = |world: &World| {
        let told = crate::ec2::topology(&world.state);
        told.vpcs[vpc.as_str()].route_tables[table.as_str()].routes.len()
    };
    assert_eq!(routes(&world), 1);
    let users = world.ec2("GetManagedPrefixListAssociations", json!({ "PrefixListId": "pl-63a5400a" }));
    assert_eq!(texts(&users, "/prefixListAssociationSet", "/resourceId"), [table.as_str()]);
    world.ec2("ModifyVpcEndpoint", json!({ "VpcEndpointId": id, "RemoveRouteTableId": [table] }));
    assert_eq!(routes(&world), 0);
    world.ec2("ModifyVpcEndpoint", json!({ "VpcEndpointId": id, "AddRouteTableId": [table] }));
    assert_eq!(routes(&world), 1);
    let refused = world.ec2_refuses("DeleteVpc", json!({ "VpcId": vpc }));
    assert!(refused.starts_with("DependencyViolation: "), "{refused}");
    world.ec2("DeleteVpcEndpoints", json!({ "VpcEndpointId": [id] }));
    assert_eq!(routes(&world), 0);
}

#[test]
fn services_are_listed_by_type() {
    let mut world = World::founded();
    let named = |name: &str| json!({ "ServiceName": [format!("com.amazonaws.us-east-1.{name}")] });
    let s3 = world.ec2("DescribeVpcEndpointServices", named("s3"));
    assert_eq!(texts(&s3, "/serviceDetailSet", "/serviceType/0/serviceType"), ["Gateway", "Interface"]);
    assert_eq!(s3["serviceNameSet"], json!(["com.amazonaws.us-east-1.s3"]));
    let gateways = json!({ "Filter": [{ "Name": "service-type", "Value": ["Gateway"] }] });
    let gateways = world.ec2("DescribeVpcEndpointServices", gateways);
    assert_eq!(
        texts(&gateways, "/serviceDetailSet", "/serviceName"),
        ["com.amazonaws.us-east-1.dynamodb", "com.amazonaws.us-east-1.s3"]
    );
    let logs = world.ec2("DescribeVpcEndpointServices", named("logs"));
    assert_eq!(text(&logs, "/serviceDetailSet/0/privateDnsName"), "logs.us-east-1.amazonaws.com");
    assert_eq!(
        world.ec2_refuses("DescribeVpcEndpointServices", named("braket")),
        "InvalidServiceName: The Vpc Endpoint Service 'com.amazonaws.us-east-1.braket' does not exist"
    );
}
