//! Route tables, what they are associated with, and their routes.

use super::*;

impl World {
    /// Makes a route table and returns its id.
    pub(super) fn route_table(&mut self, vpc: &str) -> String {
        text(&self.ec2("CreateRouteTable", json!({ "VpcId": vpc })), "/routeTable/routeTableId")
    }

    /// A VPC's main route table.
    pub(super) fn main_table(&mut self, vpc: &str) -> Value {
        let filters = json!([
            { "Name": "vpc-id", "Value": [vpc] },
            { "Name": "association.main", "Value": ["true"] }
        ]);
        self.ec2("DescribeRouteTables", json!({ "Filter": filters }))["routeTableSet"][0].clone()
    }

    /// A route table as it is described.
    pub(super) fn table(&mut self, id: &str) -> Value {
        self.ec2("DescribeRouteTables", json!({ "RouteTableId": [id] }))["routeTableSet"][0].clone()
    }

    /// The default VPC, its internet gateway and one of its subnets.
    pub(super) fn default_vpc(&mut self) -> (String, String, String) {
        let vpcs = self.ec2("DescribeVpcs", json!({}));
        let gateways = self.ec2("DescribeInternetGateways", json!({}));
        let subnets = self.ec2("DescribeSubnets", json!({}));
        (
            text(&vpcs, "/vpcSet/0/vpcId"),
            text(&gateways, "/internetGatewaySet/0/internetGatewayId"),
            text(&subnets, "/subnetSet/0/subnetId"),
        )
    }

    fn prefix_list(&mut self, max_entries: u32) -> String {
        let asked = json!({
            "PrefixListName": "l", "AddressFamily": "IPv4", "MaxEntries": max_entries, "Entry": [{ "Cidr": "10.9.0.0/16" }]
        });
        text(&self.ec2("CreateManagedPrefixList", asked), "/prefixList/prefixListId")
    }
}

#[test]
fn a_route_to_a_gateway_that_is_gone_is_a_black_hole() {
    let mut world = World::founded();
    let gateways = world.ec2("DescribeInternetGateways", json!({}));
    let gateway = text(&gateways, "/internetGatewaySet/0/internetGatewayId");
    world.state.internet_gateways.update(&gateway, |gateway| gateway.vpc = None);
    let tables =
        world.ec2("DescribeRouteTables", json!({ "Filter": [{ "Name": "route.state", "Value": ["blackhole"] }] }));
    assert_eq!(text(&tables, "/routeTableSet/0/routeSet/1/state"), "blackhole");
}

#[test]
fn a_route_table_from_first_to_last_call() {
    let mut world = World::founded();
    let (vpc, gateway, _) = world.default_vpc();
    let tags = json!([{ "ResourceType": "route-table", "Tag": [{ "Key": "Name", "Value": "mine" }] }]);
    let request = json!({ "VpcId": vpc, "TagSpecification": tags, "ClientToken": "once" });
    let made = world.ec2("CreateRouteTable", request.clone());
    let id = text(&made, "/routeTable/routeTableId");
    assert_eq!(made["clientToken"], "once");
    assert_eq!(made["routeTable"]["routeSet"][0]["gatewayId"], "local");
    assert_eq!(made["routeTable"]["associationSet"], json!([]));
    assert_eq!(text(&world.ec2("CreateRouteTable", request), "/routeTable/routeTableId"), id, "the same call again");
    let refused = world.ec2_refuses("CreateRouteTable", json!({ "VpcId": vpc, "ClientToken": "once" }));
    assert_eq!(refused, "IdempotentParameterMismatch: Wrong arguments for request with token once");

    let route = json!({ "RouteTableId": id, "DestinationCidrBlock": "0.0.0.0/0", "GatewayId": gateway });
    assert_eq!(world.ec2("CreateRoute", route.clone())["return"], true);
    let shown = world.table(&id);
    assert_eq!(
        shown["routeSet"][1],
        json!({ "destinationCidrBlock": "0.0.0.0/0", "gatewayId": gateway, "origin": "CreateRoute", "state": "active" })
    );
    assert_eq!(
        world.ec2_refuses("CreateRoute", route),
        "RouteAlreadyExists: The route identified by 0.0.0.0/0 already exists."
    );
    world.ec2("DeleteRoute", json!({ "RouteTableId": id, "DestinationCidrBlock": "0.0.0.0/0" }));
    assert_eq!(
        world.ec2_refuses("DeleteRoute", json!({ "RouteTableId": id, "DestinationCidrBlock": "0.0.0.0/0" })),
        format!("InvalidRoute.NotFound: no route with destination-cidr-block 0.0.0.0/0 in route table {id}")
    );
    world.ec2("DeleteRouteTable", json!({ "RouteTableId": id }));
    assert_eq!(
        world.ec2_refuses("DeleteRouteTable", json!({ "RouteTableId": id })),
        format!("InvalidRouteTableID.NotFound: The routeTable ID '{id}' does not exist")
    );
}

