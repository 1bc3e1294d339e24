//! Connections of Network Load Balancers whose bytes are passed on as they are.

use crate::{
    support::*,
    tls::{BOTH, NEWER, certificate, config, secure, try_client},
};
use rustls::{
    ClientConfig, Connection as Side, ServerConfig, ServerConnection, crypto::ring, pki_types::pem::PemObject,
};
use spec::{
    balancing::{AlpnPolicy, Flows, Stream, TargetHealth},
    measured::FlowKind,
};
use std::{
    io::{Read, Write},
    sync::{
        Arc,
        mpsc::{Receiver, channel},
    },
    thread,
    time::{Duration, Instant},
};

const FLOWS: Flows = Flows {
    preserve_client_ip: false,
    by_source: false,
    end_when_deregistered: false,
    end_when_unhealthy: false,
    unhealthy_draining: 0,
    proxy_protocol: false,
};

/// Where a header of the proxy protocol begins, and how long the one of a client's connection over IPv4 is.
const SIGNATURE: &[u8] = b"\r\n\r\n\0\r\nQUIT\n";
const HEADER: usize = 28;

/// The listener passes bytes on to targets of such a group.
fn stream(site: &mut Site, flows: Flows) {
    let listener = site.balancer.listeners.get_mut(&port(80)).unwrap();
    listener.stream = Some(Stream { idle_timeout: 350, alpn: AlpnPolicy::None });
    site.group().flows = Some(flows);
}

fn alpn(site: &mut Site, policy: AlpnPolicy) {
    site.balancer.listeners.get_mut(&port(80)).unwrap().stream = Some(Stream { idle_timeout: 350, alpn: policy });
}

/// A target that says who it is, then repeats what it hears until its end, and says the last word then.
fn parrot() -> Target {
    Target::serving(|connection| {
        connection.send(format!("{}\r\n", connection.client.stream.local_addr().unwrap().ip()).as_bytes());
        let mut some = [0; 1 << 16];
        while let Ok(count @ 1..) = crate::secured::read(&mut connection.client, &mut some) {
            connection.send(&some[..count]);
        }
        connection.send(b"bye");
    })
}

/// Who answers a connection.
fn whom(site: &Site) -> String {
    site.client().head_line().unwrap()
}

#[test]
fn each_side_sees_what_the_other_does() {
    let target = parrot();
    let site = Site::with(&[&target], |site| stream(site, FLOWS));
    let mut client = site.client();
    assert_eq!(client.head_line(), Some(target.address.to_string()), "a target may speak first");
    client.send("hello");
    assert_eq!(client.bytes(5), b"hello");
    // The end of one direction is not the other's.
    client.finish();
    assert_eq!(client.bytes(3), b"bye");
    assert!(client.is_closed());
}

#[test]
fn a_reset_is_passed_on_and_so_is_a_refusal() {
    let target = Target::serving(|connection| {
        connection.client.stream.read_exact(&mut [0]).unwrap();
        // What is closed with bytes unread is reset.
        connection.client.stream.peek(&mut [0]).unwrap();
    });
    let site = Site::with(&[&target], |site| stream(site, FLOWS));
    let mut client = site.client();
    client.send("1");
    client.send("2");
    let error = client.stream.read(&mut [0]).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);

    let closed = Target::closed();
    let site = Site::with(&[&closed], |site| stream(site, FLOWS));
    let error = site.client().stream.read(&mut [0]).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
}

