//! Actions of rules ("Action", Elastic Load Balancing API Reference). Absent: those that want to know who the client is.

mod fixed;
mod forward;
mod redirect;

use super::super::{invalid, not_supported};
use crate::{
    State,
    state::{ListenerRule, LoadBalancer, LoadBalancerKind, RuleAction},
};
use aws::{
    api::elbv2::{Action, ActionTypeEnum},
    fault::Fault,
};

/// The one action of a list, as it is to be kept, with its order. `replacing` is the key of the rule that has had another one before.
///
/// # Errors
/// `ValidationError`, `InvalidConfigurationRequest`, `InvalidLoadBalancerAction`, `TargetGroupNotFound`, `TargetGroupAssociationLimit`,
/// `TooManyUniqueTargetGroupsPerLoadBalancer`, `TooManyTargets`.
pub(in crate::elb) fn read(
    state: &State,
    load_balancer: &LoadBalancer,
    actions: Vec<Action>,
    replacing: Option<&str>,
) -> Result<(RuleAction, Option<i32>), Fault> {
    let kinds: Vec<ActionTypeEnum> = actions.iter().filter_map(|action| action.r#type).collect();
    let unknown = |kind: &&ActionTypeEnum| {
        !matches!(kind, ActionTypeEnum::Forward | ActionTypeEnum::Redirect | ActionTypeEnum::FixedResponse)
    };
    if let Some(kind) = kinds.iter().find(unknown) {
        return Err(not_supported(format_args!("The action type '{kind}'")));
    }
    if actions.len() > 1 {
        if actions.iter().any(|action| action.order.is_none()) {
            return Err(invalid("When you specify multiple actions, you must specify an order for each action"));
        }
        let kinds: Vec<&str> = kinds.iter().map(|kind| kind.as_str()).collect();
        return Err(invalid(format!("Action types '{}' cannot be specified together", kinds.join(","))));
    }
    let Some(action) = actions.into_iter().next() else { return Err(invalid("An action must be specified")) };
    one(state, load_balancer, action, replacing)
}

fn one(
    state: &State,
    load_balancer: &LoadBalancer,
    action: Action,
    replacing: Option<&str>,
) -> Result<(RuleAction, Option<i32>), Fault> {
    let Action {
        r#type,
        target_group_arn,
        authenticate_oidc_config,
        authenticate_cognito_config,
        order,
        redirect_config,
        fixed_response_config,
        forward_config,
        jwt_validation_config,
    } = action;
    let kind = r#type.unwrap_or(ActionTypeEnum::Forward);
    if load_balancer.kind == LoadBalancerKind::Network && kind != ActionTypeEnum::Forward {
        let message = format!("The action type '{kind}' is not valid with a load balancer of type 'network'");
        return Err(Fault::new("InvalidLoadBalancerAction", message));
    }
    let given = [
        ("TargetGroupArn", target_group_arn.is_some(), ActionTypeEnum::Forward),
        ("ForwardConfig", forward_config.is_some(), ActionTypeEnum::Forward),
        ("RedirectConfig", redirect_config.is_some(), ActionTypeEnum::Redirect),
        ("FixedResponseConfig", fixed_response_config.is_some(), ActionTypeEnum::FixedResponse),
        ("AuthenticateOidcConfig", authenticate_oidc_config.is_some(), ActionTypeEnum::AuthenticateOidc),
        ("AuthenticateCognitoConfig", authenticate_cognito_config.is_some(), ActionTypeEnum::AuthenticateCognito),
        ("JwtValidationConfig", jwt_validation_config.is_some(), ActionTypeEnum::JwtValidation),
    ];
    let missing = |field: &str| {
        invalid(format!("For actions of type '{kind}', you must specify the following fields: '{field}'"))
    };
    let action = match kind {
        ActionTypeEnum::Redirect => {
            RuleAction::Redirect(redirect::read(redirect_config.ok_or_else(|| missing("RedirectConfig"))?)?)
        }
        ActionTypeEnum::FixedResponse => {
            RuleAction::Fixed(fixed::read(fixed_response_config.ok_or_else(|| missing("FixedResponseConfig"))?)?)
        }
        _ => {
            if target_group_arn.is_none() && forward_config.is_none() {
                return Err(missing("TargetGroupArn"));
            }
            let forward = forward::read(target_group_arn, forward_config)?;
            RuleAction::Forward(forward::check(state, load_balancer, forward, replacing)?)
        }
    };
    if let Some((field, ..)) = given.iter().find(|(_, given, of)| *given && *of != kind) {
        let message = format!("For actions of type '{kind}', you cannot specify the following fields: '{field}'");
        return Err(invalid(message));
    }
    Ok((action, order))
}

/// A rule's action as a reply shows it.
pub(in crate::elb) fn show(state: &State, of: &ListenerRule) -> Action {
    let shape = match &of.action {
        RuleAction::Forward(forward) => forward::show(state, forward),
        RuleAction::Redirect(redirect) => redirect::show(redirect),
        RuleAction::Fixed(fixed) => fixed::show(fixed),
    };
    Action { order: of.order, ..shape }
}
