//! The endpoint's sockets, one in each VPC's router, and what is answered there.

use super::{
    describe::{self, About, Machine},
    errors,
    route::{Route, Version, container_id, route},
    stats::{self, APART, Reading, STALE},
    storage::Storage,
};
use crate::{Config, clock, credentials::TaskCredentials, dns::limit::Limit};
use bytes::Bytes;
use containers::{Meter, counters};
use http::{Method, Request, Response};
use http_body_util::Full;
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use serde_json::{Map, Value};
use shares::{Client, Places, Stream};
use spec::{HostSpec, HostStatus, Millis, TaskId, TaskRole};
use std::{
    collections::HashMap,
    convert::Infallible,
    net::IpAddr,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::watch::Receiver,
};
use vpc::VpcId;

/// A reply.
pub(super) type Reply = Response<Full<Bytes>>;

/// The port.
pub(crate) const HTTP: u16 = 80;
/// Connections in one VPC at once, and of one task.
const CONNECTIONS: usize = 1024;
const CONNECTIONS_EACH: usize = 16;
/// Requests of one task in a second: as many as the Amazon ECS container agent takes in a burst (`ECS_TASK_METADATA_RPS_LIMIT`).
const REQUESTS: u32 = 60;
/// How long one request may take from the connection on, the answer included.
const PATIENCE: Duration = Duration::from_secs(10);
/// Bytes of a request's line and header fields.
const HEADER: usize = 16 << 10;

/// What answers, for all VPCs.
pub(crate) struct Server {
    config: Arc<Config>,
    spec: Receiver<Arc<HostSpec>>,
    status: Receiver<HostStatus>,
    credentials: Arc<TaskCredentials>,
    storage: Storage,
    /// The last readings of containers, by their ids.
    readings: Mutex<HashMap<String, Reading>>,
}

impl Server {
    /// Answers of what this host is to be and is.
    pub(crate) fn new(
        config: Arc<Config>,
        spec: Receiver<Arc<HostSpec>>,
        status: Receiver<HostStatus>,
        credentials: Arc<TaskCredentials>,
    ) -> Self {
        Self { config, spec, status, credentials, storage: Storage::default(), readings: Mutex::default() }
    }

    async fn answer(&self, vpc: &VpcId, from: IpAddr, request: &Request<Incoming>) -> Reply {
        if request.method() != Method::GET {
            return errors::not_a_read();
        }
        let Some(asked) = route(request.uri().path()) else { return errors::no_such_page() };
        let spec = self.spec.borrow().clone();
        let status = self.status.borrow().clone();
        let about = asking(&spec, &status, vpc, from);
        if let Route::Credentials(id) = asked {
            return self.issue(about.as_ref(), id).await;
        }
        let (version, id, of) = match asked {
            Route::Credentials(_) => return errors::no_such_page(),
            Route::Container(version, id) => (version, id, "container metadata"),
            Route::Task(version, id, _) => (version, id, "task metadata"),
            Route::ContainerStats(version, id) => (version, id, "container stats"),
            Route::TaskStats(version, id) => (version, id, "task stats"),
        };
        // Its own containers' ids lead a task to itself; any other leads nowhere, whoever's it is.
        let mine = about.as_ref().and_then(|about| {
            let number = about.task.containers.iter().position(|of| container_id(about.id, &of.name) == id)?;
            Some((about, about.task.containers.get(number)?, about.task.metadata.containers.get(number)))
        });
        let Some((about, container, arn)) = mine else { return errors::no_such_container(version, of, id) };
        match asked {
            Route::Container(..) | Route::Credentials(_) => {
                errors::json_reply(200, &describe::container(about, container, arn, version))
            }
            Route::Task(_, _, tags) => {
                let storage = self.storage.used(about.id, self.config.task_dir(about.id)).await;
                let machine = Machine { storage, clock: counters::clock_error().ok(), now: clock::now() };
                errors::json_reply(200, &describe::task(about, version, tags, &machine))
            }
            Route::ContainerStats(..) => {
                let all = self.stats(about, &[container.name.as_str()], version).await;
                let one = all.into_iter().next().map(|(_, stats)| stats);
                errors::json_reply(200, &one.unwrap_or(Value::Null))
            }
            Route::TaskStats(..) => {
                let names: Vec<&str> = about.task.containers.iter().map(|of| of.name.as_str()).collect();
                errors::json_reply(200, &Value::Object(self.stats(about, &names, version).await))
            }
        }
    }

    async fn issue(&self, about: Option<&About<'_>>, id: &str) -> Reply {
        if id.is_empty() {
            return errors::no_credentials(400, "NoIdInRequest", "No ID in the request");
        }
        let mine = about.filter(|about| about.task.metadata.credentials.as_deref() == Some(id));
        let Some(about) = mine else {
            return errors::no_credentials(400, "InvalidIdInRequest", "Credentials not found");
        };
        match self.credentials.get(about.id, TaskRole::Task, clock::now()).await {
            Ok(credentials) => errors::json_reply(200, &credentials),
            Err(error) => {
                crate::complain(format_args!("getting the credentials of task {}: {error}", about.id));
                errors::no_credentials(503, "CredentialsUninitialized", "Credentials uninitialized for ID")
            }
        }
    }

