//! DeleteSecret, RestoreSecret, and the end of the recovery window.

use super::{arn, find, invalid, password, version};
use crate::{
    Tx,
    state::{Expiring, Expiry, Record, Secret, SecretDeletion},
};
use aws::{
    api::secretsmanager::{DeleteSecretRequest, DeleteSecretResponse, RestoreSecretRequest, RestoreSecretResponse},
    doc::Timestamp,
    fault::Fault,
};
use spec::DAY;

/// Days until a secret goes for good when the request does not say.
const RECOVERY_DAYS: i64 = 30;

/// DeleteSecret: the secret waits for its end, or goes at once.
pub(super) fn delete(tx: &mut Tx<'_>, request: DeleteSecretRequest) -> Result<DeleteSecretResponse, Fault> {
    let DeleteSecretRequest { secret_id, recovery_window_in_days, force_delete_without_recovery } = request;
    let force = force_delete_without_recovery == Some(true);
    let days = recovery_window_in_days.unwrap_or(RECOVERY_DAYS);
    if force && recovery_window_in_days.is_some() {
        return Err(invalid("You can't use ForceDeleteWithoutRecovery in conjunction with RecoveryWindowInDays."));
    }
    if !(7..=30).contains(&days) {
        return Err(invalid("RecoveryWindowInDays value must be between 7 and 30 days (inclusive)."));
    }
    if force {
        return Ok(at_once(tx, &secret_id));
    }
    let secret = find::live(&tx.state, &secret_id)?.clone();
    let due = Timestamp { millis: tx.now.millis + days * DAY };
    let deletion = SecretDeletion { asked: tx.now, due };
    tx.state.secrets.update(&secret.name, |secret| secret.deletion = Some(deletion));
    tx.state.expiries.put(Expiry { at: due, what: Expiring::Secret(secret.name.clone()) });
    Ok(response(tx, &secret, due))
}

/// Deletes for good. One that is not there is answered as if it had been: the call may have been sent twice.
fn at_once(tx: &mut Tx<'_>, id: &str) -> DeleteSecretResponse {
    let now = tx.now;
    let secret = find::any(&tx.state, id).ok().cloned().unwrap_or_else(|| Secret {
        name: id.rsplit_once(":secret:").map_or(id, |(_, name)| name).to_owned(),
        suffix: password::draw(tx, password::LETTERS_AND_DIGITS, 6),
        description: None,
        tags: Default::default(),
        policy: None,
        created: now,
        changed: now,
        accessed: None,
        deletion: None,
    });
    remove(tx, &secret);
    response(tx, &secret, now)
}

fn response(tx: &Tx<'_>, secret: &Secret, date: Timestamp) -> DeleteSecretResponse {
    DeleteSecretResponse {
        arn: Some(arn(&tx.state, secret)),
        name: Some(secret.name.clone()),
        deletion_date: Some(date),
    }
}

/// RestoreSecret.
pub(super) fn restore(tx: &mut Tx<'_>, request: RestoreSecretRequest) -> Result<RestoreSecretResponse, Fault> {
    let RestoreSecretRequest { secret_id } = request;
    let secret = find::any(&tx.state, &secret_id)?.clone();
    tx.state.secrets.update(&secret.name, |secret| secret.deletion = None);
    unqueue(tx, &secret);
    Ok(RestoreSecretResponse { arn: Some(arn(&tx.state, &secret)), name: Some(secret.name) })
}

/// Forgets a secret whose time has come, unless it was restored.
pub(crate) fn expire(tx: &mut Tx<'_>, name: &str, at: Timestamp) {
    let Some(secret) = tx.state.secrets.get(name).cloned() else { return };
    if secret.deletion.is_some_and(|deletion| deletion.due <= at) {
        remove(tx, &secret);
    }
}

fn remove(tx: &mut Tx<'_>, secret: &Secret) {
    let versions: Vec<String> = version::all(&tx.state, &secret.name).into_iter().map(Record::key).collect();
    for version in versions {
        tx.state.secret_versions.remove(&version);
    }
    tx.state.secrets.remove(&secret.name);
    unqueue(tx, secret);
}

fn unqueue(tx: &mut Tx<'_>, secret: &Secret) {
    let Some(deletion) = secret.deletion else { return };
    let queued = Expiry { at: deletion.due, what: Expiring::Secret(secret.name.clone()) };
    tx.state.expiries.remove(&queued.key());
}
