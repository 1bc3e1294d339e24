//! DescribeParameters.

use super::{DATA_TYPE, arn, bad_token, filter, history::key_id, invalid};
use crate::{
    State, View,
    state::{Parameter, ParameterVersion, Record},
};
use aws::{
    api::ssm::{
        DescribeParametersRequest, DescribeParametersResult, ParameterMetadata, ParameterStringFilter,
        ParametersFilter, ParametersFilterKey,
    },
    fault::Fault,
    page::{Size, paginate},
};

/// Parameters on a page ("DescribeParameters", AWS Systems Manager API Reference).
const PAGE: Size = Size { default: 50, max: 50 };

/// DescribeParameters: everything but the values.
pub(super) fn describe(view: &View<'_>, request: DescribeParametersRequest) -> Result<DescribeParametersResult, Fault> {
    let DescribeParametersRequest { filters, parameter_filters, max_results, next_token, shared } = request;
    let (old, new) = (filters.unwrap_or_default(), parameter_filters.unwrap_or_default());
    if !old.is_empty() && !new.is_empty() {
        return Err(invalid("You can use either Filters or ParameterFilters in a single request."));
    }
    let filters = filter::describe(&new.into_iter().chain(old.into_iter().map(modern)).collect::<Vec<_>>())?;
    // No other account shares anything with this one.
    let all = view.state.parameters.iter().filter(|_| shared != Some(true));
    let matching = all.filter_map(|parameter| Some((parameter, filters.version(view.state, parameter)?)));
    let key = |(parameter, _): &(&Parameter, &ParameterVersion)| parameter.key();
    let (page, next_token) = paginate(matching, key, max_results, next_token.as_deref(), PAGE).map_err(bad_token)?;
    let parameters = page.into_iter().map(|(parameter, version)| shape(view.state, parameter, version)).collect();
    Ok(DescribeParametersResult { parameters: Some(parameters), next_token })
}

/// A filter of the older form as one of the newer.
fn modern(filter: ParametersFilter) -> ParameterStringFilter {
    let ParametersFilter { key, values } = filter;
    let option = if key == ParametersFilterKey::Name { "BeginsWith" } else { "Equals" };
    ParameterStringFilter { key: key.as_str().to_owned(), option: Some(option.to_owned()), values: Some(values) }
}

fn shape(state: &State, parameter: &Parameter, version: &ParameterVersion) -> ParameterMetadata {
    ParameterMetadata {
        name: Some(parameter.name.clone()),
        arn: Some(arn(state, &version.parameter)),
        r#type: Some(version.kind),
        key_id: key_id(version),
        last_modified_date: Some(version.modified),
        last_modified_user: Some(version.modified_by.clone()),
        description: version.description.clone(),
        allowed_pattern: version.allowed_pattern.clone(),
        version: Some(version.version),
        tier: Some(version.tier),
        policies: Some(Vec::new()),
        data_type: Some(DATA_TYPE.to_owned()),
    }
}
