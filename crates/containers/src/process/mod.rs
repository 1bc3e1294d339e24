//! What a child does to itself between being in its namespaces and executing its command. The same for a container's first
//! process and for commands run in it later.

pub mod caps;
mod command;
mod rlimit;
pub mod seccomp;
pub mod user;

pub(crate) use command::{DEFAULT_PATH, exec_failed};

use crate::config::{ContainerConfig, Exec, Rlimit};
use crate::error::{StartError, StartErrorKind, Step, lower};
use crate::sys;
use caps::Capabilities;
use rustix::fs::FileType;
use rustix::process::Signal;
use rustix::thread::{Gid, Uid};
use std::collections::BTreeMap;
use std::ffi::CString;
use std::fs;
use std::io::{self, Read};
use std::os::fd::{BorrowedFd, OwnedFd};
use std::os::unix::fs::OpenOptionsExt;
use user::User;

/// A process to become. Kept by the shim for each container, as the base of commands run in it.
#[derive(Debug, Clone)]
pub(crate) struct Process {
    pub(crate) argv: Vec<String>,
    pub(crate) env: BTreeMap<String, String>,
    pub(crate) cwd: String,
    pub(crate) user: String,
    pub(crate) caps: Capabilities,
    pub(crate) rlimits: Vec<Rlimit>,
}

/// Longest passwd or group file that is read, in bytes.
pub(crate) const MAX_FILE: u64 = 4 << 20;

impl Process {
    /// A container's first process.
    pub(crate) fn of(config: &ContainerConfig, hostname: &str) -> Result<Self, StartError> {
        let mut env = config.env.clone();
        env.entry("PATH".into()).or_insert_with(|| DEFAULT_PATH.into());
        env.entry("HOSTNAME".into()).or_insert_with(|| hostname.into());
        if config.terminal {
            name_terminal(&mut env);
        }
        let caps = Capabilities::from_lists(&config.add_capabilities, &config.drop_capabilities)?;
        let (argv, cwd, user, rlimits) =
            (config.argv.clone(), config.cwd.clone(), config.user.clone(), config.rlimits.clone());
        Ok(Self { argv, env, cwd, user, caps, rlimits })
    }

    /// A command run beside it, perhaps with a terminal.
    pub(crate) fn exec(&self, exec: &Exec, terminal: bool) -> Self {
        let mut process = self.clone();
        process.argv.clone_from(&exec.argv);
        process.env.extend(exec.env.clone());
        if terminal {
            name_terminal(&mut process.env);
        }
        exec.user.clone_into_if_some(&mut process.user);
        exec.cwd.clone_into_if_some(&mut process.cwd);
        process
    }

    /// Takes on limits, user and restrictions and executes the command. Only returns on failure.
    ///
    /// The caller is inside the container's namespaces and root, and holds no descriptor that leads out of it. The order
    /// matters: what needs privilege comes first, seccomp last, and nothing is looked up before the user is the container's.
    /// `enter` is called when there is nothing left to give up.
    pub(crate) fn become_it(mut self, init: Option<&OwnedFd>, enter: fn() -> Result<(), StartError>) -> StartError {
        match self.prepare().and_then(|program| enter().map(|()| program)) {
            Ok(program) => match init {
                None => self.execute(&program),
                Some(init) => self.execute_init(init, program),
            },
            Err(error) => error,
        }
    }

    fn prepare(&mut self) -> Result<String, StartError> {
        rlimit::apply(&self.rlimits)?;
        let user = user::resolve(&self.user, &read("/etc/passwd")?, &read("/etc/group")?)?;
        if self.env.get("HOME").is_none_or(String::is_empty) {
            self.env.insert("HOME".into(), user.home.clone());
        }
        keyring()?;
        own_streams(&user)?;
        // Root may enter where the user may not; where root is refused (network file systems) the user may be allowed.
        let entered = self.enter_directory();
        caps::bound(self.caps)?;
        switch(&user)?;
        if entered.is_err() {
            self.enter_directory()?;
        }
        inside()?;
        caps::set(self.caps, user.uid == 0)?;
        rustix::thread::set_no_new_privs(true).start(|| "setting no_new_privs".into())?;
        let path = self.env.get("PATH").map_or(DEFAULT_PATH, String::as_str);
        let program = command::find(self.argv.first().map_or("", String::as_str), path)?;
        sys::reset_signals().start(|| "resetting signals".into())?;
        sys::seccomp(&seccomp::filter(self.caps)).start(|| "loading the seccomp filter".into())?;
        Ok(program)
    }

    fn enter_directory(&self) -> Result<(), StartError> {
        let dir = if self.cwd.is_empty() { "/" } else { &self.cwd };
        let enter = || rustix::process::chdir(dir).map_err(io::Error::from);
        let made = enter().or_else(|error| match error.kind() {
            io::ErrorKind::NotFound => fs::create_dir_all(dir).and_then(|()| enter()),
            _ => Err(error),
        });
        made.map_err(|error| {
            StartError::new(
                StartErrorKind::WorkingDirectory,
                format!("chdir to cwd ({dir:?}) set in config.json failed: {}", lower(&error)),
            )
        })
    }

