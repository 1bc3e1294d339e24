//! Places: how they are written, and which interface or address is meant.

use crate::cli::{
    Failure, only,
    region::{Placed, is_task_id},
};
use std::{fmt, net::IpAddr, str::FromStr};
use vpc::{
    AWS_SERVICES, AwsService, Endpoint, INTERNET_HOST, Interface, InterfaceId, RecordKind, RecordValue, Topology,
    VpcId, Zones, verdict::Origin,
};

/// A place as written on the command line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// A host on the internet.
    Internet,
    /// A task, by the beginning of its id.
    Task(String),
    /// A task, by its whole ARN.
    Arn(String),
    /// A network interface.
    Interface(String),
    /// An address, in a VPC that is named where several have it.
    Address(Option<String>, IpAddr),
    /// One of AWS's own services.
    Service(&'static AwsService),
    /// Whoever has a name that users gave, in lower case.
    Name(String),
}

/// A place and the port there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Aim {
    pub place: Place,
    pub port: Option<u16>,
}

/// A place found: who is there, as far as somebody of the region is, and at which address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// How to call it.
    pub name: String,
    pub address: IpAddr,
    pub interface: Option<(VpcId, InterfaceId)>,
}

impl FromStr for Place {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Ok(address) = text.trim_start_matches('[').trim_end_matches(']').parse() {
            return Ok(Self::Address(None, address));
        }
        match text.split_once('/') {
            Some(("task", id)) if !id.is_empty() && !id.contains('/') => return Ok(Self::Task(id.to_owned())),
            Some((vpc, address)) if vpc.starts_with("vpc-") => {
                let address = address.parse().map_err(|_| format!("{address} is not an address"))?;
                return Ok(Self::Address(Some(vpc.to_owned()), address));
            }
            _ => {}
        }
        match text {
            "internet" => Ok(Self::Internet),
            _ if text.starts_with("arn:") => Ok(Self::Arn(text.to_owned())),
            _ if is_task_id(text) => Ok(Self::Task(text.to_owned())),
            _ if text.starts_with("eni-") => Ok(Self::Interface(text.to_owned())),
            _ => AwsService::named(text).map(Self::Service).or_else(|| private_name(text)).ok_or_else(|| {
                let services: Vec<&str> = AWS_SERVICES.iter().map(|service| service.name).collect();
                format!(
                    "write internet, task/ID, a task's ARN, eni-ID, an address, VPC/ADDRESS, a private DNS name, or an AWS service: {}",
                    services.join(", ")
                )
            }),
        }
    }
}

impl FromStr for Aim {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Ok(address) = text.parse() {
            return Ok(Self { place: Place::Address(None, address), port: None });
        }
        // What follows the last colon of an ARN is no port.
        match text.rsplit_once(':').filter(|(_, port)| port.bytes().all(|b| b.is_ascii_digit())) {
            Some((place, port)) => {
                let port = port.parse().map_err(|_| format!("{port:?} is not a port"))?;
                Ok(Self { place: place.parse()?, port: Some(port) })
            }
            None => Ok(Self { place: text.parse()?, port: None }),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Internet => f.write_str("internet"),
            Self::Task(id) => write!(f, "task/{id}"),
            Self::Arn(text) | Self::Interface(text) => f.write_str(text),
            Self::Address(None, address) => write!(f, "{address}"),
            Self::Address(Some(vpc), address) => write!(f, "{vpc}/{address}"),
            Self::Service(service) => f.write_str(service.name),
            Self::Name(name) => f.write_str(name),
        }
    }
}

/// Who begins.
pub fn source(topology: &Topology, tasks: &[Placed], place: &Place) -> Result<(Origin, Found), Failure> {
    if *place == Place::Internet {
        let found = Found { name: "the internet".to_owned(), address: INTERNET_HOST, interface: None };
        return Ok((Origin::Internet, found));
    }
    let (vpc, id, interface) = match place {
        Place::Address(vpc, address) => owner(topology, vpc.as_deref(), *address)?,
        Place::Service(_) | Place::Name(_) => {
            return Err(Failure(format!("{place} begins no connections: it is asked")));
        }
        _ => named(topology, tasks, place)?,
    };
    let address = match place {
        Place::Address(_, address) => sending(interface, *address),
        _ => interface.private_ip,
    };
    let origin = Origin::Interface(vpc.clone(), id.clone());
    Ok((origin, Found { name: name(tasks, id), address, interface: Some((vpc.clone(), id.clone())) }))
}

