//! How long it takes until a change is in force where much is configured: 100 load balancers with 100 rules each, and 5,000 targets. Says so in
//! JSON. Run it where nothing listens on the ports from 20,000 on.

mod served;

use balancer::Engine;
use spec::balancing::{Action, Condition};
use std::{
    error::Error,
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    num::NonZeroUsize,
    time::{Duration, Instant},
};

const BALANCERS: u16 = 100;
const RULES: u16 = 100;
const TARGETS: u16 = 5000;
/// The one that changes.
const CHANGED: u16 = BALANCERS - 1;
const CHANGES: u64 = 15;

fn address(n: u16) -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 20_000 + n))
}

fn name(n: u16) -> String {
    format!("lb{n}")
}

/// Everything, where the last rule of the last load balancer answers with the revision.
fn snapshot(revision: u64) -> balancer::Snapshot {
    let rules = |n| {
        let mut rules = served::unmet(&name(n), RULES - 1);
        let mut answers = served::forward(&name(n), RULES, vec![Condition::Path(vec!["/revision".into()])]);
        let body = if n == CHANGED { revision.to_string() } else { String::new() };
        answers.action = Action::Fixed { status: 200, content_type: "text/plain".into(), body };
        rules.push(answers);
        rules
    };
    // They refuse connections: they are checked, as all are.
    let targets = |n: u16| (0..TARGETS / BALANCERS).map(move |m| SocketAddr::from(([127, 1, n as u8, m as u8], 9)));
    let balancers = (0..BALANCERS).map(|n| served::balancer(&name(n), address(n), rules(n))).collect();
    let groups = (0..BALANCERS).map(|n| (name(n).as_str().into(), served::group(targets(n))));
    served::snapshot(revision, balancers, groups.collect())
}

/// Whether the load balancer is at that revision.
fn is_at(revision: u64) -> bool {
    let mut text = String::new();
    let asked = TcpStream::connect(address(CHANGED)).and_then(|mut stream| {
        stream.write_all(b"GET /revision HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
        stream.read_to_string(&mut text)
    });
    asked.is_ok() && text.ends_with(&format!("\r\n\r\n{revision}"))
}

fn main() -> Result<(), Box<dyn Error>> {
    let engine = Engine::start(NonZeroUsize::MIN)?;
    let apply = |revision| -> Result<f64, serde_json::Error> {
        // As the balancer's process is told.
        let told = serde_json::to_vec(&snapshot(revision))?;
        let begun = Instant::now();
        engine.apply(serde_json::from_slice(&told)?);
        while !is_at(revision) {
            std::thread::sleep(Duration::from_millis(1));
        }
        Ok(begun.elapsed().as_secs_f64() * 1e3)
    };
    apply(1)?;
    let milliseconds = (2..2 + CHANGES).map(apply).collect::<Result<Vec<_>, _>>()?;
    let what = format!("a change of one of {BALANCERS} load balancers with {RULES} rules each and {TARGETS} targets");
    println!("{}", serde_json::json!({"what": what, "milliseconds": milliseconds}));
    Ok(())
}
