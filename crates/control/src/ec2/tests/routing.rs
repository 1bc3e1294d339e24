use super::*;

#[test]
fn calls_that_change_routing_are_refused_by_name() {
    let mut world = World::founded();
    for operation in [
        "CreateRoute",
        "CreateRouteTable",
        "CreateInternetGateway",
        "CreateNatGateway",
        "AllocateAddress",
        "CreateNetworkInterface",
    ] {
        let refused = world.ec2_refuses(operation, json!({}));
        assert!(refused.contains(operation), "{refused}");
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
