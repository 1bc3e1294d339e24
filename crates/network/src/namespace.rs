//! Network namespaces as files: made, entered, listed, removed, so that ip-netns(8) knows them too.
//!
//! A thread is in one namespace at a time and stays where it was put, so nothing here moves the caller's: every visit is a thread of
//! its own that ends with it.

use crate::{
    Error,
    name::{Instance, NAMESPACES, NamespaceName},
    sys,
};
use rustix::{
    fs::{FlockOperation, Mode, OFlags},
    io::Errno,
    mount::{MountPropagationFlags, UnmountFlags},
    thread::LinkNameSpaceType,
};
use std::{fs, path::Path, sync::Arc};

/// Runs something inside a namespace, on a thread of its own. Sockets that it makes stay in that namespace wherever they are used.
pub fn inside<T: Send>(path: &Path, work: impl FnOnce() -> T + Send) -> Result<T, Error> {
    let failed = |errno| Error::new("enter the namespace", path.display(), errno);
    let file = rustix::fs::open(path, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty()).map_err(failed)?;
    on_a_thread(|| {
        rustix::thread::move_into_link_name_space(std::os::fd::AsFd::as_fd(&file), Some(LinkNameSpaceType::Network))
            .map_err(failed)?;
        Ok(work())
    })
}

/// Makes a namespace and runs something inside it. Afterwards it is there whole or not at all.
pub(crate) fn create<T: Send>(
    name: &NamespaceName,
    work: impl FnOnce() -> Result<T, Error> + Send,
) -> Result<T, Error> {
    let path = name.path();
    locked(|| {
        prepare_directory()?;
        // A file without a namespace on it is what is left of a creation that was interrupted. One with a namespace is never
        // replaced: processes may be in it.
        if number(name).is_some() {
            return Err(Error::new("create the namespace", name, Errno::EXIST));
        }
        remove(name)?;
        fs::File::create_new(&path).map_err(|error| Error::io("create the file", path.display(), &error))
    })?;
    let made = on_a_thread(|| {
        sys::new_network_namespace().map_err(|errno| Error::new("create the namespace", name, errno))?;
        let result = work()?;
        rustix::mount::mount_bind("/proc/thread-self/ns/net", &path)
            .map_err(|errno| Error::new("mount the namespace", path.display(), errno))?;
        Ok(result)
    });
    if made.is_err() {
        let _ = fs::remove_file(&path);
    }
    made
}

/// Runs something on a thread in a new namespace without a name, which ends with it.
pub(crate) fn in_a_throwaway<T: Send>(work: impl FnOnce() -> Result<T, Error> + Send) -> Result<T, Error> {
    on_a_thread(|| {
        sys::new_network_namespace().map_err(|errno| Error::new("create", "a network namespace", errno))?;
        work()
    })
}

fn on_a_thread<T: Send>(work: impl FnOnce() -> Result<T, Error> + Send) -> Result<T, Error> {
    std::thread::scope(|scope| {
        let thread =
            std::thread::Builder::new().name("namespace".into()).stack_size(256 << 10).spawn_scoped(scope, work);
        let thread = thread.map_err(|error| Error::io("start", "a thread", &error))?;
        thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}

/// `/run/netns` as ip-netns(8) makes it: a mount of its own and shared, so that a removal here is one everywhere. Without this, the
/// first use of `ip netns` would put a second mount over every namespace, and keep it after its removal.
fn prepare_directory() -> Result<(), Error> {
    fs::create_dir_all(NAMESPACES).map_err(|error| Error::io("create", NAMESPACES, &error))?;
    let share = || rustix::mount::mount_change(NAMESPACES, MountPropagationFlags::SHARED);
    match share() {
        Err(Errno::INVAL) => {
            rustix::mount::mount_bind_recursive(NAMESPACES, NAMESPACES)
                .map_err(|errno| Error::new("mount", NAMESPACES, errno))?;
            share()
        }
        other => other,
    }
    .map_err(|errno| Error::new("share", NAMESPACES, errno))
}

/// Takes a namespace's name away. The kernel destroys it some time after its last user has gone; that is never waited for.
pub(crate) fn remove(name: &NamespaceName) -> Result<bool, Error> {
    let path = name.path();
    // More than once when someone mounted over it.
    for _ in 0..8 {
        match rustix::mount::unmount(&path, UnmountFlags::DETACH | UnmountFlags::NOFOLLOW) {
            Ok(()) => {}
            Err(Errno::INVAL | Errno::NOENT) => break,
            Err(errno) => return Err(Error::new("unmount the namespace", path.display(), errno)),
        }
    }
    match fs::remove_file(&path) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(Error::io("remove the file", path.display(), &error)),
    }
}

/// Takes `/run/netns` away again once it is empty.
pub(crate) fn remove_directory() {
    let removed = locked(|| {
        if fs::read_dir(NAMESPACES).is_ok_and(|mut entries| entries.next().is_none()) {
            // Refused while anything is in it or in use, and that is as well.
            let _ = rustix::mount::unmount(NAMESPACES, UnmountFlags::NOFOLLOW);
            let _ = fs::remove_dir(NAMESPACES);
        }
        Ok(())
    });
    // An empty directory that stays does no harm.
    drop(removed);
}

/// Keeps other instances from making or removing `/run/netns` meanwhile. Once there is a file in it, it stays without this.
fn locked<T>(work: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
    const RUN: &str = "/run";
    let failed = |errno| Error::new("lock", RUN, errno);
    let directory =
        rustix::fs::open(RUN, OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty()).map_err(failed)?;
    rustix::io::retry_on_intr(|| rustix::fs::flock(&directory, FlockOperation::LockExclusive)).map_err(failed)?;
    work()
}

/// What an instance has in `/run/netns`: each name with the number of the namespace behind it, `None` for a mere file.
pub(crate) fn list(instance: &Instance) -> Result<Vec<(NamespaceName, Option<u64>)>, Error> {
    let entries = match fs::read_dir(NAMESPACES) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(Error::io("list", NAMESPACES, &error)),
    };
    let mut found = Vec::new();
    for entry in entries {
        let name = entry.map_err(|error| Error::io("list", NAMESPACES, &error))?.file_name();
        if let Some(name) = name.to_str().filter(|name| instance.owns(name)) {
            let name = NamespaceName(Arc::from(name));
            let number = number(&name);
            found.push((name, number));
        }
    }
    found.sort();
    Ok(found)
}

/// Whether something is mounted on a namespace's file, and if so the inode number that tells one namespace from another.
pub(crate) fn number(name: &NamespaceName) -> Option<u64> {
    const NSFS: u64 = 0x6e73_6673;
    let path = name.path();
    let kind = rustix::fs::statfs(&path).ok()?.f_type as u64;
    (kind == NSFS).then(|| rustix::fs::stat(&path).ok().map(|stat| stat.st_ino)).flatten()
}
