//! A target that speaks HTTP/2.

use crate::{
    client,
    support::{Site, address, interface, registered},
};
use bytes::Bytes;
use h2::{RecvStream, server, server::SendResponse};
use http::{HeaderMap, Request, Response, request::Parts};
use spec::balancing::{ProtocolVersion, TargetAddress, TargetGroupId, TargetHealth};
use std::{
    future::Future,
    net::{Ipv4Addr, SocketAddr},
    sync::{
        Arc, Mutex,
        atomic::{AtomicU16, AtomicUsize, Ordering::SeqCst},
    },
};
use tokio::{net::TcpListener, runtime::Runtime};

pub struct Served {
    pub address: Ipv4Addr,
    pub connections: Arc<AtomicUsize>,
    /// Heads of requests as they came.
    pub asked: Arc<Mutex<Vec<Parts>>>,
    /// What health checks are answered, in HTTP or in gRPC.
    pub health: Arc<AtomicU16>,
    /// The last check's head.
    pub checked: Arc<Mutex<Option<Parts>>>,
    _runtime: Runtime,
}

impl Served {
    /// One that does this with every request.
    pub fn by<F: Future<Output = ()> + Send>(
        serve: impl Fn(Request<RecvStream>, SendResponse<Bytes>) -> F + Clone + Send + Sync + 'static,
    ) -> Self {
        Self::with(server::Builder::new(), serve)
    }

    pub fn with<F: Future<Output = ()> + Send>(
        builder: server::Builder,
        serve: impl Fn(Request<RecvStream>, SendResponse<Bytes>) -> F + Clone + Send + Sync + 'static,
    ) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let address = address();
        let served = Self {
            address,
            connections: Arc::default(),
            asked: Arc::default(),
            health: Arc::new(AtomicU16::new(0)),
            checked: Arc::default(),
            _runtime: runtime,
        };
        let (connections, asked) = (Arc::clone(&served.connections), Arc::clone(&served.asked));
        served.listen(
            9000,
            builder,
            move || {
                connections.fetch_add(1, SeqCst);
            },
            move |request, answer| {
                let (parts, body) = request.into_parts();
                asked.lock().unwrap().push(parts.clone());
                serve(Request::from_parts(parts, body), answer)
            },
        );
        let (health, checked) = (Arc::clone(&served.health), Arc::clone(&served.checked));
        served.listen(
            9001,
            server::Builder::new(),
            || {},
            move |request, answer| {
                let (parts, body) = request.into_parts();
                let is_grpc = parts.headers.contains_key("te");
                *checked.lock().unwrap() = Some(parts);
                let health = health.load(SeqCst);
                async move {
                    if is_grpc {
                        let message = read(body).await;
                        assert_eq!(message.map(|(message, _)| message), Some(vec![0; 5]));
                        say(
                            answer,
                            200,
                            &[("content-type", "application/grpc")],
                            b"",
                            Some(&[("grpc-status", &health.to_string())]),
                        );
                    } else {
                        say(answer, health, &[], b"", None);
                    }
                }
            },
        );
        served
    }

    fn listen<F: Future<Output = ()> + Send>(
        &self,
        port: u16,
        builder: server::Builder,
        connected: impl Fn() + Send + 'static,
        serve: impl Fn(Request<RecvStream>, SendResponse<Bytes>) -> F + Clone + Send + Sync + 'static,
    ) {
        let at = SocketAddr::from((self.address, port));
        let listener = self._runtime.block_on(TcpListener::bind(at)).unwrap();
        self._runtime.spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                connected();
                let (builder, serve) = (builder.clone(), serve.clone());
                tokio::spawn(async move {
                    let Ok(mut connection) = builder.handshake::<_, Bytes>(stream).await else { return };
                    while let Some(Ok((request, answer))) = connection.accept().await {
                        let serve = serve.clone();
                        tokio::spawn(async move { serve(request, answer).await });
                    }
                });
            }
        });
    }

    pub fn target(&self) -> TargetAddress {
        TargetAddress((self.address, 9000).into())
    }

    pub fn last(&self) -> Parts {
        self.asked.lock().unwrap().last().cloned().unwrap()
    }
}

/// A load balancer whose group has targets of a version, when they are healthy.
pub fn site(version: ProtocolVersion, targets: &[&Served], change: impl FnOnce(&mut Site)) -> Site {
    let healthy = if version == ProtocolVersion::Grpc { 12 } else { 200 };
    let site = client::site(&[], |site| {
        let group = site.group();
        group.version = version;
        group.health_check.matcher = vec![(healthy, healthy)];
        for target in targets {
            target.health.store(healthy, SeqCst);
            group.targets.insert(target.target(), registered());
        }
        change(site);
    });
    for target in targets {
        site.until(|status| health(status, target) == Some(TargetHealth::Healthy));
    }
    site
}

pub fn health(status: &spec::balancing::BalancingStatus, target: &Served) -> Option<TargetHealth> {
    let told = status.health.get(&TargetGroupId::from("g"))?.get(&interface())?.get(&target.target())?;
    Some(told.health.clone())
}

/// A body, whole.
pub async fn read(mut body: RecvStream) -> Option<(Vec<u8>, Option<HeaderMap>)> {
    let mut all = Vec::new();
    while let Some(piece) = body.data().await {
        let piece = piece.ok()?;
        body.flow_control().release_capacity(piece.len()).ok()?;
        all.extend_from_slice(&piece);
    }
    Some((all, body.trailers().await.ok()?))
}

/// Answers. Who does not want it has gone.
pub fn say(
    mut answer: SendResponse<Bytes>,
    status: u16,
    fields: &[(&str, &str)],
    body: &[u8],
    trailers: Option<&[(&str, &str)]>,
) {
    let mut head = Response::builder().status(status);
    for (name, value) in fields {
        head = head.header(*name, *value);
    }
    let is_whole = body.is_empty() && trailers.is_none();
    let Ok(mut stream) = answer.send_response(head.body(()).unwrap(), is_whole) else { return };
    if !body.is_empty() {
        let _ = stream.send_data(Bytes::copy_from_slice(body), trailers.is_none());
    }
    if let Some(trailers) = trailers {
        let all = trailers.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()));
        let _ = stream.send_trailers(all.collect::<Vec<(http::HeaderName, http::HeaderValue)>>().into_iter().collect());
    }
}