#[test]
fn a_target_that_does_not_read_holds_its_client_up() {
    let (go, told) = channel::<()>();
    let told = std::sync::Mutex::new(told);
    let target = Target::serving(move |connection| {
        told.lock().unwrap().recv().unwrap();
        let mut all = Vec::new();
        connection.client.stream.read_to_end(&mut all).unwrap();
        let sum: u64 = all.iter().map(|byte| u64::from(*byte)).sum();
        connection.send(format!("{} {sum}\r\n", all.len()).as_bytes());
    });
    let site = Site::with(&[&target], |site| stream(site, FLOWS));
    let mut client = site.client();
    let piece: Vec<u8> = (0..1 << 16).map(|n: u32| (n % 251) as u8).collect();
    client.stream.set_write_timeout(Some(Duration::from_millis(300))).unwrap();
    let mut sent = Vec::new();
    while let Ok(count) = client.stream.write(&piece) {
        sent.extend_from_slice(&piece[..count]);
        assert!(sent.len() < 64 << 20, "somebody keeps it all");
    }
    go.send(()).unwrap();
    client.finish();
    let sum: u64 = sent.iter().map(|byte| u64::from(*byte)).sum();
    assert_eq!(client.head_line(), Some(format!("{} {sum}", sent.len())));
}

#[test]
fn silence_ends_a_connection() {
    let target = parrot();
    let site = Site::with(&[&target], |site| {
        stream(site, FLOWS);
        let listener = site.balancer.listeners.get_mut(&port(80)).unwrap();
        listener.stream = Some(Stream { idle_timeout: 1, alpn: AlpnPolicy::None });
    });
    let mut client = site.client();
    client.head_line().unwrap();
    let start = Instant::now();
    assert!(client.stream.read(&mut [0]).is_err());
    let took = start.elapsed();
    assert!((Duration::from_millis(950)..Duration::from_secs(3)).contains(&took), "{took:?}");
}

#[test]
fn a_connection_outlives_listener_and_registration_unless_that_ends_it() {
    let (target, other) = (parrot(), parrot());
    let mut site = Site::with(&[&target], |site| stream(site, FLOWS));
    let mut client = site.client();
    client.head_line().unwrap();
    let mut still = |what: &str| {
        client.send("still?");
        assert_eq!(client.bytes(6), b"still?", "{what}");
    };
    let drain = |site: &mut Site| {
        let targets = &mut site.group().targets;
        targets.insert(other.address(), registered());
        targets.get_mut(&target.address()).unwrap().draining_until = Some(0);
        site.apply();
        site.until(|status| health(status, &other) == Some(TargetHealth::Healthy));
    };
    drain(&mut site);
    assert_eq!(whom(&site), other.address.to_string(), "what is new goes elsewhere");
    site.until(|status| told(status, &target).is_some_and(|told| told.active == 1));
    still("past its target's delay");
    site.group().targets.remove(&target.address());
    site.apply();
    still("without its target's registration");
    site.balancer.listeners.clear();
    site.apply();
    still("without its listener");
    drop(site);

    let mut site = Site::with(&[&target], |site| stream(site, Flows { end_when_deregistered: true, ..FLOWS }));
    let mut client = site.client();
    client.head_line().unwrap();
    drain(&mut site);
    assert!(client.stream.read(&mut [0]).is_err());
}

#[test]
fn what_ends_with_its_target_s_health() {
    for ends in [true, false] {
        let target = parrot();
        let site = Site::with(&[&target], |site| stream(site, Flows { end_when_unhealthy: ends, ..FLOWS }));
        let mut client = site.client();
        client.head_line().unwrap();
        target.health.store(500, std::sync::atomic::Ordering::SeqCst);
        site.until(|status| matches!(health(status, &target), Some(TargetHealth::Unhealthy(_))));
        if ends {
            assert!(client.stream.read(&mut [0]).is_err());
        } else {
            client.send("still?");
            assert_eq!(client.bytes(6), b"still?");
        }
    }
}

#[test]
fn a_target_that_fails_may_keep_what_it_has_for_an_interval() {
    let target = parrot();
    let flows = Flows { end_when_unhealthy: true, unhealthy_draining: 2, ..FLOWS };
    let site = Site::with(&[&target], |site| stream(site, flows));
    let mut client = site.client();
    client.head_line().unwrap();
    target.health.store(500, std::sync::atomic::Ordering::SeqCst);
    site.until(|status| matches!(health(status, &target), Some(TargetHealth::Draining(_))));
    client.send("still?");
    assert_eq!(client.bytes(6), b"still?");
    site.until(|status| matches!(health(status, &target), Some(TargetHealth::Unhealthy(_))));
    assert!(client.stream.read(&mut [0]).is_err());
}

