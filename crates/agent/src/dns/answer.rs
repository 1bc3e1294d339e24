//! From a packet to the packet that answers it (RFC 1035, RFC 6891).

use super::zone::{self, Data, View};
use hickory_proto::{
    op::{Edns, Header, Message, MessageType, OpCode, Query, ResponseCode},
    rr::{
        DNSClass, Name, RData, Record, RecordType,
        rdata::{PTR, SOA},
    },
    serialize::binary::{BinDecodable, BinDecoder},
};
use std::net::IpAddr;
use vpc::Topology;

/// Seconds that an answer may be kept, also one that there is nothing: as long as the Amazon DNS server lets its own names be kept.
const TTL: u32 = 60;
/// The longest packet sent over UDP to whoever takes longer ones (dnsflagday.net/2020). There is no fragment below it.
const LONGEST: u16 = 1232;

/// What a packet came by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transport {
    /// An answer that is too long for a packet says so, and is asked for again over TCP.
    Udp,
    /// Any answer fits.
    Tcp,
}

/// The answer to a packet; `None` for what deserves none: noise, and answers.
pub fn answer(topology: &Topology, view: &View, packet: &[u8], transport: Transport) -> Option<Vec<u8>> {
    let header = Header::read(&mut BinDecoder::new(packet)).ok()?;
    if header.metadata.message_type == MessageType::Response {
        return None;
    }
    let reply = reply(topology, view, packet, &header);
    let longest = match transport {
        Transport::Tcp => u16::MAX,
        // Of a reply to a question without EDNS it is the 512 bytes of RFC 1035.
        Transport::Udp => reply.0.min(LONGEST),
    };
    let bytes = reply.1.to_vec().ok()?;
    if bytes.len() <= usize::from(longest) { Some(bytes) } else { reply.1.truncate().to_vec().ok() }
}

/// Whether a packet asks for a name that is others' to answer, where there are others. What can't be answered at all is not theirs either.
pub fn is_elsewhere(topology: &Topology, view: &View, packet: &[u8]) -> bool {
    let Ok(message) = Message::from_vec(packet) else { return false };
    let metadata = message.metadata;
    let [query] = message.queries.as_slice() else { return false };
    metadata.message_type == MessageType::Query
        && metadata.op_code == OpCode::Query
        && refusal(&message, query).is_none()
        && plain(&query.name).is_some_and(|name| zone::is_elsewhere(topology, view, &name))
}

/// The answer to a question that nobody could answer.
pub(super) fn failure(packet: &[u8]) -> Option<Vec<u8>> {
    let asked = Header::read(&mut BinDecoder::new(packet)).ok()?.metadata;
    let mut reply = Message::response(asked.id, asked.op_code);
    reply.metadata.recursion_desired = asked.recursion_desired;
    reply.metadata.recursion_available = true;
    reply.metadata.response_code = ResponseCode::ServFail;
    reply.add_query(question(packet)?);
    reply.to_vec().ok()
}

/// The question of a packet, whatever comes after it.
pub(super) fn question(packet: &[u8]) -> Option<Query> {
    let mut decoder = BinDecoder::new(packet);
    Header::read(&mut decoder).ok()?;
    Query::read(&mut decoder).ok()
}

