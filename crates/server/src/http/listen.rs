//! Listening, and the life of a connection.

use super::{Door, endpoint, route};
use crate::app::{App, stopped};
use crate::{Error, Limits};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, UnixListener};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::timeout;

/// Bytes of a request's line and header fields. AWS's own services take 8 to 16 KiB.
const HEADER: usize = 64 << 10;
/// Connections at once of one client in the networks: that may be a NAT gateway, with many behind it.
pub(crate) const CONNECTIONS_EACH: usize = 64;
/// How long open requests may take to end when the server stops.
const GRACE: Duration = Duration::from_secs(5);

/// The listening sockets.
pub(crate) struct Listeners {
    tcp: TcpListener,
    unix: UnixListener,
    aws: UnixListener,
}

/// Where a connection came in.
#[derive(Clone, Copy)]
enum Entrance {
    Door(Door),
    /// The socket of all endpoints: a line says which one a connection was made to.
    Endpoints,
}

impl Listeners {
    /// The TCP address, with the port that was taken.
    pub(crate) fn address(&self) -> Result<SocketAddr, Error> {
        self.tcp.local_addr().map_err(|error| Error::new("asking for the address listened on").because(error))
    }
}

/// Takes all addresses. Call it once the data directory is locked: a socket file that is in the way is a dead server's.
///
/// # Errors
/// Naming the address, and what to do about it.
pub(crate) async fn bind(address: SocketAddr, socket: &Path, aws_socket: &Path) -> Result<Listeners, Error> {
    let tcp = TcpListener::bind(address).await;
    let tcp = tcp.map_err(|error| {
        Error::new(format!("listening on {address}"))
            .because(error)
            .fix("Choose another address with --listen, or stop what uses this one.")
    })?;
    Ok(Listeners { tcp, unix: bind_unix(socket)?, aws: bind_unix(aws_socket)? })
}

fn bind_unix(socket: &Path) -> Result<UnixListener, Error> {
    let failed = |error| Error::new(format!("listening on {}", socket.display())).because(error);
    // Bound under another name, as long as its own, and renamed: no one finds the socket before only its owner may use it.
    let draft = socket.with_extension("next");
    if draft.exists() {
        fs::remove_file(&draft).map_err(failed)?;
    }
    let unix = UnixListener::bind(&draft).map_err(|error| {
        failed(error).fix("The path of a unix socket has at most 107 bytes: a shorter --data-dir may help.")
    })?;
    fs::set_permissions(&draft, fs::Permissions::from_mode(0o600))
        .and_then(|()| fs::rename(&draft, socket))
        .map_err(failed)?;
    Ok(unix)
}

/// Serves all doors until `stopping`, then lets open requests end.
pub(crate) async fn serve(app: Arc<App>, listeners: Listeners) {
    let Listeners { tcp, unix, aws } = listeners;
    let tcp_door = async {
        let accept = || async {
            let (stream, _) = tcp.accept().await?;
            // Without it a reply in two packets waits for the client's delayed acknowledgement (40 ms).
            let _ = stream.set_nodelay(true);
            Ok(stream)
        };
        door(&app, Entrance::Door(Door::Tcp), accept).await;
    };
    let unix_door = door(&app, Entrance::Door(Door::Unix), || async { Ok(unix.accept().await?.0) });
    let endpoints = door(&app, Entrance::Endpoints, || async { Ok(aws.accept().await?.0) });
    tokio::join!(tcp_door, unix_door, endpoints);
}

async fn door<S, F>(app: &Arc<App>, entrance: Entrance, accept: impl Fn() -> F)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    F: Future<Output = std::io::Result<S>>,
{
    // Endpoints have a place for each client, whoever else has none left; it is taken once it is known who that is.
    let most = match entrance {
        Entrance::Door(_) => app.config.limits.connections,
        Entrance::Endpoints => Semaphore::MAX_PERMITS,
    };
    let places = Arc::new(Semaphore::new(most));
    let mut stopping = app.stopping.clone();
    let mut open = JoinSet::new();
    loop {
        let place = places.clone().acquire_owned();
        let stream = tokio::select! {
            () = stopped(&mut stopping) => break,
            stream = async { (place.await, accept().await) } => stream,
            Some(_) = open.join_next(), if !open.is_empty() => continue,
        };
        match stream {
            (Ok(place), Ok(stream)) => {
                let connection = connection(app.clone(), entrance, stream, stopping.clone());
                open.spawn(async move {
                    connection.await;
                    drop(place);
                });
            }
            // Out of file descriptors, or the client has already gone: neither ends the server.
            _ => tokio::time::sleep(Duration::from_millis(20)).await,
        }
    }
    let ended = async { while open.join_next().await.is_some() {} };
    let _ = timeout(GRACE, ended).await;
}

async fn connection<S>(app: Arc<App>, entrance: Entrance, mut stream: S, stopping: watch::Receiver<bool>)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let patience = app.config.limits.header_time;
    match entrance {
        Entrance::Door(door) => serve_http(app, door, stream, stopping).await,
        Entrance::Endpoints => {
            let said = timeout(patience, endpoint::read_service(&mut stream)).await;
            let Ok(Some((door, port, client))) = said else { return };
            let mut place = app.places.take(client);
            let stream = shares::Stream::new(stream, place.heard());
            // Whatever it is about then is given up.
            tokio::select! {
                () = serve_endpoint(app, door, port, stream, stopping) => {}
                () = place.lost() => {}
            }
        }
    }
}

async fn serve_endpoint<S>(app: Arc<App>, door: Door, port: u16, stream: S, stopping: watch::Receiver<bool>)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    if port != endpoint::HTTPS {
        return serve_http(app, door, stream, stopping).await;
    }
    let handshake = timeout(app.config.limits.header_time, app.tls.acceptor.accept(stream));
    let Ok(Ok(stream)) = handshake.await else { return };
    serve_http(app, door, stream, stopping).await;
}

async fn serve_http<S>(app: Arc<App>, door: Door, stream: S, mut stopping: watch::Receiver<bool>)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let http = protocol(&app.config.limits);
    let service = service_fn(move |request| {
        let app = app.clone();
        async move { Ok::<_, std::convert::Infallible>(route::answer(app, door, request).await) }
    });
    let connection = http.serve_connection(TokioIo::new(stream), service);
    let mut connection = std::pin::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = stopped(&mut stopping) => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    // A client that breaks off, is too slow or speaks no HTTP has been told so where it could be.
    drop(ended);
}

fn protocol(limits: &Limits) -> http1::Builder {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(limits.header_time).max_buf_size(HEADER);
    http
}
