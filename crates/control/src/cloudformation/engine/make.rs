//! Making and changing resources: each as soon as those it needs are what is wanted.

use super::{
    super::{
        policy::{self, Action},
        types::{self, Progress, ResourceType, Wanted},
    },
    Change, Live, Note, change_of, finish, look, refusal, resources,
};
use crate::{
    Tx,
    state::{Applied, Deed, Doing, OperationKind, Record, Slot, Stack, StackDeployment, StackOperation, StackResource},
};
use aws::{api::cloudformation::ResourceStatus as Status, fault::Fault};
use resourcetypes::Schema;
use template::ResolvedResource;

/// Goes as far as it gets now, and says whether that was anywhere.
pub(super) fn advance(tx: &mut Tx<'_>, stack: &Stack, operation: &StackOperation) -> bool {
    let slot = if operation.kind == OperationKind::UpdateRollback { Slot::Current } else { Slot::Next };
    let before = tx.state.clone();
    let Some(goal) = before.stack_deployments.get(&StackDeployment::key_of(&stack.id, slot)) else {
        finish::fail(tx, stack, operation, Some("what it is to be deployed with is missing".to_owned()));
        return true;
    };
    if let Some(reason) = timed_out(tx, stack, operation) {
        finish::fail(tx, stack, operation, Some(reason));
        return true;
    }
    let mut job = Job { stack, operation, goal, failed: false };
    job.keep_protected(tx);
    let mut moved = !job.failed && job.look(tx);
    if !job.failed {
        moved |= job.start(tx);
    }
    if job.failed {
        finish::fail(tx, stack, operation, None);
        return true;
    }
    if job.is_done(tx) {
        finish::made(tx, stack, operation, goal);
        return true;
    }
    moved
}

fn timed_out(tx: &Tx<'_>, stack: &Stack, operation: &StackOperation) -> Option<String> {
    let minutes = stack.timeout_in_minutes.filter(|_| operation.kind == OperationKind::Create)?;
    let due = operation.began.millis + i64::from(minutes) * 60_000;
    (tx.now.millis >= due).then(|| "Stack creation time exceeded the specified timeout.".to_owned())
}

/// One operation's work on one stack.
struct Job<'a> {
    stack: &'a Stack,
    operation: &'a StackOperation,
    goal: &'a StackDeployment,
    /// Whether a resource has failed: nothing more is begun.
    failed: bool,
}

/// A type and its schema.
type Kind = (&'static dyn ResourceType, &'static Schema);

