//! A client that speaks HTTP/2 as it should.

use crate::support::{PATIENCE, Site, Target, health};
use balancer::Engine;
use bytes::Bytes;
use h2::{RecvStream, SendStream, client::SendRequest};
use http::{HeaderMap, Request};
use spec::balancing::TargetHealth;
use std::{future::Future, net::SocketAddr, num::NonZeroUsize};
use tokio::{net::TcpStream, runtime::Runtime, time::timeout};

/// A load balancer whose clients may begin with HTTP/2; its targets are healthy.
pub fn site(targets: &[&Target], change: impl FnOnce(&mut Site)) -> Site {
    let mut site = Site::unserved(targets);
    site.engine = Engine::with_prior_knowledge(NonZeroUsize::new(2).unwrap()).unwrap();
    change(&mut site);
    site.apply();
    for target in targets {
        site.until(|status| health(status, target) == Some(TargetHealth::Healthy));
    }
    site
}

pub struct Client {
    runtime: Runtime,
    send: SendRequest<Bytes>,
}

/// An answer, whole.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub fields: HeaderMap,
    pub body: Vec<u8>,
    pub trailers: Option<HeaderMap>,
}

impl Answer {
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub fn value(&self, name: &str) -> Option<&str> {
        self.fields.get(name).map(|value| value.to_str().unwrap())
    }
}

/// A request that was sent.
pub struct Call {
    answer: h2::client::ResponseFuture,
    pub body: SendStream<Bytes>,
}

pub fn request(method: &str, path: &str, fields: &[(&str, &str)]) -> Request<()> {
    let mut request = Request::builder().method(method).uri(format!("http://a.test{path}"));
    for (name, value) in fields {
        request = request.header(*name, *value);
    }
    request.body(()).unwrap()
}

impl Client {
    pub fn new(site: &Site) -> Self {
        Self::connect((site.address, 80).into())
    }

    pub fn connect(to: SocketAddr) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let send = runtime.block_on(async {
            let stream = TcpStream::connect(to).await.unwrap();
            let (send, connection) = h2::client::handshake(stream).await.unwrap();
            tokio::spawn(connection);
            send
        });
        Self { runtime, send }
    }

    pub fn wait<T>(&self, future: impl Future<Output = T>) -> T {
        self.runtime.block_on(async { timeout(PATIENCE, future).await.expect("it takes too long") })
    }

    /// Sends a head; `is_whole` is whether that is all.
    pub fn send(&mut self, request: Request<()>, is_whole: bool) -> Call {
        let send = self.send.clone();
        let (answer, body) =
            self.wait(async move { send.ready().await.unwrap().send_request(request, is_whole).unwrap() });
        Call { answer, body }
    }

    pub fn try_answer(&self, call: Call) -> Result<Answer, h2::Error> {
        self.wait(async {
            let (head, body) = call.answer.await?.into_parts();
            let (body, trailers) = read(body).await?;
            Ok(Answer { status: head.status.as_u16(), fields: head.headers, body, trailers })
        })
    }

    pub fn answer(&self, call: Call) -> Answer {
        self.try_answer(call).unwrap()
    }

    pub fn get(&mut self, path: &str) -> Answer {
        let call = self.send(request("GET", path, &[]), true);
        self.answer(call)
    }

    /// Sends a body as the server has room for it, then the end. One that has answered may not want the rest.
    pub fn body(&self, call: &mut Call, mut data: Bytes, is_last: bool) {
        self.wait(async {
            while !data.is_empty() {
                call.body.reserve_capacity(data.len());
                let room = std::future::poll_fn(|context| call.body.poll_capacity(context)).await;
                let Some(room) = room.map(Result::unwrap) else { return };
                let piece = data.split_to(room.min(data.len()));
                call.body.send_data(piece, is_last && data.is_empty()).unwrap();
            }
        });
    }

    pub fn post(&mut self, path: &str, fields: &[(&str, &str)], body: impl Into<Bytes>) -> Answer {
        let mut call = self.send(request("POST", path, fields), false);
        self.body(&mut call, body.into(), true);
        self.answer(call)
    }
}

async fn read(mut body: RecvStream) -> Result<(Vec<u8>, Option<HeaderMap>), h2::Error> {
    let mut all = Vec::new();
    while let Some(piece) = body.data().await {
        let piece = piece?;
        body.flow_control().release_capacity(piece.len())?;
        all.extend_from_slice(&piece);
    }
    Ok((all, body.trailers().await?))
}
