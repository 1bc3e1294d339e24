//! Layers as they should come out.

use crate::support::{Tar, unpack_into, unpacked};
use images::unpack::Limits;
use rustix::fs::{getxattr, lgetxattr};
use std::fs;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::Path;

fn attribute(path: &Path, name: &str) -> Option<Vec<u8>> {
    let mut value = vec![0; 100];
    let n = getxattr(path, name, &mut value[..]).ok()?;
    value.truncate(n);
    Some(value)
}

fn is_whiteout(path: &Path) -> bool {
    let metadata = fs::symlink_metadata(path).unwrap();
    metadata.file_type().is_char_device() && metadata.rdev() == 0
}

#[test]
fn keeps_owner_mode_with_setuid_and_time() {
    let tar = Tar::default()
        .raw(b"usr", b'5', b"", |header| {
            header.set_mode(0o1777);
            header.set_uid(7);
            header.set_mtime(12345);
        })
        .raw(b"usr/su", b'0', b"content", |header| {
            header.set_mode(0o6755);
            header.set_uid(1000);
            header.set_gid(1001);
            header.set_mtime(99);
        })
        .end();
    let root = unpacked(&tar);
    let file = fs::metadata(root.path().join("usr/su")).unwrap();
    assert_eq!((file.mode() & 0o7777, file.uid(), file.gid(), file.mtime()), (0o6755, 1000, 1001, 99));
    assert_eq!(fs::read(root.path().join("usr/su")).unwrap(), b"content");
    let dir = fs::metadata(root.path().join("usr")).unwrap();
    assert_eq!((dir.mode() & 0o7777, dir.uid(), dir.mtime()), (0o1777, 7, 12345), "its time is set after its files");
}

#[test]
fn keeps_sub_second_times_and_times_before_1970() {
    let tar = Tar::default()
        .pax(&[("mtime", b"1700000000.25")])
        .file("a", b"")
        .pax(&[("mtime", b"-1.5")])
        .file("b", b"")
        .end();
    let root = unpacked(&tar);
    let a = fs::metadata(root.path().join("a")).unwrap();
    assert_eq!((a.mtime(), a.mtime_nsec()), (1_700_000_000, 250_000_000));
    let b = fs::metadata(root.path().join("b")).unwrap();
    assert_eq!((b.mtime(), b.mtime_nsec()), (-2, 500_000_000));
}

#[test]
fn makes_links_devices_and_pipes() {
    let tar = Tar::default()
        .file("file", b"x")
        .symlink("link", "/etc/passwd")
        .hardlink("twin", "./file")
        .raw(b"null", b'3', b"", |header| {
            header.set_mode(0o666);
            header.set_device_major(1).unwrap();
            header.set_device_minor(3).unwrap();
        })
        .raw(b"disk", b'4', b"", |header| {
            header.set_device_major(8).unwrap();
            header.set_device_minor(17).unwrap();
        })
        .raw(b"pipe", b'6', b"", |_| {})
        .end();
    let root = unpacked(&tar);
    let stat = |name: &str| fs::symlink_metadata(root.path().join(name)).unwrap();
    assert_eq!(fs::read_link(root.path().join("link")).unwrap(), Path::new("/etc/passwd"));
    assert_eq!(stat("file").ino(), stat("twin").ino());
    assert!(stat("null").file_type().is_char_device());
    assert_eq!((stat("null").rdev(), stat("null").mode() & 0o777), (rustix::fs::makedev(1, 3), 0o666));
    assert!(stat("disk").file_type().is_block_device());
    assert_eq!(stat("disk").rdev(), rustix::fs::makedev(8, 17));
    assert!(stat("pipe").file_type().is_fifo());
}

#[test]
fn whiteouts_become_overlayfs_ones() {
    let tar = Tar::default()
        .dir("etc")
        .file("etc/.wh.gone", b"")
        .file("var/.wh..wh..opq", b"")
        .file("var/new", b"")
        .file(".wh..wh.plnk", b"")
        .end();
    let root = unpacked(&tar);
    assert!(is_whiteout(&root.path().join("etc/gone")));
    assert_eq!(attribute(&root.path().join("var"), "trusted.overlay.opaque"), Some(b"y".to_vec()));
    assert!(!root.path().join(".wh..wh.plnk").exists(), "AUFS's bookkeeping is left out");
}

#[test]
fn a_directory_deleted_and_made_anew_hides_the_lower_one_in_either_order() {
    let before = Tar::default().file(".wh.d", b"").dir("d").file("d/new", b"").end();
    let after = Tar::default().dir("d").file("d/new", b"").file(".wh.d", b"").end();
    let implied = Tar::default().file(".wh.d", b"").file("d/new", b"").end();
    for tar in [before, after, implied] {
        let root = unpacked(&tar);
        assert!(root.path().join("d/new").is_file());
        assert_eq!(attribute(&root.path().join("d"), "trusted.overlay.opaque"), Some(b"y".to_vec()));
    }
}

#[test]
fn a_whiteout_does_not_hide_what_its_own_layer_has() {
    let root = unpacked(&Tar::default().file("a", b"new").file(".wh.a", b"").end());
    assert_eq!(fs::read(root.path().join("a")).unwrap(), b"new");
}

