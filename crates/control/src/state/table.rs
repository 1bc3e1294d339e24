//! One kind of record by key. A snapshot is a clone, and a clone costs nothing.

use imbl::{OrdMap, ordmap::DiffItem};
use serde::{Serialize, de::DeserializeOwned};
use std::{ops::Bound, sync::Arc};

/// Something the control plane keeps: a value with a key, written as JSON.
pub trait Record: Clone + PartialEq + Serialize + DeserializeOwned {
    /// The name of its table in the journal. Never changes.
    const TABLE: &'static str;
    /// Whether its records hold what nobody may read on disk. The journal seals them, and no message shows them.
    const SECRET: bool = false;
    /// What it is found by; unique in its table.
    fn key(&self) -> String;
}

/// Records of one kind, in the order of their keys.
#[derive(Clone)]
pub struct Table<R>(OrdMap<Arc<str>, Row<R>>);

/// A shared record. Two rows are equal at once when they are the same memory.
#[derive(Clone)]
struct Row<R>(Arc<R>);
impl<R: PartialEq> PartialEq for Row<R> {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || self.0 == other.0
    }
}

/// A record that was put or removed.
#[derive(Clone, PartialEq, Eq)]
pub struct Change {
    /// The record's table.
    pub table: &'static str,
    /// The record's key.
    pub key: String,
    /// The record as JSON; `None` when it was removed.
    pub value: Option<Vec<u8>>,
    /// Whether the value must not lie open on disk: [`Record::SECRET`] of its table.
    pub secret: bool,
}

/// Shows no more of a secret value than that there is one.
impl std::fmt::Debug for Change {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let shown = self.value.as_ref().filter(|_| !self.secret).map(|value| String::from_utf8_lossy(value));
        let put = self.value.is_some();
        let (table, key) = (self.table, &self.key);
        f.debug_struct("Change")
            .field("table", &table)
            .field("key", key)
            .field("put", &put)
            .field("value", &shown)
            .finish()
    }
}

impl<R> Default for Table<R> {
    fn default() -> Self {
        Self(OrdMap::new())
    }
}

impl<R: Record> Table<R> {
    /// The record with that key.
    pub fn get(&self, key: &str) -> Option<&R> {
        self.0.get(key).map(|row| &*row.0)
    }

    /// Whether there is a record with that key.
    pub fn contains(&self, key: &str) -> bool {
        self.0.contains_key(key)
    }

