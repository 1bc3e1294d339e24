//! Makes one Linux host match what the control plane tells it. The agent never decides what should be: it asks, compares and acts.
//!
//! - [`reconcile`]: what there is to do for a task, told purely from what it should be and what it is.
//! - `host`: the loop that takes in what happens and has done what `reconcile` says; its jobs use the crates `network`,
//!   `images` and `containers`, which know nothing of AWS.
//! - `sync`, [`ledger`]: what the server says, and the copy of it on disk.
//! - [`dns`], `services`, `metadata`: what answers inside namespaces beside the tasks; [`listen`] keeps their sockets where they should be.
//! - `access_logs`: files of the balancer's that are delivered.
//! - `relief`: what gives up unused layers while the disk is low.
//! - [`uplink`]: what becomes of tasks' packets that leave the region, where they may.
//! - `dial`, `aws`, `registry`, `initialise`, `host::streams`: what the agent sends for a task, from inside its namespace.
//! - [`connect`]: what a task's proxy of Service Connect serves, and what it counted; pure.
//! - [`authorities`], [`container`], [`files`]: a container as the launcher wants it; `secrets`: what fetches its secrets, and what
//!   comes of it; pure.
//! - [`logs`]: what the `awslogs` driver does with a container's lines; pure.
//!
//! Tasks are not its children: they outlive it, and the next agent takes them over.

#![forbid(unsafe_code)]
#![deny(clippy::print_stderr)]

mod access_logs;
pub mod authorities;
mod aws;
mod cancel;
pub mod client;
mod clock;
mod config;
pub mod connect;
pub mod container;
mod credentials;
mod dial;
pub mod dns;
mod endpoints;
mod error;
pub mod files;
mod host;
mod initialise;
pub mod ledger;
pub mod listen;
pub mod logs;
mod measured;
mod metadata;
pub mod reconcile;
mod registry;
mod relief;
mod remove;
mod secrets;
mod services;
mod signal;
mod sync;
pub mod uplink;

pub use config::{Config, task_dir};
pub use dial::Patience;
pub use error::Error;
pub use remove::{Removed, remove_all};
pub use uplink::Outside;

use host::{Event, Host};
use std::{
    sync::{Arc, mpsc::Sender},
    thread::{self, JoinHandle},
};
use tokio::task::AbortHandle;

/// A running agent.
pub struct Agent {
    events: Sender<Event>,
    thread: JoinHandle<()>,
    sync: AbortHandle,
    measuring: [AbortHandle; 2],
    delivering: AbortHandle,
    _relief: relief::Relief,
}

/// Takes over what runs on this host and starts following the server.
///
/// # Errors
/// When the host can't do what is needed (kernel features, privileges), or what is there can't be understood. Nothing is changed then.
pub fn start(config: Config) -> Result<Agent, Error> {
    let config = Arc::new(config);
    network::Network::check_host().map_err(|error| Error::new("checking", "this host's network", error))?;
    if config.outside.is_some() {
        network::Network::check_uplink().map_err(|error| Error::new("checking", "this host's way out", error))?;
    }
    let images = images::store::Store::open(&config.images_dir(), images::store::Options::default())
        .map_err(|error| Error::new("opening the image store", config.images_dir().display(), error))?;
    let network = network::Network::new(config.instance.clone());
    let (host, incoming) = Host::new(config.clone(), images.clone(), network)?;
    // From here on, what runs already is known to be in use.
    let _relief = relief::start(images)?;
    let (events, status) = (host.sender(), host.status());
    let client = client::Client::new(&config.socket);
    let runtime = &config.runtime_handle;
    let sync = runtime.spawn(sync::run(client, config.capacity.clone(), status, events.clone()));
    let measuring = [
        runtime.spawn(measured::tasks(config.clone(), host.follow())).abort_handle(),
        runtime.spawn(measured::gateways(config.clone(), host.follow())).abort_handle(),
    ];
    let delivering = runtime.spawn(access_logs::deliver(config.clone())).abort_handle();
    let thread = thread::Builder::new()
        .name("agent".into())
        .spawn(move || host.run(&incoming))
        .map_err(|error| Error::new("starting", "the agent's thread", error))?;
    Ok(Agent { events, thread, sync: sync.abort_handle(), measuring, delivering, _relief })
}

impl Agent {
    /// Ends the agent. Tasks, their networks and their logs stay as they are.
    pub fn stop(self) {
        self.sync.abort();
        self.measuring.iter().for_each(AbortHandle::abort);
        self.delivering.abort();
        let _ = self.events.send(Event::Quit);
        let _ = self.thread.join();
    }
}

/// Tells whoever runs the agent of something that went wrong and is tried again. Nobody hears it when standard error is on a disk that is
/// full: `eprintln!` would end the thread for that.
pub(crate) fn complain(what: std::fmt::Arguments<'_>) {
    let _ = std::io::Write::write_fmt(&mut std::io::stderr(), format_args!("neargate: {what}\n"));
}
