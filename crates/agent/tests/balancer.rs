//! A load balancer on this machine: an agent that is told of it, the process it makes, and real packets through both. Needs root.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failed test panics")]

mod support;

use hickory_proto::op::ResponseCode;
use std::{
    collections::BTreeSet,
    fs,
    io::{BufRead, BufReader, ErrorKind, Read, Write},
    net::{IpAddr, SocketAddr, TcpStream},
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};
use support::{
    PATIENCE, ask,
    region::{
        LOAD_BALANCER, NAME, NODES, PORT, Region, TARGETS, address, all_healthy, get, public, respond, serve, spec,
        without,
    },
    world::VPC,
};
use vpc::{INTERNET_RESOLVER, RESOLVER};

/// Asks each node once.
#[track_caller]
fn each_answers(region: &Region) {
    for (n, _, _, ip) in NODES {
        let body = get(&region.internet(), SocketAddr::new(public(n), 80), PATIENCE).unwrap();
        let expected = TARGETS.map(|(target, ..)| format!("{target} asked by {}", address(ip)));
        assert!(expected.contains(&body), "{body} by node {n}");
    }
}

#[test]
fn a_service_is_reached_by_its_load_balancers_name() {
    let mut region = Region::new();
    region.server.say(without(1));
    region.start();
    let status = region.server.hear(|status| status.networked == 1);
    assert_eq!(
        (status.balancing.applied, region.balancer()),
        (1, vec![]),
        "without a load balancer there is no process"
    );
    for target in TARGETS {
        serve(&region, target);
    }
    region.server.say(spec(2));
    let status = region.healthy(2);
    assert_eq!(status.balancing.failures, Default::default());
    let running = region.balancer();
    assert_eq!(running.len(), 1);
    let (code, found) = ask(&region.internet(), INTERNET_RESOLVER, NAME).unwrap();
    let found: BTreeSet<IpAddr> = found.iter().map(|text| text.parse().unwrap()).collect();
    assert_eq!((code, found), (ResponseCode::NoError, NODES.map(|(n, ..)| public(n)).into()));
    each_answers(&region);
    // Groups say who reaches whom: targets are the load balancer's alone, and it listens on what it has a listener for.
    let doubt = Duration::from_millis(700);
    let fate = |namespace: &Path, ip: IpAddr, port| {
        get(namespace, SocketAddr::new(ip, port), doubt).map_err(|error| error.kind())
    };
    assert_eq!(fate(&region.at(40), address(TARGETS[0].3), PORT), Err(ErrorKind::TimedOut));
    assert_eq!(fate(&region.internet(), public(20), 81), Err(ErrorKind::TimedOut), "its own group says so");
    // From inside, the name leads to the same addresses; this interface has no way there.
    assert_eq!(ask(&region.at(40), RESOLVER, NAME).unwrap().1.len(), 2);
    assert!(get(&region.at(40), SocketAddr::new(address(NODES[1].3), 80), PATIENCE).is_ok());

    // What concerns something else needs nothing done, and is applied at once.
    let mut other = spec(3);
    other.authority = "another".into();
    region.server.say(other);
    region.healthy(3);

    // A node without healthy targets is not in DNS.
    let mut sick = spec(4);
    let vpc = Arc::make_mut(&mut sick.topology).vpcs.get_mut(VPC).unwrap();
    vpc.load_balancers.get_mut(LOAD_BALANCER).unwrap().nodes.get_mut("us-east-1a").unwrap().healthy = false;
    region.server.say(sick);
    region.server.hear(|status| status.networked == 4);
    assert_eq!(ask(&region.internet(), INTERNET_RESOLVER, NAME).unwrap(), support::address("198.18.0.21"));

    region.server.say(without(5));
    region.server.hear(|status| status.balancing.applied == 5);
    assert!(region.balancer().is_empty());
    assert_eq!(ask(&region.internet(), INTERNET_RESOLVER, NAME).unwrap(), (ResponseCode::NXDomain, vec![]));
}

