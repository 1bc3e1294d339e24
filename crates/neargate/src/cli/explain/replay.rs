//! The packet as each decision saw it: its addresses change at gateways on the way.

use std::net::IpAddr;
use vpc::{
    InterfaceId,
    verdict::{Packet, Path, Step, Transport, Verdict},
};

/// One decision, and the packet it was about.
#[derive(Debug, Clone)]
pub struct Moment<'a> {
    pub step: &'a Step,
    /// The packet's addresses before the decision.
    pub source: IpAddr,
    pub destination: IpAddr,
    pub transport: Transport,
    /// The interface that sent the packet on last.
    pub sender: Option<&'a InterfaceId>,
    /// Whether the packet is the answer.
    pub answer: bool,
}

/// Every decision there, then every decision on the way back.
pub fn replay<'a>(packet: &Packet, verdict: &'a Verdict) -> Vec<Moment<'a>> {
    let mut state = State {
        source: packet.source,
        destination: packet.destination,
        transport: packet.transport,
        sender: None,
        hidden: Vec::new(),
        answer: false,
    };
    let mut moments = state.along(&verdict.there);
    if let (Some(back), Some(transport)) = (&verdict.back, packet.transport.answer()) {
        std::mem::swap(&mut state.source, &mut state.destination);
        (state.transport, state.sender, state.answer) = (transport, None, true);
        moments.extend(state.along(back));
    }
    moments
}

struct State<'a> {
    source: IpAddr,
    destination: IpAddr,
    transport: Transport,
    sender: Option<&'a InterfaceId>,
    /// Whose addresses NAT gateways hid, for the answer to find.
    hidden: Vec<IpAddr>,
    answer: bool,
}

impl<'a> State<'a> {
    fn along(&mut self, path: &'a Path) -> Vec<Moment<'a>> {
        let mut moments = Vec::new();
        for step in &path.steps {
            if let Step::Source(id, _) = step {
                self.sender = Some(id);
            }
            let Self { source, destination, transport, sender, answer, .. } = *self;
            moments.push(Moment { step, source, destination, transport, sender, answer });
            self.pass(step);
        }
        moments
    }

    /// What a decision makes of the packet.
    fn pass(&mut self, step: &Step) {
        match step {
            Step::ToInternet { public: Some(public), .. } => self.source = *public,
            Step::FromInternet { to: Some((_, private)), .. } => self.destination = *private,
            Step::Nat { passes: true, .. } if self.answer => {
                if let Some(hidden) = self.hidden.pop() {
                    self.destination = hidden;
                }
            }
            Step::Nat { passes: true, source, .. } => self.hidden.push(std::mem::replace(&mut self.source, *source)),
            _ => {}
        }
    }
}
