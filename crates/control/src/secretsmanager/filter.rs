//! Filters of ListSecrets and BatchGetSecretValue ("Find secrets in AWS Secrets Manager", AWS Secrets Manager User Guide).

use super::invalid;
use crate::{State, state::Secret};
use aws::{
    api::secretsmanager::{Filter as Shape, FilterNameStringType as Key},
    fault::Fault,
};

/// Filters that were checked. All must fit.
pub(super) struct Filters(Vec<(Key, Vec<String>)>);

/// Checks filters.
///
/// # Errors
/// `InvalidParameterException` for one without a key or without values.
pub(super) fn read(filters: Vec<Shape>) -> Result<Filters, Fault> {
    let one = |Shape { key, values }: Shape| match (key, values.filter(|values| !values.is_empty())) {
        (Some(key), Some(values)) => Ok((key, values)),
        (None, _) => Err(invalid("A filter needs a Key.")),
        (Some(key), None) => Err(invalid(format!("The filter {key} needs Values."))),
    };
    filters.into_iter().map(one).collect::<Result<_, _>>().map(Filters)
}

impl Filters {
    /// Whether a secret fits every filter: one of its values, or none of those that begin with an exclamation mark.
    pub(super) fn fit(&self, state: &State, secret: &Secret) -> bool {
        self.0.iter().all(|(key, values)| {
            values.iter().any(|value| match value.strip_prefix('!') {
                Some(not) => !fits(state, secret, *key, not),
                None => fits(state, secret, *key, value),
            })
        })
    }
}

fn fits(state: &State, secret: &Secret, key: Key, value: &str) -> bool {
    let begins = |text: &str| text.starts_with(value);
    let description = secret.description.as_deref().unwrap_or_default();
    match key {
        Key::Name => begins(&secret.name),
        Key::Description => description.to_lowercase().starts_with(&value.to_lowercase()),
        Key::TagKey => secret.tags.keys().any(|key| begins(key)),
        Key::TagValue => secret.tags.values().any(|value| begins(value)),
        // There are no replicas, so every secret's primary region is this one; no other service owns any.
        Key::PrimaryRegion => begins(&state.region.name),
        Key::OwningService => false,
        Key::All => value.split_whitespace().all(|word| {
            let holds = |text: &str| text.to_lowercase().contains(&word.to_lowercase());
            let tags = secret.tags.iter();
            holds(&secret.name) || holds(description) || tags.into_iter().any(|(key, value)| holds(key) || holds(value))
        }),
    }
}
