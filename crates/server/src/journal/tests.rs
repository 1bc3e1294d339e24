//! One suite for every backend, and what only the file has.

use super::*;
use ::redb::{Database, StorageBackend, backends::FileBackend};
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

fn put(table: &'static str, key: &str, value: &str) -> Change {
    Change { table, key: key.to_owned(), value: Some(value.as_bytes().to_vec()), secret: false }
}
fn remove(table: &'static str, key: &str) -> Change {
    Change { table, key: key.to_owned(), value: None, secret: false }
}
fn kept(journal: &mut dyn Journal) -> (u64, Vec<String>) {
    let mut records = Vec::new();
    let revision = journal.load(&mut |table, key, value| {
        records.push(format!("{table}/{key}={}", String::from_utf8_lossy(value)));
        Ok(())
    });
    (revision.unwrap(), records)
}

/// What every journal does; `reopen` gives the same journal as after a restart.
fn suite(mut reopen: impl FnMut() -> Box<dyn Journal>) {
    let mut journal = reopen();
    assert_eq!(kept(&mut *journal), (0, vec![]));
    journal.commit(1, &[put("vpc", "b", "1"), put("vpc", "a", "2"), put("eni", "a", "3")]).unwrap();
    journal
        .commit(
            3,
            &[
                put("vpc", "a", "4"),
                remove("vpc", "b"),
                put("vpc", "c", "5"),
                put("vpc", "c", "6"),
                remove("eni", "never"),
            ],
        )
        .unwrap();
    let expected = (3, vec!["eni/a=3".to_owned(), "vpc/a=4".to_owned(), "vpc/c=6".to_owned()]);
    assert_eq!(kept(&mut *journal), expected);
    drop(journal);
    let mut journal = reopen();
    assert_eq!(kept(&mut *journal), expected);
    let refused =
        journal.load(&mut |table, key, _| Err(Error::new(format!("{table}/{key} is of the future")))).unwrap_err();
    assert_eq!(refused.to_string(), "eni/a is of the future");
    journal.commit(4, &[remove("eni", "a"), remove("vpc", "a"), remove("vpc", "c")]).unwrap();
    assert_eq!(kept(&mut *journal), (4, vec![]));
}

#[test]
fn memory() {
    let memory = Memory::default();
    suite(move || Box::new(memory.clone()));
}

fn open(dir: &Path) -> Result<Redb, Error> {
    Redb::open(dir, "us-east-1", "123456789012")
}

#[test]
fn redb() {
    let dir = tempfile::tempdir().unwrap();
    suite(move || Box::new(open(dir.path()).unwrap()));
}

#[test]
fn another_region_account_or_format_is_refused_with_the_fix() {
    let dir = tempfile::tempdir().unwrap();
    drop(open(dir.path()).unwrap());
    let refused = |result: Result<Redb, Error>| result.err().unwrap().to_string();
    let region = refused(Redb::open(dir.path(), "eu-west-1", "123456789012"));
    assert!(region.contains("of region us-east-1, not eu-west-1") && region.contains("--region us-east-1"), "{region}");
    let account = refused(Redb::open(dir.path(), "us-east-1", "000000000000"));
    assert!(account.contains("--account 123456789012"), "{account}");
    let about = ::redb::TableDefinition::<&str, &str>::new("about");
    let database = Database::open(dir.path().join("journal.redb")).unwrap();
    let transaction = database.begin_write().unwrap();
    transaction.open_table(about).unwrap().insert("format", "1").unwrap();
    transaction.commit().unwrap();
    drop(database);
    let format = refused(open(dir.path()));
    assert!(
        format.contains("format \"1\", this neargate reads 2") && format.contains("version of neargate"),
        "{format}"
    );
}

#[test]
fn a_file_that_is_no_journal_and_one_in_use_are_refused_by_name() {
    let dir = tempfile::tempdir().unwrap();
    let first = open(dir.path()).unwrap();
    let twice = open(dir.path()).err().unwrap().to_string();
    assert!(twice.contains("Another process has it open"), "{twice}");
    drop(first);
    std::fs::write(dir.path().join("journal.redb"), vec![7; 100_000]).unwrap();
    let garbage = open(dir.path()).err().unwrap().to_string();
    assert!(garbage.contains("journal.redb"), "{garbage}");
}

#[test]
fn a_draft_left_by_a_kill_is_made_anew() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("journal.redb.new"), b"half").unwrap();
    assert_eq!(kept(&mut open(dir.path()).unwrap()), (0, vec![]));
}

/// A file on a disk that can be full.
#[derive(Debug)]
struct Disk(FileBackend, Arc<AtomicBool>);
impl Disk {
    fn room(&self) -> Result<(), io::Error> {
        if self.1.load(Ordering::SeqCst) { Err(io::Error::from(io::ErrorKind::StorageFull)) } else { Ok(()) }
    }
}
impl StorageBackend for Disk {
    fn len(&self) -> Result<u64, io::Error> {
        self.0.len()
    }
    fn read(&self, offset: u64, out: &mut [u8]) -> Result<(), io::Error> {
        self.0.read(offset, out)
    }
    fn set_len(&self, len: u64) -> Result<(), io::Error> {
        self.room()?;
        self.0.set_len(len)
    }
    fn sync_data(&self) -> Result<(), io::Error> {
        self.room()?;
        self.0.sync_data()
    }
    fn write(&self, offset: u64, data: &[u8]) -> Result<(), io::Error> {
        self.room()?;
        self.0.write(offset, data)
    }
    fn close(&self) -> Result<(), io::Error> {
        self.0.close()
    }
}

