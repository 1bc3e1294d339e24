//! What functions and types see while a stack is made: the resources as they are, other stacks' exports, dynamic references.

use super::super::types::{self, ask, at, call};
use crate::{
    Tx, View,
    state::{Applied, StackResource, exports},
};
use aws::api::{secretsmanager, ssm};
use serde_json::{Value, json};
use template::{DynamicReference, DynamicService, Error, Lookup};

/// A stack's resources as they are.
pub(in crate::cloudformation) struct Live<'a, 'v> {
    /// The state.
    pub(in crate::cloudformation) view: &'a View<'v>,
    /// The stack's ARN.
    pub(in crate::cloudformation) stack: &'a str,
    /// Only resources that this operation, or a later one, has brought to what is wanted are known.
    pub(in crate::cloudformation) settled_in: u64,
}

impl Live<'_, '_> {
    fn find(&self, logical_id: &str) -> Option<(&StackResource, &str)> {
        let resource = self.view.state.stack_resources.get(&StackResource::key_of(self.stack, logical_id))?;
        (resource.settled_in >= self.settled_in).then_some((resource, resource.physical_id.as_deref()?))
    }
}

impl Lookup for Live<'_, '_> {
    fn reference(&self, logical_id: &str) -> Option<Value> {
        let (resource, id) = self.find(logical_id)?;
        Some(types::find(&resource.kind)?.reference(self.view, id, &resource.applied.properties))
    }

    fn attribute(&self, logical_id: &str, name: &str) -> Result<Option<Value>, Error> {
        let Some((resource, id)) = self.find(logical_id) else { return Ok(None) };
        let Some(found) = types::find(&resource.kind) else { return Ok(None) };
        let value = found.attribute(self.view, id, &resource.applied.properties, name);
        let value = value.map_err(|fault| Error::new(format!("{}: {}", fault.code, fault.message)))?;
        let missing =
            || Error::new(format!("Requested attribute {name} does not exist in schema for {}", resource.kind));
        value.ok_or_else(missing).map(Some)
    }

    fn import(&self, export: &str) -> Result<Option<Value>, Error> {
        let found = exports(&self.view.state.stacks).find(|(name, _)| *name == export);
        let found = found.map(|(_, (_, output))| Value::from(output.value.clone()));
        found.ok_or_else(|| Error::new(format!("No export named {export} found"))).map(Some)
    }
}

/// Properties with their dynamic references replaced by what these stand for now: for a call of a service, and never kept.
///
/// # Errors
/// What a reference stands for is not there.
pub(super) fn revealed(tx: &mut Tx<'_>, applied: &Applied) -> Result<Value, Error> {
    template::resolve_dynamic(&applied.properties, &mut |reference| match reference.service {
        DynamicService::Ssm => parameter(tx, reference, false),
        DynamicService::SsmSecure => parameter(tx, reference, true),
        DynamicService::SecretsManager => secret(tx, reference),
    })
}

/// A parameter's value ("Get a plaintext value from Systems Manager Parameter Store", "Get a secure string value …").
fn parameter(tx: &Tx<'_>, reference: &DynamicReference, secure: bool) -> Result<String, Error> {
    let version = reference.version.as_ref().map(|version| format!(":{version}")).unwrap_or_default();
    let name = format!("{}{version}", reference.id);
    let answer = ask(&tx.view(), &ssm::API, "GetParameter", json!({ "Name": name, "WithDecryption": secure }));
    let answer = answer.map_err(|_| Error::new(format!("Parameters: [{name}] cannot be found.")))?;
    if (at(&answer, "/Parameter/Type") == "SecureString") != secure {
        let (right, wrong) = if secure { ("ssm", "ssm-secure") } else { ("ssm-secure", "ssm") };
        return Err(Error::new(format!("{name} can't be read as {wrong}; use {{{{resolve:{right}:{name}}}}}")));
    }
    Ok(at(&answer, "/Parameter/Value").as_str().unwrap_or_default().to_owned())
}

/// A secret's value, or that of one of its keys ("Get a secret or secret value from Secrets Manager").
fn secret(tx: &mut Tx<'_>, reference: &DynamicReference) -> Result<String, Error> {
    let input =
        json!({ "SecretId": reference.id, "VersionStage": reference.version_stage, "VersionId": reference.version });
    let answer = call(tx, &secretsmanager::API, "GetSecretValue", input);
    let answer = answer.map_err(|fault| Error::new(fault.message))?;
    let value = at(&answer, "/SecretString").as_str().unwrap_or_default().to_owned();
    let Some(key) = &reference.json_key else { return Ok(value) };
    let parsed: Value = serde_json::from_str(&value).map_err(|_| Error::new("Could not parse SecretString JSON"))?;
    match parsed.get(key) {
        Some(Value::String(text)) => Ok(text.clone()),
        Some(other) => Ok(other.to_string()),
        None => Err(Error::new("Could not find a value associated with JSONKey in SecretString")),
    }
}
