//! Archives made to hurt: refused with the entry's name, and nothing of them stays.

use crate::support::{Tar, archive, small_image};
use images::digest::Digest;
use images::mirror::{Limits, Mirror};
use tempfile::TempDir;

/// Loads, expects a refusal and an empty mirror, and returns the error's text.
fn refusal(tar: &[u8]) -> String {
    refusal_within(tar, Limits::default())
}

fn refusal_within(tar: &[u8], limits: Limits) -> String {
    let dir = TempDir::new().unwrap();
    let mirror = Mirror::open_with(dir.path(), limits).unwrap();
    let error = mirror.load(tar, None).unwrap_err().to_string();
    assert!(mirror.list().is_empty());
    for part in ["tmp", "blobs/sha256"] {
        assert_eq!(std::fs::read_dir(dir.path().join(part)).unwrap().count(), 0, "{part} is empty after: {error}");
    }
    error
}

fn blob(content: &[u8]) -> String {
    format!("blobs/sha256/{}", Digest::of(content).hex())
}

fn layout(index: &str) -> Tar {
    Tar::default().file("oci-layout", br#"{"imageLayoutVersion":"1.0.0"}"#).file("index.json", index.as_bytes())
}

fn index_of(content: &[u8], size: usize) -> String {
    let digest = Digest::of(content);
    format!(
        r#"{{"schemaVersion":2,"manifests":[{{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"{digest}","size":{size},"annotations":{{"org.opencontainers.image.ref.name":"x:1"}}}}]}}"#
    )
}

#[test]
fn paths_and_links_that_leave_are_refused() {
    let content = b"x";
    for path in ["../evil", "/etc/evil", "a/../../evil"] {
        assert_eq!(
            refusal(&Tar::default().file(path, content).end()),
            format!("refused entry {path:?}: its path leaves the archive")
        );
    }
    for target in ["/etc/passwd", "../../etc/passwd"] {
        let text = refusal(&Tar::default().symlink("a/layer.tar", target).end());
        assert_eq!(text, format!("refused entry \"a/layer.tar\": its link {target:?} leaves the archive"));
    }
    assert!(refusal(&Tar::default().hardlink("a", "../b").end()).contains("leaves the archive"));
    assert!(refusal(&Tar::default().raw(b"dev", b'3', b"", |_| {}).end()).contains("refused entry \"dev\""));
}

#[test]
fn duplicates_wrong_digests_and_other_algorithms_are_refused() {
    assert_eq!(
        refusal(&Tar::default().file("a", b"1").file("./a", b"2").end()),
        "refused entry \"a\": it is there twice"
    );
    let wrong = refusal(&Tar::default().file(&blob(b"right"), b"wrong").end());
    assert!(wrong.contains(&format!("its content has digest {}", Digest::of(b"wrong"))), "{wrong}");
    assert!(refusal(&Tar::default().file("blobs/sha512/00", b"").end()).contains("no sha256 digest"));
}

#[test]
fn truncated_and_broken_archives_are_refused_with_the_entry() {
    let whole = archive(&small_image("x:1"));
    let cut = refusal(&whole[..whole.len() - 1024 - 500]);
    assert!(cut.contains("invalid tar at \"blobs/sha256/"), "{cut}");
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut gzip, &whole).unwrap();
    let gzip = gzip.finish().unwrap();
    let cut = refusal(&gzip[..gzip.len() / 2]);
    assert!(cut.contains("broken compression"), "{cut}");
    assert!(refusal(b"this is no archive, just some text").starts_with("invalid tar"));
    assert!(refusal(b"").contains("this is no image archive"));
}

#[test]
fn limits_hold() {
    let tar = archive(&small_image("x:1"));
    let text = refusal_within(&tar, Limits { entries: 3, ..Limits::default() });
    assert!(text.contains("over 3 entries"), "{text}");
    let text = refusal_within(&tar, Limits { bytes: 100, ..Limits::default() });
    assert!(text.contains("100 bytes"), "{text}");
    let huge = vec![b' '; 5 << 20];
    let text = refusal(
        &Tar::default().file("oci-layout", br#"{"imageLayoutVersion":"1.0.0"}"#).file("index.json", &huge).end(),
    );
    assert!(text.contains("the limit is 4194304"), "{text}");
}

#[test]
fn incomplete_and_lying_images_are_refused() {
    let text = refusal(&layout(&index_of(b"missing", 7)).end());
    assert!(text.contains(&format!("blob {} is missing from the archive", Digest::of(b"missing"))), "{text}");
    let both = br#"{"schemaVersion":2,"config":{},"manifests":[]}"#;
    let text = refusal(&layout(&index_of(both, both.len())).file(&blob(both), both).end());
    assert!(text.contains("both manifests and config"), "{text}");
    let config = br#"{"os":"linux","architecture":"amd64","rootfs":{"diff_ids":[]}}"#;
    let lying = format!(r#"{{"schemaVersion":2,"config":{{"digest":"{}","size":1}},"layers":[]}}"#, Digest::of(config));
    let lying = lying.as_bytes();
    let text =
        refusal(&layout(&index_of(lying, lying.len())).file(&blob(lying), lying).file(&blob(config), config).end());
    assert!(text.contains("where its descriptor says 1"), "{text}");
    let itself =
        Tar::default().symlink("a", "b").symlink("b", "a").file("manifest.json", br#"[{"Config":"a","Layers":[]}]"#);
    assert!(refusal(&itself.end()).contains("links go in a circle"));
    assert!(refusal(&Tar::default().file("repositories", b"{}").end()).contains("older than 1.10"));
}

#[test]
fn an_index_may_miss_images_but_not_all() {
    let index = format!(
        r#"{{"schemaVersion":2,"manifests":[{{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"{}","size":4}}]}}"#,
        Digest::of(b"none")
    );
    let index = index.as_bytes();
    let text = refusal(&layout(&index_of(index, index.len())).file(&blob(index), index).end());
    assert!(text.contains("has no image that is in the archive"), "{text}");
}
