//! Layers made to hurt: each is refused by name or stays inside.

use crate::support::{Tar, refusal, unpack_into, unpacked};
use images::unpack::Limits;
use std::fs;
use tempfile::TempDir;

#[test]
fn dot_dot_is_refused() {
    for path in ["../evil", "a/../../evil", "a/..", "..", "/../evil", "./../evil"] {
        let text = refusal(&Tar::default().file(path, b"x").end());
        assert_eq!(text, format!("refused entry {path:?}: its path has `..`"));
    }
    let text = refusal(&Tar::default().file(".wh...", b"").end());
    assert!(text.contains("a whiteout without a name"), "{text}");
    let text = refusal(&Tar::default().file(".wh.", b"").end());
    assert!(text.contains("a whiteout without a name"), "{text}");
}

#[test]
fn links_as_parents_never_lead_outside() {
    let outside = TempDir::new().unwrap();
    let path = outside.path().to_str().unwrap();
    let up = "../../../../../../../../../..".to_owned() + path;
    for target in [path, up.as_str()] {
        let root =
            unpacked(&Tar::default().symlink("out", target).file("out/evil", b"x").file("out/.wh.gone", b"").end());
        assert_eq!(fs::read_dir(outside.path()).unwrap().count(), 0, "nothing is written outside");
        assert_eq!(fs::read(root.path().join(path.trim_start_matches('/')).join("evil")).unwrap(), b"x");
    }
}

#[test]
fn a_link_swapped_in_for_a_used_parent_is_seen() {
    let outside = TempDir::new().unwrap();
    let path = outside.path().to_str().unwrap();
    let tar = Tar::default().dir("d").file("d/one", b"1").symlink("d", path).file("d/two", b"2").end();
    let root = unpacked(&tar);
    assert_eq!(fs::read_dir(outside.path()).unwrap().count(), 0);
    assert!(root.path().join(path.trim_start_matches('/')).join("two").exists());
}

#[test]
fn writing_through_a_link_of_the_same_name_replaces_the_link() {
    let outside = TempDir::new().unwrap();
    let victim = outside.path().join("victim");
    fs::write(&victim, "untouched").unwrap();
    let target = victim.to_str().unwrap();
    unpacked(&Tar::default().symlink("a", target).file("a", b"evil").end());
    unpacked(&Tar::default().symlink("a", outside.path().to_str().unwrap()).dir("a").file("a/victim", b"evil").end());
    assert_eq!(fs::read_to_string(&victim).unwrap(), "untouched");
}

#[test]
fn hard_links_reach_only_the_layers_own_files() {
    let outside = TempDir::new().unwrap();
    let victim = outside.path().join("victim");
    fs::write(&victim, "secret").unwrap();
    let target = victim.to_str().unwrap();
    let cases = [
        Tar::default().hardlink("a", "../../etc/passwd"),
        Tar::default().hardlink("a", target),
        Tar::default().symlink("out", outside.path().to_str().unwrap()).hardlink("a", "out/victim"),
        Tar::default().dir("d").hardlink("a", "d"),
        Tar::default().hardlink("a", "."),
        Tar::default().hardlink("a", "missing"),
    ];
    for tar in cases {
        let text = refusal(&tar.end());
        assert!(text.contains("\"/a\"") || text.contains("/a:") || text.contains(" to /a"), "names the entry: {text}");
    }
    let root = unpacked(&Tar::default().symlink("s", target).hardlink("a", "s").end());
    assert!(
        fs::symlink_metadata(root.path().join("a")).unwrap().is_symlink(),
        "a hard link to a link is the link itself"
    );
}

#[test]
fn a_file_where_a_directory_should_be_is_named() {
    let text = refusal(&Tar::default().file("a", b"x").file("a/b/c", b"y").end());
    assert_eq!(text, "open /a/b: not a directory");
}

#[test]
fn links_in_a_circle_end() {
    let text = refusal(&Tar::default().symlink("a", "b").symlink("b", "a").file("a/x", b"").end());
    assert_eq!(text, "open /a: too many levels of symbolic links");
}

#[test]
fn a_chain_of_growing_links_ends() {
    let mut tar = Tar::default();
    let deep = "d/".repeat(40);
    for n in 0..30 {
        let previous = if n == 0 { String::new() } else { format!("l{}/", n - 1) };
        tar = tar.symlink(&format!("l{n}"), &format!("{previous}{deep}"));
    }
    let text = refusal(&tar.file("l29/x", b"").end());
    assert!(text.starts_with("open /l29"), "{text}");
}

#[test]
fn deep_and_long_paths_are_refused() {
    let deep = "d/".repeat(300);
    let text = refusal(&Tar::default().pax(&[("path", deep.as_bytes())]).dir("x").end());
    assert!(text.contains("over 256 components"), "{text}");
    let long = "x".repeat(5000);
    let text = refusal(&Tar::default().pax(&[("path", long.as_bytes())]).file("x", b"").end());
    assert!(text.contains("over 4096 bytes"), "{text}");
    let name = "x".repeat(256);
    let text = refusal(&Tar::default().pax(&[("path", name.as_bytes())]).file("x", b"").end());
    assert!(text.ends_with("file name too long"), "{text}");
}

#[test]
fn limits_hold() {
    let refused = |tar: &[u8], limits: &Limits| {
        let dir = TempDir::new().unwrap();
        unpack_into(dir.path(), tar, limits).unwrap_err().to_string()
    };
    let tar = Tar::default().file("a", b"").file("b", b"").file("c", b"").end();
    let text = refused(&tar, &Limits { entries: 2, ..Limits::default() });
    assert_eq!(text, "refused entry \"c\": the layer has over 2 entries");
    let hole =
        Tar::default().raw(b"hole", b'S', b"", |header| header.as_gnu_mut().unwrap().set_real_size(1 << 40)).end();
    let text = refused(&hole, &Limits::default());
    assert!(text.starts_with("refused entry \"hole\": it is over"), "{text}");
}

#[test]
fn the_root_is_only_a_directory() {
    for kind in [b'0', b'2', b'3'] {
        let text = refusal(
            &Tar::default().raw(b"./.", kind, b"", |header| header.set_link_name_literal("/etc").unwrap()).end(),
        );
        assert!(text.contains("the root can only be a directory"), "{text}");
    }
    assert!(refusal(&Tar::default().raw(b"", b'0', b"", |_| {}).end()).contains("it has no name"));
}
