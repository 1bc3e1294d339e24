//! Which user and groups a container runs as, from its image's passwd and group files (passwd(5), group(5)).
//!
//! Pure: the texts are given. The rules are runc's, so that images behave as under Docker.

use crate::error::{StartError, StartErrorKind};

/// A resolved user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// User id.
    pub uid: u32,
    /// Primary group id.
    pub gid: u32,
    /// Supplementary groups.
    pub groups: Vec<u32>,
    /// Home directory.
    pub home: String,
}

struct Entry<'a> {
    name: &'a str,
    uid: u32,
    gid: u32,
    home: &'a str,
}

struct Group<'a> {
    name: &'a str,
    gid: u32,
    members: &'a str,
}

/// Highest id Linux takes ("UserId", Docker Engine).
const MAX_ID: u32 = i32::MAX as u32;

/// Most lines looked at in each file.
const MAX_LINES: usize = 100_000;

/// Resolves `user`, `uid`, `user:group`, `uid:gid`, `uid:group`, `user:gid`; empty is root.
///
/// A number without an entry is taken as it is. Without a named group the user's own groups apply; with one, only that.
pub fn resolve(given: &str, passwd: &str, group: &str) -> Result<User, StartError> {
    let (name, group_name) = given.split_once(':').unwrap_or((given, ""));
    let entry = find(name, passwd);
    let mut user = match (&entry, name.is_empty(), id(name)) {
        (Some(entry), ..) => User { uid: entry.uid, gid: entry.gid, groups: Vec::new(), home: entry.home.to_owned() },
        (None, true, _) => User { uid: 0, gid: 0, groups: Vec::new(), home: "/".into() },
        (None, false, Some(uid)) => User { uid, gid: 0, groups: Vec::new(), home: "/".into() },
        (None, false, None) => {
            let text = format!("unable to find user {name}: no matching entries in passwd file");
            return Err(StartError::new(StartErrorKind::UnknownUser, text));
        }
    };
    if user.home.is_empty() {
        user.home = "/".into();
    }
    if !group_name.is_empty() {
        user.gid = find_group(group_name, group)?;
    } else if let Some(entry) = entry {
        let listed = groups(group).filter(|group| group.members.split(',').any(|member| member == entry.name));
        user.groups = listed.map(|group| group.gid).collect();
    }
    Ok(user)
}

/// The entry whose name, or failing that whose number, is `name`.
fn find<'a>(name: &str, passwd: &'a str) -> Option<Entry<'a>> {
    let wanted = if name.is_empty() { Some(0) } else { id(name) };
    entries(passwd)
        .find(|entry| !name.is_empty() && entry.name == name)
        .or_else(|| entries(passwd).find(|entry| Some(entry.uid) == wanted))
}

fn find_group(name: &str, group: &str) -> Result<u32, StartError> {
    let known = groups(group).find(|group| group.name == name).map(|group| group.gid);
    known.or_else(|| id(name)).ok_or_else(|| {
        let text = format!("unable to find group {name}: no matching entries in group file");
        StartError::new(StartErrorKind::UnknownGroup, text)
    })
}

fn id(text: &str) -> Option<u32> {
    text.parse().ok().filter(|id| *id <= MAX_ID)
}

fn entries(passwd: &str) -> impl Iterator<Item = Entry<'_>> {
    passwd.lines().take(MAX_LINES).filter_map(|line| {
        let mut parts = line.split(':');
        let (name, _, uid, gid) = (parts.next()?, parts.next()?, id(parts.next()?)?, id(parts.next()?)?);
        Some(Entry { name, uid, gid, home: parts.nth(1).unwrap_or_default() })
    })
}

fn groups(group: &str) -> impl Iterator<Item = Group<'_>> {
    group.lines().take(MAX_LINES).filter_map(|line| {
        let mut parts = line.split(':');
        let (name, _, gid) = (parts.next()?, parts.next()?, id(parts.next()?)?);
        Some(Group { name, gid, members: parts.next().unwrap_or_default() })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const PASSWD: &str = "root:x:0:0:root:/root:/bin/sh\nweb:x:1000:1001::/srv:/bin/sh\nbroken\n";
    const GROUP: &str = "root:x:0:\nweb:x:1001:\nlog:x:50:web,other\nadm:x:4:other\n";

    fn ids(given: &str) -> (u32, u32, Vec<u32>) {
        let user = resolve(given, PASSWD, GROUP).unwrap();
        (user.uid, user.gid, user.groups)
    }

    #[test]
    fn a_name_brings_its_groups() {
        assert_eq!(ids("web"), (1000, 1001, vec![50]));
        assert_eq!(ids("1000"), (1000, 1001, vec![50]));
    }

    #[test]
    fn a_named_group_replaces_them() {
        assert_eq!(ids("web:adm"), (1000, 4, vec![]));
        assert_eq!(ids("web:77"), (1000, 77, vec![]));
        assert_eq!(ids("7:log"), (7, 50, vec![]));
    }

    #[test]
    fn numbers_need_no_entry() {
        assert_eq!(ids("4242"), (4242, 0, vec![]));
        assert_eq!(resolve("", "", "").unwrap().home, "/");
        assert_eq!(resolve("", PASSWD, "").unwrap().home, "/root");
    }

    #[test]
    fn unknown_names_are_refused_as_runc_does() {
        let text = |given| resolve(given, PASSWD, GROUP).unwrap_err().message;
        assert_eq!(text("nobody"), "unable to find user nobody: no matching entries in passwd file");
        assert_eq!(text("web:none"), "unable to find group none: no matching entries in group file");
        assert_eq!(text("4294967295"), "unable to find user 4294967295: no matching entries in passwd file");
    }

    proptest::proptest! {
        #[test]
        fn arbitrary_files_never_panic(given in ".*", passwd in ".*", group in ".*") {
            let _ = resolve(&given, &passwd, &group);
        }
    }
}
