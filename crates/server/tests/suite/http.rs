//! What clients get over real connections, well-behaved and not.

use crate::common::{Client, Running, config};
use std::io::{Read, Write};
use std::time::{Duration, Instant};

fn start() -> (tempfile::TempDir, Running) {
    let dir = tempfile::tempdir().unwrap();
    let running = Running::start(config(dir.path())).unwrap();
    (dir, running)
}

#[test]
fn a_region_answers_and_keeps_what_it_answered() {
    let dir = tempfile::tempdir().unwrap();
    let running = Running::start(config(dir.path())).unwrap();
    let mut client = running.connect();
    let health = client.request("GET", "/_neargate/health", &[], b"").unwrap();
    assert_eq!(health.status, 200);
    assert!(health.body.contains("\"status\":\"ready\""), "{}", health.body);
    let made = client.json("ecs.CreateCluster", "{\"clusterName\": \"demo\"}").unwrap();
    assert_eq!(made.status, 200, "{}", made.body);
    assert!(made.head.to_ascii_lowercase().contains("x-amzn-requestid: "), "{}", made.head);
    let vpcs = client.ec2("Action=DescribeVpcs").unwrap();
    assert!(vpcs.body.contains("<cidrBlock>172.31.0.0/16</cidrBlock>"), "{}", vpcs.body);
    let topology = client.request("GET", "/_neargate/topology", &[], b"").unwrap();
    let topology: vpc::Topology = serde_json::from_str(&topology.body).unwrap();
    let default = topology.vpcs.values().next().unwrap();
    assert_eq!((topology.region.as_str(), default.cidrs[0].to_string()), ("us-east-1", "172.31.0.0/16".to_owned()));
    assert!(!default.subnets.is_empty() && !default.security_groups.is_empty());
    running.stop();
    let again = Running::start(config(dir.path())).unwrap();
    let listed = again.connect().json("ecs.ListClusters", "{}").unwrap();
    assert!(listed.body.contains("cluster/demo"), "{}", listed.body);
    again.stop();
}

/// `<img src="http://127.0.0.1:4566/?Action=…">` on any page a user visits is such a request.
#[test]
fn a_link_on_a_web_page_changes_nothing() {
    let (_dir, running) = start();
    let mut client = running.connect();
    let call = |action: &str| format!("/?Action={action}&Version=2016-11-15&CidrBlock=10.7.0.0/16");
    let made = client.request("GET", &call("CreateVpc"), &[], b"").unwrap();
    assert_eq!(made.status, 403, "{made:?}");
    let key = "/?Action=CreateAccessKey&Version=2010-05-08&X-Amz-Credential=a/20260131/us-east-1/iam/aws4_request";
    let made = client.request("GET", key, &[], b"").unwrap();
    assert!(made.status == 403 && made.body.contains("Use POST"), "{made:?}");
    let vpcs = client.request("GET", &call("DescribeVpcs").replace("&CidrBlock=10.7.0.0/16", ""), &[], b"").unwrap();
    assert!(vpcs.status == 200 && !vpcs.body.contains("10.7.0.0/16"), "{vpcs:?}");
    let scope = "AWS4-HMAC-SHA256 Credential=AKIA/20260131/us-east-1/ec2/aws4_request, Signature=00";
    let signed = client.request("GET", &call("CreateVpc"), &[("Authorization", scope)], b"").unwrap();
    assert_eq!(signed.status, 200, "no page can add that header: {signed:?}");
}