#[test]
fn a_service_goes_on_without_an_agent() {
    let mut region = Region::serving();
    let running = region.balancer();
    let mut held = network::inside(&region.internet(), || TcpStream::connect((public(20), 80)).unwrap()).unwrap();
    region.stop();
    each_answers(&region);
    region.server.say(spec(2));
    region.start();
    region.healthy(2);
    assert!(region.server.heard().iter().all(all_healthy), "what is known is never unknown to the next agent");
    assert_eq!(region.balancer(), running);
    // A connection from before is the same connection.
    held.write_all(b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").unwrap();
    held.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut answer = String::new();
    held.read_to_string(&mut answer).unwrap();
    assert!(answer.contains("asked by 10.0.1.20"), "{answer}");
}

#[test]
fn a_balancer_that_dies_is_there_again_within_a_second() {
    let region = Region::serving();
    region.server.say(spec(3));
    region.healthy(3);
    let [first] = region.balancer()[..] else { panic!("{:?}", region.balancer()) };
    let died = Instant::now();
    let pid = rustix::process::Pid::from_raw(first.try_into().unwrap()).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
    // It is another one that serves this.
    region.server.hear(|status| status.balancing.applied == 3 && region.balancer().iter().any(|pid| *pid != first));
    let down = died.elapsed();
    each_answers(&region);
    assert!(down < Duration::from_millis(1500), "{down:?}");
    let [second] = region.balancer()[..] else { panic!("{:?}", region.balancer()) };
    assert_ne!(first, second);
    let heard = region.server.heard();
    assert!(heard.iter().any(|status| status.balancing.applied == 0), "{heard:?}");
    assert!(heard.iter().all(all_healthy), "what was known of targets is not forgotten for a moment");
}

/// Waits until something is true of the balancer's processes.
#[track_caller]
fn until(region: &Region, of: impl Fn(&[u32]) -> bool) {
    let end = Instant::now() + PATIENCE;
    while !of(&region.balancer()) {
        assert!(Instant::now() < end, "{:?}", region.balancer());
        thread::sleep(Duration::from_millis(5));
    }
}

/// A client that keeps its connection until it is told that an answer is the last one; how often it asked.
fn keep_asking(over: &AtomicBool) -> usize {
    let (mut asked, mut kept) = (0, None);
    while !over.load(Ordering::Relaxed) {
        let mut stream: BufReader<TcpStream> =
            kept.take().unwrap_or_else(|| BufReader::new(TcpStream::connect((public(20), 80)).unwrap()));
        stream.get_mut().write_all(b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n").unwrap();
        let head: Vec<String> = (&mut stream).lines().map(Result::unwrap).take_while(|line| !line.is_empty()).collect();
        assert!(head.first().is_some_and(|line| line.contains("200")), "{head:?}");
        let value = |name| head.iter().find_map(|line| line.to_ascii_lowercase().strip_prefix(name).map(str::to_owned));
        let length: usize = value("content-length: ").unwrap().parse().unwrap();
        stream.read_exact(&mut vec![0; length]).unwrap();
        asked += 1;
        kept = value("connection: close").is_none().then_some(stream);
    }
    asked
}

#[test]
fn a_newer_program_takes_over_and_no_request_is_lost() {
    let mut region = Region::serving();
    let [old] = region.balancer()[..] else { panic!("{:?}", region.balancer()) };
    let mut client = network::inside(&region.internet(), || TcpStream::connect((public(20), 80)).unwrap()).unwrap();
    client.write_all(b"GET /held HTTP/1.1\r\nhost: x\r\n\r\n").unwrap();
    let held = region.held.recv_timeout(PATIENCE).unwrap();
    let newer = region.directory.path().join("newer");
    fs::copy(&region.program, &newer).unwrap();
    region.stop();
    region.program = newer;
    region.server.say(spec(2));
    let (internet, over) = (region.internet(), AtomicBool::new(false));
    let asked = thread::scope(|scope| {
        let asking = [
            scope.spawn(|| {
                let mut asked = 0;
                while !over.load(Ordering::Relaxed) {
                    get(&internet, SocketAddr::new(public(20), 80), PATIENCE).unwrap();
                    asked += 1;
                }
                asked
            }),
            scope.spawn(|| network::inside(&internet, || keep_asking(&over)).unwrap()),
            scope.spawn(|| network::inside(&internet, || keep_asking(&over)).unwrap()),
        ];
        region.start();
        until(&region, |running| running.len() == 2 && running.contains(&old));
        region.healthy(2);
        over.store(true, Ordering::Relaxed);
        asking.map(|one| one.join().unwrap())
    });
    assert!(asked.iter().all(|times| *times > 0), "{asked:?}");
    assert!(region.server.heard().iter().all(all_healthy), "{:?}", region.server.heard());
    let both = region.balancer();
    assert!(both.contains(&old), "{old} waits for its last request: {both:?}");
    each_answers(&region);
    respond(&held, "at last");
    client.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut answer = String::new();
    client.read_to_string(&mut answer).unwrap();
    assert!(answer.ends_with("at last"), "{answer}");
    until(&region, |running| !running.contains(&old));
    assert_eq!(region.balancer().len(), 1);
    each_answers(&region);
}

#[test]
fn nodes_that_were_made_again_are_listened_in_again() {
    let region = Region::serving();
    region.server.say(without(3));
    region.server.hear(|status| (status.networked, status.balancing.applied) == (3, 3));
    region.server.say(spec(4));
    region.healthy(4);
    each_answers(&region);
}

#[test]
fn nothing_is_left_behind() {
    let mut region = Region::serving();
    let [pid] = region.balancer()[..] else { panic!("{:?}", region.balancer()) };
    region.stop();
    let removed = agent::remove_all(region.directory.path(), &region.instance).unwrap();
    assert!(removed.namespaces > 0);
    assert!(!Path::new(&format!("/proc/{pid}")).exists());
    assert!(!region.directory.path().join("balancer").exists());
    for root in ["/sys/fs/cgroup/pids", "/sys/fs/cgroup"] {
        assert!(!Path::new(root).join(format!("neargate-{}", region.instance.prefix())).exists());
    }
}
