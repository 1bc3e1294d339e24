//! A thousand clusters, and for each protection one that falls without it.
//!
//! `SIM_SEED=7 cargo test -p sim --test seeds replay -- --nocapture` plays one seed; `SIM_SEEDS=100000` plays more of them.

use sim::{Outcome, Protections, run};
use std::{
    panic::resume_unwind,
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
    thread,
    time::Instant,
};

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|value| value.parse().ok()).unwrap_or(default)
}

/// Plays seeds on every processor until one fails, in the way that is looked for.
fn play(seeds: u64, keep: Protections, how: &str) -> (Vec<Outcome>, Option<Outcome>) {
    let (next, found) = (AtomicU64::new(0), AtomicBool::new(false));
    let fails = |outcome: &Outcome| outcome.result.as_ref().is_err_and(|why| why.contains(how));
    let work = || {
        let mut played = Vec::new();
        while !found.load(Ordering::Relaxed) {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= seeds {
                break;
            }
            let outcome = run(seed, keep);
            found.fetch_or(fails(&outcome), Ordering::Relaxed);
            played.push(outcome);
        }
        played
    };
    let played: Vec<Outcome> = thread::scope(|scope| {
        let workers: Vec<_> =
            (0..thread::available_parallelism().map_or(1, usize::from)).map(|_| scope.spawn(work)).collect();
        workers.into_iter().flat_map(|worker| worker.join().unwrap_or_else(|panic| resume_unwind(panic))).collect()
    });
    let failed = played.iter().find(|outcome| fails(outcome)).cloned();
    (played, failed)
}

#[test]
fn every_seed_is_safe_and_comes_right() {
    let began = Instant::now();
    let (played, failed) = play(number("SIM_SEEDS", 1000), Protections::ALL, "");
    if let Some(Outcome { seed, result, .. }) = failed {
        panic!(
            "seed {seed} failed: {result:?}\nplay it again: SIM_SEED={seed} cargo test -p sim --test seeds replay -- --nocapture"
        );
    }
    let commits: u64 = played.iter().map(|outcome| outcome.commits).sum();
    let (stopped, living) = played.iter().fold((0, 0), |(s, l), outcome| (s + outcome.stopped, l + outcome.living));
    let deployments: usize = played.iter().map(|outcome| outcome.deployments).sum();
    println!(
        "{} seeds, {commits} commits, {stopped} tasks stopped, {deployments} deployments over, {living} live at the end: {:.1?}",
        played.len(),
        began.elapsed()
    );
    assert!(stopped > 10 * played.len() && deployments > 3 * played.len() && living > 0, "the clusters do something");
}

#[test]
fn replay() {
    if let Ok(seed) = std::env::var("SIM_SEED") {
        let outcome = run(seed.parse().expect("SIM_SEED is a number"), Protections::ALL);
        println!("{outcome:?}");
        assert_eq!(outcome.result, Ok(()));
    }
}

#[test]
fn equal_seeds_make_equal_runs() {
    assert_eq!(run(42, Protections::ALL), run(42, Protections::ALL));
}

/// Without a protection some seed must fail, and in the way the protection is against; or it would not be needed.
fn falls(without: Protections, how: &str) {
    let (played, failed) = play(300, without, how);
    println!("{failed:?}");
    assert!(failed.is_some(), "none of {} seeds needs the protection", played.len());
}

#[test]
fn without_the_observed_revision_an_address_is_given_twice() {
    falls(Protections { observed: false, ..Protections::ALL }, "was given to eni-");
}

#[test]
fn without_the_lease_an_address_is_given_twice() {
    falls(Protections { lease: false, ..Protections::ALL }, "was given to eni-");
}

#[test]
fn a_lease_that_only_the_agent_keeps_is_none() {
    falls(Protections { lease_without_agent: false, ..Protections::ALL }, "was given to eni-");
}

#[test]
fn a_host_that_goes_back_runs_what_was_withdrawn() {
    falls(Protections { forward_only: false, ..Protections::ALL }, "was given to eni-");
}

#[test]
fn a_late_report_stops_a_task_that_runs() {
    falls(Protections { ordered_reports: false, ..Protections::ALL }, "that did not happen");
}

#[test]
fn a_host_that_forgets_starts_a_task_twice() {
    falls(Protections { started_once: false, ..Protections::ALL }, "was started twice");
}
