//! AWS::CloudFormation::Stack: a stack that is a resource of another.

use super::{Progress, ResourceType, Types, Wanted};
use crate::{
    Tx, View,
    cloudformation::{
        engine::{self, Asked},
        stacks, validation,
    },
    state::{OperationKind, Phase, Stack, StackParent, StackResource, Tags},
};
use aws::{
    api::cloudformation::{OnFailure, StackStatus as Status},
    fault::Fault,
};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// This service's types.
pub(super) const TYPES: Types = &[("AWS::CloudFormation::Stack", &Nested)];

/// AWS::CloudFormation::Stack.
struct Nested;

impl ResourceType for Nested {
    fn create(&self, tx: &mut Tx<'_>, wanted: &Wanted<'_>) -> Result<String, Fault> {
        let url = url(wanted)?;
        let parent = tx.state.stacks.get(wanted.stack_id).cloned().ok_or_else(|| validation("its stack is gone"))?;
        let root = parent.parent.as_ref().map_or(parent.id.clone(), |parent| parent.root.clone());
        if depth(tx, &parent) >= DEEPEST {
            return Err(validation(format!("Stacks can't be nested deeper than {DEEPEST} levels")));
        }
        let name = wanted.made_up(128);
        let minutes =
            wanted.get("TimeoutInMinutes").and_then(Value::as_i64).and_then(|minutes| minutes.try_into().ok());
        let parent = StackParent { id: parent.id, root };
        let stack = Stack { timeout_in_minutes: minutes, ..stacks::record(tx, &name, Some(parent))? };
        let id = stack.id.clone();
        tx.state.stacks.put(stack);
        // What is done when it fails is up to the stack above.
        engine::begin(tx, &id, OperationKind::Create, Phase::Fetch { url }, OnFailure::DoNothing, Asked::default());
        Ok(id)
    }

    fn ready(&self, view: &View<'_>, id: &str, _: &Wanted<'_>) -> Progress {
        let live = view.state.stacks.get(id).filter(|stack| stack.deleted.is_none());
        let Some(stack) = live else { return Progress::Failed(gone(id)) };
        match stack.status {
            Status::CreateComplete | Status::UpdateComplete if stack.operation.is_none() => Progress::Done,
            _ if stack.operation.is_some() => Progress::Waiting,
            _ => {
                let reason = stack.reason.clone().unwrap_or_default();
                Progress::Failed(Fault::new(
                    "GeneralServiceException",
                    format!("Embedded stack {id} was not successfully created: {reason}"),
                ))
            }
        }
    }

    fn update(&self, tx: &mut Tx<'_>, id: &str, _: &Wanted<'_>, wanted: &Wanted<'_>) -> Result<(), Fault> {
        let url = url(wanted)?;
        let stack = tx.state.stacks.get(id).filter(|stack| stack.deleted.is_none()).ok_or_else(|| gone(id))?;
        let kind = stack.operation.as_ref().map(|operation| operation.kind);
        if matches!(kind, Some(OperationKind::Delete | OperationKind::Rollback)) {
            return Err(Fault::new("GeneralServiceException", format!("Stack {id} is in {} state", stack.status)));
        }
        engine::begin(tx, id, OperationKind::Update, Phase::Fetch { url }, OnFailure::Rollback, Asked::default());
        Ok(())
    }

    fn is_always_updated(&self) -> bool {
        true
    }

    fn delete(&self, tx: &mut Tx<'_>, id: &str, _: &Value) -> Result<(), Fault> {
        let live = tx.state.stacks.get(id).is_some_and(|stack| stack.deleted.is_none());
        if live {
            engine::delete(tx, id, Asked::default());
        }
        Ok(())
    }

    fn gone(&self, view: &View<'_>, id: &str, _: &Value) -> Progress {
        match view.state.stacks.get(id) {
            None => Progress::Done,
            Some(stack) if stack.deleted.is_some() => Progress::Done,
            Some(stack) if stack.operation.is_some() => Progress::Waiting,
            Some(stack) => {
                let reason = stack.reason.clone().unwrap_or_default();
                Progress::Failed(Fault::new("GeneralServiceException", reason))
            }
        }
    }

