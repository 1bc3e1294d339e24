//! HTTPS listeners and targets, with clients and targets of rustls.

use crate::support::*;
use rustls::{
    ClientConfig, ClientConnection, Connection as Side, DigitallySignedStruct, HandshakeKind, ServerConfig,
    ServerConnection, SignatureScheme, SupportedProtocolVersion,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime, pem::PemObject},
    version::{TLS12, TLS13},
};
use spec::balancing::{Certificate, CertificateName, Condition, TargetHealth, Tls};
use std::{
    io::Read,
    net::SocketAddr,
    sync::{Arc, atomic::Ordering::SeqCst},
    time::{Duration, Instant},
};

pub const BOTH: &[&SupportedProtocolVersion] = &[&TLS13, &TLS12];

/// A certificate that signs itself, for these names.
pub fn certificate(version: u64, names: &[&str]) -> Certificate {
    let key = rcgen::KeyPair::generate().unwrap();
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let mut params = rcgen::CertificateParams::new(names.clone()).unwrap();
    params.not_after = rcgen::date_time_ymd(2001, 1, 1);
    Certificate { version, names, chain: params.self_signed(&key).unwrap().pem(), key: key.serialize_pem() }
}

fn der(of: &Certificate) -> CertificateDer<'static> {
    CertificateDer::from_pem_slice(of.chain.as_bytes()).unwrap()
}

/// Lets the listener of a site be one for HTTPS with these certificates.
pub fn secure(site: &mut Site, policy: &str, certificates: &[(&str, &Certificate)]) {
    let names = certificates
        .iter()
        .map(|(arn, certificate)| CertificateName { arn: (*arn).into(), version: certificate.version });
    let tls = Tls { policy: policy.into(), certificates: names.collect() };
    site.balancer.listeners.get_mut(&port(80)).unwrap().tls = Some(tls);
    site.certificates =
        certificates.iter().map(|(arn, certificate)| ((*arn).into(), Arc::new((*certificate).clone()))).collect();
}

pub const NEWER: &str = "ELBSecurityPolicy-TLS13-1-2-2021-06";

/// A client that trusts everybody.
pub fn config(versions: &[&'static SupportedProtocolVersion]) -> Arc<ClientConfig> {
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let builder = builder.with_protocol_versions(versions).unwrap().dangerous();
    let mut config = builder.with_custom_certificate_verifier(Arc::new(Trusting)).with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Arc::new(config)
}

/// A client that has shaken hands; or why it has not.
pub fn try_client(site: &Site, name: &str, config: &Arc<ClientConfig>) -> Result<Client, String> {
    let mut client = site.client();
    let mut tls = ClientConnection::new(Arc::clone(config), ServerName::try_from(name.to_owned()).unwrap()).unwrap();
    while tls.is_handshaking() {
        tls.complete_io(&mut client.stream).map_err(|error| error.to_string())?;
    }
    client.tls = Some(Box::new(Side::Client(tls)));
    Ok(client)
}

fn client(site: &Site, name: &str) -> Client {
    try_client(site, name, &config(BOTH)).unwrap()
}

/// What certificate a client was shown.
fn shown(client: &Client) -> CertificateDer<'static> {
    client.tls.as_ref().unwrap().peer_certificates().unwrap()[0].clone().into_owned()
}

#[test]
fn a_client_is_shown_the_certificate_of_the_name_it_asks_for() {
    let target = Target::echo();
    let (default, exact, wildcard) =
        (certificate(1, &["other.test"]), certificate(1, &["www.shop.test"]), certificate(1, &["*.shop.test"]));
    let site = Site::with(&[&target], |site| {
        secure(site, NEWER, &[("default", &default), ("exact", &exact), ("wildcard", &wildcard)]);
    });
    for (name, expected) in [
        ("www.shop.test", &exact),
        ("WWW.shop.test", &exact),
        ("api.shop.test", &wildcard),
        ("a.b.shop.test", &default),
        ("shop.test", &default),
        ("other.test", &default),
        ("127.0.0.1", &default),
    ] {
        let mut client = client(&site, name);
        assert!(shown(&client) == der(expected), "{name}");
        assert_eq!(client.tls.as_ref().unwrap().alpn_protocol(), Some(b"http/1.1".as_slice()));
        assert_eq!(client.get("/").status(), 200);
    }
}

