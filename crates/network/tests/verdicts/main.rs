//! The model against the kernel: for random topologies, what `vpc::verdict` says of a packet and of its answer is what happened to
//! real ones. One world goes from case to case, so every change is one in place. Needs root.
//!
//! `CASES=5000` tries so many; a failure prints the smallest case that fails.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failure ends the test")]

mod case;
mod probes;
#[path = "../support/mod.rs"]
mod support;

use case::{Case, any_case};
use probes::{Outcome, Probes};
use proptest::{
    prelude::*,
    test_runner::{Config, TestRunner},
};
use std::sync::Mutex;
use support::*;
use vpc::verdict::verdict;

/// After so many cases a new world is made, so that no connection of an old case meets a packet of a new one.
const FRESH: u32 = 300;

#[test]
fn the_model_and_the_kernel_agree() {
    let cases = std::env::var("CASES").ok().and_then(|text| text.parse().ok()).unwrap_or(200);
    let world = Mutex::new((World::new(), 0));
    let config = Config { cases, failure_persistence: None, max_shrink_iters: 60, ..Config::default() };
    let outcome = TestRunner::new(config).run(&any_case(), |case| {
        let mut world = world.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        let (world, number) = &mut *world;
        if *number % FRESH == FRESH - 1 {
            *world = World::new();
        }
        *number += 1;
        agree(world, &case, *number)
    });
    outcome.unwrap_or_else(|error| panic!("{error}"));
}

fn agree(world: &mut World, case: &Case, number: u32) -> Result<(), TestCaseError> {
    case.arrange(world);
    world.apply();
    let packets = case.packets(number);
    let verdicts: Vec<_> = packets.iter().map(|packet| verdict(&world.spec.topology, packet)).collect();
    let expected: Vec<Outcome> = verdicts.iter().zip(&packets).map(|(v, p)| Outcome::of(v, p)).collect();
    let real = Probes::new(world, number).send(&packets, &expected);
    for (n, packet) in packets.iter().enumerate() {
        prop_assert_eq!(&real[n], &expected[n], "real and expected of {:?}: {:#?}", packet, verdicts[n]);
    }
    prop_assert_eq!(world.verify(), 0, "what was applied in place is what a fresh start would make");
    Ok(())
}