impl Job<'_> {
    /// Fails an update that would remove what the stack's policy protects. Removing is the last thing that is done; then it would be too late
    /// for everything else.
    fn keep_protected(&mut self, tx: &mut Tx<'_>) {
        if self.operation.kind != OperationKind::Update {
            return;
        }
        let goes = |resource: &StackResource| {
            let wanted = self.goal.resolved.resources.contains_key(&resource.logical_id);
            resource.replaced_in.is_none() && resource.physical_id.is_some() && !wanted
        };
        let going: Vec<StackResource> = resources(tx, &self.stack.id).into_iter().filter(goes).collect();
        for resource in going {
            let denial = policy::denial(self.operation, Action::Delete, &resource.logical_id, &resource.kind);
            if let Some(reason) = denial {
                self.fail(tx, resource, reason);
            }
        }
    }

    /// Looks at what is under way.
    fn look(&mut self, tx: &mut Tx<'_>) -> bool {
        let mut moved = false;
        for resource in resources(tx, &self.stack.id) {
            let (Some(doing), None) = (&resource.doing, resource.replaced_in) else { continue };
            if doing.what == Deed::Delete {
                continue;
            }
            let (Some((found, schema)), Some(id)) = (kind_of(&resource.kind), resource.physical_id.clone()) else {
                continue;
            };
            let draft = Draft::of(tx, self.stack, &resource.logical_id, &resource.applied);
            let progress = found.ready(&tx.view(), &id, &draft.wanted());
            let progress = if progress == Progress::Waiting && is_late(tx, doing, schema) {
                Progress::Failed(Fault::new("NotStabilized", "Exceeded attempts to wait"))
            } else {
                progress
            };
            match progress {
                Progress::Waiting => continue,
                Progress::Done => self.settle(tx, resource),
                Progress::Failed(fault) => {
                    let reason = refusal::reason(tx, &resource.kind, &fault);
                    self.fail(tx, resource, reason);
                }
            }
            moved = true;
        }
        moved
    }

    /// Begins whatever has all it needs.
    fn start(&mut self, tx: &mut Tx<'_>) -> bool {
        let mut moved = false;
        for (logical_id, wanted) in &self.goal.resolved.resources {
            let waits = self.failed || self.is_settled(tx, logical_id) || self.is_busy(tx, logical_id);
            if waits || !wanted.dependencies.iter().all(|id| self.is_settled(tx, id)) {
                continue;
            }
            let existing = self.find(tx, logical_id).cloned();
            self.one(tx, logical_id, wanted, existing);
            moved = true;
        }
        moved
    }

    fn is_done(&self, tx: &Tx<'_>) -> bool {
        self.goal.resolved.resources.keys().all(|id| self.is_settled(tx, id))
    }

    fn is_settled(&self, tx: &Tx<'_>, logical_id: &str) -> bool {
        self.find(tx, logical_id).is_some_and(|resource| resource.settled_in >= self.operation.number)
    }

    fn is_busy(&self, tx: &Tx<'_>, logical_id: &str) -> bool {
        self.find(tx, logical_id).is_some_and(|resource| resource.doing.is_some())
    }

    fn find<'t>(&self, tx: &'t Tx<'_>, logical_id: &str) -> Option<&'t StackResource> {
        tx.state.stack_resources.get(&StackResource::key_of(&self.stack.id, logical_id))
    }

    /// Makes one resource, or makes it what is wanted.
    fn one(&mut self, tx: &mut Tx<'_>, logical_id: &str, wanted: &ResolvedResource, existing: Option<StackResource>) {
        let gone =
            |resource: &StackResource| matches!(resource.status, Status::DeleteComplete | Status::DeleteInProgress);
        let there = existing.filter(|resource| resource.physical_id.is_some() && !gone(resource));
        let resource = self.next(tx, logical_id, wanted, there.as_ref());
        if let Some(there) = there.clone().filter(|_| self.operation.spared.contains(logical_id)) {
            // ContinueUpdateRollback was told to leave it as it is.
            return self.skip(tx, there);
        }
        let Some((found, schema)) = kind_of(&wanted.kind) else {
            return self.fail(tx, resource, format!("Resource type {} is not supported by neargate", wanted.kind));
        };
        let lookup = Live { view: &tx.view(), stack: &self.stack.id, settled_in: self.operation.number };
        let properties = match template::evaluate(&wanted.properties, &lookup) {
            Ok(properties) => schema.coerce(&properties),
            Err(error) => return self.fail(tx, resource, error.to_string()),
        };
        let applied = Applied { properties, tags: self.goal.tags.clone() };
        let resource = StackResource { applied, ..resource };
        if self.operation.kind == OperationKind::UpdateRollback
            && !schema.deletes_first()
            && self.restore(tx, &resource)
        {
            return;
        }
        match there {
            None => self.create(tx, resource, (found, schema), None),
            Some(there) => self.change(tx, resource, there, (found, schema)),
        }
    }

    /// The record of a resource as it will be.
    fn next(
        &self,
        tx: &Tx<'_>,
        logical_id: &str,
        wanted: &ResolvedResource,
        there: Option<&StackResource>,
    ) -> StackResource {
        StackResource {
            stack: self.stack.id.clone(),
            logical_id: logical_id.to_owned(),
            replaced_in: None,
            kind: wanted.kind.clone(),
            physical_id: there.and_then(|resource| resource.physical_id.clone()),
            status: there.map_or(Status::CreateInProgress, |resource| resource.status),
            reason: there.and_then(|resource| resource.reason.clone()),
            changed: there.map_or(tx.now, |resource| resource.changed),
            applied: there.map(|resource| resource.applied.clone()).unwrap_or_default(),
            dependencies: wanted.dependencies.clone(),
            deletion_policy: wanted.deletion_policy,
            update_replace_policy: wanted.update_replace_policy,
            metadata: wanted.metadata.clone(),
            made_in: there.map_or(self.operation.number, |resource| resource.made_in),
            settled_in: there.map_or(0, |resource| resource.settled_in),
            doing: None,
            doomed: false,
        }
    }

    fn skip(&mut self, tx: &mut Tx<'_>, mut resource: StackResource) {
        resource.settled_in = self.operation.number;
        tx.note_resource(resource, Status::UpdateComplete, None);
    }

    /// Makes one, perhaps in the place of an old one. That is deleted at the end, when nothing refers to it any more; or first, of types of
    /// which there can't be two.
    fn create(&mut self, tx: &mut Tx<'_>, resource: StackResource, (found, schema): Kind, old: Option<StackResource>) {
        let (status, reason, deed) = match old {
            Some(_) => (Status::UpdateInProgress, Some(REPLACING.to_owned()), Deed::Replace),
            None => (Status::CreateInProgress, None, Deed::Create),
        };
        let mut resource = StackResource { physical_id: None, made_in: self.operation.number, ..resource };
        let shown = old.as_ref().and_then(|old| old.physical_id.clone());
        tx.note_resource(StackResource { physical_id: shown, ..resource.clone() }, status, reason);
        let made = self.attempt(tx, &resource, schema, |tx, wanted| {
            let first = old.as_ref().filter(|_| schema.deletes_first());
            if let Some((id, old)) = first.and_then(|old| Some((old.physical_id.as_deref()?, old))) {
                types::delete(found, tx, id, &old.applied.properties)?;
            }
            found.create(tx, wanted)
        });
        match made {
            Ok(id) => {
                if let Some(old) = old.filter(|_| !schema.deletes_first()) {
                    self.set_aside(tx, old);
                }
                resource.physical_id = Some(id);
                resource.doing = Some(Doing { what: deed, since: tx.now, tries: 0 });
                let notices = resource.physical_id.as_deref().map(|id| found.notices(&tx.view(), id));
                tx.note_resource(resource.clone(), status, Some(INITIATED.to_owned()));
                for notice in notices.into_iter().flatten() {
                    tx.note_resource(resource.clone(), status, Some(notice));
                }
            }
            // Nothing was made: the old one is still what its name stands for.
            Err(reason) => self.fail(tx, StackResource { status, ..old.unwrap_or(resource) }, reason),
        }
    }

    fn change(&mut self, tx: &mut Tx<'_>, resource: StackResource, there: StackResource, (found, schema): Kind) {
        let before = Draft::of(tx, self.stack, &there.logical_id, &there.applied);
        let draft = Draft::of(tx, self.stack, &there.logical_id, &resource.applied);
        let change = change_of(found, schema, &before.wanted(), &draft.wanted());
        let action = match change {
            Change::None => None,
            Change::Update => Some(Action::Modify),
            Change::Replace => Some(Action::Replace),
        };
        let denial = action.and_then(|action| policy::denial(self.operation, action, &there.logical_id, &there.kind));
        if let Some(reason) = denial {
            return self.fail(tx, there, reason);
        }
        match change {
            // A stack within a stack may be another one though it is asked for in the same words.
            Change::None if !found.is_always_updated() => self.keep(tx, resource, there),
            Change::Replace => self.create(tx, resource, (found, schema), Some(there)),
            Change::None | Change::Update => self.update(tx, resource, &there, (found, schema)),
        }
    }

    /// It is what is wanted already: nothing is said of it.
    fn keep(&mut self, tx: &mut Tx<'_>, resource: StackResource, there: StackResource) {
        let failed = matches!(there.status, Status::UpdateFailed | Status::CreateFailed);
        let resource = StackResource { settled_in: self.operation.number, ..resource };
        if failed {
            return tx.note_resource(resource, Status::UpdateComplete, None);
        }
        tx.state.stack_resources.put(resource);
    }

    fn update(&mut self, tx: &mut Tx<'_>, resource: StackResource, there: &StackResource, (found, schema): Kind) {
        let Some(id) = there.physical_id.clone() else { return };
        tx.note_resource(resource.clone(), Status::UpdateInProgress, None);
        let before = match look::revealed(tx, &there.applied) {
            Ok(properties) => Applied { properties: schema.coerce(&properties), tags: there.applied.tags.clone() },
            // What it was made of need not be there any more.
            Err(_) => there.applied.clone(),
        };
        let before = Draft::of(tx, self.stack, &there.logical_id, &before);
        let done = self.attempt(tx, &resource, schema, |tx, wanted| found.update(tx, &id, &before.wanted(), wanted));
        match done {
            Ok(()) => {
                let doing = Some(Doing { what: Deed::Update, since: tx.now, tries: 0 });
                tx.state.stack_resources.put(StackResource {
                    doing,
                    status: Status::UpdateInProgress,
                    changed: tx.now,
                    ..resource
                });
            }
            // Nothing was changed: it is still what it was.
            Err(reason) => self.fail(
                tx,
                StackResource { applied: there.applied.clone(), status: Status::UpdateInProgress, ..resource },
                reason,
            ),
        }
    }

    fn set_aside(&self, tx: &mut Tx<'_>, resource: StackResource) {
        tx.state.stack_resources.remove(&StackResource::key_of(&resource.stack, &resource.logical_id));
        // Two may be set aside in one operation and the rollback that follows it: each has its number.
        tx.state.stack_resources.put(StackResource {
            replaced_in: Some(self.operation.number),
            doing: None,
            ..resource
        });
    }

    /// Takes back the resource that the failed update has replaced, if that is what is wanted again.
    fn restore(&mut self, tx: &mut Tx<'_>, resource: &StackResource) -> bool {
        let old = resources(tx, &self.stack.id).into_iter().rfind(|old| {
            let is_it = old.replaced_in.is_some() && old.logical_id == resource.logical_id;
            is_it && old.applied.properties == resource.applied.properties
        });
        let Some(old) = old else { return false };
        tx.state.stack_resources.remove(&old.key());
        match self.find(tx, &resource.logical_id).cloned() {
            Some(successor) if successor.physical_id.is_some() => self.set_aside(tx, successor),
            _ => {}
        }
        let applied = resource.applied.clone();
        let old = StackResource { replaced_in: None, settled_in: self.operation.number, applied, doing: None, ..old };
        tx.note_resource(old.clone(), Status::UpdateInProgress, None);
        tx.note_resource(old, Status::UpdateComplete, None);
        true
    }

    /// Calls the service with what is wanted; when that fails nothing has changed.
    fn attempt<T>(
        &self,
        tx: &mut Tx<'_>,
        resource: &StackResource,
        schema: &Schema,
        call: impl FnOnce(&mut Tx<'_>, &Wanted<'_>) -> Result<T, Fault>,
    ) -> Result<T, String> {
        let revealed = look::revealed(tx, &resource.applied).map_err(|error| error.to_string())?;
        let properties = schema.coerce(&revealed);
        if let Some(message) = schema.message(&properties) {
            return Err(format!(
                "Properties validation failed for resource {} with message:\n{message}",
                resource.logical_id
            ));
        }
        let applied = Applied { properties, tags: resource.applied.tags.clone() };
        let draft = Draft::of(tx, self.stack, &resource.logical_id, &applied);
        let called = tx.whole(|tx| call(tx, &draft.wanted()));
        called.map_err(|fault| refusal::reason(tx, &resource.kind, &fault))
    }

    fn settle(&mut self, tx: &mut Tx<'_>, resource: StackResource) {
        let status = match &resource.doing {
            Some(doing) if doing.what == Deed::Create => Status::CreateComplete,
            _ => Status::UpdateComplete,
        };
        tx.note_resource(StackResource { doing: None, settled_in: self.operation.number, ..resource }, status, None);
    }

    fn fail(&mut self, tx: &mut Tx<'_>, resource: StackResource, reason: String) {
        self.failed = true;
        let created = resource.status == Status::CreateInProgress;
        let status = if created { Status::CreateFailed } else { Status::UpdateFailed };
        tx.note_resource(StackResource { doing: None, ..resource }, status, Some(reason));
    }
}

