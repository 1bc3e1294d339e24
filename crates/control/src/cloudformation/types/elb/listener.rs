//! AWS::ElasticLoadBalancingV2::Listener.

use super::{
    super::{ResourceType, Wanted, call, text},
    described, exists, items, read_attributes, set_attributes, tags, update_tags,
};
use crate::{Tx, View};
use aws::{api::elbv2::API, fault::Fault};
use serde_json::{Map, Value, json};

/// What both making and changing a listener take; the operations call it the same.
const SETTINGS: [&str; 7] =
    ["AlpnPolicy", "Certificates", "DefaultActions", "MutualAuthentication", "Port", "Protocol", "SslPolicy"];

/// AWS::ElasticLoadBalancingV2::Listener.
pub(super) struct Listener;

impl ResourceType for Listener {
    fn unsupported(&self) -> &'static [&'static str] {
        &[
            "DefaultActions/*/AuthenticateCognitoConfig",
            "DefaultActions/*/AuthenticateOidcConfig",
            "DefaultActions/*/JwtValidationConfig",
            "MutualAuthentication/AdvertiseTrustStoreCaNames",
            "MutualAuthentication/IgnoreClientCertificateExpiry",
            "MutualAuthentication/TrustStoreArn",
        ]
    }

    fn create(&self, tx: &mut Tx<'_>, wanted: &Wanted<'_>) -> Result<String, Fault> {
        let mut input = wanted.pick(&SETTINGS);
        input.extend(wanted.pick(&["LoadBalancerArn"]));
        input.insert("Tags".to_owned(), tags(wanted));
        let before = tx.state.listeners.len();
        let made = call(tx, &API, "CreateListener", input.into())?;
        let arn = text(&made, "/Listeners/0/ListenerArn")?;
        if tx.state.listeners.len() == before {
            return Err(exists("Listener", &arn));
        }
        attributes(tx, &arn, None, wanted)?;
        Ok(arn)
    }

    /// What a template has no longer is what it would have been made with.
    fn update(&self, tx: &mut Tx<'_>, id: &str, before: &Wanted<'_>, wanted: &Wanted<'_>) -> Result<(), Fault> {
        if before.pick(&SETTINGS) != wanted.pick(&SETTINGS) {
            let mut input = wanted.pick(&SETTINGS);
            let secure = matches!(wanted.text("Protocol"), Some("HTTPS" | "TLS"));
            if secure && before.get("SslPolicy").is_some() {
                input.entry("SslPolicy").or_insert_with(|| json!("ELBSecurityPolicy-2016-08"));
            }
            if wanted.text("Protocol") == Some("TLS") && before.get("AlpnPolicy").is_some() {
                input.entry("AlpnPolicy").or_insert_with(|| json!(["None"]));
            }
            input.insert("ListenerArn".to_owned(), json!(id));
            call(tx, &API, "ModifyListener", input.into())?;
        }
        attributes(tx, id, Some(before), wanted)?;
        update_tags(tx, id, before, wanted)
    }

    fn delete(&self, tx: &mut Tx<'_>, id: &str, _: &Value) -> Result<(), Fault> {
        call(tx, &API, "DeleteListener", json!({ "ListenerArn": id })).map(drop)
    }

    fn attribute(&self, _: &View<'_>, id: &str, _: &Value, name: &str) -> Result<Option<Value>, Fault> {
        Ok((name == "ListenerArn").then(|| json!(id)))
    }

    fn read(&self, view: &View<'_>, id: &str, properties: &Value) -> Result<Option<Value>, Fault> {
        let found = described(view, "DescribeListeners", json!({ "ListenerArns": [id] }), "Listeners")?;
        let Some(found) = found else { return Ok(None) };
        let mut read: Map<String, Value> =
            SETTINGS.iter().map(|name| ((*name).to_owned(), found[*name].clone())).collect();
        read.insert("LoadBalancerArn".to_owned(), found["LoadBalancerArn"].clone());
        let input = json!({ "ListenerArn": id });
        let attributes = read_attributes(view, "DescribeListenerAttributes", input, &properties["ListenerAttributes"])?;
        read.insert("ListenerAttributes".to_owned(), attributes);
        let actions = read_actions(&found["DefaultActions"], &properties["DefaultActions"]);
        read.insert("DefaultActions".to_owned(), actions);
        Ok(Some(read.into()))
    }
}

fn attributes(tx: &mut Tx<'_>, arn: &str, before: Option<&Wanted<'_>>, wanted: &Wanted<'_>) -> Result<(), Fault> {
    let of = ("ListenerArn", arn);
    set_attributes(tx, "ModifyListenerAttributes", of, "ListenerAttributes", before, wanted)
}

/// Actions as they are, in the one of the two ways of naming a single target group in which a template has it.
pub(super) fn read_actions(now: &Value, written: &Value) -> Value {
    let action = |(place, action): (usize, &Value)| {
        let (mut action, as_written) = (action.clone(), items(written).nth(place));
        if let (Some(members), Some(written)) = (action.as_object_mut(), as_written) {
            let weighted = written.get("ForwardConfig").is_some_and(|config| !config.is_null());
            if members.get("TargetGroupArn").is_some_and(|group| !group.is_null()) {
                match (weighted, written["TargetGroupArn"].is_string()) {
                    (false, _) => drop(members.remove("ForwardConfig")),
                    (true, false) => drop(members.remove("TargetGroupArn")),
                    (true, true) => {}
                }
            }
        }
        action
    };
    items(now).enumerate().map(action).collect()
}
