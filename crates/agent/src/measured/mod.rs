//! What was measured on this host, on its way to the server: what the balancer and tasks' proxies have counted; once a minute what tasks use, and what NAT
//! gateways have done.

mod gateways;
mod tasks;

pub(crate) use gateways::gateways;
pub(crate) use tasks::tasks;

use crate::{
    Config,
    client::{self, Client},
    clock,
};
use http::Method;
use spec::{
    HostId, Millis, TaskId,
    connect::ConnectCounts,
    measured::{Measured, NodeCounts},
};
use std::{collections::BTreeMap, time::Duration};
use vpc::InterfaceId;

/// How long to wait before what was not taken in is said again.
const AGAIN: Duration = Duration::from_secs(1);

/// Says to the server what was measured.
#[derive(Debug, Clone)]
pub(crate) struct Reporter {
    server: Client,
    host: HostId,
}

impl Reporter {
    /// Of this host.
    pub(crate) fn new(config: &Config) -> Self {
        Self { server: Client::new(&config.socket), host: config.host.clone() }
    }

    /// What the balancer's nodes have counted. Returns when it is taken in.
    pub(crate) async fn nodes(&self, by: String, number: u64, at: Millis, nodes: BTreeMap<InterfaceId, NodeCounts>) {
        self.report(&Measured { nodes, ..self.nothing(by, number, at) }).await;
    }

    /// What a task's proxy has counted. Returns when it is taken in.
    pub(crate) async fn proxy(&self, by: String, number: u64, at: Millis, task: &TaskId, counts: ConnectCounts) {
        let connect = [(task.clone(), counts)].into();
        self.report(&Measured { connect, ..self.nothing(by, number, at) }).await;
    }

    /// A report without anything.
    fn nothing(&self, by: String, number: u64, at: Millis) -> Measured {
        Measured {
            host: self.host.clone(),
            by,
            number,
            at,
            nodes: BTreeMap::new(),
            tasks: BTreeMap::new(),
            nat_gateways: BTreeMap::new(),
            connect: BTreeMap::new(),
        }
    }

    async fn report(&self, measured: &Measured) {
        let Ok(body) = serde_json::to_vec(measured) else { return };
        while let Err(error) = self.say(body.clone()).await {
            // A server that is there and does not want it never will.
            if matches!(error, client::CallError::Refused { status, .. } if status.is_client_error()) {
                crate::complain(format_args!("reporting what was measured: {error}"));
                return;
            }
            tokio::time::sleep(AGAIN).await;
        }
    }

    async fn say(&self, body: Vec<u8>) -> Result<(), client::CallError> {
        self.server.call(Method::POST, "/_neargate/measured", &[], client::bytes(body)).await.map(drop)
    }
}

/// The minute of the host's configuration in milliseconds. It is shorter where alarms' minutes are.
fn minute(config: &Config) -> Millis {
    Millis::try_from(config.minute.as_millis()).unwrap_or(Millis::MAX).max(1)
}

/// Waits for the next full `every` milliseconds, and says when that is.
async fn next(every: Millis) -> Millis {
    let due = (clock::now().div_euclid(every) + 1).saturating_mul(every);
    tokio::time::sleep(Duration::from_millis((due - clock::now()).max(1).unsigned_abs())).await;
    due
}