/// What AWS says when a resource is replaced, and once a service has taken it in hand ("Stack events", as seen in DescribeStackEvents).
const REPLACING: &str = "Requested update requires the creation of a new physical resource; hence creating one.";
const INITIATED: &str = "Resource creation Initiated";

fn kind_of(kind: &str) -> Option<Kind> {
    Some((types::find(kind)?, resourcetypes::schema(kind)?))
}

fn is_late(tx: &Tx<'_>, doing: &Doing, schema: &Schema) -> bool {
    let operation = if doing.what == Deed::Update { "update" } else { "create" };
    tx.now.millis - doing.since.millis > i64::from(schema.timeout(operation)) * 60_000
}

/// What a [`Wanted`] borrows from.
pub(super) struct Draft<'a> {
    stack: &'a Stack,
    logical_id: String,
    applied: Applied,
    suffix: String,
    token: String,
}

impl<'a> Draft<'a> {
    pub(super) fn of(tx: &mut Tx<'_>, stack: &'a Stack, logical_id: &str, applied: &Applied) -> Self {
        Self {
            stack,
            logical_id: logical_id.to_owned(),
            applied: applied.clone(),
            suffix: tx.hex(12).to_ascii_uppercase(),
            token: tx.uuid(),
        }
    }

    pub(super) fn wanted(&self) -> Wanted<'_> {
        Wanted {
            stack_id: &self.stack.id,
            stack_name: &self.stack.name,
            logical_id: &self.logical_id,
            properties: &self.applied.properties,
            tags: &self.applied.tags,
            suffix: &self.suffix,
            token: &self.token,
        }
    }
}