    fn attribute(&self, view: &View<'_>, id: &str, _: &Value, name: &str) -> Result<Option<Value>, Fault> {
        let Some(key) = name.strip_prefix("Outputs.") else { return Ok(None) };
        let stack = view.state.stacks.get(id).ok_or_else(|| gone(id))?;
        Ok(stack.outputs.iter().find(|output| output.key == key).map(|output| json!(output.value)))
    }

    fn read(&self, view: &View<'_>, id: &str, properties: &Value) -> Result<Option<Value>, Fault> {
        let live = view.state.stacks.get(id).is_some_and(|stack| stack.deleted.is_none());
        Ok(live.then(|| properties.clone()))
    }
}

/// How deep stacks may be nested; AWS has no such limit, but a template that names itself would never end.
const DEEPEST: usize = 16;

fn depth(tx: &Tx<'_>, stack: &Stack) -> usize {
    let above = |stack: &Stack| tx.state.stacks.get(&stack.parent.as_ref()?.id).cloned();
    std::iter::successors(Some(stack.clone()), above).take(DEEPEST + 1).count()
}

fn url(wanted: &Wanted<'_>) -> Result<String, Fault> {
    wanted.text("TemplateURL").map(str::to_owned).ok_or_else(|| validation("TemplateURL must be specified"))
}

fn gone(id: &str) -> Fault {
    Fault::new("ResourceNotFound", format!("Stack with id {id} does not exist"))
}

/// What the stack above gives a nested one: its parameters, tags and topics.
pub(in crate::cloudformation) fn nested_request(
    tx: &Tx<'_>,
    stack: &Stack,
) -> (BTreeMap<String, String>, Tags, Vec<String>) {
    let Some(parent) = &stack.parent else { return Default::default() };
    let mut all = tx.state.stack_resources.prefixed(&StackResource::prefix(&parent.id)).collect::<Vec<_>>().into_iter();
    let Some(resource) = all.find(|resource| resource.physical_id.as_deref() == Some(stack.id.as_str())) else {
        return Default::default();
    };
    let properties = &resource.applied.properties;
    let text = |value: &Value| match value {
        Value::String(text) => text.clone(),
        // A list is given as CommaDelimitedList reads it.
        Value::Array(items) => {
            items.iter().map(|item| item.as_str().map_or(item.to_string(), str::to_owned)).collect::<Vec<_>>().join(",")
        }
        other => other.to_string(),
    };
    let given = properties.get("Parameters").and_then(Value::as_object).into_iter().flatten();
    let parameters = given.map(|(key, value)| (key.clone(), text(value))).collect();
    let topics = properties.get("NotificationARNs").and_then(Value::as_array).into_iter().flatten();
    let mut tags = resource.applied.tags.clone();
    for tag in properties.get("Tags").and_then(Value::as_array).into_iter().flatten() {
        let word = |name: &str| tag.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        tags.insert(word("Key"), word("Value"));
    }
    (parameters, tags, topics.filter_map(Value::as_str).map(str::to_owned).collect())
}

#[cfg(test)]
mod tests {
    use crate::{
        cloudformation::{Errand, done, errands},
        testing::World,
    };
    use aws::api::cloudformation::API;
    use serde_json::{Value, json};

    /// Answers every errand for a template with this one, until nobody asks.
    fn fetch(world: &mut World, template: &Value) {
        while let Some(errand) =
            errands(&world.state).into_iter().find(|errand| matches!(errand, Errand::Template { .. }))
        {
            world.transact(|tx| done(tx, &errand, Ok(template.to_string()))).expect("taken in");
        }
    }

    fn described(world: &mut World, name: &str) -> Value {
        world.call(&API, "DescribeStacks", json!({ "StackName": name })).expect("there")["Stacks"][0].clone()
    }

