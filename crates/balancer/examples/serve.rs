//! Serves one load balancer in this namespace, for benchmarks: `serve THREADS LISTEN RULES TARGET…`, addresses with ports. No request meets
//! one of the rules but the default.

mod served;

use balancer::Engine;
use std::{collections::BTreeMap, error::Error, net::SocketAddr, num::NonZeroUsize};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let mut next = || arguments.next().ok_or("usage: serve THREADS LISTEN RULES TARGET…");
    let threads: NonZeroUsize = next()?.parse()?;
    let listen: SocketAddr = next()?.parse()?;
    let rules = next()?.parse()?;
    let targets = arguments.map(|target| target.parse()).collect::<Result<Vec<_>, _>>()?;
    let engine = Engine::start(threads)?;
    let balancer = served::balancer("lb", listen, served::unmet("lb", rules));
    engine.apply(served::snapshot(1, vec![balancer], BTreeMap::from([("lb".into(), served::group(targets))])));
    let mut status = engine.status();
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    runtime.block_on(async {
        while status.changed().await.is_ok() {
            println!("{:?}", *status.borrow_and_update());
        }
    });
    Ok(())
}