    fn execute(&self, program: &str) -> StartError {
        let strings = (c_string(program), self.argv.iter().map(|arg| c_string(arg)).collect(), self.c_env());
        match strings {
            (Ok(program_c), Ok::<Vec<_>, StartError>(argv), Ok(env)) => {
                exec_failed(program, &sys::exec(&program_c, &argv, &env))
            }
            (Err(error), ..) | (_, Err(error), _) | (.., Err(error)) => error,
        }
    }

    /// Executes this crate's own program as init, which executes the command as its child (`shim::init`).
    fn execute_init(&self, init: &OwnedFd, program: String) -> StartError {
        let (own, marker) = (crate::shim::init_arguments(), [program]);
        let argv: Result<Vec<_>, _> = own.iter().chain(&marker).chain(&self.argv).map(|arg| c_string(arg)).collect();
        match (argv, self.c_env()) {
            (Ok(argv), Ok(env)) => StartError::new(
                StartErrorKind::Host,
                format!("exec of the init process: {}", lower(&sys::exec_fd(init, &argv, &env))),
            ),
            (Err(error), _) | (_, Err(error)) => error,
        }
    }

    /// A value may be a secret, which no message shows.
    fn c_env(&self) -> Result<Vec<CString>, StartError> {
        let unfit = |name: &str| StartError::invalid(format!("the variable {name:?} holds a NUL character"));
        self.env.iter().map(|(name, value)| CString::new(format!("{name}={value}")).map_err(|_| unfit(name))).collect()
    }
}

/// What every program knows, unless something better is known.
fn name_terminal(env: &mut BTreeMap<String, String>) {
    env.entry("TERM".into()).or_insert_with(|| "xterm".into());
}

trait CloneInto {
    fn clone_into_if_some(&self, target: &mut String);
}

impl CloneInto for Option<String> {
    fn clone_into_if_some(&self, target: &mut String) {
        if let Some(value) = self {
            target.clone_from(value);
        }
    }
}

fn c_string(text: &str) -> Result<CString, StartError> {
    CString::new(text).map_err(|_| StartError::invalid(format!("{text:?} holds a NUL character")))
}

/// A text file of the container; empty when missing. Anything but a regular file counts as missing, so a FIFO can't stall the start.
fn read(path: &str) -> Result<String, StartError> {
    let open =
        fs::OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY | libc::O_CLOEXEC).open(path);
    let Ok(file) = open else { return Ok(String::new()) };
    if !file.metadata().is_ok_and(|meta| meta.is_file()) {
        return Ok(String::new());
    }
    let mut bytes = Vec::new();
    file.take(MAX_FILE).read_to_end(&mut bytes).start(|| format!("reading {path}"))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// Gives up every capability, for good.
pub(crate) fn renounce() -> Result<(), StartError> {
    let none = Capabilities(0);
    caps::bound(none)?;
    caps::set(none, false)?;
    rustix::thread::set_no_new_privs(true).start(|| "setting no_new_privs".into())
}

fn keyring() -> Result<(), StartError> {
    match sys::new_session_keyring() {
        Err(error) if error.raw_os_error() != Some(libc::ENOSYS) => {
            Err(error).start(|| "making a session keyring".into())
        }
        _ => Ok(()),
    }
}

/// Gives pipes and terminals among the standard streams to the user, as runc does: programs open them by their names (`/dev/stdout`).
/// Devices are everybody's as they are.
fn own_streams(user: &User) -> Result<(), StartError> {
    let own = |stream: BorrowedFd<'_>| -> rustix::io::Result<()> {
        let kind = FileType::from_raw_mode(rustix::fs::fstat(stream)?.st_mode);
        if kind == FileType::Fifo || rustix::termios::isatty(stream) {
            rustix::fs::fchown(stream, Some(Uid::from_raw(user.uid)), None)?;
        }
        Ok(())
    };
    let streams = [rustix::stdio::stdin(), rustix::stdio::stdout(), rustix::stdio::stderr()];
    streams.into_iter().try_for_each(own).start(|| "giving the standard streams to the user".into())
}

fn switch(user: &User) -> Result<(), StartError> {
    let groups: Vec<Gid> = user.groups.iter().map(|gid| Gid::from_raw(*gid)).collect();
    let (uid, gid) = (Uid::from_raw(user.uid), Gid::from_raw(user.gid));
    rustix::thread::set_thread_groups(&groups).start(|| "setting supplementary groups".into())?;
    rustix::thread::set_thread_res_gid(gid, gid, gid).start(|| format!("switching to group {}", user.gid))?;
    rustix::thread::set_thread_res_uid(uid, uid, uid).start(|| format!("switching to user {}", user.uid))?;
    // Changing the user cleared it. Should the shim die, its pid namespace ends everything anyway; this is the second rope.
    rustix::process::set_parent_process_death_signal(Some(Signal::KILL))
        .start(|| "setting the parent death signal".into())
}

/// Refuses a working directory outside the root, which no path should lead to (CVE-2024-21626).
fn inside() -> Result<(), StartError> {
    let cwd = rustix::process::getcwd(Vec::new()).start(|| "reading the working directory".into())?;
    if cwd.to_bytes().first() == Some(&b'/') {
        return Ok(());
    }
    Err(StartError::new(
        StartErrorKind::WorkingDirectory,
        "current working directory is outside of container mount namespace root -- possible container breakout detected",
    ))
}
