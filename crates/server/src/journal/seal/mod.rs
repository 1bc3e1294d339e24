//! Encryption at rest: a journal in front of another one. Records of secret tables ([`control::State::is_secret`]) go into that one
//! sealed, and come out of it opened; nothing else is touched.
//!
//! A sealed record is a byte that names the form, a nonce of 24 random bytes, and what XChaCha20-Poly1305 makes of the record
//! (RFC 8439; draft-irtf-cfrg-xchacha-03). Table and key are authenticated with it, so that a record can't be put in another's place.
//!
//! Absent: what is secret, and any way to read one without the key.

#[cfg(test)]
mod tests;

use super::{Journal, Load};
use crate::{Error, key};
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use control::{Change, State};
use std::path::{Path, PathBuf};

/// The key's name in the data directory.
const FILE: &str = "secrets.key";
/// The form of a sealed record.
const FORM: u8 = 1;
/// Bytes of a nonce.
const NONCE: usize = 24;

/// A journal whose secret records are sealed under the key in the data directory.
pub struct Sealed<J> {
    inner: J,
    path: PathBuf,
    cipher: Option<XChaCha20Poly1305>,
}

impl<J: Journal> Sealed<J> {
    /// Takes the key of the data directory if there is one. It is made when something is first sealed.
    ///
    /// # Errors
    /// Naming the file and what to do: a key that can't be read, is none, or that others than its owner may read.
    pub fn open(data_dir: &Path, inner: J) -> Result<Self, Error> {
        let path = data_dir.join(FILE);
        let cipher = key::read(&path)?.map(|key| XChaCha20Poly1305::new(&key.into()));
        Ok(Self { inner, path, cipher })
    }

    /// A change as it is kept.
    fn seal(&mut self, change: &Change) -> Result<Change, Error> {
        let Some(value) = change.value.as_deref().filter(|_| change.secret) else { return Ok(change.clone()) };
        let cipher = match self.cipher.take() {
            Some(cipher) => cipher,
            None => XChaCha20Poly1305::new(&key::make(&self.path)?.into()),
        };
        let cipher = self.cipher.insert(cipher);
        let step = || Error::new(format!("sealing record {:?} of table {:?}", change.key, change.table));
        let mut nonce = [0; NONCE];
        getrandom::fill(&mut nonce).map_err(|error| step().because(error))?;
        let about = about(change.table, &change.key);
        let sealed = cipher
            .encrypt(XNonce::from_slice(&nonce), Payload { msg: value, aad: &about })
            .map_err(|_| step().because("it is too large"))?;
        Ok(Change { value: Some([&[FORM], nonce.as_slice(), &sealed].concat()), ..change.clone() })
    }
}

impl<J: Journal> Journal for Sealed<J> {
    fn load(&mut self, load: &mut Load<'_>) -> Result<u64, Error> {
        let (cipher, path) = (self.cipher.as_ref(), &self.path);
        self.inner.load(&mut |table, key, value| match State::is_secret(table) {
            true => load(table, key, &open(cipher, path, table, key, value)?),
            false => load(table, key, value),
        })
    }

    fn commit(&mut self, revision: u64, changes: &[Change]) -> Result<(), Error> {
        let sealed = changes.iter().map(|change| self.seal(change)).collect::<Result<Vec<_>, Error>>()?;
        self.inner.commit(revision, &sealed)
    }
}

/// A record as it was before it was sealed.
fn open(
    cipher: Option<&XChaCha20Poly1305>,
    path: &Path,
    table: &str,
    key: &str,
    value: &[u8],
) -> Result<Vec<u8>, Error> {
    let step = || Error::new(format!("opening the sealed record {key:?} of table {table:?}"));
    let shown = path.display();
    let Some(cipher) = cipher else {
        return Err(step().because(format!("its key {shown} is missing")).fix(format!("{} {shown} {}", FIX.0, FIX.1)));
    };
    let parts = value.split_first().filter(|(form, _)| **form == FORM);
    let parts = parts.and_then(|(_, rest)| rest.split_at_checked(NONCE));
    let opened = parts.and_then(|(nonce, sealed)| {
        let payload = Payload { msg: sealed, aad: &about(table, key) };
        cipher.decrypt(XNonce::from_slice(nonce), payload).ok()
    });
    opened.ok_or_else(|| {
        let why = format!("it was not sealed with the key {shown}, or it is damaged");
        step().because(why).fix(format!("{} {shown} {}", FIX.0, FIX.1))
    })
}

/// What to do about a key that does not fit; the file stands between the two.
const FIX: (&str, &str) = ("Put the", "back that belongs to this journal, or start afresh with another --data-dir.");

/// What is authenticated beside a record: its place. The table's length keeps the two apart.
fn about(table: &str, key: &str) -> Vec<u8> {
    let length = (table.len() as u64).to_le_bytes();
    [length.as_slice(), table.as_bytes(), key.as_bytes()].concat()
}
