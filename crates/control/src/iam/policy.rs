//! Managed policies: AWS's, which are there in every account, and the customer's.

use super::{
    aws_managed, conflict, exists, id, limit, missing,
    page::page,
    policy_version,
    tags::{self, Case},
};
use crate::{
    Region, State, Tx, View,
    state::{Grants, Policy, PolicyVersion},
};
use aws::{
    api::iam::{
        self, CreatePolicyRequest, CreatePolicyResponse, DeletePolicyRequest, GetPolicyRequest, GetPolicyResponse,
        ListPoliciesRequest, ListPoliciesResponse, ListPolicyTagsRequest, ListPolicyTagsResponse, PolicyScopeType,
        PolicyUsageType, TagPolicyRequest, UntagPolicyRequest,
    },
    arn::Arn,
    fault::Fault,
    shape::Nothing,
};

/// Customer managed policies of an account.
const MOST: usize = 1500;

/// A managed policy of either kind.
#[derive(Clone, Copy)]
pub(super) enum Managed<'a> {
    Aws(&'a aws_managed::AwsManaged),
    Customer(&'a Policy),
}

impl Managed<'_> {
    pub(super) fn name(&self) -> &str {
        match self {
            Self::Aws(policy) => &policy.name,
            Self::Customer(policy) => &policy.name,
        }
    }
    pub(super) fn path(&self) -> &str {
        match self {
            Self::Aws(policy) => &policy.path,
            Self::Customer(policy) => &policy.path,
        }
    }
    pub(super) fn arn(&self, region: &Region) -> String {
        match self {
            Self::Aws(policy) => policy.arn(),
            Self::Customer(policy) => id::arn(region, "policy", &policy.path, &policy.name),
        }
    }
}

/// The managed policy of an ARN, if there is one.
///
/// # Errors
/// `ValidationError` for what is no ARN of IAM's.
pub(super) fn lookup<'a>(state: &'a State, arn: &str) -> Result<Option<Managed<'a>>, Fault> {
    let parsed = Arn::parse(arn).filter(|arn| arn.service == "iam" && arn.resource_type() == "policy");
    let parsed = parsed.ok_or_else(|| super::invalid(format!("ARN {arn} is not valid.")))?;
    if parsed.partition != "aws" {
        return Err(super::invalid("Invalid ARN partition"));
    }
    if parsed.account == "aws" {
        return Ok(aws_managed::get(arn).map(Managed::Aws));
    }
    let name = parsed.resource.rsplit('/').next().unwrap_or_default();
    let found = state.iam_policies.get(&Policy::key_of(name)).map(Managed::Customer);
    Ok(found.filter(|policy| policy.arn(&state.region) == arn))
}

/// The managed policy of an ARN.
///
/// # Errors
/// `NoSuchEntity`, or what [`lookup`] refuses.
pub(super) fn find<'a>(state: &'a State, arn: &str) -> Result<Managed<'a>, Fault> {
    lookup(state, arn)?.ok_or_else(|| unknown(arn))
}

/// The refusal of a policy that is not there.
pub(super) fn unknown(arn: &str) -> Fault {
    missing(format!("Policy {arn} was not found."))
}

/// The customer managed policy of an ARN.
///
/// # Errors
/// `NoSuchEntity`; `AccessDenied` for one of AWS's.
pub(super) fn customers(state: &State, arn: &str, action: &str) -> Result<Policy, Fault> {
    match find(state, arn)? {
        Managed::Customer(policy) => Ok(policy.clone()),
        Managed::Aws(_) => {
            let why = format!("Policy {arn} is AWS's: nobody is authorized to perform iam:{action} on it.");
            Err(Fault::new("AccessDenied", why).with_status(403))
        }
    }
}

pub(super) fn create(tx: &mut Tx<'_>, input: CreatePolicyRequest) -> Result<CreatePolicyResponse, Fault> {
    let CreatePolicyRequest { policy_name, path, policy_document, description, tags } = input;
    let path = id::path(path)?;
    policy_version::check(&policy_document)?;
    let tags = tags::new(tags, Case::Differs)?;
    if tx.state.iam_policies.contains(&Policy::key_of(&policy_name)) {
        return Err(exists(format!("A policy called {policy_name} already exists. Duplicate names are not allowed.")));
    }
    if tx.state.iam_policies.len() >= MOST {
        return Err(limit("PoliciesPerAccount", MOST));
    }
    let policy = Policy {
        name: policy_name,
        path,
        id: id::unique(tx, "ANPA"),
        created: tx.now,
        updated: tx.now,
        description,
        versions: vec![PolicyVersion { number: 1, document: policy_document, created: tx.now }],
        default: 1,
        last: 1,
        tags,
    };
    let answer = iam::Policy { tags: tags::shape(&policy.tags), ..shape(&tx.state, Managed::Customer(&policy)) };
    tx.state.iam_policies.put(policy);
    Ok(CreatePolicyResponse { policy: Some(answer) })
}

pub(super) fn get(view: &View<'_>, input: GetPolicyRequest) -> Result<GetPolicyResponse, Fault> {
    let GetPolicyRequest { policy_arn } = input;
    Ok(GetPolicyResponse { policy: Some(described(view.state, find(view.state, &policy_arn)?)) })
}