    /// What containers of a task use, by their ids; `null` for one that does not run.
    async fn stats(&self, about: &About<'_>, names: &[&str], version: Version) -> Map<String, Value> {
        let directory = self.config.task_dir(about.id);
        let ids: Vec<String> = names.iter().map(|name| container_id(about.id, name)).collect();
        let mut now = read(directory.clone(), names).await;
        let mut before: Vec<Option<Reading>> = ids.iter().map(|id| self.last(id)).collect();
        let waits = |(before, now): (&Option<Reading>, &Option<Reading>)| now.is_some() && before.is_none();
        if before.iter().zip(&now).any(waits) {
            let first = now;
            tokio::time::sleep(APART).await;
            now = read(directory, names).await;
            before.iter_mut().zip(first).for_each(|(before, first)| *before = before.take().or(first));
        }
        let mut all = Map::new();
        for (((id, name), before), now) in ids.into_iter().zip(names).zip(before).zip(now) {
            let stats = match (before, now) {
                (Some(before), Some(now)) => {
                    let rates = version == Version::V4;
                    let value = stats::container(&id, name, about.task.memory, &before, &now, rates);
                    self.keep(id.clone(), now);
                    value
                }
                _ => Value::Null,
            };
            all.insert(id, stats);
        }
        all
    }

    /// The last reading of a container, if it is neither too new nor too old to make rates of.
    fn last(&self, id: &str) -> Option<Reading> {
        let readings = self.readings.lock().unwrap_or_else(PoisonError::into_inner);
        let age = |reading: &&Reading| u64::try_from(clock::now() - reading.at).map(Duration::from_millis);
        readings.get(id).filter(|reading| age(reading).is_ok_and(|age| (APART..STALE).contains(&age))).cloned()
    }

    fn keep(&self, id: String, reading: Reading) {
        let mut readings = self.readings.lock().unwrap_or_else(PoisonError::into_inner);
        let old = Millis::try_from(STALE.as_millis()).unwrap_or(Millis::MAX);
        readings.retain(|_, kept| reading.at - kept.at < old);
        readings.insert(id, reading);
    }

    /// Forgets what was kept of tasks that are not here any more.
    fn forget(&self) {
        let spec = self.spec.borrow().clone();
        self.storage.retain(|task: &TaskId| spec.tasks.contains_key(task));
    }
}

/// Reads the counters of containers, beside the threads that serve connections.
async fn read(directory: PathBuf, names: &[&str]) -> Vec<Option<Reading>> {
    let (names, none) = (names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>(), vec![None; names.len()]);
    let read = move || {
        let Some(meter) = Meter::of(&directory) else { return vec![None; names.len()] };
        let one = |name: &String| {
            let counters = meter.container(name)?;
            Some(Reading { at: clock::now(), machine: counters::machine(), counters })
        };
        names.iter().map(one).collect()
    };
    tokio::task::spawn_blocking(read).await.unwrap_or(none)
}

/// The task whose address somebody in a VPC asks from.
pub(super) fn asking<'a>(spec: &'a HostSpec, status: &'a HostStatus, vpc: &VpcId, from: IpAddr) -> Option<About<'a>> {
    let of = spec.topology.vpcs.get(vpc)?;
    let mut here = spec.tasks.iter().filter(|(_, task)| task.vpc == *vpc);
    here.find_map(|(id, task)| {
        let interface = of.interfaces.get(&task.interface).filter(|interface| interface.has(from))?;
        Some(About { id, task, status: status.tasks.get(id), vpc: of, interface })
    })
}

/// Answers in one VPC, for ever.
pub(crate) async fn serve(server: Arc<Server>, vpc: VpcId, namespace: u64, listener: TcpListener) {
    let places = Places::new(CONNECTIONS, CONNECTIONS_EACH);
    let limit = Arc::new(Mutex::new(Limit::of(Instant::now(), REQUESTS)));
    let answer = |stream, client: Client| {
        server.forget();
        let (server, vpc, limit) = (server.clone(), vpc.clone(), limit.clone());
        async move {
            // A client that breaks off or is too slow ends its own connection only.
            let _ = tokio::time::timeout(PATIENCE, converse(&server, &vpc, &limit, stream, client.address)).await;
        }
    };
    shares::serve(places, namespace, listener, answer).await;
}

/// Answers one request: connections are not kept, so that nobody holds one for nothing.
async fn converse(server: &Server, vpc: &VpcId, limit: &Mutex<Limit>, stream: Stream<TcpStream>, from: IpAddr) {
    let service = service_fn(|request: Request<Incoming>| async move {
        let allowed = limit.lock().unwrap_or_else(PoisonError::into_inner).allows(from, Instant::now());
        let reply = if allowed { server.answer(vpc, from, &request).await } else { errors::too_many() };
        Ok::<_, Infallible>(reply)
    });
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(PATIENCE).keep_alive(false).max_buf_size(HEADER);
    let _ = http.serve_connection(TokioIo::new(stream), service).await;
}
