//! Makes the kernel's state what a plan says, by difference.
//!
//! What is there is read from the kernel the first time and whenever asked to [`Network::verify`]; in between this process trusts
//! what it did itself. A namespace in which a step failed is read again the next time. Nothing else is kept, so a pass may be
//! interrupted anywhere, and the next one finishes it.
//!
//! A namespace whose name someone removed is made anew. Processes that were in the old one stay there, and have no link any more.
//!
//! Order: links that should not be go first, then tables change, then connections that must not go on are forgotten, then links come:
//! a packet never meets rules that are not yet, or no longer, those of its link.

mod change;
mod check;
mod cut;
mod leaf;
mod remove;
mod state;
mod table;
mod tun;

use crate::{
    Error,
    name::{Instance, LinkName, NamespaceName},
    namespace,
    plan::{Namespace, Place, Plan, Veth, flows::Endings},
};
use rustix::io::Errno;
use state::{Sockets, State};
use std::{
    collections::{BTreeMap, BTreeSet, HashSet},
    net::IpAddr,
    sync::Arc,
    time::Duration,
};
use vpc::Topology;

/// The first index given to a link. Below are what the kernel gives out by itself.
const FIRST_INDEX: u32 = 1000;

/// The network of one instance on this machine.
pub struct Network {
    instance: Instance,
    known: BTreeMap<NamespaceName, Known>,
    /// The plan that the last pass made whole. While there is one, what is known is all there is.
    done: Option<Plan>,
    /// Which flows of Network Load Balancers' nodes were last ended, and whose the addresses of their VPCs were.
    ended: BTreeMap<NamespaceName, (Endings, BTreeSet<IpAddr>)>,
    /// What connections were last judged by.
    judged: Option<Arc<Topology>>,
    /// The next index for a link. Indexes are unique over all namespaces of the instance, so that an index alone names a link.
    next_index: u32,
    /// The internet's way out, where there is one.
    tun: Option<tun::Tun>,
}

/// A namespace that is there.
struct Known {
    /// Which one it is: a name may have come to stand for another.
    number: Option<u64>,
    state: State,
    /// Kept open for hubs; opened when needed for leaves.
    sockets: Option<Sockets>,
    /// Links whose other end came up after them: they may not carry packets yet.
    waking: Vec<u32>,
}

impl Network {
    /// The network of an instance. Nothing is read or made yet.
    pub fn new(instance: Instance) -> Self {
        Self {
            instance,
            known: BTreeMap::new(),
            done: None,
            ended: BTreeMap::new(),
            judged: None,
            next_index: FIRST_INDEX,
            tun: None,
        }
    }

    /// Makes everything as planned and says how many changes that took. What this process did before is not looked at again.
    /// After an error the rest is still done; all errors are returned.
    pub fn apply(&mut self, plan: &Plan) -> Result<usize, Vec<Error>> {
        self.pass(plan, false)
    }

    /// Like [`Network::apply`], but reads everything from the kernel first, and so heals what others broke.
    pub fn verify(&mut self, plan: &Plan) -> Result<usize, Vec<Error>> {
        self.pass(plan, true)
    }

    fn pass(&mut self, plan: &Plan, full: bool) -> Result<usize, Vec<Error>> {
        let mut pass = Pass::default();
        let scope = match self.done.take().filter(|_| !full) {
            Some(done) => Scope::difference(&done, plan),
            None => self.look(plan, &mut pass),
        };
        self.delete_links(&scope, plan, &mut pass);
        for name in &scope.unplanned {
            let errors = remove::remove(name, !self.known.contains_key(name));
            self.known.remove(name);
            pass.changes += usize::from(errors.is_empty());
            pass.errors.extend(errors);
        }
        let planned: Vec<_> = scope.touched.iter().filter_map(|name| plan.namespaces.get_key_value(name)).collect();
        let hubs = || planned.iter().filter(|(_, planned)| planned.place == Place::Hub);
        for (name, planned) in hubs() {
            let made = self.hub(name, planned);
            self.note(name, &mut pass, made);
        }
        self.cut(plan, &mut pass);
        self.leaves(&planned, plan, &mut pass);
        // When nothing new goes there any more.
        self.end_flows(plan, &mut pass);
        self.hub_pairs(plan, &mut pass);
        for (name, planned) in hubs() {
            let made = self.configure(name, planned);
            self.note(name, &mut pass, made);
        }
        // A link between two hubs carries packets when both are configured.
        for (name, _) in hubs() {
            let woken = self.wait(name);
            self.note(name, &mut pass, woken);
        }
        if pass.errors.is_empty() {
            self.done = Some(plan.clone());
            return Ok(pass.changes);
        }
        Err(pass.errors)
    }

