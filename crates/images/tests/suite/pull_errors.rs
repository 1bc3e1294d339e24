//! Pulls that fail: AWS's texts to the byte, and nothing half-made stays.

use crate::support::{Site, Tar, small_image};
use images::build::{File, ImageBuilder};
use images::digest::Digest;
use images::manifest::OCI_INDEX;
use images::platform::Platform;
use images::pull::{AuthorizationFailed, Method, Redirected, Request, Response};
use images::store::Options;
use images::unpack::Limits;
use std::collections::BTreeMap;
use std::io::{self, Cursor, Read};

const PULL: &str = "CannotPullContainerError: pull image manifest has been retried";

fn reason(site: &Site, name: &str) -> String {
    let reason = site.pull(name).unwrap_err().reason();
    assert_eq!(site.layers_and_tmp(), 0, "nothing stays after: {reason}");
    assert_eq!(site.store.stats().unwrap().documents, 0);
    reason
}

fn status(status: u16) -> Response {
    Response { status, headers: Vec::new(), body: Box::new(Cursor::new(Vec::new())) }
}

fn is_layer(request: &Request, response: &Response) -> bool {
    // Of these images the layer is the gzip.
    request.path.contains("/blobs/") && response.header("content-type") == Some("application/octet-stream")
}

/// Changes the content of blobs that are gzip.
fn change_layers(change: impl Fn(&mut Vec<u8>) + Send + Sync + 'static) -> Site {
    Site::new().fault(move |request, _, mut response| {
        if is_layer(request, &response) && request.method == Method::Get {
            let mut content = Vec::new();
            response.body.read_to_end(&mut content)?;
            if content.starts_with(&[0x1f, 0x8b]) {
                change(&mut content);
            }
            response.body = Box::new(Cursor::new(content));
        }
        Ok(response)
    })
}

#[test]
fn a_missing_image() {
    let expected = format!(
        "{PULL} 1 time(s): failed to resolve ref docker.io/library/x:latest: docker.io/library/x:latest: not found"
    );
    assert_eq!(reason(&Site::new(), "x"), expected);
}

#[test]
fn no_image_for_the_platform() {
    let site = Site::new();
    let mut tar = Vec::new();
    images::build::write_index(Some("arm:1"), &[ImageBuilder::new(Platform::linux("arm64"))], &mut tar).unwrap();
    site.mirror.load(tar.as_slice(), None).unwrap();
    assert_eq!(
        reason(&site, "arm:1"),
        "CannotPullContainerError: image Manifest does not contain descriptor matching platform 'linux/amd64'"
    );
}

/// A site whose registry has these documents; the last one is what every name means.
fn documents(all: Vec<Vec<u8>>) -> Site {
    let named = Digest::of(all.last().unwrap()).to_string();
    let served: BTreeMap<String, Vec<u8>> =
        all.into_iter().map(|content| (Digest::of(&content).to_string(), content)).collect();
    Site::new().fault(move |request, _, _| {
        let target = request.path.rsplit('/').next().unwrap_or_default();
        let headers = vec![("docker-content-digest".to_owned(), named.clone())];
        let content = served.get(target).cloned().unwrap_or_default();
        Ok(Response { status: 200, headers, body: Box::new(Cursor::new(content)) })
    })
}

fn index<'a>(number: usize, of: impl IntoIterator<Item = &'a Vec<u8>>) -> Vec<u8> {
    let entry =
        |content: &Vec<u8>| serde_json::json!({ "mediaType": OCI_INDEX, "digest": Digest::of(content), "size": 1 });
    let entries: Vec<_> = of.into_iter().map(entry).collect();
    let index =
        serde_json::json!({ "schemaVersion": 2, "manifests": entries, "annotations": { "n": number.to_string() } });
    index.to_string().into_bytes()
}

