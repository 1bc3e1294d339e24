//! `kill -9` at random moments of loads, pulls and gc: what is there afterwards is whole.

use crate::support::{Direct, archive, small_image};
use images::build::File;
use images::digest::Digest;
use images::mirror::Mirror;
use images::platform::Platform;
use images::pull::{Bounds, pull};
use images::reference::Reference;
use images::store::Store;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

const DIR: &str = "IMAGES_TEST_KILL_DIR";
const FILES: usize = 40;

fn image(name: &str) -> images::build::ImageBuilder {
    let files = |layer: usize| {
        (0..FILES).map(move |n| File::regular(&format!("d{layer}/f{n}"), 0o644, format!("{layer} {n}").repeat(200)))
    };
    small_image(name).layer(files(1)).layer(files(2))
}

fn direct(dir: &Path) -> Direct {
    let mirror = Arc::new(Mirror::open(&dir.join("mirror")).unwrap());
    Direct { mirror, requests: Mutex::default(), fault: None }
}

fn get(store: &Arc<Store>, direct: &Direct, name: &str) -> images::store::Image {
    pull(store, direct, &Reference::parse(name).unwrap(), &Platform::linux("amd64"), &Bounds::default()).unwrap()
}

#[test]
fn what_a_kill_leaves_is_whole_or_absent() {
    let dir = tempfile::TempDir::new().unwrap();
    for round in 0..25u64 {
        let test = std::env::current_exe().unwrap();
        let child = Command::new(test)
            .args(["--exact", "kill::work", "--ignored", "--nocapture"])
            .env(DIR, dir.path())
            .stdout(Stdio::piped())
            .spawn();
        let mut child = child.unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        assert!(lines.any(|line| line.unwrap().contains("working")));
        // The moment of the kill is what varies: spread over several rounds of the child's work.
        std::thread::sleep(Duration::from_micros(round * 7919 % 60_000));
        child.kill().unwrap();
        child.wait().unwrap();
        check(dir.path());
    }
}

fn check(dir: &Path) {
    let direct = direct(dir);
    for loaded in direct.mirror.list() {
        assert_eq!(loaded.layers, 3, "{loaded:?}");
    }
    for entry in fs::read_dir(dir.join("mirror/blobs/sha256")).unwrap() {
        let path = entry.unwrap().path();
        assert_eq!(Digest::of(&fs::read(&path).unwrap()).hex(), path.file_name().unwrap().to_str().unwrap());
    }
    let store = Store::open(&dir.join("store"), Default::default()).unwrap();
    for entry in fs::read_dir(dir.join("store/layers")).unwrap() {
        let tree = entry.unwrap().path().join("tree");
        let count = |name: &str| fs::read_dir(tree.join(name)).map_or(0, Iterator::count);
        assert!(
            [count("bin"), count("d1"), count("d2")].iter().all(|n| [0, 1, FILES].contains(n)),
            "{}",
            tree.display()
        );
        for file in ["d1", "d2"].iter().flat_map(|d| fs::read_dir(tree.join(d)).into_iter().flatten()) {
            assert!(file.unwrap().metadata().unwrap().len() >= 600);
        }
    }
    assert_eq!(fs::read_dir(dir.join("store/tmp")).unwrap().count(), 0);
    for loaded in direct.mirror.list() {
        assert_eq!(get(&store, &direct, &loaded.reference.to_string()).layers.len(), 3);
    }
}

#[test]
#[ignore = "the process that what_a_kill_leaves_is_whole_or_absent kills"]
fn work() {
    let dir = PathBuf::from(std::env::var_os(DIR).unwrap());
    let direct = direct(&dir);
    let store = Store::open(&dir.join("store"), Default::default()).unwrap();
    let archives = ["a:1", "b:1"].map(|name| archive(&image(name)));
    println!("working");
    loop {
        for (name, archive) in ["a:1", "b:1"].iter().zip(&archives) {
            direct.mirror.load(archive.as_slice(), None).unwrap();
            drop(get(&store, &direct, name));
            store.gc(|| false).unwrap();
            direct.mirror.remove(&Reference::parse(name).unwrap()).unwrap();
        }
    }
}
