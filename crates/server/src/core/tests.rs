//! The core over a journal that can fail.

use super::*;
use crate::journal::Memory;
use control::state::LogGroup;

fn group(name: &str) -> LogGroup {
    LogGroup { name: name.to_owned(), created: 0, retention: None, tags: Default::default() }
}
fn start(journal: &Memory) -> Core {
    let first = |tx: &mut Tx<'_>| {
        tx.state.log_groups.put(group("first"));
        Ok(())
    };
    Core::start(Box::new(journal.clone()), Region::default(), Arc::default(), first).unwrap()
}
async fn put(core: &Core, name: &str) -> Result<u64, Fault> {
    let record = group(name);
    let event = move |tx: &mut Tx<'_>| {
        tx.state.log_groups.put(record);
        Ok(tx.state.revision)
    };
    core.run(Caller::default(), event).await
}
fn names(core: &Core) -> Vec<String> {
    core.state().log_groups.iter().map(|group| group.name.clone()).collect()
}

#[tokio::test]
async fn what_was_answered_is_there_after_a_restart_and_founding_happens_once() {
    let journal = Memory::default();
    let core = start(&journal);
    assert_eq!((core.state().revision, names(&core)), (1, vec!["first".to_owned()]));
    put(&core, "a").await.unwrap();
    let remove = |tx: &mut Tx<'_>| Ok(tx.state.log_groups.remove("first").is_some());
    assert!(core.run(Caller::default(), remove).await.unwrap());
    core.stop().await;
    let again = start(&journal);
    assert_eq!((again.state().revision, names(&again)), (3, vec!["a".to_owned()]));
}

#[tokio::test]
async fn a_refused_event_changes_nothing() {
    let core = start(&Memory::default());
    let refused = |tx: &mut Tx<'_>| -> Result<(), Fault> {
        tx.state.log_groups.put(group("half"));
        Err(Fault::new("Nope", "no"))
    };
    assert_eq!(core.run(Caller::default(), refused).await.unwrap_err().code, "Nope");
    assert_eq!((core.state().revision, names(&core)), (1, vec!["first".to_owned()]));
}

#[tokio::test]
async fn a_full_disk_fails_the_call_with_503_and_the_state_stays() {
    let journal = Memory::default();
    let core = start(&journal);
    journal.set_full(true);
    let fault = put(&core, "a").await.unwrap_err();
    assert_eq!((fault.code.as_ref(), fault.status), ("InternalFailure", 503));
    assert_eq!((core.state().revision, names(&core)), (1, vec!["first".to_owned()]));
    journal.set_full(false);
    assert_eq!(put(&core, "b").await.unwrap(), 1);
    assert_eq!(names(&core), ["b", "first"]);
}

/// A journal whose first failed commit was kept after all, as when the disk fails between the write and its confirmation.
struct Late(Memory, bool);
impl Journal for Late {
    fn load(&mut self, load: &mut crate::journal::Load<'_>) -> Result<u64, Error> {
        self.0.load(load)
    }
    fn commit(&mut self, revision: u64, changes: &[control::Change]) -> Result<(), Error> {
        self.0.commit(revision, changes)?;
        if std::mem::replace(&mut self.1, revision < 2) && revision == 2 {
            Err(Error::new("confirming"))
        } else {
            Ok(())
        }
    }
}

#[tokio::test]
async fn a_commit_that_failed_but_was_kept_is_seen_before_the_next() {
    let memory = Memory::default();
    let core = Core::start(Box::new(Late(memory.clone(), true)), Region::default(), Arc::default(), |tx| {
        tx.state.log_groups.put(group("first"));
        Ok(())
    });
    let core = core.unwrap();
    put(&core, "a").await.unwrap_err();
    assert_eq!(put(&core, "b").await.unwrap(), 2, "the next transaction starts from what the journal holds");
    assert_eq!(names(&core), ["a", "b", "first"]);
    core.stop().await;
    assert_eq!(names(&start(&memory)), ["a", "b", "first"]);
}

#[tokio::test]
async fn a_panic_in_an_event_is_a_500_and_the_core_goes_on() {
    let core = start(&Memory::default());
    let defect = |_: &mut Tx<'_>| -> Result<(), Fault> { panic!("a test's defect") };
    assert_eq!(core.run(Caller::default(), defect).await.unwrap_err().status, 500);
    put(&core, "a").await.unwrap();
}

#[tokio::test]
async fn many_at_once_share_commits_and_all_are_kept() {
    let journal = Memory::default();
    let core = Arc::new(start(&journal));
    let calls: Vec<_> = (0..3000)
        .map(|n| {
            let core = core.clone();
            tokio::spawn(async move { put(&core, &format!("g{n}")).await })
        })
        .collect();
    for call in calls {
        call.await.unwrap().unwrap();
    }
    assert_eq!(core.state().revision, 3001);
    core.stop().await;
    assert_eq!(put(&core, "late").await.unwrap_err().status, 503);
    assert_eq!(start(&journal).state().log_groups.len(), 3001);
}
