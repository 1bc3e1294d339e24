//! AWS::ECS::Service.

use super::{
    super::{Progress, ResourceType, Wanted, ask, at, call, camel, text, words},
    FREE, steady, tags,
};
use crate::{Tx, View};
use aws::{api::ecs::API, fault::Fault};
use serde_json::{Map, Value, json};

/// AWS::ECS::Service. Its physical id is its ARN.
pub(super) struct Service;

impl ResourceType for Service {
    fn unsupported(&self) -> &'static [&'static str] {
        &[
            "DeploymentConfiguration/CanaryConfiguration",
            "DeploymentConfiguration/LifecycleHooks/*",
            "DeploymentConfiguration/LinearConfiguration",
            "GatewayConnectors/*",
            "LoadBalancers/*/AdvancedConfiguration",
            "LoadBalancers/*/LoadBalancerName",
            "Monitoring",
            "PlacementConstraints/*",
            "PlacementStrategies/*",
            "ServiceConnectConfiguration/AccessLogConfiguration",
            "ServiceConnectConfiguration/ContainerConfigurations/*",
            "ServiceConnectConfiguration/LogConfiguration/SecretOptions/*",
            "ServiceConnectConfiguration/Services/*/ClientAliases/*/TestTrafficRules",
            "ServiceConnectConfiguration/Services/*/Tls",
            "VolumeConfigurations/*",
            "VpcLatticeConfigurations/*",
        ]
    }

    fn create(&self, tx: &mut Tx<'_>, wanted: &Wanted<'_>) -> Result<String, Fault> {
        let mut input = camel(wanted.properties, FREE);
        if let Some(input) = input.as_object_mut() {
            // Nothing of it is there that a deployment could be forced of.
            input.remove("forceNewDeployment");
            input.remove("placementStrategies");
            input.insert("serviceName".to_owned(), json!(wanted.name("ServiceName", 255)));
            // The same request again would be answered by the service it made, so each says whose it is.
            input.insert("clientToken".to_owned(), json!(wanted.token));
            input.insert("tags".to_owned(), tags::given(wanted));
            // "DesiredCount", AWS::ECS::Service, AWS CloudFormation Template Reference.
            input.entry("desiredCount").or_insert(json!(1));
        }
        text(&call(tx, &API, "CreateService", input)?, "/service/serviceArn")
    }

    fn ready(&self, view: &View<'_>, id: &str, _: &Wanted<'_>) -> Progress {
        match of(id) {
            Some((cluster, name)) => steady::progress(view, cluster, name),
            None => Progress::Done,
        }
    }

    fn replaces(&self, before: &Wanted<'_>, wanted: &Wanted<'_>) -> bool {
        // One that gives way to a strategy is changed in place.
        before.get("LaunchType").is_some()
            && wanted.get("LaunchType").is_some()
            && before.get("LaunchType") != wanted.get("LaunchType")
    }

    fn update(&self, tx: &mut Tx<'_>, id: &str, before: &Wanted<'_>, wanted: &Wanted<'_>) -> Result<(), Fault> {
        let (cluster, name) = of(id).ok_or_else(|| missing(id))?;
        let mut input: Map<String, Value> = changed(before, wanted).collect();
        let appears = before.get("LaunchType").is_none() && wanted.get("LaunchType").is_some();
        if appears && wanted.get("CapacityProviderStrategy").is_none() {
            // An empty strategy is the launch type ("UpdateService", Amazon ECS API Reference).
            input.insert("capacityProviderStrategy".to_owned(), json!([]));
        }
        // A count that a template gives holds again with every update; one that it leaves out is left as it is.
        input.insert("desiredCount".to_owned(), json!(wanted.get("DesiredCount")));
        let asked = at(wanted.properties, "/ForceNewDeployment/EnableForceNewDeployment") == true;
        // What failed before is not what is wanted now, even where it looks the same.
        let force = asked || steady::failed(&tx.view(), cluster, name)?;
        input.extend([
            ("cluster".to_owned(), json!(cluster)),
            ("service".to_owned(), json!(name)),
            ("forceNewDeployment".to_owned(), json!(force)),
        ]);
        call(tx, &API, "UpdateService", input.into())?;
        tags::update(tx, id, before, wanted)
    }

    fn delete(&self, tx: &mut Tx<'_>, id: &str, _: &Value) -> Result<(), Fault> {
        let (cluster, name) = of(id).ok_or_else(|| missing(id))?;
        call(tx, &API, "DeleteService", json!({ "cluster": cluster, "service": name, "force": true })).map(drop)
    }

    fn gone(&self, view: &View<'_>, id: &str, _: &Value) -> Progress {
        of(id).map_or(Progress::Done, |(cluster, name)| steady::gone(view, cluster, name))
    }

    fn attribute(&self, _: &View<'_>, id: &str, _: &Value, name: &str) -> Result<Option<Value>, Fault> {
        Ok(match name {
            "ServiceArn" => Some(json!(id)),
            "Name" => of(id).map(|(_, name)| json!(name)),
            _ => None,
        })
    }

    fn read(&self, view: &View<'_>, id: &str, properties: &Value) -> Result<Option<Value>, Fault> {
        let Some((cluster, name)) = of(id) else { return Ok(None) };
        let input = json!({ "cluster": cluster, "services": [name] });
        let service = words::first(ask(view, &API, "DescribeServices", input), "/services")?;
        let Some(service) = service.filter(|service| at(service, "/status") == "ACTIVE") else { return Ok(None) };
        let mut live = words::picked(&words::capital(&service, FREE), &READ);
        let connect = at(&service, "/deployments/0/serviceConnectConfiguration");
        if let Some(live) = live.as_object_mut() {
            // As the template names it: by name or by ARN.
            live.insert("Cluster".to_owned(), properties.get("Cluster").cloned().unwrap_or_else(|| json!(cluster)));
            if !connect.is_null() {
                live.insert("ServiceConnectConfiguration".to_owned(), words::capital(&connect, FREE));
            }
        }
        Ok(Some(live))
    }
}