#[test]
fn a_subnet_is_in_one_table_and_leaves_it_when_deleted() {
    let mut world = World::founded();
    let vpc = world.vpc("10.0.0.0/16");
    let subnet = world.subnet(&vpc, "10.0.0.0/24");
    let (one, two) = (world.route_table(&vpc), world.route_table(&vpc));
    let asked = |table: &str| json!({ "RouteTableId": table, "SubnetId": subnet });
    let made = world.ec2("AssociateRouteTable", asked(&one));
    let association = text(&made, "/associationId");
    assert_eq!(made["associationState"]["state"], "associated");
    assert_eq!(text(&world.ec2("AssociateRouteTable", asked(&one)), "/associationId"), association);
    assert_eq!(
        world.ec2_refuses("AssociateRouteTable", asked(&two)),
        format!(
            "Resource.AlreadyAssociated: the specified association for route table {two} conflicts with an existing association"
        )
    );
    assert_eq!(world.table(&one)["associationSet"][0]["subnetId"], json!(subnet));
    let refused = world.ec2_refuses("DeleteRouteTable", json!({ "RouteTableId": one }));
    assert_eq!(refused, format!("DependencyViolation: The routeTable '{one}' has dependencies and cannot be deleted."));
    let moved = world.ec2("ReplaceRouteTableAssociation", json!({ "AssociationId": association, "RouteTableId": two }));
    let moved = text(&moved, "/newAssociationId");
    assert_eq!(world.table(&one)["associationSet"], json!([]));
    assert_eq!(world.table(&two)["associationSet"][0]["routeTableAssociationId"], json!(moved));
    assert_eq!(
        world.ec2_refuses("DisassociateRouteTable", json!({ "AssociationId": association })),
        format!("InvalidAssociationID.NotFound: The association ID '{association}' does not exist")
    );
    world.ec2("DeleteSubnet", json!({ "SubnetId": subnet }));
    assert_eq!(world.table(&two)["associationSet"], json!([]));
    world.ec2("DeleteRouteTable", json!({ "RouteTableId": two }));
}

#[test]
fn subnets_use_the_table_they_are_in_and_else_the_main_one() {
    let mut world = World::founded();
    let vpc = world.vpc("10.0.0.0/16");
    let subnet = world.subnet(&vpc, "10.0.0.0/24");
    let table = world.route_table(&vpc);
    let enforced = |world: &World| {
        let topology = crate::ec2::topology(&world.state);
        topology.vpcs[vpc.as_str()].subnets[subnet.as_str()].route_table.to_string()
    };
    let main = world.main_table(&vpc);
    assert_eq!(enforced(&world), text(&main, "/routeTableId"));
    let association = text(&main, "/associationSet/0/routeTableAssociationId");
    assert_eq!(
        world.ec2_refuses("DisassociateRouteTable", json!({ "AssociationId": association })),
        format!("InvalidParameterValue: cannot disassociate the main route table association {association}")
    );
    world.ec2("ReplaceRouteTableAssociation", json!({ "AssociationId": association, "RouteTableId": table }));
    assert_eq!(text(&world.main_table(&vpc), "/routeTableId"), table);
    assert_eq!(enforced(&world), table);
    let old = text(&main, "/routeTableId");
    let made = world.ec2("AssociateRouteTable", json!({ "RouteTableId": old, "SubnetId": subnet }));
    assert_eq!(enforced(&world), old);
    world.ec2("DisassociateRouteTable", json!({ "AssociationId": made["associationId"] }));
    assert_eq!(enforced(&world), table);
    world.ec2("DeleteRouteTable", json!({ "RouteTableId": old }));
}

