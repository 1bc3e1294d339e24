//! Targets that go, and what becomes of their requests.

use crate::support::*;
use spec::balancing::TargetHealth;
use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
        mpsc::{Receiver, Sender, channel},
    },
    thread,
};

/// A target that answers when it is told to, and says when it was asked.
fn slow() -> (Target, Receiver<()>, Sender<()>) {
    let ((asked, was_asked), (go, told)) = (channel(), channel::<()>());
    let told = Mutex::new(told);
    let target = Target::answering(move |_| {
        asked.send(()).unwrap();
        let _ = told.lock().unwrap().recv();
        b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nslow".to_vec()
    });
    (target, was_asked, go)
}

fn drain(site: &mut Site, target: &Target, until: i64) {
    site.group().targets.get_mut(&target.address()).unwrap().draining_until = Some(until);
    site.apply();
}

fn now() -> i64 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_millis() as i64
}

#[test]
fn what_is_under_way_to_a_draining_target_is_finished() {
    let ((target, asked, go), other) = (slow(), Target::echo());
    let mut site = Site::new(&[&target]);
    let mut client = site.client();
    client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    asked.recv_timeout(PATIENCE).unwrap();
    site.group().targets.insert(other.address(), registered());
    drain(&mut site, &target, i64::MAX);
    site.until(|status| told(status, &target).is_some_and(|told| told.active == 1));
    site.until(|status| health(status, &other) == Some(TargetHealth::Healthy));
    // What comes now goes elsewhere.
    for _ in 0..4 {
        assert_eq!(site.get("/").value("X-Target"), Some(other.address.to_string()));
    }
    go.send(()).unwrap();
    assert_eq!(client.answer(false).text(), "slow");
    site.until(|status| told(status, &target).is_some_and(|told| told.active == 0));
    // The client's connection has other targets to go to.
    assert_eq!(client.get("/").value("X-Target"), Some(other.address.to_string()));
    // Even when the registration is gone it was not cut.
    assert_eq!(target.heads.lock().unwrap().len(), 1);
}

#[test]
fn connections_without_a_request_are_closed_at_once() {
    let (closed, was_closed) = channel();
    let target = Target::serving(move |connection| {
        while connection.request().is_some() {
            connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
        }
        closed.send(()).unwrap();
    });
    let mut site = Site::new(&[&target]);
    let mut client = site.client();
    assert_eq!(client.get("/").status(), 200);
    drain(&mut site, &target, i64::MAX);
    was_closed.recv_timeout(PATIENCE).unwrap();
    assert_eq!(client.get("/").status(), 503, "nobody is left");
}

#[test]
fn after_the_delay_what_is_left_is_cut() {
    let (target, asked, _go) = slow();
    let mut site = Site::new(&[&target]);
    let mut client = site.client();
    client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    asked.recv_timeout(PATIENCE).unwrap();
    let until = now() + 1_000;
    drain(&mut site, &target, until);
    assert_eq!(client.answer(false).status(), 502);
    assert!(now() >= until);
    site.until(|status| told(status, &target).is_some_and(|told| told.active == 0));
}

#[test]
fn a_target_that_is_registered_again_is_a_new_one() {
    let target = Target::echo();
    let mut site = Site::new(&[&target]);
    let mut client = site.client();
    client.get("/");
    drain(&mut site, &target, i64::MAX);
    let new = spec::balancing::Target { since: 2, ..registered() };
    site.group().targets.insert(target.address(), new);
    site.apply();
    let status = site.until(|status| told(status, &target).is_some_and(|told| told.since == 2));
    assert!(told(&status, &target).is_some());
    assert_eq!(client.get("/").status(), 200);
    assert_eq!(target.connections(), 2, "a connection of the old registration is not used");
}

/// Targets come and go under load as in a deployment: registered, healthy, the old ones drained, then gone. No request may fail.
#[test]
fn no_request_is_lost_while_targets_come_and_go() {
    let generations: Vec<[Target; 2]> = (0..6).map(|_| [Target::echo(), Target::echo()]).collect();
    let mut site = Site::new(&generations[0].each_ref());
    let (stop, sent) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let address = site.address;
    let clients: Vec<_> = (0..6)
        .map(|number| {
            let (stop, sent) = (Arc::clone(&stop), Arc::clone(&sent));
            thread::spawn(move || {
                let mut kept = Client::connect((address, 80).into());
                while !stop.load(SeqCst) {
                    if number % 2 == 0 {
                        kept = Client::connect((address, 80).into());
                    }
                    let answer = kept.ask("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello");
                    assert!(answer.status() == 200 && answer.text().ends_with("hello"), "{answer:?}");
                    sent.fetch_add(1, SeqCst);
                }
            })
        })
        .collect();
    for pair in generations.windows(2) {
        let [old, new] = pair else { unreachable!() };
        for target in new {
            site.group().targets.insert(target.address(), registered());
        }
        site.apply();
        site.until(|status| new.iter().all(|target| health(status, target) == Some(TargetHealth::Healthy)));
        for target in old {
            drain(&mut site, target, now() + 2_000);
        }
        site.until(|status| old.iter().all(|target| told(status, target).is_some_and(|told| told.active == 0)));
        for target in old {
            site.group().targets.remove(&target.address());
        }
        site.apply();
        let before = sent.load(SeqCst);
        eventually("requests go on", || sent.load(SeqCst) > before + 100);
    }
    stop.store(true, SeqCst);
    for client in clients {
        client.join().expect("every request was answered with 200");
    }
    let last: usize = generations[5].iter().map(|target| target.heads.lock().unwrap().len()).sum();
    assert!(last > 100, "{last}");
}
