//! Removal: found from the machine itself, not from memory.

use super::Network;
use crate::{
    Error,
    name::{Instance, LinkName, NamespaceName},
    namespace,
    netlink::{Socket, route},
};

impl Network {
    /// Removes everything of an instance from this machine and says how many namespaces there were. Goes on after an error.
    pub fn remove_all(instance: &Instance) -> Result<usize, Vec<Error>> {
        let found = namespace::list(instance).map_err(|error| vec![error])?;
        let errors: Vec<Error> = found.iter().flat_map(|(name, number)| remove(name, number.is_some())).collect();
        namespace::remove_directory();
        if errors.is_empty() { Ok(found.len()) } else { Err(errors) }
    }
}

/// Removes a namespace about which nothing is known. Its links go first: a process still in it would keep them.
pub(super) fn remove(name: &NamespaceName, mounted: bool) -> Vec<Error> {
    let links = if mounted { delete_links(name) } else { Ok(()) };
    [links.err(), namespace::remove(name).err()].into_iter().flatten().collect()
}

fn delete_links(name: &NamespaceName) -> Result<(), Error> {
    let mut socket = namespace::inside(&name.path(), Socket::route)?
        .map_err(|errno| Error::new("open a netlink socket in", name, errno))?;
    let links = route::links(&mut socket).map_err(|errno| Error::new("list the links of", name, errno))?;
    let veth = |link: &LinkName| link.as_str() != "lo";
    let doomed: Vec<u32> = links.iter().filter(|(link, _)| veth(link)).map(|(_, link)| link.index).collect();
    if doomed.is_empty() {
        return Ok(());
    }
    let messages = doomed.iter().map(|index| route::doom(*index)).chain([route::delete_doomed()]).collect();
    socket.request(messages).map_err(|refusal| Error::new("delete the links of", name, refusal.errno))
}
