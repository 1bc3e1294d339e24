//! What is said at the end. Pure.

use super::{
    calls::{Output, Stack},
    progress::Progress,
};
use crate::cli::status::columns;

/// How it ended.
#[derive(Debug, PartialEq, Eq)]
pub struct Ending {
    pub succeeded: bool,
    /// For standard output.
    pub said: String,
    /// For standard error.
    pub complaint: String,
}

/// What is to be said of a stack that nothing is done to any more.
pub fn of(stack: &Stack, progress: &Progress) -> Ending {
    let Stack { stack_name, status, .. } = stack;
    if matches!(status.as_str(), "CREATE_COMPLETE" | "UPDATE_COMPLETE" | "DELETE_COMPLETE") {
        let mut said = format!("{stack_name}: {status}\n");
        if status != "DELETE_COMPLETE" {
            said += &outputs(&stack.outputs);
        }
        return Ending { succeeded: true, said, complaint: String::new() };
    }
    let mut complaint = format!("neargate: {stack_name}: {status}\n");
    for failed in progress.failures() {
        complaint += &format!("  {}: {}\n", failed.what, failed.reason);
    }
    if progress.failures().is_empty() {
        complaint += &stack.reason.as_ref().map(|reason| format!("  {reason}\n")).unwrap_or_default();
    }
    for line in progress.stopped() {
        complaint += &format!("    {line}\n");
    }
    Ending { succeeded: false, said: String::new(), complaint }
}

/// A stack's outputs as a table; nothing if it has none.
pub fn outputs(outputs: &[Output]) -> String {
    if outputs.is_empty() {
        return String::new();
    }
    let mut rows = vec![["OUTPUT", "VALUE", "DESCRIPTION"].map(str::to_owned)];
    rows.extend(
        outputs
            .iter()
            .map(|output| [output.output_key.clone(), output.output_value.clone(), output.description.clone()]),
    );
    columns(&rows)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn ended(status: &str, reason: &str, events: &[Value]) -> Ending {
        let stack = json!({ "StackId": "arn:1", "StackName": "shop", "StackStatus": status, "StackStatusReason": reason,
                            "Outputs": [{ "OutputKey": "Url", "OutputValue": "http://a/", "Description": "Where it is" },
                                        { "OutputKey": "Vpc", "OutputValue": "vpc-1" }] });
        let mut progress = Progress::new("arn:1", Vec::new());
        events.iter().for_each(|event| {
            progress.take(serde_json::from_value(event.clone()).unwrap());
        });
        of(&serde_json::from_value(stack).unwrap(), &progress)
    }

    #[test]
    fn a_stack_that_is_done_tells_its_outputs() {
        let said = "\
shop: CREATE_COMPLETE
OUTPUT  VALUE      DESCRIPTION
Url     http://a/  Where it is
Vpc     vpc-1
";
        let expected = Ending { succeeded: true, said: said.to_owned(), complaint: String::new() };
        assert_eq!(ended("CREATE_COMPLETE", "", &[]), expected);
        assert_eq!(ended("DELETE_COMPLETE", "", &[]).said, "shop: DELETE_COMPLETE\n");
    }

    #[test]
    fn one_that_was_rolled_back_failed_for_a_reason() {
        let event = json!({ "StackId": "arn:1", "EventId": "1", "LogicalResourceId": "Vpc", "ResourceType": "AWS::EC2::VPC",
            "Timestamp": 1, "ResourceStatus": "CREATE_FAILED", "ResourceStatusReason": "No room." });
        let Ending { succeeded, complaint, .. } = ended("ROLLBACK_COMPLETE", "", &[event]);
        assert!(!succeeded);
        assert_eq!(complaint, "neargate: shop: ROLLBACK_COMPLETE\n  Vpc (AWS::EC2::VPC): No room.\n");
        assert_eq!(ended("DELETE_FAILED", "Why.", &[]).complaint, "neargate: shop: DELETE_FAILED\n  Why.\n");
    }
}
