//! Capacity providers of a cluster and its default strategy over them.

use super::invalid;
use aws::{api::ecs::CapacityProviderStrategyItem, fault::Fault};

/// The capacity providers there are. On neargate's hosts both are the same capacity.
const PROVIDERS: [&str; 2] = ["FARGATE", FARGATE_SPOT];
/// The one whose tasks may be interrupted.
pub(crate) const FARGATE_SPOT: &str = "FARGATE_SPOT";

/// Checks capacity providers and the strategy over them, and fills in the strategy's defaults.
///
/// # Errors
/// `InvalidParameterException` for a provider that is not there, or a strategy that does not go with the providers.
pub(crate) fn check(
    providers: &[String],
    strategy: Vec<CapacityProviderStrategyItem>,
) -> Result<Vec<CapacityProviderStrategyItem>, Fault> {
    if providers.iter().any(|provider| !PROVIDERS.contains(&provider.as_str())) {
        return Err(invalid(
            "The specified capacity provider was not found. Specify a valid name or ARN and try again.",
        ));
    }
    if !distinct(providers.iter()) {
        return Err(invalid("The specified capacity providers cannot contain duplicates."));
    }
    let names = || strategy.iter().filter_map(|item| item.capacity_provider.as_ref());
    if names().any(|name| !providers.contains(name)) {
        return Err(invalid(
            "The specified capacity provider strategy cannot contain a capacity provider that is not associated with the cluster. \
             Associate the capacity provider with the cluster or specify a valid capacity provider and try again.",
        ));
    }
    if !distinct(names()) {
        return Err(invalid("The specified capacity provider strategy cannot contain duplicate capacity providers."));
    }
    if strategy.iter().filter(|item| item.base.is_some_and(|base| base > 0)).count() > 1 {
        return Err(invalid(
            "The specified capacity provider strategy contains multiple capacity providers with a base value defined. \
             Only one capacity provider per strategy can have a base value defined.",
        ));
    }
    Ok(strategy.into_iter().map(complete).collect())
}

fn complete(item: CapacityProviderStrategyItem) -> CapacityProviderStrategyItem {
    let CapacityProviderStrategyItem { capacity_provider, weight, base } = item;
    CapacityProviderStrategyItem { capacity_provider, weight: weight.or(Some(0)), base: base.or(Some(0)) }
}

fn distinct<'a>(names: impl Iterator<Item = &'a String>) -> bool {
    let mut seen = Vec::new();
    for name in names {
        if seen.contains(&name) {
            return false;
        }
        seen.push(name);
    }
    true
}
