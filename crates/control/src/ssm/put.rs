//! PutParameter.

use super::{DATA_TYPE, KEY_ID, invalid, name, reference, tags, tier, unsupported};
use crate::{
    Tx,
    state::{Hidden, Parameter, ParameterVersion, Record, Tags},
};
use aws::{
    api::ssm::{ParameterType, PutParameterRequest, PutParameterResult},
    doc::Doc,
    fault::Fault,
};
use regex::RegexBuilder;

/// "AWS Systems Manager endpoints and quotas": parameters of the standard tier in a region, versions of a parameter.
const MOST_PARAMETERS: usize = 10_000;
const MOST_VERSIONS: usize = 100;
/// Bytes a compiled pattern may take.
const PATTERN_SIZE: usize = 1 << 20;
/// What all ciphertexts of AWS KMS begin with.
const CIPHERTEXT: [u8; 5] = [0x01, 0x02, 0x02, 0x00, 0x78];

/// Puts a parameter, or its next version.
pub(super) fn put(tx: &mut Tx<'_>, request: PutParameterRequest) -> Result<PutParameterResult, Fault> {
    let PutParameterRequest {
        name,
        description,
        value,
        r#type,
        key_id,
        overwrite,
        allowed_pattern,
        tags,
        tier,
        policies,
        data_type,
    } = request;
    if policies.is_some() {
        return Err(unsupported("Policies"));
    }
    name::check(&tx.state, &name)?;
    check_data_type(data_type.as_deref().unwrap_or(DATA_TYPE))?;
    let overwrite = overwrite.unwrap_or(false);
    let tags = tags::checked(tags.unwrap_or_default())?;
    if overwrite && !tags.is_empty() {
        return Err(invalid(
            "Invalid request: tags and overwrite can't be used together. To create a parameter with tags, please remove overwrite \
             flag. To update tags for an existing parameter, please use AddTagsToResource or RemoveTagsFromResource.",
        ));
    }
    let key = Parameter::key_of(&name).to_owned();
    let parameter = tx.state.parameters.get(&key).cloned();
    if parameter.is_some() && !overwrite {
        let message =
            "The parameter already exists. To overwrite this value, set the overwrite option in the request to true.";
        return Err(Fault::new("ParameterAlreadyExists", message));
    }
    let last = match &parameter {
        Some(parameter) => Some(reference::numbered(&tx.state, parameter, parameter.latest)?.clone()),
        None => None,
    };
    let last = last.as_ref();
    let kind = kind(&name, r#type, last)?;
    check_key(tx, kind, key_id.as_deref())?;
    check_value(&value, kind)?;
    let tier = tier::choose(tier, last.map(|last| last.tier), value.len())?;
    let allowed_pattern =
        allowed_pattern.or_else(|| last?.allowed_pattern.clone()).filter(|pattern| !pattern.is_empty());
    if let Some(pattern) = &allowed_pattern {
        check_pattern(pattern, &value)?;
    }
    let parameter = match parameter {
        Some(parameter) => next(tx, parameter)?,
        None => first(tx, name, tags)?,
    };
    let version = ParameterVersion {
        parameter: key,
        version: parameter.latest,
        kind,
        value: Hidden(value),
        ciphertext: (kind == ParameterType::SecureString).then(|| ciphertext(tx)),
        description: description.or_else(|| last?.description.clone()),
        allowed_pattern,
        tier,
        labels: Vec::new(),
        modified: tx.now,
        modified_by: format!("arn:aws:iam::{}:root", tx.state.region.account),
    };
    tx.state.parameters.put(parameter);
    let result = PutParameterResult { version: Some(version.version), tier: Some(tier) };
    tx.state.parameter_versions.put(version);
    Ok(result)
}

/// A parameter with one version more.
fn next(tx: &mut Tx<'_>, parameter: Parameter) -> Result<Parameter, Fault> {
    make_room(tx, &parameter)?;
    Ok(Parameter { latest: parameter.latest + 1, ..parameter })
}

/// A parameter with its first version.
fn first(tx: &Tx<'_>, name: String, tags: Tags) -> Result<Parameter, Fault> {
    if tx.state.parameters.len() >= MOST_PARAMETERS {
        let message = format!("You have reached the limit of {MOST_PARAMETERS} parameters.");
        return Err(Fault::new("ParameterLimitExceeded", message));
    }
    Ok(Parameter { name, latest: 1, tags })
}

fn check_data_type(data_type: &str) -> Result<(), Fault> {
    match data_type {
        DATA_TYPE | "" => Ok(()),
        "aws:ec2:image" | "aws:ssm:integration" => Err(unsupported(&format!("DataType {data_type}"))),
        other => Err(invalid(format!(
            "The following data type is not supported: {other} (Data type names are all lowercase.)"
        ))),
    }
}

/// The type of a new version. In a hierarchy it never changes.
fn kind(name: &str, asked: Option<ParameterType>, last: Option<&ParameterVersion>) -> Result<ParameterType, Fault> {
    let before = last.map(|last| last.kind);
    match (asked, before) {
        (None, None) => Err(invalid("A parameter type is required when you create a parameter.")),
        (Some(asked), Some(before)) if asked != before && name.contains('/') => Err(Fault::new(
            "HierarchyTypeMismatchException",
            format!(
                "Parameter Store does not support changing a parameter type in a hierarchy. For example, you can't change a \
                 parameter from a {before} type to a {asked} type. You must create a new, unique parameter."
            ),
        )),
        (Some(kind), _) | (None, Some(kind)) => Ok(kind),
    }
}

fn check_key(tx: &Tx<'_>, kind: ParameterType, key_id: Option<&str>) -> Result<(), Fault> {
    let Some(key_id) = key_id else { return Ok(()) };
    if kind != ParameterType::SecureString {
        return Err(invalid("KeyId is required for SecureString type parameter only."));
    }
    match key_id == KEY_ID || key_id == tx.state.region.arn("kms", KEY_ID) {
        true => Ok(()),
        false => {
            Err(Fault::new("InvalidKeyId", format!("KeyId {key_id} does not exist: neargate has {KEY_ID} alone.")))
        }
    }
}

fn check_value(value: &str, kind: ParameterType) -> Result<(), Fault> {
    if value.is_empty() {
        return Err(invalid(
            "1 validation error detected: Value at 'value' failed to satisfy constraint: \
             Member must have length greater than or equal to 1.",
        ));
    }
    if value.split_once("{{").is_none_or(|(_, rest)| !rest.contains("}}")) {
        return Ok(());
    }
    let why = "Parameter value can't nest another parameter. Do not use \"{{}}\" in the value.";
    match kind {
        ParameterType::SecureString => Err(invalid(why)),
        _ => Err(invalid(format!("Parameter value: '{value}' failed to satisfy constraint: {why}"))),
    }
}

/// Holds the whole of a value against a pattern.
fn check_pattern(pattern: &str, value: &str) -> Result<(), Fault> {
    let whole = RegexBuilder::new(&format!(r"\A(?:{pattern})\z")).size_limit(PATTERN_SIZE).build().map_err(|_| {
        let message = format!("The allowedPattern {pattern} is not a regular expression that can be used.");
        Fault::new("InvalidAllowedPatternException", message)
    })?;
    match whole.is_match(value) {
        true => Ok(()),
        false => Err(Fault::new(
            "ParameterPatternMismatchException",
            format!("Parameter value, cannot be validated against allowedPattern: {pattern}"),
        )),
    }
}

/// Drops the oldest version where there are as many as there may be, unless it has a label.
fn make_room(tx: &mut Tx<'_>, parameter: &Parameter) -> Result<(), Fault> {
    let versions = reference::versions(&tx.state, Parameter::key_of(&parameter.name));
    let Some(oldest) = versions.first().filter(|_| versions.len() >= MOST_VERSIONS) else { return Ok(()) };
    if !oldest.labels.is_empty() {
        let message = format!(
            "You attempted to create a new version of {} by calling the PutParameter API with the overwrite flag. Version {}, the \
             oldest version, can't be deleted because it has a label associated with it. Move the label to another version of the \
             parameter, and try again.",
            parameter.name, oldest.version
        );
        return Err(Fault::new("ParameterMaxVersionLimitExceeded", message));
    }
    let key = oldest.key();
    tx.state.parameter_versions.remove(&key);
    Ok(())
}

/// What stands in a value's place: looks like a ciphertext of AWS KMS, and tells nothing of the value, not even its length.
fn ciphertext(tx: &mut Tx<'_>) -> String {
    let random = (0..20).flat_map(|_| tx.draw().to_be_bytes());
    Doc::base64(&CIPHERTEXT.into_iter().chain(random).collect::<Vec<u8>>())
}