#[test]
fn a_table_is_for_its_own_network_only() {
    let mut world = World::founded();
    let (_, gateway, foreign) = world.default_vpc();
    let vpc = world.vpc("10.0.0.0/16");
    let table = world.route_table(&vpc);
    assert_eq!(
        world.ec2_refuses("AssociateRouteTable", json!({ "RouteTableId": table, "SubnetId": foreign })),
        format!("InvalidParameterValue: route table {table} and subnet {foreign} belong to different networks")
    );
    let to = |name: &str, id: &str| {
        let mut route = json!({ "RouteTableId": table, "DestinationCidrBlock": "0.0.0.0/0" });
        route[name] = json!(id);
        route
    };
    for (name, id, refused) in [
        (
            "GatewayId",
            gateway.as_str(),
            format!(
                "InvalidParameterValue: route table {table} and network gateway {gateway} belong to different networks"
            ),
        ),
        ("GatewayId", "igw-0", "InvalidGatewayID.NotFound: The gateway ID 'igw-0' does not exist".into()),
        ("NatGatewayId", "nat-0", "InvalidNatGatewayID.NotFound: The natGateway ID 'nat-0' does not exist".into()),
        ("InstanceId", "i-0", "InvalidInstanceID.NotFound: The instance ID 'i-0' does not exist".into()),
        (
            "NetworkInterfaceId",
            "eni-0",
            "InvalidNetworkInterfaceID.NotFound: The networkInterface ID 'eni-0' does not exist".into(),
        ),
        (
            "VpcPeeringConnectionId",
            "pcx-0",
            "InvalidVpcPeeringConnectionID.NotFound: The vpcPeeringConnection ID 'pcx-0' does not exist".into(),
        ),
        (
            "TransitGatewayId",
            "tgw-0",
            "UnsupportedOperation: The parameter TransitGatewayId is not supported by neargate.".into(),
        ),
    ] {
        assert_eq!(world.ec2_refuses("CreateRoute", to(name, id)), refused);
    }
    assert!(world.ec2_refuses("CreateRoute", json!({ "RouteTableId": table })).starts_with("MissingParameter: "));
    let six = json!({ "RouteTableId": table, "DestinationIpv6CidrBlock": "::/0", "GatewayId": gateway });
    assert!(world.ec2_refuses("CreateRoute", six).contains("DestinationIpv6CidrBlock"));
    let edge = json!({ "RouteTableId": table, "GatewayId": gateway });
    assert!(world.ec2_refuses("AssociateRouteTable", edge).contains("GatewayId"));
}

#[test]
fn the_local_route_stays_and_nothing_is_more_specific() {
    let mut world = World::founded();
    let (vpc, gateway, _) = world.default_vpc();
    let table = world.route_table(&vpc);
    let to = |cidr: &str| json!({ "RouteTableId": table, "DestinationCidrBlock": cidr, "GatewayId": gateway });
    assert_eq!(
        world.ec2_refuses("CreateRoute", to("172.31.0.0/16")),
        "RouteAlreadyExists: The route identified by 172.31.0.0/16 already exists."
    );
    let refused = world.ec2_refuses("CreateRoute", to("172.31.16.0/20"));
    assert!(refused.starts_with("InvalidParameterValue: The destination CIDR block 172.31.16.0/20"), "{refused}");
    assert!(world.ec2_refuses("CreateRoute", to("169.254.169.0/24")).starts_with("InvalidParameterValue: "));
    world.ec2("CreateRoute", to("172.16.9.9/12"));
    assert_eq!(
        texts(&world.table(&table), "/routeSet", "/destinationCidrBlock"),
        ["172.16.0.0/12", "172.31.0.0/16"],
        "wider is allowed, and bits beyond the prefix are cleared"
    );
    let local = json!({ "RouteTableId": table, "DestinationCidrBlock": "172.31.0.0/16" });
    assert_eq!(
        world.ec2_refuses("DeleteRoute", local.clone()),
        format!("InvalidParameterValue: cannot remove local route 172.31.0.0/16 in route table {table}")
    );
    assert!(world.ec2_refuses("ReplaceRoute", to("172.31.0.0/16")).starts_with("UnsupportedOperation: "));
    let back = json!({ "RouteTableId": table, "DestinationCidrBlock": "172.31.0.0/16", "LocalTarget": true });
    world.ec2("ReplaceRoute", back);
    assert_eq!(
        world.ec2_refuses("ReplaceRoute", to("192.168.0.0/16")),
        "InvalidParameterValue: There is no route defined for '192.168.0.0/16' in the route table. Use CreateRoute instead."
    );
}

