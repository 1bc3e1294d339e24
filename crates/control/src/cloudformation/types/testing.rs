//! For tests of types: a region in which single resources are made, changed and deleted as a stack would, each in its transaction.

use super::{Progress, ResourceType, Wanted, find};
use crate::{state::Tags, testing::World};
use aws::{doc::Timestamp, fault::Fault};
use serde_json::Value;

/// The id of the stack that wants them.
pub(super) const STACK: &str =
    "arn:aws:cloudformation:us-east-1:123456789012:stack/shop/51af3dc0-da77-11e4-872e-1234567db123";

fn of(kind: &str) -> &'static dyn ResourceType {
    find(kind).unwrap_or_else(|| panic!("no type {kind}"))
}

fn wanted<'a>(properties: &'a Value, tags: &'a Tags) -> Wanted<'a> {
    let (stack_name, logical_id, suffix, token) =
        ("shop", "Thing", "1A2B3C4D5E6F", "51af3dc0-da77-11e4-872e-1234567db123");
    Wanted { stack_id: STACK, stack_name, logical_id, properties, tags, suffix, token }
}

/// Makes one, and returns its physical id.
#[track_caller]
pub(super) fn make(world: &mut World, kind: &str, properties: &Value) -> String {
    try_make(world, kind, properties).unwrap_or_else(|fault| panic!("{kind}: {fault}"))
}

/// Makes one, or says why not.
pub(super) fn try_make(world: &mut World, kind: &str, properties: &Value) -> Result<String, Fault> {
    let tags = Tags::from([("of".to_owned(), "stack".to_owned())]);
    world.transact(|tx| of(kind).create(tx, &wanted(properties, &tags)))
}

/// Changes one in place.
#[track_caller]
pub(super) fn change(world: &mut World, kind: &str, id: &str, before: &Value, after: &Value) {
    try_change(world, kind, id, before, after).unwrap_or_else(|fault| panic!("{kind} {id}: {fault}"));
}

/// Changes one in place, or says why not.
pub(super) fn try_change(world: &mut World, kind: &str, id: &str, before: &Value, after: &Value) -> Result<(), Fault> {
    let tags = Tags::from([("of".to_owned(), "stack".to_owned())]);
    world.transact(|tx| of(kind).update(tx, id, &wanted(before, &tags), &wanted(after, &tags)))
}

/// Deletes one.
#[track_caller]
pub(super) fn remove(world: &mut World, kind: &str, id: &str, properties: &Value) {
    world.transact(|tx| of(kind).delete(tx, id, properties)).unwrap_or_else(|fault| panic!("{kind} {id}: {fault}"));
}

/// How far one is.
pub(super) fn ready(world: &World, kind: &str, id: &str, properties: &Value) -> Progress {
    look(world, |view| of(kind).ready(view, id, &wanted(properties, &Tags::new())))
}

/// What `Fn::GetAtt` returns.
#[track_caller]
pub(super) fn attribute(world: &World, kind: &str, id: &str, properties: &Value, name: &str) -> Value {
    let value = look(world, |view| of(kind).attribute(view, id, properties, name));
    value.unwrap_or_else(|fault| panic!("{kind} {id}: {fault}")).unwrap_or_else(|| panic!("{kind} has no {name}"))
}

/// Its properties as they are; `None` when it is not there.
#[track_caller]
pub(super) fn read(world: &World, kind: &str, id: &str, properties: &Value) -> Option<Value> {
    look(world, |view| of(kind).read(view, id, properties)).unwrap_or_else(|fault| panic!("{kind} {id}: {fault}"))
}

fn look<T>(world: &World, look: impl FnOnce(&crate::View<'_>) -> T) -> T {
    look(&crate::View { state: &world.state, now: Timestamp { millis: world.now }, caller: &crate::Caller::default() })
}

/// Whether one that was deleted is gone.
pub(super) fn gone(world: &World, kind: &str, id: &str, properties: &Value) -> Progress {
    look(world, |view| of(kind).gone(view, id, properties))
}