    /// Reads everything there is. Namespaces that are not what they were are forgotten.
    fn look(&mut self, plan: &Plan, pass: &mut Pass) -> Scope {
        let mut found: BTreeMap<_, _> =
            pass.keep(namespace::list(&self.instance)).unwrap_or_default().into_iter().collect();
        // A planned name with nothing behind it is made anew.
        found.retain(|name, number| number.is_some() || !plan.namespaces.contains_key(name));
        self.known.retain(|name, known| known.number.is_some() && found.get(name) == Some(&known.number));
        for (name, planned) in &plan.namespaces {
            if found.contains_key(name) {
                let read = self.read(name, planned);
                self.note(name, pass, read.map(|()| 0));
            }
        }
        // Of a pair whose end is in a namespace that is there but could not be read, nothing is known.
        let unread = |name: &NamespaceName| found.contains_key(name) && !self.known.contains_key(name);
        let judged = |veth: &Veth| veth.ends().iter().all(|end| !unread(&end.namespace));
        let broken = plan
            .veths
            .iter()
            .filter(|(_, veth)| judged(veth) && !self.intact(veth))
            .map(|(key, _)| key.clone())
            .collect();
        let unplanned = found.into_keys().filter(|name| !plan.namespaces.contains_key(name)).collect();
        Scope { unplanned, touched: plan.namespaces.keys().cloned().collect(), broken }
    }

    /// Reads a namespace.
    fn read(&mut self, name: &NamespaceName, planned: &Namespace) -> Result<(), Error> {
        let mut known = self.known.remove(name).unwrap_or(Known {
            number: None,
            state: State::default(),
            sockets: None,
            waking: Vec::new(),
        });
        let (wrong, opened) = namespace::inside(&name.path(), || {
            let sockets = if known.sockets.is_none() { Some(Sockets::open(planned.table.is_some())) } else { None };
            (state::wrong_sysctls(planned), sockets.transpose())
        })?;
        let mut sockets = match (opened?, known.sockets.take()) {
            (Some(sockets), _) | (None, Some(sockets)) => sockets,
            (None, None) => return Err(Error::new("open", "a netlink socket", Errno::BADF)),
        };
        known.number = namespace::number(name);
        known.state.wrong_sysctls = wrong;
        known.state.read_links(name, &mut sockets)?;
        known.state.read_table(name, &mut sockets)?;
        self.next_index =
            known.state.links.values().map(|link| link.index.saturating_add(1)).fold(self.next_index, u32::max);
        known.sockets = (planned.place == Place::Hub).then_some(sockets);
        self.known.insert(name.clone(), known);
        Ok(())
    }

    /// Deletes the links that are not planned or not as planned, all of a namespace at once.
    fn delete_links(&mut self, scope: &Scope, plan: &Plan, pass: &mut Pass) {
        let broken_ends: BTreeSet<(&NamespaceName, &LinkName)> = scope
            .broken
            .iter()
            .filter_map(|key| plan.veths.get(key))
            .flat_map(|veth| veth.ends().map(|end| (&end.namespace, &end.link)))
            .collect();
        let ends = plan.veths.values().flat_map(|veth| veth.ends().map(|end| (&end.namespace, &end.link)));
        let tuns = plan.namespaces.iter().filter_map(|(name, planned)| Some((name, planned.tun.as_ref()?)));
        let planned: HashSet<(&NamespaceName, &LinkName)> = ends.chain(tuns).collect();
        // A leaf's end goes with the hub's, and a leaf that is not planned goes whole.
        let lo = LinkName::lo();
        for name in &scope.touched {
            let Some(mut known) = self.known.remove(name) else { continue };
            let spare = |link: &LinkName| {
                *link != lo && (!planned.contains(&(name, link)) || broken_ends.contains(&(name, link)))
            };
            let doomed: Vec<(LinkName, u32)> =
                known.state.links.iter().filter(|(l, _)| spare(l)).map(|(l, found)| (l.clone(), found.index)).collect();
            let deleted = if doomed.is_empty() { Ok(()) } else { leaf::delete(name, &mut known, &doomed) };
            if deleted.is_ok() {
                self.known.insert(name.clone(), known);
            }
            pass.add(deleted.map(|()| doomed.len()));
        }
    }

