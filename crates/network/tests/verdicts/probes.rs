//! Real packets for a case, and what became of them.

use crate::{
    case::{PORTS, TASKS, address, name, s3},
    support::{World, probe},
};
use rustix::{
    event::{PollFd, PollFlags, poll},
    net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, ipproto, sockopt},
};
use std::{
    net::{IpAddr, Ipv4Addr, SocketAddrV4, TcpListener, UdpSocket},
    os::fd::OwnedFd,
    path::PathBuf,
    time::{Duration, Instant},
};
use vpc::{
    INTERNET_HOST,
    verdict::{End, Origin, Packet, Transport, Verdict},
};

/// How long what the model promises may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(2);

/// What became of a packet. Of TCP only the answer shows, and of an ICMP message that is no echo request only the arrival.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outcome {
    /// In which namespace it arrived.
    arrived: Option<String>,
    answered: bool,
}

impl Outcome {
    /// What a verdict promises.
    pub fn of(verdict: &Verdict, packet: &Packet) -> Self {
        let answerable = packet.transport != Transport::Icmp(13, 0);
        let shows = !matches!(packet.transport, Transport::Tcp { .. });
        let place = match &verdict.there.end {
            End::Interface(vpc, id) => Some(format!("{vpc}/{id}")),
            End::Internet => Some("internet".to_owned()),
            End::Endpoint(..) => Some("endpoint".to_owned()),
            End::Itself | End::Service(_) | End::Nowhere => None,
        };
        Self { arrived: place.filter(|_| shows && verdict.arrives()), answered: answerable && verdict.answered() }
    }
}

/// One namespace with everything that hears and sends in it.
struct Place {
    name: String,
    namespace: PathBuf,
    udp: Vec<UdpSocket>,
    icmp: OwnedFd,
    /// Open as long as packets are sent.
    _tcp: Vec<TcpListener>,
}

pub struct Probes {
    places: Vec<Place>,
    number: u16,
}

impl Probes {
    pub fn new(world: &World, number: u32) -> Self {
        let IpAddr::V4(host) = INTERNET_HOST else { panic!("the internet is IPv4") };
        let IpAddr::V4(s3) = s3().address() else { panic!("the internet is IPv4") };
        let tasks = TASKS.into_iter().map(|(n, vpc)| {
            let id = world.spec.tasks[&name(n, vpc)].interface.clone();
            let namespace = world.instance.task(&name(n, vpc)).path();
            (format!("{vpc}/{id}"), namespace, vec![address(n, vpc)])
        });
        let internet = ("internet".to_owned(), world.internet(), vec![host, s3]);
        let endpoint = ("endpoint".to_owned(), world.instance.endpoint(&"vpce-s3".into()).path(), vec![s3]);
        let places = tasks.chain([internet, endpoint]).filter(|(_, namespace, _)| namespace.exists());
        let places = places.map(|(name, namespace, addresses)| Place::open(name, namespace, &addresses)).collect();
        Self { places, number: number as u16 }
    }

    /// Sends all packets, waits for what is expected, then for what is not.
    pub fn send(self, packets: &[Packet], expected: &[Outcome]) -> Vec<Outcome> {
        let mut outcomes = vec![Outcome::default(); packets.len()];
        let mut senders = Senders::default();
        for (n, packet) in packets.iter().enumerate() {
            if let Some(place) = self.places.iter().find(|place| place.is_of(&packet.origin)) {
                senders.send(place, n, packet, self.number);
            }
        }
        let start = Instant::now();
        while start.elapsed() < PATIENCE && outcomes != expected {
            self.hear(packets, &mut senders, &mut outcomes);
            std::thread::sleep(Duration::from_millis(2));
        }
        let end = Instant::now();
        while end.elapsed() < probe::SILENCE {
            self.hear(packets, &mut senders, &mut outcomes);
            std::thread::sleep(Duration::from_millis(10));
        }
        outcomes
    }

    fn hear(&self, packets: &[Packet], senders: &mut Senders, outcomes: &mut [Outcome]) {
        for place in &self.places {
            for socket in &place.udp {
                let mut tag = [0; 2];
                while let Ok((2, from)) = socket.recv_from(&mut tag) {
                    outcomes[usize::from(u16::from_be_bytes(tag))].arrived = Some(place.name.clone());
                    let _ = socket.send_to(&tag, from);
                }
            }
            let mut heard = [0; 256];
            while let Ok((length, _)) = rustix::net::recv(&place.icmp, &mut heard[..], RecvFlags::DONTWAIT) {
                // A NAT gateway may have given it another identifier; the sequence number tells which it is.
                let Some([kind, code, _, _, _, _, a, b]) = heard[..length].get(20..28) else { continue };
                let tag = usize::from(u16::from_be_bytes([*a, *b]));
                let Some(packet) = packets.get(tag) else { continue };
                let source = IpAddr::from([heard[12], heard[13], heard[14], heard[15]]);
                if packet.transport == Transport::Icmp(*kind, *code) {
                    outcomes[tag].arrived = Some(place.name.clone());
                } else if *kind == 0 && place.is_of(&packet.origin) && source == packet.destination {
                    outcomes[tag].answered = true;
                }
            }
        }
        senders.hear(outcomes);
    }
}

