//! One health check of one target ("Health checks for Application Load Balancer target groups").

use crate::{
    config::Node,
    health::judge,
    http1::{RESPONSE_HEAD_LIMIT, head_length, response::Response, room},
    http2,
    pool::Sockets,
    stream,
    tls::{self, stream::Stream},
};
use bytes::BytesMut;
use spec::balancing::{ProtocolVersion, TargetGroup, TargetHealthCheck, Unhealthy};
use std::{future::poll_fn, net::SocketAddr, time::Duration};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// The most of a body that is read, so that the target sees its answer taken.
const BODY: usize = 64 << 10;

/// Checks a target of a group from a node: over a connection of its own. Over HTTP it names `host`, or else the target.
pub(crate) async fn probe(
    sockets: &Sockets,
    node: &Node,
    target: SocketAddr,
    (group, host): (&TargetGroup, Option<SocketAddr>),
) -> Result<(), Unhealthy> {
    let check = &group.health_check;
    let timeout = Duration::from_secs(check.timeout.into());
    let address = SocketAddr::new(target.ip(), check.port.map_or(target.port(), Into::into));
    let connect = async {
        let mut tcp = sockets.connect(node, address, None).await?;
        if group.flows.is_some_and(|flows| flows.proxy_protocol) {
            tcp.write_all(&stream::proxy::local()).await?;
        }
        Ok::<_, NoAnswer>(tcp)
    };
    if check.tcp {
        return match tokio::time::timeout(timeout, connect).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(NoAnswer)) => Err(Unhealthy::FailedHealthChecks),
            Err(_) => Err(Unhealthy::Timeout),
        };
    }
    let asked = async { ask(connect.await?, address, host.unwrap_or(address), check, group.version).await };
    match tokio::time::timeout(timeout, asked).await {
        Ok(Ok(status)) => judge(check, status),
        Ok(Err(NoAnswer)) => Err(Unhealthy::FailedHealthChecks),
        Err(_) => Err(Unhealthy::Timeout),
    }
}

/// No connection, or no answer in HTTP.
struct NoAnswer;

impl From<std::io::Error> for NoAnswer {
    fn from(_: std::io::Error) -> Self {
        Self
    }
}

async fn ask(
    tcp: TcpStream,
    address: SocketAddr,
    host: SocketAddr,
    check: &TargetHealthCheck,
    version: ProtocolVersion,
) -> Result<u16, NoAnswer> {
    let mut stream = match check.tls {
        true => Stream::client(tcp, tls::target_config(version).map_err(|_| NoAnswer)?, address.ip())?,
        false => Stream::plain(tcp),
    };
    poll_fn(|context| stream.poll_handshake(context, &mut BytesMut::new())).await?;
    if version != ProtocolVersion::Http1 {
        return http2::ask(stream, address, (check.tls, &check.path), version).await.ok_or(NoAnswer);
    }
    let request = format!(
        "GET {} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nUser-Agent: ELB-HealthChecker/2.0\r\n\
         Accept-Encoding: gzip, compressed\r\n\r\n",
        check.path
    );
    stream.write_all(request.as_bytes()).await?;
    stream.flush().await?;
    let mut answer = Vec::with_capacity(1 << 10);
    loop {
        let searched = answer.len();
        if stream.read_buf(&mut answer).await? == 0 || searched > RESPONSE_HEAD_LIMIT {
            return Err(NoAnswer);
        }
        while let Some(length) = head_length(&answer, searched.min(answer.len())) {
            let status = Response::read(&answer[..length], false, &mut room()).map_err(|_| NoAnswer)?.status;
            if status >= 200 {
                rest(&mut stream).await;
                return Ok(status);
            }
            answer.drain(..length);
        }
    }
}

/// Reads on for a moment. What comes no longer matters.
async fn rest(stream: &mut Stream) {
    const MOMENT: Duration = Duration::from_millis(500);
    let mut body = vec![0; BODY];
    let mut length = 0;
    let reading = async {
        while let Ok(count @ 1..) = stream.read(&mut body).await {
            length += count;
            if length >= BODY {
                return;
            }
        }
    };
    let _ = tokio::time::timeout(MOMENT, reading).await;
}