#[test]
fn flows_and_resets_are_counted_by_who_sent_them() {
    let (target, gone) = (parrot(), Target::serving(|connection| reset(&connection.client)));
    let site = Site::with(&[&target], |site| {
        site.balancer.arn = "arn:loadbalancer/net/n/1".into();
        stream(site, FLOWS);
    });
    let flows = |site: &Site| {
        let counted = crate::counts::counts(site).network.unwrap();
        (counted.flows[&FlowKind::Tcp], [counted.client_resets, counted.target_resets, counted.own_resets])
    };
    flows(&site);
    let (mut client, other) = (site.client(), site.client());
    let greeting = client.head_line().unwrap().len() as u64 + 2;
    client.send("hello");
    assert_eq!(client.bytes(5), b"hello");
    reset(&other);
    drop(other);
    let mut sum = (0, 0, [0; 3]);
    let mut more = |site: &Site| {
        let (tcp, resets) = flows(site);
        sum = (sum.0 + tcp.new, sum.1 + tcp.bytes, [0, 1, 2].map(|n| sum.2[n] + resets[n]));
        (sum, tcp.active)
    };
    let start = Instant::now();
    // The other's target may have greeted it or not.
    while {
        let ((new, bytes, resets), active) = more(&site);
        (new, active, resets) != (2, Some(1), [1, 0, 0]) || !(10 + greeting..=10 + 2 * greeting).contains(&bytes)
    } {
        assert!(start.elapsed() < PATIENCE);
    }
    drop((site, client));

    let mut site = Site::with(&[&gone], |site| {
        site.balancer.arn = "arn:loadbalancer/net/n/1".into();
        stream(site, FLOWS);
    });
    assert!(site.client().stream.read(&mut [0]).is_err());
    site.group().targets.clear();
    site.apply();
    assert!(site.client().stream.read(&mut [0]).is_err());
    let (tcp, resets) = flows(&site);
    assert_eq!((tcp.new, tcp.active, resets), (2, Some(0), [0, 1, 1]));
}

/// Has the peer see a reset when the connection is dropped.
fn reset(client: &Client) {
    socket2::SockRef::from(&client.stream).set_linger(Some(Duration::ZERO)).unwrap();
}

#[test]
fn clients_of_one_address_stay_with_a_target_if_they_are_to() {
    let targets = [parrot(), parrot(), parrot()];
    let all: Vec<&Target> = targets.iter().collect();
    let site = Site::with(&all, |site| stream(site, Flows { by_source: true, ..FLOWS }));
    let first = whom(&site);
    assert!((0..10).all(|_| whom(&site) == first));
    let site = Site::with(&all, |site| stream(site, FLOWS));
    let found: std::collections::BTreeSet<String> = (0..60).map(|_| whom(&site)).collect();
    assert_eq!(found.len(), 3);
}

#[test]
fn weights_divide_connections() {
    let (one, other) = (parrot(), parrot());
    let mut site = Site::with(&[&one], |site| stream(site, FLOWS));
    let mut second = site.group().clone();
    second.targets = [(other.address(), registered())].into();
    site.groups.insert("h".into(), second);
    site.balancer.listeners.get_mut(&port(80)).unwrap().rules = vec![forward(&[("g", 0), ("h", 7)])];
    site.apply();
    assert!((0..10).all(|_| whom(&site) == other.address.to_string()));
}

/// What a target is told of a connection, before what the client says.
fn listening() -> (Target, Receiver<Vec<u8>>) {
    let (heard, what) = channel();
    let target = Target::serving(move |connection| {
        let mut all = Vec::new();
        let _ = connection.client.stream.read_to_end(&mut all);
        let _ = heard.send(all);
    });
    (target, what)
}

