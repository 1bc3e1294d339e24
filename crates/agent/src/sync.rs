//! The one call an agent makes: what this host is, for what it should be.

use crate::{
    client::{self, Client},
    clock,
    host::Event,
};
use spec::{Capacity, HostStatus, SyncReply, SyncRequest};
use std::{sync::mpsc::Sender, time::Duration};
use tokio::sync::watch;

/// How long to wait before asking again when the server did not answer.
const PAUSE: Duration = Duration::from_millis(250);

/// Reports every change of `status` at once and passes every answer on, until the receiver of `events` is gone.
///
/// A call that is held by the server when the status changes is dropped for a new one: the new status says everything anew.
pub(crate) async fn run(
    client: Client,
    capacity: Capacity,
    mut status: watch::Receiver<HostStatus>,
    events: Sender<Event>,
) {
    let (mut sequence, mut reached) = (0, true);
    loop {
        sequence += 1;
        let current = HostStatus { sequence, ..status.borrow_and_update().clone() };
        let sent = clock::steady();
        let call = ask(&client, SyncRequest { status: current, capacity: capacity.clone() });
        let answer = tokio::select! {
            answer = call => answer,
            changed = status.changed() => match changed {
                Ok(()) => continue,
                Err(_) => return,
            },
        };
        match answer {
            Ok(reply) => {
                reached = true;
                if events.send(Event::Told { reply, sent }).is_err() {
                    return;
                }
            }
            Err(why) => {
                if std::mem::take(&mut reached) {
                    crate::complain(format_args!("asking the server what to run: {why}; trying again"));
                }
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

async fn ask(client: &Client, request: SyncRequest) -> Result<SyncReply, String> {
    let body = serde_json::to_vec(&request).map_err(|e| e.to_string())?;
    let answer = client
        .call(http::Method::POST, "/_neargate/sync", &[], client::bytes(body))
        .await
        .map_err(|e| e.to_string())?;
    serde_json::from_slice(&answer).map_err(|e| e.to_string())
}
