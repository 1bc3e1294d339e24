//! `neargate up`: server and agent in one process.

mod capacity;
mod preflight;

use super::{
    DataDir, Failure,
    region::{self, Region},
};
use agent::{Outside, Patience};
use balancer::process::Program;
use clap::{Args, ValueEnum};
use containers::{RuntimeKind, ShimCommand};
use network::Instance;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::{
    io::{self, Write},
    net::SocketAddr,
    path::{Path, PathBuf},
    time::Duration,
};
use tokio::{
    runtime::{Builder, Handle},
    signal::unix::{Signal, SignalKind, signal},
};

const EXAMPLES: &str = "\
Examples:
  neargate up                          # on 127.0.0.1:4566, kept in /var/lib/neargate
  eval \"$(neargate env)\"               # in another terminal: AWS clients use it
  neargate up --listen 127.0.0.1:0 --data-dir /srv/two    # a second one, on a free port
  neargate up --internet host          # tasks with a way out reach the real internet, and pull from it

It runs in the foreground and prints one line once it is ready. SIGTERM or Ctrl-C end it; its tasks and load balancers go on, and the \
next `up` with the same data directory takes them over. `neargate down` removes everything.";

/// How long the agent may take to speak with the server for the first time: it looks at whatever still runs before.
const FIRST_SYNC: Duration = Duration::from_secs(30);

/// Run a region in the foreground.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub struct Up {
    /// Where AWS clients connect. Port 0 takes a free one. On loopback, /metrics there has the region's metrics for Prometheus.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:4566")]
    listen: SocketAddr,
    /// Allow --listen on an address that other machines reach. Any access key is accepted: whoever can connect can run
    /// containers on this machine.
    #[arg(long)]
    listen_anywhere: bool,
    #[command(flatten)]
    data_dir: DataDir,
    /// The region's name. It can't be changed once the data directory exists.
    #[arg(long, default_value = "us-east-1")]
    region: String,
    /// The twelve digits of the account that owns everything. They can't be changed either.
    #[arg(long, default_value = "123456789012")]
    account: String,
    /// What starts containers.
    #[arg(long, value_enum, default_value_t = Runtime::Native)]
    runtime: Runtime,
    /// What tasks with a way out reach. It holds until the next start, which says it again.
    #[arg(long, value_enum, default_value_t = Internet::Sealed)]
    internet: Internet,
    /// How many seconds a connection that is made for a task may take, before it counts as impossible: to pull its image, for example.
    /// It is tried up to five times. On AWS it takes minutes until a task without a way out has stopped. 0.7 if not given, and 5 with
    /// `--internet host`.
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    dial_timeout: Option<f64>,
    /// How many seconds a registry or service may be silent to a task before it is asked again, or given up.
    #[arg(long, value_name = "SECONDS", default_value_t = 30.0, value_parser = seconds)]
    answer_timeout: f64,
    /// How many seconds a minute of alarms' periods and of scaling policies' cooldowns lasts: 10, 20, 30 or 60. For those who test how a
    /// service scales and won't wait for it. Metrics, schedules and whatever else has a time keep to the clock. It holds until the next
    /// start, which says it again.
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = minute)]
    minute: u64,
}

/// A minute, or a part of one that metrics can be told apart by.
fn minute(text: &str) -> Result<u64, String> {
    text.parse()
        .ok()
        .filter(|seconds| [10, 20, 30, 60].contains(seconds))
        .ok_or_else(|| "give 10, 20, 30 or 60".to_owned())
}

/// A time that is neither nothing nor for ever.
fn seconds(text: &str) -> Result<f64, String> {
    text.parse()
        .ok()
        .filter(|seconds| (0.1..=60.0).contains(seconds))
        .ok_or_else(|| "give 0.1 to 60 seconds".to_owned())
}

#[derive(Clone, Copy, ValueEnum)]
enum Runtime {
    /// neargate's own launcher.
    Native,
    /// crun, from PATH.
    Crun,
    /// runc, from PATH.
    Runc,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Internet {
    /// The region's own internet: a namespace with a host for you to use, AWS's services, and a mirror of public registries. No packet
    /// leaves this machine.
    Sealed,
    /// The real one beside it, through this machine's own network: over TCP and UDP, and by ping. Public names are the real ones then.
    Host,
}

impl Internet {
    /// How long a connection for a task may take, in seconds.
    fn dial_timeout(self) -> f64 {
        match self {
            // No way is longer than this machine.
            Self::Sealed => 0.7,
            Self::Host => 5.0,
        }
    }
}

impl Up {
    /// Runs until told to stop.
    pub fn run(self) -> Result<(), Failure> {
        self.refuse()?;
        preflight::check()?;
        raise_descriptors();
        let data_dir = self.data_dir.make()?;
        leave(&data_dir, region::INSTANCE, Instance::of(&data_dir).prefix())?;
        let internet = if self.internet == Internet::Host { region::HOST } else { "sealed" };
        leave(&data_dir, region::INTERNET, internet)?;
        // Requests are answered in microseconds and what takes long has threads of its own: two do.
        let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
        let done = runtime.block_on(self.serve(data_dir));
        runtime.shutdown_timeout(Duration::from_secs(1));
        done
    }

