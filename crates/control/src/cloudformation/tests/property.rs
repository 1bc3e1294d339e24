//! Whatever is asked of stacks, in whatever order, and whatever is refused to them on the way: each ends in a state that AWS documents ("Stack
//! status codes"), an update that fails leaves what was there, and nothing outlives a stack.

use super::{call, events};
use crate::{state::StackResource, testing::World};
use proptest::{collection, option, prelude::*, sample::select};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// Resources of a template by their places: A, B, C and so on.
const MOST: usize = 5;
/// Names that resources and others compete for.
const NAMES: u8 = 6;

/// A log group in a template.
#[derive(Debug, Clone)]
struct Group {
    name: Option<u8>,
    days: Option<u32>,
    /// Which of those before it it depends on, and which of those it does by referring to it: a bit each.
    needs: u8,
    refers: u8,
}

/// A template: each resource needs some of those before it, or of those after it, so that one template's order may be the other way round
/// from another's.
#[derive(Debug, Clone)]
struct Template {
    groups: Vec<Option<Group>>,
    reversed: bool,
}

#[derive(Debug, Clone)]
enum Step {
    Create { stack: usize, template: Template, on_failure: &'static str },
    Update { stack: usize, template: Template, keep: bool },
    RollBack { stack: usize },
    Delete { stack: usize },
}

fn group() -> impl Strategy<Value = Group> {
    (option::of(0..NAMES), option::of(select(vec![1u32, 7, 14])), any::<u8>(), any::<u8>())
        .prop_map(|(name, days, needs, refers)| Group { name, days, needs, refers })
}

fn template() -> impl Strategy<Value = Template> {
    let some = collection::vec(option::of(group()), MOST);
    let some = some.prop_filter("a template has a resource", |groups| groups.iter().any(Option::is_some));
    (some, any::<bool>()).prop_map(|(groups, reversed)| Template { groups, reversed })
}

fn step() -> impl Strategy<Value = Step> {
    let on_failure = select(vec!["ROLLBACK", "DELETE", "DO_NOTHING"]);
    prop_oneof![
        3 => (0..2usize, template(), on_failure).prop_map(|(stack, template, on_failure)| Step::Create { stack, template, on_failure }),
        5 => (0..2usize, template(), prop::bool::weighted(0.2)).prop_map(|(stack, template, keep)| Step::Update { stack, template, keep }),
        1 => (0..2usize).prop_map(|stack| Step::RollBack { stack }),
        1 => (0..2usize).prop_map(|stack| Step::Delete { stack }),
    ]
}

fn letter(place: usize) -> String {
    char::from(b'A' + u8::try_from(place).expect("few")).to_string()
}

fn chosen(template: &Template, place: usize, bits: u8) -> Vec<String> {
    let others = if template.reversed { place + 1..template.groups.len() } else { 0..place };
    others.filter(|other| bits >> other & 1 == 1 && template.groups[*other].is_some()).map(letter).collect()
}

fn written(template: &Template) -> Value {
    let mut resources = json!({});
    for (place, group) in template.groups.iter().enumerate() {
        let Some(group) = group else { continue };
        let tags = chosen(template, place, group.needs & group.refers);
        let tags: Vec<Value> = tags.iter().map(|id| json!({ "Key": id, "Value": { "Ref": id } })).collect();
        let name = group.name.map(|name| format!("name-{name}"));
        let mut resource = json!({
            "Type": "AWS::Logs::LogGroup",
            "DependsOn": chosen(template, place, group.needs & !group.refers),
            "Properties": { "Tags": tags },
        });
        if let Some(name) = name {
            resource["Properties"]["LogGroupName"] = json!(name);
        }
        if let Some(days) = group.days {
            resource["Properties"]["RetentionInDays"] = json!(days);
        }
        resources[letter(place)] = resource;
    }
    json!({ "Resources": resources })
}

/// Log groups by name: what is kept for how long, and with which tags.
type Groups = BTreeMap<String, (Option<i32>, Value)>;

struct Model {
    world: World,
    /// The ids of the stacks that were made.
    ids: BTreeSet<String>,
    /// What was there before any stack.
    foreign: BTreeSet<String>,
}

impl Model {
    fn new(taken: &BTreeSet<u8>) -> Self {
        let mut world = World::new();
        let foreign: BTreeSet<String> = taken.iter().map(|name| format!("name-{name}")).collect();
        for name in &foreign {
            world.call(&aws::api::logs::API, "CreateLogGroup", json!({ "logGroupName": name })).expect("made");
        }
        Self { world, ids: BTreeSet::new(), foreign }
    }

