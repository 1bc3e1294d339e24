//! From a packet to the packet that answers it (RFC 1035, RFC 6891).

mod hosted;

use super::zone::{self, Data, View};
use hickory_proto::{
    op::{Edns, Header, Message, MessageType, OpCode, Query, ResponseCode},
    rr::{
        DNSClass, Name, RData, Record, RecordType,
        rdata::{PTR, SOA},
    },
    serialize::binary::{BinDecodable, BinDecoder},
};
use std::{collections::BTreeMap, net::IpAddr};
use vpc::{Topology, Zones};

/// Seconds that an answer may be kept, also one that there is nothing: as long as the Amazon DNS server lets its own names be kept.
const TTL: u32 = 60;
/// The longest packet sent over UDP to whoever takes longer ones (dnsflagday.net/2020). There is no fragment below it.
const LONGEST: u16 = 1232;

/// What there are names of.
#[derive(Debug, Clone, Copy)]
pub struct Names<'a> {
    /// The region's networks, whose names AWS gives.
    pub topology: &'a Topology,
    /// Hosted zones, whose names users give.
    pub zones: &'a Zones,
}

/// Where there are no zones.
static NO_ZONES: Zones = Zones { private: BTreeMap::new(), public: BTreeMap::new() };

impl<'a> From<&'a Topology> for Names<'a> {
    fn from(topology: &'a Topology) -> Self {
        Self { topology, zones: &NO_ZONES }
    }
}

/// What a packet came by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transport {
    /// An answer that is too long for a packet says so, and is asked for again over TCP.
    Udp,
    /// Any answer fits.
    Tcp,
}

/// An answer, and the name that is left to be asked of others: that which the last of its CNAME records leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answered {
    /// The packet.
    pub packet: Vec<u8>,
    /// What it leads to, if that is elsewhere.
    pub beyond: Option<Name>,
}

/// The answer to a packet; `None` for what deserves none: noise, and answers.
pub fn answer<'a>(names: impl Into<Names<'a>>, view: &View, packet: &[u8], transport: Transport) -> Option<Vec<u8>> {
    answered(names.into(), view, packet, transport).map(|answered| answered.packet)
}

/// The same, with what it leaves open.
pub(super) fn answered(names: Names<'_>, view: &View, packet: &[u8], transport: Transport) -> Option<Answered> {
    let header = Header::read(&mut BinDecoder::new(packet)).ok()?;
    if header.metadata.message_type == MessageType::Response {
        return None;
    }
    let Reply { takes, message, beyond } = reply(names, view, packet, &header);
    let packet = written(&message, takes, transport)?;
    Some(Answered { packet, beyond })
}

/// A reply as a packet, cut off if it is longer than whoever asked takes.
fn written(message: &Message, takes: u16, transport: Transport) -> Option<Vec<u8>> {
    let longest = match transport {
        Transport::Tcp => u16::MAX,
        // Of a reply to a question without EDNS it is the 512 bytes of RFC 1035.
        Transport::Udp => takes.min(LONGEST),
    };
    let fits = |bytes: &Vec<u8>| bytes.len() <= usize::from(longest);
    let bytes = message.to_vec().ok()?;
    if fits(&bytes) {
        return Some(bytes);
    }
    // What nobody asked for is left out first (RFC 2181, section 9).
    let mut less = message.clone();
    less.additionals.clear();
    less.to_vec().ok().filter(fits).or_else(|| message.truncate().to_vec().ok())
}

/// The question that asks others for what an answer leaves open.
pub(super) fn onward(packet: &[u8], beyond: Name) -> Option<Vec<u8>> {
    let query = question(packet)?;
    let mut asked = Message::new(number_of(packet), MessageType::Query, OpCode::Query);
    asked.metadata.recursion_desired = true;
    asked.add_query(Query::query(beyond, query.query_type));
    asked.to_vec().ok()
}

/// The number of a packet.
fn number_of(packet: &[u8]) -> u16 {
    packet.first_chunk::<2>().map_or(0, |number| u16::from_be_bytes(*number))
}

/// An answer with what others said of the name it leads to. Where that can't be read, it is as if they had failed.
pub(super) fn joined(packet: &[u8], own: &[u8], theirs: &[u8], transport: Transport) -> Option<Vec<u8>> {
    join(packet, own, theirs, transport).or_else(|| failure(packet))
}

fn join(packet: &[u8], own: &[u8], theirs: &[u8], transport: Transport) -> Option<Vec<u8>> {
    let (asked, mut message, theirs) =
        (Message::from_vec(packet).ok()?, Message::from_vec(own).ok()?, Message::from_vec(theirs).ok()?);
    message.metadata.response_code = theirs.metadata.response_code;
    // What is missing of theirs is missing of this.
    message.metadata.truncation |= theirs.metadata.truncation;
    message.add_answers(theirs.answers);
    message.add_authorities(theirs.authorities);
    written(&message, asked.max_payload(), transport)
}

/// Whether a packet asks for a name that is others' to answer, where there are others. What can't be answered at all is not theirs either.
pub fn is_elsewhere<'a>(names: impl Into<Names<'a>>, view: &View, packet: &[u8]) -> bool {
    let names = names.into();
    let Ok(message) = Message::from_vec(packet) else { return false };
    let metadata = message.metadata;
    let [query] = message.queries.as_slice() else { return false };
    metadata.message_type == MessageType::Query
        && metadata.op_code == OpCode::Query
        && refusal(&message, query).is_none()
        && plain(&query.name).is_some_and(|name| elsewhere(names, view, &name))
}

fn elsewhere(names: Names<'_>, view: &View, name: &str) -> bool {
    !hosted::has(names, view, name) && zone::is_elsewhere(names.topology, view, name)
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

/// A reply.
struct Reply {
    /// How many bytes whoever asked takes over UDP.
    takes: u16,
    message: Message,
    beyond: Option<Name>,
}

fn reply(names: Names<'_>, view: &View, packet: &[u8], header: &Header) -> Reply {
    let asked = header.metadata;
    let mut reply = Message::response(asked.id, asked.op_code);
    reply.metadata.recursion_desired = asked.recursion_desired;
    reply.metadata.checking_disabled = asked.checking_disabled;
    reply.metadata.recursion_available = true;
    let mut failed = |code| {
        reply.metadata.response_code = code;
        Reply { takes: 512, message: reply.clone(), beyond: None }
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
    let beyond = match refusal(&message, query) {
        Some(code) => {
            reply.metadata.response_code = code;
            None
        }
        None => resolve(names, view, query, &mut reply),
    };
    Reply { takes: message.max_payload(), message: reply, beyond }
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

/// Answers a question, and says what is left to be asked of others.
fn resolve(names: Names<'_>, view: &View, query: &Query, reply: &mut Message) -> Option<Name> {
    let name = plain(&query.name);
    if let Some(name) = name.as_deref().filter(|name| hosted::has(names, view, name)) {
        return hosted::resolve(names, view, query, name, reply);
    }
    amazon(names.topology, view, query, name, reply);
    None
}

/// Answers a question about a name that AWS gives.
fn amazon(topology: &Topology, view: &View, query: &Query, name: Option<String>, reply: &mut Message) {
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