    fn refuse(&self) -> Result<(), Failure> {
        if !self.listen.ip().is_loopback() && !self.listen_anywhere {
            let address = self.listen;
            return Err(Failure(format!(
                "--listen {address} may be reached by other machines, and any access key is accepted: whoever connects can run containers here. Listen on 127.0.0.1, or add --listen-anywhere if the network keeps others out"
            )));
        }
        Ok(())
    }

    /// What of this machine's own network tasks may reach.
    fn outside(&self) -> Option<Outside> {
        let host = self.internet == Internet::Host;
        let authorities = || {
            agent::authorities::of_this_machine().unwrap_or_else(|| {
                eprintln!("neargate: this machine has no bundle of public certificate authorities, so no image is pulled from a public registry: install ca-certificates, or name a file in SSL_CERT_FILE");
                String::new()
            })
        };
        host.then(|| Outside { resolv_conf: PathBuf::from("/etc/resolv.conf"), authorities: authorities().into() })
    }

    async fn serve(self, data_dir: PathBuf) -> Result<(), Failure> {
        // Before anything starts, so that no signal finds it half-made.
        let mut ends = [signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?];
        let outside = self.outside();
        let server = server::start(server::Config {
            listen: self.listen,
            data_dir: data_dir.clone(),
            region: self.region,
            account: self.account,
            minute: Duration::from_secs(self.minute),
            limits: server::Limits::default(),
        });
        let server = server.await?;
        let url = format!("http://{}", server.address);
        leave(&data_dir, region::URL, &url)?;
        let dial = self.dial_timeout.unwrap_or_else(|| self.internet.dial_timeout());
        let [dial, silence] = [dial, self.answer_timeout].map(Duration::from_secs_f64);
        let patience = Patience { dial, silence };
        let minute = Duration::from_secs(self.minute);
        let agent = agent::start(agent_config(data_dir.clone(), &server, self.runtime, (patience, minute), outside)?);
        let agent = match agent {
            Ok(agent) => agent,
            Err(error) => {
                server.shutdown().await;
                return Err(error.into());
            }
        };
        let ready = tokio::select! {
            synced = synced(&data_dir) => synced.map(|()| true),
            () = any(&mut ends) => Ok(false),
        };
        if let Ok(true) = ready {
            // Whoever started us may have stopped listening; that ends nothing.
            let _ = writeln!(io::stdout(), "neargate is ready at {url}");
            any(&mut ends).await;
        }
        let stopped = tokio::task::spawn_blocking(move || agent.stop()).await;
        server.shutdown().await;
        ready.and(stopped.map_err(Failure::from))
    }
}

/// Shims, sockets and walks through deep directories take descriptors; the usual soft limit of 1,024 is for programs that use select(2).
fn raise_descriptors() {
    let limit = getrlimit(Resource::Nofile);
    // Where it can't be raised it stays, and what needs more says so.
    let _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum });
}

fn agent_config(
    data_dir: PathBuf,
    server: &server::Server,
    runtime: Runtime,
    (patience, minute): (Patience, Duration),
    outside: Option<Outside>,
) -> Result<agent::Config, Failure> {
    let program =
        std::env::current_exe().map_err(|error| Failure(format!("finding neargate's own program: {error}")))?;
    Ok(agent::Config {
        host: "local".into(),
        instance: Instance::of(&data_dir),
        data_dir,
        socket: server.socket.clone(),
        aws_socket: server.aws_socket.clone(),
        runtime: match runtime {
            Runtime::Native => RuntimeKind::Native,
            Runtime::Crun => RuntimeKind::Crun,
            Runtime::Runc => RuntimeKind::Runc,
        },
        shim: ShimCommand::new(program, ["shim"]),
        // This very program, whatever has come to be at its path since it was started.
        balancer: Program { path: "/proc/self/exe".into(), args: vec!["balancer".to_owned()] },
        capacity: capacity::of_this_machine()?,
        minute,
        patience,
        outside,
        runtime_handle: Handle::current(),
    })
}

/// Leaves something in the data directory for whoever looks there, also when nothing runs.
fn leave(data_dir: &Path, name: &str, text: &str) -> Result<(), Failure> {
    let path = data_dir.join(name);
    // On a full disk nothing could take its place.
    if std::fs::read(&path).is_ok_and(|there| there == text.as_bytes()) {
        return Ok(());
    }
    std::fs::write(&path, text).map_err(|error| Failure(format!("writing {}: {error}", path.display())))
}

/// Waits until the server has heard of this machine.
async fn synced(data_dir: &Path) -> Result<(), Failure> {
    let region = Region::new(data_dir.to_owned());
    let heard = async {
        loop {
            let status: serde_json::Value = region.get("/_neargate/status").await?;
            let hosts = status.get("hosts").and_then(serde_json::Value::as_array);
            if hosts.is_some_and(|hosts| hosts.iter().any(|host| host["observedRevision"].is_u64())) {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    let late = |_| Failure(format!("the agent did not reach the server within {} s", FIRST_SYNC.as_secs()));
    tokio::time::timeout(FIRST_SYNC, heard).await.map_err(late)?
}

async fn any(signals: &mut [Signal; 2]) {
    let [one, other] = signals;
    tokio::select! {
        _ = one.recv() => {}
        _ = other.recv() => {}
    }
}
