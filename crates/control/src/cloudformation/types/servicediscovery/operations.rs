//! Operations of AWS Cloud Map, which go on after their calls.

use super::super::{Progress, ask, at};
use crate::View;
use aws::{api::servicediscovery::API, fault::Fault};
use serde_json::{Value, json};

/// How far the operations of these types are that have this target (`NAMESPACE_ID` or `SERVICE_ID`): done when none is under way.
pub(super) fn ended(view: &View<'_>, target: &str, id: &str, types: &[&str]) -> Progress {
    match list(view, target, id, types, &["SUBMITTED", "PENDING"]) {
        Err(fault) => Progress::Failed(fault),
        Ok(all) if all.is_empty() => Progress::Done,
        Ok(_) => Progress::Waiting,
    }
}

/// Why the operation failed that was to make this namespace; none where none failed.
///
/// # Errors
/// Those of ListOperations and GetOperation.
pub(super) fn failure(view: &View<'_>, id: &str) -> Result<Option<Fault>, Fault> {
    let failed = list(view, "NAMESPACE_ID", id, &["CREATE_NAMESPACE"], &["FAIL"])?;
    let Some(failed) = failed.first() else { return Ok(None) };
    let answer = ask(view, &API, "GetOperation", json!({ "OperationId": at(failed, "/Id") }))?;
    let word = |name: &str| at(&answer, &format!("/Operation/{name}")).as_str().unwrap_or_default().to_owned();
    Ok(Some(Fault::new(word("ErrorCode"), word("ErrorMessage"))))
}

fn list(view: &View<'_>, target: &str, id: &str, types: &[&str], statuses: &[&str]) -> Result<Vec<Value>, Fault> {
    let filters = json!([
        { "Name": target, "Values": [id], "Condition": "EQ" },
        { "Name": "TYPE", "Values": types, "Condition": "IN" },
        { "Name": "STATUS", "Values": statuses, "Condition": "IN" },
    ]);
    let answer = ask(view, &API, "ListOperations", json!({ "Filters": filters }))?;
    Ok(at(&answer, "/Operations").as_array().cloned().unwrap_or_default())
}
