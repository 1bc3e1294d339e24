//! AWS's own services inside namespaces: at their public addresses on the internet, and behind endpoints in VPCs. Whatever connects
//! there speaks with the region's server, which is told the service and the port and answers for no other. Public registries are answered
//! in the same way.
//!
//! Bytes are passed on as they come; they are read by the server only, which also holds the keys for TLS.

use shares::Client;
use std::{io, path::Path, path::PathBuf, sync::Arc, time::Duration};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpListener, TcpStream, UnixStream},
    time::timeout,
};

/// How long a client may take to receive something. How long it may take to send, the server decides.
const STUCK: Duration = Duration::from_secs(60);

/// Passes every connection of a namespace on to the server's socket at `api`, for ever. How many there may be the server decides, too: it
/// ends those that are too many.
pub(crate) async fn serve((service, port): (&'static str, u16), api: PathBuf, namespace: u64, listener: TcpListener) {
    let api: Arc<Path> = api.into();
    let serve = |client, address| {
        let line = format!("{service} {port} {}\n", Client { namespace, address });
        let api = api.clone();
        async move {
            // Whichever side breaks off, the other one notices that by its connection's end.
            let _ = pass(&line, &api, client).await;
        }
    };
    shares::accept(listener, serve).await;
}

/// Passes one connection on, until the server ends it. A line says what it was made to and by whom.
async fn pass(line: &str, api: &Path, mut client: TcpStream) -> io::Result<()> {
    let mut server = UnixStream::connect(api).await?;
    let _ = client.set_nodelay(true);
    server.write_all(line.as_bytes()).await?;
    let (mut from_client, to_client) = client.split();
    let (from_server, mut to_server) = server.split();
    let requests = async {
        let copied = tokio::io::copy(&mut from_client, &mut to_server).await;
        // A client that has sent everything may still wait for an answer.
        let _ = to_server.shutdown().await;
        if copied.is_ok() { std::future::pending().await } else { copied.map(|_| ()) }
    };
    tokio::select! {
        ended = requests => ended,
        ended = answers(from_server, to_client) => ended,
    }
}

async fn answers(mut server: impl AsyncRead + Unpin, mut client: impl AsyncWrite + Unpin) -> io::Result<()> {
    let mut bytes = vec![0; 16 << 10];
    loop {
        let length = server.read(&mut bytes).await?;
        let Some(read) = bytes.get(..length).filter(|read| !read.is_empty()) else { return client.shutdown().await };
        timeout(STUCK, client.write_all(read)).await??;
    }
}
