//! SIGKILL at any moment of a write load: after the restart everything acknowledged is there, and of what was under way all or nothing.

use crate::common::{Answer, Client, Running, config};
use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

const ROUNDS: u64 = 50;
const DIR: &str = "NEARGATE_TEST_DATA_DIR";

/// The process that is killed: this file again, as a server.
#[test]
#[ignore = "run by the test beside it"]
fn child() {
    let dir = std::env::var(DIR).unwrap();
    let running = Running::start(config(Path::new(&dir))).unwrap();
    println!("\nready {}", running.address());
    loop {
        std::thread::park();
    }
}

/// Ends with the test, however that does.
struct Victim(Child, SocketAddr);
impl Victim {
    fn spawn(dir: &Path) -> Child {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command
            .args(["--ignored", "--exact", "kill::child", "--nocapture"])
            .env(DIR, dir)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap()
    }
    fn start(dir: &Path) -> Self {
        let mut child = Self::spawn(dir);
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let address = lines
            .find_map(|line| line.unwrap().strip_prefix("ready ").map(|address| address.parse().unwrap()))
            .expect("the child starts");
        Self(child, address)
    }
}
impl Drop for Victim {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// What each of three writers was told is kept: the number it has come to.
#[derive(Debug, Default, Clone, Copy)]
struct Acknowledged {
    clusters: u64,
    tags: u64,
    lines: u64,
}

/// Writes numbers upwards from `from` until the connection breaks; returns the last that was acknowledged.
fn write(
    address: SocketAddr,
    from: u64,
    mut call: impl FnMut(&mut Client<TcpStream>, u64) -> std::io::Result<Answer>,
) -> u64 {
    let Ok(stream) = TcpStream::connect(address) else { return from };
    let mut client = Client::new(stream);
    let mut done = from;
    loop {
        match call(&mut client, done + 1) {
            Ok(answer) if answer.status == 200 => done += 1,
            // It was kept by a server that did not live to say so.
            Ok(answer) if answer.body.contains("AlreadyExists") => done += 1,
            Ok(answer) => panic!("{}", answer.body),
            Err(_) => return done,
        }
    }
}

/// One transaction over records of five kinds: all of them get the same tag.
fn tagged(client: &mut Client<TcpStream>) -> Vec<String> {
    let mut ids = Vec::new();
    for (action, tag) in [
        ("DescribeVpcs", "vpcId"),
        ("DescribeSubnets", "subnetId"),
        ("DescribeSecurityGroups", "groupId"),
        ("DescribeInternetGateways", "internetGatewayId"),
        ("DescribeNetworkAcls", "networkAclId"),
    ] {
        let body = client.ec2(&format!("Action={action}")).unwrap().body;
        ids.extend(body.split(&format!("<{tag}>")).skip(1).map(|rest| rest.split('<').next().unwrap().to_owned()));
    }
    ids.sort();
    ids.dedup();
    ids
}

#[test]
fn everything_acknowledged_survives_and_nothing_is_half_there() {
    let dir = tempfile::tempdir().unwrap();
    let mut known = Acknowledged::default();
    for round in 0..ROUNDS {
        let mut victim = Victim::start(dir.path());
        let address = victim.1;
        let mut client = Client::tcp(address);
        let ids = tagged(&mut client);
        assert!(ids.len() >= 7, "{ids:?}");
        if round == 0 {
            client.json("logs.CreateLogGroup", "{\"logGroupName\": \"g\"}").unwrap();
            client.json("logs.CreateLogStream", "{\"logGroupName\": \"g\", \"logStreamName\": \"s\"}").unwrap();
        } else {
            known = check(&mut client, known, ids.len());
        }
        let form: String = ids.iter().enumerate().map(|(n, id)| format!("&ResourceId.{}={id}", n + 1)).collect();
        let writers = [
            std::thread::spawn(move || {
                write(address, known.clusters, |client, n| {
                    client.json("ecs.CreateCluster", &format!("{{\"clusterName\": \"c{n}\"}}"))
                })
            }),
            std::thread::spawn(move || {
                write(address, known.tags, |client, n| {
                    client.ec2(&format!("Action=CreateTags{form}&Tag.1.Key=n&Tag.1.Value={n}"))
                })
            }),
            std::thread::spawn(move || write(address, known.lines, put_line)),
        ];
        std::thread::sleep(Duration::from_micros(round * 7919 % 60_000));
        victim.0.kill().unwrap();
        let [clusters, tags, lines] = writers.map(|writer| writer.join().unwrap());
        known = Acknowledged { clusters, tags, lines };
    }
    let last = Victim::start(dir.path());
    let mut client = Client::tcp(last.1);
    let count = tagged(&mut client).len();
    let end = check(&mut client, known, count);
    assert!(end.clusters > 0 && end.tags > 0 && end.lines > 0, "nothing was written: {end:?}");
    println!("{ROUNDS} kills; written: {end:?}");
}

#[test]
fn a_kill_while_starting_leaves_a_directory_that_starts() {
    let dir = tempfile::tempdir().unwrap();
    for round in 0..40 {
        let data_dir = dir.path().join(format!("{}", round / 4));
        let mut child = Victim::spawn(&data_dir);
        std::thread::sleep(Duration::from_micros(round * 1_500));
        child.kill().unwrap();
        child.wait().unwrap();
    }
    for place in 0..10 {
        let victim = Victim::start(&dir.path().join(format!("{place}")));
        let vpcs = Client::tcp(victim.1).ec2("Action=DescribeVpcs").unwrap().body;
        assert_eq!(vpcs.matches("<isDefault>true</isDefault>").count(), 1, "{vpcs}");
    }
}

/// The start of every value that is written.
const VALUE: &str = "hunter2-";

/// Writes a secret, which is new with the first number, and a secure parameter with the number in them.
fn write_secret(client: &mut Client<TcpStream>, name: &str, first: u64, n: u64) -> std::io::Result<Answer> {
    let (value, token) = (format!("{VALUE}{n:04}"), format!("00000000-0000-4000-8000-{n:012}"));
    let (call, body) = match n == first {
        true => ("CreateSecret", format!("\"Name\": \"{name}\", \"SecretString\": \"{value}\"")),
        false => ("PutSecretValue", format!("\"SecretId\": \"{name}\", \"SecretString\": \"{value}\"")),
    };
    let parameter =
        format!("\"Name\": \"/key\", \"Value\": \"{value}\", \"Type\": \"SecureString\", \"Overwrite\": true");
    client.json("ssm.PutParameter", &format!("{{{parameter}}}"))?;
    client.json(&format!("secretsmanager.{call}"), &format!("{{{body}, \"ClientRequestToken\": \"{token}\"}}"))
}

/// Every file below a directory, whole.
fn files(directory: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let entries = std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    entries
        .flat_map(|path| match path.is_dir() {
            true => files(&path),
            false => std::fs::read(&path).map(|bytes| (path, bytes)).into_iter().collect(),
        })
        .collect()
}

#[test]
fn secret_values_survive_and_lie_open_in_no_file() {
    let dir = tempfile::tempdir().unwrap();
    // A secret has at most a hundred versions, so each round has its own.
    let (mut known, mut written) = (0, String::new());
    for round in 0..10 {
        let mut victim = Victim::start(dir.path());
        let address = victim.1;
        if known > 0 {
            let mut client = Client::tcp(address);
            let secret =
                client.json("secretsmanager.GetSecretValue", &format!("{{\"SecretId\": \"{written}\"}}")).unwrap().body;
            let parameter =
                client.json("ssm.GetParameter", "{\"Name\": \"/key\", \"WithDecryption\": true}").unwrap().body;
            let numbers = [secret, parameter].map(|body| {
                let value = body.split(VALUE).nth(1).unwrap_or_else(|| panic!("{body}"));
                value.get(..4).unwrap().parse::<u64>().unwrap()
            });
            assert!(numbers.iter().all(|n| (known..=known + 1).contains(n)), "{numbers:?} after {known}");
            known = numbers[0];
        }
        let (before, name) = (known, format!("key{round}"));
        let of = name.clone();
        let writer =
            std::thread::spawn(move || write(address, before, |client, n| write_secret(client, &of, before + 1, n)));
        std::thread::sleep(Duration::from_micros(5_000 + round * 7919 % 40_000));
        victim.0.kill().unwrap();
        known = writer.join().unwrap();
        if known > before {
            written = name;
        }
        for (path, bytes) in files(dir.path()) {
            let found = bytes.windows(VALUE.len()).any(|window| window == VALUE.as_bytes());
            assert!(!found, "a secret value is in {}", path.display());
        }
    }
    assert!(known > 0, "nothing was written");
}

fn put_line(client: &mut Client<TcpStream>, n: u64) -> std::io::Result<Answer> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis();
    client.json("logs.PutLogEvents", &format!("{{\"logGroupName\": \"g\", \"logStreamName\": \"s\", \"logEvents\": [{{\"timestamp\": {now}, \"message\": \"<{n}>\"}}]}}"))
}

