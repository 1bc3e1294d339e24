//! AssumeRole.

use super::{credentials, denied, invalid, no_devices};
use crate::{
    Tx,
    iam::{self, Identity},
    state::{SessionOf, Tags},
};
use aws::{
    api::sts::{
        AssumeRoleRequest, AssumeRoleResponse, AssumeRoleWithWebIdentityRequest, AssumeRoleWithWebIdentityResponse,
        AssumedRoleUser, PolicyDescriptorType,
    },
    arn::Arn,
    fault::Fault,
};

/// Seconds of a session where nothing is said, and of one that was begun from another role's session at most.
const SESSION: i32 = 3600;
/// Managed policies of a session, and characters of its policy, its policies' ARNs and its tags together.
const POLICIES: usize = 10;
const PACKED: usize = 2048;

pub(super) fn assume(tx: &mut Tx<'_>, input: AssumeRoleRequest) -> Result<AssumeRoleResponse, Fault> {
    let AssumeRoleRequest {
        role_arn,
        role_session_name,
        policy_arns,
        policy,
        duration_seconds,
        tags,
        transitive_tag_keys,
        // Only a trust policy's condition would look at it.
        external_id: _,
        serial_number,
        token_code,
        source_identity,
        provided_contexts,
        minimum_session_token_size,
    } = input;
    no_devices(serial_number, token_code)?;
    if provided_contexts.is_some_and(|list| !list.is_empty()) {
        return Err(invalid("ProvidedContexts is not supported: there is no context provider."));
    }
    let arn = Arn::parse(&role_arn).filter(|arn| arn.service == "iam" && arn.resource_type() == "role");
    let arn = arn.ok_or_else(|| invalid(format!("{role_arn} is invalid")))?;
    let name = arn.resource.rsplit('/').next().unwrap_or_default();
    let found = iam::find_role(&tx.state, name).ok().filter(|role| iam::role_arn(&tx.state.region, role) == role_arn);
    let Some(role) = found.cloned() else {
        let who = Identity::of(&tx.view()).arn;
        return Err(denied(format!(
            "User: {who} is not authorized to perform: sts:AssumeRole on resource: {role_arn}"
        )));
    };
    let caller = iam::identity(&tx.view());
    let seconds = duration(duration_seconds, role.max_session_duration, &caller)?;
    let policy_arns = managed(tx, policy_arns)?;
    if let Some(policy) = &policy {
        iam::check_session_policy(policy)?;
    }
    let (tags, transitive) = session_tags(&caller, tags, transitive_tag_keys)?;
    let packed = packed(policy.as_deref(), &policy_arns, &tags)?;
    let source_identity = kept_identity(&caller, source_identity)?;
    let of = SessionOf::Role {
        role: role.name.clone(),
        id: role.id.clone(),
        session: role_session_name.clone(),
        policy,
        policy_arns,
        tags,
        transitive,
        source_identity: source_identity.clone(),
    };
    let token = minimum_session_token_size.and_then(|size| usize::try_from(size).ok()).unwrap_or(0);
    let session = iam::issue(tx, of, i64::from(seconds) * 1000, token);
    Ok(AssumeRoleResponse {
        credentials: Some(credentials(&session)),
        assumed_role_user: Some(AssumedRoleUser {
            assumed_role_id: Some(format!("{}:{role_session_name}", role.id)),
            arn: Some(iam::assumed_role(&tx.state.region, &role.name, &role_session_name)),
        }),
        packed_policy_size: packed,
        source_identity,
        ..AssumeRoleResponse::default()
    })
}

/// The source identity of a session, which those that are begun from it have too.
fn kept_identity(caller: &SessionOf, asked: Option<String>) -> Result<Option<String>, Fault> {
    match (caller, asked) {
        (SessionOf::Role { source_identity: Some(before), .. }, Some(other)) if other != *before => {
            Err(denied("The source identity of a session cannot be changed."))
        }
        (SessionOf::Role { source_identity: Some(before), .. }, _) => Ok(Some(before.clone())),
        (_, asked) => Ok(asked),
    }
}