#[test]
fn the_proxy_protocol_says_who_the_client_is_and_what_is_a_health_check() {
    let (target, heard) = listening();
    let site = Site::with(&[&target], |site| {
        stream(site, Flows { proxy_protocol: true, ..FLOWS });
        site.group().health_check.port = None;
        site.group().health_check.tcp = true;
    });
    // What checks say is that they are no client.
    assert_eq!(heard.recv_timeout(PATIENCE).unwrap(), [SIGNATURE, b"\x20\0\0\0"].concat());
    let mut client = site.client();
    let own = client.stream.local_addr().unwrap();
    client.send("hello");
    client.finish();
    let said = loop {
        let said = heard.recv_timeout(PATIENCE).unwrap();
        if said.len() > 16 {
            break said;
        }
    };
    assert_eq!(&said[..16], [SIGNATURE, b"\x21\x11\0\x0c"].concat());
    let own_ip = match own.ip() {
        std::net::IpAddr::V4(ip) => ip.octets(),
        std::net::IpAddr::V6(_) => unreachable!(),
    };
    let addresses = [&own_ip[..], &site.address.octets(), &own.port().to_be_bytes(), &80_u16.to_be_bytes()].concat();
    assert_eq!((&said[16..HEADER], &said[HEADER..]), (&addresses[..], &b"hello"[..]));
    assert!(client.is_closed());
}

#[test]
fn checks_over_http_name_the_listener() {
    let target = Target::echo();
    let site = Site::with(&[&target], |site| {
        stream(site, FLOWS);
        site.group().health_check.port = None;
    });
    assert_eq!(values(&target.head(), "Host"), [format!("{}:80", site.address)]);
}

/// The same client, speaking these protocols.
fn speaking(protocols: &[&str]) -> Arc<ClientConfig> {
    let mut config = (*config(BOTH)).clone();
    config.alpn_protocols = protocols.iter().map(|protocol| protocol.as_bytes().to_vec()).collect();
    Arc::new(config)
}

#[test]
fn tls_ends_here_and_alpn_is_as_the_policy_says() {
    let target = parrot();
    let own = certificate(1, &["a.test"]);
    let mut site = Site::with(&[&target], |site| {
        stream(site, FLOWS);
        secure(site, NEWER, &[("own", &own)]);
    });
    let every: &[&str] = &["http/1.0", "h2", "http/1.1"];
    for (policy, offered, agreed) in [
        (AlpnPolicy::None, every, None),
        (AlpnPolicy::Http1Only, every, Some("http/1.1")),
        (AlpnPolicy::Http2Only, every, Some("h2")),
        (AlpnPolicy::Http2Optional, every, Some("http/1.1")),
        (AlpnPolicy::Http2Optional, &["h2"], Some("h2")),
        (AlpnPolicy::Http2Preferred, every, Some("h2")),
        (AlpnPolicy::Http2Preferred, &["http/1.0"], Some("http/1.0")),
        // Who speaks none of it is served all the same.
        (AlpnPolicy::Http2Only, &["http/1.1"], None),
        (AlpnPolicy::Http2Only, &[], None),
    ] {
        alpn(&mut site, policy);
        site.apply();
        let mut client = try_client(&site, "a.test", &speaking(offered)).unwrap();
        let found =
            client.tls.as_ref().unwrap().alpn_protocol().map(|found| String::from_utf8_lossy(found).into_owned());
        assert_eq!(found.as_deref(), agreed, "{policy:?} {offered:?}");
        assert_eq!(client.head_line(), Some(target.address.to_string()));
        client.send("hello");
        assert_eq!(client.bytes(5), b"hello");
    }
}