/// Finds every acknowledged write, and at most one more of each writer; returns what there is.
fn check(client: &mut Client<TcpStream>, known: Acknowledged, resources: usize) -> Acknowledged {
    let mut clusters = BTreeSet::new();
    let mut token = String::new();
    loop {
        let page = client.json("ecs.ListClusters", &format!("{{{token}}}")).unwrap().body;
        let page: serde_json::Value = serde_json::from_str(&page).unwrap();
        clusters.extend(
            page["clusterArns"]
                .as_array()
                .unwrap()
                .iter()
                .map(|arn| arn.as_str().unwrap().rsplit_once("/c").unwrap().1.parse::<u64>().unwrap()),
        );
        let Some(next) = page["nextToken"].as_str() else { break };
        token = format!("\"nextToken\": \"{next}\"");
    }
    let last = clusters.last().copied().unwrap_or(0);
    assert_eq!(clusters.len() as u64, last, "clusters have a gap");
    assert!((known.clusters..=known.clusters + 1).contains(&last), "clusters: {last} after {known:?}");

    let tags = client.ec2("Action=DescribeTags&Filter.1.Name=key&Filter.1.Value.1=n").unwrap().body;
    let values: Vec<u64> =
        tags.split("<value>").skip(1).map(|rest| rest.split('<').next().unwrap().parse().unwrap()).collect();
    let tag = values.first().copied().unwrap_or(0);
    assert!(
        values.iter().all(|value| *value == tag) && (values.is_empty() || values.len() == resources),
        "a transaction is half there: {values:?}"
    );
    assert!((known.tags..=known.tags + 1).contains(&tag), "tags: {tag} after {known:?}");

    let mut lines = Vec::new();
    let mut token = String::new();
    loop {
        let page = client.json("logs.FilterLogEvents", &format!("{{\"logGroupName\": \"g\"{token}}}")).unwrap().body;
        lines.extend(
            page.split("\"message\":\"<").skip(1).map(|rest| rest.split('>').next().unwrap().parse::<u64>().unwrap()),
        );
        let page: serde_json::Value = serde_json::from_str(&page).unwrap();
        let Some(next) = page["nextToken"].as_str() else { break };
        token = format!(", \"nextToken\": \"{next}\"");
    }
    let line = lines.last().copied().unwrap_or(0);
    assert!(lines.iter().copied().eq(1..=line), "log events have a gap or a double: {lines:?}");
    assert!((known.lines..=known.lines + 1).contains(&line), "lines: {line} after {known:?}");
    Acknowledged { clusters: last, tags: tag, lines: line }
}
