//! What tasks get at the endpoint of a service: that service's API and nothing else.

use crate::common::{Answer, Client, Running, config};
use server::{Config, Limits};
use std::{
    io::Read,
    net::TcpStream,
    os::unix::{fs::PermissionsExt, net::UnixStream},
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, SystemTime, UNIX_EPOCH},
};

/// A connection to a service as a host passes it on.
fn connect(data_dir: &Path, service: &str) -> Client<UnixStream> {
    connect_from(data_dir, service, "10.0.0.1")
}

fn connect_from(data_dir: &Path, service: &str, address: &str) -> Client<UnixStream> {
    let mut client = Client::new(UnixStream::connect(data_dir.join(server::AWS_SOCKET)).unwrap());
    client.send(format!("{service} 80 1 {address}\n").as_bytes()).unwrap();
    client
}

/// The head of a request with a long body.
const UPLOAD: &str = "POST / HTTP/1.1\r\nHost: api.ecr.us-east-1.amazonaws.com\r\nContent-Length: 29360128\r\n\
    X-Amz-Target: AmazonEC2ContainerRegistry_V20150921.UploadLayerPart\r\n\r\n";

fn now() -> i64 {
    i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis()).unwrap()
}

/// Makes the log stream `s` of `/app`, as the user.
fn make_stream(running: &Running) -> Client<TcpStream> {
    let mut user = running.connect();
    for body in [r#"{"logGroupName": "/app"}"#, r#"{"logGroupName": "/app", "logStreamName": "s"}"#] {
        let operation = if body.contains("Stream") { "logs.CreateLogStream" } else { "logs.CreateLogGroup" };
        assert_eq!(user.json(operation, body).unwrap().status, 200);
    }
    user
}

fn start() -> (tempfile::TempDir, Running) {
    start_with(Limits::default())
}

fn start_with(limits: Limits) -> (tempfile::TempDir, Running) {
    let dir = tempfile::tempdir().unwrap();
    let running = Running::start(Config { limits, ..config(dir.path()) }).unwrap();
    (dir, running)
}

fn signed_for(client: &mut Client<UnixStream>, service: &str, target: &str) -> Answer {
    let scope = format!("AWS4-HMAC-SHA256 Credential=AKIA/20260131/us-east-1/{service}/aws4_request, Signature=00");
    let headers = [
        ("X-Amz-Target", target),
        ("Content-Type", "application/x-amz-json-1.1"),
        ("Authorization", scope.as_str()),
        ("Host", "logs.us-east-1.amazonaws.com"),
    ];
    client.request("POST", "/", &headers, b"{}").unwrap()
}

