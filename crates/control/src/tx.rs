//! What an operation sees: a state to read, and in a transaction a state to change, a time and a source of ids.

use crate::State;
use aws::{doc::Timestamp, fault::Fault};
use sha2::{Digest, Sha256};

/// Who calls.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Caller {
    /// The access key id that signed the call; empty when it was not signed.
    pub access_key_id: String,
}

/// What an operation that changes nothing works on: the last committed state.
pub struct View<'a> {
    /// The committed state.
    pub state: &'a State,
    /// When the call came in.
    pub now: Timestamp,
    /// Who calls.
    pub caller: &'a Caller,
}

/// A transaction: what an operation, a report or a controller changes. Dropping the changed state undoes all of it.
pub struct Tx<'a> {
    /// The state as this transaction has made it so far.
    pub state: State,
    /// When the transaction began; the same throughout.
    pub now: Timestamp,
    /// Who calls.
    pub caller: &'a Caller,
    chance: u64,
    seed: u128,
    /// How many blocks of secrets were drawn.
    secrets: u64,
}

impl<'a> Tx<'a> {
    /// A transaction over a state. Equal states, times and seeds make equal transactions.
    pub fn new(state: State, now: Timestamp, caller: &'a Caller, seed: u64) -> Self {
        Self::seeded(state, now, caller, seed.into())
    }

    /// The same with a seed that is too long to be found by trying.
    pub fn seeded(state: State, now: Timestamp, caller: &'a Caller, seed: u128) -> Self {
        // Ids are drawn from one half of the seed: whoever sees many of them learns that half.
        Self { state, now, caller, chance: seed as u64, seed, secrets: 0 }
    }

    /// The same state, for the functions that only read.
    pub fn view(&self) -> View<'_> {
        View { state: &self.state, now: self.now, caller: self.caller }
    }

    /// Does something in full or not at all: when it is refused, what it changed before that is undone.
    ///
    /// # Errors
    /// The refusal.
    pub fn whole<T>(&mut self, work: impl FnOnce(&mut Self) -> Result<T, Fault>) -> Result<T, Fault> {
        let before = self.state.clone();
        work(self).inspect_err(|_| self.state = before)
    }

    /// Sixty-four bits that look random: SplitMix64 (Steele, Lea, Flood: "Fast splittable pseudorandom number generators", 2014).
    pub fn draw(&mut self) -> u64 {
        self.chance = self.chance.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.chance;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Bits that nothing else a transaction shows tells anything of: for keys, tokens, and ids that are to be hard to guess.
    pub fn secret(&mut self) -> [u8; 32] {
        self.secrets += 1;
        let mut hash = Sha256::new_with_prefix(b"neargate secret");
        hash.update(self.seed.to_be_bytes());
        hash.update(self.secrets.to_be_bytes());
        hash.finalize().into()
    }

    /// Hexadecimal digits for an id.
    pub fn hex(&mut self, digits: usize) -> String {
        let mut text = String::with_capacity(digits + 15);
        while text.len() < digits {
            text.push_str(&format!("{:016x}", self.draw()));
        }
        text.truncate(digits);
        text
    }

    /// An id as Amazon EC2 gives them: the prefix, a hyphen and 17 hexadecimal digits, the first a zero.
    pub fn ec2_id(&mut self, prefix: &str) -> String {
        format!("{prefix}-0{}", self.hex(16))
    }

    /// A version 4 UUID (RFC 9562), for attachments and tokens.
    pub fn uuid(&mut self) -> String {
        let (a, b) = (self.draw(), self.draw());
        uuid(a, b)
    }

    /// The same, hard to guess.
    pub fn secret_uuid(&mut self) -> String {
        let secret = self.secret();
        let half = |bytes: &[u8]| bytes.iter().take(8).fold(0, |number, byte| number << 8 | u64::from(*byte));
        uuid(half(&secret), half(secret.get(8..).unwrap_or_default()))
    }
}

fn uuid(a: u64, b: u64) -> String {
    let variant = 0x8000 | ((b >> 48) & 0x3fff);
    format!("{:08x}-{:04x}-4{:03x}-{variant:04x}-{:012x}", a >> 32, (a >> 16) & 0xffff, a & 0xfff, b & 0xffff_ffff_ffff)
}
