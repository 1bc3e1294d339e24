//! DescribeManagedPrefixLists and DescribePrefixLists.

use crate::{
    State, View,
    ec2::{
        describe::{Asked, Described, describe as describe_all},
        filter::{Field, one},
        kind::Kind,
        tags,
    },
    state::{PrefixList, PrefixListState},
};
use aws::{
    api::ec2::{
        DescribeManagedPrefixListsRequest, DescribeManagedPrefixListsResult, DescribePrefixListsRequest,
        DescribePrefixListsResult, ManagedPrefixList as Shape, PrefixList as AwsShape, PrefixListState as StateShape,
        Tag,
    },
    fault::Fault,
};
use vpc::{AWS_SERVICES, AwsService};

/// DescribeManagedPrefixLists: those that users made and AWS's own.
pub(in crate::ec2) fn describe(
    view: &View<'_>,
    input: DescribeManagedPrefixListsRequest,
) -> Result<DescribeManagedPrefixListsResult, Fault> {
    let DescribeManagedPrefixListsRequest { dry_run, filters, max_results, next_token, prefix_list_ids } = input;
    let state = view.state;
    let asked = Asked { ids: prefix_list_ids, filters, max_results, next_token, dry_run };
    let own = || AWS_SERVICES.iter().filter_map(|service| show_aws(state, service));
    let get = |id: &str| {
        let made = state.prefix_lists.get(id).map(|list| show(state, list));
        made.or_else(|| own().find(|list| list.prefix_list_id.as_deref() == Some(id)))
    };
    let all = state.prefix_lists.iter().map(|list| show(state, list)).chain(own());
    let (prefix_lists, next_token) = describe_all(asked, get, all)?;
    Ok(DescribeManagedPrefixListsResult { next_token, prefix_lists })
}

/// DescribePrefixLists: AWS's own alone, with their ranges.
pub(in crate::ec2) fn describe_aws(
    view: &View<'_>,
    input: DescribePrefixListsRequest,
) -> Result<DescribePrefixListsResult, Fault> {
    let DescribePrefixListsRequest { dry_run, filters, max_results, next_token, prefix_list_ids } = input;
    let region = &view.state.region.name;
    let asked = Asked { ids: prefix_list_ids, filters, max_results, next_token, dry_run };
    let all = || {
        AWS_SERVICES.iter().filter_map(|service| {
            Some(AwsShape {
                cidrs: Some(vec![service.range().to_string()]),
                prefix_list_id: Some(service.prefix_list?.to_owned()),
                prefix_list_name: Some(service.service_name(region)),
            })
        })
    };
    let get = |id: &str| all().find(|list| list.prefix_list_id.as_deref() == Some(id));
    let (prefix_lists, next_token) = describe_all(asked, get, all())?;
    Ok(DescribePrefixListsResult { next_token, prefix_lists })
}

/// A user's list as a reply shows it.
pub(super) fn show(state: &State, list: &PrefixList) -> Shape {
    let PrefixList { id, name, max_entries, versions: _, state: ended, tags } = list;
    let (code, message) = match ended {
        PrefixListState::Created => (StateShape::CreateComplete, None),
        PrefixListState::Modified => (StateShape::ModifyComplete, None),
        PrefixListState::Restored => (StateShape::RestoreComplete, None),
        PrefixListState::ModifyFailed(why) => (StateShape::ModifyFailed, Some(why.clone())),
        PrefixListState::DeleteFailed(why) => (StateShape::DeleteFailed, Some(why.clone())),
    };
    Shape {
        prefix_list_id: Some(id.to_string()),
        address_family: Some("IPv4".to_owned()),
        state: Some(code),
        state_message: message,
        prefix_list_arn: Some(state.region.arn("ec2", format_args!("prefix-list/{id}"))),
        prefix_list_name: Some(name.clone()),
        max_entries: i32::try_from(*max_entries).ok(),
        version: Some(list.version()),
        tags: Some(tags::list(tags)),
        owner_id: Some(state.region.account.clone()),
        ipam_prefix_list_resolver_target_id: None,
        ipam_prefix_list_resolver_sync_enabled: None,
    }
}

/// One of AWS's own as a reply shows it: without size and version ("AWS-managed prefix lists", Amazon VPC User Guide).
fn show_aws(state: &State, service: &AwsService) -> Option<Shape> {
    let (id, region) = (service.prefix_list?, &state.region.name);
    Some(Shape {
        prefix_list_id: Some(id.to_owned()),
        address_family: Some("IPv4".to_owned()),
        state: Some(StateShape::CreateComplete),
        prefix_list_arn: Some(format!("arn:aws:ec2:{region}:aws:prefix-list/{id}")),
        prefix_list_name: Some(service.service_name(region)),
        tags: Some(Vec::new()),
        owner_id: Some("AWS".to_owned()),
        ..Shape::default()
    })
}

impl Described for Shape {
    const KIND: Kind = Kind::PrefixList;
    const IDS: &'static str = "PrefixListIds";
    const FILTERS: &'static [Field<Self>] = &[
        ("owner-id", |l| one(&l.owner_id)),
        ("prefix-list-id", |l| one(&l.prefix_list_id)),
        ("prefix-list-name", |l| one(&l.prefix_list_name)),
    ];
    fn id(&self) -> &str {
        self.prefix_list_id.as_deref().unwrap_or_default()
    }
    fn tags(&self) -> &Option<Vec<Tag>> {
        &self.tags
    }
}

impl Described for AwsShape {
    const KIND: Kind = Kind::PrefixList;
    const IDS: &'static str = "PrefixListIds";
    const FILTERS: &'static [Field<Self>] =
        &[("prefix-list-id", |l| one(&l.prefix_list_id)), ("prefix-list-name", |l| one(&l.prefix_list_name))];
    fn id(&self) -> &str {
        self.prefix_list_id.as_deref().unwrap_or_default()
    }
    fn tags(&self) -> &Option<Vec<Tag>> {
        &None
    }
}