#[test]
fn a_service_answers_at_its_endpoint() {
    let (dir, _running) = start();
    let mut client = connect(dir.path(), "logs");
    for _ in 0..2 {
        let answer = signed_for(&mut client, "logs", "Logs_20140328.DescribeLogGroups");
        assert_eq!((answer.status, answer.body.as_str()), (200, r#"{"logGroups":[]}"#));
    }
    let answer = connect(dir.path(), "ec2").ec2("Action=DescribeVpcs").unwrap();
    assert_eq!(answer.status, 200, "{answer:?}");
    let answer =
        signed_for(&mut connect(dir.path(), "ecs-agent"), "ecs", "AmazonEC2ContainerServiceV20141113.ListClusters");
    assert_eq!(answer.status, 200, "an endpoint of the same service: {answer:?}");
}

#[test]
fn another_service_is_refused_in_the_manner_of_the_endpoints_own() {
    let (dir, _running) = start();
    let answer = signed_for(&mut connect(dir.path(), "logs"), "ecs", "AmazonEC2ContainerServiceV20141113.ListClusters");
    assert_eq!(answer.status, 403);
    assert!(answer.body.contains("InvalidSignatureException") && answer.body.contains("'logs'"), "{answer:?}");
    // Unsigned, or signed for this one and sent to the wrong place: by what it calls.
    let answer = connect(dir.path(), "logs").json("ecs.ListClusters", "{}").unwrap();
    assert_eq!(answer.status, 400);
    assert!(answer.body.contains("UnknownOperationException"), "{answer:?}");
    let answer = connect(dir.path(), "ec2").json("ecs.ListClusters", "{}").unwrap();
    assert_eq!(answer.status, 400);
    assert!(answer.body.contains("<Code>InvalidAction</Code>"), "{answer:?}");
    let answer = connect(dir.path(), "sts").ec2("Action=DescribeVpcs").unwrap();
    assert_eq!(answer.status, 400);
    assert!(answer.body.contains("<Code>InvalidAction</Code>"), "{answer:?}");
    let answer = connect(dir.path(), "sqs").json("ecs.ListClusters", "{}").unwrap();
    assert_ne!(answer.status, 200, "{answer:?}");
}

#[test]
fn neargates_own_paths_are_not_there() {
    let (dir, _running) = start();
    for (method, path) in [
        ("GET", "/_neargate/health"),
        ("GET", "/_neargate/status"),
        ("GET", "/_neargate/networks"),
        ("GET", "/_neargate/topology"),
        ("POST", "/_neargate/reset"),
        ("POST", "/_neargate/sync"),
        ("GET", "/_neargate/images"),
    ] {
        let answer = connect(dir.path(), "logs").request(method, path, &[], b"").unwrap();
        assert_eq!(answer.status, 404, "{path}: {answer:?}");
    }
    let registry = connect(dir.path(), "ecr.dkr").request("GET", "/v2/", &[], b"").unwrap();
    assert_eq!(registry.status, 401, "the mirror is for hosts: {registry:?}");
}

/// Bodies that never come, as many as there is room for: the server waits for them for half a minute.
#[test]
fn a_task_that_says_nothing_more_keeps_neither_hosts_nor_users_waiting() {
    let (dir, running) = start();
    let mut stuck: Vec<_> = (0..20).map(|_| connect(dir.path(), "ecr.api")).collect();
    for client in &mut stuck {
        client.send(UPLOAD.as_bytes()).unwrap();
    }
    // Whatever came in before these is being read by the time they are answered.
    let mut host = running.connect_unix();
    host.0.get_mut().set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let asked = r#"{"task": "none", "role": "task"}"#;
    for _ in 0..3 {
        let answer = host.request("POST", "/_neargate/credentials", &[], asked.as_bytes()).unwrap();
        assert!(answer.body.contains("NoSuchEntity"), "{answer:?}");
        let answer = running.connect().json("ecs.ListClusters", "{}").unwrap();
        assert_eq!(answer.status, 200, "{answer:?}");
    }
}

/// A task that never ends its bodies waits for itself: others' log events are taken in meanwhile.
#[test]
fn a_task_that_says_nothing_more_keeps_no_other_task_waiting() {
    let (dir, running) = start();
    let t = now();
    make_stream(&running);
    let mut stuck: Vec<_> = (0..60).map(|_| connect(dir.path(), "ecr.api")).collect();
    for client in &mut stuck {
        client.send(UPLOAD.as_bytes()).unwrap();
    }
    let mut other = connect_from(dir.path(), "logs", "10.0.0.2");
    other.0.get_mut().set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let message = "x".repeat(500_000);
    let events = format!(
        r#"{{"logGroupName": "/app", "logStreamName": "s", "logEvents": [{{"timestamp": {t}, "message": "{message}"}}]}}"#
    );
    for _ in 0..3 {
        let answer = other.json("logs.PutLogEvents", &events).unwrap();
        assert_eq!(answer.status, 200, "{answer:?}");
    }
}

/// Several tasks behind a NAT gateway are one client.
#[test]
fn connections_that_say_nothing_keep_nobody_out() {
    let (dir, _running) = start_with(Limits { connections: 100, ..Limits::default() });
    let hold = |address: &str| -> Vec<_> { (0..100).map(|_| connect_from(dir.path(), "logs", address)).collect() };
    let silent: Vec<_> = (1..4).flat_map(|n| hold(&format!("10.0.0.{n}"))).collect();
    for address in ["10.0.1.1", "10.0.1.2"] {
        let mut client = connect_from(dir.path(), "logs", address);
        client.0.get_mut().set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        let answer = client.json("logs.DescribeLogGroups", "{}").unwrap();
        assert_eq!(answer.status, 200, "{answer:?}");
    }
    drop(silent);
}

/// Requests for which there is no room, and which nobody waits for any more.
#[test]
fn requests_whose_client_has_gone_keep_nobody_out() {
    let (dir, _running) = start_with(Limits { connections: 100, ..Limits::default() });
    for _ in 0..200 {
        connect(dir.path(), "ecr.api").send(format!("{UPLOAD}x").as_bytes()).unwrap();
    }
    for address in ["10.0.0.2", "10.0.0.3"] {
        let mut client = connect_from(dir.path(), "logs", address);
        client.0.get_mut().set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        assert_eq!(client.json("logs.DescribeLogGroups", "{}").unwrap().status, 200);
    }
}

/// Searches use every processor, so a task has one at a time.
#[test]
fn a_task_that_searches_without_end_keeps_no_other_waiting() {
    let (dir, running) = start();
    let t = now();
    let mut user = make_stream(&running);
    let message = "x".repeat(1000);
    let event = format!(r#"{{"timestamp": {t}, "message": "{message}"}}"#);
    let events = vec![event; 1000].join(",");
    let batch = format!(r#"{{"logGroupName": "/app", "logStreamName": "s", "logEvents": [{events}]}}"#);
    for _ in 0..12 {
        assert_eq!(user.json("logs.PutLogEvents", &batch).unwrap().status, 200);
    }
    let search = r#"{"logGroupName": "/app", "filterPattern": "%x+y%"}"#;
    let answered = Arc::new(AtomicUsize::new(0));
    let greedy: Vec<_> = (0..20)
        .map(|_| {
            let (mut client, answered) = (connect(dir.path(), "logs"), answered.clone());
            std::thread::spawn(move || {
                let answer = client.json("logs.FilterLogEvents", search).unwrap();
                answered.fetch_add(1, Ordering::SeqCst);
                answer.status
            })
        })
        .collect();
    while answered.load(Ordering::SeqCst) == 0 {
        std::thread::yield_now();
    }
    let before = answered.load(Ordering::SeqCst);
    let answer = connect_from(dir.path(), "logs", "10.0.0.2").json("logs.FilterLogEvents", search).unwrap();
    assert_eq!(answer.status, 200, "{answer:?}");
    let meanwhile = answered.load(Ordering::SeqCst) - before;
    assert!(meanwhile < 8, "{meanwhile} of the other's searches were answered meanwhile");
    assert!(greedy.into_iter().all(|searching| searching.join().unwrap() == 200));
}

#[test]
fn what_names_no_service_is_cut_off() {
    let (dir, _running) = start();
    for line in ["", "nothing", "GET / HTTP/1.1\r", "logs 80 1 10.0.0.1 x\nlogs", &"x".repeat(200)] {
        let mut end = Vec::new();
        // Cut off with unread bytes it may be a reset; either way nothing is answered.
        let _ = connect(dir.path(), line).0.read_to_end(&mut end);
        assert_eq!(end, b"", "{line}");
    }
}

#[test]
fn only_its_owner_may_use_the_socket_and_it_ends_with_the_server() {
    let (dir, running) = start();
    let socket = dir.path().join(server::AWS_SOCKET);
    assert_eq!(std::fs::metadata(&socket).unwrap().permissions().mode() & 0o777, 0o600);
    running.stop();
    assert!(!socket.exists());
}
