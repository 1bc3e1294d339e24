//! What the store keeps and what it lets go.

use crate::support::{Site, small_image};
use images::build::File;
use images::store::Store;
use std::collections::BTreeSet;

#[test]
fn gc_leaves_what_is_in_use_and_what_is_held() {
    let site = Site::new();
    site.load(&small_image("a:1").layer([File::regular("a", 0o644, "12345")]));
    site.load(&small_image("b:1").layer([File::regular("b", 0o644, "b")]));
    let a = site.pull("a:1").unwrap();
    let b = site.pull("b:1").unwrap();
    assert_eq!(site.store.gc(&BTreeSet::new()).unwrap().layers, 0, "both are held");
    let in_use = BTreeSet::from([b.manifest_digest.clone()]);
    let (gone, a_layer) = (a.manifest_digest.clone(), a.layers[1].clone());
    drop((a, b));
    let freed = site.store.gc(&in_use).unwrap();
    assert_eq!((freed.layers, freed.documents, freed.bytes), (1, 2, 5), "the layer both share stays");
    assert!(!a_layer.exists());
    assert!(site.store.image(&gone).unwrap().is_none());
    assert!(site.store.image(in_use.first().unwrap()).unwrap().is_some());
    assert_eq!(site.store.gc(&BTreeSet::new()).unwrap().layers, 2);
    assert_eq!(site.store.stats().unwrap(), Default::default());
    assert_eq!(site.layers_and_tmp(), 0);
    site.pull("a:1").unwrap();
}

#[test]
fn gc_beside_pulls_never_takes_a_layer_from_an_image() {
    let site = Site::new();
    site.load(&small_image("a:1").layer([File::regular("a", 0o644, "a")]));
    let done = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(std::sync::atomic::Ordering::SeqCst) {
                site.store.gc(&BTreeSet::new()).unwrap();
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
