#![allow(clippy::unwrap_used, reason = "a measurement that fails should stop")]
//! Measures how long interfaces take: `cargo run --release -p network --example measure [COUNT]`. Needs root.

#[path = "../tests/support/mod.rs"]
mod support;

use network::{Instance, Network, plan};
use spec::HostSpec;
use std::{
    net::{IpAddr, Ipv4Addr},
    sync::Arc,
    time::{Duration, Instant},
};
use support::{World, all, everywhere, group, task, tcp};
use vpc::{Interface, Mac};

fn add(spec: &mut HostSpec, n: u32) {
    let interface = Interface {
        subnet: "subnet-big".into(),
        private_ip: IpAddr::V4(Ipv4Addr::from(u32::from(Ipv4Addr::new(10, 0, 64, 4)) + n)),
        mac: Mac([0x0a, 1, 0, 0, (n >> 8) as u8, n as u8]),
        secondary_ips: Default::default(),
        public_ips: Default::default(),
        source_dest_check: true,
        holder: vpc::Holder::Task,
        security_groups: ["sg-a".into(), format!("sg-{}", n % 4).as_str().into()].into(),
    };
    let id = format!("eni-{n:08x}000000000");
    Arc::make_mut(&mut spec.topology)
        .vpcs
        .get_mut(support::VPC)
        .unwrap()
        .interfaces
        .insert(id.as_str().into(), interface);
    spec.tasks.insert(format!("{n:032x}").into(), task(support::VPC, id.as_str().into()));
}

/// Processor time of this process, all threads: what a busy machine does not blur.
fn processor() -> Duration {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Duration::new(now.tv_sec as u64, now.tv_nsec as u32)
}

fn timed<T>(what: &str, work: impl FnOnce() -> T) -> (T, Duration) {
    let (start, used) = (Instant::now(), processor());
    let value = work();
    let (took, used) = (start.elapsed(), processor() - used);
    println!(
        "{what:<44} {:>10.2} ms {:>10.2} ms of processor time",
        took.as_secs_f64() * 1e3,
        used.as_secs_f64() * 1e3
    );
    (value, used)
}

fn main() {
    let count: u32 = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(1000);
    Network::check_host().unwrap();
    let mut world = World::new();
    world.vpc().subnets.insert(
        "subnet-big".into(),
        vpc::Subnet { cidr: "10.0.64.0/18".parse().unwrap(), route_table: "rtb-1".into(), network_acl: "acl-1".into() },
    );
    let many = |from: u16| {
        (0..15).map(|n| tcp(from + n * 10, from + n * 10 + 5, support::net("10.0.0.0/8"))).collect::<Vec<_>>()
    };
    world.group(
        "sg-a",
        [vec![tcp(80, 80, everywhere()), tcp(1, 9, group("sg-a"))], many(1000)].concat(),
        vec![all(everywhere())],
    );
    for n in 0..4 {
        world.group(&format!("sg-{n}"), many(2000), many(3000));
    }
    timed("check_host", || Network::check_host().unwrap());
    add(&mut world.spec, 0);
    timed("the first interface, its VPC's router too", || world.apply());
    for n in 1..=9 {
        add(&mut world.spec, n);
        timed(&format!("one more, {n} exist"), || world.apply());
    }
    (10..60).for_each(|n| add(&mut world.spec, n));
    timed("50 at once", || world.apply());
    (60..count).for_each(|n| add(&mut world.spec, n));
    timed(&format!("{} at once", count - 60), || world.apply());
    let mut total = Duration::ZERO;
    for n in count..count + 10 {
        add(&mut world.spec, n);
        let (plan, planned) = timed("  plan", || world.plan());
        let (_, applied) = timed("  apply", || world.network.apply(&plan).unwrap());
        total += planned + applied;
    }
    println!("one more, {count} exist: mean of 10, processor time {:>21.2} ms", total.as_secs_f64() * 100.0);
    timed("apply again, no change", || assert_eq!(world.apply(), 0));
    timed("verify, no change", || assert_eq!(world.verify(), 0));
    world.vpc().security_groups.get_mut("sg-a").unwrap().ingress.push(tcp(443, 443, everywhere()));
    timed("one rule more in everyone's group", || world.apply());
    let instance: Instance = world.instance.clone();
    let mut restarted = Network::new(instance);
    timed("verify after a restart", || restarted.verify(&plan(&world.instance, &world.spec)).unwrap());
    let keep = world.spec.tasks.keys().take(1).cloned().collect::<Vec<_>>();
    world.spec.tasks.retain(|id, _| keep.contains(id));
    timed(&format!("{} removed", count + 9), || world.apply());
    timed("remove_all", || Network::remove_all(&world.instance).unwrap());
}