/// The reply, and how many bytes whoever asked takes over UDP.
fn reply(topology: &Topology, view: &View, packet: &[u8], header: &Header) -> (u16, Message) {
    let asked = header.metadata;
    let mut reply = Message::response(asked.id, asked.op_code);
    reply.metadata.recursion_desired = asked.recursion_desired;
    reply.metadata.checking_disabled = asked.checking_disabled;
    reply.metadata.recursion_available = true;
    let mut failed = |code| {
        reply.metadata.response_code = code;
        (512, reply.clone())
    };
    if asked.op_code != OpCode::Query {
        return failed(ResponseCode::NotImp);
    }
    // Looked at before the rest is read, for room is made for as many as are promised.
    if header.counts.queries != 1 {
        return failed(ResponseCode::FormErr);
    }
    let Ok(message) = Message::from_vec(packet) else { return failed(ResponseCode::FormErr) };
    let Some(query) = message.queries.first() else { return failed(ResponseCode::FormErr) };
    reply.add_query(query.clone());
    if let Some(edns) = &message.edns {
        let mut own = Edns::new();
        own.set_max_payload(LONGEST).set_dnssec_ok(edns.flags().dnssec_ok);
        reply.set_edns(own);
    }
    match refusal(&message, query) {
        Some(code) => reply.metadata.response_code = code,
        None => resolve(topology, view, query, &mut reply),
    }
    (message.max_payload(), reply)
}

/// Why a question is not looked into. Whole zones are given to nobody, and who wants no recursion asks the wrong server.
fn refusal(message: &Message, query: &Query) -> Option<ResponseCode> {
    if message.edns.as_ref().is_some_and(|edns| edns.version() > 0) {
        return Some(ResponseCode::BADVERS);
    }
    let zone = matches!(query.query_type, RecordType::AXFR | RecordType::IXFR);
    let refused = zone || query.query_class != DNSClass::IN || !message.metadata.recursion_desired;
    refused.then_some(ResponseCode::Refused)
}

fn resolve(topology: &Topology, view: &View, query: &Query, reply: &mut Message) {
    let name = plain(&query.name);
    let found = name.as_deref().and_then(|name| zone::find(topology, view, name));
    if found.is_none() {
        reply.metadata.response_code = ResponseCode::NXDomain;
    }
    let mut records: Vec<RData> = found.into_iter().flat_map(data).filter(|data| is_asked_for(query, data)).collect();
    // Spread over the addresses by a number that whoever asks has drawn.
    if !records.is_empty() {
        let by = usize::from(reply.metadata.id) % records.len();
        records.rotate_left(by);
    }
    reply.add_answers(records.into_iter().map(|data| Record::from_rdata(query.name.clone(), TTL, data)));
    if reply.answers.is_empty() {
        reply.add_authorities(authority(&zone::authority(topology, name.as_deref().unwrap_or_default())));
    }
}

fn data(found: Data) -> Vec<RData> {
    match found {
        Data::Addresses(addresses) => addresses
            .into_iter()
            .map(|address| match address {
                IpAddr::V4(address) => RData::A(address.into()),
                IpAddr::V6(address) => RData::AAAA(address.into()),
            })
            .collect(),
        Data::Pointer(name) => absolute(&name).map(|name| RData::PTR(PTR(name))).into_iter().collect(),
        Data::Nothing => Vec::new(),
    }
}

fn is_asked_for(query: &Query, data: &RData) -> bool {
    query.query_type == RecordType::ANY || query.query_type == data.record_type()
}

/// Who says that there is nothing, and for how long that may be believed (RFC 2308).
fn authority(domain: &str) -> Option<Record> {
    let server = if domain.is_empty() { "ns0".to_owned() } else { format!("ns0.{domain}") };
    let soa = SOA::new(absolute(&server)?, absolute("hostmaster.amazon.com")?, 1, 3600, 900, 604_800, TTL);
    Some(Record::from_rdata(absolute(domain)?, TTL, RData::SOA(soa)))
}

fn absolute(name: &str) -> Option<Name> {
    Name::from_ascii(format!("{name}.")).ok()
}

/// A name in lower case. One with labels of other than letters, digits, hyphens and underscores is nowhere.
fn plain(name: &Name) -> Option<String> {
    let plain = |label: &[u8]| label.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
    let labels: Option<Vec<&str>> =
        name.iter().map(|label| std::str::from_utf8(label).ok().filter(|_| plain(label))).collect();
    labels.map(|labels| labels.join(".").to_ascii_lowercase())
}

#[cfg(test)]
mod tests;
