//! A full disk, on a small tmpfs in a mount namespace of its own that goes with its process.

use crate::support::{Direct, Site, small_image};
use images::blobs::Blobs;
use images::build::{File, ImageBuilder};
use images::platform::Platform;
use images::pull::{Bounds, PullError, pull};
use images::reference::Reference;
use images::store::{Image, Store};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

const DIR: &str = "IMAGES_TEST_FULL_DIR";

/// Runs an ignored test of this file in a mount namespace with a disk of 8 MiB.
fn on_a_small_disk(name: &str) {
    let dir = tempfile::TempDir::new().unwrap();
    let test = std::env::current_exe().unwrap();
    let mut child = Command::new("unshare");
    let name = format!("disk_full::{name}");
    child.arg("--mount").arg(test).args(["--exact", &name, "--ignored", "--nocapture"]);
    let output = child.env(DIR, dir.path()).output().unwrap();
    let text = [&output.stdout[..], &output.stderr[..]].concat();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&text));
}

fn disk() -> PathBuf {
    let dir = PathBuf::from(std::env::var_os(DIR).unwrap());
    rustix::mount::mount("tmpfs", &dir, "tmpfs", rustix::mount::MountFlags::empty(), Some(c"size=8m")).unwrap();
    dir
}

/// An image of so many MiB that don't compress.
fn image(name: &str, mib: u32) -> ImageBuilder {
    let noise = |layer: u32| -> Vec<u8> {
        let words = (0..1 << 18).map(|n: u32| (n + layer + mib * 100 + name.len() as u32).wrapping_mul(2_654_435_761));
        words.flat_map(u32::to_le_bytes).collect()
    };
    (0..mib).fold(ImageBuilder::new(Platform::linux("amd64")).name(name), |image, layer| {
        image.layer([File::regular(&format!("{name}/{layer}"), 0o644, noise(layer))])
    })
}

fn get(store: &Arc<Store>, direct: &Direct, name: &str) -> Result<Image, PullError> {
    pull(store, direct, &Reference::parse(name).unwrap(), &Platform::linux("amd64"), &Bounds::default())
}

fn count(dir: &Path) -> usize {
    std::fs::read_dir(dir).unwrap().count()
}

#[test]
fn a_full_disk_fails_the_pull_and_leaves_nothing() {
    on_a_small_disk("too_large");
}

#[test]
#[ignore = "run by a_full_disk_fails_the_pull_and_leaves_nothing in a mount namespace"]
fn too_large() {
    let dir = disk();
    let site = Site::new();
    site.load(&image("big:1", 9));
    site.load(&small_image("small:1"));
    let store = Store::open(&dir.join("store"), Default::default()).unwrap();
    let error = get(&store, &site.direct, "big:1").unwrap_err();
    let reason = error.reason();
    assert!(error.is_disk_full());
    let start = "CannotPullContainerError: ref pull has been retried 1 time(s): failed to extract layer sha256:";
    let room = format!(": no space left on device: {} has ", dir.join("store").display());
    assert!(reason.starts_with(start) && reason.contains(&room), "{reason}");
    for part in ["tmp", "layers", "documents"] {
        // What it had got whole is kept for the next try, and goes when its room is needed.
        store.gc(|| false).unwrap();
        assert_eq!(count(&dir.join("store").join(part)), 0, "{part}");
    }
    get(&store, &site.direct, "small:1").unwrap();
    assert!(disk::Room::of(&dir).unwrap().free > 7 << 20);
}

#[test]
fn images_that_nobody_uses_make_room() {
    on_a_small_disk("makes_room");
}

#[test]
#[ignore = "run by images_that_nobody_uses_make_room in a mount namespace"]
fn makes_room() {
    let dir = disk();
    let site = Site::new();
    for name in ["used:1", "unused:1", "wanted:1"] {
        site.load(&image(name, 3));
    }
    let store = Store::open(&dir.join("store"), Default::default()).unwrap();
    let used = get(&store, &site.direct, "used:1").unwrap();
    let unused = get(&store, &site.direct, "unused:1").unwrap().layers;
    let wanted = get(&store, &site.direct, "wanted:1").unwrap();
    assert!(used.layers.iter().chain(&wanted.layers).all(|layer| layer.is_dir()));
    assert!(!unused.iter().any(|layer| layer.exists()));
    // Both are in use now: there is no room for a third, and it takes nothing from them.
    let error = get(&store, &site.direct, "unused:1").unwrap_err();
    assert!(error.is_disk_full(), "{error}");
    assert!(used.layers.iter().chain(&wanted.layers).all(|layer| layer.is_dir()));
    drop(wanted);
    get(&store, &site.direct, "unused:1").unwrap();
}

#[test]
fn an_upload_goes_on_once_there_is_room() {
    on_a_small_disk("upload");
}

#[test]
#[ignore = "run by an_upload_goes_on_once_there_is_room in a mount namespace"]
fn upload() {
    let dir = disk();
    let blobs = Blobs::open(&dir.join("registry")).unwrap();
    let other = dir.join("other");
    std::fs::write(&other, vec![1; 6 << 20]).unwrap();
    let mut upload = blobs.begin().unwrap();
    let part = vec![2; 2 << 20];
    let full = std::io::Error::from(upload.append(&part[..], u64::MAX).unwrap_err());
    assert_eq!(full.kind(), ErrorKind::StorageFull);
    let kept = usize::try_from(upload.size()).unwrap();
    let room = disk::Room::of(&dir).unwrap();
    assert!(kept > 1 << 20 && room.free >= room.reserve(), "{kept} bytes were taken, {room:?}");
    // Whoever else is on the disk takes the rest: now not even an upload begins.
    std::fs::write(dir.join("third"), vec![1; usize::try_from(room.free).unwrap()]).unwrap();
    assert_eq!(blobs.begin().unwrap_err().kind(), ErrorKind::StorageFull);
    std::fs::remove_file(other).unwrap();
    upload.append(&part[kept..], u64::MAX).unwrap();
    blobs.finish(upload, &images::digest::Digest::of(&part)).unwrap();
}
