//! rtnetlink(7): how much leaves by a link, by a token bucket (tc-tbf(8)).

use super::{
    message::{Message, Received, u32_at},
    socket::{Socket, attributes},
};
use rustix::io::Errno;

const NEW_QDISC: u16 = 36;
const DELETE_QDISC: u16 = 37;
const GET_QDISC: u16 = 38;
const CREATE: u16 = 0x400;
const REPLACE: u16 = 0x100;

const ROOT: u32 = 0xffff_ffff;
/// 1:0
const HANDLE: u32 = 0x1_0000;
const KIND: u16 = 1;
const OPTIONS: u16 = 2;
const STATISTICS: u16 = 7;
const QUEUE: u16 = 3;
const PARAMETERS: u16 = 1;
const RATE64: u16 = 4;
const BURST: u16 = 6;
/// TC_LINKLAYER_ETHERNET.
const ETHERNET: u8 = 1;
/// The longest packet of a link, twice: less could never be sent.
const LEAST_BURST: u64 = 2 * 9018;
/// How much may wait at least.
const LEAST_QUEUE: u64 = 128 << 10;

/// Lets so many bits a second leave by a link. What exceeds that waits for up to 50 ms, and is lost beyond.
pub(crate) fn set(index: u32, bits: u64) -> Message {
    let rate = bits / 8;
    let burst = (rate / 500).max(LEAST_BURST);
    let queue = (rate / 20).max(LEAST_QUEUE);
    let narrow = |bytes: u64| u32::try_from(bytes).unwrap_or(u32::MAX);
    let mut parameters = Vec::with_capacity(36);
    // struct tc_ratespec: cell_log, linklayer, overhead, cell_align, mpu, rate; then the same for the peak, which there is none of.
    parameters.extend([0, ETHERNET, 0, 0, 0, 0, 0, 0]);
    parameters.extend(narrow(rate).to_ne_bytes());
    parameters.extend([0; 12]);
    parameters.extend(narrow(queue).to_ne_bytes());
    parameters.extend([0; 8]);
    let mut message = qdisc_message(NEW_QDISC, CREATE | REPLACE, index, HANDLE);
    message.text(KIND, "tbf").nest(OPTIONS, |m| {
        m.attr(PARAMETERS, &parameters).host_u32(BURST, narrow(burst));
        if rate > u64::from(u32::MAX) {
            m.attr(RATE64, &rate.to_ne_bytes());
        }
    });
    message
}

/// Lets everything leave by a link again.
pub(crate) fn delete(index: u32) -> Message {
    qdisc_message(DELETE_QDISC, 0, index, 0)
}

/// The links' indexes with what may leave by them, in bits a second.
pub(crate) fn list(socket: &mut Socket) -> Result<Vec<(u32, u64)>, Errno> {
    let read = |received: &Received| {
        let attributes = attributes(received, 20);
        if attributes.text(KIND)? != "tbf" {
            return None;
        }
        let options = attributes.nested(OPTIONS)?;
        let wide = options.get(RATE64).and_then(|bytes| bytes.first_chunk().copied()).map(u64::from_ne_bytes);
        let rate = wide.or(u32_at(options.get(PARAMETERS)?, 8).map(u64::from))?;
        Some((u32_at(received.body, 4)?, rate.saturating_mul(8)))
    };
    socket.list(|| Message::new(GET_QDISC, 0, &[0; 20]), |found: &mut Vec<_>, received| found.extend(read(received)))
}

/// Packets that were lost because more left by the namespace's links than may.
pub(crate) fn lost(socket: &mut Socket) -> Result<u64, Errno> {
    // struct gnet_stats_queue (linux/gen_stats.h): the third number.
    let read = |received: &Received| {
        let attributes = attributes(received, 20);
        let of_queue = attributes.nested(STATISTICS).filter(|_| attributes.text(KIND) == Some("tbf"))?.get(QUEUE)?;
        u32_at(of_queue, 8).map(u64::from)
    };
    let lost: Vec<u64> = socket
        .list(|| Message::new(GET_QDISC, 0, &[0; 20]), |found: &mut Vec<_>, received| found.extend(read(received)))?;
    Ok(lost.into_iter().sum())
}

fn qdisc_message(kind: u16, flags: u16, index: u32, handle: u32) -> Message {
    let header = [0, index, handle, ROOT, 0].map(u32::to_ne_bytes).concat();
    Message::new(kind, flags, &header)
}