/// Indexes are soon written; those of a thousand indexes would take for ever to read.
#[test]
fn indexes_that_lead_nowhere_are_not_followed_for_ever() {
    let leaves: Vec<_> = (0..500).map(|number| index(number, [])).collect();
    let top = index(0, &leaves);
    let wide = documents(leaves.into_iter().chain([top]).collect());
    let mut again = vec![index(0, [])];
    for number in 1..4 {
        let last = again.last().unwrap().clone();
        again.push(index(number, std::iter::repeat_n(&last, 1000)));
    }
    for site in [wide, documents(again)] {
        let reason = reason(&site, "endless");
        assert!(reason.contains("the image is not among 100 documents"), "{reason}");
        assert!(site.asked("/manifests/") < 110, "{}", site.asked("/manifests/"));
    }
}

#[test]
fn a_registry_out_of_reach() {
    let site = Site::new().fault(|_, _, _| Err(io::Error::other("dial tcp 203.0.113.5:443: i/o timeout")));
    assert_eq!(
        reason(&site, "x"),
        format!(
            "{PULL} 5 time(s): failed to resolve ref docker.io/library/x:latest: failed to do request: Head \"https://registry-1.docker.io/v2/library/x/manifests/latest\": dial tcp 203.0.113.5:443: i/o timeout"
        )
    );
}

#[test]
fn a_layer_is_where_nobody_gets_to() {
    let site = Site::new().fault(|request, _, response| {
        let redirected =
            Redirected { url: "https://bucket/key".to_owned(), why: "dial tcp 192.0.2.1:443: i/o timeout".to_owned() };
        let failed = || io::Error::new(io::ErrorKind::TimedOut, redirected);
        if is_layer(request, &response) { Err(failed()) } else { Ok(response) }
    });
    site.load(&small_image("x:1"));
    assert_eq!(
        reason(&site, "x:1"),
        "CannotPullContainerError: ref pull has been retried 5 time(s): failed to copy: httpReaderSeeker: failed open: failed to do request: Get \"https://bucket/key\": dial tcp 192.0.2.1:443: i/o timeout"
    );
}

#[test]
fn a_token_that_is_refused_is_not_asked_for_again() {
    for (refused, tries) in [(true, 1), (false, 5)] {
        let failed = move || AuthorizationFailed { why: "failed to fetch anonymous token: no".to_owned(), refused };
        let site = Site::new().fault(move |_, _, _| Err(io::Error::other(failed())));
        let expected = format!(
            "{PULL} {tries} time(s): failed to resolve ref docker.io/library/x:latest: failed to authorize: failed to fetch anonymous token: no"
        );
        assert_eq!(reason(&site, "x"), expected);
    }
}

#[test]
fn what_nobody_wants_any_more_is_not_tried_again() {
    let aborted = || io::Error::new(io::ErrorKind::ConnectionAborted, "context canceled");
    let site = Site::new().fault(move |_, _, _| Err(aborted()));
    assert!(reason(&site, "x").ends_with("/manifests/latest\": context canceled"));
    assert_eq!(site.asked(""), 1);
    struct Aborted;
    impl Read for Aborted {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::ErrorKind::ConnectionAborted.into())
        }
    }
    let site = Site::new().fault(|request, _, response| match is_layer(request, &response) {
        true => Ok(Response { body: Box::new(Aborted), ..response }),
        false => Ok(response),
    });
    site.load(&small_image("x:1"));
    reason(&site, "x:1");
    assert_eq!(site.asked("/blobs/"), 1);
}

#[test]
fn a_registry_that_forbids() {
    let site = Site::new().fault(|_, _, _| Ok(status(403)));
    assert_eq!(
        reason(&site, "r.example:5000/x"),
        format!(
            "{PULL} 1 time(s): failed to resolve ref r.example:5000/x:latest: unexpected status from HEAD request to https://r.example:5000/v2/x/manifests/latest: 403 Forbidden"
        )
    );
}

