//! Pull through cache rules: which repositories are filled from which other registry.

use super::{
    PAGE,
    faults::{bad_token, invalid, unsupported},
    repositories::own,
};
use crate::{State, Tx, View, secretsmanager, state::EcrCacheRule};
use aws::{
    api::ecr::{
        CreatePullThroughCacheRuleRequest, CreatePullThroughCacheRuleResponse, DeletePullThroughCacheRuleRequest,
        DeletePullThroughCacheRuleResponse, DescribePullThroughCacheRulesRequest,
        DescribePullThroughCacheRulesResponse, PullThroughCacheRule, UpdatePullThroughCacheRuleRequest,
        UpdatePullThroughCacheRuleResponse, UpstreamRegistry, ValidatePullThroughCacheRuleRequest,
        ValidatePullThroughCacheRuleResponse,
    },
    fault::Fault,
    page::paginate,
};

/// "Amazon ECR service quotas": rules of a registry.
const MAX_RULES: usize = 50;
/// The prefix that stands for every repository.
const ROOT: &str = "ROOT";

/// Where a repository that a rule is for gets its images from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upstream {
    /// The other registry's host, such as `registry-1.docker.io`.
    pub registry: String,
    /// The repository there.
    pub repository: String,
    /// The secret with the credentials to use there.
    pub credential_arn: Option<String>,
}

/// The upstream of a repository by the longest prefix that a rule has for it, if there is any.
pub fn upstream_of(state: &State, repository: &str) -> Option<Upstream> {
    let rules = state.ecr_cache_rules.iter();
    let matching = rules.filter_map(|rule| Some((rule, rest_of(repository, &rule.prefix)?)));
    let (rule, rest) = matching.min_by_key(|(_, rest)| rest.len())?;
    let repository = match rule.upstream_prefix.as_deref() {
        None | Some(ROOT) => rest.to_owned(),
        Some(prefix) => format!("{prefix}/{rest}"),
    };
    Some(Upstream { registry: rule.upstream_url.clone(), repository, credential_arn: rule.credential_arn.clone() })
}

/// Checks that there are the credentials that a rule names ("Storing your upstream repository credentials in an AWS Secrets Manager
/// secret"). What they open is not asked: the registries here are mirrors.
///
/// # Errors
/// `SecretNotFoundException`; `UnableToAccessSecretException` for a secret that holds no such credentials.
pub fn check_upstream(state: &State, upstream: &Upstream) -> Result<(), Fault> {
    upstream.credential_arn.as_deref().map_or(Ok(()), |arn| check_secret(state, arn))
}

fn check_secret(state: &State, arn: &str) -> Result<(), Fault> {
    let missing = || {
        let message = format!("The ARN of the secret specified in the pull through cache rule was not found: {arn}");
        Fault::new("SecretNotFoundException", message)
    };
    let text = secretsmanager::current_text(state, arn).ok_or_else(missing)?;
    let members: serde_json::Value = serde_json::from_str(text).unwrap_or_default();
    let has = |name: &str| members.get(name).and_then(|value| value.as_str()).is_some_and(|value| !value.is_empty());
    if has("username") && has("accessToken") {
        return Ok(());
    }
    let message = format!("The secret {arn} must hold a JSON object with the keys 'username' and 'accessToken'.");
    Err(Fault::new("UnableToAccessSecretException", message))
}

/// What follows a rule's prefix in a name.
fn rest_of<'a>(repository: &'a str, prefix: &str) -> Option<&'a str> {
    match prefix {
        ROOT => Some(repository),
        prefix => repository.strip_prefix(prefix)?.strip_prefix('/').filter(|rest| !rest.is_empty()),
    }
}

/// The registries that can be upstream, by their hosts ("Sync an upstream registry with an Amazon ECR private registry"), and
/// whether they want credentials.
fn known(host: &str) -> Option<(UpstreamRegistry, bool)> {
    match host {
        "public.ecr.aws" => Some((UpstreamRegistry::EcrPublic, false)),
        "registry.k8s.io" => Some((UpstreamRegistry::K8s, false)),
        "quay.io" => Some((UpstreamRegistry::Quay, false)),
        "registry-1.docker.io" => Some((UpstreamRegistry::DockerHub, true)),
        "ghcr.io" => Some((UpstreamRegistry::GithubContainerRegistry, true)),
        "registry.gitlab.com" => Some((UpstreamRegistry::GitlabContainerRegistry, true)),
        "cgr.dev" => Some((UpstreamRegistry::Chainguard, true)),
        other if other.ends_with(".azurecr.io") => Some((UpstreamRegistry::AzureContainerRegistry, true)),
        _ => None,
    }
}

