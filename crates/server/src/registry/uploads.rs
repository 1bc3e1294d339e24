//! Uploads on their way: as many as there is room for, each until it is finished, given up or forgotten about. A restart ends them all.

use ::images::blobs::{Broken, Upload};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How many there may be at once.
const MOST: usize = 1024;
/// How long one is kept that nothing is sent to.
const IDLE: Duration = Duration::from_secs(60 * 60);
/// How long at least, when there is no more room.
const IDLE_WHEN_FULL: Duration = Duration::from_secs(60);

/// All uploads, by their ids.
#[derive(Default)]
pub(super) struct Uploads(Mutex<BTreeMap<String, Arc<Session>>>);

/// An upload to a repository.
pub(super) struct Session {
    repository: String,
    /// Nothing once it was taken.
    upload: Mutex<Option<Upload>>,
    /// Bytes so far, to be told while something is appended.
    received: AtomicU64,
    /// Whether a request is sending to it.
    claimed: AtomicBool,
    touched: Mutex<Instant>,
}

/// Why nothing, or not all, was appended.
#[derive(Debug)]
pub(super) enum Refused {
    /// It was finished or given up meanwhile.
    Gone,
    /// Something else is being appended.
    Busy,
    /// It goes on at another byte.
    OutOfOrder,
    Broken(Broken),
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // What they hold is changed in single steps, so a thread that panicked left it whole.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Uploads {
    /// Takes an upload in. `false` when there are too many that something was sent to just now.
    pub(super) fn add(&self, id: String, repository: &str, upload: Upload) -> bool {
        let mut sessions = lock(&self.0);
        if sessions.len() >= MOST {
            let oldest = sessions
                .iter()
                .max_by_key(|(_, session)| session.idle())
                .map(|(id, session)| (id.clone(), session.idle()));
            match oldest.filter(|(_, idle)| *idle >= IDLE_WHEN_FULL) {
                Some((id, _)) => drop(sessions.remove(&id)),
                None => return false,
            }
        }
        let session = Session {
            repository: repository.to_owned(),
            received: AtomicU64::new(upload.size()),
            upload: Mutex::new(Some(upload)),
            claimed: AtomicBool::new(false),
            touched: Mutex::new(Instant::now()),
        };
        sessions.insert(id, Arc::new(session));
        true
    }

    /// An upload to that repository.
    pub(super) fn get(&self, repository: &str, id: &str) -> Option<Arc<Session>> {
        lock(&self.0).get(id).filter(|session| session.repository == repository).cloned()
    }

    /// Forgets an upload. `false` when there is none.
    pub(super) fn remove(&self, repository: &str, id: &str) -> bool {
        let mut sessions = lock(&self.0);
        let there = sessions.get(id).is_some_and(|session| session.repository == repository);
        there && sessions.remove(id).is_some()
    }

    /// Forgets those that nothing was sent to for an hour.
    pub(super) fn expire(&self) {
        lock(&self.0).retain(|_, session| session.idle() < IDLE);
    }

    /// Forgets all.
    pub(super) fn clear(&self) {
        lock(&self.0).clear();
    }
}

impl Session {
    fn idle(&self) -> Duration {
        lock(&self.touched).elapsed()
    }

    /// Bytes so far.
    pub(super) fn received(&self) -> u64 {
        self.received.load(Ordering::Relaxed)
    }

    /// Takes the right to send to it, until the claim is dropped.
    pub(super) fn claim(self: &Arc<Self>) -> Result<Claim, Refused> {
        match self.claimed.swap(true, Ordering::AcqRel) {
            true => Err(Refused::Busy),
            false => Ok(Claim(self.clone())),
        }
    }
}

/// The right of one request to send to an upload.
pub(super) struct Claim(Arc<Session>);

impl Drop for Claim {
    fn drop(&mut self) {
        self.0.claimed.store(false, Ordering::Release);
    }
}

impl Claim {
    /// Appends bytes that begin at byte `at`, if that is said, and returns how many there are then. Waits for the disk.
    pub(super) fn append(&self, at: Option<u64>, bytes: &[u8], limit: u64) -> Result<u64, Refused> {
        let mut guard = lock(&self.0.upload);
        let upload = guard.as_mut().ok_or(Refused::Gone)?;
        if at.is_some_and(|at| at != upload.size()) {
            return Err(Refused::OutOfOrder);
        }
        let appended = upload.append(bytes, limit);
        self.0.received.store(upload.size(), Ordering::Relaxed);
        *lock(&self.0.touched) = Instant::now();
        appended.map(|()| upload.size()).map_err(Refused::Broken)
    }

    /// Takes the upload to finish it.
    pub(super) fn take(&self) -> Result<Upload, Refused> {
        lock(&self.0.upload).take().ok_or(Refused::Gone)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ::images::blobs::Blobs;

    #[test]
    fn an_upload_is_known_in_its_repository_only_and_goes_on_in_order() {
        let dir = tempfile::tempdir().unwrap();
        let blobs = Blobs::open(dir.path()).unwrap();
        let uploads = Uploads::default();
        assert!(uploads.add("id".to_owned(), "app", blobs.begin().unwrap()));
        assert!(uploads.get("other", "id").is_none() && !uploads.remove("other", "id"));
        let session = uploads.get("app", "id").unwrap();
        let claim = session.claim().unwrap();
        assert!(matches!(session.claim(), Err(Refused::Busy)));
        assert_eq!(claim.append(Some(0), b"abc", 10).unwrap(), 3);
        assert!(matches!(claim.append(Some(2), b"d", 10), Err(Refused::OutOfOrder)));
        assert!(matches!(claim.append(None, b"12345678", 10), Err(Refused::Broken(Broken::TooLong))));
        assert_eq!(session.received(), 3);
        drop(claim);
        let claim = session.claim().unwrap();
        drop(claim.take().unwrap());
        assert!(matches!(claim.append(None, b"d", 10), Err(Refused::Gone)));
        assert!(uploads.remove("app", "id") && uploads.get("app", "id").is_none());
    }

    #[test]
    fn there_is_no_room_for_any_number() {
        let dir = tempfile::tempdir().unwrap();
        let blobs = Blobs::open(dir.path()).unwrap();
        let uploads = Uploads::default();
        for number in 0..MOST {
            assert!(uploads.add(number.to_string(), "app", blobs.begin().unwrap()));
        }
        assert!(!uploads.add("one more".to_owned(), "app", blobs.begin().unwrap()), "all are young");
        let session = uploads.get("app", "7").unwrap();
        *lock(&session.touched) = Instant::now().checked_sub(IDLE_WHEN_FULL).unwrap();
        assert!(uploads.add("one more".to_owned(), "app", blobs.begin().unwrap()));
        assert!(uploads.get("app", "7").is_none(), "the one that was idle made room");
    }
}
