//! Namespaces of tasks and the veth pairs between them and their routers.

use super::{
    Known, Network, Pass, configure,
    state::{Sockets, State, set_sysctls},
    wait_for_carrier,
};
use crate::{
    Error,
    name::{LinkName, NamespaceName},
    namespace,
    netlink::route::{self, Link},
    plan::{Namespace, Plan, Veth},
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
    /// Makes every task's namespace as planned, each with its veth pair. The router's end stays down until the router is configured.
    pub(super) fn tasks(&mut self, planned: &[(&NamespaceName, &Arc<Namespace>)], plan: &Plan, pass: &mut Pass) {
        let veths: HashMap<&NamespaceName, &Arc<Veth>> =
            plan.veths.values().map(|veth| (&veth.task.namespace, veth)).collect();
        for (name, planned) in planned.iter().filter(|(_, planned)| planned.table.is_none()) {
            let Some(veth) = veths.get(name) else { continue };
            // Without its router a task gets nothing; what is wrong with the router has been said.
            if !self.known.contains_key(&veth.router.namespace) {
                continue;
            }
            let made = match self.known.remove(name) {
                None => self.new_task(name, planned, veth),
                Some(known) => self.mend_task(name, known, planned, veth),
            };
            pass.add(made);
        }
    }

    /// A namespace with everything in it. It gets its name last, so that one with a name is whole.
    fn new_task(&mut self, name: &NamespaceName, planned: &Namespace, veth: &Veth) -> Result<usize, Error> {
        let pair = self.pair(veth)?;
        let router = self.router_of(veth)?;
        let (state, count) = namespace::create(name, || {
            set_sysctls(name, planned.sysctls)?;
            let mut sockets = Sockets::open(false)?;
            let mut state = State::fresh(None);
            pair.create(veth, &mut state, &mut sockets, router)?;
            let count = configure(name, &mut state, &mut sockets, planned)?;
            Ok((state, count + 2))
        })
        .inspect_err(|_| router.waking.retain(|index| *index != pair.router_index))?;
        self.known
            .insert(name.clone(), Known { number: namespace::number(name), state, sockets: None, waking: Vec::new() });
        Ok(count)
    }

    /// What is missing or wrong in a namespace that is there.
    fn mend_task(
        &mut self,
        name: &NamespaceName,
        mut known: Known,
        planned: &Namespace,
        veth: &Veth,
    ) -> Result<usize, Error> {
        let mut count = known.mend_sysctls(name)?;
        if !known.state.links.contains_key(&veth.task.link) {
            let pair = self.pair(veth)?;
            pair.create(veth, &mut known.state, open(name, &mut known.sockets)?, self.router_of(veth)?)?;
            count += 1;
        }
        let asleep = self.wake_router_end(veth)? || known.state.links.get(&veth.task.link).is_some_and(|link| !link.up);
        if !super::change::changes(&known.state, planned).is_empty() {
            count += configure(name, &mut known.state, open(name, &mut known.sockets)?, planned)?;
        }
        if let Some(link) = known.state.links.get(&veth.task.link).filter(|_| asleep) {
            wait_for_carrier(name, open(name, &mut known.sockets)?, link.index)?;
            self.router_of(veth)?.waking.extend(link.peer);
            count += 1;
        }
        known.sockets = None;
        self.known.insert(name.clone(), known);
        Ok(count)
    }

    /// Brings up the router's end of a pair, if it is down; says whether it was.
    fn wake_router_end(&mut self, veth: &Veth) -> Result<bool, Error> {
        let router = self.router_of(veth)?;
        let down = router.state.links.get_mut(&veth.router.link).filter(|link| !link.up);
        let (Some(link), Some(sockets)) = (down, &mut router.sockets) else { return Ok(false) };
        let object = || format!("{} in {}", veth.router.link, veth.router.namespace);
        let woken = sockets.route.request(vec![route::up(link.index)]);
        woken.map_err(|refusal| Error::new("bring up the link", object(), refusal.errno))?;
        link.up = true;
        Ok(true)
    }

    /// Indexes for a pair and the way to its router.
    fn pair(&mut self, veth: &Veth) -> Result<Pair, Error> {
        let path = veth.router.namespace.path();
        let router = rustix::fs::open(&path, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty());
        let router = router.map_err(|errno| Error::new("open the namespace", path.display(), errno))?;
        let task = self.next_index;
        self.next_index = task.saturating_add(2);
        Ok(Pair { router, router_index: task.saturating_add(1), task_index: task })
    }

    fn router_of(&mut self, veth: &Veth) -> Result<&mut Known, Error> {
        let router = &veth.router.namespace;
        self.known.get_mut(router).ok_or_else(|| Error::new("use the router", router, Errno::NOENT))
    }
}

struct Pair {
    router: OwnedFd,
    router_index: u32,
    task_index: u32,
}

impl Pair {
    /// Makes the pair from inside the task's namespace and brings up the router's end. The task's end comes up with the rest of its
    /// configuration, and then carries packets at once; the router's is waited for when the router is configured.
    fn create(&self, veth: &Veth, state: &mut State, sockets: &mut Sockets, router: &mut Known) -> Result<(), Error> {
        let object = || {
            format!(
                "{} in {} to {} in {}",
                veth.task.link, veth.task.namespace, veth.router.link, veth.router.namespace
            )
        };
        let failed = |step| move |errno| Error::new(step, object(), errno);
        let message = route::create_veth(
            &veth.task,
            self.task_index,
            &veth.router,
            self.router_index,
            self.router.as_raw_fd(),
            veth.mtu,
        );
        sockets.route.request(vec![message]).map_err(|refusal| failed("create the link")(refusal.errno))?;
        let end = |index, mac, peer, up| Link { index, mac: Some(mac), mtu: veth.mtu, up, peer: Some(peer) };
        state.links.insert(veth.task.link.clone(), end(self.task_index, veth.task.mac, self.router_index, false));
        if let Some(sockets) = &mut router.sockets {
            sockets
                .route
                .request(vec![route::up(self.router_index)])
                .map_err(|refusal| failed("bring up the link")(refusal.errno))?;
        }
        router
            .state
            .links
            .insert(veth.router.link.clone(), end(self.router_index, veth.router.mac, self.task_index, true));
        router.waking.push(self.router_index);
        Ok(())
    }
}

/// The sockets of a namespace, opened if need be.
fn open<'a>(name: &NamespaceName, sockets: &'a mut Option<Sockets>) -> Result<&'a mut Sockets, Error> {
    match sockets {
        Some(sockets) => Ok(sockets),
        None => Ok(sockets.insert(namespace::inside(&name.path(), || Sockets::open(false))??)),
    }
}

/// Deletes links of a namespace, all at once.
pub(super) fn delete(name: &NamespaceName, known: &mut Known, doomed: &[(LinkName, u32)]) -> Result<(), Error> {
    let sockets = open(name, &mut known.sockets)?;
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
        state.addresses.retain(|address| address.link != *link);
        state.neighbours.retain(|neighbour| neighbour.link != *link);
        state.routes.retain(|route| route.link() != Some(link));
    }
    Ok(())
}
