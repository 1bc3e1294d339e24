//! Starting and stopping.

use crate::app::App;
use crate::clock::Clock;
use crate::core::Core;
use crate::journal::{Redb, Sealed};
use crate::registry::{self, Registry};
use crate::sync::Seats;
use crate::tls::{Knows, Tls};
use crate::{Config, Error, cloudwatch, http, lock, logs};
use control::{Caller, Region};
use images::mirror::Mirror;
use logevents::store::Store;
use shares::Places;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::MissedTickBehavior;
use vpc::{PUBLIC_REGISTRIES, registry::host_and_port};

/// The name of the unix socket in the data directory, for hosts and the CLI.
pub const SOCKET: &str = "neargate.sock";
/// The name of the unix socket in the data directory where hosts pass on what tasks send to AWS's services. A connection begins with
/// a line that names the service, the port and who connected; nothing but that service's API answers it.
pub const AWS_SOCKET: &str = "aws.sock";
/// How often controllers get to see the time.
const TICK: Duration = Duration::from_secs(1);
/// How often log events and layers that nothing names or that are too old are deleted.
const SWEEP: Duration = Duration::from_secs(60);

/// A running server. Dropping it does not stop it.
pub struct Server {
    /// Where AWS clients connect, with the port that was taken.
    pub address: SocketAddr,
    /// The unix socket for hosts and the CLI.
    pub socket: PathBuf,
    /// The unix socket for what tasks send to AWS's services: see [`AWS_SOCKET`].
    pub aws_socket: PathBuf,
    app: Arc<App>,
    stop: watch::Sender<bool>,
    doors: JoinHandle<()>,
    timers: [JoinHandle<()>; 5],
    // Last, so that the directory is free only once all else has ended.
    _lock: lock::Lock,
}

/// Starts a server inside a tokio runtime. It is ready for requests when this returns.
///
/// # Errors
/// Naming the step, its object and the fix: a directory that can't be written or is in use, a port that is taken, a journal of another
/// region, account or version.
pub async fn start(config: Config) -> Result<Server, Error> {
    config.check()?;
    let started = Instant::now();
    let held = lock::take(&config.data_dir)?;
    let socket = config.data_dir.join(SOCKET);
    let aws_socket = config.data_dir.join(AWS_SOCKET);
    let listeners = http::bind(config.listen, &socket, &aws_socket).await?;
    let address = listeners.address()?;
    let Opened { core, logs, metrics, mirror, registry, objects, tls } = open(config.clone()).await?;
    let (stop, stopping) = watch::channel(false);
    let connections = config.limits.connections;
    let app = Arc::new(App {
        config,
        core,
        services: control::services(),
        logs,
        metrics,
        mirror,
        registry,
        objects,
        tls,
        seats: Seats::default(),
        places: Places::new(connections, http::CONNECTIONS_EACH),
        started,
        stopping,
    });
    // A data directory of an older version, or a load that was killed before it said so.
    crate::mirror::announce(&app)
        .await
        .map_err(|fault| Error::new("keeping which registries there are").because(fault.message))?;
    let doors = tokio::spawn(http::serve(app.clone(), listeners));
    let timers = [
        tokio::spawn(tick(app.clone())),
        tokio::spawn(sweep(app.clone())),
        tokio::spawn(crate::stacks::run_errands(app.clone())),
        tokio::spawn(crate::certificates::run_errands(app.clone())),
        tokio::spawn(cloudwatch::watch(app.clone())),
    ];
    Ok(Server { address, socket, aws_socket, app, stop, doors, timers, _lock: held })
}

/// What a data directory holds.
struct Opened {
    core: Core,
    logs: Store,
    metrics: metrics::Store,
    mirror: Arc<Mirror>,
    registry: Registry,
    objects: objects::Store,
    tls: Tls,
}

/// Opening reads and writes files.
async fn open(config: Config) -> Result<Opened, Error> {
    let work = move || {
        let journal = Redb::open(&config.data_dir, &config.region, &config.account)?;
        let journal = Sealed::open(&config.data_dir, journal)?;
        let images = config.data_dir.join("mirror");
        let mirror = Mirror::open(&images);
        let mirror =
            mirror.map_err(|error| Error::new(format!("opening the images in {}", images.display())).because(error))?;
        let mirror = Arc::new(mirror);
        let tls = Tls::open(&config.data_dir, &config.region, registries(mirror.clone()))?;
        let minute = i64::try_from(config.minute.as_millis()).unwrap_or(i64::MAX).max(1);
        let region = Region::new(&config.region, &config.account);
        let region = Region { authority: tls.authority.clone(), minute, ..region };
        let core = Core::start(Box::new(journal), region, Arc::new(Clock::default()), control::ec2::found)?;
        let registry = Registry::open(&config.data_dir.join("registry"))?;
        let logs = config.data_dir.join("logs");
        let logs = Store::open(logs.clone())
            .map_err(|error| Error::new(format!("opening the log events in {}", logs.display())).because(error))?;
        let metrics = config.data_dir.join("metrics");
        let metrics = metrics::Store::open(&metrics, core.clock().now().millis)
            .map_err(|error| Error::new(format!("opening the metrics in {}", metrics.display())).because(error))?
            .with_resolution(minute);
        let buckets = core.state().buckets.iter().map(|bucket| bucket.name.clone()).collect();
        let objects = config.data_dir.join("s3");
        let objects = objects::Store::open(&objects, &buckets)
            .map_err(|error| Error::new(format!("opening the objects in {}", objects.display())).because(error))?;
        Ok(Opened { core, logs, metrics, mirror, registry, objects, tls })
    };
    let opened = tokio::task::spawn_blocking(work).await;
    opened.unwrap_or_else(|error| Err(Error::new("opening the data directory").because(error)))
}

/// Whether a name is a public registry's.
fn registries(mirror: Arc<Mirror>) -> Knows {
    Box::new(move |name| {
        let known = || PUBLIC_REGISTRIES.contains(&name);
        known() || mirror.registries().iter().any(|registry| host_and_port(registry).0 == name)
    })
}

impl Server {
    /// Takes no more requests, answers those under way, keeps what they did, and returns.
    pub async fn shutdown(self) {
        self.stop.send_replace(true);
        let _ = self.doors.await;
        self.timers.iter().for_each(JoinHandle::abort);
        self.app.core.stop().await;
        // Nobody answers there any more; a file that can't be removed is replaced by the next start.
        let _ = std::fs::remove_file(&self.socket);
        let _ = std::fs::remove_file(&self.aws_socket);
    }
}

async fn tick(app: Arc<App>) {
    let mut ticks = tokio::time::interval(TICK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        if let Err(fault) = app.core.run(Caller::default(), |_| Ok(())).await {
            crate::complain(format_args!("running the controllers: {fault}"));
        }
        if let Err(fault) = crate::access_logs::announce(&app).await {
            crate::complain(format_args!("announcing access logs: {fault}"));
        }
    }
}

async fn sweep(app: Arc<App>) {
    let mut ticks = tokio::time::interval(SWEEP);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let swept = app.clone();
        if let Err(fault) = crate::app::blocking(move || logs::sweep(&swept)).await {
            crate::complain(format_args!("deleting old log events: {fault}"));
        }
        let swept = app.clone();
        if let Err(fault) = crate::app::blocking(move || cloudwatch::sweep(&swept)).await {
            crate::complain(format_args!("deleting old metrics: {fault}"));
        }
        if let Err(fault) = registry::sweep(&app).await {
            crate::complain(format_args!("deleting layers that no image needs: {fault}"));
        }
    }
}
