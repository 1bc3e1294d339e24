//! The operations of AWS CloudFormation that deploying takes.

use super::{Failure, progress::Event};
use crate::cli::region::Region;
use agent::client::CallError;
use serde::Deserialize;
use serde_json::{Value, json};

/// How UpdateStack says that a stack is already what it is to be.
const NO_CHANGE: &str = "No updates are to be performed.";

/// A stack, in the words of DescribeStacks.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Stack {
    pub stack_id: String,
    pub stack_name: String,
    #[serde(rename = "StackStatus")]
    pub status: String,
    #[serde(rename = "StackStatusReason")]
    pub reason: Option<String>,
    #[serde(default)]
    pub parameters: Vec<Parameter>,
    #[serde(default)]
    pub outputs: Vec<Output>,
}

impl Stack {
    /// Whether something is being done to it.
    pub fn is_busy(&self) -> bool {
        self.status.ends_with("_IN_PROGRESS") && self.status != "REVIEW_IN_PROGRESS"
    }
}

/// A parameter of a stack; its value is of no interest.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Parameter {
    pub parameter_key: String,
}

/// A value that a stack tells.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Output {
    pub output_key: String,
    pub output_value: String,
    #[serde(default)]
    pub description: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Stacks {
    #[serde(default)]
    stacks: Vec<Stack>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Events {
    #[serde(default)]
    stack_events: Vec<Event>,
    next_token: Option<String>,
}

/// Who calls them.
pub struct Calls<'r> {
    pub region: &'r Region,
}

impl<'r> Calls<'r> {
    /// Calls of a region's CloudFormation.
    pub fn new(region: &'r Region) -> Self {
        Self { region }
    }

    /// The stack of a name, or of an id also when it is deleted; `None` if there is none.
    ///
    /// # Errors
    /// When the region can't be asked.
    pub async fn stack(&self, name: &str) -> Result<Option<Stack>, Failure> {
        match self.region.cloudformation("DescribeStacks", &json!({ "StackName": name })).await {
            Ok(answer) => Ok(serde_json::from_value::<Stacks>(answer)?.stacks.pop()),
            // How DescribeStacks says so.
            Err(CallError::Refused { code, message, .. })
                if code == "ValidationError" && message.ends_with("does not exist") =>
            {
                Ok(None)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Calls CreateStack or UpdateStack, and returns the stack's id; `None` when nothing would change.
    ///
    /// # Errors
    /// The operation's refusal.
    pub async fn change(&self, operation: &str, input: &Value) -> Result<Option<String>, Failure> {
        match self.region.cloudformation(operation, input).await {
            Ok(answer) => {
                let id = answer["StackId"].as_str().map(str::to_owned);
                id.map(Some).ok_or_else(|| Failure(format!("{operation} answered without the stack's id")))
            }
            Err(CallError::Refused { message, .. }) if message == NO_CHANGE => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Begins to delete a stack.
    ///
    /// # Errors
    /// DeleteStack's refusal.
    pub async fn delete(&self, id: &str) -> Result<(), Failure> {
        self.region.cloudformation("DeleteStack", &json!({ "StackName": id })).await?;
        Ok(())
    }

    /// The id of a stack's latest event.
    ///
    /// # Errors
    /// When the region can't be asked, or has no such stack.
    pub async fn last_event(&self, id: &str) -> Result<Option<String>, Failure> {
        let answer = self.region.cloudformation("DescribeStackEvents", &json!({ "StackName": id })).await?;
        let latest = serde_json::from_value::<Events>(answer)?.stack_events.into_iter().next();
        Ok(latest.map(|event| event.event_id))
    }

    /// A stack's events, the latest first, up to the first that `is_old` knows.
    ///
    /// # Errors
    /// When the region can't be asked, or has no such stack.
    pub async fn events(&self, id: &str, is_old: impl Fn(&Event) -> bool) -> Result<Vec<Event>, Failure> {
        let (mut new, mut input) = (Vec::new(), json!({ "StackName": id }));
        loop {
            let answer = self.region.cloudformation("DescribeStackEvents", &input).await?;
            let Events { stack_events, next_token } = serde_json::from_value(answer)?;
            for event in stack_events {
                if is_old(&event) {
                    return Ok(new);
                }
                new.push(event);
            }
            match next_token {
                None => return Ok(new),
                Some(token) => input["NextToken"] = token.into(),
            }
        }
    }
}
