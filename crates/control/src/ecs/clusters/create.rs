//! CreateCluster.

use super::{DEFAULT, capacity, configuration, describe::shape, invalid};
use crate::{
    Tx,
    ecs::{arn, tags},
    state::{Cluster, ClusterStatus},
};
use aws::{
    api::ecs::{ClusterField, CreateClusterRequest, CreateClusterResponse},
    fault::Fault,
};

/// Clusters in a region ("Amazon ECS service quotas", Amazon ECS Developer Guide). Deleted ones count here, as they are kept.
const MOST: usize = 10_000;

/// Makes a cluster. The same request again answers the cluster it made; a deleted one starts anew.
pub(crate) fn create(tx: &mut Tx<'_>, input: CreateClusterRequest) -> Result<CreateClusterResponse, Fault> {
    let asked = requested(tx, input.clone())?;
    match tx.state.clusters.get(&asked.name) {
        Some(there) if there.status == ClusterStatus::Active => {
            if !consistent(&input, &asked, there) {
                return Err(invalid(
                    "Arguments on this idempotent request are inconsistent with arguments used in previous request(s).",
                ));
            }
            Ok(answer(tx, there))
        }
        None if tx.state.clusters.len() >= MOST => {
            Err(Fault::new("LimitExceededException", format!("The limit of {MOST} clusters is exceeded.")))
        }
        _ => {
            tx.state.clusters.put(asked.clone());
            Ok(answer(tx, &asked))
        }
    }
}

fn answer(tx: &Tx<'_>, cluster: &Cluster) -> CreateClusterResponse {
    let all = [ClusterField::Tags, ClusterField::Settings, ClusterField::Configurations];
    CreateClusterResponse { cluster: Some(shape(&tx.state, cluster, &all)) }
}

/// The cluster a request describes.
fn requested(tx: &mut Tx<'_>, input: CreateClusterRequest) -> Result<Cluster, Fault> {
    let CreateClusterRequest {
        cluster_name,
        tags,
        settings,
        configuration,
        capacity_providers,
        default_capacity_provider_strategy,
        service_connect_defaults,
    } = input;
    let name = cluster_name.unwrap_or_else(|| DEFAULT.to_owned());
    let allowed = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if name.is_empty() || name.len() > 255 || !name.chars().all(allowed) {
        return Err(invalid(r"ClusterName must match ^[a-zA-Z0-9\-_]{1,255}$"));
    }
    let tags = tags.unwrap_or_default();
    tags::validate(&tags)?;
    configuration.as_ref().map_or(Ok(()), configuration::check)?;
    let capacity_providers = capacity_providers.unwrap_or_default();
    let strategy = default_capacity_provider_strategy.unwrap_or_default();
    let namespace = service_connect_defaults.map(|defaults| configuration::connect_namespace(tx, defaults));
    Ok(Cluster {
        arn: arn::cluster(&tx.state.region, &name),
        name,
        status: ClusterStatus::Active,
        settings: configuration::settings(configuration::defaults(&tx.state), settings.unwrap_or_default())?,
        configuration,
        default_capacity_provider_strategy: capacity::check(&capacity_providers, strategy)?,
        capacity_providers,
        connect_namespace: namespace.transpose()?.flatten(),
        tags,
    })
}

/// Whether what a request says in so many words is what the cluster has.
fn consistent(input: &CreateClusterRequest, asked: &Cluster, there: &Cluster) -> bool {
    (input.tags.is_none() || asked.tags == there.tags)
        && (input.settings.is_none() || asked.settings == there.settings)
        && (input.configuration.is_none() || asked.configuration == there.configuration)
        && (input.capacity_providers.is_none() || asked.capacity_providers == there.capacity_providers)
        && (input.service_connect_defaults.is_none() || asked.connect_namespace == there.connect_namespace)
        && (input.default_capacity_provider_strategy.is_none()
            || asked.default_capacity_provider_strategy == there.default_capacity_provider_strategy)
}
