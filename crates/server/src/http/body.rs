//! Reading a request's body: whole, within a size and a time, unpacked if it was compressed.

use super::Door;
use aws::fault::Fault;
use bytes::Bytes;
use http::{HeaderMap, header};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::{Body, Incoming};
use shares::{Share, Shares};
use std::io::Read;
use std::sync::LazyLock;
use std::time::Duration;

/// KiB of bodies that may be held at once, whatever the number of connections; the others wait for their turn.
const BUDGET: u32 = 256 << 10;
/// KiB that one client in the networks may hold of those: the longest body.
const EACH: u32 = 32 << 10;
/// Each side has its own: a task that sends bodies and never ends them must keep neither its host nor the user waiting, nor other tasks.
static OF_HOSTS: LazyLock<Shares> = LazyLock::new(|| Shares::new(BUDGET, BUDGET));
static OF_USERS: LazyLock<Shares> = LazyLock::new(|| Shares::new(BUDGET, BUDGET));
static OF_TASKS: LazyLock<Shares> = LazyLock::new(|| Shares::new(BUDGET, EACH));
/// A body of so many KiB needs no room: the number of connections is bound enough, and most calls never wait.
const SMALL: u32 = 64;

fn room(door: Door) -> &'static Shares {
    match door {
        Door::Unix => &OF_HOSTS,
        Door::Tcp => &OF_USERS,
        Door::Endpoint(..) | Door::Registries => &OF_TASKS,
    }
}

/// A body that was read, and the room it takes until whoever works on it is done with it.
pub(crate) struct Received {
    pub(crate) bytes: Bytes,
    pub(crate) room: Option<Share>,
}

/// Reads a body of at most `limit` bytes, packed and unpacked.
///
/// # Errors
/// 413 when it is longer, 408 when it takes longer than `time` once there is room for it, 415 for a compression other than gzip, 400 when it breaks off or is
/// no gzip.
pub(crate) async fn read(
    door: Door,
    headers: &HeaderMap,
    body: Incoming,
    limit: usize,
    time: Duration,
) -> Result<Received, Fault> {
    let packed = packed(headers)?;
    // Refused before it is sent, where the client says how long it is ("Expect: 100-continue" waits for this).
    if body.size_hint().lower() > limit as u64 {
        return Err(too_long(limit));
    }
    // As long as it says it is, where it says so and stays so.
    let length = body.size_hint().exact().filter(|_| !packed).and_then(|length| usize::try_from(length).ok());
    let room = hold(door, length.unwrap_or(limit)).await;
    let collected = tokio::time::timeout(time, Limited::new(body, limit).collect()).await;
    let collected = collected.map_err(|_| {
        Fault::new("RequestTimeout", format!("The body took longer than {} s.", time.as_secs())).with_status(408)
    })?;
    let bytes = collected.map_err(|error| match error.downcast_ref::<LengthLimitError>() {
        Some(_) => too_long(limit),
        None => Fault::new("IncompleteBody", format!("The body broke off: {error}.")),
    })?;
    let bytes = bytes.to_bytes();
    Ok(Received { bytes: if packed { unpack(&bytes, limit)? } else { bytes }, room })
}

/// Waits until there is room for a body of so many bytes: none for one that needs no room.
pub(crate) async fn hold(door: Door, bytes: usize) -> Option<Share> {
    let kibibytes = u32::try_from(bytes.div_ceil(1024)).unwrap_or(BUDGET).min(BUDGET);
    match kibibytes {
        ..=SMALL => None,
        more => Some(room(door).take(door.client(), more).await),
    }
}

/// The AWS SDKs compress some operations' bodies with gzip, and nothing else.
fn packed(headers: &HeaderMap) -> Result<bool, Fault> {
    match headers.get(header::CONTENT_ENCODING).map(|value| value.as_bytes()) {
        None | Some(b"" | b"identity") => Ok(false),
        Some(b"gzip") => Ok(true),
        Some(other) => {
            let named = String::from_utf8_lossy(other);
            Err(Fault::new("UnsupportedMediaType", format!("Content-Encoding {named:?} is not supported; gzip is."))
                .with_status(415))
        }
    }
}

/// Stops at the limit, however little the packed bytes are.
fn unpack(packed: &[u8], limit: usize) -> Result<Bytes, Fault> {
    let mut bytes = Vec::new();
    let most = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
    let read = flate2::read::MultiGzDecoder::new(packed).take(most).read_to_end(&mut bytes);
    read.map_err(|error| Fault::new("InvalidRequest", format!("The body is no gzip: {error}.")))?;
    if bytes.len() > limit { Err(too_long(limit)) } else { Ok(Bytes::from(bytes)) }
}

fn too_long(limit: usize) -> Fault {
    Fault::new("RequestEntityTooLarge", format!("The body is longer than {limit} bytes.")).with_status(413)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    #[test]
    fn a_small_body_that_unpacks_to_a_large_one_is_refused() {
        let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        packer.write_all(&vec![b' '; 1 << 20]).unwrap();
        let packed = packer.finish().unwrap();
        assert!(packed.len() < 4096);
        assert_eq!(unpack(&packed, 1 << 20).unwrap().len(), 1 << 20);
        assert_eq!(unpack(&packed, (1 << 20) - 1).unwrap_err().status, 413);
        assert_eq!(unpack(b"garbage", 100).unwrap_err().status, 400);
        assert_eq!(unpack(&packed[..100], 1 << 20).unwrap_err().status, 400);
    }
}