/// Refused by name: no identity provider can be made here that a token could be of.
pub(super) fn with_web_identity(
    _: &mut Tx<'_>,
    input: AssumeRoleWithWebIdentityRequest,
) -> Result<AssumeRoleWithWebIdentityResponse, Fault> {
    let AssumeRoleWithWebIdentityRequest { .. } = input;
    let why = "No OpenIDConnect provider found in your account: neargate has none.";
    Err(Fault::new("InvalidIdentityToken", why))
}

fn duration(wanted: Option<i32>, most: i32, caller: &SessionOf) -> Result<i32, Fault> {
    let seconds = wanted.unwrap_or(SESSION);
    if seconds > most {
        return Err(invalid("The requested DurationSeconds exceeds the MaxSessionDuration set for this role."));
    }
    if seconds > SESSION && matches!(caller, SessionOf::Role { .. }) {
        return Err(invalid(
            "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.",
        ));
    }
    Ok(seconds)
}

fn managed(tx: &Tx<'_>, given: Option<Vec<PolicyDescriptorType>>) -> Result<Vec<String>, Fault> {
    let arns: Vec<String> = given.into_iter().flatten().filter_map(|policy| policy.arn).collect();
    if arns.len() > POLICIES {
        return Err(invalid(format!("A session can have at most {POLICIES} managed policies.")));
    }
    for arn in &arns {
        if !iam::policy_exists(&tx.state, arn)? {
            return Err(invalid(format!("Policy {arn} does not exist.")));
        }
    }
    Ok(arns)
}

/// The session's tags with those it takes over, and the keys of those that it passes on.
fn session_tags(
    caller: &SessionOf,
    given: Option<Vec<aws::api::sts::Tag>>,
    transitive: Option<Vec<String>>,
) -> Result<(Tags, Vec<String>), Fault> {
    let mut tags = Tags::new();
    for tag in given.into_iter().flatten() {
        if tags.keys().any(|known| known.eq_ignore_ascii_case(&tag.key)) {
            let why = "Duplicate tag keys found. Please note that Tag keys are case insensitive.";
            return Err(Fault::new("InvalidParameterValue", why));
        }
        tags.insert(tag.key, tag.value);
    }
    let known = |tags: &Tags, key: &str| tags.keys().find(|known| known.eq_ignore_ascii_case(key)).cloned();
    let chosen: Option<Vec<String>> = transitive.into_iter().flatten().map(|key| known(&tags, &key)).collect();
    let mut passed_on = chosen.ok_or_else(|| {
        let why = "The specified transitive tag key must be included in the requested tags.";
        Fault::new("InvalidParameterValue", why)
    })?;
    if let SessionOf::Role { tags: before, transitive: keys, .. } = caller {
        for (key, value) in keys.iter().filter_map(|key| Some((key, before.get(key)?))) {
            if known(&tags, key).is_some() {
                let why = "One of the specified transitive tag keys can't be set because it conflicts with a transitive tag key from the calling session.";
                return Err(Fault::new("InvalidParameterValue", why));
            }
            tags.insert(key.clone(), value.clone());
            passed_on.push(key.clone());
        }
    }
    Ok((tags, passed_on))
}

/// How much of the room for policies and tags they take, in per cent; nothing where there are none.
fn packed(policy: Option<&str>, arns: &[String], tags: &Tags) -> Result<Option<i32>, Fault> {
    let policies = policy.map_or(0, str::len) + arns.iter().map(String::len).sum::<usize>();
    let size = policies + tags.iter().map(|(key, value)| key.len() + value.len()).sum::<usize>();
    let percent = (size * 100).div_ceil(PACKED);
    if percent > 100 {
        let why = format!("Packed size of session tags consumes {percent}% of allotted space.");
        return Err(Fault::new("PackedPolicyTooLarge", why));
    }
    Ok(i32::try_from(percent).ok().filter(|percent| *percent > 0))
}
