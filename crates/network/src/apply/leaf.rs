//! Namespaces at the end of a veth pair, and the pairs: between a hub and a leaf, and between two hubs.

use super::{
    Known, Network, Pass, configure,
    state::{Sockets, State, set_sysctls},
    table, wait_for_carrier,
};
use crate::{
    Error,
    name::{LinkName, NamespaceName},
    namespace,
    netlink::route::{self, Link},
    plan::{Namespace, Place, Plan, Veth, VethEnd},
};
use rustix::{
    fs::{Mode, OFlags},
    io::Errno,
};
use std::{
    collections::HashMap,
    os::fd::{AsRawFd, OwnedFd},
    sync::Arc,
};

impl Network {
    /// Makes every leaf as planned, each with its veth pair. The hub's end stays without routes until the hub is configured.
    pub(super) fn leaves(&mut self, planned: &[(&NamespaceName, &Arc<Namespace>)], plan: &Plan, pass: &mut Pass) {
        let veths: HashMap<&NamespaceName, &Arc<Veth>> =
            plan.veths.values().map(|veth| (&veth.other.namespace, veth)).collect();
        for (name, planned) in planned.iter().filter(|(_, planned)| planned.place == Place::Leaf) {
            let Some(veth) = veths.get(name) else { continue };
            // Without its hub a leaf gets nothing; what is wrong with the hub has been said.
            if !self.known.contains_key(&veth.hub.namespace) {
                continue;
            }
            let made = match self.known.remove(name) {
                None => self.new_leaf(name, planned, veth),
                Some(known) => self.mend_leaf(name, known, planned, veth),
            };
            pass.add(made);
        }
    }

    /// Makes the pairs between two hubs that are missing.
    pub(super) fn hub_pairs(&mut self, plan: &Plan, pass: &mut Pass) {
        let between = |veth: &&Arc<Veth>| {
            plan.namespaces.get(&veth.other.namespace).is_some_and(|other| other.place == Place::Hub)
        };
        for veth in plan.veths.values().filter(between) {
            let made = self.hub_pair(veth);
            pass.add(made);
        }
    }

    fn hub_pair(&mut self, veth: &Veth) -> Result<usize, Error> {
        let known = |end: &VethEnd| self.known.get(&end.namespace);
        let (Some(near), Some(far)) = (known(&veth.hub), known(&veth.other)) else { return Ok(0) };
        if near.state.links.contains_key(&veth.hub.link) && far.state.links.contains_key(&veth.other.link) {
            return Ok(0);
        }
        let pair = self.pair(veth)?;
        let Some(mut far) = self.known.remove(&veth.other.namespace) else { return Ok(0) };
        let made = match (&mut far.sockets, self.known.get_mut(&veth.hub.namespace)) {
            (Some(sockets), Some(near)) => pair.create(veth, &mut far.state, sockets, near),
            _ => Ok(()),
        };
        far.waking.push(pair.other_index);
        if made.is_ok() {
            self.known.insert(veth.other.namespace.clone(), far);
        }
        made.map(|()| 1)
    }

    /// A namespace with everything in it. It gets its name last, so that one with a name is whole.
    fn new_leaf(&mut self, name: &NamespaceName, planned: &Namespace, veth: &Veth) -> Result<usize, Error> {
        let pair = self.pair(veth)?;
        let hub = self.hub_of(veth)?;
        let (state, count) = namespace::create(name, || {
            set_sysctls(name, planned.sysctls)?;
            let mut sockets = Sockets::open(planned.table.is_some())?;
            let mut state = State::fresh();
            let mut count = 2;
            if let (Some(table), Some(socket)) = (&planned.table, &mut sockets.netfilter) {
                state.generation = crate::netlink::nftables::generation(socket).ok();
                count += table::apply(name, socket, &mut state, table)?;
            }
            pair.create(veth, &mut state, &mut sockets, hub)?;
            count += configure(name, &mut state, &mut sockets, planned)?;
            Ok((state, count))
        })
        .inspect_err(|_| hub.waking.retain(|index| *index != pair.hub_index))?;
        self.known
            .insert(name.clone(), Known { number: namespace::number(name), state, sockets: None, waking: Vec::new() });
        Ok(count)
    }

    /// What is missing or wrong in a namespace that is there.
    fn mend_leaf(
        &mut self,
        name: &NamespaceName,
        mut known: Known,
        planned: &Namespace,
        veth: &Veth,
    ) -> Result<usize, Error> {
        let mut count = known.mend_sysctls(name)?;
        if let Some(table) = planned.table.as_ref().filter(|table| !table::is_as_planned(&known.state, table))
            && let Some(socket) = &mut open(name, &mut known.sockets, true)?.netfilter
        {
            count += table::apply(name, socket, &mut known.state, table)?;
        }
        let filters = planned.table.is_some();
        if !known.state.links.contains_key(&veth.other.link) {
            let pair = self.pair(veth)?;
            pair.create(veth, &mut known.state, open(name, &mut known.sockets, filters)?, self.hub_of(veth)?)?;
            count += 1;
        }
        let asleep = self.wake_hub_end(veth)? || known.state.links.get(&veth.other.link).is_some_and(|link| !link.up);
        if !super::change::changes(&known.state, planned).is_empty() {
            count += configure(name, &mut known.state, open(name, &mut known.sockets, filters)?, planned)?;
        }
        if let Some(link) = known.state.links.get(&veth.other.link).filter(|_| asleep) {
            wait_for_carrier(name, open(name, &mut known.sockets, filters)?, link.index)?;
            self.hub_of(veth)?.waking.extend(link.peer);
            count += 1;
        }
        known.sockets = None;
        self.known.insert(name.clone(), known);
        Ok(count)
    }

