//! What lies on disk of secret records, and what is said when the key does not fit.

use super::super::{Memory, Redb};
use super::*;
use std::fs;
use std::os::unix::fs::PermissionsExt;

const TABLE: &str = "secret_version";

fn put(table: &'static str, key: &str, value: &str) -> Change {
    let secret = State::is_secret(table);
    Change { table, key: key.to_owned(), value: Some(value.as_bytes().to_vec()), secret }
}
fn kept(journal: &mut dyn Journal) -> Result<Vec<String>, String> {
    let mut records = Vec::new();
    let loaded = journal.load(&mut |table, key, value| {
        records.push(format!("{table}/{key}={}", String::from_utf8_lossy(value)));
        Ok(())
    });
    loaded.map(|_| records).map_err(|error| error.to_string())
}
fn holds(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}
fn open_redb(dir: &Path) -> Result<Sealed<Redb>, Error> {
    Sealed::open(dir, Redb::open(dir, "us-east-1", "123456789012")?)
}

#[test]
fn no_file_holds_a_secret_value_and_every_start_has_it() {
    let dir = tempfile::tempdir().unwrap();
    let mut journal = open_redb(dir.path()).unwrap();
    journal.commit(1, &[put("cluster", "c", "open")]).unwrap();
    assert!(!dir.path().join(FILE).exists(), "a region without secrets has no key");
    journal.commit(2, &[put(TABLE, "k:1", "hunter2 hunter2"), put("cluster", "d", "also open")]).unwrap();
    journal.commit(3, &[put(TABLE, "k:2", "hunter3"), Change { value: None, ..put(TABLE, "k:1", "") }]).unwrap();
    drop(journal);
    let mode = fs::metadata(dir.path().join(FILE)).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode, 0o600);
    let mut open = 0;
    for entry in fs::read_dir(dir.path()).unwrap() {
        let bytes = fs::read(entry.unwrap().path()).unwrap();
        assert!(!holds(&bytes, "hunter"));
        open += usize::from(holds(&bytes, "also open"));
    }
    assert_eq!(open, 1);
    let records = kept(&mut open_redb(dir.path()).unwrap()).unwrap();
    assert_eq!(records, ["cluster/c=open", "cluster/d=also open", "secret_version/k:2=hunter3"]);
}

#[test]
fn a_record_is_sealed_anew_each_time_and_opens_in_its_own_place_only() {
    let dir = tempfile::tempdir().unwrap();
    let inner = Memory::default();
    let mut journal = Sealed::open(dir.path(), inner.clone()).unwrap();
    journal.commit(1, &[put(TABLE, "a", "v"), put(TABLE, "b", "v")]).unwrap();
    let mut sealed = Vec::new();
    let mut take = |_: &str, _: &str, value: &[u8]| {
        sealed.push(value.to_vec());
        Ok(())
    };
    inner.clone().load(&mut take).unwrap();
    assert_ne!(sealed[0], sealed[1]);
    let damaged = [&sealed[0][..sealed[0].len() - 1], &[sealed[0][sealed[0].len() - 1] ^ 1]].concat();
    for (value, why) in [
        (sealed[1].clone(), "another record's"),
        (damaged, "a damaged one"),
        (b"{\"open\": true}".to_vec(), "one that was never sealed"),
        (Vec::new(), "an empty one"),
    ] {
        let change = Change { table: TABLE, key: "a".to_owned(), value: Some(value), secret: false };
        inner.clone().commit(2, &[change]).unwrap();
        let refused = kept(&mut Sealed::open(dir.path(), inner.clone()).unwrap()).unwrap_err();
        assert!(
            refused.starts_with("opening the sealed record \"a\" of table \"secret_version\": it was not sealed with"),
            "{why}: {refused}"
        );
    }
}

#[test]
fn a_key_that_does_not_fit_is_named_with_what_to_do() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join(FILE);
    let inner = Memory::default();
    Sealed::open(dir.path(), inner.clone()).unwrap().commit(1, &[put(TABLE, "a", "v")]).unwrap();
    let right = fs::read(&file).unwrap();
    let refused = || match Sealed::open(dir.path(), inner.clone()) {
        Ok(mut journal) => kept(&mut journal).unwrap_err(),
        Err(error) => error.to_string(),
    };
    let shown = file.display().to_string();
    fs::remove_file(&file).unwrap();
    let missing = refused();
    assert!(missing.contains(&format!("its key {shown} is missing. Put the {shown} back")), "{missing}");
    assert!(!file.exists(), "a key is not made in place of a lost one");
    let write = |bytes: &[u8], mode: u32| {
        fs::write(&file, bytes).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(mode)).unwrap();
    };
    write(&[7; 32], 0o600);
    let wrong = refused();
    assert!(
        wrong.contains(&format!("it was not sealed with the key {shown}")) && wrong.contains("--data-dir"),
        "{wrong}"
    );
    write(&[7; 31], 0o600);
    assert!(refused().contains(&format!("the key {shown} is not 32 bytes long")));
    write(&right, 0o640);
    let readable = refused();
    assert!(
        readable.contains("may be read by others than its owner (mode 0640)") && readable.contains("chmod 600"),
        "{readable}"
    );
    write(&right, 0o600);
    assert_eq!(kept(&mut Sealed::open(dir.path(), inner.clone()).unwrap()).unwrap(), ["secret_version/a=v"]);
}
