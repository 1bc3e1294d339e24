//! Tar streams of every make, and broken ones.

use crate::support::{Tar, refusal, unpacked};
use images::tarball::{Kind, Reader};
use proptest::prelude::*;
use std::fs;

#[test]
fn no_end_marker_is_fine() {
    let root = unpacked(&Tar::default().file("a", b"x").0);
    assert!(root.path().join("a").exists());
    let mut unpadded = Tar::default().file("a", b"x").0;
    unpadded.truncate(513);
    assert_eq!(fs::read(unpacked(&unpadded).path().join("a")).unwrap(), b"x");
    assert_eq!(fs::read_dir(unpacked(b"").path()).unwrap().count(), 0);
}

#[test]
fn truncation_names_the_entry() {
    let whole = Tar::default().file("first", b"x").file("second", &[7; 1000]).end();
    assert_eq!(refusal(&whole[..1024 + 100]), "invalid tar at \"first\": the archive ends inside or after it");
    assert_eq!(refusal(&whole[..1024 + 512 + 100]), "invalid tar at \"second\": the archive ends inside it");
}

#[test]
fn long_names_of_gnu_and_pax() {
    let long = format!("{}/{}", "d".repeat(120), "f".repeat(120));
    let gnu =
        Tar::default().raw(b"././@LongLink", b'L', format!("{long}\0").as_bytes(), |_| {}).file("short", b"x").end();
    let pax = Tar::default().pax(&[("path", long.as_bytes())]).file("short", b"x").end();
    for tar in [gnu, pax] {
        assert_eq!(fs::read(unpacked(&tar).path().join(&long)).unwrap(), b"x");
    }
    let target = "t".repeat(300);
    let gnu = Tar::default().raw(b"././@LongLink", b'K', target.as_bytes(), |_| {}).symlink("s", "x").end();
    let pax = Tar::default().pax(&[("linkpath", target.as_bytes())]).symlink("s", "x").end();
    for tar in [gnu, pax] {
        assert_eq!(fs::read_link(unpacked(&tar).path().join("s")).unwrap().to_str(), Some(target.as_str()));
    }
}

#[test]
fn huge_extended_headers_are_refused_before_they_are_read() {
    for kind in [b'L', b'K', b'x', b'g'] {
        let text = refusal(&Tar::default().raw(b"h", kind, b"", |header| header.set_size(1 << 40)).0);
        assert!(text.contains("over 1048576 bytes"), "{text}");
    }
    let mut many = Tar::default();
    for _ in 0..3000 {
        many = many.pax(&[("comment", b"again and again")]);
    }
    let text = refusal(&many.file("x", b"").end());
    assert!(text.contains("over 1048576 bytes"), "{text}");
}

#[test]
fn pax_sizes_and_owners_override_the_header() {
    let tar = Tar::default()
        .pax(&[("size", b"5"), ("uid", b"3000000"), ("path", b"real")])
        .raw(b"x", b'0', b"12345", |header| header.set_size(0))
        .file("next", b"")
        .end();
    let mut reader = Reader::new(tar.as_slice());
    let entry = reader.next().unwrap().unwrap();
    assert_eq!((entry.path.as_slice(), entry.size, entry.uid), (b"real".as_slice(), 5, 3_000_000));
    assert_eq!(reader.content(10).unwrap(), b"12345");
    assert_eq!(reader.next().unwrap().unwrap().path, b"next");
    assert!(reader.next().unwrap().is_none());
}

#[test]
fn old_archives_without_magic_and_with_empty_fields() {
    let tar = Tar::default()
        .raw(b"dir/", 0, b"", |header| header.as_mut_bytes()[257..].fill(0))
        .raw(b"dir/file", 0, b"x", |header| {
            header.as_mut_bytes()[257..].fill(0);
            header.as_mut_bytes()[108..124].fill(0);
        })
        .end();
    let mut reader = Reader::new(tar.as_slice());
    assert_eq!(reader.next().unwrap().unwrap().kind, Kind::Directory);
    let file = reader.next().unwrap().unwrap();
    assert_eq!((file.kind, file.uid), (Kind::File, 0));
}

#[test]
fn broken_headers_are_named() {
    let text = refusal(&[b'a'; 1024]);
    assert!(text.starts_with("invalid tar: the header's checksum"), "{text}");
    let text = refusal(&Tar::default().pax(&[("path", b"a\0b")]).file("x", b"").end());
    assert!(text.contains("zero byte"), "{text}");
    let text = refusal(&Tar::default().raw(b"x", b'V', b"", |_| {}).end());
    assert!(text.contains("entries of type 'V' are not supported"), "{text}");
    let text = refusal(&Tar::default().raw(b"x", b'0', b"", |header| header.set_uid(u64::from(u32::MAX))).end());
    assert!(text.contains("its uid is out of range"), "{text}");
    let text = refusal(&Tar::default().raw(b"pax", b'x', b"999 path=x\n", |_| {}).file("x", b"").end());
    assert!(text.contains("pax records are malformed"), "{text}");
    let text = refusal(&Tar::default().pax(&[("path", b"x")]).end());
    assert!(text.contains("entry that is missing"), "{text}");
}

#[test]
fn sparse_maps_that_lie_are_refused() {
    for map in ["0,4,2,4", "5,4", "0,3", "0", "x,4", "18446744073709551615,4"] {
        let tar = Tar::default()
            .pax(&[("GNU.sparse.size", b"8"), ("GNU.sparse.map", map.as_bytes())])
            .file("s", b"tail")
            .end();
        let text = refusal(&tar);
        assert!(text.contains("sparse map"), "{map}: {text}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    /// Any bytes, and any damage to a good archive, end in an error or an end: no panic, no endless loop.
    #[test]
    fn survives_any_bytes(noise in proptest::collection::vec(any::<u8>(), 0..3000), at in 0usize..4000, byte: u8) {
        let mut tar = Tar::default().pax(&[("path", b"long"), ("GNU.sparse.map", b"0,1"), ("GNU.sparse.size", b"1")])
            .file("x", b"y").symlink("s", "t").file("z", &[1; 600]).end();
        let at = at % tar.len();
        tar[at] = byte;
        for input in [noise.as_slice(), tar.as_slice()] {
            let mut reader = Reader::new(input);
            for _ in 0..100 {
                match reader.next() {
                    Ok(Some(_)) => { let _ = reader.content(10_000); }
                    Ok(None) | Err(_) => break,
                }
            }
        }
    }
}