#[test]
fn a_full_disk_fails_the_commit_and_keeps_the_rest_until_there_is_room() {
    let dir = tempfile::tempdir().unwrap();
    drop(open(dir.path()).unwrap());
    let full = Arc::new(AtomicBool::new(false));
    let (path, switch) = (dir.path().join("journal.redb"), full.clone());
    let file = path.clone();
    let disk = move || {
        let file = std::fs::File::options()
            .read(true)
            .write(true)
            .open(&file)
            .map_err(|e| ::redb::DatabaseError::Storage(::redb::StorageError::Io(e)))?;
        Database::builder().create_with_backend(Disk(FileBackend::new(file)?, switch.clone()))
    };
    let mut journal = Redb::with(path, Box::new(disk)).unwrap();
    journal.commit(1, &[put("vpc", "a", "1")]).unwrap();
    full.store(true, Ordering::SeqCst);
    for _ in 0..3 {
        let failed = journal.commit(2, &[put("vpc", "b", &"x".repeat(100_000))]).unwrap_err().to_string();
        assert!(failed.contains("journal.redb"), "{failed}");
    }
    full.store(false, Ordering::SeqCst);
    assert_eq!(kept(&mut journal), (1, vec!["vpc/a=1".to_owned()]));
    journal.commit(2, &[put("vpc", "c", "1")]).unwrap();
    assert_eq!(kept(&mut journal).0, 2);
}

#[test]
fn an_empty_file_is_no_journal() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("journal.redb"), "").unwrap();
    let refused = open(dir.path()).err().unwrap().to_string();
    assert!(refused.contains("the file is empty") && refused.contains("put a copy back"), "{refused}");
}

#[test]
fn a_journal_that_shrank_is_whole_and_keeps_its_room() {
    let dir = tempfile::tempdir().unwrap();
    let mut journal = open(dir.path()).unwrap();
    let size = || std::fs::metadata(dir.path().join("journal.redb")).unwrap().len();
    let keys: Vec<String> = (0..40).map(|n| n.to_string()).collect();
    let text = "x".repeat(200_000);
    let (mut revision, mut grown) = (0, 0);
    for round in 0..3 {
        for change in [Some(text.as_str()), None] {
            for key in &keys {
                revision += 1;
                let change = change.map_or_else(|| remove("vpc", key), |text| put("vpc", key, text));
                journal.commit(revision, &[change, put("eni", "a", &revision.to_string())]).unwrap();
            }
            if round == 0 && change.is_some() {
                grown = size();
            }
        }
        drop(journal);
        journal = open(dir.path()).unwrap();
        assert_eq!(kept(&mut journal), (revision, vec![format!("eni/a={revision}")]));
    }
    assert!(grown > 8_000_000 && size() >= grown && size() <= 2 * grown, "{grown} bytes, then {}", size());
}

/// On a disk of its own, which goes with its process.
#[test]
fn what_fills_the_disk_leaves_the_journal_its_room() {
    let dir = tempfile::tempdir().unwrap();
    let script = "mount -t tmpfs -o size=24m tmpfs \"$FULL_DISK\" && exec \"$0\" --exact journal::tests::on_a_full_disk --ignored";
    let output = std::process::Command::new("unshare")
        .args(["--mount", "sh", "-c", script])
        .arg(std::env::current_exe().unwrap())
        .env("FULL_DISK", dir.path())
        .output()
        .unwrap();
    let text = [&output.stdout[..], &output.stderr[..]].concat();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&text));
}

#[test]
#[ignore = "run by what_fills_the_disk_leaves_the_journal_its_room in a mount namespace"]
fn on_a_full_disk() {
    let dir = std::path::PathBuf::from(std::env::var_os("FULL_DISK").unwrap());
    let mut journal = open(&dir).unwrap();
    let task = |n: u64, status: &str| put("task", &n.to_string(), &status.repeat(300));
    for n in 0..200 {
        journal.commit(n + 1, &[task(n, "RUNNING")]).unwrap();
    }
    let fill = || {
        let mut file = std::fs::File::options().append(true).create(true).open(dir.join("full")).unwrap();
        while io::Write::write(&mut file, &[1; 4096]).is_ok_and(|written| written > 0) {}
    };
    fill();
    for n in 0..200 {
        journal.commit(n + 201, &[task(n, "STOPPING")]).unwrap();
        fill();
    }
    // Also after a restart, and what is new has room too, for as much as there is already.
    drop(journal);
    let mut journal = open(&dir).unwrap();
    for n in 200..300 {
        fill();
        journal.commit(n + 201, &[task(n, "PENDING")]).unwrap();
    }
    // There is an end to it, which is said, and which is not the end.
    let mut refused = None;
    for n in 300..100_000 {
        refused = journal.commit(n + 201, &[task(n, "PENDING")]).err().map(|error| (n, error.to_string()));
        if refused.is_some() {
            break;
        }
    }
    let (n, why) = refused.unwrap();
    assert!(why.contains("journal.redb") && why.contains("No space left"), "{why}");
    assert_eq!(kept(&mut journal).0, n + 200);
    std::fs::remove_file(dir.join("full")).unwrap();
    journal.commit(n + 201, &[task(n, "PENDING")]).unwrap();
    assert_eq!(kept(&mut journal).1.len() as u64, n + 1);
}
