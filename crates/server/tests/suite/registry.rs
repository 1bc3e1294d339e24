//! The registry over real connections: what is there after a restart, and at which doors.

use crate::common::{Answer, Client, Running, config};
use images::digest::Digest;
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;

const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";

/// A connection that calls Amazon ECR and its registry.
struct Ecr<S: Read + Write> {
    client: Client<S>,
    authorization: String,
}

impl<S: Read + Write> Ecr<S> {
    fn new(client: Client<S>) -> Self {
        Self { client, authorization: String::new() }
    }

    fn call(&mut self, operation: &str, body: &Value) -> Answer {
        let target = format!("AmazonEC2ContainerRegistry_V20150921.{operation}");
        let headers = [("X-Amz-Target", target.as_str()), ("Content-Type", "application/x-amz-json-1.1")];
        self.client.request("POST", "/", &headers, body.to_string().as_bytes()).unwrap()
    }

    fn login(&mut self) {
        let answer = self.call("GetAuthorizationToken", &json!({}));
        let answer: Value = serde_json::from_str(&answer.body).unwrap();
        self.authorization =
            format!("Basic {}", answer["authorizationData"][0]["authorizationToken"].as_str().unwrap());
    }

    fn request(&mut self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        let authorization = self.authorization.clone();
        let headers = [&[("Authorization", authorization.as_str())], headers].concat();
        self.client.request(method, path, &headers, body).unwrap()
    }

    #[track_caller]
    fn push_blob(&mut self, content: &[u8]) -> Digest {
        let digest = Digest::of(content);
        let answer = self.request("POST", &format!("/v2/app/blobs/uploads/?digest={digest}"), &[], content);
        assert_eq!(answer.status, 201, "{answer:?}");
        digest
    }

    #[track_caller]
    fn push_image(&mut self, tag: &str, layer: &[u8]) -> Digest {
        let blob = |content: &[u8], digest: Digest| json!({ "mediaType": "application/octet-stream", "digest": digest.to_string(), "size": content.len() });
        let (config, pushed) = (self.push_blob(b"{}"), self.push_blob(layer));
        let manifest = json!({
            "schemaVersion": 2, "mediaType": MANIFEST, "config": blob(b"{}", config), "layers": [blob(layer, pushed)]
        });
        let manifest = manifest.to_string();
        let path = format!("/v2/app/manifests/{tag}");
        let answer = self.request("PUT", &path, &[("Content-Type", MANIFEST)], manifest.as_bytes());
        assert_eq!(answer.status, 201, "{answer:?}");
        Digest::of(manifest.as_bytes())
    }
}

fn endpoint(data_dir: &Path, service: &str) -> Ecr<UnixStream> {
    let mut stream = UnixStream::connect(data_dir.join(server::AWS_SOCKET)).unwrap();
    stream.write_all(format!("{service} 80 1 10.0.0.1\n").as_bytes()).unwrap();
    Ecr::new(Client::new(stream))
}

fn start(dir: &Path) -> (Running, Ecr<std::net::TcpStream>) {
    let running = Running::start(config(dir)).unwrap();
    let mut ecr = Ecr::new(running.connect());
    ecr.call("CreateRepository", &json!({ "repositoryName": "app" }));
    ecr.login();
    (running, ecr)
}

#[test]
fn images_tokens_and_nothing_half_are_there_after_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let (running, mut ecr) = start(dir.path());
    let digest = ecr.push_image("v1", b"a layer");
    let begun = ecr.request("POST", "/v2/app/blobs/uploads/", &[], b"");
    assert_eq!(begun.status, 202);
    let files = |part: &str| std::fs::read_dir(dir.path().join("registry").join(part)).unwrap().count();
    assert_eq!((files("tmp"), files("blobs/sha256")), (1, 3));
    let authorization = ecr.authorization.clone();
    drop(ecr);
    running.stop();
    let running = Running::start(config(dir.path())).unwrap();
    let mut again = Ecr { client: running.connect(), authorization };
    let pulled = again.request("GET", "/v2/app/manifests/v1", &[], b"");
    assert_eq!((pulled.status, Digest::of(pulled.body.as_bytes())), (200, digest));
    assert_eq!((files("tmp"), files("blobs/sha256")), (0, 3));
    running.stop();
}