/// The private address that an interface sends from where one of its addresses is named, private or public.
fn sending(interface: &Interface, address: IpAddr) -> IpAddr {
    let private = interface.public_ips.iter().find(|(_, public)| **public == address).map(|(private, _)| *private);
    private.unwrap_or(address)
}

/// Who is asked, at the address that the one who begins would use.
pub fn target(topology: &Topology, tasks: &[Placed], place: &Place, origin: &Origin) -> Result<Found, Failure> {
    match place {
        Place::Internet => Ok(Found { name: "the internet".to_owned(), address: INTERNET_HOST, interface: None }),
        Place::Service(service) => Ok(resolve(topology, service, origin)),
        Place::Name(name) => Err(Failure(format!("{name} is no address"))),
        Place::Address(None, address) => Ok(Found { name: address.to_string(), address: *address, interface: None }),
        Place::Address(Some(vpc), address) => {
            let (vpc, id, _) = owner(topology, Some(vpc), *address)?;
            Ok(Found { name: name(tasks, id), address: *address, interface: Some((vpc.clone(), id.clone())) })
        }
        Place::Task(_) | Place::Arn(_) | Place::Interface(_) => {
            let (vpc, id, interface) = named(topology, tasks, place)?;
            let public = interface.public_ips.get(&interface.private_ip).copied();
            let near = match origin {
                Origin::Internet => false,
                Origin::Interface(from, _) => from == vpc || topology.peerings_of(from).any(|(_, peer, _)| peer == vpc),
            };
            let address = public.filter(|_| !near).unwrap_or(interface.private_ip);
            Ok(Found { name: name(tasks, id), address, interface: Some((vpc.clone(), id.clone())) })
        }
    }
}

/// The address that a name leads to for the one who begins: the first that the VPC's resolver has.
///
/// # Errors
/// When there is none.
pub fn looked_up(topology: &Topology, zones: &Zones, name: &str, origin: &Origin) -> Result<Place, Failure> {
    let vpc = match origin {
        Origin::Interface(vpc, _) => Some(vpc),
        Origin::Internet => None,
    };
    let Some((_, zone)) = zones.of(vpc, name) else {
        return Err(Failure(match vpc {
            None => format!("{name} means nothing on the internet: a private name is known in its VPC alone"),
            Some(vpc) if !topology.vpcs.get(vpc).is_some_and(vpc::Vpc::has_hostnames) => {
                let why = "its DNS support and DNS hostnames are not both on";
                format!("{vpc} resolves no private names: {why}")
            }
            Some(vpc) => format!("{vpc} has no namespace and no hosted zone that {name} is in"),
        }));
    };
    let sets = zone.find(name).into_iter().flatten().filter(|set| set.kind == RecordKind::A);
    let address = sets.flat_map(|set| &set.values).find_map(|value| match value {
        RecordValue::Address(address) => Some(IpAddr::from(*address)),
        RecordValue::Alias(target) => {
            let mut all = topology.vpcs.values().flat_map(|vpc| vpc.load_balancers.values().map(move |of| (vpc, of)));
            all.find(|(_, of)| of.dns_name == *target).and_then(|(vpc, of)| of.addresses(vpc).first().copied())
        }
        _ => None,
    });
    let why = "there is no record, or no instance of it is registered";
    let address = address.ok_or_else(|| Failure(format!("{name} has no addresses: {why}")))?;
    Ok(Place::Address(None, address))
}