#[test]
fn a_table_has_fifty_routes_and_a_prefix_list_counts_in_full() {
    let mut world = World::founded();
    let (vpc, gateway, _) = world.default_vpc();
    let table = world.route_table(&vpc);
    let list = world.prefix_list(40);
    let by_list = json!({ "RouteTableId": table, "DestinationPrefixListId": list, "GatewayId": gateway });
    world.ec2("CreateRoute", by_list.clone());
    assert!(world.ec2_refuses("CreateRoute", by_list).starts_with("RouteAlreadyExists: "));
    for n in 0..10 {
        let route =
            json!({ "RouteTableId": table, "DestinationCidrBlock": format!("10.{n}.0.0/16"), "GatewayId": gateway });
        world.ec2("CreateRoute", route);
    }
    let more = json!({ "RouteTableId": table, "DestinationCidrBlock": "0.0.0.0/0", "GatewayId": gateway });
    assert_eq!(
        world.ec2_refuses("CreateRoute", more.clone()),
        "RouteLimitExceeded: The maximum number of routes has been reached."
    );
    let filter = json!([{ "Name": "route.destination-prefix-list-id", "Value": [list] }]);
    let found = world.ec2("DescribeRouteTables", json!({ "Filter": filter }));
    assert_eq!(texts(&found, "/routeTableSet", "/routeTableId"), [table.as_str()]);
    let told = crate::ec2::topology(&world.state);
    assert_eq!(told.prefix_lists[list.as_str()].len(), 1, "hosts are told what is in it");
    world.ec2("DeleteRoute", json!({ "RouteTableId": table, "DestinationPrefixListId": list }));
    world.ec2("CreateRoute", more);
    let unknown = json!({ "RouteTableId": table, "DestinationPrefixListId": "pl-0", "GatewayId": gateway });
    assert!(world.ec2_refuses("CreateRoute", unknown).starts_with("InvalidPrefixListID.NotFound: "));
}

#[test]
fn a_vpc_has_two_hundred_tables() {
    let mut world = World::founded();
    let vpc = world.vpc("10.0.0.0/16");
    for _ in 0..199 {
        world.route_table(&vpc);
    }
    assert_eq!(
        world.ec2_refuses("CreateRouteTable", json!({ "VpcId": vpc })),
        "RouteTableLimitExceeded: The maximum number of route tables has been reached."
    );
}

#[test]
fn client_tokens_are_forgotten_after_a_day() {
    let mut world = World::founded();
    let (vpc, ..) = world.default_vpc();
    let request = json!({ "VpcId": vpc, "ClientToken": "t" });
    let first = text(&world.ec2("CreateRouteTable", request.clone()), "/routeTable/routeTableId");
    world.ec2("DeleteRouteTable", json!({ "RouteTableId": first }));
    world.now += 60_000;
    let second = text(&world.ec2("CreateRouteTable", request.clone()), "/routeTable/routeTableId");
    assert_ne!(first, second, "what the token stood for is gone");
    world.now += 24 * 60 * 60 * 1000 - 1;
    assert_eq!(text(&world.ec2("CreateRouteTable", request.clone()), "/routeTable/routeTableId"), second);
    world.now += 1;
    world.transact(|_| Ok(())).unwrap();
    assert!(world.state.call_tokens.is_empty() && world.state.expiries.is_empty());
}