    /// Whether both ends of a pair are there, are each other's, and are as planned.
    fn intact(&self, veth: &Veth) -> bool {
        let end = |end: &crate::plan::VethEnd| {
            let link = self.known.get(&end.namespace)?.state.links.get(&end.link)?;
            (link.mac == Some(end.mac) && link.mtu == veth.mtu).then_some(link)
        };
        end(&veth.hub).zip(end(&veth.other)).is_some_and(|(a, b)| a.peer == Some(b.index) && b.peer == Some(a.index))
    }

    /// Makes a hub's namespace, its parameters and its table.
    fn hub(&mut self, name: &NamespaceName, planned: &Namespace) -> Result<usize, Error> {
        let mut count = 0;
        if !self.known.contains_key(name) {
            let known = create(name, planned)?;
            self.known.insert(name.clone(), known);
            count += 1;
        }
        let Some(known) = self.known.get_mut(name) else { return Ok(count) };
        count += known.mend_sysctls(name)?;
        if let Some(link) = &planned.tun {
            count += tun::make(&mut self.tun, name, link, known)?;
        }
        if let (Some(table), Some(socket)) = (&planned.table, known.sockets.as_mut().and_then(|s| s.netfilter.as_mut()))
        {
            count += table::apply(name, socket, &mut known.state, table)?;
        }
        Ok(count)
    }

    /// Makes addresses, neighbours and routes as planned, and brings links up.
    fn configure(&mut self, name: &NamespaceName, planned: &Namespace) -> Result<usize, Error> {
        match self.known.get_mut(name) {
            Some(Known { state, sockets: Some(sockets), .. }) => configure(name, state, sockets, planned),
            _ => Ok(0),
        }
    }

    /// Waits until a hub's new links carry packets.
    fn wait(&mut self, name: &NamespaceName) -> Result<usize, Error> {
        match self.known.get_mut(name) {
            Some(Known { sockets: Some(sockets), waking, .. }) => {
                waking.drain(..).try_for_each(|index| wait_for_carrier(name, sockets, index)).map(|()| 0)
            }
            _ => Ok(0),
        }
    }

    /// Counts what was done; after an error the namespace is to be read again.
    fn note(&mut self, name: &NamespaceName, pass: &mut Pass, result: Result<usize, Error>) {
        if result.is_err() {
            self.known.remove(name);
        }
        pass.add(result);
    }
}

impl Known {
    fn mend_sysctls(&mut self, name: &NamespaceName) -> Result<usize, Error> {
        let wrong = std::mem::take(&mut self.state.wrong_sysctls);
        if !wrong.is_empty() {
            namespace::inside(&name.path(), || state::set_sysctls(name, &wrong))??;
        }
        Ok(wrong.len())
    }
}

/// Makes a namespace with its parameters set.
fn create(name: &NamespaceName, planned: &Namespace) -> Result<Known, Error> {
    let sockets = namespace::create(name, || {
        state::set_sysctls(name, planned.sysctls)?;
        Sockets::open(planned.table.is_some())
    })?;
    let mut known =
        Known { number: namespace::number(name), state: State::fresh(), sockets: Some(sockets), waking: Vec::new() };
    if let Some(socket) = known.sockets.as_mut().and_then(|sockets| sockets.netfilter.as_mut()) {
        known.state.generation = crate::netlink::nftables::generation(socket).ok();
    }
    Ok(known)
}

