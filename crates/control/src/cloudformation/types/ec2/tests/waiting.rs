//! What takes until every host knows of it.

use super::*;
use crate::{
    cloudformation::types::{
        Progress,
        testing::{gone, ready},
    },
    host::report,
};
use spec::{Capacity, HostId, HostStatus, SyncRequest, balancing::BalancingStatus};

/// The one host reports that it has certain revisions.
fn host_has(world: &mut World, revision: u64) {
    world.now += 1;
    let status = HostStatus {
        host: HostId::from("host"),
        incarnation: 1,
        sequence: u64::try_from(world.now).expect("a time"),
        observed: revision,
        networked: revision,
        tasks: Default::default(),
        balancing: BalancingStatus { applied: revision, ..BalancingStatus::default() },
    };
    let capacity = Capacity { cpu: 4096, memory: 1 << 34, architecture: "amd64".to_owned() };
    world.transact(|tx| Ok(report(tx, &SyncRequest { status, capacity }))).expect("a report");
}

#[test]
fn what_hosts_must_know_is_waited_for() {
    let mut world = founded();
    let vpc = vpc(&mut world, "10.0.0.0/16");
    let subnet = subnet(&mut world, &vpc, "10.0.1.0/24");
    let other = json!({ "VpcId": vpc, "CidrBlock": "10.0.2.0/24", "AvailabilityZone": "us-east-1c" });
    let other = make(&mut world, "AWS::EC2::Subnet", &other);
    let revision = world.state.revision;
    host_has(&mut world, revision);
    for (kind, properties) in [
        ("AWS::EC2::NatGateway", json!({ "SubnetId": subnet, "ConnectivityType": "private" })),
        (
            "AWS::EC2::VPCEndpoint",
            json!({
                "VpcId": vpc, "ServiceName": "com.amazonaws.us-east-1.logs", "VpcEndpointType": "Interface",
                "SubnetIds": [subnet]
            }),
        ),
        (
            "AWS::ElasticLoadBalancingV2::LoadBalancer",
            json!({ "Type": "network", "Scheme": "internal", "Subnets": [subnet, other] }),
        ),
    ] {
        let id = make(&mut world, kind, &properties);
        assert_eq!(ready(&world, kind, &id, &properties), Progress::Waiting, "{kind}");
        let revision = world.state.revision;
        host_has(&mut world, revision);
        assert_eq!(ready(&world, kind, &id, &properties), Progress::Done, "{kind}");
        remove(&mut world, kind, &id, &properties);
        assert_eq!(gone(&world, kind, &id, &properties), Progress::Waiting, "{kind}");
        let revision = world.state.revision;
        host_has(&mut world, revision);
        assert_eq!(gone(&world, kind, &id, &properties), Progress::Done, "{kind}");
        assert_eq!(read(&world, kind, &id, &properties), None, "{kind}");
    }
}