/// What DescribeServices tells of a service, in the schema's words.
const READ: [&str; 16] = [
    "AvailabilityZoneRebalancing",
    "CapacityProviderStrategy",
    "DeploymentConfiguration",
    "DeploymentController",
    "DesiredCount",
    "EnableECSManagedTags",
    "EnableExecuteCommand",
    "HealthCheckGracePeriodSeconds",
    "LaunchType",
    "LoadBalancers",
    "NetworkConfiguration",
    "PlatformVersion",
    "PropagateTags",
    "SchedulingStrategy",
    "ServiceName",
    "ServiceRegistries",
];

/// What UpdateService changes, as properties, with what says that a property is there no more; null where that changes nothing.
fn changeable() -> [(&'static str, Value); 14] {
    [
        ("AvailabilityZoneRebalancing", Value::Null),
        ("CapacityProviderStrategy", json!([])),
        ("DeploymentConfiguration", json!({})),
        ("DeploymentController", Value::Null),
        ("EnableECSManagedTags", json!(false)),
        ("EnableExecuteCommand", json!(false)),
        ("HealthCheckGracePeriodSeconds", json!(0)),
        ("LoadBalancers", json!([])),
        ("NetworkConfiguration", Value::Null),
        ("PlatformVersion", json!("LATEST")),
        ("PropagateTags", json!("NONE")),
        ("ServiceConnectConfiguration", json!({ "enabled": false })),
        ("ServiceRegistries", json!([])),
        ("TaskDefinition", Value::Null),
    ]
}

/// The members of UpdateService for the properties that differ.
fn changed<'a>(before: &'a Wanted<'_>, wanted: &'a Wanted<'_>) -> impl Iterator<Item = (String, Value)> + 'a {
    changeable().into_iter().filter(|(name, _)| before.get(name) != wanted.get(name)).filter_map(|(name, none)| {
        let value = wanted.get(name).map_or(none, |value| camel(value, FREE));
        let value = if name == "DeploymentConfiguration" { whole(value) } else { value };
        let named = camel(&json!({ name: null }), &[]).as_object()?.keys().next()?.clone();
        Some((named, value))
    })
}

/// A deployment configuration with the defaults for what it leaves out: UpdateService leaves that as it was, a template has it no more
/// ("DeploymentConfiguration", Amazon ECS API Reference).
fn whole(given: Value) -> Value {
    let mut all = json!({
        "alarms": { "alarmNames": [], "enable": false, "rollback": false },
        "deploymentCircuitBreaker": { "enable": false, "rollback": false },
        "maximumPercent": 200,
        "minimumHealthyPercent": 100,
    });
    if let (Some(all), Value::Object(given)) = (all.as_object_mut(), given) {
        all.extend(given);
    }
    all
}

/// The cluster and the name in a service's ARN.
fn of(id: &str) -> Option<(&str, &str)> {
    id.split_once(":service/")?.1.split_once('/')
}

fn missing(id: &str) -> Fault {
    Fault::new("ServiceNotFoundException", format!("Service not found: {id}"))
}