#[test]
fn tasks_reach_the_registry_at_its_own_endpoint_and_its_api_at_the_other() {
    let dir = tempfile::tempdir().unwrap();
    let (_running, mut ecr) = start(dir.path());
    ecr.push_image("v1", b"a layer");
    let mut api = endpoint(dir.path(), "ecr.api");
    api.login();
    assert_eq!(api.request("GET", "/v2/app/manifests/v1", &[], b"").status, 400, "the API's endpoint is no registry");
    let mut registry = endpoint(dir.path(), "ecr.dkr");
    assert_eq!(registry.client.request("GET", "/v2/", &[], b"").unwrap().status, 401);
    registry.authorization = api.authorization;
    assert_eq!(registry.request("GET", "/v2/", &[], b"").status, 200);
    assert_eq!(registry.request("GET", "/v2/app/manifests/v1", &[], b"").status, 200);
    assert_eq!(registry.request("GET", "/_neargate/status", &[], b"").status, 404);
    let logs = endpoint(dir.path(), "logs").client.request("GET", "/v2/", &[], b"").unwrap();
    assert_eq!(logs.status, 400, "another service's endpoint is none");
}

#[test]
fn tasks_are_sent_to_s3_for_the_bytes_of_layers() {
    const BUCKET: &str = "prod-us-east-1-starport-layer-bucket.s3.us-east-1.amazonaws.com";
    let dir = tempfile::tempdir().unwrap();
    let (_running, mut ecr) = start(dir.path());
    ecr.push_image("v1", b"a layer");
    let blob = format!("/v2/app/blobs/{}", Digest::of(b"a layer"));
    assert_eq!(ecr.request("GET", &blob, &[], b"").body, "a layer", "the user's own tools get it at once");
    let mut registry = endpoint(dir.path(), "ecr.dkr");
    registry.authorization = ecr.authorization.clone();
    assert_eq!(registry.client.request("GET", &blob, &[], b"").unwrap().status, 401);
    let sent = registry.request("GET", &blob, &[], b"");
    assert_eq!((sent.status, sent.body.as_str()), (307, ""));
    let location = sent.head.lines().find_map(|line| line.strip_prefix("location: ")).unwrap();
    let path = location.strip_prefix(&format!("https://{BUCKET}")).unwrap();
    let mut s3 = endpoint(dir.path(), "s3").client;
    let mut get = |method: &str, host: &str, path: &str| s3.request(method, path, &[("Host", host)], b"").unwrap();
    let found = get("GET", BUCKET, path);
    assert_eq!((found.status, found.body.as_str()), (200, "a layer"));
    assert!(!found.head.contains("docker-"), "{}", found.head);
    for (method, path, status, code) in [
        ("GET", path.replace("X-Amz-Date=2", "X-Amz-Date=3"), 403, "SignatureDoesNotMatch"),
        ("GET", path.split('?').next().unwrap().to_owned(), 403, "AccessDenied"),
        ("GET", path.replace("&X-Amz-SignedHeaders=host", ""), 400, "AuthorizationQueryParametersError"),
        ("DELETE", path.to_owned(), 403, "SignatureDoesNotMatch"),
    ] {
        let refused = get(method, BUCKET, &path);
        let xml = format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{code}</Code><Message>");
        assert!(refused.status == status && refused.body.starts_with(&xml), "{refused:?}");
    }
    assert_eq!(get("GET", &BUCKET.replace("prod", "test"), path).status, 404, "there is no such bucket");
    let logs = endpoint(dir.path(), "logs").client.request("GET", path, &[("Host", BUCKET)], b"").unwrap();
    assert!(logs.status >= 400, "nor is this one anywhere else: {logs:?}");
    assert_eq!(registry.request("GET", path, &[("Host", BUCKET)], b"").status, 404);
}

