//! The link between the internet's namespace and this process.

use super::{Known, Network};
use crate::{
    Error,
    name::{LinkName, NamespaceName},
    namespace,
    netlink::route,
    sys,
};
use rustix::io::Errno;
use std::{os::fd::OwnedFd, sync::Arc};

/// What usually helps where it can't be made.
pub(super) const FIX: &str = "use a kernel with tun and nft_tproxy, built in or as modules (modprobe tun nft_tproxy), with /dev/net/tun, and run as root with CAP_NET_ADMIN";

/// A TUN link that is held. It goes with its file.
pub(super) struct Tun {
    /// The number of the namespace it is in.
    namespace: Option<u64>,
    file: Arc<OwnedFd>,
}

impl Network {
    /// The packets that go out of the internet's namespace, and where those go that come in: a file that does not block. None while
    /// there is no such namespace, or no way out of it. It is another one whenever the link had to be made anew.
    pub fn uplink(&self) -> Option<Arc<OwnedFd>> {
        let internet = self.known.get(&self.instance.internet())?;
        let tun = self.tun.as_ref().filter(|tun| tun.namespace == internet.number)?;
        internet.state.links.contains_key(&LinkName::uplink()).then(|| tun.file.clone())
    }
}

/// Makes the link of a hub, unless it is there; says how many changes that took.
pub(super) fn make(
    held: &mut Option<Tun>,
    name: &NamespaceName,
    link: &LinkName,
    known: &mut Known,
) -> Result<usize, Error> {
    let there = known.state.links.contains_key(link);
    if there && held.as_ref().is_some_and(|tun| tun.namespace == known.number) {
        return Ok(0);
    }
    *held = None;
    let failed = |errno| Error::new("create the link", format!("{link} in {name}"), errno).with_fix(FIX);
    let file = namespace::inside(&name.path(), || sys::tun(link.as_str()))?.map_err(failed)?;
    let sockets = known.sockets.as_mut().ok_or_else(|| failed(Errno::BADF))?;
    let made = route::links(&mut sockets.route).map_err(failed)?.remove(link).ok_or_else(|| failed(Errno::NODEV))?;
    known.state.links.insert(link.clone(), made);
    *held = Some(Tun { namespace: known.number, file: Arc::new(file) });
    Ok(1)
}
