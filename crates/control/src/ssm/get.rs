//! GetParameter, GetParameters, GetParametersByPath.

use super::{DATA_TYPE, arn, bad_token, filter, name, reference};
use crate::{
    State, View,
    state::{Parameter, ParameterVersion},
};
use aws::{
    api::ssm::{
        self, GetParameterRequest, GetParameterResult, GetParametersByPathRequest, GetParametersByPathResult,
        GetParametersRequest, GetParametersResult,
    },
    fault::Fault,
    page::{Size, paginate},
};
use std::collections::BTreeSet;

/// Parameters on a page ("GetParametersByPath", AWS Systems Manager API Reference).
const PAGE: Size = Size { default: 10, max: 10 };

/// GetParameter.
pub(super) fn one(view: &View<'_>, request: GetParameterRequest) -> Result<GetParameterResult, Fault> {
    let GetParameterRequest { name, with_decryption } = request;
    let parameter = named(view.state, &name, with_decryption == Some(true))?;
    Ok(GetParameterResult { parameter: Some(parameter) })
}

/// GetParameters: what can't be had is listed, and nothing else is said of it.
pub(super) fn several(view: &View<'_>, request: GetParametersRequest) -> Result<GetParametersResult, Fault> {
    let GetParametersRequest { names, with_decryption } = request;
    let (mut parameters, mut invalid, mut seen) = (Vec::new(), Vec::new(), BTreeSet::new());
    for name in names {
        match named(view.state, &name, with_decryption == Some(true)) {
            _ if !seen.insert(name.clone()) => {}
            Ok(parameter) => parameters.push(parameter),
            Err(_) => invalid.push(name),
        }
    }
    Ok(GetParametersResult { parameters: Some(parameters), invalid_parameters: Some(invalid) })
}

/// GetParametersByPath.
pub(super) fn by_path(
    view: &View<'_>,
    request: GetParametersByPathRequest,
) -> Result<GetParametersByPathResult, Fault> {
    let GetParametersByPathRequest { path, recursive, parameter_filters, with_decryption, max_results, next_token } =
        request;
    let filters = filter::by_path(&parameter_filters.unwrap_or_default())?;
    let (path, recursive) = (name::path(&path)?, recursive == Some(true));
    let below = view.state.parameters.prefixed(&path).filter_map(|parameter| {
        let key = Parameter::key_of(&parameter.name);
        let version = filters.version(view.state, parameter)?;
        name::is_below(key, &path, recursive).then_some((parameter, version))
    });
    let key = |(parameter, _): &(&Parameter, &ParameterVersion)| Parameter::key_of(&parameter.name).to_owned();
    let (page, next_token) = paginate(below, key, max_results, next_token.as_deref(), PAGE).map_err(bad_token)?;
    let decrypt = with_decryption == Some(true);
    let parameters = page.into_iter().map(|(parameter, version)| shape(view.state, parameter, version, decrypt));
    Ok(GetParametersByPathResult { parameters: Some(parameters.collect()), next_token })
}

fn named(state: &State, name: &str, decrypt: bool) -> Result<ssm::Parameter, Fault> {
    let reference = reference::parse(state, name)?;
    let (parameter, version) = reference.version(state)?;
    let selector = reference.selector.map(|selector| format!(":{selector}"));
    Ok(ssm::Parameter { selector, ..shape(state, parameter, version, decrypt) })
}

fn shape(state: &State, parameter: &Parameter, version: &ParameterVersion, decrypt: bool) -> ssm::Parameter {
    ssm::Parameter {
        name: Some(parameter.name.clone()),
        r#type: Some(version.kind),
        value: Some(value(version, decrypt)),
        version: Some(version.version),
        last_modified_date: Some(version.modified),
        arn: Some(arn(state, &version.parameter)),
        data_type: Some(DATA_TYPE.to_owned()),
        ..ssm::Parameter::default()
    }
}

/// A version's value, or the ciphertext of one that is not to be decrypted.
pub(super) fn value(version: &ParameterVersion, decrypt: bool) -> String {
    version.ciphertext.as_ref().filter(|_| !decrypt).unwrap_or(&version.value.0).clone()
}
