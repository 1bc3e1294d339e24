//! Checksums that a client can send with a content ("Checking object integrity in Amazon S3", Amazon S3 User Guide).

use base64::{Engine, engine::general_purpose::STANDARD};
use crc::{CRC_32_ISCSI, CRC_32_ISO_HDLC, CRC_64_NVME, Crc, Table};
use serde::{Deserialize, Serialize};
use sha1::Sha1;
use sha2::{Digest, Sha256};

static CRC32: Crc<u32, Table<16>> = Crc::<u32, Table<16>>::new(&CRC_32_ISO_HDLC);
static CRC32C: Crc<u32, Table<16>> = Crc::<u32, Table<16>>::new(&CRC_32_ISCSI);
static CRC64NVME: Crc<u64, Table<16>> = Crc::<u64, Table<16>>::new(&CRC_64_NVME);

/// How a checksum is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Algorithm {
    /// CRC-32, as of zip and PNG.
    Crc32,
    /// CRC-32C, Castagnoli's.
    Crc32c,
    /// CRC-64/NVME.
    Crc64nvme,
    /// SHA-1.
    Sha1,
    /// SHA-256.
    Sha256,
}

impl Algorithm {
    /// All there are.
    pub const ALL: [Self; 5] = [Self::Crc32, Self::Crc32c, Self::Crc64nvme, Self::Sha1, Self::Sha256];

    /// Its name at the end of a header's, such as `x-amz-checksum-crc32`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Crc32 => "crc32",
            Self::Crc32c => "crc32c",
            Self::Crc64nvme => "crc64nvme",
            Self::Sha1 => "sha1",
            Self::Sha256 => "sha256",
        }
    }

    /// The one of that name, whatever its case.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|algorithm| algorithm.name().eq_ignore_ascii_case(name))
    }
}

/// A checksum while its content comes.
pub struct Checksum(State);

enum State {
    Crc32(crc::Digest<'static, u32, Table<16>>),
    Crc64(crc::Digest<'static, u64, Table<16>>),
    Sha1(Sha1),
    Sha256(Sha256),
}

impl std::fmt::Debug for Checksum {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Checksum")
    }
}

impl Checksum {
    /// Of nothing yet.
    pub fn new(algorithm: Algorithm) -> Self {
        Self(match algorithm {
            Algorithm::Crc32 => State::Crc32(CRC32.digest()),
            Algorithm::Crc32c => State::Crc32(CRC32C.digest()),
            Algorithm::Crc64nvme => State::Crc64(CRC64NVME.digest()),
            Algorithm::Sha1 => State::Sha1(Sha1::new()),
            Algorithm::Sha256 => State::Sha256(Sha256::new()),
        })
    }

    /// Takes in more of the content.
    pub fn update(&mut self, bytes: &[u8]) {
        match &mut self.0 {
            State::Crc32(digest) => digest.update(bytes),
            State::Crc64(digest) => digest.update(bytes),
            State::Sha1(digest) => digest.update(bytes),
            State::Sha256(digest) => digest.update(bytes),
        }
    }

    /// As headers have it, in base64.
    pub fn finish(self) -> String {
        match self.0 {
            State::Crc32(digest) => STANDARD.encode(digest.finalize().to_be_bytes()),
            State::Crc64(digest) => STANDARD.encode(digest.finalize().to_be_bytes()),
            State::Sha1(digest) => STANDARD.encode(digest.finalize()),
            State::Sha256(digest) => STANDARD.encode(digest.finalize()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// "123456789", whose checksums every catalogue has.
    #[test]
    fn known_checksums() {
        for (algorithm, hex) in [
            (Algorithm::Crc32, "cbf43926"),
            (Algorithm::Crc32c, "e3069283"),
            (Algorithm::Crc64nvme, "ae8b14860a799888"),
            (Algorithm::Sha1, "f7c3bc1d808e04732adf679965ccc34ca7ae3441"),
        ] {
            let mut checksum = Checksum::new(algorithm);
            checksum.update(b"1234");
            checksum.update(b"56789");
            let bytes = STANDARD.decode(checksum.finish()).unwrap();
            assert_eq!(bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>(), hex, "{algorithm:?}");
        }
    }
}