#[test]
fn extended_attributes_are_kept_but_not_overlayfs_own() {
    let capability = [1, 0, 0, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    let tar = Tar::default()
        .pax(&[
            ("SCHILY.xattr.security.capability", &capability),
            ("SCHILY.xattr.user.note", b"two\nlines"),
            ("SCHILY.xattr.trusted.overlay.redirect", b"/etc"),
            ("SCHILY.xattr.trusted.overlay.opaque", b"y"),
        ])
        .raw(b"ping", b'0', b"x", |header| header.set_uid(5))
        .end();
    let root = unpacked(&tar);
    let ping = root.path().join("ping");
    assert_eq!(attribute(&ping, "security.capability"), Some(capability.to_vec()));
    assert_eq!(attribute(&ping, "user.note"), Some(b"two\nlines".to_vec()));
    assert_eq!(attribute(&ping, "trusted.overlay.redirect"), None);
    assert_eq!(attribute(&ping, "trusted.overlay.opaque"), None);
}

#[test]
fn attributes_of_a_symlink_stay_off_its_target() {
    let root = tempfile::TempDir::new().unwrap();
    let outside = tempfile::TempDir::new().unwrap();
    let target = outside.path().join("victim");
    fs::write(&target, "x").unwrap();
    let tar = Tar::default()
        .pax(&[("SCHILY.xattr.trusted.note", b"mine"), ("uid", b"77")])
        .symlink("link", target.to_str().unwrap())
        .end();
    unpack_into(root.path(), &tar, &Limits::default()).unwrap();
    assert_eq!(attribute(&target, "trusted.note"), None);
    assert_eq!(fs::metadata(&target).unwrap().uid(), 0);
    let link = root.path().join("link");
    assert_eq!(lgetxattr(&link, "trusted.note", &mut [0; 10][..]), Ok(4));
    assert_eq!(fs::symlink_metadata(&link).unwrap().uid(), 77);
}

#[test]
fn a_later_entry_replaces_an_earlier_one() {
    let tar = Tar::default()
        .file("a", b"first")
        .file("a", b"second")
        .dir("d")
        .file("d/below", b"")
        .file("d", b"now a file")
        .file("f", b"")
        .dir("f")
        .file("f/below", b"x")
        .symlink("s", "d")
        .file("s", b"no longer a link")
        .end();
    let root = unpacked(&tar);
    let read = |name: &str| fs::read_to_string(root.path().join(name)).unwrap();
    assert_eq!(
        (read("a"), read("d"), read("f/below"), read("s")),
        ("second".into(), "now a file".into(), "x".into(), "no longer a link".into())
    );
}

#[test]
fn parents_may_be_missing_or_links_inside_the_layer() {
    let tar = Tar::default()
        .file("deep/er/file", b"1")
        .symlink("lib", "usr/lib")
        .file("lib/a.so", b"2")
        .symlink("abs", "/usr/lib")
        .file("abs/b.so", b"3")
        .file("/rooted", b"4")
        .file("./dotted", b"5")
        .end();
    let root = unpacked(&tar);
    for (path, content) in
        [("deep/er/file", "1"), ("usr/lib/a.so", "2"), ("usr/lib/b.so", "3"), ("rooted", "4"), ("dotted", "5")]
    {
        assert_eq!(fs::read_to_string(root.path().join(path)).unwrap(), content, "{path}");
    }
    assert!(fs::symlink_metadata(root.path().join("lib")).unwrap().is_symlink());
    assert_eq!(fs::metadata(root.path().join("deep/er")).unwrap().mode() & 0o7777, 0o755);
}

#[test]
fn the_root_entry_sets_the_roots_own_metadata() {
    let root = unpacked(&Tar::default().raw(b"./", b'5', b"", |header| header.set_mode(0o700)).file("a", b"").end());
    let metadata = fs::metadata(root.path()).unwrap();
    assert_eq!((metadata.mode() & 0o7777, metadata.mtime()), (0o700, 1_000_000_000));
}

#[test]
fn sparse_files_have_their_holes_in_every_format() {
    let gnu = Tar::default()
        .raw(b"s", b'S', b"tail", |header| {
            let gnu = header.as_gnu_mut().unwrap();
            gnu.sparse[0].set_offset(1 << 20);
            gnu.sparse[0].set_length(4);
            gnu.set_real_size((1 << 20) + 4);
        })
        .end();
    let size = ((1 << 20) + 4).to_string();
    let pax_0_1 = Tar::default()
        .pax(&[
            ("GNU.sparse.size", size.as_bytes()),
            ("GNU.sparse.numblocks", b"1"),
            ("GNU.sparse.map", b"1048576,4"),
            ("GNU.sparse.name", b"s"),
        ])
        .file("GNUSparseFile.0/s", b"tail")
        .end();
    let mut content = b"1\n1048576\n4\n".to_vec();
    content.resize(512, 0);
    content.extend_from_slice(b"tail");
    let pax_1_0 = Tar::default()
        .pax(&[
            ("GNU.sparse.major", b"1"),
            ("GNU.sparse.minor", b"0"),
            ("GNU.sparse.realsize", size.as_bytes()),
            ("GNU.sparse.name", b"s"),
        ])
        .file("GNUSparseFile.0/s", &content)
        .end();
    for tar in [gnu, pax_0_1, pax_1_0] {
        let root = unpacked(&tar);
        let content = fs::read(root.path().join("s")).unwrap();
        assert_eq!(content.len(), (1 << 20) + 4);
        assert!(content[..1 << 20].iter().all(|&b| b == 0));
        assert_eq!(&content[1 << 20..], b"tail");
        assert!(fs::metadata(root.path().join("s")).unwrap().blocks() * 512 < 1 << 20, "the hole takes no space");
    }
}

#[test]
fn counts_what_it_unpacks() {
    let root = tempfile::TempDir::new().unwrap();
    let tar = Tar::default().dir("d").file("d/a", b"12345").end();
    let done = unpack_into(root.path(), &tar, &Limits::default()).unwrap();
    assert_eq!((done.entries, done.bytes), (2, 5));
}