    /// Every record, in the order of the keys.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &R> {
        self.0.values().map(|row| &*row.0)
    }

    /// The records whose keys start with `prefix`, in the order of the keys.
    pub fn prefixed<'a, 'p>(&'a self, prefix: &'p str) -> impl Iterator<Item = &'a R> + use<'a, 'p, R> {
        self.0
            .range::<_, str>((Bound::Included(prefix), Bound::Unbounded))
            .take_while(move |(key, _)| key.starts_with(prefix))
            .map(|(_, row)| &*row.0)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Puts a record, replacing one with its key.
    pub fn put(&mut self, record: R) {
        self.0.insert(record.key().into(), Row(Arc::new(record)));
    }

    /// Changes a record in place; one that is not there is left so. A change that changes nothing leaves the table as it was,
    /// so that controllers can be run again for free.
    pub fn update(&mut self, key: &str, change: impl FnOnce(&mut R)) {
        let Some(row) = self.0.get(key) else { return };
        let mut record = R::clone(&row.0);
        change(&mut record);
        if record != *row.0 {
            self.0.insert(key.into(), Row(Arc::new(record)));
        }
    }

    /// Removes a record and returns it.
    pub fn remove(&mut self, key: &str) -> Option<Arc<R>> {
        self.0.remove(key).map(|row| row.0)
    }

    /// Whether this is the very same table, untouched since it was cloned.
    pub fn same_as(&self, other: &Self) -> bool {
        self.0.ptr_eq(&other.0)
    }

    /// Appends what leads from this table to a later one.
    pub(super) fn changes_to(&self, later: &Self, changes: &mut Vec<Change>) -> Result<(), serde_json::Error> {
        if self.same_as(later) {
            return Ok(());
        }
        for item in self.0.diff(&later.0) {
            let (key, value) = match item {
                DiffItem::Add(key, row) | DiffItem::Update { new: (key, row), .. } => {
                    (key, Some(serde_json::to_vec(&*row.0)?))
                }
                DiffItem::Remove(key, _) => (key, None),
            };
            changes.push(Change { table: R::TABLE, key: key.to_string(), value, secret: R::SECRET });
        }
        Ok(())
    }

    /// Puts a record back as the journal kept it.
    pub(super) fn load(&mut self, value: &[u8]) -> Result<(), String> {
        // What serde_json says of a value may quote it.
        let said =
            |error: serde_json::Error| if R::SECRET { "it is of another form".to_owned() } else { error.to_string() };
        self.put(serde_json::from_slice(value).map_err(said)?);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    struct Thing {
        name: String,
        size: u32,
    }
    impl Record for Thing {
        const TABLE: &'static str = "thing";
        fn key(&self) -> String {
            self.name.clone()
        }
    }
    fn thing(name: &str, size: u32) -> Thing {
        Thing { name: name.to_owned(), size }
    }
    fn between(a: &Table<Thing>, b: &Table<Thing>) -> Vec<(String, Option<String>)> {
        let mut changes = Vec::new();
        a.changes_to(b, &mut changes).unwrap();
        changes.into_iter().map(|c| (c.key, c.value.map(|v| String::from_utf8(v).unwrap()))).collect()
    }

    #[test]
    fn changes_are_what_was_put_changed_and_removed() {
        let mut before = Table::default();
        (0..200).for_each(|n| before.put(thing(&format!("t{n:03}"), n)));
        let mut after = before.clone();
        after.put(thing("new", 1));
        after.update("t100", |t| t.size = 7);
        after.update("t101", |t| t.size = 101);
        after.remove("t102");
        let changes = between(&before, &after);
        assert_eq!(
            changes,
            [
                ("new".to_owned(), Some(r#"{"name":"new","size":1}"#.to_owned())),
                ("t100".to_owned(), Some(r#"{"name":"t100","size":7}"#.to_owned())),
                ("t102".to_owned(), None)
            ]
        );
        assert_eq!(before.get("t100").unwrap().size, 100, "a snapshot does not see later changes");
    }

    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    struct Password(String, bool);
    impl Record for Password {
        const TABLE: &'static str = "password";
        const SECRET: bool = true;
        fn key(&self) -> String {
            "p".to_owned()
        }
    }

    #[test]
    fn no_message_shows_a_secret_record() {
        let mut table = Table::default();
        table.put(Password("hunter2".to_owned(), true));
        let mut changes = Vec::new();
        Table::default().changes_to(&table, &mut changes).unwrap();
        let shown = format!("{changes:?}");
        assert!(changes[0].secret && shown.contains("password") && !shown.contains("hunter2"), "{shown}");
        let refused = Table::<Password>::default().load(b"[\"hunter2\", \"hunter2\"]").unwrap_err();
        assert_eq!(refused, "it is of another form");
    }

    #[test]
    fn a_change_that_changes_nothing_leaves_the_same_table() {
        let mut table = Table::default();
        table.put(thing("a", 1));
        let before = table.clone();
        table.update("a", |t| t.size = 1);
        table.update("missing", |t| t.size = 2);
        assert!(table.same_as(&before));
        table.put(thing("a", 1));
        assert_eq!(between(&before, &table), []);
    }

    #[test]
    fn prefixed_finds_exactly_the_keys_that_start_so() {
        let mut table = Table::default();
        ["a/1", "a/2", "ab/1", "b/1"].iter().for_each(|k| table.put(thing(k, 0)));
        assert_eq!(table.prefixed("a/").map(|t| t.name.as_str()).collect::<Vec<_>>(), ["a/1", "a/2"]);
    }
}