/// CreatePullThroughCacheRule.
pub(super) fn create(
    tx: &mut Tx<'_>,
    request: CreatePullThroughCacheRuleRequest,
) -> Result<CreatePullThroughCacheRuleResponse, Fault> {
    let CreatePullThroughCacheRuleRequest {
        ecr_repository_prefix,
        upstream_registry_url,
        registry_id,
        upstream_registry,
        credential_arn,
        custom_role_arn,
        upstream_repository_prefix,
    } = request;
    own(&tx.state, registry_id.as_deref())?;
    if custom_role_arn.is_some() {
        return Err(unsupported("customRoleArn"));
    }
    let prefix = prefix(&ecr_repository_prefix, "ecrRepositoryPrefix")?;
    // Shown as it was given, or not at all: Terraform would replace a rule that has one nobody gave.
    let upstream_prefix = upstream_repository_prefix.map(|given| self::prefix(&given, "upstreamRepositoryPrefix"));
    let upstream_prefix = upstream_prefix.transpose()?;
    let url = upstream_registry_url.trim_start_matches("https://").trim_end_matches('/').to_owned();
    let Some((upstream, with_credentials)) = known(&url) else {
        return Err(unsupported_upstream(format!(
            "The upstream registry URL {url} is invalid. Specify a valid upstream registry URL and try again"
        )));
    };
    // AWS compares the two only where it has to sign in.
    if with_credentials && upstream_registry.is_some_and(|given| given != upstream) {
        let message = "Invalid input: Upstream registry URL and entered upstream registry do not match. Please verify input and \
                       try again.";
        return Err(Fault::new("InvalidParameterException", message));
    }
    check_credentials(credential_arn.as_deref(), with_credentials)?;
    if tx.state.ecr_cache_rules.contains(&prefix) {
        let message = format!(
            "A pull through cache rule with ECR repository prefix '{prefix}' already exists in the registry with id '{}'",
            tx.state.region.account
        );
        return Err(Fault::new("PullThroughCacheRuleAlreadyExistsException", message));
    }
    if tx.state.ecr_cache_rules.len() >= MAX_RULES {
        return Err(super::faults::limit("pull through cache rules", MAX_RULES));
    }
    let (created, updated) = (tx.now, tx.now);
    let rule = EcrCacheRule { prefix, upstream_url: url, upstream, upstream_prefix, credential_arn, created, updated };
    tx.state.ecr_cache_rules.put(rule.clone());
    Ok(CreatePullThroughCacheRuleResponse {
        ecr_repository_prefix: Some(rule.prefix),
        upstream_registry_url: Some(rule.upstream_url),
        created_at: Some(rule.created),
        registry_id: Some(tx.state.region.account.clone()),
        upstream_registry: Some(rule.upstream),
        credential_arn: rule.credential_arn,
        custom_role_arn: None,
        upstream_repository_prefix: rule.upstream_prefix,
    })
}

fn unsupported_upstream(message: impl Into<String>) -> Fault {
    Fault::new("UnsupportedUpstreamRegistryException", message)
}

/// A prefix without the slash that may end it.
fn prefix(given: &str, parameter: &str) -> Result<String, Fault> {
    let prefix = given.strip_suffix('/').unwrap_or(given);
    if prefix == ROOT || super::repositories::is_name(prefix) {
        return Ok(prefix.to_owned());
    }
    Err(invalid(parameter, "must be a repository name, which may end with a slash, or ROOT"))
}

fn check_credentials(arn: Option<&str>, wanted: bool) -> Result<(), Fault> {
    let named = |arn: &str| arn.contains(":secretsmanager:") && arn.contains(":secret:ecr-pullthroughcache/");
    match arn {
        Some(arn) if !named(arn) => Err(invalid(
            "credentialArn",
            "must be the ARN of a secret of AWS Secrets Manager whose name starts with ecr-pullthroughcache/",
        )),
        None if wanted => Err(unsupported_upstream(
            "The specified upstream registry requires authentication. Specify a valid Secrets Manager ARN containing the upstream \
             registry credentials and try again.",
        )),
        _ => Ok(()),
    }
}