    fn inner(days: u32) -> Value {
        json!({
            "Parameters": { "Name": { "Type": "String" } },
            "Resources": { "Log": { "Type": "AWS::Logs::LogGroup", "Properties": { "LogGroupName": { "Ref": "Name" }, "RetentionInDays": days } } },
            "Outputs": { "Arn": { "Value": { "Fn::GetAtt": "Log.Arn" } } },
        })
    }

    fn outer(name: &str) -> Value {
        let url = "https://s3.amazonaws.com/templates/inner.json";
        json!({
            "Resources": { "Inner": { "Type": "AWS::CloudFormation::Stack", "Properties": { "TemplateURL": url, "Parameters": { "Name": name } } } },
            "Outputs": { "Arn": { "Value": { "Fn::GetAtt": ["Inner", "Outputs.Arn"] } } },
        })
    }

    fn send(world: &mut World, operation: &str, template: &Value) {
        world
            .call(&API, operation, json!({ "StackName": "outer", "TemplateBody": template.to_string() }))
            .expect("taken");
    }

    #[test]
    fn a_nested_stack_is_made_updated_replaced_and_deleted_with_the_one_above() {
        let mut world = World::new();
        send(&mut world, "CreateStack", &outer("one"));
        assert_eq!(
            described(&mut world, "outer")["StackStatus"],
            "CREATE_IN_PROGRESS",
            "its template is not there yet"
        );
        fetch(&mut world, &inner(7));
        let told = described(&mut world, "outer");
        assert_eq!(told["StackStatus"], "CREATE_COMPLETE");
        assert_eq!(told["Outputs"][0]["OutputValue"], "arn:aws:logs:us-east-1:123456789012:log-group:one:*");
        let nested = world.state.stacks.iter().find(|stack| stack.parent.is_some()).expect("there").id.clone();
        assert_eq!(described(&mut world, &nested)["ParentId"], told["StackId"]);

        // The template behind the same URL is another one.
        send(&mut world, "UpdateStack", &outer("one"));
        fetch(&mut world, &inner(30));
        assert_eq!(described(&mut world, "outer")["StackStatus"], "UPDATE_COMPLETE");
        assert_eq!(world.state.log_groups.get("one").expect("there").retention, Some(30));
        send(&mut world, "UpdateStack", &outer("two"));
        fetch(&mut world, &inner(30));
        assert!(world.state.log_groups.get("one").is_none() && world.state.log_groups.get("two").is_some());

        // What fails within is undone within and above.
        world.call(&aws::api::logs::API, "CreateLogGroup", json!({ "logGroupName": "taken" })).expect("made");
        send(&mut world, "UpdateStack", &outer("taken"));
        for _ in 0..3 {
            let waiting = errands(&world.state);
            let Some(errand) = waiting.into_iter().next() else { break };
            world.transact(|tx| done(tx, &errand, Ok(inner(30).to_string()))).expect("taken in");
        }
        assert_eq!(described(&mut world, "outer")["StackStatus"], "UPDATE_ROLLBACK_COMPLETE");
        assert!(world.state.log_groups.get("two").is_some());

        world.call(&API, "DeleteStack", json!({ "StackName": "outer" })).expect("deleted");
        assert_eq!(described(&mut world, &nested)["StackStatus"], "DELETE_COMPLETE");
        assert!(world.state.log_groups.get("two").is_none());
    }

    #[test]
    fn a_template_that_is_not_there_fails_the_stack_above() {
        let mut world = World::new();
        send(&mut world, "CreateStack", &outer("one"));
        let errand = errands(&world.state).remove(0);
        world
            .transact(|tx| done(tx, &errand, Err("S3 error: The specified key does not exist.".to_owned())))
            .expect("taken in");
        assert_eq!(described(&mut world, "outer")["StackStatus"], "ROLLBACK_COMPLETE");
        assert!(world.state.stacks.iter().filter(|stack| stack.deleted.is_none()).count() == 1);
    }
}
