//! The pull side of the distribution spec.

use crate::support::{Site, small_image};
use images::answer::{Answer, Body};
use images::mirror::registry::answer;
use std::io::{Read, Seek, SeekFrom};

fn ask(site: &Site, method: &str, path: &str, headers: &[(&str, &str)]) -> (Answer, Vec<u8>) {
    let header = |name: &str| headers.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
    let mut answer = answer(&site.mirror, method, path, &header).unwrap();
    let mut content = Vec::new();
    match &mut answer.body {
        Body::Bytes(bytes) => content.clone_from(bytes),
        Body::File { file, offset, length } => {
            file.seek(SeekFrom::Start(*offset)).unwrap();
            file.take(*length).read_to_end(&mut content).unwrap();
        }
    }
    (answer, content)
}

fn header<'a>(answer: &'a Answer, name: &str) -> &'a str {
    answer.headers.iter().find(|(key, _)| *key == name).map_or("", |(_, value)| value)
}

fn site() -> Site {
    let site = Site::new();
    site.load(&small_image("hello:1"));
    site.load(&small_image("hello:2"));
    site.load(&small_image("other:1").cmd(&["else"]));
    site
}

const NAME: &str = "/v2/docker.io/library/hello";

#[test]
fn manifests_by_tag_and_digest() {
    let site = site();
    assert_eq!(ask(&site, "GET", "/v2/", &[]).0.status, 200);
    let (by_tag, content) = ask(&site, "GET", &format!("{NAME}/manifests/1"), &[]);
    let digest = header(&by_tag, "docker-content-digest").to_owned();
    assert_eq!(digest, images::digest::Digest::of(&content).to_string());
    assert_eq!(header(&by_tag, "content-type"), "application/vnd.oci.image.manifest.v1+json");
    assert_eq!(header(&by_tag, "etag"), format!("\"{digest}\""));
    let (head, nothing) = ask(&site, "HEAD", &format!("{NAME}/manifests/{digest}"), &[]);
    assert_eq!(
        (head.status, header(&head, "content-length"), nothing.len()),
        (200, content.len().to_string().as_str(), 0)
    );
    let known = [("if-none-match", header(&by_tag, "etag"))];
    assert_eq!(ask(&site, "GET", &format!("{NAME}/manifests/1"), &known).0.status, 304);
}

#[test]
fn accept_is_honoured() {
    let site = site();
    let path = format!("{NAME}/manifests/1");
    let status = |accept| ask(&site, "GET", &path, &[("accept", accept)]).0.status;
    assert_eq!(
        status(
            "application/vnd.docker.distribution.manifest.v2+json, application/vnd.oci.image.manifest.v1+json;q=0.5"
        ),
        200
    );
    assert_eq!(status("*/*"), 200);
    assert_eq!(status("application/vnd.docker.distribution.manifest.v2+json"), 404);
    assert_eq!(status("application/vnd.oci.image.manifest.v1+json;q=0"), 404);
}

#[test]
fn blobs_with_ranges() {
    let site = site();
    let (_, manifest) = ask(&site, "GET", &format!("{NAME}/manifests/1"), &[]);
    let manifest: serde_json::Value = serde_json::from_slice(&manifest).unwrap();
    let digest = manifest["layers"][0]["digest"].as_str().unwrap();
    let path = format!("{NAME}/blobs/{digest}");
    let (whole, content) = ask(&site, "GET", &path, &[]);
    assert_eq!((whole.status, header(&whole, "docker-content-digest")), (200, digest));
    let (part, piece) = ask(&site, "GET", &path, &[("range", "bytes=2-5")]);
    assert_eq!((part.status, piece.as_slice()), (206, &content[2..6]));
    assert_eq!(header(&part, "content-range"), format!("bytes 2-5/{}", content.len()));
    assert_eq!(ask(&site, "GET", &path, &[("range", "bytes=999999-")]).0.status, 416);
    let (head, nothing) = ask(&site, "HEAD", &path, &[]);
    assert_eq!((header(&head, "content-length"), nothing.len()), (content.len().to_string().as_str(), 0));
}

#[test]
fn tags_are_listed_in_pages() {
    let site = site();
    assert_eq!(
        ask(&site, "GET", &format!("{NAME}/tags/list"), &[]).1,
        br#"{"name":"docker.io/library/hello","tags":["1","2"]}"#
    );
    let (first, content) = ask(&site, "GET", &format!("{NAME}/tags/list?n=1"), &[]);
    assert_eq!(content, br#"{"name":"docker.io/library/hello","tags":["1"]}"#);
    assert_eq!(header(&first, "link"), format!("<{NAME}/tags/list?n=1&last=1>; rel=\"next\""));
    let (last, content) = ask(&site, "GET", &format!("{NAME}/tags/list?n=1&last=1"), &[]);
    assert_eq!(
        (content.as_slice(), header(&last, "link")),
        (br#"{"name":"docker.io/library/hello","tags":["2"]}"#.as_slice(), "")
    );
}

#[test]
fn errors_have_the_specs_shape() {
    let site = site();
    let zero = format!("sha256:{}", "0".repeat(64));
    let other =
        site.mirror.list().into_iter().find(|loaded| loaded.reference.repository() == "library/other").unwrap().digest;
    let cases = [
        ("GET", "/v2/docker.io/library/none/manifests/1".to_owned(), 404, "NAME_UNKNOWN"),
        ("GET", format!("{NAME}/manifests/9"), 404, "MANIFEST_UNKNOWN"),
        ("GET", format!("{NAME}/manifests/{other}"), 404, "MANIFEST_UNKNOWN"),
        ("GET", format!("{NAME}/blobs/{zero}"), 404, "BLOB_UNKNOWN"),
        ("GET", format!("{NAME}/blobs/{other}"), 404, "BLOB_UNKNOWN"),
        ("GET", format!("{NAME}/blobs/sha256:..%2f"), 400, "DIGEST_INVALID"),
        ("GET", "/v2/../../etc/manifests/passwd".to_owned(), 400, "NAME_INVALID"),
        ("GET", "/v2/Upper/manifests/1".to_owned(), 400, "NAME_INVALID"),
        ("GET", "/v2/_catalog".to_owned(), 404, "UNSUPPORTED"),
        ("GET", "/".to_owned(), 404, "UNSUPPORTED"),
        ("PUT", format!("{NAME}/manifests/1"), 405, "UNSUPPORTED"),
    ];
    for (method, path, status, code) in cases {
        let (answer, content) = ask(&site, method, &path, &[]);
        let content: serde_json::Value = serde_json::from_slice(&content).unwrap();
        assert_eq!((answer.status, content["errors"][0]["code"].as_str()), (status, Some(code)), "{path}");
    }
}