/// A name of several labels.
fn private_name(text: &str) -> Option<Place> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    let text = text.trim_end_matches('.');
    let labels = text.split('.').all(|label| !label.is_empty() && label.chars().all(plain));
    // What ends with a digit is meant to be an address.
    let is_name = text.contains('.') && labels && !text.ends_with(|c: char| c.is_ascii_digit());
    is_name.then(|| Place::Name(text.to_ascii_lowercase()))
}

type Owner<'a> = (&'a VpcId, &'a InterfaceId, &'a Interface);

/// The interface that a task or an interface's id means.
fn named<'a>(topology: &'a Topology, tasks: &[Placed], place: &Place) -> Result<Owner<'a>, Failure> {
    let wanted = match place {
        Place::Interface(id) => id.clone(),
        _ => task(tasks, place)?.network_interface.clone(),
    };
    let mut vpcs = topology.vpcs.iter();
    let found = vpcs.find_map(|(vpc, v)| v.interfaces.get_key_value(wanted.as_str()).map(|(id, i)| (vpc, id, i)));
    found.ok_or_else(|| Failure(format!("{place}: there is no network interface {wanted}")))
}

fn task<'a>(tasks: &'a [Placed], place: &Place) -> Result<&'a Placed, Failure> {
    let meant = |task: &&Placed| match place {
        Place::Task(id) => task.task.starts_with(id.as_str()),
        Place::Arn(arn) => task.arn == *arn,
        _ => false,
    };
    let missing = || format!("there is no task {place} with a network: see `neargate status`");
    only(tasks.iter().filter(meant), place, |task| &task.task, missing)
}

/// The interface that has an address, private or public.
fn owner<'a>(topology: &'a Topology, vpc: Option<&str>, address: IpAddr) -> Result<Owner<'a>, Failure> {
    let mut found = Vec::new();
    for (id, v) in topology.vpcs.iter().filter(|(id, _)| vpc.is_none_or(|only| id.as_str() == only)) {
        let public = || v.interface_at_public(address).map(|(eni, interface, _)| (eni, interface));
        found.extend(v.interface_at(address).or_else(public).map(|(eni, interface)| (id, eni, interface)));
    }
    match found.as_slice() {
        [one] => Ok(*one),
        [] => Err(Failure(format!("no network interface{} has {address}", within(vpc)))),
        several => {
            let choices: Vec<String> = several.iter().map(|(vpc, ..)| format!("{vpc}/{address}")).collect();
            Err(Failure(format!("several VPCs have {address}: write {}", choices.join(" or "))))
        }
    }
}

fn within(vpc: Option<&str>) -> String {
    vpc.map(|vpc| format!(" of {vpc}")).unwrap_or_default()
}

/// A service at the address that its name leads to for the one who asks: an interface endpoint with private DNS, of the asker's own
/// subnet if there is one, or else its public address.
fn resolve(topology: &Topology, service: &AwsService, origin: &Origin) -> Found {
    let public = Found { name: service.name.to_owned(), address: service.address(), interface: None };
    let Origin::Interface(id, from) = origin else { return public };
    let Some(vpc) = topology.vpcs.get(id).filter(|vpc| vpc.has_hostnames()) else { return public };
    let here = vpc.interfaces.get(from).map(|interface| &interface.subnet);
    let ids = vpc.endpoints.values().filter_map(|endpoint| match endpoint {
        Endpoint::Interface { service: name, interfaces, private_dns: true, .. } if name == service.name => {
            Some(interfaces.values())
        }
        _ => None,
    });
    let interfaces = ids.flatten().filter_map(|id| vpc.interfaces.get_key_value(id));
    let near = interfaces.min_by_key(|(_, interface)| Some(&interface.subnet) != here);
    near.map_or(public, |(eni, interface)| Found {
        name: service.name.to_owned(),
        address: interface.private_ip,
        interface: Some((id.clone(), eni.clone())),
    })
}

/// What to call an interface: the task that has it, or its id.
fn name(tasks: &[Placed], id: &InterfaceId) -> String {
    let task = tasks.iter().find(|task| task.network_interface == id.as_str());
    task.map_or_else(|| id.to_string(), |task| format!("task/{}", task.task))
}
