//! Deleted stacks, which are shown for a while.

use crate::{
    Tx,
    state::{Expiring, Expiry, Record, Slot, StackDeployment, StackEvent, StackResource},
};
use aws::doc::Timestamp;

/// For how long a deleted stack is shown, in milliseconds: ninety days ("ListStacks", AWS CloudFormation API Reference).
const SHOWN: i64 = 90 * 24 * 3_600_000;

/// A stack is deleted: it is forgotten in time.
pub(super) fn in_time(tx: &mut Tx<'_>, id: &str) {
    let at = Timestamp { millis: tx.now.millis.saturating_add(SHOWN) };
    tx.state.expiries.put(Expiry { at, what: Expiring::Stack(id.to_owned()) });
}

/// Forgets a stack and everything about it.
pub fn forget(tx: &mut Tx<'_>, id: &str) {
    tx.state.stacks.remove(id);
    for slot in [Slot::Current, Slot::Next] {
        tx.state.stack_deployments.remove(&StackDeployment::key_of(id, slot));
    }
    let resources: Vec<String> =
        tx.state.stack_resources.prefixed(&StackResource::prefix(id)).map(Record::key).collect();
    for key in resources {
        tx.state.stack_resources.remove(&key);
    }
    let events: Vec<String> = tx.state.stack_events.prefixed(&StackEvent::prefix(id)).map(Record::key).collect();
    for key in events {
        tx.state.stack_events.remove(&key);
    }
}