fn configure(
    name: &NamespaceName,
    state: &mut State,
    sockets: &mut Sockets,
    planned: &Namespace,
) -> Result<usize, Error> {
    let changes = change::changes(state, planned);
    if changes.is_empty() {
        return Ok(0);
    }
    let (changes, messages): (Vec<_>, Vec<_>) =
        changes.into_iter().filter_map(|c| Some((c.message(state)?, c))).map(|(m, c)| (c, m)).unzip();
    sockets.route.request(messages).map_err(|refusal| match changes.get(refusal.index) {
        Some(change) => Error::new(change.step(), format!("{change} in {name}"), refusal.errno),
        None => Error::new("configure", name, refusal.errno),
    })?;
    state.links.values_mut().for_each(|link| link.up = true);
    state.addresses.clone_from(&planned.addresses);
    state.neighbours.clone_from(&planned.neighbours);
    state.routes.clone_from(&planned.routes);
    state.shapes.clone_from(&planned.shapes);
    if let Some(rules) = &planned.rules {
        state.rules.clone_from(rules);
    }
    Ok(changes.len())
}

/// Waits until a link carries packets, so that the first one of a task is not lost. The kernel needs no time for it since 6.8, and
/// some milliseconds before.
fn wait_for_carrier(name: &NamespaceName, sockets: &mut Sockets, index: u32) -> Result<(), Error> {
    const STEP: Duration = Duration::from_millis(1);
    const STEPS: u32 = 2000;
    let failed = |errno| Error::new("wait for the carrier of", format!("link {index} in {name}"), errno);
    for _ in 0..STEPS {
        if crate::netlink::route::carries(&mut sockets.route, index).map_err(failed)? {
            return Ok(());
        }
        std::thread::sleep(STEP);
    }
    Err(failed(Errno::TIMEDOUT))
}

/// What a pass has to look at.
#[derive(Default)]
struct Scope {
    /// Namespaces that should not be.
    unplanned: Vec<NamespaceName>,
    /// Planned namespaces that may not be as planned.
    touched: BTreeSet<NamespaceName>,
    /// Planned veth pairs that are not there whole or not as planned.
    broken: Vec<(NamespaceName, LinkName)>,
}

impl Scope {
    /// What differs between a plan that is done and another.
    fn difference(done: &Plan, plan: &Plan) -> Self {
        let mut scope = Self::default();
        for (name, before, after) in pairs(&done.namespaces, &plan.namespaces) {
            match after {
                None => scope.unplanned.push(name.clone()),
                Some(after) if before != Some(after) => drop(scope.touched.insert(name.clone())),
                Some(_) => {}
            }
        }
        for (key, before, after) in pairs(&done.veths, &plan.veths).filter(|(_, before, after)| before != after) {
            let namespaces = before.into_iter().chain(after).flat_map(|veth| veth.ends().map(|end| &end.namespace));
            scope.touched.extend(namespaces.filter(|name| plan.namespaces.contains_key(*name)).cloned());
            scope.broken.push(key.clone());
        }
        scope
    }
}

/// The entries of two maps side by side, in one walk.
fn pairs<'a, K: Ord, V>(
    a: &'a BTreeMap<K, V>,
    b: &'a BTreeMap<K, V>,
) -> impl Iterator<Item = (&'a K, Option<&'a V>, Option<&'a V>)> {
    let (mut a, mut b) = (a.iter().peekable(), b.iter().peekable());
    std::iter::from_fn(move || match (a.peek(), b.peek()) {
        (None, None) => None,
        (Some((key, _)), Some((other, _))) if key == other => {
            a.next().zip(b.next()).map(|((key, x), (_, y))| (key, Some(x), Some(y)))
        }
        (Some((key, _)), other) if other.is_none_or(|(other, _)| key < other) => {
            a.next().map(|(key, x)| (key, Some(x), None))
        }
        _ => b.next().map(|(key, y)| (key, None, Some(y))),
    })
}

/// What a pass did.
#[derive(Default)]
struct Pass {
    changes: usize,
    errors: Vec<Error>,
}

impl Pass {
    fn add(&mut self, result: Result<usize, Error>) {
        self.changes += self.keep(result).unwrap_or(0);
    }

    fn keep<T>(&mut self, result: Result<T, Error>) -> Option<T> {
        result.map_err(|error| self.errors.push(error)).ok()
    }
}
