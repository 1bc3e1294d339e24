//! The journal of one machine: a redb file. One transaction to a commit, on disk (fsync) before it counts.

use super::room::Roomy;
use super::{Journal, Load};
use crate::Error;
use ::redb::{Database, DatabaseError, Durability, ReadableDatabase, ReadableTable, TableDefinition};
use control::Change;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

/// Records by table and key.
const RECORDS: TableDefinition<(&str, &str), &[u8]> = TableDefinition::new("records");
/// What is said of the journal itself.
const ABOUT: TableDefinition<&str, &str> = TableDefinition::new("about");
/// Grows when an older program could no longer read what a newer one writes.
const FORMAT: &str = "2";
/// redb would take 1 GiB. The state is in memory anyhow; this only speeds up walks through the tree.
const CACHE: usize = 4 << 20;

/// Opens the database. Called again after a failure, since redb refuses everything after one.
type Open = Box<dyn Fn() -> Result<Database, DatabaseError> + Send>;

/// A journal in one redb file.
pub struct Redb {
    path: PathBuf,
    open: Open,
    database: Option<Database>,
}

impl Redb {
    /// Opens `journal.redb` in the data directory, or makes it for that region and account.
    ///
    /// # Errors
    /// When it can't be opened or made, is of another format, or of another region or account.
    pub fn open(data_dir: &Path, region: &str, account: &str) -> Result<Self, Error> {
        let path = data_dir.join("journal.redb");
        if !path.exists() {
            found(data_dir, &path, region, account)?;
        }
        let file = path.clone();
        let open = move || Database::builder().set_cache_size(CACHE).create_with_backend(Roomy::open(&file)?);
        let journal = Self::with(path, Box::new(open))?;
        journal.compare(region, account)?;
        Ok(journal)
    }

    pub(super) fn with(path: PathBuf, open: Open) -> Result<Self, Error> {
        let mut journal = Self { path, open, database: None };
        journal.database()?;
        Ok(journal)
    }

    fn database(&mut self) -> Result<&Database, Error> {
        let database = match self.database.take() {
            Some(database) => database,
            None => (self.open)().map_err(|error| self.unopened(error))?,
        };
        Ok(self.database.insert(database))
    }

    fn unopened(&self, error: DatabaseError) -> Error {
        let fix = match &error {
            DatabaseError::DatabaseAlreadyOpen => "Another process has it open: stop that one first.",
            DatabaseError::UpgradeRequired(_) => {
                "It was written by another version of neargate: use that one, or another --data-dir."
            }
            DatabaseError::Storage(::redb::StorageError::Corrupted(_)) => {
                "The file is damaged: put a copy back, or start afresh with another --data-dir."
            }
            _ => "Look at the disk's free space and the file's permissions.",
        };
        Error::new(format!("opening the journal {}", self.path.display())).because(error).fix(fix)
    }

    fn compare(&self, region: &str, account: &str) -> Result<(), Error> {
        let shown = self.path.display();
        let about = |name: &str| -> Result<String, Error> {
            let database =
                self.database.as_ref().ok_or_else(|| Error::new(format!("the journal {shown} is closed")))?;
            read_about(database, name)
                .map_err(|error| Error::new(format!("reading the journal {shown}")).because(error))
        };
        let format = about("format")?;
        if format != FORMAT {
            return Err(Error::new(format!("the journal {shown} has format {format:?}, this neargate reads {FORMAT}"))
                .fix("Use the version of neargate that wrote it, or another --data-dir."));
        }
        for (name, wanted) in [("region", region), ("account", account)] {
            let kept = about(name)?;
            if kept != wanted {
                return Err(Error::new(format!("the journal {shown} is of {name} {kept}, not {wanted}"))
                    .fix(format!("Start with --{name} {kept}, or with another --data-dir.")));
            }
        }
        Ok(())
    }
}

/// Makes the file under another name first, so that a kill leaves none or a whole one.
fn found(data_dir: &Path, path: &Path, region: &str, account: &str) -> Result<(), Error> {
    let draft = data_dir.join("journal.redb.new");
    let make = || -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        if draft.exists() {
            fs::remove_file(&draft)?;
        }
        let database = Database::builder().set_cache_size(CACHE).create(&draft)?;
        begin(&database, region, account)?;
        drop(database);
        fs::rename(&draft, path)?;
        File::open(data_dir)?.sync_all()?;
        Ok(())
    };
    make().map_err(|error| {
        Error::new(format!("making the journal {}", path.display()))
            .because(error)
            .fix("Look at the disk's free space and the directory's permissions.")
    })
}

/// Writes what is said of a new journal.
pub(super) fn begin(database: &Database, region: &str, account: &str) -> Result<(), ::redb::Error> {
    let transaction = database.begin_write()?;
    {
        let mut about = transaction.open_table(ABOUT)?;
        for (name, value) in [("format", FORMAT), ("region", region), ("account", account), ("revision", "0")] {
            about.insert(name, value)?;
        }
        transaction.open_table(RECORDS)?;
    }
    transaction.commit()?;
    Ok(())
}

fn read_about(database: &Database, name: &str) -> Result<String, ::redb::Error> {
    let about = database.begin_read()?.open_table(ABOUT)?;
    Ok(about.get(name)?.map(|value| value.value().to_owned()).unwrap_or_default())
}

fn write(database: &Database, revision: u64, changes: &[Change]) -> Result<(), ::redb::Error> {
    let mut transaction = database.begin_write()?;
    transaction.set_durability(Durability::Immediate)?;
    {
        let mut records = transaction.open_table(RECORDS)?;
        for change in changes {
            let key = (change.table, change.key.as_str());
            match &change.value {
                Some(value) => drop(records.insert(key, value.as_slice())?),
                None => drop(records.remove(key)?),
            }
        }
        transaction.open_table(ABOUT)?.insert("revision", revision.to_string().as_str())?;
    }
    transaction.commit()?;
    Ok(())
}

impl Journal for Redb {
    fn load(&mut self, load: &mut Load<'_>) -> Result<u64, Error> {
        let step = format!("reading the journal {}", self.path.display());
        let failed = |error: ::redb::Error| Error::new(step.clone()).because(error);
        let database = self.database()?;
        let records =
            database.begin_read().map_err(|e| failed(e.into()))?.open_table(RECORDS).map_err(|e| failed(e.into()))?;
        for row in records.iter().map_err(|e| failed(e.into()))? {
            let (key, value) = row.map_err(|e| failed(e.into()))?;
            let (table, key) = key.value();
            load(table, key, value.value())?;
        }
        let revision = read_about(database, "revision").map_err(failed)?;
        let step = format!("reading the revision {revision:?} of the journal {}", self.path.display());
        revision.parse::<u64>().map_err(|error| Error::new(step).because(error))
    }

    fn commit(&mut self, revision: u64, changes: &[Change]) -> Result<(), Error> {
        let result = write(self.database()?, revision, changes);
        result.map_err(|error| {
            // redb answers nothing more after an I/O error; the next call opens the file again.
            self.database = None;
            Error::new(format!("writing revision {revision} to the journal {}", self.path.display())).because(error)
        })
    }
}
