//! BatchGetSecretValue.

use super::{bad_token, filter, get, invalid};
use crate::Tx;
use aws::{
    api::secretsmanager::{
        APIErrorType, BatchGetSecretValueRequest, BatchGetSecretValueResponse, GetSecretValueRequest, SecretValueEntry,
    },
    fault::Fault,
    page::{Size, paginate},
};

/// Secrets on a page ("BatchGetSecretValue", AWS Secrets Manager API Reference).
const PAGE: Size = Size { default: 20, max: 20 };

/// The current values of the secrets that are listed, or that filters find. What can't be read is listed with the reason.
pub(super) fn get(tx: &mut Tx<'_>, request: BatchGetSecretValueRequest) -> Result<BatchGetSecretValueResponse, Fault> {
    let BatchGetSecretValueRequest { secret_id_list, filters, max_results, next_token } = request;
    let filters = filters.filter(|filters| !filters.is_empty());
    let (ids, next_token) = match (secret_id_list, filters) {
        (Some(_), Some(_)) | (None, None) => {
            return Err(invalid("Either 'SecretIdList' or 'Filters' must be provided, but not both."));
        }
        (Some(_), None) if max_results.is_some() => {
            return Err(invalid(
                "'Filters' not specified. 'Filters' must also be specified when 'MaxResults' is provided.",
            ));
        }
        (Some(ids), None) => (ids, None),
        (None, Some(filters)) => {
            let filters = filter::read(filters)?;
            let live = tx.state.secrets.iter().filter(|secret| secret.deletion.is_none());
            let names = live.filter(|secret| filters.fit(&tx.state, secret)).map(|secret| secret.name.clone());
            paginate(names, String::clone, max_results, next_token.as_deref(), PAGE).map_err(bad_token)?
        }
    };
    let (mut values, mut errors) = (Vec::new(), Vec::new());
    for id in ids {
        let one = GetSecretValueRequest { secret_id: id.clone(), version_id: None, version_stage: None };
        match get::get(tx, one) {
            Ok(found) => values.push(SecretValueEntry {
                arn: found.arn,
                name: found.name,
                version_id: found.version_id,
                secret_binary: found.secret_binary,
                secret_string: found.secret_string,
                version_stages: found.version_stages,
                created_date: found.created_date,
            }),
            Err(Fault { code, message, .. }) => errors.push(APIErrorType {
                secret_id: Some(id),
                error_code: Some(code.into_owned()),
                message: Some(message),
            }),
        }
    }
    Ok(BatchGetSecretValueResponse { secret_values: Some(values), next_token, errors: Some(errors) })
}