    fn groups(&mut self) -> Groups {
        let groups: Vec<(String, Option<i32>)> =
            self.world.state.log_groups.iter().map(|group| (group.name.clone(), group.retention)).collect();
        let mut all = Groups::new();
        for (name, days) in groups {
            let arn = format!("arn:aws:logs:us-east-1:123456789012:log-group:{name}");
            let tags = self.world.call(&aws::api::logs::API, "ListTagsForResource", json!({ "resourceArn": arn }));
            all.insert(name, (days, tags.expect("there")["tags"].clone()));
        }
        all
    }

    fn status(&mut self, stack: &str) -> Option<String> {
        let told = call(&mut self.world, "DescribeStacks", json!({ "StackName": stack })).ok()?;
        told["Stacks"][0]["StackStatus"].as_str().map(str::to_owned)
    }

    /// The physical ids of a stack's resources that are there, by name.
    fn resources(&mut self, stack: &str) -> BTreeMap<String, String> {
        let told = call(&mut self.world, "ListStackResources", json!({ "StackName": stack })).expect("there");
        let there = told["StackResourceSummaries"]
            .as_array()
            .expect("a list")
            .iter()
            .filter(|one| one["PhysicalResourceId"].is_string() && one["ResourceStatus"] != "DELETE_COMPLETE");
        let text = |one: &Value, member: &str| one[member].as_str().expect("text").to_owned();
        there.map(|one| (text(one, "LogicalResourceId"), text(one, "PhysicalResourceId"))).collect()
    }

