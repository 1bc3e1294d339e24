//! What the store keeps and what it lets go.

use crate::support::{Site, small_image};
use images::build::{File, ImageBuilder};
use images::platform::Platform;
use images::store::Store;
use std::fs;
use std::path::Path;

#[test]
fn gc_leaves_what_is_in_use() {
    let site = Site::new();
    site.load(&small_image("a:1").layer([File::regular("a", 0o644, "12345")]));
    site.load(&small_image("b:1").layer([File::regular("b", 0o644, "b")]));
    let a = site.pull("a:1").unwrap();
    let b = site.pull("b:1").unwrap();
    assert_eq!(site.store.gc(|| false).unwrap(), Default::default(), "both are in use");
    let (gone, a_layer) = (a.manifest_digest.clone(), a.layers[1].clone());
    // As an agent does that is started again: what a container uses is held by its digests.
    let (kept, held) = (b.manifest_digest.clone(), site.store.hold(b.digests().to_vec()));
    drop((a, b));
    let freed = site.store.gc(|| false).unwrap();
    assert_eq!((freed.layers, freed.documents, freed.bytes), (1, 2, 5), "the layer both share stays");
    assert!(!a_layer.exists());
    assert!(site.store.image(&gone).unwrap().is_none());
    assert!(site.store.image(&kept).unwrap().is_some());
    drop(held);
    let all = site.store.hold_all().unwrap();
    assert_eq!(site.store.gc(|| false).unwrap().layers, 0);
    drop(all);
    assert_eq!(site.store.gc(|| false).unwrap().layers, 2);
    assert_eq!(site.store.stats().unwrap(), Default::default());
    assert_eq!(site.layers_and_tmp(), 0);
    site.pull("a:1").unwrap();
}

#[test]
fn what_was_used_last_stays_as_long_as_there_is_room() {
    let site = Site::new();
    for name in ["a", "b", "c"] {
        site.load(
            &ImageBuilder::new(Platform::linux("amd64"))
                .name(&format!("{name}:1"))
                .layer([File::regular(name, 0o644, name)]),
        );
    }
    let pulled = ["a:1", "b:1", "c:1"].map(|name| site.pull(name).unwrap());
    let [a, b, c] = pulled.each_ref().map(|image| image.layers[0].clone());
    // What they were used until, not since, is what counts.
    let [first, second, third] = pulled;
    for (image, layer) in [(third, &c), (first, &a), (second, &b)] {
        drop(image);
        // The clock of a file system may be coarse.
        let of = |path: &Path| fs::metadata(path.parent().unwrap()).unwrap().modified().unwrap();
        let used = of(layer);
        while {
            fs::write(site.dir.path().join("now"), "").unwrap();
            fs::metadata(site.dir.path().join("now")).unwrap().modified().unwrap() <= used
        } {}
    }
    let there = || [&a, &b, &c].map(|layer| layer.exists());
    assert_eq!(site.store.gc(|| true).unwrap(), Default::default());
    site.store.gc(|| !c.exists()).unwrap();
    assert_eq!(there(), [true, true, false]);
    site.store.gc(|| !a.exists()).unwrap();
    assert_eq!(there(), [false, true, false]);
    let asked = site.asked("/blobs/");
    site.pull("b:1").unwrap();
    assert_eq!(site.asked("/blobs/"), asked, "nothing of it is pulled again");
}

#[test]
fn gc_beside_pulls_never_takes_a_layer_from_an_image() {
    let site = Site::new();
    site.load(&small_image("a:1").layer([File::regular("a", 0o644, "a")]));
    let done = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(std::sync::atomic::Ordering::SeqCst) {
                site.store.gc(|| false).unwrap();
            }
        });
        let pulls: Vec<_> = (0..2)
            .map(|_| {
                scope.spawn(|| {
                    for _ in 0..40 {
                        let image = site.pull("a:1").unwrap();
                        assert!(image.layers.iter().all(|layer| layer.is_dir()));
                    }
                })
            })
            .collect();
        let pulled = pulls.into_iter().all(|pull| pull.join().is_ok());
        done.store(true, std::sync::atomic::Ordering::SeqCst);
        assert!(pulled);
    });
}

#[test]
fn one_process_at_a_time_and_leftovers_are_removed() {
    let dir = tempfile::TempDir::new().unwrap();
    let store = Store::open(dir.path(), Default::default()).unwrap();
    let error = Store::open(dir.path(), Default::default()).unwrap_err().to_string();
    assert!(error.contains("another process uses this directory"), "{error}");
    drop(store);
    std::fs::create_dir_all(dir.path().join("tmp/3/tree/half")).unwrap();
    Store::open(dir.path(), Default::default()).unwrap();
    assert_eq!(std::fs::read_dir(dir.path().join("tmp")).unwrap().count(), 0);
}

#[test]
fn a_damaged_document_is_fetched_again() {
    let site = Site::new();
    site.load(&small_image("a:1"));
    let digest = site.pull("a:1").unwrap().manifest_digest;
    let path = site.dir.path().join("store/documents").join(digest.hex());
    std::fs::write(&path, "damaged").unwrap();
    assert!(site.store.image(&digest).unwrap().is_none());
    site.pull("a:1").unwrap();
    assert!(site.store.image(&digest).unwrap().is_some());
}