impl Place {
    fn open(name: String, namespace: PathBuf, addresses: &[Ipv4Addr]) -> Self {
        let ports = || addresses.iter().flat_map(|ip| PORTS.map(|port| (*ip, port)));
        let (udp, tcp) = network::inside(&namespace, || {
            let udp: Vec<_> = ports().map(|at| UdpSocket::bind(at).unwrap()).collect();
            let tcp: Vec<_> = ports().map(|at| TcpListener::bind(at).unwrap()).collect();
            (udp, tcp)
        })
        .unwrap();
        udp.iter().for_each(|socket| socket.set_nonblocking(true).unwrap());
        let icmp = probe::icmp_socket(&namespace);
        Self { name, udp, icmp, _tcp: tcp, namespace }
    }

    fn is_of(&self, origin: &Origin) -> bool {
        match origin {
            Origin::Interface(vpc, id) => self.name == format!("{vpc}/{id}"),
            Origin::Internet => self.name == "internet",
        }
    }
}

/// The sockets that packets were sent by, each with the packet's number.
#[derive(Default)]
struct Senders {
    udp: Vec<(usize, UdpSocket, Ipv4Addr)>,
    tcp: Vec<(usize, OwnedFd)>,
}

impl Senders {
    fn send(&mut self, place: &Place, n: usize, packet: &Packet, number: u16) {
        let (IpAddr::V4(source), IpAddr::V4(destination)) = (packet.source, packet.destination) else { return };
        match packet.transport {
            Transport::Udp { from, to } => {
                let socket = network::inside(&place.namespace, || UdpSocket::bind((source, from)).unwrap()).unwrap();
                socket.set_nonblocking(true).unwrap();
                let _ = socket.send_to(&(n as u16).to_be_bytes(), (destination, to));
                self.udp.push((n, socket, destination));
            }
            Transport::Tcp { from, to } => {
                let socket = network::inside(&place.namespace, || {
                    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
                    let socket =
                        rustix::net::socket_with(AddressFamily::INET, SocketType::STREAM, flags, Some(ipproto::TCP))
                            .unwrap();
                    sockopt::set_socket_reuseaddr(&socket, true).unwrap();
                    rustix::net::bind(&socket, &SocketAddrV4::new(source, from)).unwrap();
                    let _ = rustix::net::connect(&socket, &SocketAddrV4::new(destination, to));
                    socket
                });
                self.tcp.push((n, socket.unwrap()));
            }
            Transport::Icmp(kind, code) => {
                let message = echo(kind, code, number, n as u16);
                let _ =
                    rustix::net::sendto(&place.icmp, &message, SendFlags::empty(), &SocketAddrV4::new(destination, 0));
            }
            Transport::Other(_) => {}
        }
    }

    fn hear(&mut self, outcomes: &mut [Outcome]) {
        for (n, socket, destination) in &self.udp {
            let mut tag = [0; 2];
            // Answers that went out by another way come from another address, and are none.
            while let Ok((_, from)) = socket.recv_from(&mut tag) {
                outcomes[*n].answered |= from.ip() == *destination;
            }
        }
        for (n, socket) in &self.tcp {
            let mut ready = [PollFd::new(socket, PollFlags::OUT)];
            let done = poll(&mut ready, Some(&rustix::time::Timespec { tv_sec: 0, tv_nsec: 0 })).unwrap_or(0) > 0;
            if done && rustix::net::getpeername(socket).is_ok_and(|peer| peer.is_some()) {
                outcomes[*n].answered = true;
            }
        }
    }
}

/// An ICMP message with an identifier and a number.
fn echo(kind: u8, code: u8, id: u16, number: u16) -> [u8; 8] {
    let mut message = probe::icmp_message(kind, code);
    message[4..6].copy_from_slice(&id.to_be_bytes());
    message[6..8].copy_from_slice(&number.to_be_bytes());
    message[2..4].fill(0);
    let sum: u32 = message.chunks(2).map(|pair| u32::from(u16::from_be_bytes([pair[0], pair[1]]))).sum();
    let sum = !((sum & 0xffff) + (sum >> 16)) as u16;
    message[2..4].copy_from_slice(&sum.to_be_bytes());
    message
}
