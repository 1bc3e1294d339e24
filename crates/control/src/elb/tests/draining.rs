use super::{
    targets::{free_address, serving},
    *,
};
use crate::elb::targets::{self, TargetState, health};

impl World {
    /// Registers a target as a service does.
    fn register_one(&mut self, group: &TargetGroupId, target: TargetAddress) {
        self.change(|tx| targets::register(tx, group, target));
    }

    /// Deregisters a target as a service does.
    fn deregister_one(&mut self, group: &TargetGroupId, target: TargetAddress) {
        self.change(|tx| targets::deregister(tx, group, target));
    }

    fn change(&mut self, event: impl FnOnce(&mut crate::Tx<'_>)) {
        let event = |tx: &mut crate::Tx<'_>| {
            event(tx);
            Ok(())
        };
        self.transact(event).unwrap();
    }
}

/// A region in which a host has found one target healthy: with the group's ARN and id and the target's address.
fn healthy() -> (World, String, TargetGroupId, TargetAddress) {
    let (mut world, _, group) = serving();
    world.host_says(0, BalancingStatus::default());
    let target = address(&format!("{}:80", free_address(&mut world, 0)));
    let id = group_id(&group);
    world.register_one(&id, target);
    world.host_finds(&TargetHealth::Healthy);
    assert_eq!(health(&world.state, &id, target), Some(TargetState::Healthy));
    (world, group, id, target)
}

/// What a host is told of the target.
fn told(world: &World, group: &TargetGroupId, target: TargetAddress) -> Option<spec::balancing::Target> {
    let spec = crate::host::host_spec(&world.state, &HostId::from("host"));
    spec.balancing.target_groups.get(group)?.targets.get(&target).cloned()
}

#[test]
fn a_target_drains_for_its_groups_delay_and_goes_when_hosts_act_on_it() {
    let (mut world, group, id, target) = healthy();
    let began = world.now;
    let request = json!({"TargetGroupArn": group, "Targets": [{"Id": target.0.ip().to_string()}]});
    world.elb("DeregisterTargets", request.clone());
    let draining = "draining Target.DeregistrationInProgress Target deregistration is in progress";
    assert_eq!(world.health(&group), [draining]);
    assert_eq!(told(&world, &id, target).unwrap().draining_until, Some(began + 300_000));
    assert_eq!(
        crate::controllers::deadline(&world.state).map(|at| at.min(began + 300_000)),
        Some(began + 2 * 60_000 + 1)
    );

    world.now = began + 299_999;
    world.host_finds(&TargetHealth::Healthy);
    world.elb("DeregisterTargets", request);
    assert!(told(&world, &id, target).is_some(), "it has a millisecond left, and asking again gives it no more");
    world.now = began + 300_000;
    world.transact(|_| Ok(())).unwrap();
    assert_eq!(told(&world, &id, target), None);
    assert_eq!(health(&world.state, &id, target), Some(TargetState::Draining), "a host may still send to it");
    let withdrawn = world.state.revision;
    assert!(crate::host::must_observe(&world.state, &HostId::from("host")) >= withdrawn, "the host is told at once");
    let applied = BalancingStatus { applied: withdrawn - 1, ..BalancingStatus::default() };
    world.host_says(withdrawn, applied);
    assert_eq!(health(&world.state, &id, target), Some(TargetState::Draining));
    world.host_says(withdrawn, BalancingStatus { applied: withdrawn, ..BalancingStatus::default() });
    assert_eq!(health(&world.state, &id, target), None);
    assert_eq!(world.health(&group), [""; 0]);
}

#[test]
fn one_that_is_registered_again_is_another_one() {
    let (mut world, _, id, target) = healthy();
    let first = told(&world, &id, target).unwrap().since;
    world.deregister_one(&id, target);
    world.register_one(&id, target);
    let again = told(&world, &id, target).unwrap();
    assert!(again.since > first && again.draining_until.is_none());
    assert_eq!(
        health(&world.state, &id, target),
        Some(TargetState::Initial),
        "what was found of the first counts no more"
    );
    // The time of the first does not end the second.
    world.now += 300_000;
    world.host_finds(&TargetHealth::Healthy);
    assert_eq!(health(&world.state, &id, target), Some(TargetState::Healthy));
    world.register_one(&id, target);
    assert_eq!(told(&world, &id, target).unwrap().since, again.since);
}

#[test]
fn without_a_load_balancer_or_with_no_delay_there_is_nothing_to_wait_for_but_hosts() {
    let (mut world, group, id, target) = healthy();
    let attributes = json!([{"Key": "deregistration_delay.timeout_seconds", "Value": "0"}]);
    world.elb("ModifyTargetGroupAttributes", json!({"TargetGroupArn": group, "Attributes": attributes}));
    world.deregister_one(&id, target);
    assert_eq!((told(&world, &id, target), health(&world.state, &id, target)), (None, Some(TargetState::Draining)));
    world.host_finds(&TargetHealth::Healthy);
    assert_eq!(health(&world.state, &id, target), None);
    let lonely = group_id(&world.target_group("lonely"));
    world.register_one(&lonely, target);
    assert_eq!(health(&world.state, &lonely, target), Some(TargetState::Unused));
    world.deregister_one(&lonely, target);
    world.host_finds(&TargetHealth::Healthy);
    assert_eq!(health(&world.state, &lonely, target), None);
    world.register_one(&"0".into(), target);
    assert_eq!(health(&world.state, &"0".into(), target), None, "a group that is not there has no targets");
}

#[test]
fn services_know_groups_by_their_arns() {
    let (mut world, _, group) = serving();
    let lonely = world.target_group("lonely");
    let is_used = |arn: &str| crate::elb::targets::is_used(&world.state, arn);
    assert_eq!((is_used(&group), is_used(&lonely)), (Some(true), Some(false)));
    assert_eq!((is_used("x"), is_used(&lonely.replace("/lonely/", "/x/"))), (None, None));
}