#[test]
fn a_policy_says_which_versions_there_are() {
    let target = Target::echo();
    let own = certificate(1, &["a.test"]);
    for (policy, newer, older) in [
        (NEWER, Ok("TLSv1.3 TLS_AES_128_GCM_SHA256"), Ok("TLSv1.2 ECDHE-ECDSA-AES128-GCM-SHA256")),
        ("ELBSecurityPolicy-2016-08", Err("ProtocolVersion"), Ok("TLSv1.2 ECDHE-ECDSA-AES128-GCM-SHA256")),
        ("ELBSecurityPolicy-TLS13-1-3-2021-06", Ok("TLSv1.3 TLS_AES_128_GCM_SHA256"), Err("ProtocolVersion")),
    ] {
        let site = Site::with(&[&target], |site| {
            secure(site, policy, &[("own", &own)]);
            site.balancer.tls_headers = true;
        });
        for (version, expected) in [(&TLS13, newer), (&TLS12, older)] {
            let agreed = try_client(&site, "a.test", &config(&[version])).map(|mut client| {
                let head = "GET / HTTP/1.1\r\nHost: a.test\r\nx-amzn-tls-version: mine\r\n\r\n";
                let head = client.ask(head).text();
                assert_eq!(values(&head, "x-forwarded-proto"), ["https"]);
                let of = |name| values(&head, name).join(", ");
                format!("{} {}", of("x-amzn-tls-version"), of("x-amzn-tls-cipher-suite"))
            });
            match expected {
                Ok(expected) => assert_eq!(agreed.as_deref(), Ok(expected), "{policy}"),
                Err(why) => assert!(agreed.as_ref().is_err_and(|said| said.contains(why)), "{policy}: {agreed:?}"),
            }
        }
    }
}

#[test]
fn a_client_that_comes_again_resumes_even_after_rules_changed() {
    let target = Target::echo();
    let own = certificate(1, &["a.test"]);
    let mut site = Site::with(&[&target], |site| secure(site, NEWER, &[("own", &own)]));
    for version in [&TLS12, &TLS13] {
        let config = config(&[version]);
        let kind = |site: &Site| {
            let mut client = try_client(site, "a.test", &config).unwrap();
            // With the answer comes the ticket.
            client.get("/");
            client.tls.unwrap().handshake_kind()
        };
        assert_eq!(kind(&site), Some(HandshakeKind::Full));
        assert_eq!(kind(&site), Some(HandshakeKind::Resumed));
        let rules = &mut site.balancer.listeners.get_mut(&port(80)).unwrap().rules;
        rules.insert(0, rule(vec![Condition::Path(vec!["/other".into()])], fixed(404, "").action));
        site.apply();
        assert_eq!(kind(&site), Some(HandshakeKind::Resumed));
    }
}

#[test]
fn a_certificate_is_replaced_under_connections() {
    let target = Target::echo();
    let (first, second) = (certificate(1, &["a.test"]), certificate(2, &["a.test"]));
    let mut site = Site::with(&[&target], |site| secure(site, NEWER, &[("own", &first)]));
    let mut before = client(&site, "a.test");
    assert_eq!(before.get("/").status(), 200);
    // It is named before it has come.
    secure(&mut site, NEWER, &[("own", &second)]);
    site.certificates.clear();
    site.apply();
    let told = site.until(|status| !status.failures.is_empty());
    assert_eq!(told.failures[&interface()], "listener 80: the key of own has not come yet");
    assert!(shown(&client(&site, "a.test")) == der(&first));
    secure(&mut site, NEWER, &[("own", &second)]);
    site.apply();
    site.until(|status| status.failures.is_empty());
    assert!(shown(&client(&site, "a.test")) == der(&second));
    assert_eq!(before.get("/").status(), 200);
    // What is known need not come again.
    site.certificates.clear();
    site.balancer.idle_timeout = 30;
    site.apply();
    assert!(shown(&client(&site, "a.test")) == der(&second));
    assert!(site.until(|_| true).failures.is_empty());
}

