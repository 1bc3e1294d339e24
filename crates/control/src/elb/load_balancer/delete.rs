//! DeleteLoadBalancer.

use super::super::{arn, listener};
use crate::{
    Tx,
    ec2::interface,
    state::{Listener, LoadBalancer},
};
use aws::{
    api::elbv2::{DeleteLoadBalancerInput, DeleteLoadBalancerOutput},
    fault::Fault,
};

/// DeleteLoadBalancer. Its listeners and its nodes' interfaces go with it; their addresses are free when no host has them any more. One that
/// is gone already is deleted once more.
pub(in crate::elb) fn delete(
    tx: &mut Tx<'_>,
    input: DeleteLoadBalancerInput,
) -> Result<DeleteLoadBalancerOutput, Fault> {
    let DeleteLoadBalancerInput { load_balancer_arn } = input;
    let Some(LoadBalancer { id, nodes, attributes, .. }) =
        arn::maybe_load_balancer(&tx.state, &load_balancer_arn)?.cloned()
    else {
        return Ok(DeleteLoadBalancerOutput {});
    };
    if attributes.deletion_protection {
        let message =
            format!("Load balancer '{load_balancer_arn}' cannot be deleted because deletion protection is enabled");
        return Err(Fault::new("OperationNotPermitted", message));
    }
    let listeners: Vec<Listener> = tx.state.listeners.prefixed(&Listener::prefix(&id)).cloned().collect();
    listeners.iter().for_each(|of| listener::remove(&mut tx.state, of));
    nodes.values().for_each(|node| interface::withdraw(tx, node));
    tx.state.load_balancers.remove(&id);
    Ok(DeleteLoadBalancerOutput {})
}
