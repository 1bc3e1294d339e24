//! A question and all there is to answer.

use super::{
    fix::{self, Fix, Scene},
    place::{self, Found, Place},
    text::{self, Marked},
};
use crate::cli::{Failure, region::Placed};
use serde::Serialize;
use std::{
    collections::BTreeMap,
    fmt,
    net::{IpAddr, SocketAddr},
};
use vpc::{
    AWS_SERVICES, AwsService, INTERNET_HOST, INTERNET_RESOLVER, InterfaceId, Topology,
    verdict::{End, Onward, Packet, Path, Transport, Verdict, onward, verdict},
};

/// Whether one place reaches another.
pub struct Question<'a> {
    topology: &'a Topology,
    tasks: &'a [Placed],
    from: Found,
    to: Found,
    packet: Packet,
}

/// The answer.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    from: Side,
    to: Side,
    /// What is sent.
    traffic: String,
    /// Whether it gets there and is answered.
    pub reachable: bool,
    there: Way,
    /// The way of the answer; none where there is none to be expected, or the packet gets nowhere.
    back: Option<Way>,
    /// The ways on from a Network Load Balancer to its targets, of which it takes one.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    onward: Vec<On>,
    /// What to do, unless it is reachable.
    pub fix: Option<Fix>,
    /// What is to be known besides, where rules are not all there is.
    note: Option<String>,
    #[serde(skip)]
    address: IpAddr,
}

impl Report {
    /// The same where the internet is the host's own network.
    pub fn with_uplink(mut self) -> Self {
        let address = self.address;
        let note = || {
            format!(
                "This is what the rules say. Beyond the region, this machine's own network decides about {address}."
            )
        };
        self.note = self.note.take().map(|_| note());
        self
    }
}

/// One end of a flow.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Side {
    name: String,
    address: IpAddr,
    network_interface: Option<String>,
    vpc: Option<String>,
}

/// The way of a packet.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Way {
    arrives: bool,
    steps: Vec<Line>,
    end: String,
}

/// The way on to a target, and of its answer back to the load balancer.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct On {
    target: SocketAddr,
    reachable: bool,
    there: Way,
    back: Option<Way>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Line {
    passes: bool,
    text: String,
}

impl<'a> Question<'a> {
    /// The question as it was written.
    pub fn new(
        topology: &'a Topology,
        tasks: &'a [Placed],
        from: &Place,
        to: &Place,
        transport: Transport,
    ) -> Result<Self, Failure> {
        let (origin, from) = place::source(topology, tasks, from)?;
        let to = place::target(topology, tasks, to, &origin)?;
        let packet = Packet { origin, source: from.address, destination: to.address, transport };
        Ok(Self { topology, tasks, from, to, packet })
    }

    /// What the model says.
    pub fn answer(self) -> Report {
        let Self { topology, tasks, from, to, packet } = self;
        let verdict = verdict(topology, &packet);
        let other = instead(&from, &to, &verdict.there.end);
        let listens = fix::listener(topology, &verdict.there.end, &packet.transport);
        let onward = onward_from(topology, &verdict, &packet.transport);
        // A flow goes to any of the targets, so all of them must be reached for it to be.
        let ways = onward.as_ref().is_none_or(|all| !all.is_empty() && all.iter().all(Onward::answered));
        let reachable = verdict.answered() && other.is_none() && !matches!(listens, Some(Err(_))) && ways;
        let arns = tasks.iter().map(|task| (task.network_interface.as_str(), task.arn.as_str()));
        let arns: BTreeMap<&str, &str> = arns.collect();
        let scene = Scene { topology, tasks: &arns, packet: &packet };
        let (note, deaf) = match listens {
            Some(Ok(note)) => (Some(note), None),
            Some(Err(fix)) => (None, Some(fix)),
            None => (sealed(&verdict.there.end, to.address), None),
        };
        let fix = match (other, deaf) {
            (Some(other), _) if verdict.answered() => Some(fix::another(to.address, other)),
            (_, Some(fix)) if verdict.answered() => Some(fix),
            _ if verdict.answered() && !ways => Some(way_on(&scene, onward.as_deref().unwrap_or_default())),
            _ => (!reachable).then(|| fix::fix(&scene, &verdict)),
        };
        let note = note.filter(|_| reachable);
        let back = verdict.back.as_ref().filter(|_| verdict.there.arrives()).map(way);
        Report {
            address: to.address,
            from: Side::from(from),
            to: Side::from(to),
            traffic: text::sent(&packet.transport),
            reachable,
            there: way(&verdict.there),
            back,
            onward: onward.iter().flatten().map(On::from).collect(),
            fix,
            note,
        }
    }
}

