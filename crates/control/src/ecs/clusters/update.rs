//! UpdateCluster, UpdateClusterSettings and PutClusterCapacityProviders.

use super::{capacity, configuration, describe::shape, find};
use crate::{Tx, state::Cluster};
use aws::{
    api::ecs::{
        self, ClusterField, PutClusterCapacityProvidersRequest, PutClusterCapacityProvidersResponse,
        UpdateClusterRequest, UpdateClusterResponse, UpdateClusterSettingsRequest, UpdateClusterSettingsResponse,
    },
    fault::Fault,
};

/// Changes what the request names and leaves the rest.
pub(crate) fn update(tx: &mut Tx<'_>, input: UpdateClusterRequest) -> Result<UpdateClusterResponse, Fault> {
    let UpdateClusterRequest { cluster, settings, configuration, service_connect_defaults } = input;
    let mut cluster = find(&tx.state, Some(&cluster))?;
    if let Some(defaults) = service_connect_defaults {
        cluster.connect_namespace = configuration::connect_namespace(tx, defaults)?;
    }
    if let Some(settings) = settings {
        cluster.settings = configuration::settings(cluster.settings, settings)?;
    }
    if let Some(configuration) = configuration {
        configuration::check(&configuration)?;
        cluster.configuration = Some(configuration);
    }
    Ok(UpdateClusterResponse { cluster: Some(put(tx, cluster)) })
}

/// Changes the settings.
pub(crate) fn update_settings(
    tx: &mut Tx<'_>,
    input: UpdateClusterSettingsRequest,
) -> Result<UpdateClusterSettingsResponse, Fault> {
    let UpdateClusterSettingsRequest { cluster, settings } = input;
    let mut cluster = find(&tx.state, Some(&cluster))?;
    cluster.settings = configuration::settings(cluster.settings, settings)?;
    Ok(UpdateClusterSettingsResponse { cluster: Some(put(tx, cluster)) })
}

/// Replaces the capacity providers and the default strategy.
pub(crate) fn put_capacity_providers(
    tx: &mut Tx<'_>,
    input: PutClusterCapacityProvidersRequest,
) -> Result<PutClusterCapacityProvidersResponse, Fault> {
    let PutClusterCapacityProvidersRequest { cluster, capacity_providers, default_capacity_provider_strategy } = input;
    let mut cluster = find(&tx.state, Some(&cluster))?;
    cluster.default_capacity_provider_strategy =
        capacity::check(&capacity_providers, default_capacity_provider_strategy)?;
    cluster.capacity_providers = capacity_providers;
    Ok(PutClusterCapacityProvidersResponse { cluster: Some(put(tx, cluster)) })
}

fn put(tx: &mut Tx<'_>, cluster: Cluster) -> ecs::Cluster {
    let all = [ClusterField::Tags, ClusterField::Settings, ClusterField::Configurations];
    let shape = shape(&tx.state, &cluster, &all);
    tx.state.clusters.put(cluster);
    shape
}