/// DescribePullThroughCacheRules.
pub(super) fn describe(
    view: &View<'_>,
    request: DescribePullThroughCacheRulesRequest,
) -> Result<DescribePullThroughCacheRulesResponse, Fault> {
    let DescribePullThroughCacheRulesRequest { registry_id, ecr_repository_prefixes, next_token, max_results } =
        request;
    own(view.state, registry_id.as_deref())?;
    let rules: Vec<&EcrCacheRule> = match &ecr_repository_prefixes {
        Some(prefixes) => prefixes.iter().map(|prefix| find(view.state, prefix)).collect::<Result<_, _>>()?,
        None => view.state.ecr_cache_rules.iter().collect(),
    };
    let (page, next_token) =
        paginate(rules, |rule| rule.prefix.clone(), max_results, next_token.as_deref(), PAGE).map_err(bad_token)?;
    let shape = |rule: &EcrCacheRule| PullThroughCacheRule {
        ecr_repository_prefix: Some(rule.prefix.clone()),
        upstream_registry_url: Some(rule.upstream_url.clone()),
        created_at: Some(rule.created),
        registry_id: Some(view.state.region.account.clone()),
        credential_arn: rule.credential_arn.clone(),
        custom_role_arn: None,
        upstream_repository_prefix: rule.upstream_prefix.clone(),
        upstream_registry: Some(rule.upstream),
        updated_at: Some(rule.updated),
    };
    let rules = page.into_iter().map(shape).collect();
    Ok(DescribePullThroughCacheRulesResponse { pull_through_cache_rules: Some(rules), next_token })
}

fn find<'a>(state: &'a State, prefix: &str) -> Result<&'a EcrCacheRule, Fault> {
    let known = state.ecr_cache_rules.get(prefix.strip_suffix('/').unwrap_or(prefix));
    known.ok_or_else(|| {
        let message = format!(
            "The pull through cache rule with ECR repository prefix '{prefix}' does not exist in the registry with id '{}'",
            state.region.account
        );
        Fault::new("PullThroughCacheRuleNotFoundException", message)
    })
}

/// UpdatePullThroughCacheRule.
pub(super) fn update(
    tx: &mut Tx<'_>,
    request: UpdatePullThroughCacheRuleRequest,
) -> Result<UpdatePullThroughCacheRuleResponse, Fault> {
    let UpdatePullThroughCacheRuleRequest { registry_id, ecr_repository_prefix, credential_arn, custom_role_arn } =
        request;
    own(&tx.state, registry_id.as_deref())?;
    if custom_role_arn.is_some() {
        return Err(unsupported("customRoleArn"));
    }
    let mut rule = find(&tx.state, &ecr_repository_prefix)?.clone();
    check_credentials(credential_arn.as_deref(), true)?;
    (rule.credential_arn, rule.updated) = (credential_arn, tx.now);
    tx.state.ecr_cache_rules.put(rule.clone());
    Ok(UpdatePullThroughCacheRuleResponse {
        ecr_repository_prefix: Some(rule.prefix),
        registry_id: Some(tx.state.region.account.clone()),
        updated_at: Some(rule.updated),
        credential_arn: rule.credential_arn,
        custom_role_arn: None,
        upstream_repository_prefix: rule.upstream_prefix,
    })
}

/// DeletePullThroughCacheRule.
pub(super) fn delete(
    tx: &mut Tx<'_>,
    request: DeletePullThroughCacheRuleRequest,
) -> Result<DeletePullThroughCacheRuleResponse, Fault> {
    let DeletePullThroughCacheRuleRequest { ecr_repository_prefix, registry_id } = request;
    own(&tx.state, registry_id.as_deref())?;
    let rule = find(&tx.state, &ecr_repository_prefix)?.clone();
    tx.state.ecr_cache_rules.remove(&rule.prefix);
    Ok(DeletePullThroughCacheRuleResponse {
        ecr_repository_prefix: Some(rule.prefix),
        upstream_registry_url: Some(rule.upstream_url),
        created_at: Some(rule.created),
        registry_id: Some(tx.state.region.account.clone()),
        credential_arn: rule.credential_arn,
        custom_role_arn: None,
        upstream_repository_prefix: rule.upstream_prefix,
    })
}

/// ValidatePullThroughCacheRule.
pub(super) fn validate(
    view: &View<'_>,
    request: ValidatePullThroughCacheRuleRequest,
) -> Result<ValidatePullThroughCacheRuleResponse, Fault> {
    let ValidatePullThroughCacheRuleRequest { ecr_repository_prefix, registry_id } = request;
    own(view.state, registry_id.as_deref())?;
    let rule = find(view.state, &ecr_repository_prefix)?.clone();
    let checked = rule.credential_arn.as_deref().map_or(Ok(()), |arn| check_secret(view.state, arn));
    Ok(ValidatePullThroughCacheRuleResponse {
        ecr_repository_prefix: Some(rule.prefix),
        registry_id: Some(view.state.region.account.clone()),
        upstream_registry_url: Some(rule.upstream_url),
        credential_arn: rule.credential_arn,
        custom_role_arn: None,
        upstream_repository_prefix: rule.upstream_prefix,
        is_valid: Some(checked.is_ok()),
        failure: checked.err().map(|fault| fault.message),
    })
}
