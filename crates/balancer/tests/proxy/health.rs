//! Targets' health, and who gets requests by it.

use crate::support::*;
use spec::balancing::{
    TargetGroupId,
    TargetHealth::{Healthy, Initial, Unhealthy},
};
use std::sync::atomic::Ordering::SeqCst;

#[test]
fn one_success_makes_a_new_target_healthy() {
    let target = Target::echo();
    let mut site = Site::unserved(&[&target]);
    // Another check could come after a minute.
    site.group().health_check.interval = 60;
    site.apply();
    site.until(|status| health(status, &target) == Some(Healthy));
}

#[test]
fn a_new_target_does_not_wait_for_the_next_check() {
    let target = Target::echo();
    target.health.store(503, SeqCst);
    let mut site = Site::unserved(&[&target]);
    site.group().health_check.interval = 60;
    site.apply();
    target.until_checked(1);
    target.health.store(200, SeqCst);
    site.until(|status| health(status, &target) == Some(Healthy));
}

#[test]
fn what_fails_between_the_checks_of_a_new_target_does_not_count() {
    let target = Target::echo();
    target.health.store(503, SeqCst);
    let mut site = Site::unserved(&[&target]);
    site.group().health_check.interval = 60;
    site.apply();
    // The third comes a second after the second's outcome was told.
    target.until_checked(3);
    assert_eq!(health(&site.until(|_| true), &target), Some(Initial));
}

#[test]
fn why_targets_are_unhealthy() {
    let (failing, silent, closed) = (Target::echo(), Target::echo(), Target::closed());
    failing.health.store(500, SeqCst);
    silent.health.store(0, SeqCst);
    let mut site = Site::unserved(&[&failing, &silent, &closed]);
    // The port of the closed one's own.
    site.groups.insert("h".into(), group(&[&closed]));
    let own = site.groups.get_mut(&TargetGroupId::from("h")).unwrap();
    own.health_check.port = None;
    site.balancer.listeners.insert(port(81), listener(vec![forward(&[("h", 1)])]));
    site.apply();
    site.until(|status| {
        let own = &status.health[&TargetGroupId::from("h")][&interface()][&closed.address()];
        health(status, &failing) == Some(Unhealthy(spec::balancing::Unhealthy::ResponseCodeMismatch(500)))
            && health(status, &silent) == Some(Unhealthy(spec::balancing::Unhealthy::Timeout))
            && health(status, &closed) == Some(Healthy)
            && own.health == Unhealthy(spec::balancing::Unhealthy::FailedHealthChecks)
    });
}

#[test]
fn an_unhealthy_target_gets_nothing_until_it_is_healthy_again() {
    let (well, ill) = (Target::echo(), Target::echo());
    let site = Site::new(&[&well, &ill]);
    ill.health.store(503, SeqCst);
    site.until(|status| matches!(health(status, &ill), Some(Unhealthy(_))));
    let at = |site: &Site| (0..6).map(|_| site.get("/").value("X-Target").unwrap()).collect::<Vec<_>>();
    assert_eq!(at(&site), vec![well.address.to_string(); 6]);
    // When nobody is healthy everybody gets requests.
    well.health.store(503, SeqCst);
    site.until(|status| matches!(health(status, &well), Some(Unhealthy(_))));
    assert!(at(&site).contains(&ill.address.to_string()));
    ill.health.store(200, SeqCst);
    site.until(|status| health(status, &ill) == Some(Healthy));
    assert_eq!(at(&site), vec![ill.address.to_string(); 6]);
}

#[test]
fn a_node_without_cross_zone_uses_targets_of_its_zone() {
    let (here, there, outside) = (Target::echo(), Target::echo(), Target::echo());
    let site = Site::with(&[&here, &there, &outside], |site| {
        let group = site.group();
        group.cross_zone = false;
        group.targets.get_mut(&there.address()).unwrap().zone = Some("b".into());
        group.targets.get_mut(&outside.address()).unwrap().zone = None;
    });
    for _ in 0..6 {
        site.get("/");
    }
    assert_eq!([&here, &there, &outside].map(|target| target.heads.lock().unwrap().len()), [3, 0, 3]);
}

#[test]
fn checks_are_as_aws_makes_them() {
    let target = Target::echo();
    let site = Site::with(&[&target], |site| {
        site.group().health_check.port = None;
        site.group().health_check.path = "/up?x=1".into();
    });
    let head = target.head();
    assert!(head.starts_with("GET /up?x=1 HTTP/1.1\r\n"), "{head}");
    assert_eq!(values(&head, "Host"), [target.address().0.to_string()]);
    assert_eq!(values(&head, "User-Agent"), ["ELB-HealthChecker/2.0"]);
    drop(site);
}