#[test]
fn a_push_that_breaks_off_leaves_no_blob_and_can_be_gone_on_with() {
    let dir = tempfile::tempdir().unwrap();
    let (running, mut ecr) = start(dir.path());
    let begun = ecr.request("POST", "/v2/app/blobs/uploads/", &[], b"");
    let location = begun.head.lines().find_map(|line| line.strip_prefix("location: ")).unwrap().to_owned();
    let mut other = running.connect();
    let head = format!(
        "PATCH {location} HTTP/1.1\r\nHost: localhost\r\nAuthorization: {}\r\nContent-Length: 10\r\n\r\nabc",
        ecr.authorization
    );
    other.send(head.as_bytes()).unwrap();
    drop(other);
    // The server notices some time later, and counts what came. Until then nobody else may send: it might be the first one who is refused.
    while !ecr.request("GET", &location, &[], b"").head.contains("range: 0-2") {
        std::thread::yield_now();
    }
    let status = ecr.request("PATCH", &location, &[("Content-Range", "3-5")], b"def");
    assert_eq!(status.status, 202, "{status:?}");
    let digest = Digest::of(b"abcdef");
    let done = ecr.request("PUT", &format!("{location}?digest={digest}"), &[], b"");
    assert_eq!(done.status, 201, "{done:?}");
    assert_eq!(ecr.request("GET", &format!("/v2/app/blobs/{digest}"), &[], b"").body, "abcdef");
}

#[test]
fn a_manifest_too_long_is_refused_before_it_is_read() {
    let dir = tempfile::tempdir().unwrap();
    let (_running, mut ecr) = start(dir.path());
    let head = format!(
        "PUT /v2/app/manifests/v1 HTTP/1.1\r\nHost: localhost\r\nAuthorization: {}\r\nContent-Length: 4194305\r\n\r\n",
        ecr.authorization
    );
    ecr.client.send(head.as_bytes()).unwrap();
    let answer = ecr.client.answer().unwrap();
    assert!(answer.status == 413 && answer.body.contains("SIZE_INVALID"), "{answer:?}");
}

/// What refers to an image is listed with its annotations, which may be all of a manifest's four megabytes.
#[test]
fn referrers_come_in_pages_that_are_no_longer_than_a_manifest() {
    let dir = tempfile::tempdir().unwrap();
    let (_running, mut ecr) = start(dir.path());
    let subject = ecr.push_image("v1", b"a layer");
    for number in 0..3 {
        let config = json!({ "mediaType": "application/x", "digest": Digest::of(b"{}").to_string(), "size": 2 });
        let manifest = json!({
            "schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": [],
            "subject": { "mediaType": MANIFEST, "digest": subject.to_string(), "size": 1 },
            "annotations": { "note": number.to_string().repeat(2 << 20) },
        });
        let manifest = manifest.to_string();
        let path = format!("/v2/app/manifests/{}", Digest::of(manifest.as_bytes()));
        let answer = ecr.request("PUT", &path, &[("Content-Type", MANIFEST)], manifest.as_bytes());
        assert_eq!(answer.status, 201, "{answer:?}");
    }
    let (mut found, mut next) = (Vec::new(), Some(format!("/v2/app/referrers/{subject}")));
    while let Some(path) = next {
        let page = ecr.request("GET", &path, &[], b"");
        assert!(page.status == 200 && page.body.len() < 5 << 20, "{}: {} bytes", page.status, page.body.len());
        let index: Value = serde_json::from_str(&page.body).unwrap();
        found.extend(index["manifests"].as_array().unwrap().iter().map(|one| one["digest"].to_string()));
        let link = page.head.lines().find_map(|line| line.strip_prefix("link: <"));
        next = link.and_then(|link| link.split_once('>')).map(|(path, _)| path.to_owned());
    }
    found.sort_unstable();
    found.dedup();
    assert_eq!(found.len(), 3);
}
