//! Delivers the access logs of this host's nodes: files that the balancer has closed, or has left when it died.

use crate::{
    Config,
    client::{self, CallError, Client},
};
use balancer::{access::files, process::access_logs};
use base64::{Engine, engine::general_purpose::STANDARD};
use flate2::{Compression, write::GzEncoder};
use http::{Method, StatusCode};
use spec::access_log::AccessLogFile;
use std::{
    io::{self, Write},
    path::Path,
    sync::Arc,
    time::Duration,
};
use tokio::task::spawn_blocking;

/// How often it is looked for files, and how long is waited before what failed is tried again.
const LOOK: Duration = Duration::from_secs(2);

/// Delivers, for ever.
pub(crate) async fn deliver(config: Arc<Config>) {
    let (server, dir) = (Client::new(&config.socket), access_logs(&config.balancer_dir()));
    let mut complained = String::new();
    loop {
        tokio::time::sleep(LOOK).await;
        let failed = once(&server, &dir).await.err().map(|error| error.to_string()).unwrap_or_default();
        if failed != complained && !failed.is_empty() {
            crate::complain(format_args!("delivering access logs: {failed}; trying again"));
        }
        complained = failed;
    }
}

/// Delivers what there is.
async fn once(server: &Client, dir: &Path) -> io::Result<()> {
    let of = dir.to_owned();
    for path in spawn_blocking(move || files::closed(&of)).await?? {
        let read = path.clone();
        let body = match spawn_blocking(move || packed(&read)).await? {
            Ok(Some(body)) => body,
            // Its process died before its first line.
            Ok(None) => {
                std::fs::remove_file(&path)?;
                continue;
            }
            Err(error) if error.kind() == io::ErrorKind::InvalidData => {
                give_up(&path, &error)?;
                continue;
            }
            Err(error) => return Err(error),
        };
        match server.call(Method::POST, "/_neargate/access_log", &[], client::bytes(body)).await {
            Ok(_) => std::fs::remove_file(&path)?,
            // The bucket is gone, or its policy is another one.
            Err(error @ CallError::Refused { status: StatusCode::FORBIDDEN | StatusCode::NOT_FOUND, .. }) => {
                give_up(&path, &error)?;
            }
            Err(error) => return Err(io::Error::other(error)),
        }
    }
    Ok(())
}

fn give_up(path: &Path, why: &dyn std::fmt::Display) -> io::Result<()> {
    crate::complain(format_args!("the access log {} is dropped: {why}", path.display()));
    std::fs::remove_file(path)
}

/// A file as it is sent; none if it has no lines.
fn packed(path: &Path) -> io::Result<Option<Vec<u8>>> {
    let (head, lines) = files::read(path)?;
    if lines.is_empty() {
        return Ok(None);
    }
    let mut packer = GzEncoder::new(Vec::new(), Compression::default());
    packer.write_all(&lines)?;
    let files::Head { load_balancer, interface: _, address, log, end } = head;
    let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let content = STANDARD.encode(packer.finish()?);
    Ok(Some(serde_json::to_vec(&AccessLogFile { load_balancer, address, log, end, name, content })?))
}
