//! AWS::ElasticLoadBalancingV2::ListenerRule.

use super::{
    super::{ResourceType, Wanted, ask, at, call, text},
    described, items,
    listener::read_actions,
    tags, update_tags,
};
use crate::{Tx, View};
use aws::{api::elbv2::API, fault::Fault};
use serde_json::{Value, json};

/// AWS::ElasticLoadBalancingV2::ListenerRule.
pub(super) struct Rule;

impl ResourceType for Rule {
    fn unsupported(&self) -> &'static [&'static str] {
        &[
            "Actions/*/AuthenticateCognitoConfig",
            "Actions/*/AuthenticateOidcConfig",
            "Actions/*/JwtValidationConfig",
            "Conditions/*/SourceIpConfig/IpAddressType",
        ]
    }

    fn create(&self, tx: &mut Tx<'_>, wanted: &Wanted<'_>) -> Result<String, Fault> {
        let mut input = wanted.pick(&["Actions", "Conditions", "ListenerArn", "Priority", "Transforms"]);
        input.insert("Tags".to_owned(), tags(wanted));
        text(&call(tx, &API, "CreateRule", input.into())?, "/Rules/0/RuleArn")
    }

    fn update(&self, tx: &mut Tx<'_>, id: &str, before: &Wanted<'_>, wanted: &Wanted<'_>) -> Result<(), Fault> {
        const SETTINGS: [&str; 3] = ["Actions", "Conditions", "Transforms"];
        if before.pick(&SETTINGS) != wanted.pick(&SETTINGS) {
            let mut input = wanted.pick(&SETTINGS);
            input.insert("RuleArn".to_owned(), json!(id));
            if wanted.get("Transforms").is_none() && before.get("Transforms").is_some() {
                input.insert("ResetTransforms".to_owned(), json!(true));
            }
            call(tx, &API, "ModifyRule", input.into())?;
        }
        if before.get("Priority") != wanted.get("Priority") {
            let moved = json!([{ "RuleArn": id, "Priority": wanted.get("Priority") }]);
            call(tx, &API, "SetRulePriorities", json!({ "RulePriorities": moved }))?;
        }
        update_tags(tx, id, before, wanted)
    }

    fn delete(&self, tx: &mut Tx<'_>, id: &str, _: &Value) -> Result<(), Fault> {
        call(tx, &API, "DeleteRule", json!({ "RuleArn": id })).map(drop)
    }

    fn attribute(&self, view: &View<'_>, id: &str, _: &Value, name: &str) -> Result<Option<Value>, Fault> {
        Ok(match name {
            "RuleArn" => Some(json!(id)),
            "IsDefault" => {
                Some(at(&ask(view, &API, "DescribeRules", json!({ "RuleArns": [id] }))?, "/Rules/0/IsDefault"))
            }
            _ => None,
        })
    }

    fn read(&self, view: &View<'_>, id: &str, properties: &Value) -> Result<Option<Value>, Fault> {
        let found = described(view, "DescribeRules", json!({ "RuleArns": [id] }), "Rules")?;
        Ok(found.map(|rule| {
            json!({
                "ListenerArn": properties["ListenerArn"],
                "Priority": rule["Priority"].as_str().and_then(|number| number.parse::<u16>().ok()),
                "Conditions": read_conditions(&rule["Conditions"], &properties["Conditions"]),
                "Transforms": rule["Transforms"],
                "Actions": read_actions(&rule["Actions"], &properties["Actions"]),
            })
        }))
    }
}

/// Conditions as they are, each in the one of two ways of naming its values in which a template has it.
fn read_conditions(now: &Value, written: &Value) -> Value {
    let condition = |(place, condition): (usize, &Value)| {
        let mut condition = condition.clone();
        let as_written = items(written).nth(place).filter(|one| one["Field"] == condition["Field"]);
        if let (Some(members), Some(written)) = (condition.as_object_mut(), as_written) {
            members.retain(|name, _| written.get(name).is_some_and(|value| !value.is_null()));
        }
        condition
    };
    items(now).enumerate().map(condition).collect()
}
