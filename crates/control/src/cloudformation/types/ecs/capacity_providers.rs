//! AWS::ECS::ClusterCapacityProviderAssociations.

use super::{
    super::{ResourceType, Wanted, call, text, words},
    cluster,
};
use crate::{Tx, View};
use aws::{api::ecs::API, fault::Fault};
use serde_json::{Value, json};

/// AWS::ECS::ClusterCapacityProviderAssociations.
pub(super) struct Associations;

impl ResourceType for Associations {
    fn create(&self, tx: &mut Tx<'_>, wanted: &Wanted<'_>) -> Result<String, Fault> {
        let cluster = text(wanted.properties, "/Cluster")?;
        cluster::set_capacity(tx, &cluster, wanted)?;
        Ok(cluster)
    }

    fn update(&self, tx: &mut Tx<'_>, id: &str, _: &Wanted<'_>, wanted: &Wanted<'_>) -> Result<(), Fault> {
        cluster::set_capacity(tx, id, wanted)
    }

    fn delete(&self, tx: &mut Tx<'_>, id: &str, _: &Value) -> Result<(), Fault> {
        let none = json!({ "cluster": id, "capacityProviders": [], "defaultCapacityProviderStrategy": [] });
        call(tx, &API, "PutClusterCapacityProviders", none).map(drop)
    }

    fn attribute(&self, _: &View<'_>, _: &str, _: &Value, _: &str) -> Result<Option<Value>, Fault> {
        Ok(None)
    }

    fn read(&self, view: &View<'_>, id: &str, _: &Value) -> Result<Option<Value>, Fault> {
        let Some(cluster) = cluster::described(view, id)? else { return Ok(None) };
        let mut live =
            words::picked(&words::capital(&cluster, &[]), &["CapacityProviders", "DefaultCapacityProviderStrategy"]);
        if let Some(live) = live.as_object_mut() {
            live.insert("Cluster".to_owned(), json!(id));
        }
        Ok(Some(live))
    }
}