#[test]
fn a_layer_the_registry_lost() {
    let site = Site::new()
        .fault(|request, _, response| if is_layer(request, &response) { Ok(status(404)) } else { Ok(response) });
    site.load(&small_image("x:1"));
    let reason = reason(&site, "x:1");
    assert!(reason.starts_with("CannotPullContainerError: ref pull has been retried 1 time(s): failed to copy: httpReaderSeeker: failed open: unexpected status code https://registry-1.docker.io/v2/library/x/blobs/sha256:"), "{reason}");
    assert!(reason.ends_with(": 404 Not Found"), "{reason}");
}

#[test]
fn a_layer_with_other_content() {
    let site = change_layers(|content| content[9] ^= 1);
    site.load(&small_image("x:1"));
    let text = reason(&site, "x:1");
    assert!(text.contains("unexpected commit digest sha256:") && text.ends_with(": failed precondition"), "{text}");
    let site = change_layers(|content| content.push(0));
    site.load(&small_image("x:1"));
    let text = reason(&site, "x:1");
    assert!(text.contains("unexpected commit size "), "{text}");
    let site = change_layers(|content| content[20] ^= 0xff);
    site.load(&small_image("x:1"));
    assert!(reason(&site, "x:1").contains("failed to"), "broken compression or a wrong digest");
}

#[test]
fn a_connection_that_always_breaks() {
    let site = change_layers(|content| content.truncate(0));
    site.load(&small_image("x:1"));
    // An empty answer is no gzip any more, so the change above no longer applies: cut all blobs but manifests.
    let site = Site::new().fault(|request, _, response| {
        if request.path.contains("/blobs/") {
            Ok(Response { body: Box::new(io::empty()), ..response })
        } else {
            Ok(response)
        }
    });
    site.load(&small_image("x:1"));
    let text = reason(&site, "x:1");
    assert!(
        text.starts_with("CannotPullContainerError: ref pull has been retried 5 time(s): failed to copy: after 0 of "),
        "{text}"
    );
}

