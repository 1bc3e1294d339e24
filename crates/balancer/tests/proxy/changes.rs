//! Snapshots that follow each other.

use crate::support::*;
use spec::balancing::{CertificateName, LoadBalancer, Tls};
use std::{net::TcpStream, path::PathBuf, sync::mpsc::channel};

fn add(balancer: &mut LoadBalancer, at: u16, status: u16) {
    balancer.listeners.insert(port(at), listener(vec![fixed(status, "")]));
}

#[test]
fn listeners_come_and_go_without_others_noticing() {
    let mut site = Site::unserved(&[]);
    add(&mut site.balancer, 80, 200);
    site.apply();
    let mut stays = site.client();
    assert_eq!(stays.get("/").status(), 200);
    add(&mut site.balancer, 81, 201);
    site.apply();
    let mut goes = site.client_at(81);
    assert_eq!(goes.get("/").status(), 201);
    // The same connection meets the new rule.
    add(&mut site.balancer, 80, 202);
    site.balancer.listeners.remove(&port(81));
    site.apply();
    assert_eq!(stays.get("/").status(), 202);
    assert!(goes.is_closed());
    let closed = std::net::SocketAddr::from((site.address, 81));
    eventually("the port is closed", || TcpStream::connect(closed).is_err());
}

#[test]
fn a_removed_listener_finishes_what_is_under_way() {
    let ((asked, was_asked), (go, told)) = (channel(), channel::<()>());
    let told = std::sync::Mutex::new(told);
    let target = Target::answering(move |_| {
        asked.send(()).unwrap();
        let _ = told.lock().unwrap().recv();
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nlate\r\n0\r\n\r\n".to_vec()
    });
    let mut site = Site::new(&[&target]);
    add(&mut site.balancer, 81, 200);
    site.apply();
    let mut client = site.client();
    client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    was_asked.recv_timeout(PATIENCE).unwrap();
    site.balancer.listeners.remove(&port(80));
    site.apply();
    go.send(()).unwrap();
    assert_eq!(client.answer(false).text(), "late");
    assert!(client.is_closed());
}

#[test]
fn without_its_node_everything_ends_at_once() {
    let target = Target::serving(|connection| {
        connection.head();
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe");
        assert!(connection.client.is_closed());
    });
    let mut site = Site::new(&[&target]);
    let mut client = site.client();
    client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    let head = client.head().unwrap();
    site.clear();
    assert_eq!(client.body(&head, false), None);
    assert!(site.engine.status().borrow().health.is_empty());
}

#[test]
fn a_port_in_use_is_told_and_taken_when_it_is_free() {
    let mut site = Site::unserved(&[]);
    add(&mut site.balancer, 80, 200);
    let other = std::net::TcpListener::bind((site.address, 80)).unwrap();
    site.apply();
    let status = site.until(|status| !status.failures.is_empty());
    let told = &status.failures[&interface()];
    assert!(told.starts_with("listener 80: ") && told.contains("in use"), "{told}");
    drop(other);
    site.until(|status| status.failures.is_empty());
    assert_eq!(site.get("/").status(), 200);
}

#[test]
fn a_namespace_that_is_not_there_yet_is_waited_for() {
    let mut site = Site::unserved(&[]);
    add(&mut site.balancer, 80, 200);
    let path = std::env::temp_dir().join(format!("balancer-{}", std::process::id()));
    site.namespaces.insert(interface(), path.clone());
    site.apply();
    let status = site.until(|status| !status.failures.is_empty());
    assert!(status.failures[&interface()].contains(&path.display().to_string()), "{status:?}");
    std::os::unix::fs::symlink("/proc/self/ns/net", &path).unwrap();
    site.until(|status| status.failures.is_empty());
    std::fs::remove_file(&path).unwrap();
    assert_eq!(site.get("/").status(), 200);
    site.namespaces = [(interface(), PathBuf::from("/proc/self/ns/net"))].into();
    site.apply();
    eventually("it serves again", || TcpStream::connect((site.address, 80)).is_ok());
}

#[test]
fn what_a_listener_lacks_is_named() {
    let mut site = Site::unserved(&[]);
    let certificate = CertificateName { arn: "arn:cert".into(), version: 1 };
    let tls = Tls { policy: "ELBSecurityPolicy-2016-08".into(), certificates: vec![certificate] };
    site.balancer.listeners.get_mut(&port(80)).unwrap().tls = Some(tls);
    site.balancer.listeners.insert(port(81), listener(vec![forward(&[("h", 1)])]));
    site.apply();
    let status = site.until(|status| !status.failures.is_empty());
    assert_eq!(
        status.failures[&interface()],
        "listener 80: it has no certificate yet; \
         listener 81: the target group h is not known"
    );
}

#[test]
fn an_engine_that_is_dropped_ends_everything() {
    let site = Site::new(&[&Target::echo()]);
    let mut client = site.client();
    client.get("/");
    let address = site.address;
    drop(site.engine);
    assert!(client.is_closed());
    assert!(TcpStream::connect((address, 80)).is_err());
}