#[test]
fn a_redirect_leads_to_https_and_stays_there() {
    let own = certificate(1, &["a.test"]);
    let site = Site::with(&[], |site| {
        let action = spec::balancing::Action::Redirect {
            status: 301,
            protocol: "#{protocol}".into(),
            host: "#{host}".into(),
            port: "443".into(),
            path: "/new/#{path}".into(),
            query: "#{query}".into(),
        };
        site.balancer.listeners.insert(port(80), listener(vec![rule(Vec::new(), action)]));
        secure(site, NEWER, &[("own", &own)]);
    });
    let answer = client(&site, "a.test").get("/x?y");
    assert_eq!(answer.value("location").as_deref(), Some("https://a.test:443/new/x?y"));
}

/// A target that speaks TLS with a certificate that has expired and is nobody's.
fn tls_target() -> Target {
    let own = certificate(1, &["nobody.test"]);
    let key = PrivateKeyDer::from_pem_slice(own.key.as_bytes()).unwrap();
    let builder = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let builder = builder.with_protocol_versions(BOTH).unwrap().with_no_client_auth();
    let config = Arc::new(builder.with_single_cert(vec![der(&own)], key).unwrap());
    Target::serving(move |connection| {
        connection.client.tls = Some(Box::new(Side::Server(ServerConnection::new(Arc::clone(&config)).unwrap())));
        while let Some(asked) = connection.request() {
            let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", asked.body.len());
            connection.send(&[head.as_bytes(), &asked.body].concat());
        }
    })
}

#[test]
fn bodies_go_both_ways_over_tls_to_a_target_nobody_vouches_for() {
    let target = tls_target();
    let own = certificate(1, &["a.test"]);
    let site = Site::with(&[&target], |site| {
        secure(site, NEWER, &[("own", &own)]);
        let group = site.group();
        group.tls = true;
        (group.health_check.tls, group.health_check.port) = (true, None);
    });
    for version in [&TLS12, &TLS13] {
        let mut client = try_client(&site, "a.test", &config(&[version])).unwrap();
        for length in [0usize, 1, 16_384, 16_385, 3_000_000] {
            let body: Vec<u8> = (0..length).map(|at| (at % 251) as u8).collect();
            client.send(format!("POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: {length}\r\n\r\n"));
            // The target reads all of it before it answers.
            client.send(&body);
            assert!(client.answer(false).body == body, "{length}");
        }
    }
    // Requests went over one connection, which is kept; the others were health checks, each over one of its own, and one may be under way.
    let checks = target.heads.lock().unwrap().iter().filter(|head| head.starts_with("GET /health")).count();
    assert_eq!(target.heads.lock().unwrap().len() - checks, 10);
    assert!(target.connections() <= checks + 3, "{} connections, {checks} checks", target.connections());
    assert!(
        target
            .heads
            .lock()
            .unwrap()
            .iter()
            .all(|head| head.starts_with("GET /health") || values(head, "x-forwarded-proto") == ["https"])
    );
}

