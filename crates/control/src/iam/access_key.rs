//! Access keys of users.

use super::{id, identity, invalid, limit, missing, page::page, user};
use crate::{
    Tx, View,
    state::{AccessKey, SessionOf},
};
use aws::{
    api::iam::{
        self, AccessKeyMetadata, CreateAccessKeyRequest, CreateAccessKeyResponse, DeleteAccessKeyRequest,
        ListAccessKeysRequest, ListAccessKeysResponse, StatusType, UpdateAccessKeyRequest,
    },
    fault::Fault,
    shape::Nothing,
};

/// Access keys of one user.
const MOST: usize = 2;

/// The user a request is about: the caller where it names none.
fn whose(view: &View<'_>, name: Option<String>) -> Result<String, Fault> {
    let name = match (name, identity(view)) {
        (Some(name), _) | (None, SessionOf::User(name)) => name,
        (None, _) => return Err(invalid("Must specify userName when calling with non-User credentials")),
    };
    user::find(view.state, &name).map(|user| user.name.clone())
}

pub(super) fn create(tx: &mut Tx<'_>, input: CreateAccessKeyRequest) -> Result<CreateAccessKeyResponse, Fault> {
    let CreateAccessKeyRequest { user_name } = input;
    let user = whose(&tx.view(), user_name)?;
    if tx.state.iam_access_keys.iter().filter(|key| key.user == user).count() >= MOST {
        return Err(limit("AccessKeysPerUser", MOST));
    }
    let (id, secret) = (id::access_key_id(tx, "AKIA"), id::secret_key(tx));
    let made = iam::AccessKey {
        user_name: Some(user.clone()),
        access_key_id: Some(id.clone()),
        status: Some(StatusType::Active),
        secret_access_key: Some(secret.clone()),
        create_date: Some(tx.now),
    };
    tx.state.iam_access_keys.put(AccessKey { id, secret, user, created: tx.now, active: true });
    Ok(CreateAccessKeyResponse { access_key: Some(made) })
}

/// The key of an id, if it is that user's.
fn find(view: &View<'_>, user: Option<String>, id: &str) -> Result<(), Fault> {
    // The id alone tells the user where none is named.
    let user = match (user, view.state.iam_access_keys.get(id)) {
        (None, Some(key)) if identity(view) == SessionOf::Root => key.user.clone(),
        (user, _) => whose(view, user)?,
    };
    let found = view.state.iam_access_keys.get(id).filter(|key| key.user == user);
    found.map(drop).ok_or_else(|| missing(format!("The Access Key with id {id} cannot be found.")))
}

pub(super) fn update(tx: &mut Tx<'_>, input: UpdateAccessKeyRequest) -> Result<Nothing, Fault> {
    let UpdateAccessKeyRequest { user_name, access_key_id: id, status } = input;
    find(&tx.view(), user_name, &id)?;
    let active = match status {
        StatusType::Active => true,
        StatusType::Inactive => false,
        StatusType::Expired => return Err(invalid("An access key can be made Active or Inactive only.")),
    };
    tx.state.iam_access_keys.update(&id, |key| key.active = active);
    Ok(Nothing)
}

pub(super) fn delete(tx: &mut Tx<'_>, input: DeleteAccessKeyRequest) -> Result<Nothing, Fault> {
    let DeleteAccessKeyRequest { user_name, access_key_id: id } = input;
    find(&tx.view(), user_name, &id)?;
    tx.state.iam_access_keys.remove(&id);
    Ok(Nothing)
}

pub(super) fn list(view: &View<'_>, input: ListAccessKeysRequest) -> Result<ListAccessKeysResponse, Fault> {
    let ListAccessKeysRequest { user_name, marker, max_items } = input;
    let user = match (&user_name, identity(view)) {
        // The root user of this region has no keys that were ever made.
        (None, SessionOf::Root) => None,
        _ => Some(whose(view, user_name)?),
    };
    let keys = view.state.iam_access_keys.iter().filter(|key| Some(&key.user) == user.as_ref());
    let page = page(keys, |key| key.id.clone(), marker.as_deref(), max_items)?;
    let shape = |key: &AccessKey| AccessKeyMetadata {
        user_name: Some(key.user.clone()),
        access_key_id: Some(key.id.clone()),
        status: Some(if key.active { StatusType::Active } else { StatusType::Inactive }),
        create_date: Some(key.created),
    };
    Ok(ListAccessKeysResponse {
        access_key_metadata: Some(page.items.into_iter().map(shape).collect()),
        is_truncated: Some(page.is_truncated),
        marker: page.marker,
    })
}
