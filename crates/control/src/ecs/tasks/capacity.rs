//! On what a task runs: `launchType` or a capacity provider strategy. All of it is Fargate; nothing here has instances.

use super::invalid;
use crate::{ecs::clusters, state::Cluster};
use aws::{
    api::ecs::{CapacityProviderStrategyItem, LaunchType, RunTaskRequest},
    fault::Fault,
};

/// How tasks of one call are shared out.
pub(super) enum Capacity {
    /// The launch type `FARGATE`.
    Fargate,
    /// The cluster's capacity providers, by base and weight.
    Strategy(Vec<Share>),
}

/// One item of a strategy.
pub(super) struct Share {
    provider: String,
    base: usize,
    weight: usize,
}

/// What a call asks for: its launch type, its strategy, or else the cluster's default strategy.
///
/// # Errors
/// `InvalidParameterException`: both, neither, an instance, or a strategy that does not hold.
pub(super) fn check(cluster: &Cluster, request: &RunTaskRequest) -> Result<Capacity, Fault> {
    let strategy = request.capacity_provider_strategy.as_deref().unwrap_or_default();
    match (request.launch_type, strategy) {
        (Some(_), [_, ..]) => Err(invalid(
            "Specifying both a launch type and capacity provider strategy is not supported. Remove one and try again.",
        )),
        (Some(LaunchType::Fargate), []) => Ok(Capacity::Fargate),
        (None, []) if !cluster.default_capacity_provider_strategy.is_empty() => {
            shares(cluster, &cluster.default_capacity_provider_strategy)
        }
        (None, [_, ..]) => shares(cluster, strategy),
        _ => Err(invalid("No Container Instances were found in your cluster.")),
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
        let Self::Strategy(shares) = self else { return vec![None; count] };
        let mut given = vec![0_usize; shares.len()];
        let next = |given: &[usize]| {
            let below_base = shares.iter().zip(given).position(|(share, given)| *given < share.base);
            below_base.or_else(|| {
                let weighed = shares.iter().zip(given).enumerate().filter(|(_, (share, _))| share.weight > 0);
                // The smaller of (given + 1) / weight, compared without a division.
                let order = |a: &(&Share, &usize), b: &(&Share, &usize)| {
                    let (left, right) =
                        ((a.1 + 1 - a.0.base.min(*a.1)) * b.0.weight, (b.1 + 1 - b.0.base.min(*b.1)) * a.0.weight);
                    left.cmp(&right)
                };
                weighed.min_by(|(_, a), (_, b)| order(a, b)).map(|(index, _)| index)
            })
        };
        let mut out = Vec::with_capacity(count);
        for _ in 0..count {
            let chosen = next(&given).and_then(|index| {
                *given.get_mut(index)? += 1;
                shares.get(index)
            });
            out.push(chosen.map(|share| share.provider.clone()));
        }
        out
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
