//! What is said of the registry as a whole: its policy, how it is scanned, how it is replicated.

use super::{
    faults::{invalid, unsupported},
    policies,
};
use crate::{
    State, Tx, View,
    state::{EcrRegistry, Record},
};
use aws::{
    api::ecr::{
        DeleteRegistryPolicyRequest, DeleteRegistryPolicyResponse, DescribeRegistryRequest, DescribeRegistryResponse,
        GetRegistryPolicyRequest, GetRegistryPolicyResponse, GetRegistryScanningConfigurationRequest,
        GetRegistryScanningConfigurationResponse, PutRegistryPolicyRequest, PutRegistryPolicyResponse,
        PutRegistryScanningConfigurationRequest, PutRegistryScanningConfigurationResponse,
        RegistryScanningConfiguration, RegistryScanningRule, ReplicationConfiguration, ScanFrequency, ScanType,
    },
    fault::Fault,
};

fn registry(state: &State) -> EcrRegistry {
    state.ecr_registry.get(EcrRegistry::KEY).cloned().unwrap_or_default()
}

/// Keeps what differs from what everybody has.
fn keep(tx: &mut Tx<'_>, registry: EcrRegistry) {
    if registry == EcrRegistry::default() {
        tx.state.ecr_registry.remove(&registry.key());
    } else {
        tx.state.ecr_registry.put(registry);
    }
}

/// PutRegistryPolicy. It is kept, and nothing evaluates it yet.
pub(super) fn put_policy(
    tx: &mut Tx<'_>,
    request: PutRegistryPolicyRequest,
) -> Result<PutRegistryPolicyResponse, Fault> {
    let PutRegistryPolicyRequest { policy_text: text } = request;
    policies::check(&text, "registry")?;
    let changed = EcrRegistry { policy: Some(text.clone()), ..registry(&tx.state) };
    keep(tx, changed);
    Ok(PutRegistryPolicyResponse { registry_id: Some(tx.state.region.account.clone()), policy_text: Some(text) })
}

/// GetRegistryPolicy.
pub(super) fn get_policy(
    view: &View<'_>,
    request: GetRegistryPolicyRequest,
) -> Result<GetRegistryPolicyResponse, Fault> {
    let GetRegistryPolicyRequest {} = request;
    let (account, text) = policy(view.state)?;
    Ok(GetRegistryPolicyResponse { registry_id: Some(account), policy_text: Some(text) })
}

/// DeleteRegistryPolicy.
pub(super) fn delete_policy(
    tx: &mut Tx<'_>,
    request: DeleteRegistryPolicyRequest,
) -> Result<DeleteRegistryPolicyResponse, Fault> {
    let DeleteRegistryPolicyRequest {} = request;
    let (account, text) = policy(&tx.state)?;
    let changed = EcrRegistry { policy: None, ..registry(&tx.state) };
    keep(tx, changed);
    Ok(DeleteRegistryPolicyResponse { registry_id: Some(account), policy_text: Some(text) })
}

fn policy(state: &State) -> Result<(String, String), Fault> {
    let account = state.region.account.clone();
    let message = format!("Registry policy does not exist in the registry with id '{account}'");
    let text = registry(state).policy.ok_or_else(|| Fault::new("RegistryPolicyNotFoundException", message))?;
    Ok((account, text))
}

/// DescribeRegistry. There is one region and one account, so nothing is replicated.
pub(super) fn describe(view: &View<'_>, request: DescribeRegistryRequest) -> Result<DescribeRegistryResponse, Fault> {
    let DescribeRegistryRequest {} = request;
    Ok(DescribeRegistryResponse {
        registry_id: Some(view.state.region.account.clone()),
        replication_configuration: Some(ReplicationConfiguration { rules: Some(Vec::new()) }),
    })
}

/// PutRegistryScanningConfiguration.
pub(super) fn put_scanning(
    tx: &mut Tx<'_>,
    request: PutRegistryScanningConfigurationRequest,
) -> Result<PutRegistryScanningConfigurationResponse, Fault> {
    let PutRegistryScanningConfigurationRequest { scan_type, rules } = request;
    if scan_type == Some(ScanType::Enhanced) {
        return Err(unsupported("scanType ENHANCED"));
    }
    let rules = rules.unwrap_or_default();
    check_rules(&rules)?;
    let changed = EcrRegistry { scan_rules: rules, ..registry(&tx.state) };
    let shape = scanning(&changed);
    keep(tx, changed);
    Ok(PutRegistryScanningConfigurationResponse { registry_scanning_configuration: Some(shape) })
}

/// Basic scanning has no continuous scans, and each frequency at most one rule.
fn check_rules(rules: &[RegistryScanningRule]) -> Result<(), Fault> {
    let mut seen = Vec::new();
    for rule in rules {
        if rule.scan_frequency == Some(ScanFrequency::ContinuousScan) {
            return Err(invalid("rules", "CONTINUOUS_SCAN requires the scan type ENHANCED"));
        }
        if seen.contains(&rule.scan_frequency) {
            return Err(invalid("rules", "each scan frequency must be in one rule"));
        }
        seen.push(rule.scan_frequency);
    }
    Ok(())
}

/// GetRegistryScanningConfiguration.
pub(super) fn get_scanning(
    view: &View<'_>,
    request: GetRegistryScanningConfigurationRequest,
) -> Result<GetRegistryScanningConfigurationResponse, Fault> {
    let GetRegistryScanningConfigurationRequest {} = request;
    Ok(GetRegistryScanningConfigurationResponse {
        registry_id: Some(view.state.region.account.clone()),
        scanning_configuration: Some(scanning(&registry(view.state))),
    })
}

fn scanning(registry: &EcrRegistry) -> RegistryScanningConfiguration {
    RegistryScanningConfiguration { scan_type: Some(registry.scan_type), rules: Some(registry.scan_rules.clone()) }
}