#[test]
fn the_gateways_of_networks_are_shown() {
    let (_dir, running) = start();
    let mut client = running.connect();
    let mut call = |query: &str, element: &str| {
        let answer = client.ec2(query).unwrap();
        let found = answer.body.split_once(&format!("<{element}>")).and_then(|(_, rest)| rest.split_once('<'));
        found.map(|(text, _)| text.to_owned()).unwrap_or_else(|| panic!("{query}: {}", answer.body))
    };
    let vpc = call("Action=CreateVpc&CidrBlock=10.0.0.0/16", "vpcId");
    let subnet = call(&format!("Action=CreateSubnet&VpcId={vpc}&CidrBlock=10.0.0.0/24"), "subnetId");
    let other = call("Action=CreateVpc&CidrBlock=10.3.0.0/16", "vpcId");
    let peering =
        call(&format!("Action=CreateVpcPeeringConnection&VpcId={vpc}&PeerVpcId={other}"), "vpcPeeringConnectionId");
    let nat = format!("Action=CreateNatGateway&SubnetId={subnet}&ConnectivityType=private&PrivateIpAddress=10.0.0.9");
    let nat = call(&nat, "natGatewayId");
    let service = "ServiceName=com.amazonaws.us-east-1.s3";
    let endpoint = call(&format!("Action=CreateVpcEndpoint&VpcId={vpc}&{service}"), "vpcEndpointId");
    let shown = running.connect().request("GET", "/_neargate/networks", &[], b"").unwrap();
    let shown: serde_json::Value = serde_json::from_str(&shown.body).unwrap();
    let of = |id: &str| shown["vpcs"].as_array().unwrap().iter().find(|one| one["vpc"] == id).unwrap().clone();
    assert_eq!(
        (of(&vpc)["cidrs"][0].as_str(), &of(&vpc)["internetGateway"]),
        (Some("10.0.0.0/16"), &serde_json::Value::Null)
    );
    let gateway = of(&vpc)["natGateways"][0].clone();
    assert_eq!(
        (gateway["natGateway"].as_str(), gateway["addresses"][0]["privateAddress"].as_str()),
        (Some(&*nat), Some("10.0.0.9"))
    );
    let shown = of(&vpc)["endpoints"][0].clone();
    assert_eq!(
        (shown["endpoint"].as_str(), shown["service"].as_str(), shown["type"].as_str()),
        (Some(&*endpoint), Some("s3"), Some("Gateway"))
    );
    for (id, far) in [(&vpc, &other), (&other, &vpc)] {
        let expected = serde_json::json!([{ "peering": peering, "status": "pending-acceptance", "vpc": far }]);
        assert_eq!(of(id)["peerings"], expected);
    }
    running.stop();
}

#[test]
fn calls_of_nothing_there_is_are_refused_in_the_services_own_manner() {
    let (_dir, running) = start();
    let mut client = running.connect();
    let unknown = client.json("ecs.MakeCoffee", "{}").unwrap();
    assert_eq!((unknown.status, unknown.body.contains("UnknownOperationException")), (400, true), "{}", unknown.body);
    let unlisted = client.json("logs.StartQuery", "{}").unwrap();
    assert_eq!((unlisted.status, unlisted.body.contains("StartQuery")), (501, true), "{}", unlisted.body);
    let broken = client.json("ecs.CreateCluster", "{\"clusterName\": \"a\" \"tags\": []}").unwrap();
    assert_eq!((broken.status, broken.body.contains("SerializationException")), (400, true), "{}", broken.body);
    let ec2 = client.ec2("Action=DescribeCoffee").unwrap();
    assert_eq!((ec2.status, ec2.body.contains("<Code>InvalidAction</Code>")), (400, true), "{}", ec2.body);
    let missing = client.request("GET", "/", &[], b"").unwrap();
    assert_eq!((missing.status, missing.body.contains("MissingAction")), (400, true), "{}", missing.body);
    let route = client.request("GET", "/_neargate/nothing", &[], b"").unwrap();
    assert_eq!((route.status, route.body.contains("/_neargate/nothing")), (404, true), "{}", route.body);
}

#[test]
fn hosts_routes_are_at_the_unix_socket_only() {
    use std::os::unix::fs::PermissionsExt;
    let (dir, running) = start();
    let paths = [
        "/_neargate/sync",
        "/_neargate/credentials",
        "/_neargate/certificates",
        "/_neargate/cloudformation/CreateStack",
    ];
    for path in paths {
        assert_eq!(running.connect().request("POST", path, &[], b"{}").unwrap().status, 404);
        assert_eq!(
            running.connect_unix().request("POST", path, &[], b"{}").unwrap().status,
            400,
            "there, but not understood"
        );
    }
    let mode = std::fs::metadata(dir.path().join(server::SOCKET)).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert_eq!(running.connect_unix().request("GET", "/_neargate/health", &[], b"").unwrap().status, 200);
}