/// The ways on from where a packet arrived, if that is a Network Load Balancer's listener.
fn onward_from(topology: &Topology, verdict: &Verdict, transport: &Transport) -> Option<Vec<Onward>> {
    let arrived = *verdict.there.addresses.last().filter(|_| verdict.there.arrives())?;
    onward(topology, &verdict.there.end, arrived, transport)
}

/// What to do about targets that are not reached.
fn way_on(scene: &Scene, onward: &[Onward]) -> Fix {
    let Some(failing) = onward.iter().find(|way| !way.answered()) else {
        return fix::words("The load balancer has no target there that it could send it to.".to_owned());
    };
    let target = failing.target;
    if failing.loops {
        return fix::words(format!(
            "Target {target} would see its own address as the client's, and drops that: preserve_client_ip.enabled keeps it."
        ));
    }
    let found = fix::fix(&Scene { packet: &failing.packet, ..*scene }, &failing.verdict);
    Fix { why: format!("On the way to target {target}: {}", found.why), ..found }
}

impl From<&Onward> for On {
    fn from(of: &Onward) -> Self {
        let back = of.verdict.back.as_ref().filter(|_| of.verdict.there.arrives()).map(way);
        Self { target: of.target, reachable: of.answered(), there: way(&of.verdict.there), back }
    }
}

/// Who is at the end of the way in the place of the one who is meant: where the ranges of VPCs overlap, an address is somebody else's
/// for the sender.
fn instead<'a>(from: &'a Found, to: &Found, end: &'a End) -> Option<&'a InterfaceId> {
    let (_, meant) = to.interface.as_ref()?;
    let found = match end {
        End::Interface(_, id) => id,
        End::Itself => &from.interface.as_ref()?.1,
        _ => return None,
    };
    (found != meant).then_some(found)
}

/// On this machine's internet there are one host, its resolver and AWS's services, and no way further.
fn sealed(end: &End, address: IpAddr) -> Option<String> {
    let mut there = AWS_SERVICES.iter().map(AwsService::address).chain([INTERNET_HOST, INTERNET_RESOLVER]);
    let note = || {
        format!(
            "This is what the rules say. The internet here is sealed: {address} is not on it, {INTERNET_HOST} and AWS's services are."
        )
    };
    (*end == End::Internet && !there.any(|host| host == address)).then(note)
}

impl From<Found> for Side {
    fn from(Found { name, address, interface }: Found) -> Self {
        let (vpc, network_interface) = interface.map(|(vpc, id)| (vpc.to_string(), id.to_string())).unzip();
        Self { name, address, network_interface, vpc }
    }
}

/// Every decision, also what would have come after one that stops it: each may need a rule of its own.
fn way(path: &Path) -> Way {
    let steps = path.steps.iter().map(|step| Line { passes: step.passes(), text: text::line(step) }).collect();
    let end = if path.arrives() { &path.end } else { &End::Nowhere };
    Way { arrives: path.arrives(), steps, end: text::end(end) }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} from {} to {}\n", self.traffic, self.from, self.to)?;
        writeln!(f, "There:\n{}", self.there)?;
        // What never leaves the sender has nothing to come back.
        if let Some(back) = self.back.as_ref().filter(|back| !back.steps.is_empty()) {
            writeln!(f, "The answer:\n{back}")?;
        }
        for on in &self.onward {
            writeln!(f, "On to {}:\n{}", on.target, on.there)?;
            if let Some(back) = on.back.as_ref().filter(|back| !back.steps.is_empty()) {
                writeln!(f, "Its answer:\n{back}")?;
            }
        }
        let Some(fix) = &self.fix else {
            let note = self.note.as_ref().map(|note| format!(" {note}")).unwrap_or_default();
            return writeln!(f, "Reachable.{note}");
        };
        writeln!(f, "Not reachable. {}", fix.why)?;
        if !fix.commands.is_empty() {
            writeln!(f, "\nTo let it through:")?;
        }
        fix.commands.iter().try_for_each(|command| writeln!(f, "  {command}"))
    }
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let address = self.address.to_string();
        f.write_str(&self.name)?;
        match &self.network_interface {
            Some(id) if *id != self.name => write!(f, " ({address}, {id})"),
            _ if address != self.name => write!(f, " ({address})"),
            _ => Ok(()),
        }
    }
}

impl fmt::Display for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.steps.iter().try_for_each(|line| writeln!(f, "{}", Marked(line.passes, &line.text)))?;
        writeln!(f, "  → {}", self.end)
    }
}