/// A parrot that speaks TLS, after so many bytes without, and says first what was agreed on over ALPN.
fn tls_parrot(before: usize) -> Target {
    let own = certificate(1, &["target.test"]);
    let chain = vec![rustls::pki_types::CertificateDer::from_pem_slice(own.chain.as_bytes()).unwrap()];
    let key = rustls::pki_types::PrivateKeyDer::from_pem_slice(own.key.as_bytes()).unwrap();
    let builder = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let builder = builder.with_safe_default_protocol_versions().unwrap().with_no_client_auth();
    let mut config = builder.with_single_cert(chain, key).unwrap();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let config = Arc::new(config);
    Target::serving(move |connection| {
        let mut header = vec![0; before];
        connection.client.stream.read_exact(&mut header).unwrap();
        let mut tls = ServerConnection::new(Arc::clone(&config)).unwrap();
        while tls.is_handshaking() {
            tls.complete_io(&mut connection.client.stream).unwrap();
        }
        let agreed = tls.alpn_protocol().map_or_else(|| "-".into(), |of| String::from_utf8_lossy(of).into_owned());
        connection.client.tls = Some(Box::new(Side::Server(tls)));
        connection.send(format!("{agreed} {}\r\n", header.starts_with(SIGNATURE)).as_bytes());
        let mut some = [0; 1 << 16];
        while let Ok(count @ 1..) = crate::secured::read(&mut connection.client, &mut some) {
            connection.send(&some[..count]);
        }
    })
}

#[test]
fn tls_on_both_sides_speaks_the_same_and_much_of_it() {
    let target = tls_parrot(HEADER);
    let own = certificate(1, &["a.test"]);
    let site = Site::with(&[&target], |site| {
        stream(site, Flows { proxy_protocol: true, ..FLOWS });
        alpn(site, AlpnPolicy::Http2Preferred);
        secure(site, NEWER, &[("own", &own)]);
        site.group().tls = true;
    });
    let mut client = try_client(&site, "a.test", &speaking(&["h2"])).unwrap();
    assert_eq!(client.head_line().as_deref(), Some("h2 true"));
    // In pieces, as this client does not read while it writes.
    let piece: Vec<u8> = (0..100_000_u32).map(|n| (n % 253) as u8).collect();
    for _ in 0..40 {
        client.send(&piece);
        assert!(client.bytes(piece.len()) == piece);
    }
}

#[test]
fn tls_may_be_on_the_target_s_side_alone() {
    let target = tls_parrot(0);
    let site = Site::with(&[&target], |site| {
        stream(site, FLOWS);
        site.group().tls = true;
    });
    let mut client = site.client();
    assert_eq!(client.head_line().as_deref(), Some("- false"));
    client.send("hello");
    assert_eq!(client.bytes(5), b"hello");
}

#[test]
fn a_hello_in_pieces_is_understood_and_nonsense_is_refused() {
    let target = parrot();
    let own = certificate(1, &["a.test"]);
    let site = Site::with(&[&target], |site| {
        stream(site, FLOWS);
        alpn(site, AlpnPolicy::Http1Only);
        secure(site, NEWER, &[("own", &own)]);
    });
    let name = rustls::pki_types::ServerName::try_from("a.test").unwrap();
    let mut tls = rustls::ClientConnection::new(speaking(&["h2", "http/1.1"]), name).unwrap();
    let mut hello = Vec::new();
    tls.write_tls(&mut hello).unwrap();
    let mut client = site.client();
    for piece in hello.chunks(100) {
        client.stream.write_all(piece).unwrap();
        // So that they come in pieces.
        thread::sleep(Duration::from_millis(2));
    }
    while tls.is_handshaking() {
        tls.complete_io(&mut client.stream).unwrap();
    }
    assert_eq!(tls.alpn_protocol(), Some(b"http/1.1".as_slice()));
    client.tls = Some(Box::new(Side::Client(tls)));
    assert_eq!(client.head_line(), Some(target.address.to_string()));
    let mut plain = site.client();
    plain.send("GET / HTTP/1.1\r\n\r\n");
    let mut said = Vec::new();
    let _ = plain.stream.read_to_end(&mut said);
    // A fatal alert (RFC 8446, 6).
    assert_eq!((said.first(), said.get(5)), (Some(&21), Some(&2)), "{said:?}");
    assert_eq!(target.connections(), 1);
}
