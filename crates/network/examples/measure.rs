#![allow(clippy::unwrap_used, reason = "a measurement that fails should stop")]
//! Measures what interfaces cost: `cargo run --release -p network --example measure [COUNT]`. Needs root. The last line has the figures
//! with goals in JSON.

#[path = "../tests/support/mod.rs"]
mod support;

use network::{Instance, Internet, Network, plan};
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

/// What a piece of work took.
#[derive(Clone, Copy)]
struct Cost {
    wall: Duration,
    processor: Duration,
}

fn timed<T>(what: &str, work: impl FnOnce() -> T) -> (T, Cost) {
    let (start, used) = (Instant::now(), processor());
    let value = work();
    let cost = Cost { wall: start.elapsed(), processor: processor() - used };
    println!("{what:<44} {:>10.2} ms {:>10.2} ms of processor time", ms(cost.wall), ms(cost.processor));
    (value, cost)
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

fn median(mut values: Vec<Duration>) -> Duration {
    values.sort();
    values[values.len() / 2]
}

/// Memory in megabytes: all that could be had, and what the kernel holds for itself.
fn memory() -> (f64, f64) {
    let text = std::fs::read_to_string("/proc/meminfo").unwrap();
    let of = |name: &str| {
        let line = text.lines().find(|line| line.split(':').next() == Some(name));
        line.and_then(|line| line.split_whitespace().nth(1)).map_or(0.0, |kilobytes| kilobytes.parse().unwrap())
            / 1024.0
    };
    (of("MemAvailable"), of("Slab") + of("Percpu") + of("VmallocUsed") + of("PageTables"))
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
    let before = memory();
    add(&mut world.spec, 0);
    let mut in_all = vec![timed("the first interface, its VPC's router too", || world.apply()).1];
    let few: Vec<Cost> = (1..=9)
        .map(|n| {
            add(&mut world.spec, n);
            timed(&format!("one more, {n} exist"), || world.apply()).1
        })
        .collect();
    in_all.extend(&few);
    for range in [10..count.min(60), count.min(60)..count] {
        let what = format!("{} at once", range.len());
        range.for_each(|n| add(&mut world.spec, n));
        in_all.push(timed(&what, || world.apply()).1);
    }
    let after = memory();
    let (available, kernel) = ((before.0 - after.0) / f64::from(count), (after.1 - before.1) / f64::from(count));
    println!("memory for each: {available:.3} MB less available, {kernel:.3} MB more in the kernel");
    let many: Vec<Cost> = (count..count + 10)
        .map(|n| {
            add(&mut world.spec, n);
            timed(&format!("one more, {n} exist"), || world.apply()).1
        })
        .collect();
    timed("  of which planning", || world.plan());
    timed("apply again, no change", || assert_eq!(world.apply(), 0));
    timed("verify, no change", || assert_eq!(world.verify(), 0));
    world.vpc().security_groups.get_mut("sg-a").unwrap().ingress.push(tcp(443, 443, everywhere()));
    timed("one rule more in everyone's group", || world.apply());
    let instance: Instance = world.instance.clone();
    let mut restarted = Network::new(instance);
    timed("verify after a restart", || {
        restarted.verify(&plan(&world.instance, &world.spec, Internet::Sealed, &Default::default())).unwrap()
    });
    let keep = world.spec.tasks.keys().take(1).cloned().collect::<Vec<_>>();
    world.spec.tasks.retain(|id, _| keep.contains(id));
    let (_, removed) = timed(&format!("{} removed", count + 9), || world.apply());
    timed("remove_all", || Network::remove_all(&world.instance).unwrap());
    let walls = |costs: &[Cost]| median(costs.iter().map(|cost| cost.wall).collect());
    let processors = |costs: &[Cost]| median(costs.iter().map(|cost| cost.processor).collect());
    let total: Duration = in_all.iter().map(|cost| cost.wall).sum();
    let growth = processors(&many).as_secs_f64() / processors(&few).as_secs_f64();
    let figures = [
        ("one interface with all its rules".to_owned(), ms(walls(&few)), "ms", 5.0),
        (format!("{count} interfaces"), total.as_secs_f64(), "s", 5.0),
        ("memory of each".to_owned(), available, "MB", 0.5),
        (format!("one more beside {count}, to one beside few"), growth, "times", 1.2),
        (format!("{} removed", count + 9), removed.wall.as_secs_f64(), "s", 3.0),
    ];
    let json = figures.map(|(what, figure, unit, goal)| {
        format!(r#"{{"what": "{what}", "figure": {figure:.3}, "unit": "{unit}", "goal": {goal}}}"#)
    });
    println!("[{}]", json.join(", "));
}
