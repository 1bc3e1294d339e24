//! Account settings: what new clusters have where their calls say nothing. There is one that can be set, `containerInsights`, and for the
//! whole account alone.

use super::clusters::INSIGHTS;
use crate::{State, Tx, View, iam::Identity, state::AccountSetting};
use aws::{
    api::ecs::{
        DeleteAccountSettingRequest, DeleteAccountSettingResponse, ListAccountSettingsRequest,
        ListAccountSettingsResponse, PutAccountSettingDefaultRequest, PutAccountSettingDefaultResponse,
        PutAccountSettingRequest, PutAccountSettingResponse, Setting, SettingName, SettingType,
    },
    fault::Fault,
    page,
};

/// What is so here whatever is said, beside [`SettingName::ContainerInsights`].
const FIXED: [(SettingName, &str); 4] = [
    (SettingName::ServiceLongArnFormat, "enabled"),
    (SettingName::TaskLongArnFormat, "enabled"),
    (SettingName::ContainerInstanceLongArnFormat, "enabled"),
    (SettingName::DefaultLogDriverMode, "non-blocking"),
];

/// The value of `containerInsights` for new clusters.
pub(super) fn container_insights(state: &State) -> String {
    let set = state.account_settings.get(SettingName::ContainerInsights.as_str());
    set.map_or_else(|| "disabled".to_owned(), |setting| setting.value.clone())
}

/// PutAccountSettingDefault.
pub(super) fn put_default(
    tx: &mut Tx<'_>,
    input: PutAccountSettingDefaultRequest,
) -> Result<PutAccountSettingDefaultResponse, Fault> {
    let PutAccountSettingDefaultRequest { name, value } = input;
    Ok(PutAccountSettingDefaultResponse { setting: Some(set(tx, name, value)?) })
}

/// PutAccountSetting. The root user's is the whole account's.
pub(super) fn put(tx: &mut Tx<'_>, input: PutAccountSettingRequest) -> Result<PutAccountSettingResponse, Fault> {
    let PutAccountSettingRequest { name, value, principal_arn } = input;
    only_root(&tx.view(), principal_arn)?;
    Ok(PutAccountSettingResponse { setting: Some(set(tx, name, value)?) })
}

/// DeleteAccountSetting: the default holds again. Answers with what was set, or that.
pub(super) fn delete(
    tx: &mut Tx<'_>,
    input: DeleteAccountSettingRequest,
) -> Result<DeleteAccountSettingResponse, Fault> {
    let DeleteAccountSettingRequest { name, principal_arn } = input;
    only_root(&tx.view(), principal_arn)?;
    only_insights(name)?;
    let was = shape(&tx.state, name, container_insights(&tx.state));
    tx.state.account_settings.remove(name.as_str());
    Ok(DeleteAccountSettingResponse { setting: Some(was) })
}

/// ListAccountSettings: what was set, or with `effectiveSettings` what holds.
pub(super) fn list(view: &View<'_>, input: ListAccountSettingsRequest) -> Result<ListAccountSettingsResponse, Fault> {
    let ListAccountSettingsRequest { name, value, principal_arn, effective_settings, next_token, max_results } = input;
    if value.is_some() && name.is_none() {
        return Err(invalid("You must specify a setting name to filter by value."));
    }
    only_root(view, principal_arn)?;
    let state = view.state;
    let insights = (SettingName::ContainerInsights, container_insights(state));
    let is_set = state.account_settings.get(insights.0.as_str()).is_some();
    let all: Vec<(SettingName, String)> = match effective_settings == Some(true) {
        true => FIXED.into_iter().map(|(name, value)| (name, value.to_owned())).chain([insights]).collect(),
        false => Some(insights).into_iter().filter(|_| is_set).collect(),
    };
    let is_meant = |(of, is): &(SettingName, String)| {
        name.is_none_or(|name| name == *of) && value.as_ref().is_none_or(|value| value == is)
    };
    let size = page::Size { default: 10, max: 10 };
    let key = |(name, _): &(SettingName, String)| name.as_str().to_owned();
    let page = page::paginate(all.into_iter().filter(is_meant), key, max_results, next_token.as_deref(), size);
    let (page, next_token) = page.map_err(|bad| bad.fault("InvalidParameterException"))?;
    let settings = page.into_iter().map(|(name, value)| shape(state, name, value)).collect();
    Ok(ListAccountSettingsResponse { settings: Some(settings), next_token })
}

