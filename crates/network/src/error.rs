//! What went wrong on the host: the step, the object and the fix.

use rustix::io::Errno;
use std::fmt;

/// A step that failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    /// What was being done, such as `create the link`.
    pub step: &'static str,
    /// To what: a namespace and perhaps something in it.
    pub object: String,
    /// What the kernel answered, if it was asked.
    pub errno: Option<Errno>,
    /// What to do about it.
    pub fix: Option<&'static str>,
}

impl Error {
    pub(crate) fn new(step: &'static str, object: impl fmt::Display, errno: Errno) -> Self {
        Self { step, object: object.to_string(), errno: Some(errno), fix: fix(errno) }
    }

    pub(crate) fn io(step: &'static str, object: impl fmt::Display, error: &std::io::Error) -> Self {
        Self::new(step, object, Errno::from_io_error(error).unwrap_or(Errno::IO))
    }

    pub(crate) fn bad_prefix(prefix: &str) -> Self {
        Self {
            step: "name the instance",
            object: format!("{prefix:?}"),
            errno: None,
            fix: Some("use 1 to 16 lower-case letters and digits"),
        }
    }

    pub(crate) fn with_fix(self, fix: &'static str) -> Self {
        Self { fix: Some(fix), ..self }
    }
}

/// What usually helps.
fn fix(errno: Errno) -> Option<&'static str> {
    match errno {
        Errno::PERM | Errno::ACCESS => {
            Some("run as root, with CAP_SYS_ADMIN, CAP_NET_ADMIN and a writable /proc/sys/net and /run")
        }
        Errno::OPNOTSUPP | Errno::PROTONOSUPPORT | Errno::AFNOSUPPORT => Some(
            "use a kernel of 5.10 or later with nf_tables, nf_conntrack and veth, built in or as modules (modprobe nf_tables veth)",
        ),
        Errno::NOMEM | Errno::NOBUFS => Some("free some memory"),
        Errno::MFILE | Errno::NFILE => Some("raise the limit of open files (ulimit -n)"),
        Errno::NOSPC => Some("raise user.max_net_namespaces, or the inode or size limit of /run"),
        _ => None,
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "can't {} {}", self.step, self.object)?;
        if let Some(errno) = self.errno {
            write!(f, ": {}", std::io::Error::from(errno))?;
        }
        self.fix.map_or(Ok(()), |fix| write!(f, "; to fix it, {fix}"))
    }
}

impl std::error::Error for Error {}
