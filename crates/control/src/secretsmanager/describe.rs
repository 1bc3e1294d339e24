//! DescribeSecret.

use super::{arn, find, tags, version};
use crate::View;
use aws::{
    api::secretsmanager::{DescribeSecretRequest, DescribeSecretResponse},
    fault::Fault,
};

/// Everything of a secret but its value.
pub(super) fn describe(view: &View<'_>, request: DescribeSecretRequest) -> Result<DescribeSecretResponse, Fault> {
    let DescribeSecretRequest { secret_id } = request;
    let secret = find::any(view.state, &secret_id)?;
    Ok(DescribeSecretResponse {
        arn: Some(arn(view.state, secret)),
        name: Some(secret.name.clone()),
        description: secret.description.clone(),
        last_changed_date: Some(secret.changed),
        last_accessed_date: secret.accessed,
        deleted_date: secret.deletion.map(|deletion| deletion.due),
        tags: tags::shown(secret),
        version_ids_to_stages: Some(version::stages(view.state, &secret.name)).filter(|stages| !stages.is_empty()),
        created_date: Some(secret.created),
        ..DescribeSecretResponse::default()
    })
}