pub(super) fn list(view: &View<'_>, input: ListPoliciesRequest) -> Result<ListPoliciesResponse, Fault> {
    let ListPoliciesRequest { scope, only_attached, path_prefix, policy_usage_filter, marker, max_items } = input;
    let prefix = id::path_prefix(path_prefix)?;
    let scope = scope.unwrap_or(PolicyScopeType::All);
    let aws = aws_managed::all().iter().map(Managed::Aws).filter(|_| scope != PolicyScopeType::Local);
    let customers = view.state.iam_policies.iter().map(Managed::Customer).filter(|_| scope != PolicyScopeType::Aws);
    let used = |policy: &Managed<'_>| {
        let (attached, bounding) = uses(view.state, &policy.arn(&view.state.region));
        let used = match policy_usage_filter {
            None => attached + bounding > 0,
            Some(PolicyUsageType::PermissionsPolicy) => attached > 0,
            Some(PolicyUsageType::PermissionsBoundary) => bounding > 0,
        };
        used || (only_attached != Some(true) && policy_usage_filter.is_none())
    };
    let policies = aws.chain(customers).filter(|policy| policy.path().starts_with(&prefix) && used(policy));
    let page = page(policies, |policy| policy.arn(&view.state.region), marker.as_deref(), max_items)?;
    let policies = page.items.into_iter().map(|policy| shape(view.state, policy)).collect();
    Ok(ListPoliciesResponse { policies: Some(policies), is_truncated: Some(page.is_truncated), marker: page.marker })
}

pub(super) fn delete(tx: &mut Tx<'_>, input: DeletePolicyRequest) -> Result<Nothing, Fault> {
    let DeletePolicyRequest { policy_arn } = input;
    let policy = customers(&tx.state, &policy_arn, "DeletePolicy")?;
    let (attached, bounding) = uses(&tx.state, &policy_arn);
    if attached + bounding > 0 {
        return Err(conflict("Cannot delete a policy attached to entities."));
    }
    if policy.versions.len() > 1 {
        return Err(conflict(
            "This policy has more than one version. Before you delete a policy, you must delete the policy's versions. The default version is deleted with the policy.",
        ));
    }
    tx.state.iam_policies.remove(&Policy::key_of(&policy.name));
    Ok(Nothing)
}

pub(super) fn tag(tx: &mut Tx<'_>, input: TagPolicyRequest) -> Result<Nothing, Fault> {
    let TagPolicyRequest { policy_arn, tags: more } = input;
    let mut policy = customers(&tx.state, &policy_arn, "TagPolicy")?;
    tags::add(&mut policy.tags, more, Case::Differs)?;
    tx.state.iam_policies.put(policy);
    Ok(Nothing)
}

pub(super) fn untag(tx: &mut Tx<'_>, input: UntagPolicyRequest) -> Result<Nothing, Fault> {
    let UntagPolicyRequest { policy_arn, tag_keys } = input;
    let mut policy = customers(&tx.state, &policy_arn, "UntagPolicy")?;
    tags::remove(&mut policy.tags, &tag_keys, Case::Differs);
    tx.state.iam_policies.put(policy);
    Ok(Nothing)
}

pub(super) fn tags(view: &View<'_>, input: ListPolicyTagsRequest) -> Result<ListPolicyTagsResponse, Fault> {
    let ListPolicyTagsRequest { policy_arn, marker, max_items } = input;
    let page = match find(view.state, &policy_arn)? {
        Managed::Aws(_) => tags::list(&crate::state::Tags::new(), marker.as_deref(), max_items),
        Managed::Customer(policy) => tags::list(&policy.tags, marker.as_deref(), max_items),
    }?;
    Ok(ListPolicyTagsResponse { tags: Some(page.items), is_truncated: Some(page.is_truncated), marker: page.marker })
}

/// How many roles and users a managed policy is attached to, and how many it bounds.
fn uses(state: &State, arn: &str) -> (i32, i32) {
    let roles = state.iam_roles.iter().map(|role| &role.grants);
    let all = roles.chain(state.iam_users.iter().map(|user| &user.grants));
    all.fold((0, 0), |(attached, bounding), grants: &Grants| {
        let bounds = grants.boundary.as_deref() == Some(arn);
        (attached + i32::from(grants.attached.contains(arn)), bounding + i32::from(bounds))
    })
}

/// A policy with all that is told of one: its tags even when it has none.
fn described(state: &State, policy: Managed<'_>) -> iam::Policy {
    let (description, tags) = match policy {
        Managed::Aws(_) => (None, None),
        Managed::Customer(policy) => (policy.description.clone(), tags::shape(&policy.tags)),
    };
    iam::Policy { description, tags: Some(tags.unwrap_or_default()), ..shape(state, policy) }
}

/// A policy in a list.
fn shape(state: &State, policy: Managed<'_>) -> iam::Policy {
    let arn = policy.arn(&state.region);
    let (attached, bounding) = uses(state, &arn);
    let (id, created, updated, default) = match policy {
        Managed::Aws(policy) => (policy.id(), policy.created, policy.updated, policy.version),
        Managed::Customer(policy) => (policy.id.clone(), policy.created, policy.updated, policy.default),
    };
    iam::Policy {
        policy_name: Some(policy.name().to_owned()),
        policy_id: Some(id),
        path: Some(policy.path().to_owned()),
        default_version_id: Some(policy_version::id(default)),
        attachment_count: Some(attached),
        permissions_boundary_usage_count: Some(bounding),
        is_attachable: Some(true),
        create_date: Some(created),
        update_date: Some(updated),
        arn: Some(arn),
        ..iam::Policy::default()
    }
}