    /// Brings up the hub's end of a pair, if it is down; says whether it was.
    fn wake_hub_end(&mut self, veth: &Veth) -> Result<bool, Error> {
        let hub = self.hub_of(veth)?;
        let down = hub.state.links.get_mut(&veth.hub.link).filter(|link| !link.up);
        let (Some(link), Some(sockets)) = (down, &mut hub.sockets) else { return Ok(false) };
        let object = || format!("{} in {}", veth.hub.link, veth.hub.namespace);
        let woken = sockets.route.request(vec![route::up(link.index)]);
        woken.map_err(|refusal| Error::new("bring up the link", object(), refusal.errno))?;
        link.up = true;
        Ok(true)
    }

    /// Indexes for a pair and the way to its hub.
    fn pair(&mut self, veth: &Veth) -> Result<Pair, Error> {
        let path = veth.hub.namespace.path();
        let hub = rustix::fs::open(&path, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty());
        let hub = hub.map_err(|errno| Error::new("open the namespace", path.display(), errno))?;
        let other = self.next_index;
        self.next_index = other.saturating_add(2);
        Ok(Pair { hub, hub_index: other.saturating_add(1), other_index: other })
    }

    fn hub_of(&mut self, veth: &Veth) -> Result<&mut Known, Error> {
        let hub = &veth.hub.namespace;
        self.known.get_mut(hub).ok_or_else(|| Error::new("use the router", hub, Errno::NOENT))
    }
}

struct Pair {
    hub: OwnedFd,
    hub_index: u32,
    other_index: u32,
}

impl Pair {
    /// Makes the pair from inside the other end's namespace and brings up the hub's end. The other end comes up with the rest of its
    /// configuration, and then carries packets at once; the hub's is waited for when the hub is configured.
    fn create(&self, veth: &Veth, state: &mut State, sockets: &mut Sockets, hub: &mut Known) -> Result<(), Error> {
        let Veth { hub: near, other, mtu } = veth;
        let object = || format!("{} in {} to {} in {}", other.link, other.namespace, near.link, near.namespace);
        let failed = |step| move |errno| Error::new(step, object(), errno);
        let message = route::create_veth(other, self.other_index, near, self.hub_index, self.hub.as_raw_fd(), *mtu);
        sockets.route.request(vec![message]).map_err(|refusal| failed("create the link")(refusal.errno))?;
        let end = |index, mac, peer, up| Link { index, mac: Some(mac), mtu: *mtu, up, peer: Some(peer) };
        state.links.insert(other.link.clone(), end(self.other_index, other.mac, self.hub_index, false));
        if let Some(sockets) = &mut hub.sockets {
            sockets
                .route
                .request(vec![route::up(self.hub_index)])
                .map_err(|refusal| failed("bring up the link")(refusal.errno))?;
        }
        hub.state.links.insert(near.link.clone(), end(self.hub_index, near.mac, self.other_index, true));
        hub.waking.push(self.hub_index);
        Ok(())
    }
}

/// The sockets of a namespace, opened if need be.
fn open<'a>(name: &NamespaceName, sockets: &'a mut Option<Sockets>, filters: bool) -> Result<&'a mut Sockets, Error> {
    // Those opened for links alone can't filter.
    let usable = sockets.take().filter(|sockets| !filters || sockets.netfilter.is_some());
    let opened = match usable {
        Some(usable) => usable,
        None => namespace::inside(&name.path(), || Sockets::open(filters))??,
    };
    Ok(sockets.insert(opened))
}

/// Deletes links of a namespace, all at once.
pub(super) fn delete(name: &NamespaceName, known: &mut Known, doomed: &[(LinkName, u32)]) -> Result<(), Error> {
    let sockets = open(name, &mut known.sockets, false)?;
    let messages = doomed.iter().map(|(_, index)| route::doom(*index)).chain([route::delete_doomed()]).collect();
    match sockets.route.request(messages) {
        // Gone with its other end.
        Ok(()) | Err(crate::netlink::Refusal { errno: Errno::NODEV, .. }) => {}
        Err(refusal) => {
            let link = doomed.get(refusal.index).map_or("its links".to_owned(), |(link, _)| link.to_string());
            return Err(Error::new("delete", format!("{link} in {name}"), refusal.errno));
        }
    }
    let state = &mut known.state;
    for (link, _) in doomed {
        state.links.remove(link);
        state.shapes.remove(link);
        state.addresses.retain(|address| address.link != *link);
        state.neighbours.retain(|neighbour| neighbour.link != *link);
        state.routes.retain(|route| route.link() != Some(link));
    }
    Ok(())
}