    fn take(&mut self, step: &Step) {
        let (stack, operation, request) = match step {
            Step::Create { stack, template, on_failure } => (
                *stack,
                "CreateStack",
                json!({ "TemplateBody": written(template).to_string(), "OnFailure": on_failure }),
            ),
            Step::Update { stack, template, keep } => (
                *stack,
                "UpdateStack",
                json!({ "TemplateBody": written(template).to_string(), "DisableRollback": keep }),
            ),
            Step::RollBack { stack } => (*stack, "RollbackStack", json!({})),
            Step::Delete { stack } => (*stack, "DeleteStack", json!({})),
        };
        let name = format!("s{stack}");
        let mut request = request;
        request["StackName"] = json!(name);
        let (status, before) = (self.status(&name), self.groups());
        let resources = status.is_some().then(|| self.resources(&name));
        let seen = status.as_ref().map_or(0, |_| events(&mut self.world, &name).len());
        let answer = call(&mut self.world, operation, request);
        let Ok(answer) = answer else {
            assert_eq!(self.groups(), before, "what is refused changes nothing");
            assert_eq!(self.status(&name), status);
            return;
        };
        if let Some(id) = answer["StackId"].as_str() {
            self.ids.insert(id.to_owned());
        }
        self.wait();
        let after = self.status(&name);
        let word = after.as_deref().unwrap_or("gone");
        let allowed: &[&str] = match step {
            Step::Create { on_failure: "ROLLBACK", .. } => &["CREATE_COMPLETE", "ROLLBACK_COMPLETE"],
            Step::Create { on_failure: "DELETE", .. } => &["CREATE_COMPLETE", "gone"],
            Step::Create { .. } => &["CREATE_COMPLETE", "CREATE_FAILED"],
            Step::Update { keep: true, .. } => &["UPDATE_COMPLETE", "UPDATE_FAILED"],
            Step::Update { .. } if matches!(status.as_deref(), Some("CREATE_FAILED" | "UPDATE_FAILED")) => {
                &["UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "ROLLBACK_COMPLETE"]
            }
            Step::Update { .. } => &["UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE"],
            Step::RollBack { .. } => &["ROLLBACK_COMPLETE", "UPDATE_ROLLBACK_COMPLETE"],
            Step::Delete { .. } => &["gone"],
        };
        assert!(allowed.contains(&word), "{operation} of {status:?} ended in {word}");
        match step {
            Step::Create { template, .. } | Step::Update { template, .. }
                if matches!(word, "CREATE_COMPLETE" | "UPDATE_COMPLETE") =>
            {
                self.is_as_wanted(&name, template);
            }
            // What was left as it failed is not what a rollback leads back to.
            Step::Update { .. } if word == "UPDATE_ROLLBACK_COMPLETE" && status.as_deref() != Some("UPDATE_FAILED") => {
                assert_eq!(self.groups(), before, "an update that failed leaves what was there");
                assert_eq!(Some(self.resources(&name)), resources);
            }
            _ => {}
        }
        if let (Step::Create { template, .. } | Step::Update { template, .. }, true) = (step, after.is_some()) {
            self.keeps_order(&name, template, seen);
        }
        self.nothing_is_lost();
    }

    /// Time goes by until nothing is done any more.
    fn wait(&mut self) {
        for _ in 0..1_000 {
            if self.world.state.stacks.iter().all(|stack| stack.operation.is_none()) {
                return;
            }
            self.world.now += 1_000;
            self.world.transact(|_| Ok(())).expect("goes on");
        }
        panic!("a stack does not come to an end");
    }

    fn is_as_wanted(&mut self, stack: &str, template: &Template) {
        let (resources, groups) = (self.resources(stack), self.groups());
        let wanted: BTreeSet<String> =
            (0..template.groups.len()).filter(|place| template.groups[*place].is_some()).map(letter).collect();
        assert_eq!(resources.keys().cloned().collect::<BTreeSet<_>>(), wanted);
        for (place, group) in template.groups.iter().enumerate() {
            let Some(group) = group else { continue };
            let id = &resources[&letter(place)];
            if let Some(name) = group.name {
                assert_eq!(*id, format!("name-{name}"));
            }
            let (days, tags) = &groups[id];
            assert_eq!(days.map(i32::unsigned_abs), group.days);
            for other in chosen(template, place, group.needs & group.refers) {
                assert_eq!(tags[&other], json!(resources[&other]), "a reference is to what is there");
            }
        }
    }

    /// What a resource needs is finished before it is begun.
    fn keeps_order(&mut self, stack: &str, template: &Template, seen: usize) {
        let told = events(&mut self.world, stack).split_off(seen);
        for (place, group) in template.groups.iter().enumerate() {
            let Some(group) = group else { continue };
            let begun = told.iter().position(|line| *line == format!("{} CREATE_IN_PROGRESS", letter(place)));
            let Some(begun) = begun else { continue };
            for other in chosen(template, place, group.needs) {
                let started = |line: &String| line.starts_with(&format!("{other} ")) && line.contains("_IN_PROGRESS");
                let done = |line: &String| line.starts_with(&format!("{other} ")) && line.contains("_COMPLETE");
                let earlier = &told[..begun];
                if earlier.iter().any(started) {
                    assert!(
                        earlier.iter().any(done),
                        "{} was begun before {other} was there: {told:#?}",
                        letter(place)
                    );
                }
            }
        }
        // What a creation has made is deleted before what it needs.
        let deleted = |id: &str, status: &str| told.iter().rposition(|line| *line == format!("{id} {status}"));
        for (place, group) in template.groups.iter().enumerate() {
            let Some(group) = group else { continue };
            for other in chosen(template, place, group.needs) {
                let (gone, first) = (deleted(&letter(place), "DELETE_COMPLETE"), deleted(&other, "DELETE_IN_PROGRESS"));
                if let (0, Some(gone), Some(first)) = (seen, gone, first) {
                    assert!(gone < first, "{other} was deleted before {}: {told:#?}", letter(place));
                }
            }
        }
    }

    /// Every log group is somebody's, and everything that stacks say they have is there.
    fn nothing_is_lost(&mut self) {
        let mut owned = self.foreign.clone();
        for id in self.ids.clone() {
            let status = self.status(&id).expect("known by its id");
            for name in self.resources(&id).into_values() {
                assert!(!status.starts_with("DELETE"), "{name} outlives its stack");
                assert_ne!(status, "ROLLBACK_COMPLETE", "{name} outlives what was rolled back");
                assert!(owned.insert(name.clone()), "{name} is had twice");
            }
            // What an update has replaced stays until it succeeds or is rolled back.
            let prefix = StackResource::prefix(&id);
            let replaced = self.world.state.stack_resources.prefixed(&prefix).filter(|one| one.replaced_in.is_some());
            let replaced: Vec<String> = replaced.filter_map(|one| one.physical_id.clone()).collect();
            assert!(replaced.is_empty() || status == "UPDATE_FAILED", "{replaced:?} outlive an update that is over");
            owned.extend(replaced);
        }
        assert_eq!(self.groups().into_keys().collect::<BTreeSet<_>>(), owned);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn stacks_end_in_order_and_leave_nothing(taken in collection::btree_set(0..NAMES, 0..3), steps in collection::vec(step(), 1..8)) {
        let mut model = Model::new(&taken);
        for step in &steps {
            model.take(step);
        }
        for stack in ["s0", "s1"] {
            call(&mut model.world, "DeleteStack", json!({ "StackName": stack })).expect("begun");
            model.wait();
            assert_eq!(model.status(stack), None);
        }
        let left: BTreeSet<String> = model.groups().into_keys().collect();
        assert_eq!(left, model.foreign, "nothing outlives a stack");
    }
}
