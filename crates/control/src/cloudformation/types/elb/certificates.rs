//! AWS::ElasticLoadBalancingV2::ListenerCertificate.

use super::{
    super::{ResourceType, Wanted, ask, at, call, is_missing},
    items,
};
use crate::{Tx, View};
use aws::{api::elbv2::API, fault::Fault};
use serde_json::{Value, json};

/// AWS::ElasticLoadBalancingV2::ListenerCertificate: certificates of a listener beside its default one. They have no id of their own: it is
/// a made-up name.
pub(super) struct Certificates;

impl ResourceType for Certificates {
    fn create(&self, tx: &mut Tx<'_>, wanted: &Wanted<'_>) -> Result<String, Fault> {
        change(tx, "AddListenerCertificates", wanted.properties, arns(wanted.properties))?;
        Ok(wanted.made_up(255))
    }

    fn update(&self, tx: &mut Tx<'_>, _: &str, before: &Wanted<'_>, wanted: &Wanted<'_>) -> Result<(), Fault> {
        let (was, is) = (arns(before.properties), arns(wanted.properties));
        let without = |one: &[Value], other: &[Value]| one.iter().filter(|arn| !other.contains(arn)).cloned().collect();
        change(tx, "AddListenerCertificates", wanted.properties, without(&is, &was))?;
        change(tx, "RemoveListenerCertificates", wanted.properties, without(&was, &is))
    }

    fn delete(&self, tx: &mut Tx<'_>, _: &str, properties: &Value) -> Result<(), Fault> {
        change(tx, "RemoveListenerCertificates", properties, arns(properties))
    }

    fn attribute(&self, _: &View<'_>, id: &str, _: &Value, name: &str) -> Result<Option<Value>, Fault> {
        Ok((name == "Id").then(|| json!(id)))
    }

    /// Those of them that the listener has; without any it is not there.
    fn read(&self, view: &View<'_>, _: &str, properties: &Value) -> Result<Option<Value>, Fault> {
        let listener = &properties["ListenerArn"];
        let input = json!({ "ListenerArn": listener, "PageSize": 400 });
        let all = match ask(view, &API, "DescribeListenerCertificates", input) {
            Err(fault) if is_missing(&fault) => return Ok(None),
            answer => at(&answer?, "/Certificates"),
        };
        let has = |arn: &Value| {
            items(&all).any(|certificate| certificate["CertificateArn"] == *arn && certificate["IsDefault"] != true)
        };
        let there: Vec<Value> =
            arns(properties).into_iter().filter(has).map(|arn| json!({ "CertificateArn": arn })).collect();
        Ok((!there.is_empty()).then(|| json!({ "ListenerArn": listener, "Certificates": there })))
    }
}

fn arns(properties: &Value) -> Vec<Value> {
    items(&properties["Certificates"]).map(|certificate| certificate["CertificateArn"].clone()).collect()
}

/// Adds or removes certificates, if there are any.
fn change(tx: &mut Tx<'_>, operation: &str, of: &Value, arns: Vec<Value>) -> Result<(), Fault> {
    if arns.is_empty() {
        return Ok(());
    }
    let certificates: Value = arns.into_iter().map(|arn| json!({ "CertificateArn": arn })).collect();
    let input = json!({ "ListenerArn": of["ListenerArn"], "Certificates": certificates });
    call(tx, &API, operation, input).map(drop)
}
