//! What is remembered of hosts.

use super::*;
use spec::HostId;

fn host() -> HostId {
    "h".into()
}
fn spec(revision: u64, vpcs: &[&str]) -> HostSpec {
    let vpcs = vpcs.iter().map(|id| ((*id).into(), vpc::Vpc::default())).collect();
    let topology = vpc::Topology { vpcs, ..vpc::Topology::default() };
    HostSpec { revision, topology: topology.into(), ..HostSpec::default() }
}

#[test]
fn a_host_is_told_what_it_does_not_act_on() {
    let seats = Seats::default();
    seats.take(&host(), (1, 1), 0, 0).unwrap();
    assert!(seats.is_news(&host(), 0, &spec(5, &[])), "nothing is remembered: it is told");
    seats.tell(&host(), spec(5, &[]));
    assert!(!seats.is_news(&host(), 5, &spec(9, &[])), "the same, of another revision");
    assert!(seats.is_news(&host(), 5, &spec(9, &["vpc-1"])));
    assert!(seats.is_news(&host(), 4, &spec(9, &[])), "the last answer was lost");
}

#[tokio::test]
async fn a_newer_call_ends_the_one_held_and_an_older_one_ends_at_once() {
    let seats = Seats::default();
    let mut held = seats.take(&host(), (1, 7), 0, 0).unwrap();
    assert!(!held.has_changed().unwrap());
    let mut next = seats.take(&host(), (1, 8), 0, 0).unwrap();
    held.changed().await.unwrap();
    assert!(seats.take(&host(), (1, 7), 0, 0).is_none());
    let restarted = seats.take(&host(), (2, 1), 0, 0).unwrap();
    next.changed().await.unwrap();
    assert!(!restarted.has_changed().unwrap());
}

#[test]
fn empty_counts_once_the_host_acts_on_it() {
    let seats = Seats::default();
    let nothing = spec(6, &[]);
    assert!(!seats.is_empty(&host(), &nothing), "a host nobody heard");
    seats.take(&host(), (1, 1), 4, 1).unwrap();
    seats.tell(&host(), nothing.clone());
    assert!(!seats.is_empty(&host(), &nothing), "told, not yet acting on it");
    seats.take(&host(), (1, 2), 6, 1).unwrap();
    assert!(!seats.is_empty(&host(), &nothing), "a task is still there");
    seats.take(&host(), (1, 3), 6, 0).unwrap();
    assert!(seats.is_empty(&host(), &nothing));
}
