//! LabelParameterVersion, UnlabelParameterVersion ("Working with parameter labels", AWS Systems Manager User Guide).

use super::reference;
use crate::{
    Tx,
    state::{Parameter, ParameterVersion, Record},
};
use aws::{
    api::ssm::{
        LabelParameterVersionRequest, LabelParameterVersionResult, UnlabelParameterVersionRequest,
        UnlabelParameterVersionResult,
    },
    fault::Fault,
};

/// Labels of a version.
const MOST: usize = 10;

/// LabelParameterVersion: a label that another version of the parameter has moves here. Labels that break the rules are listed.
pub(super) fn add(
    tx: &mut Tx<'_>,
    request: LabelParameterVersionRequest,
) -> Result<LabelParameterVersionResult, Fault> {
    let LabelParameterVersionRequest { name, parameter_version, labels } = request;
    let version = version(tx, &name, parameter_version)?;
    let (valid, invalid): (Vec<String>, Vec<String>) = labels.into_iter().partition(|label| is_label(label));
    let mut all = version.labels.clone();
    for label in &valid {
        if !all.contains(label) {
            all.push(label.clone());
        }
    }
    if all.len() > MOST {
        let message =
            "A parameter version can have maximum 10 labels.Move one or more labels to another version and try again.";
        return Err(Fault::new("ParameterVersionLabelLimitExceeded", message));
    }
    let others: Vec<String> = reference::versions(&tx.state, &version.parameter).into_iter().map(Record::key).collect();
    for other in others {
        tx.state.parameter_versions.update(&other, |other| other.labels.retain(|label| !valid.contains(label)));
    }
    tx.state.parameter_versions.update(&version.key(), |version| version.labels = all);
    Ok(LabelParameterVersionResult { invalid_labels: Some(invalid), parameter_version: Some(version.version) })
}

/// UnlabelParameterVersion: labels that the version does not have are listed.
pub(super) fn remove(
    tx: &mut Tx<'_>,
    request: UnlabelParameterVersionRequest,
) -> Result<UnlabelParameterVersionResult, Fault> {
    let UnlabelParameterVersionRequest { name, parameter_version, labels } = request;
    let version = version(tx, &name, Some(parameter_version))?;
    let (removed, invalid): (Vec<String>, Vec<String>) =
        labels.into_iter().partition(|label| version.labels.contains(label));
    tx.state
        .parameter_versions
        .update(&version.key(), |version| version.labels.retain(|label| !removed.contains(label)));
    Ok(UnlabelParameterVersionResult { removed_labels: Some(removed), invalid_labels: Some(invalid) })
}

/// The version that is meant; the latest where none is.
fn version(tx: &Tx<'_>, name: &str, number: Option<i64>) -> Result<ParameterVersion, Fault> {
    let parameter: &Parameter = reference::parse(&tx.state, name)?.parameter(&tx.state)?;
    reference::numbered(&tx.state, parameter, number.unwrap_or(parameter.latest)).cloned()
}

fn is_label(label: &str) -> bool {
    let letters = |c: char| c.is_ascii_alphanumeric() || "_.-".contains(c);
    let lower = label.to_ascii_lowercase();
    let reserved = lower.starts_with("aws") || lower.starts_with("ssm");
    label.chars().all(letters) && !reserved && !label.starts_with(|c: char| c.is_ascii_digit())
}
