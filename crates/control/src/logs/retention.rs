//! `PutRetentionPolicy`, `DeleteRetentionPolicy`. The server deletes what is older.

use super::{find, invalid};
use crate::Tx;
use aws::{
    api::logs::{DeleteRetentionPolicyRequest, PutRetentionPolicyRequest},
    fault::Fault,
    shape::Nothing,
};

/// The days CloudWatch Logs can keep events for ("PutRetentionPolicy").
const DAYS: [i32; 22] =
    [1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653];

pub(super) fn put(tx: &mut Tx<'_>, request: PutRetentionPolicyRequest) -> Result<Nothing, Fault> {
    find::group(&tx.state, &request.log_group_name)?;
    let days = request.retention_in_days;
    if !DAYS.contains(&days) {
        let known = DAYS.map(|days| days.to_string()).join(", ");
        return Err(invalid(format!(
            "1 validation error detected: Value '{days}' at 'retentionInDays' failed to satisfy constraint: Member must satisfy enum value set: [{known}]"
        )));
    }
    tx.state.log_groups.update(&request.log_group_name, |group| group.retention = Some(days));
    Ok(Nothing)
}

pub(super) fn delete(tx: &mut Tx<'_>, request: DeleteRetentionPolicyRequest) -> Result<Nothing, Fault> {
    find::group(&tx.state, &request.log_group_name)?;
    tx.state.log_groups.update(&request.log_group_name, |group| group.retention = None);
    Ok(Nothing)
}
