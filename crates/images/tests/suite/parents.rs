//! Directories that a layer holds something in without listing them.

use crate::support::{Site, Tar, refusal, small_image, unpack_into};
use images::build::{File, ImageBuilder};
use images::platform::Platform;
use images::store::Image;
use images::unpack::Limits;
use std::collections::BTreeSet;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The image's layers mounted as containers see them.
struct Merged(PathBuf);

impl Merged {
    fn of(image: &Image, at: &Path) -> Self {
        std::fs::create_dir_all(at).unwrap();
        let layers: Vec<String> = image.layers.iter().rev().map(|layer| layer.display().to_string()).collect();
        let options = format!("lowerdir={}:{}", layers.join(":"), at.display());
        assert!(
            Command::new("mount").args(["-t", "overlay", "none", "-o", &options]).arg(at).status().unwrap().success()
        );
        Self(at.to_owned())
    }

    fn mode(&self, path: &str) -> String {
        let facts = std::fs::symlink_metadata(self.0.join(path)).unwrap();
        format!("{:o} {}", facts.mode() & 0o7777, facts.mtime())
    }
}

impl Drop for Merged {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(&self.0).status();
    }
}

fn image(layers: impl IntoIterator<Item = Vec<File>>) -> ImageBuilder {
    let image = ImageBuilder::new(Platform::linux("amd64")).name("a:1").entrypoint(&["/x"]);
    layers.into_iter().fold(image, |image, layer| image.layer(layer))
}

fn base() -> Vec<File> {
    vec![File::directory("tmp", 0o1777), File::directory("var", 0o711), File::directory("var/spool", 0o770)]
}

fn modes(layers: impl IntoIterator<Item = Vec<File>>, paths: &[&str]) -> Vec<String> {
    let site = Site::new();
    site.load(&image(layers));
    let pulled = site.pull("a:1").unwrap();
    let merged = Merged::of(&pulled, &site.dir.path().join("merged"));
    paths.iter().map(|path| merged.mode(path).split(' ').next().unwrap().to_owned()).collect()
}

#[test]
fn stay_what_the_layers_below_made_them() {
    let above = vec![File::regular("tmp/x", 0o644, "x"), File::regular("var/spool/y", 0o644, "y")];
    assert_eq!(modes([base(), above], &["tmp", "var", "var/spool", "tmp/x"]), ["1777", "711", "770", "644"]);
}

#[test]
fn are_what_a_layer_above_makes_them() {
    let unlisted = vec![File::regular("tmp/x", 0o644, "x")];
    let above = vec![File::directory("tmp", 0o700)];
    assert_eq!(modes([base(), unlisted.clone(), above], &["tmp"]), ["700"]);
    let listed_late = vec![File::regular("tmp/x", 0o644, "x"), File::directory("tmp", 0o711)];
    assert_eq!(modes([base(), listed_late], &["tmp"]), ["711"]);
    assert_eq!(modes([unlisted], &["tmp"]), ["755"]);
}

#[test]
fn are_new_where_the_old_were_deleted_or_hidden() {
    let unlisted = vec![File::regular("var/spool/x", 0o644, "x")];
    let deleted = vec![File::deleted("var")];
    assert_eq!(modes([base(), deleted, unlisted.clone()], &["var", "var/spool"]), ["755", "755"]);
    let opaque = vec![File::directory("var", 0o750), File::regular("var/.wh..wh..opq", 0o644, "")];
    assert_eq!(modes([base(), opaque, unlisted.clone()], &["var", "var/spool"]), ["750", "755"]);
    let itself = vec![File::regular("var/.wh..wh..opq", 0o644, ""), File::regular("var/spool/x", 0o644, "x")];
    assert_eq!(modes([base(), itself], &["var/spool"]), ["755"]);
    let file = vec![File::deleted("var/spool"), File::regular("var/spool", 0o600, "")];
    assert_eq!(modes([base(), file, unlisted], &["var/spool"]), ["755"]);
}

#[test]
fn a_layer_may_hide_all_below_it() {
    let site = Site::new();
    site.load(&image([base(), vec![File::regular(".wh..wh..opq", 0o644, ""), File::regular("tmp/x", 0o644, "x")]]));
    let merged = Merged::of(&site.pull("a:1").unwrap(), &site.dir.path().join("merged"));
    assert!(!merged.0.join("var").exists());
    assert!(merged.mode("tmp").starts_with("755 "));
}

#[test]
fn are_found_through_links() {
    let link = vec![File::directory("usr", 0o755), File::directory("usr/lib", 0o511), File::symlink("lib", "usr/lib")];
    let through = vec![File::symlink("lib", "usr/lib"), File::regular("lib/x", 0o644, "x")];
    assert_eq!(modes([link, through], &["usr/lib"]), ["511"]);
}

#[test]
fn cost_nothing_where_all_is_listed() {
    let site = Site::new();
    site.load(&image([base(), vec![File::directory("new", 0o755), File::regular("new/x", 0o644, "x")]]));
    assert_eq!(site.pull("a:1").unwrap().layers.len(), 2);
}

#[test]
fn are_collected_with_their_image() {
    let site = Site::new();
    site.load(&image([base(), vec![File::regular("tmp/x", 0o644, "x")]]));
    site.load(&small_image("b:1"));
    let pulled = site.pull("a:1").unwrap();
    let digest = pulled.manifest_digest.clone();
    assert_eq!(pulled.layers.len(), 3);
    let held = site.store.hold(pulled.digests().to_vec());
    drop(pulled);
    assert_eq!(site.store.gc(|| false).unwrap().layers, 0);
    assert!(site.store.image(&digest).unwrap().unwrap().layers.iter().all(|layer| layer.is_dir()));
    drop(held);
    site.store.gc(|| false).unwrap();
    assert_eq!(site.layers_and_tmp(), 0);
}

#[test]
fn are_bounded() {
    let mut tar = Tar::default();
    for n in 0..250 {
        let deep = "d/".repeat(200);
        tar = tar.pax(&[("path", format!("{n}/{deep}x").as_bytes())]).file("x", b"");
    }
    assert!(refusal(&tar.end()).contains("too many directories"));
    let dir = tempfile::TempDir::new().unwrap();
    let tar = Tar::default().file("a/b/x", b"").dir("a/").end();
    let unpacked = unpack_into(dir.path(), &tar, &Limits::default()).unwrap();
    assert_eq!(unpacked.implied, BTreeSet::from([b"a/b".to_vec()]));
}
