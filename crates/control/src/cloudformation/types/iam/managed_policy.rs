//! AWS::IAM::ManagedPolicy. Its physical id is its ARN.

use super::{
    super::{ResourceType, Wanted, ask, at, call, text, words},
    holder::Holder,
};
use crate::{Tx, View};
use aws::{api::iam::API, doc::Timestamp, fault::Fault};
use serde_json::{Value, json};

/// AWS::IAM::ManagedPolicy.
pub(super) struct ManagedPolicy;

/// The versions that a policy may have at once ("IAM and AWS STS quotas", IAM User Guide).
const MOST: usize = 5;

impl ResourceType for ManagedPolicy {
    fn unsupported(&self) -> &'static [&'static str] {
        &["Groups/*"]
    }

    fn create(&self, tx: &mut Tx<'_>, wanted: &Wanted<'_>) -> Result<String, Fault> {
        let mut input = wanted.pick(&["Path", "Description"]);
        input.insert("PolicyName".to_owned(), json!(wanted.name("ManagedPolicyName", 128)));
        input.insert("PolicyDocument".to_owned(), words::document(wanted.get("PolicyDocument")));
        let arn = text(&call(tx, &API, "CreatePolicy", input.into())?, "/Policy/Arn")?;
        Holder::all(wanted.properties).iter().try_for_each(|holder| holder.attach(tx, &arn))?;
        Ok(arn)
    }

    fn update(&self, tx: &mut Tx<'_>, id: &str, before: &Wanted<'_>, wanted: &Wanted<'_>) -> Result<(), Fault> {
        if before.get("PolicyDocument") != wanted.get("PolicyDocument") {
            make_room(tx, id)?;
            let document = words::document(wanted.get("PolicyDocument"));
            let input = json!({ "PolicyArn": id, "PolicyDocument": document, "SetAsDefault": true });
            call(tx, &API, "CreatePolicyVersion", input)?;
        }
        let (old, new) = (Holder::all(before.properties), Holder::all(wanted.properties));
        old.iter().filter(|holder| !new.contains(holder)).try_for_each(|holder| holder.detach(tx, id))?;
        new.iter().filter(|holder| !old.contains(holder)).try_for_each(|holder| holder.attach(tx, id))
    }

    fn delete(&self, tx: &mut Tx<'_>, id: &str, properties: &Value) -> Result<(), Fault> {
        Holder::all(properties).iter().try_for_each(|holder| holder.detach(tx, id))?;
        for version in versions(&tx.view(), id)?.iter().filter(|version| !is_default(version)) {
            delete_version(tx, id, version)?;
        }
        call(tx, &API, "DeletePolicy", json!({ "PolicyArn": id })).map(drop)
    }

    fn attribute(&self, view: &View<'_>, id: &str, _: &Value, name: &str) -> Result<Option<Value>, Fault> {
        let policy = || -> Result<Value, Fault> {
            Ok(at(&ask(view, &API, "GetPolicy", json!({ "PolicyArn": id }))?, &format!("/Policy/{name}")))
        };
        Ok(match name {
            "PolicyArn" => Some(json!(id)),
            "AttachmentCount" | "DefaultVersionId" | "IsAttachable" | "PermissionsBoundaryUsageCount" | "PolicyId" => {
                Some(policy()?)
            }
            // Answers have moments as seconds.
            "CreateDate" | "UpdateDate" => {
                policy()?.as_f64().and_then(Timestamp::from_seconds).map(|moment| json!(moment.iso8601()))
            }
            _ => None,
        })
    }

    fn read(&self, view: &View<'_>, id: &str, properties: &Value) -> Result<Option<Value>, Fault> {
        let Some(policy) = view.state.iam_policies.iter().find(|policy| arn(view, policy) == id) else {
            return Ok(None);
        };
        let default = policy.versions.iter().find(|version| version.number == policy.default);
        let document = default.map(|version| words::tree(&json!(version.document)));
        let held = |holder: &Holder| holder.grants(view.state).is_some_and(|grants| grants.attached.contains(id));
        let holding = |property: &str, of: fn(&str) -> Holder| {
            let all = words::texts(properties.get(property));
            all.into_iter().filter(|one| held(&of(one))).collect::<Vec<_>>()
        };
        Ok(Some(json!({
            "ManagedPolicyName": policy.name,
            "Path": policy.path,
            "Description": policy.description,
            "PolicyDocument": document,
            "Roles": holding("Roles", Holder::role),
            "Users": holding("Users", Holder::user),
        })))
    }
}

fn arn(view: &View<'_>, policy: &crate::state::Policy) -> String {
    format!("arn:aws:iam::{}:policy{}{}", view.state.region.account, policy.path, policy.name)
}

/// A policy's versions, the newest first.
fn versions(view: &View<'_>, arn: &str) -> Result<Vec<Value>, Fault> {
    let answer = ask(view, &API, "ListPolicyVersions", json!({ "PolicyArn": arn }))?;
    Ok(at(&answer, "/Versions").as_array().cloned().unwrap_or_default())
}

fn is_default(version: &Value) -> bool {
    at(version, "/IsDefaultVersion") == true
}

fn delete_version(tx: &mut Tx<'_>, arn: &str, version: &Value) -> Result<(), Fault> {
    let input = json!({ "PolicyArn": arn, "VersionId": at(version, "/VersionId") });
    call(tx, &API, "DeletePolicyVersion", input).map(drop)
}

/// Deletes the oldest version that is not in use where there are as many as there may be.
fn make_room(tx: &mut Tx<'_>, arn: &str) -> Result<(), Fault> {
    let all = versions(&tx.view(), arn)?;
    match all.iter().rev().find(|version| !is_default(version)) {
        Some(oldest) if all.len() >= MOST => delete_version(tx, arn, oldest),
        _ => Ok(()),
    }
}
