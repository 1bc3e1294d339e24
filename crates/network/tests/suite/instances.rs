//! Several instances and VPCs side by side. Needs root.

use crate::support::*;
use network::{Network, inside};

fn names(world: &World) -> Vec<String> {
    let prefix = format!("{}-", world.instance.prefix());
    let entries = std::fs::read_dir("/run/netns").into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().into_string().ok()).filter(|name| name.starts_with(&prefix)).collect()
}

fn world() -> World {
    let mut world = World::new();
    world.group("sg-open", vec![all(everywhere())], vec![all(everywhere())]);
    world.task(10, &["sg-open"]);
    world.task(11, &["sg-open"]);
    world.apply();
    world
}

#[test]
fn instances_with_the_same_everything_do_not_interfere() {
    let (first, second) = (world(), world());
    let receiver = probe::bind(&second.at(11), 9);
    probe::bind(&first.at(10), 0).send_to(b"probe", (ip(11), 9)).unwrap();
    assert!(receiver.recv(&mut [0; 8]).is_err(), "the same address in the other instance");
    drop((first, receiver));
    assert!(probe::udp(&second.at(10), &second.at(11), ip(11), 9), "one goes, the other stays");
}

#[test]
fn vpcs_with_the_same_range_never_meet() {
    let mut world = world();
    let mut twin = vpc();
    twin.security_groups = world.vpc().security_groups.clone();
    world.topology().vpcs.insert("vpc-2".into(), twin);
    // The same addresses, other interfaces and tasks.
    for n in [10, 11] {
        let id = vpc::InterfaceId::from(format!("eni-{n}-twin"));
        let twin = world.vpc().interfaces[&interface_id(n)].clone();
        world.topology().vpcs.get_mut("vpc-2").unwrap().interfaces.insert(id.clone(), twin);
        world.spec.tasks.insert(format!("twin{n}").into(), task("vpc-2", id));
    }
    world.apply();
    let twin = |n: u8| world.instance.task(&format!("twin{n}").into()).path();
    let (here, there) = (probe::bind(&world.at(11), 9), probe::bind(&twin(11), 9));
    probe::bind(&twin(10), 0).send_to(b"probe", (ip(11), 9)).unwrap();
    assert!(there.recv(&mut [0; 8]).is_ok());
    assert!(here.recv(&mut [0; 8]).is_err());
}

#[test]
fn remove_all_leaves_nothing() {
    let world = world();
    assert_eq!(names(&world).len(), 3);
    // A process that is still inside keeps neither name nor link.
    let inside_task = probe::bind(&world.at(10), 9);
    assert_eq!(Network::remove_all(&world.instance), Ok(3));
    assert_eq!(names(&world), Vec::<String>::new());
    let mounts = std::fs::read_to_string("/proc/self/mountinfo").unwrap();
    assert!(!mounts.contains(&format!("{}-", world.instance.prefix())));
    assert!(inside_task.send_to(b"probe", (ip(11), 9)).is_err(), "its link is gone at once");
    assert_eq!(Network::remove_all(&world.instance), Ok(0), "again");
}

#[test]
fn what_leaves_the_spec_leaves_the_machine() {
    let mut world = world();
    let gone = world.at(11);
    world.spec.tasks.remove(&task_id(11));
    world.vpc().interfaces.remove(&interface_id(11));
    assert!(world.apply() > 0);
    assert!(inside(&gone, || ()).is_err());
    assert_eq!(names(&world).len(), 2);
    assert_eq!(world.verify(), 0);
    world.spec.tasks.clear();
    world.apply();
    assert_eq!(names(&world), Vec::<String>::new(), "the router goes with the last task");
}

#[test]
fn the_host_can_do_what_is_needed() {
    assert_eq!(Network::check_host(), Ok(()));
}
