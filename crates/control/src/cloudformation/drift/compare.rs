//! Properties held against each other. What the service does not tell is taken to be as it should; a null is told to be nothing.

use super::super::differences::{differences, shown};
use crate::state::Tags;
use aws::api::cloudformation::{DifferenceType, PropertyDifference};
use resourcetypes::Schema;
use serde_json::{Map, Value};

/// The most pairs of entries that are tried to bring one list into the order of another; longer lists are taken as they come.
const MOST_PAIRS: usize = 1_000_000;

/// The properties that can be compared of those a resource was made with: neither what can't be read again, nor dynamic references.
pub(super) fn expected(schema: &Schema, properties: &Value) -> Value {
    pruned(schema, properties, "").unwrap_or_else(|| Value::Object(Map::new()))
}

fn pruned(schema: &Schema, value: &Value, path: &str) -> Option<Value> {
    if !path.is_empty() && schema.is_write_only(path) {
        return None;
    }
    let below = |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}/{name}") };
    match value {
        Value::Null => None,
        Value::String(text) if text.contains("{{resolve:") => None,
        Value::Object(members) => {
            let kept =
                members.iter().filter_map(|(name, member)| Some((name.clone(), pruned(schema, member, &below(name))?)));
            Some(Value::Object(kept.collect()))
        }
        Value::Array(items) => Some(items.iter().filter_map(|item| pruned(schema, item, &below("*"))).collect()),
        other => Some(other.clone()),
    }
}

/// The same properties as they are: lists in the order that is expected, and without tags that the template does not have and the stack gives.
pub(super) fn actual(schema: &Schema, expected: &Value, live: &Value, stack_tags: &Tags) -> Value {
    let mut live = schema.coerce(live);
    if let resourcetypes::Tags::List(name) = schema.tags()
        && let Some(Value::Array(tags)) = live.get_mut(name)
    {
        let own: Vec<&Value> = expected
            .get(name)
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(|tag| tag.get("Key"))
            .collect();
        tags.retain(|tag| {
            let key = tag.get("Key").and_then(Value::as_str).unwrap_or_default();
            let given =
                stack_tags.get(key).is_some_and(|value| tag.get("Value").and_then(Value::as_str) == Some(value));
            own.iter().any(|one| *one == key) || !(given || key.starts_with("aws:"))
        });
    }
    aligned(expected, Some(&live))
}

fn aligned(expected: &Value, actual: Option<&Value>) -> Value {
    match (expected, actual) {
        (_, None) => expected.clone(),
        (Value::Object(wanted), Some(Value::Object(there))) => wanted
            .iter()
            .map(|(name, member)| (name.clone(), aligned(member, there.get(name))))
            .collect::<Map<_, _>>()
            .into(),
        (Value::Array(wanted), Some(Value::Array(there))) => list(wanted, there),
        // Policies are documents or their texts.
        (Value::Object(_), Some(Value::String(text))) => match serde_json::from_str(text) {
            Ok(document @ Value::Object(_)) => aligned(expected, Some(&document)),
            _ => Value::String(text.clone()),
        },
        (Value::String(text), Some(document @ Value::Object(_))) => match serde_json::from_str::<Value>(text) {
            Ok(wanted) if wanted == *document => expected.clone(),
            _ => document.clone(),
        },
        (wanted, Some(there)) if shown(wanted) == shown(there) => wanted.clone(),
        (_, Some(there)) => there.clone(),
    }
}

/// A list in the order of another: entries that are as expected first, then what is left in its own order.
fn list(wanted: &[Value], there: &[Value]) -> Value {
    let mut left: Vec<&Value> = there.iter().collect();
    let mut placed: Vec<Option<Value>> = vec![None; wanted.len()];
    if wanted.len().saturating_mul(there.len()) <= MOST_PAIRS {
        for (place, entry) in placed.iter_mut().zip(wanted) {
            if let Some(index) = left.iter().position(|other| aligned(entry, Some(other)) == *entry) {
                left.remove(index);
                *place = Some(entry.clone());
            }
        }
    }
    let mut left = left.into_iter();
    let placed: Vec<Value> = placed
        .into_iter()
        .zip(wanted)
        .map(|(place, entry)| {
            place.or_else(|| left.next().map(|other| aligned(entry, Some(other)))).unwrap_or_default()
        })
        .collect();
    placed.into_iter().chain(left.cloned()).collect()
}

/// The differences as they are told ("PropertyDifference", AWS CloudFormation API Reference).
pub(super) fn told(expected: &Value, actual: &Value) -> Vec<PropertyDifference> {
    let text = |value: &Option<Value>| value.as_ref().map_or("null".to_owned(), shown);
    let difference = |found: super::super::differences::Difference| PropertyDifference {
        property_path: Some(found.pointer("")),
        expected_value: Some(text(&found.before)),
        actual_value: Some(text(&found.after)),
        difference_type: Some(match (&found.before, &found.after) {
            (None, _) => DifferenceType::Add,
            (_, None) => DifferenceType::Remove,
            _ => DifferenceType::NotEqual,
        }),
    };
    differences(expected, actual).into_iter().map(difference).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn found(expected: &Value, live: &Value) -> Vec<String> {
        let schema = resourcetypes::schema("AWS::EC2::VPC").expect("carried");
        let tags = Tags::from([("of".to_owned(), "stack".to_owned())]);
        let actual = actual(schema, expected, live, &tags);
        let line = |found: PropertyDifference| {
            let kind = found.difference_type.expect("a kind");
            format!("{} {kind} {}", found.property_path.unwrap_or_default(), found.actual_value.unwrap_or_default())
        };
        told(expected, &actual).into_iter().map(line).collect()
    }

    #[test]
    fn only_what_the_template_says_and_the_service_tells_is_compared() {
        let expected = json!({ "CidrBlock": "10.0.0.0/16", "EnableDnsSupport": true, "InstanceTenancy": "default" });
        let live = json!({ "CidrBlock": "10.0.0.0/16", "EnableDnsSupport": "true", "EnableDnsHostnames": true });
        assert_eq!(found(&expected, &live), [""; 0]);
        let live = json!({ "EnableDnsSupport": false, "InstanceTenancy": null });
        assert_eq!(found(&expected, &live), ["/EnableDnsSupport NOT_EQUAL false", "/InstanceTenancy REMOVE null"]);
    }

    #[test]
    fn lists_may_be_in_another_order_and_tags_of_the_stack_count_for_nothing() {
        let tag = |key: &str, value: &str| json!({ "Key": key, "Value": value });
        let expected = json!({ "Tags": [tag("a", "1"), tag("b", "2")] });
        let same = json!({ "Tags": [tag("b", "2"), tag("of", "stack"), tag("aws:x", "y"), tag("a", "1")] });
        assert_eq!(found(&expected, &same), [""; 0]);
        let more = json!({ "Tags": [tag("a", "1"), tag("b", "3"), tag("c", "3")] });
        assert_eq!(found(&expected, &more), ["/Tags/1/Value NOT_EQUAL 3", r#"/Tags/2 ADD {"Key":"c","Value":"3"}"#]);
        let less = json!({ "Tags": [tag("b", "2")] });
        assert_eq!(found(&expected, &less), ["/Tags/0 REMOVE null"]);
    }

    #[test]
    fn secrets_are_not_compared() {
        let schema = resourcetypes::schema("AWS::SecretsManager::Secret").expect("carried");
        let properties = json!({ "Name": "s", "SecretString": "x", "Description": "{{resolve:ssm:name}}" });
        assert_eq!(expected(schema, &properties), json!({ "Name": "s" }));
    }
}
