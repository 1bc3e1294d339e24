//! What is old is forgotten, each thing when its [`Expiry`] says so: stopped tasks, inactive services and deleted NAT gateways after an hour,
//! client tokens after a day, those of tasks with the last of their tasks, sessions of STS, deletions of roles, peering connections some time
//! after they have ended, operations of AWS Cloud Map a day after theirs, images by their repository's lifecycle policy, secrets when their
//! recovery windows have ended, targets when they have drained, scaling activities after six weeks, deleted
//! stacks after ninety days. Requested certificates are given up after three days without their records. Scheduled actions run when theirs does.

use crate::{
    State, Tx, acm, autoscaling, cloudformation,
    ec2::peering,
    ecr, ecs, elb, secretsmanager, servicediscovery,
    state::{ClientToken, Expiring, Expiry, Record},
};
use spec::{Millis, TaskId};

/// Forgets everything whose time has come.
pub fn run(tx: &mut Tx<'_>) {
    loop {
        let next = tx.state.expiries.iter().next().cloned();
        let Some(due) = next.filter(|next| tx.now >= next.at) else { return };
        tx.state.expiries.remove(&due.key());
        match &due.what {
            Expiring::Task(id) => task(tx, id),
            Expiring::ClientToken(key) => {
                tx.state.client_tokens.remove(key);
            }
            Expiring::CallToken(key) => {
                // One that was used again, because what it had made was gone, has a later entry too.
                if tx.state.call_tokens.get(key).is_some_and(|token| token.expires <= due.at) {
                    tx.state.call_tokens.remove(key);
                }
            }
            Expiring::NatGateway(id) => {
                tx.state.nat_gateways.remove(id);
            }
            Expiring::VpcPeeringRequest(id) => peering::expire_request(tx, id),
            Expiring::VpcPeering(id) => {
                tx.state.vpc_peerings.remove(id);
            }
            Expiring::Session(key) => {
                tx.state.sts_sessions.remove(key);
            }
            Expiring::RoleDeletion(id) => {
                tx.state.iam_role_deletions.remove(id);
            }
            Expiring::EcrImages(repository) => ecr::evaluate_lifecycle(tx, repository),
            Expiring::Service(key) => ecs::expire_service(tx, key),
            Expiring::ScheduledAction(key) => autoscaling::run_scheduled(tx, key, due.at),
            Expiring::ScalingActivity(key) => {
                tx.state.scaling_activities.remove(key);
            }
            Expiring::Stack(id) => cloudformation::forget(tx, id),
            Expiring::CertificateRequest(id) => acm::time_out(tx, id),
            Expiring::Secret(name) => secretsmanager::expire(tx, name, due.at),
            Expiring::DiscoveryOperation(id) => {
                tx.state.ended_operations.remove(id);
            }
            Expiring::HostedZoneChange(id) => {
                tx.state.ended_hosted_zone_changes.remove(id);
            }
            Expiring::InstanceHealth(key) => servicediscovery::settle_health(tx, key, due.at.millis),
            Expiring::TargetDraining(key) => elb::targets::withdraw(tx, key, due.at.millis),
        }
    }
}

/// When the next thing is forgotten.
pub fn deadline(state: &State) -> Option<Millis> {
    state.expiries.iter().next().map(|next| next.at.millis)
}

/// Forgets a task, and its client token if it was that one's last.
fn task(tx: &mut Tx<'_>, id: &TaskId) {
    let Some(task) = tx.state.stopped_tasks.remove(id) else { return };
    let Some(token) = &task.0.launch.client_token else { return };
    let key = ClientToken::key_of(&task.0.cluster, token);
    let known = |id: &TaskId| tx.state.tasks.contains(id) || tx.state.stopped_tasks.contains(id);
    let Some(record) = tx.state.client_tokens.get(&key) else { return };
    if !record.tasks.iter().any(known) {
        let queued = Expiry { at: record.expires, what: Expiring::ClientToken(key.clone()) };
        tx.state.expiries.remove(&queued.key());
        tx.state.client_tokens.remove(&key);
    }
}