fn set(tx: &mut Tx<'_>, name: SettingName, value: String) -> Result<Setting, Fault> {
    only_insights(name)?;
    if !INSIGHTS.contains(&value.as_str()) {
        return Err(invalid(format!(
            "Invalid account setting value: '{value}'. Valid values: [{}]",
            INSIGHTS.join(",")
        )));
    }
    tx.state.account_settings.put(AccountSetting { name: name.as_str().to_owned(), value: value.clone() });
    Ok(shape(&tx.state, name, value))
}

fn shape(state: &State, name: SettingName, value: String) -> Setting {
    let principal_arn = Some(root(state));
    Setting { name: Some(name), value: Some(value), principal_arn, r#type: Some(SettingType::User) }
}

fn root(state: &State) -> String {
    format!("arn:aws:iam::{}:root", state.region.account)
}

fn only_insights(name: SettingName) -> Result<(), Fault> {
    match name {
        SettingName::ContainerInsights => Ok(()),
        other => Err(unsupported(&format!("the account setting {}", other.as_str()))),
    }
}

/// Users and roles have no settings of their own.
fn only_root(view: &View<'_>, principal: Option<String>) -> Result<(), Fault> {
    match principal.unwrap_or_else(|| Identity::of(view).arn) == root(view.state) {
        true => Ok(()),
        false => Err(unsupported("account settings of users and roles; the root user's are the whole account's")),
    }
}

fn invalid(message: impl Into<String>) -> Fault {
    Fault::new("InvalidParameterException", message)
}

fn unsupported(what: &str) -> Fault {
    invalid(format!("neargate does not support {what} yet."))
}

#[cfg(test)]
mod tests {
    use crate::testing::World;
    use serde_json::json;

    #[test]
    fn new_clusters_have_what_the_account_says() {
        let mut world = World::new();
        let insights = |world: &mut World, name: &str| {
            let made = world.ecs("CreateCluster", json!({"clusterName": name}));
            made["cluster"]["settings"][0]["value"].clone()
        };
        assert_eq!(insights(&mut world, "before"), "disabled");
        assert_eq!(world.ecs("ListAccountSettings", json!({}))["settings"], json!([]));
        let set = world.ecs("PutAccountSettingDefault", json!({"name": "containerInsights", "value": "enhanced"}));
        let shown = json!({"name": "containerInsights", "value": "enhanced",
            "principalArn": "arn:aws:iam::123456789012:root", "type": "user"});
        assert_eq!(set["setting"], shown);
        assert_eq!(world.ecs("ListAccountSettings", json!({}))["settings"], json!([shown]));
        assert_eq!(insights(&mut world, "after"), "enhanced");
        assert_eq!(insights(&mut world, "before"), "disabled", "one that is there keeps its own");
        world.ecs("DeleteAccountSetting", json!({"name": "containerInsights"}));
        assert_eq!(insights(&mut world, "last"), "disabled");
        let all = world.ecs("ListAccountSettings", json!({"effectiveSettings": true}));
        assert_eq!(all["settings"].as_array().map(Vec::len), Some(5));
    }

    #[test]
    fn what_would_not_be_heeded_is_refused() {
        let mut world = World::new();
        let mut refused = |request| world.ecs_refuses("PutAccountSetting", request);
        assert_eq!(
            refused(json!({"name": "containerInsights", "value": "on"})),
            "InvalidParameterException: Invalid account setting value: 'on'. Valid values: [enhanced,enabled,disabled]"
        );
        assert!(refused(json!({"name": "awsvpcTrunking", "value": "enabled"})).contains("awsvpcTrunking"));
        let user = json!({"name": "containerInsights", "value": "enabled", "principalArn": "arn:aws:iam::123456789012:user/a"});
        assert!(refused(user).contains("users and roles"));
    }
}