/// An image with one layer of these bytes, its configuration saying `diff_id`.
fn crafted(layer: &[u8], diff_id: &Digest, times: usize) -> Vec<u8> {
    let diff_ids = vec![format!("\"{diff_id}\""); times].join(",");
    let config =
        format!(r#"{{"os":"linux","architecture":"amd64","rootfs":{{"type":"layers","diff_ids":[{diff_ids}]}}}}"#);
    let manifest = format!(
        r#"{{"schemaVersion":2,"config":{{"digest":"{}","size":{}}},"layers":[{{"digest":"{}","size":{}}}]}}"#,
        Digest::of(config.as_bytes()),
        config.len(),
        Digest::of(layer),
        layer.len()
    );
    let manifest_digest = Digest::of(manifest.as_bytes());
    let index = format!(
        r#"{{"schemaVersion":2,"manifests":[{{"digest":"{manifest_digest}","size":{},"annotations":{{"io.containerd.image.name":"x:1"}}}}]}}"#,
        manifest.len()
    );
    let blob = |content: &[u8]| format!("blobs/sha256/{}", Digest::of(content).hex());
    Tar::default()
        .file("oci-layout", br#"{"imageLayoutVersion":"1.0.0"}"#)
        .file("index.json", index.as_bytes())
        .file(&blob(config.as_bytes()), config.as_bytes())
        .file(&blob(manifest.as_bytes()), manifest.as_bytes())
        .file(&blob(layer), layer)
        .end()
}

fn load_crafted(site: &Site, layer: &[u8], diff_id: &Digest) {
    site.mirror.load(crafted(layer, diff_id, 1).as_slice(), None).unwrap();
}

#[test]
fn a_layer_that_is_not_what_the_configuration_says() {
    let site = Site::new();
    let (layer, other) = (Tar::default().file("a", b"x").end(), Digest::of(b"other"));
    load_crafted(&site, &layer, &other);
    assert_eq!(
        reason(&site, "x:1"),
        format!(
            "CannotPullContainerError: ref pull has been retried 1 time(s): failed to extract layer {other}: wrong diff id calculated on extraction \"{}\"",
            Digest::of(&layer)
        )
    );
}

#[test]
fn a_hostile_layer() {
    let site = Site::new();
    let layer = Tar::default().file("../evil", b"x").end();
    let diff_id = Digest::of(&layer);
    load_crafted(&site, &layer, &diff_id);
    assert_eq!(
        reason(&site, "x:1"),
        format!(
            "CannotPullContainerError: ref pull has been retried 1 time(s): failed to extract layer {diff_id}: refused entry \"../evil\": its path has `..`"
        )
    );
}

#[test]
fn a_zip_bomb() {
    let limits = Limits { ratio_from: 1 << 20, ratio: 50, ..Limits::default() };
    let site = Site::with(Options { limits, ..Options::default() });
    site.load(&ImageBuilder::new(Platform::linux("amd64")).name("bomb:1").layer([File::regular(
        "zeros",
        0o644,
        vec![0; 8 << 20],
    )]));
    let text = reason(&site, "bomb:1");
    assert!(text.ends_with(": it unpacks to over 50 times its size"), "{text}");
    let site = Site::with(Options { limits: Limits { bytes: 1 << 20, ..Limits::default() }, ..Options::default() });
    site.load(&ImageBuilder::new(Platform::linux("amd64")).name("bomb:1").layer([File::regular(
        "zeros",
        0o644,
        vec![0; 8 << 20],
    )]));
    assert!(reason(&site, "bomb:1").contains("1048576 bytes"));
}

#[test]
fn an_image_for_which_there_is_no_room() {
    let mut site = Site::new();
    let zeros = File::regular("zeros", 0o644, vec![0; 8 << 20]);
    site.load(&ImageBuilder::new(Platform::linux("amd64")).name("big:1").layer([zeros]));
    site.room = 8 << 20;
    let text = reason(&site, "big:1");
    assert!(text.ends_with(": no space left on device: the image unpacks to over 8388608 bytes"), "{text}");
    site.room = u64::MAX;
    site.pull("big:1").unwrap();
    site.room = (8 << 20) - 1;
    let text = site.pull("big:1").unwrap_err().reason();
    assert!(
        text.ends_with(": no space left on device: the image unpacks to over 8388607 bytes"),
        "also what is here: {text}"
    );
}

#[test]
fn files_with_nothing_in_them_take_room_too() {
    let mut site = Site::new();
    let files = (0..2000).map(|n| File::regular(&format!("{n}"), 0o644, Vec::new()));
    site.load(&ImageBuilder::new(Platform::linux("amd64")).name("many:1").layer(files));
    site.room = 16 << 20;
    let text = reason(&site, "many:1");
    assert!(text.ends_with(": no space left on device: the image unpacks to over 16777216 bytes"), "{text}");
    site.room = 64 << 20;
    site.pull("many:1").unwrap();
}

#[test]
fn a_failed_layer_stops_the_pull_and_a_second_pull_can_succeed() {
    let failed = std::sync::atomic::AtomicBool::new(false);
    let site = Site::new().fault(move |request, _, response| {
        let first = is_layer(request, &response) && !failed.swap(true, std::sync::atomic::Ordering::SeqCst);
        if first { Ok(status(404)) } else { Ok(response) }
    });
    site.load(&small_image("x:1"));
    site.pull("x:1").unwrap_err();
    site.pull("x:1").unwrap();
}

#[test]
fn a_manifest_and_a_configuration_that_disagree() {
    // The mirror refuses such an image, so the registry is made to lie: the configuration of two for one layer.
    let layer = Tar::default().file("a", b"x").end();
    let site = Site::new();
    let error = site.mirror.load(crafted(&layer, &Digest::of(&layer), 15).as_slice(), None).unwrap_err().to_string();
    assert!(error.contains("has 1 layers and its configuration 15"), "{error}");
    let text = images::pull::PullError::LayerCount { layers: 3, diff_ids: 15 }.reason();
    assert_eq!(
        text,
        "CannotPullContainerError: ref pull has been retried 1 time(s): number of layers and diffIDs don't match: 3 != 15"
    );
}
