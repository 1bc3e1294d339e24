//! AWS Systems Manager: parameters.

use super::{ResourceType, Types, Wanted, ask, at, call, changed_tags, text, words};
use crate::{Tx, View};
use aws::{api::ssm::API, fault::Fault};
use serde_json::{Map, Value, json};

/// This service's types.
pub(super) const TYPES: Types = &[("AWS::SSM::Parameter", &Parameter)];

/// AWS::SSM::Parameter.
struct Parameter;

impl ResourceType for Parameter {
    fn unsupported(&self) -> &'static [&'static str] {
        &["Policies"]
    }

    fn create(&self, tx: &mut Tx<'_>, wanted: &Wanted<'_>) -> Result<String, Fault> {
        let made_up = || format!("CFN-{}-{}", wanted.logical_id, wanted.suffix);
        let name = wanted.text("Name").map_or_else(made_up, str::to_owned);
        let mut input = given(wanted, &name);
        input.extend(wanted.pick(&["AllowedPattern", "Description"]));
        input.insert("Tags".to_owned(), wanted.tag_list("Key", "Value"));
        call(tx, &API, "PutParameter", input.into())?;
        Ok(name)
    }

    fn update(&self, tx: &mut Tx<'_>, id: &str, before: &Wanted<'_>, wanted: &Wanted<'_>) -> Result<(), Fault> {
        let mut input = given(wanted, id);
        input.insert("Overwrite".to_owned(), json!(true));
        // Left out, they would stay as they were.
        for name in ["AllowedPattern", "Description"] {
            input.insert(name.to_owned(), json!(wanted.text(name).unwrap_or_default()));
        }
        if before.properties != wanted.properties {
            call(tx, &API, "PutParameter", input.into())?;
        }
        let (set, removed) = changed_tags(before, wanted);
        let resource = |more: Value| {
            let mut input = json!({ "ResourceType": "Parameter", "ResourceId": id });
            if let (Some(input), Value::Object(more)) = (input.as_object_mut(), more) {
                input.extend(more);
            }
            input
        };
        if !set.is_empty() {
            let tags: Value = set.into_iter().map(|(key, value)| json!({ "Key": key, "Value": value })).collect();
            call(tx, &API, "AddTagsToResource", resource(json!({ "Tags": tags })))?;
        }
        if !removed.is_empty() {
            call(tx, &API, "RemoveTagsFromResource", resource(json!({ "TagKeys": removed })))?;
        }
        Ok(())
    }

    fn delete(&self, tx: &mut Tx<'_>, id: &str, _: &Value) -> Result<(), Fault> {
        call(tx, &API, "DeleteParameter", json!({ "Name": id })).map(drop)
    }

    fn attribute(&self, view: &View<'_>, id: &str, _: &Value, name: &str) -> Result<Option<Value>, Fault> {
        let parameter = ask(view, &API, "GetParameter", json!({ "Name": id }))?;
        Ok(match name {
            "Arn" => Some(json!(text(&parameter, "/Parameter/ARN")?)),
            "Type" | "Value" => Some(at(&parameter, &format!("/Parameter/{name}"))),
            _ => None,
        })
    }

    fn read(&self, view: &View<'_>, id: &str, _: &Value) -> Result<Option<Value>, Fault> {
        let parameter = words::known(ask(view, &API, "GetParameter", json!({ "Name": id })))?;
        let Some(parameter) = parameter else { return Ok(None) };
        let filter = json!({ "ParameterFilters": [{ "Key": "Name", "Option": "Equals", "Values": [id] }] });
        let more = words::first(ask(view, &API, "DescribeParameters", filter), "/Parameters")?.unwrap_or_default();
        let mut live = words::picked(&more, &["AllowedPattern", "DataType", "Description", "Name", "Tier"]);
        if let Some(live) = live.as_object_mut() {
            for name in ["Type", "Value"] {
                live.insert(name.to_owned(), at(&parameter, &format!("/Parameter/{name}")));
            }
        }
        Ok(Some(live))
    }
}

fn given(wanted: &Wanted<'_>, name: &str) -> Map<String, Value> {
    let mut input = wanted.pick(&["DataType", "Tier", "Type", "Value"]);
    input.insert("Name".to_owned(), json!(name));
    input
}

#[cfg(test)]
mod tests {
    use super::super::testing::{attribute, change, make, read, remove};
    use crate::testing::World;
    use serde_json::json;

    const KIND: &str = "AWS::SSM::Parameter";

    #[test]
    fn a_parameter_is_made_changed_and_deleted() {
        let mut world = World::new();
        let first = json!({ "Type": "String", "Value": "one", "Description": "x", "AllowedPattern": "[a-z]+",
            "Tags": { "a": "b" } });
        let second = json!({ "Type": "String", "Value": "TWO" });
        let id = make(&mut world, KIND, &first);
        assert_eq!(id, "CFN-Thing-1A2B3C4D5E6F");
        assert_eq!(attribute(&world, KIND, &id, &first, "Value"), "one");
        assert_eq!(
            attribute(&world, KIND, &id, &first, "Arn"),
            "arn:aws:ssm:us-east-1:123456789012:parameter/CFN-Thing-1A2B3C4D5E6F"
        );
        change(&mut world, KIND, &id, &first, &second);
        let live = read(&world, KIND, &id, &second).expect("there");
        assert_eq!((&live["Value"], &live["Type"]), (&json!("TWO"), &json!("String")));
        assert!(live["Description"].as_str().is_none_or(str::is_empty) && live["AllowedPattern"].is_null(), "{live}");
        let listed = json!({ "ResourceType": "Parameter", "ResourceId": id });
        let tags = world.call(&super::API, "ListTagsForResource", listed).expect("tags");
        assert_eq!(tags["TagList"], json!([{ "Key": "of", "Value": "stack" }]));
        remove(&mut world, KIND, &id, &second);
        assert_eq!(read(&world, KIND, &id, &second), None);
    }
}
