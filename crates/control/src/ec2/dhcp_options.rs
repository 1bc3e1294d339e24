//! DHCP options sets. Absent: options other than the default ones, which every task has.

use super::{
    describe::{Asked, Described, describe as describe_all},
    filter::{Field, each, one},
    kind::Kind,
    names,
    parameter::{combination, done, not_supported},
    quota, tags, vpc,
};
use crate::{
    State, Tx, View,
    state::{DhcpOptions, Tags},
};
use aws::{
    api::ec2::{
        AssociateDhcpOptionsRequest, AttributeValue, CreateDhcpOptionsRequest, CreateDhcpOptionsResult,
        DeleteDhcpOptionsRequest, DescribeDhcpOptionsRequest, DescribeDhcpOptionsResult, DhcpConfiguration,
        DhcpOptions as Shape, NewDhcpConfiguration, ResourceType, Tag,
    },
    fault::Fault,
    shape::Nothing,
};

/// The set a new VPC gets ("Default DHCP option set", Amazon VPC User Guide), made when there is none yet.
pub(super) fn default_set(tx: &mut Tx<'_>) -> String {
    if let Some(set) = tx.state.dhcp_options.iter().find(|set| set.is_default) {
        return set.id.clone();
    }
    let id = tx.ec2_id("dopt");
    let options = defaults(&tx.state);
    tx.state.dhcp_options.put(DhcpOptions { id: id.clone(), is_default: true, options, tags: Tags::new() });
    id
}

/// The options that tasks have, by their names ("DHCP option sets in Amazon VPC", Amazon VPC User Guide).
fn defaults(state: &State) -> Vec<(String, Vec<String>)> {
    let domain = names::private_domain(&state.region.name);
    vec![
        ("domain-name".to_owned(), vec![domain]),
        ("domain-name-servers".to_owned(), vec!["AmazonProvidedDNS".to_owned()]),
    ]
}

/// CreateDhcpOptions: another set of the options that tasks have. Any other option, any other value and a set without one of them is
/// refused by name.
pub(super) fn create(tx: &mut Tx<'_>, input: CreateDhcpOptionsRequest) -> Result<CreateDhcpOptionsResult, Fault> {
    let CreateDhcpOptionsRequest { dhcp_configurations, tag_specifications, dry_run } = input;
    let options = defaults(&tx.state);
    let mut given = Vec::new();
    for NewDhcpConfiguration { key, values } in dhcp_configurations {
        let (key, values) = (key.unwrap_or_default(), values.unwrap_or_default());
        if !options.contains(&(key.clone(), values.clone())) {
            return Err(not_supported(&format!("DhcpConfiguration {key}={}", values.join(","))));
        }
        if given.contains(&key) {
            return Err(combination(format!("The DHCP option {key} must not appear multiple times")));
        }
        given.push(key);
    }
    if let Some((key, _)) = options.iter().find(|(key, _)| !given.contains(key)) {
        return Err(not_supported(&format!("DhcpConfiguration without {key}")));
    }
    let tags = tags::at_creation(tag_specifications, ResourceType::DhcpOptions)?;
    if tx.state.dhcp_options.len() >= quota::DHCP_OPTIONS {
        let message = "The maximum number of DHCP options has been reached.";
        return Err(Fault::new("DhcpOptionsLimitExceeded", message));
    }
    let made = DhcpOptions { id: tx.ec2_id("dopt"), is_default: false, options, tags };
    let answer = CreateDhcpOptionsResult { dhcp_options: Some(show(&tx.state, &made)) };
    tx.state.dhcp_options.put(made);
    done(dry_run, answer)
}

/// AssociateDhcpOptions. `default` is the set every VPC has: on AWS it would be none at all, which no VPC is without here.
pub(super) fn associate(tx: &mut Tx<'_>, input: AssociateDhcpOptionsRequest) -> Result<Nothing, Fault> {
    let AssociateDhcpOptionsRequest { dhcp_options_id, vpc_id, dry_run } = input;
    let vpc = vpc::get(&tx.state, &vpc_id)?.id.clone();
    let set = match dhcp_options_id.as_str() {
        "default" => default_set(tx),
        id => tx.state.dhcp_options.get(id).ok_or_else(|| Kind::DhcpOptions.missing(id))?.id.clone(),
    };
    tx.state.vpcs.update(&vpc, |vpc| vpc.dhcp_options = set);
    done(dry_run, Nothing)
}

/// DeleteDhcpOptions. The next VPC makes the default set anew.
pub(super) fn delete(tx: &mut Tx<'_>, input: DeleteDhcpOptionsRequest) -> Result<Nothing, Fault> {
    let DeleteDhcpOptionsRequest { dhcp_options_id: id, dry_run } = input;
    tx.state.dhcp_options.get(&id).ok_or_else(|| Kind::DhcpOptions.missing(&id))?;
    if tx.state.vpcs.iter().any(|vpc| vpc.dhcp_options == id) {
        let message = format!("The dhcpOptions '{id}' has dependencies and cannot be deleted.");
        return Err(Fault::new("DependencyViolation", message));
    }
    tx.state.dhcp_options.remove(&id);
    done(dry_run, Nothing)
}

/// DescribeDhcpOptions.
pub(super) fn describe(view: &View<'_>, input: DescribeDhcpOptionsRequest) -> Result<DescribeDhcpOptionsResult, Fault> {
    let DescribeDhcpOptionsRequest { dhcp_options_ids, next_token, max_results, dry_run, filters } = input;
    let state = view.state;
    let asked = Asked { ids: dhcp_options_ids, filters, max_results, next_token, dry_run };
    let all = state.dhcp_options.iter().map(|set| show(state, set));
    let (dhcp_options, next_token) =
        describe_all(asked, |id| state.dhcp_options.get(id).map(|set| show(state, set)), all)?;
    Ok(DescribeDhcpOptionsResult { next_token, dhcp_options })
}

fn show(state: &State, set: &DhcpOptions) -> Shape {
    let options = set.options.iter().map(|(key, values)| DhcpConfiguration {
        key: Some(key.clone()),
        values: Some(values.iter().map(|value| AttributeValue { value: Some(value.clone()) }).collect()),
    });
    Shape {
        owner_id: Some(state.region.account.clone()),
        tags: Some(tags::list(&set.tags)),
        dhcp_options_id: Some(set.id.clone()),
        dhcp_configurations: Some(options.collect()),
    }
}

impl Described for Shape {
    const KIND: Kind = Kind::DhcpOptions;
    const IDS: &'static str = "DhcpOptionsIds";
    const FILTERS: &'static [Field<Self>] = &[
        ("dhcp-options-id", |d| one(&d.dhcp_options_id)),
        ("key", |d| each(&d.dhcp_configurations, |c| &c.key)),
        ("owner-id", |d| one(&d.owner_id)),
        ("value", |d| d.dhcp_configurations.iter().flatten().flat_map(|c| each(&c.values, |v| &v.value)).collect()),
    ];
    fn id(&self) -> &str {
        self.dhcp_options_id.as_deref().unwrap_or_default()
    }
    fn tags(&self) -> &Option<Vec<Tag>> {
        &self.tags
    }
}
