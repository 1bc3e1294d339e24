//! Archives of every make, loaded.

use crate::support::{Site, Tar, archive, small_image};
use flate2::write::GzEncoder;
use images::build::{self, File, ImageBuilder, Layer};
use images::digest::Digest;
use images::mirror::Mirror;
use images::platform::Platform;
use images::reference::Reference;
use std::io::Write;
use tempfile::TempDir;

fn mirror() -> (TempDir, Mirror) {
    let dir = TempDir::new().unwrap();
    let mirror = Mirror::open(dir.path()).unwrap();
    (dir, mirror)
}

fn blobs(dir: &TempDir) -> usize {
    std::fs::read_dir(dir.path().join("blobs/sha256")).unwrap().count()
}

/// A `docker save` archive of one layer, `links` deep in symbolic links as old versions wrote them.
fn docker_save(tags: &str, links: bool) -> Vec<u8> {
    let layer = Layer::new([File::regular("hello", 0o755, "hi")]).tar().unwrap();
    let diff_id = Digest::of(&layer);
    let config = format!(
        r#"{{"architecture":"amd64","os":"linux","config":{{"Cmd":["/hello"],"Entrypoint":null}},"rootfs":{{"type":"layers","diff_ids":["{diff_id}","{diff_id}"]}}}}"#
    );
    let name = format!("{}.json", Digest::of(config.as_bytes()).hex());
    let manifest = format!(r#"[{{"Config":"{name}","RepoTags":{tags},"Layers":["one/layer.tar","two/layer.tar"]}}]"#);
    let tar = Tar::default().dir("one/").file("one/layer.tar", &layer);
    let tar = if links { tar.symlink("two/layer.tar", "../one/layer.tar") } else { tar.file("two/layer.tar", &layer) };
    tar.file(&name, config.as_bytes()).file("manifest.json", manifest.as_bytes()).end()
}

#[test]
fn an_image_is_found_by_the_name_it_has() {
    let (_dir, mirror) = mirror();
    let loaded = mirror.load(archive(&small_image("docker.io/library/hello:1")).as_slice(), None).unwrap();
    assert_eq!(loaded[0].reference, Reference::parse("hello:1").unwrap());
    assert_eq!(loaded[0].layers, 1);
    assert_eq!(mirror.list(), loaded);
}

#[test]
fn the_archive_may_be_compressed_as_a_whole() {
    let tar = archive(&small_image("hello:1"));
    let mut gzip = GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(&tar).unwrap();
    for compressed in [gzip.finish().unwrap(), zstd::encode_all(tar.as_slice(), 1).unwrap()] {
        let (_dir, mirror) = mirror();
        assert_eq!(mirror.load(compressed.as_slice(), None).unwrap().len(), 1);
    }
}

#[test]
fn without_a_name_as_is_needed() {
    let (_dir, mirror) = mirror();
    let nameless = archive(&ImageBuilder::new(Platform::linux("amd64")));
    let error = mirror.load(nameless.as_slice(), None).unwrap_err().to_string();
    assert!(error.contains("pass --as NAME"), "{error}");
    let error = mirror.load(docker_save("null", false).as_slice(), None).unwrap_err().to_string();
    assert!(error.contains("pass --as NAME"), "{error}");
    // A bare tag, as skopeo and buildx write it, is no name.
    let tagged = archive(&small_image("latest"));
    assert!(mirror.load(tagged.as_slice(), None).unwrap_err().to_string().contains("pass --as NAME"));
    let loaded = mirror.load(nameless.as_slice(), Some("app")).unwrap();
    assert_eq!(loaded[0].reference.to_string(), "docker.io/library/app:latest");
    let error = mirror.load(nameless.as_slice(), Some("App")).unwrap_err().to_string();
    assert_eq!(error, "\"App\": invalid reference format: repository name (App) must be lowercase");
}

#[test]
fn docker_save_archives_of_both_kinds() {
    for links in [true, false] {
        let site = Site::new();
        let loaded = site.mirror.load(docker_save(r#"["hello:1","other/hello:2"]"#, links).as_slice(), None).unwrap();
        let names: Vec<String> = loaded.iter().map(|loaded| loaded.reference.to_string()).collect();
        assert_eq!(names, ["docker.io/library/hello:1", "docker.io/other/hello:2"]);
        let image = site.pull("other/hello:2").unwrap();
        assert_eq!(
            (image.config.cmd, image.config.entrypoint.len(), image.layers.len()),
            (vec!["/hello".to_owned()], 0, 2)
        );
        assert_eq!(image.layers[0], image.layers[1]);
        assert_eq!(std::fs::read(image.layers[0].join("hello")).unwrap(), b"hi");
    }
}

#[test]
fn an_index_keeps_all_its_platforms() {
    let (_dir, mirror) = mirror();
    let image = |arch: &str| small_image("ignored").layer([File::regular("arch", 0o644, arch)]).clone();
    let images =
        [image("amd64"), ImageBuilder::new(Platform::linux("arm64")).layer([File::regular("a", 0o644, "arm64")])];
    let mut tar = Vec::new();
    build::write_index(Some("multi:1"), &images, &mut tar).unwrap();
    assert_eq!(mirror.load(tar.as_slice(), None).unwrap()[0].layers, 3);
}

#[test]
fn names_survive_and_replaced_or_removed_images_leave_nothing() {
    let (dir, mirror) = mirror();
    mirror.load(archive(&small_image("a:1")).as_slice(), None).unwrap();
    mirror.load(archive(&small_image("b:1")).as_slice(), None).unwrap();
    assert_eq!(blobs(&dir), 3, "both names share one image");
    mirror.load(archive(&small_image("a:1").cmd(&["x"])).as_slice(), None).unwrap();
    assert_eq!(blobs(&dir), 5, "another configuration and manifest, the same layer");
    let before = mirror.list();
    drop(mirror);
    let mirror = Mirror::open(dir.path()).unwrap();
    assert_eq!(mirror.list(), before);
    assert!(mirror.remove(&Reference::parse("a:1").unwrap()).unwrap());
    assert!(!mirror.remove(&Reference::parse("a:1").unwrap()).unwrap());
    assert_eq!(blobs(&dir), 3);
    mirror.remove(&Reference::parse("b:1").unwrap()).unwrap();
    assert_eq!(blobs(&dir), 0);
}

#[test]
fn what_a_killed_process_left_is_removed_at_open() {
    let (dir, mirror) = mirror();
    assert!(Mirror::open(dir.path()).unwrap_err().to_string().contains("another process uses this directory"));
    drop(mirror);
    std::fs::create_dir(dir.path().join("tmp/7")).unwrap();
    std::fs::write(dir.path().join("tmp/7/blob"), "half").unwrap();
    std::fs::write(dir.path().join("blobs/sha256").join("0".repeat(64)), "unnamed").unwrap();
    drop(Mirror::open(dir.path()).unwrap());
    assert_eq!((blobs(&dir), std::fs::read_dir(dir.path().join("tmp")).unwrap().count()), (0, 0));
}

#[test]
fn built_archives_are_deterministic() {
    assert_eq!(archive(&small_image("a:1")), archive(&small_image("a:1")));
}