#[test]
fn a_websocket_goes_over_tls() {
    let target = Target::serving(|connection| {
        connection.head().unwrap();
        connection.send(b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\nhello");
        let came = connection.client.bytes(5);
        connection.send(&came);
    });
    let own = certificate(1, &["a.test"]);
    let site = Site::with(&[&target], |site| secure(site, NEWER, &[("own", &own)]));
    let mut client = client(&site, "a.test");
    client.send("GET / HTTP/1.1\r\nHost: a.test\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n");
    assert!(client.head().unwrap().starts_with("HTTP/1.1 101"));
    assert_eq!(client.bytes(5), b"hello");
    client.send("12345");
    assert_eq!(client.bytes(5), b"12345");
    assert!(client.is_closed());
}

#[test]
fn who_does_not_speak_tls_is_told_and_left() {
    let target = Target::echo();
    let own = certificate(1, &["a.test"]);
    let site = Site::with(&[&target], |site| secure(site, NEWER, &[("own", &own)]));
    let mut plain = site.client();
    plain.send("GET / HTTP/1.1\r\nHost: a.test\r\n\r\n");
    let mut said = Vec::new();
    let _ = plain.stream.read_to_end(&mut said);
    // An alert (RFC 8446, 6): fatal.
    assert_eq!((said.first(), said.get(5)), (Some(&21), Some(&2)), "{said:?}");

    // A target that does not speak it, either.
    let mut site = site;
    site.group().tls = true;
    let same = site.group().clone();
    site.groups.insert("h".into(), same);
    site.balancer.listeners.get_mut(&port(80)).unwrap().rules = vec![forward(&[("h", 1)])];
    site.apply();
    assert_eq!(client(&site, "a.test").get("/").status(), 502);
}

#[test]
fn a_handshake_has_ten_seconds() {
    let silent = Target::serving(|connection| drop(connection.client.stream.read_to_end(&mut Vec::new())));
    let own = certificate(1, &["a.test"]);
    let site = Site::with(&[&silent], |site| {
        secure(site, NEWER, &[("own", &own)]);
        site.group().tls = true;
    });
    let start = Instant::now();
    let waiting = std::thread::spawn({
        let address = SocketAddr::from((site.address, 80));
        move || {
            let mut client = Client::connect(address);
            client.stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
            // Each byte of it is in time, all of it would not be.
            for byte in [22u8, 3, 1, 2, 0, 1] {
                client.send([byte]);
                std::thread::sleep(Duration::from_secs(1));
            }
            assert!(client.is_closed());
            start.elapsed()
        }
    });
    let mut client = client(&site, "a.test");
    client.stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    assert_eq!(client.get("/").status(), 502);
    let took = start.elapsed();
    for took in [took, waiting.join().unwrap()] {
        assert!((10..12).contains(&took.as_secs()), "{took:?}");
    }
    assert_eq!(silent.connections.load(SeqCst), 1);
    assert_eq!(health(&site.until(|_| true), &silent), Some(TargetHealth::Healthy));
}

#[derive(Debug)]
struct Trusting;

impl ServerCertVerifier for Trusting {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = ring::default_provider().signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, certificate, signed, &algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = ring::default_provider().signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, certificate, signed, &algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        ring::default_provider().signature_verification_algorithms.supported_schemes()
    }
}

#[test]
fn clients_agree_on_http2_unless_it_is_disabled() {
    let (target, own) = (Target::echo(), certificate(1, &["a.test"]));
    for (http2, expected) in [(true, "h2"), (false, "http/1.1")] {
        let site = Site::with(&[&target], |site| {
            secure(site, NEWER, &[("own", &own)]);
            site.balancer.http2 = http2;
        });
        let mut config = (*config(BOTH)).clone();
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        let mut client = try_client(&site, "a.test", &Arc::new(config)).unwrap();
        assert_eq!(client.tls.as_ref().unwrap().alpn_protocol(), Some(expected.as_bytes()));
        if http2 {
            // Settings, and a head of the static table's fields.
            client.send(
                b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0\0\0\x06\x01\x05\0\0\0\x01\x82\x87\x84\x41\x01a",
            );
            let answer = client.head().unwrap();
            assert!(
                answer.contains("GET / HTTP/1.1\r\n") && answer.contains("X-Forwarded-Proto: https\r\n"),
                "{answer}"
            );
        }
    }
}
