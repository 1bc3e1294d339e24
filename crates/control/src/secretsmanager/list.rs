//! ListSecrets.

use super::{arn, bad_token, filter, tags, version};
use crate::{State, View, state::Secret};
use aws::{
    api::secretsmanager::{ListSecretsRequest, ListSecretsResponse, SecretListEntry, SortByType, SortOrderType},
    fault::Fault,
    page::{Size, descending, paginate},
};

/// Secrets on a page ("ListSecrets", AWS Secrets Manager API Reference).
const PAGE: Size = Size { default: 100, max: 100 };

/// Secrets, the newest first where nothing else is asked for.
pub(super) fn list(view: &View<'_>, request: ListSecretsRequest) -> Result<ListSecretsResponse, Fault> {
    let ListSecretsRequest { include_planned_deletion, max_results, next_token, filters, sort_order, sort_by } =
        request;
    let filters = filter::read(filters.unwrap_or_default())?;
    let shown = |secret: &&Secret| include_planned_deletion == Some(true) || secret.deletion.is_none();
    let matching = view.state.secrets.iter().filter(shown).filter(|secret| filters.fit(view.state, secret));
    let down = sort_order.unwrap_or(SortOrderType::Desc) == SortOrderType::Desc;
    let key = |secret: &&Secret| {
        let date = match sort_by.unwrap_or(SortByType::CreatedDate) {
            SortByType::Name => None,
            SortByType::CreatedDate => Some(secret.created),
            SortByType::LastChangedDate => Some(secret.changed),
            SortByType::LastAccessedDate => Some(secret.accessed.unwrap_or_default()),
        };
        let date = date.map(|date| format!("{:016}", date.millis)).unwrap_or_default();
        let key = date + &secret.name;
        if down { descending(&key) } else { key }
    };
    let (page, next_token) = paginate(matching, key, max_results, next_token.as_deref(), PAGE).map_err(bad_token)?;
    let secrets = page.into_iter().map(|secret| entry(view.state, secret)).collect();
    Ok(ListSecretsResponse { secret_list: Some(secrets), next_token })
}

fn entry(state: &State, secret: &Secret) -> SecretListEntry {
    SecretListEntry {
        arn: Some(arn(state, secret)),
        name: Some(secret.name.clone()),
        description: secret.description.clone(),
        last_changed_date: Some(secret.changed),
        last_accessed_date: secret.accessed,
        deleted_date: secret.deletion.map(|deletion| deletion.asked),
        tags: tags::shown(secret),
        secret_versions_to_stages: Some(version::stages(state, &secret.name)).filter(|stages| !stages.is_empty()),
        created_date: Some(secret.created),
        ..SecretListEntry::default()
    }
}
