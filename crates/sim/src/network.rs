//! Messages between hosts and server: lost, late, out of order.

use crate::cluster::Chance;
use spec::{HostId, Millis, SyncReply, SyncRequest};

/// Something on its way.
#[derive(Debug, Clone)]
pub(crate) enum Message {
    /// A host's report, and when it was sent.
    Report(SyncRequest, Millis),
    /// The answer to a report, when that report was sent, and by which start of the agent: no other has the connection.
    Reply(HostId, SyncReply, Millis, Millis),
}

/// What is on its way, each with the moment it arrives.
#[derive(Debug, Default)]
pub(crate) struct Network(Vec<(Millis, Message)>);

impl Network {
    /// Sends a message. With faults, one in ten is lost and one in twenty comes twice, each after a time of its own.
    pub(crate) fn send(&mut self, message: Message, now: Millis, faults: bool, chance: &mut Chance) {
        if !faults {
            self.0.push((now + 1_000, message));
            return;
        }
        let copies = if chance.one_in(10) { 0 } else { 1 + usize::from(chance.one_in(20)) };
        for _ in 0..copies {
            // Now and then a message is very late.
            let late = if chance.one_in(30) { 90 } else { 10 };
            self.0.push((now + 1_000 * i64::from(chance.below(late) + 1), message.clone()));
        }
    }

    /// The server died, and with it its connections: what was on its way to it never arrives.
    pub(crate) fn server_died(&mut self) {
        self.0.retain(|(_, message)| matches!(message, Message::Reply(..)));
    }

    /// What has arrived by now, in any order.
    pub(crate) fn arrived(&mut self, now: Millis, chance: &mut Chance) -> Vec<Message> {
        let (mut here, rest): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.0).into_iter().partition(|(at, _)| *at <= now);
        self.0 = rest;
        chance.shuffle(&mut here);
        here.into_iter().map(|(_, message)| message).collect()
    }
}
