//! On what a task runs: `launchType` or a capacity provider strategy. All of it is Fargate; nothing here has instances.

use super::invalid;
use crate::{ecs::clusters, state::Cluster};
use aws::{
    api::ecs::{CapacityProviderStrategyItem, LaunchType},
    fault::Fault,
};
use std::collections::BTreeMap;

/// How tasks of one call are shared out.
pub(crate) enum Capacity {
    /// The launch type `FARGATE`.
    Fargate,
    /// The cluster's capacity providers, by base and weight.
    Strategy(Vec<Share>),
}

/// One item of a strategy.
pub(crate) struct Share {
    provider: String,
    base: usize,
    weight: usize,
}

/// What is asked for: a launch type, a strategy, or else the cluster's default strategy. Nothing of it is asked for by who wants
/// instances, which there are none of.
///
/// # Errors
/// `InvalidParameterException`: both, or a strategy that does not hold.
pub(crate) fn check(
    cluster: &Cluster,
    launch_type: Option<LaunchType>,
    strategy: Option<&[CapacityProviderStrategyItem]>,
) -> Result<Option<Capacity>, Fault> {
    match (launch_type, strategy.unwrap_or_default()) {
        (Some(_), [_, ..]) => Err(invalid(
            "Specifying both a launch type and capacity provider strategy is not supported. Remove one and try again.",
        )),
        (Some(LaunchType::Fargate), []) => Ok(Some(Capacity::Fargate)),
        (None, []) if !cluster.default_capacity_provider_strategy.is_empty() => {
            shares(cluster, &cluster.default_capacity_provider_strategy).map(Some)
        }
        (None, strategy @ [_, ..]) => shares(cluster, strategy).map(Some),
        _ => Ok(None),
    }
}

/// A strategy as shares. A single provider gets everything, whatever its weight ("CapacityProviderStrategyItem", Amazon ECS
/// API Reference).
fn shares(cluster: &Cluster, items: &[CapacityProviderStrategyItem]) -> Result<Capacity, Fault> {
    let items = clusters::check_strategy(&cluster.capacity_providers, items.to_vec())?;
    let alone = items.len() == 1;
    let number = |value: Option<i32>| usize::try_from(value.unwrap_or(0)).unwrap_or(0);
    let share = |item: CapacityProviderStrategyItem| Share {
        provider: item.capacity_provider.unwrap_or_default(),
        base: number(item.base),
        weight: number(item.weight).max(usize::from(alone)),
    };
    let shares: Vec<Share> = items.into_iter().map(share).collect();
    if shares.iter().all(|share| share.weight == 0) {
        return Err(invalid(
            "At least one capacity provider in a capacity provider strategy must have a weight greater than 0.",
        ));
    }
    Ok(Capacity::Strategy(shares))
}

impl Capacity {
    /// The provider of each of `count` tasks: bases first, then whichever is furthest behind its weight.
    pub(super) fn share_out(&self, count: usize) -> Vec<Option<String>> {
        let mut given: BTreeMap<String, usize> = BTreeMap::new();
        let mut one = || {
            let provider = self.next(|provider| given.get(provider).copied().unwrap_or(0));
            provider.iter().for_each(|provider| *given.entry(provider.clone()).or_default() += 1);
            provider
        };
        (0..count).map(|_| one()).collect()
    }

    /// The provider of the next task, from how many tasks each has been given; none where a launch type was asked for.
    pub(crate) fn next(&self, given: impl Fn(&str) -> usize) -> Option<String> {
        let Self::Strategy(shares) = self else { return None };
        let given = |share: &Share| given(&share.provider);
        // The smaller of (given + 1) / weight, compared without a division.
        let order = |a: &&Share, b: &&Share| {
            let beyond_base = |share: &Share| given(share) + 1 - share.base.min(given(share));
            (beyond_base(a) * b.weight).cmp(&(beyond_base(b) * a.weight))
        };
        let below_base = shares.iter().find(|share| given(share) < share.base);
        let chosen = below_base.or_else(|| shares.iter().filter(|share| share.weight > 0).min_by(order));
        chosen.map(|share| share.provider.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn share(provider: &str, base: usize, weight: usize) -> Share {
        Share { provider: provider.to_owned(), base, weight }
    }

    #[test]
    fn bases_come_first_and_weights_share_the_rest() {
        let capacity = Capacity::Strategy(vec![share("FARGATE", 2, 1), share("FARGATE_SPOT", 0, 3)]);
        let counted = |count| {
            let out = capacity.share_out(count);
            let of = |name: &str| out.iter().flatten().filter(|provider| *provider == name).count();
            (of("FARGATE"), of("FARGATE_SPOT"))
        };
        assert_eq!([counted(1), counted(2), counted(6), counted(10)], [(1, 0), (2, 0), (3, 3), (4, 6)]);
        assert_eq!(Capacity::Fargate.share_out(2), [None, None]);
    }
}
