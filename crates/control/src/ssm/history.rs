//! GetParameterHistory.

use super::{DATA_TYPE, KEY_ID, bad_token, get, reference};
use crate::{
    View,
    state::{Parameter, ParameterVersion, Record},
};
use aws::{
    api::ssm::{GetParameterHistoryRequest, GetParameterHistoryResult, ParameterHistory, ParameterType},
    fault::Fault,
    page::{Size, paginate},
};

/// Versions on a page ("GetParameterHistory", AWS Systems Manager API Reference).
const PAGE: Size = Size { default: 50, max: 50 };

/// GetParameterHistory: the versions, oldest first.
pub(super) fn get(view: &View<'_>, request: GetParameterHistoryRequest) -> Result<GetParameterHistoryResult, Fault> {
    let GetParameterHistoryRequest { name, with_decryption, max_results, next_token } = request;
    let parameter = reference::parse(view.state, &name)?.parameter(view.state)?;
    let versions = reference::versions(view.state, Parameter::key_of(&parameter.name));
    let (page, next_token) =
        paginate(versions, |version| version.key(), max_results, next_token.as_deref(), PAGE).map_err(bad_token)?;
    let decrypt = with_decryption == Some(true);
    let parameters = page.into_iter().map(|version| shape(parameter, version, decrypt)).collect();
    Ok(GetParameterHistoryResult { parameters: Some(parameters), next_token })
}

fn shape(parameter: &Parameter, version: &ParameterVersion, decrypt: bool) -> ParameterHistory {
    ParameterHistory {
        name: Some(parameter.name.clone()),
        r#type: Some(version.kind),
        key_id: key_id(version),
        last_modified_date: Some(version.modified),
        last_modified_user: Some(version.modified_by.clone()),
        description: version.description.clone(),
        value: Some(get::value(version, decrypt)),
        allowed_pattern: version.allowed_pattern.clone(),
        version: Some(version.version),
        labels: Some(version.labels.clone()),
        tier: Some(version.tier),
        policies: Some(Vec::new()),
        data_type: Some(DATA_TYPE.to_owned()),
    }
}

/// The key that a version is encrypted with.
pub(super) fn key_id(version: &ParameterVersion) -> Option<String> {
    (version.kind == ParameterType::SecureString).then(|| KEY_ID.to_owned())
}