#[test]
fn the_command_line_asks_cloudformation_in_json() {
    let (_dir, running) = start();
    let ask = |operation: &str, input: &str| {
        let path = format!("/_neargate/cloudformation/{operation}");
        let answer = running.connect_unix().request("POST", &path, &[], input.as_bytes()).unwrap();
        (answer.status, answer.body)
    };
    assert_eq!(ask("DescribeStacks", "{}"), (200, r#"{"Stacks":[]}"#.to_owned()));
    let (status, refused) = ask("UpdateStack", r#"{"StackName": "shop", "TemplateBody": "{}"}"#);
    assert_eq!((status, refused.contains("ValidationError") && refused.contains("[shop]")), (400, true), "{refused}");
    let (status, refused) = ask("MakeCoffee", "{}");
    assert_eq!((status, refused.contains("MakeCoffee")), (501, true), "{refused}");
    let long = format!(r#"{{"StackName": "shop", "TemplateBody": "{}"}}"#, "#".repeat(1 << 20) + "#");
    let (status, refused) = ask("CreateStack", &long);
    assert_eq!((status, refused.contains("may not exceed 1048576 bytes")), (400, true), "{refused}");
}

#[test]
fn other_peoples_names_and_web_pages_are_refused() {
    let (_dir, running) = start();
    let evil = running
        .connect()
        .request("POST", "/", &[("Host", "evil.example:4566")], b"Action=DescribeVpcs&Version=2016-11-15")
        .unwrap();
    assert_eq!((evil.status, evil.body.contains("evil.example")), (403, true), "{}", evil.body);
    let page =
        running.connect().request("POST", "/_neargate/reset", &[("Origin", "https://evil.example")], b"").unwrap();
    assert_eq!((page.status, page.body.contains("https://evil.example")), (403, true), "{}", page.body);
    let aws = running
        .connect()
        .request("POST", "/", &[("Host", "ec2.us-east-1.amazonaws.com")], b"Action=DescribeVpcs&Version=2016-11-15")
        .unwrap();
    assert_eq!(aws.status, 200);
}

#[test]
fn a_body_that_is_too_long_is_refused_whether_it_says_so_or_not() {
    let (_dir, running) = start();
    let target = [
        ("X-Amz-Target", "AmazonEC2ContainerServiceV20141113.CreateCluster"),
        ("Content-Type", "application/x-amz-json-1.1"),
    ];
    let header = |more: &str| {
        let fields: String = target.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        format!("POST / HTTP/1.1\r\nHost: localhost\r\n{fields}{more}\r\n")
    };
    let mut says = running.connect();
    says.send(header("Content-Length: 2000000\r\nExpect: 100-continue\r\n").as_bytes()).unwrap();
    let refused = says.answer().unwrap();
    assert_eq!((refused.status, refused.body.contains("RequestEntityTooLarge")), (413, true), "{}", refused.body);

    let mut chunked = running.connect();
    chunked.send(header("Transfer-Encoding: chunked\r\n").as_bytes()).unwrap();
    let chunk = format!("10000\r\n{}\r\n", "x".repeat(0x10000));
    // The server may close while the client still sends.
    let _ = (0..17).try_for_each(|_| chunked.send(chunk.as_bytes()));
    assert_eq!(chunked.answer().unwrap().status, 413);

    let mut waits = running.connect();
    waits.send(header("Content-Length: 2\r\nExpect: 100-continue\r\n").as_bytes()).unwrap();
    assert_eq!(waits.answer().unwrap().status, 100);
    waits.send(b"{}").unwrap();
    assert_eq!(waits.answer().unwrap().status, 200);
}

#[test]
fn a_compressed_body_is_read_and_another_compression_refused() {
    let (_dir, running) = start();
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    packer.write_all(b"Action=DescribeVpcs&Version=2016-11-15").unwrap();
    let packed = packer.finish().unwrap();
    let answer = running.connect().request("POST", "/", &[("Content-Encoding", "gzip")], &packed).unwrap();
    assert!(answer.body.contains("DescribeVpcsResponse"), "{}", answer.body);
    let other = running.connect().request("POST", "/", &[("Content-Encoding", "br")], &packed).unwrap();
    assert_eq!((other.status, other.body.contains("br")), (415, true), "{}", other.body);
}

#[test]
fn garbage_and_breaking_off_end_one_connection_only() {
    let (_dir, running) = start();
    let mut kept = running.connect();
    for garbage in [&b"\x16\x03\x01\x02\x00\x01\x00\x01"[..], b"GET\r\n\r\n", b"\0\0\0\0\r\n\r\n", &[b'a'; 200_000]] {
        let mut client = running.connect();
        let _ = client.send(garbage);
        let _ = client.0.get_ref().shutdown(std::net::Shutdown::Write);
        let mut rest = Vec::new();
        let _ = client.0.read_to_end(&mut rest);
        assert!(rest.is_empty() || rest.starts_with(b"HTTP/1.1 4"), "{}", String::from_utf8_lossy(&rest));
    }
    let mut broken = running.connect();
    broken.send(b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\nAction=").unwrap();
    drop(broken);
    assert_eq!(kept.request("GET", "/_neargate/health", &[], b"").unwrap().status, 200);
}

#[test]
fn a_slow_client_is_let_go() {
    let dir = tempfile::tempdir().unwrap();
    let mut config = config(dir.path());
    config.limits.header_time = Duration::from_millis(200);
    config.limits.body_time = Duration::from_millis(200);
    let running = Running::start(config).unwrap();
    let begun = Instant::now();
    let mut header = running.connect();
    header.send(b"POST / HTTP/1.1\r\nHost:").unwrap();
    let mut rest = Vec::new();
    let _ = header.0.read_to_end(&mut rest);
    let mut body = running.connect();
    body.send(b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\nAction=").unwrap();
    assert_eq!(body.answer().unwrap().status, 408);
    assert!(begun.elapsed() < Duration::from_secs(10));
}

#[test]
fn no_more_connections_than_allowed_are_served_and_the_rest_wait() {
    let dir = tempfile::tempdir().unwrap();
    let mut config = config(dir.path());
    config.limits.connections = 2;
    let running = Running::start(config).unwrap();
    let mut open: Vec<Client<_>> = (0..2).map(|_| running.connect()).collect();
    open.iter_mut()
        .for_each(|client| assert_eq!(client.request("GET", "/_neargate/health", &[], b"").unwrap().status, 200));
    let mut third = running.connect();
    third.send(b"GET /_neargate/health HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    third.0.get_ref().set_read_timeout(Some(Duration::from_millis(100))).unwrap();
    assert!(third.answer().is_err(), "it waits");
    open.pop();
    third.0.get_ref().set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    assert_eq!(third.answer().unwrap().status, 200);
}

#[test]
fn what_can_not_start_says_why_and_what_to_do() {
    let (dir, running) = start();
    let said = |config| Running::start(config).err().unwrap().to_string();
    let twice = said(config(dir.path()));
    assert!(twice.contains("in use by process") && twice.contains("--data-dir"), "{twice}");
    let other = tempfile::tempdir().unwrap();
    let taken = said(server::Config { listen: running.address(), ..config(other.path()) });
    assert!(taken.contains(&running.address().to_string()) && taken.contains("--listen"), "{taken}");
    running.stop();
    let region = said(server::Config { region: "eu-west-1".to_owned(), ..config(dir.path()) });
    assert!(region.contains("--region us-east-1"), "{region}");
    let long = other.path().join("x".repeat(100));
    let path = said(config(&long));
    assert!(path.contains("107 bytes"), "{path}");
    Running::start(config(dir.path())).unwrap().stop();
}
