//! Service-linked roles: made by and for one service of AWS ("Create a service-linked role", IAM User Guide).

use super::{id, invalid, missing, role};
use crate::{
    State, Tx, View,
    state::{Expiring, Expiry, Grants, Role, RoleDeletion, Tags},
};
use aws::{
    api::iam::{
        CreateServiceLinkedRoleRequest, CreateServiceLinkedRoleResponse, DeleteServiceLinkedRoleRequest,
        DeleteServiceLinkedRoleResponse, DeletionTaskFailureReasonType, DeletionTaskStatusType,
        GetServiceLinkedRoleDeletionStatusRequest, GetServiceLinkedRoleDeletionStatusResponse, RoleUsageType,
    },
    doc::Timestamp,
    fault::Fault,
};
use spec::{DAY, Millis};

/// A service that has such a role.
struct Linked {
    service: &'static str,
    role: &'static str,
    policy: &'static str,
}

const SERVICES: [Linked; 5] = [
    Linked { service: "ecs.amazonaws.com", role: "AWSServiceRoleForECS", policy: "AmazonECSServiceRolePolicy" },
    Linked {
        service: "elasticloadbalancing.amazonaws.com",
        role: "AWSServiceRoleForElasticLoadBalancing",
        policy: "AWSElasticLoadBalancingServiceRolePolicy",
    },
    Linked {
        service: "ecs.application-autoscaling.amazonaws.com",
        role: "AWSServiceRoleForApplicationAutoScaling_ECSService",
        policy: "AWSApplicationAutoscalingECSServicePolicy",
    },
    Linked {
        service: "replication.ecr.amazonaws.com",
        role: "AWSServiceRoleForECRReplication",
        policy: "ECRReplicationServiceRolePolicy",
    },
    Linked {
        service: "pullthroughcache.ecr.amazonaws.com",
        role: "AWSServiceRoleForECRPullThroughCache",
        policy: "AWSECRPullThroughCache_ServiceRolePolicy",
    },
];

/// How long the outcome of a deletion is told.
const TOLD: Millis = 30 * DAY;

pub(super) fn create(
    tx: &mut Tx<'_>,
    input: CreateServiceLinkedRoleRequest,
) -> Result<CreateServiceLinkedRoleResponse, Fault> {
    let CreateServiceLinkedRoleRequest { aws_service_name: service, description, custom_suffix } = input;
    let linked = SERVICES.iter().find(|linked| linked.service == service);
    let linked = linked.ok_or_else(|| missing(format!("Service {service} has no service-linked role here.")))?;
    if custom_suffix.is_some() {
        return Err(Fault::new("InvalidInput", format!("Custom suffix is not allowed for {service}")));
    }
    if tx.state.iam_roles.contains(&Role::key_of(linked.role)) {
        let why =
            format!("Service role name {} has been taken in this account, please try a different suffix.", linked.role);
        return Err(Fault::new("InvalidInput", why));
    }
    let role = Role {
        name: linked.role.to_owned(),
        path: format!("/aws-service-role/{service}/"),
        id: id::unique(tx, "AROA"),
        created: tx.now,
        trust: format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{{"Service":"{service}"}},"Action":"sts:AssumeRole"}}]}}"#
        ),
        description,
        max_session_duration: 3600,
        grants: Grants {
            attached: [format!("arn:aws:iam::aws:policy/aws-service-role/{}", linked.policy)].into(),
            ..Grants::default()
        },
        tags: Tags::new(),
    };
    Ok(CreateServiceLinkedRoleResponse { role: Some(role::make(tx, role)?) })
}

/// Makes the role of a service unless it is there, as services do when they are first used.
///
/// # Errors
/// As for `CreateServiceLinkedRole`.
pub(crate) fn ensure(tx: &mut Tx<'_>, service: &str) -> Result<(), Fault> {
    let there = |linked: &Linked| linked.service == service && tx.state.iam_roles.contains(&Role::key_of(linked.role));
    if SERVICES.iter().any(there) {
        return Ok(());
    }
    let aws_service_name = service.to_owned();
    create(tx, CreateServiceLinkedRoleRequest { aws_service_name, description: None, custom_suffix: None }).map(drop)
}

/// Deletes the role unless its service still uses it, which the deletion's status tells.
pub(super) fn delete(
    tx: &mut Tx<'_>,
    input: DeleteServiceLinkedRoleRequest,
) -> Result<DeleteServiceLinkedRoleResponse, Fault> {
    let DeleteServiceLinkedRoleRequest { role_name } = input;
    let role = role::find(&tx.state, &role_name)?;
    let Some(of) = role.path.strip_prefix("/aws-service-role/").and_then(|rest| rest.strip_suffix('/')) else {
        return Err(invalid(format!("The role with name {role_name} is not a service-linked role.")));
    };
    let used_by = users(&tx.state, of);
    let task = format!("task/aws-service-role/{of}/{role_name}/");
    let deletion = RoleDeletion { id: task + &tx.uuid(), used_by };
    if deletion.used_by.is_empty() {
        tx.state.iam_roles.remove(&Role::key_of(&role_name));
    }
    let at = Timestamp { millis: tx.now.millis + TOLD };
    tx.state.expiries.put(Expiry { at, what: Expiring::RoleDeletion(deletion.id.clone()) });
    let answer = DeleteServiceLinkedRoleResponse { deletion_task_id: Some(deletion.id.clone()) };
    tx.state.iam_role_deletions.put(deletion);
    Ok(answer)
}

/// ARNs of what a service needs its role for.
fn users(state: &State, service: &str) -> Vec<String> {
    match service {
        "ecs.amazonaws.com" => {
            let active = |cluster: &&crate::state::Cluster| cluster.status == crate::state::ClusterStatus::Active;
            let arn = |cluster: &crate::state::Cluster| crate::ecs::arn::cluster(&state.region, &cluster.name);
            state.clusters.iter().filter(active).map(arn).collect()
        }
        crate::autoscaling::ROLE => {
            let arn = |target: &crate::state::ScalableTarget| crate::autoscaling::arn(&state.region, target);
            state.scalable_targets.iter().map(arn).collect()
        }
        _ => Vec::new(),
    }
}

pub(super) fn status(
    view: &View<'_>,
    input: GetServiceLinkedRoleDeletionStatusRequest,
) -> Result<GetServiceLinkedRoleDeletionStatusResponse, Fault> {
    let GetServiceLinkedRoleDeletionStatusRequest { deletion_task_id: id } = input;
    let deletion = view.state.iam_role_deletions.get(&id);
    let deletion = deletion.ok_or_else(|| missing(format!("The deletion task {id} cannot be found.")))?;
    if deletion.used_by.is_empty() {
        let status = Some(DeletionTaskStatusType::Succeeded);
        return Ok(GetServiceLinkedRoleDeletionStatusResponse { status, reason: None });
    }
    let usage =
        RoleUsageType { region: Some(view.state.region.name.clone()), resources: Some(deletion.used_by.clone()) };
    let reason = DeletionTaskFailureReasonType {
        reason: Some("There are still resources that use the service-linked role.".to_owned()),
        role_usage_list: Some(vec![usage]),
    };
    let status = Some(DeletionTaskStatusType::Failed);
    Ok(GetServiceLinkedRoleDeletionStatusResponse { status, reason: Some(reason) })
}
