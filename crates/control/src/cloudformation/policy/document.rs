//! What a stack policy says.

use crate::wildcard::Pattern;
use serde_json::{Map, Value};
use std::{collections::BTreeSet, fmt};

/// What stands before a resource's name.
const RESOURCE: &str = "LogicalResourceId/";
const ACTIONS: [&str; 4] = ["Update:Modify", "Update:Replace", "Update:Delete", "Update:*"];

/// A stack policy.
#[derive(Debug, Clone)]
pub(super) struct Document(Vec<Statement>);

/// What a policy says of something.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Verdict {
    /// It may be done.
    Allowed,
    /// This statement denies it.
    Denied(String),
    /// No statement allows it.
    NotAllowed,
}

/// One of its statements.
#[derive(Debug, Clone)]
struct Statement {
    /// Its place in the policy, from zero.
    number: usize,
    allows: bool,
    actions: Vec<String>,
    resources: Vec<String>,
    /// Whether it is about all resources but those.
    others: bool,
    /// Types, if it is about those alone; whether wildcards count in them.
    kinds: Option<(bool, Vec<String>)>,
}

impl Document {
    /// Reads a policy; `None` when it is not one.
    pub(super) fn read(body: &str) -> Option<Self> {
        let body: Value = serde_json::from_str(body).ok()?;
        let body = body.as_object()?;
        let known = body.keys().all(|name| ["Statement", "Version", "Id"].contains(&name.as_str()));
        let statements = match body.get("Statement").filter(|_| known)? {
            Value::Array(statements) => statements.iter().collect(),
            one => vec![one],
        };
        let statements = statements.into_iter().enumerate().map(|(number, one)| Statement::read(number, one));
        Some(Self(statements.collect::<Option<_>>()?))
    }

    /// The first resource it names that is none of these. Names with wildcards may mean none.
    pub(super) fn unknown(&self, known: &BTreeSet<&str>) -> Option<&str> {
        let named = self.0.iter().flat_map(|statement| &statement.resources).map(String::as_str);
        let mut exact = named.filter(|name| !name.contains(['*', '?']));
        exact.find(|name| name.strip_prefix(RESOURCE).is_none_or(|id| !known.contains(id)))
    }

    /// Whether something may be done to a resource: a statement that denies it wins.
    pub(super) fn judge(&self, action: &str, logical_id: &str, kind: &str) -> Verdict {
        let about = |statement: &&Statement| statement.is_about(action, logical_id, kind);
        match self.0.iter().filter(about).min_by_key(|statement| statement.allows) {
            Some(statement) if statement.allows => Verdict::Allowed,
            Some(statement) => Verdict::Denied(statement.to_string()),
            None => Verdict::NotAllowed,
        }
    }
}

impl Statement {
    fn read(number: usize, statement: &Value) -> Option<Self> {
        const MEMBERS: [&str; 7] = ["Action", "Condition", "Effect", "NotResource", "Principal", "Resource", "Sid"];
        let members = statement.as_object()?;
        let known = members.keys().all(|name| MEMBERS.contains(&name.as_str()));
        let allows = match members.get("Effect")?.as_str()? {
            "Allow" => true,
            "Deny" => false,
            _ => return None,
        };
        // A stack policy is about everybody ("Principal" must be the wildcard).
        let everybody = match members.get("Principal")? {
            Value::Object(kinds) => kinds.get("AWS")?.as_str()? == "*",
            one => one.as_str()? == "*",
        };
        let actions = texts(members.get("Action")?)?;
        let (others, resources) = match (members.get("Resource"), members.get("NotResource")) {
            (Some(_), Some(_)) => return None,
            (Some(named), None) => (false, texts(named)?),
            (None, Some(named)) => (true, texts(named)?),
            // Without either it is about nothing.
            (None, None) => (false, Vec::new()),
        };
        let kinds = match members.get("Condition") {
            None => None,
            Some(condition) => Some(kinds(condition.as_object()?)?),
        };
        let named = resources.iter().all(|name| name == "*" || name.starts_with(RESOURCE));
        let right = known && everybody && named && actions.iter().all(|action| ACTIONS.contains(&action.as_str()));
        right.then_some(Self { number, allows, actions, resources, others, kinds })
    }

    fn is_about(&self, action: &str, logical_id: &str, kind: &str) -> bool {
        let resource = format!("{RESOURCE}{logical_id}");
        let fits = |patterns: &[String], text: &str| patterns.iter().any(|one| Pattern::read(one).fits(text));
        fits(&self.actions, action)
            && fits(&self.resources, &resource) != self.others
            && match &self.kinds {
                None => true,
                Some((true, kinds)) => fits(kinds, kind),
                Some((false, kinds)) => kinds.iter().any(|one| one == kind),
            }
    }
}

/// As AWS names a statement in the reason of a resource that it protects: by its number from zero, and in its own words.
impl fmt::Display for Statement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (actions, resources) = (self.actions.join(", "), self.resources.join(", "));
        write!(f, "Statement [#{}] does not allow [{actions}] for resource [{resources}]", self.number)
    }
}

/// The only condition there is: a resource's type is one of these.
fn kinds(condition: &Map<String, Value>) -> Option<(bool, Vec<String>)> {
    let (operator, keys) = condition.iter().next().filter(|_| condition.len() == 1)?;
    let wildcards = match operator.as_str() {
        "StringEquals" => false,
        "StringLike" => true,
        _ => return None,
    };
    let keys = keys.as_object().filter(|keys| keys.len() == 1)?;
    Some((wildcards, texts(keys.get("ResourceType")?)?))
}

/// A text or a list of texts.
fn texts(value: &Value) -> Option<Vec<String>> {
    match value {
        Value::String(text) => Some(vec![text.clone()]),
        Value::Array(items) => items.iter().map(|item| item.as_str().map(str::to_owned)).collect(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn statement(effect: &str, action: &str, more: Value) -> Value {
        let mut statement = json!({ "Effect": effect, "Action": action, "Principal": "*" });
        for (name, value) in more.as_object().expect("members") {
            statement[name] = value.clone();
        }
        statement
    }

    fn read(statements: &[Value]) -> Document {
        Document::read(&json!({ "Statement": statements }).to_string()).expect("a policy")
    }

    #[test]
    fn what_is_denied_is_denied_and_what_is_not_allowed_too() {
        let policy = read(&[
            statement("Allow", "Update:*", json!({ "Resource": "*" })),
            statement(
                "Deny",
                "Update:Replace",
                json!({ "Resource": ["LogicalResourceId/DB", "LogicalResourceId/My*"] }),
            ),
        ]);
        let denied =
            "Statement [#1] does not allow [Update:Replace] for resource [LogicalResourceId/DB, LogicalResourceId/My*]";
        assert_eq!(policy.judge("Update:Replace", "DB", "A::B::C"), Verdict::Denied(denied.to_owned()));
        assert_eq!(policy.judge("Update:Replace", "MyOther", "A::B::C"), Verdict::Denied(denied.to_owned()));
        assert_eq!(policy.judge("Update:Modify", "DB", "A::B::C"), Verdict::Allowed);
        assert_eq!(policy.judge("Update:Replace", "Web", "A::B::C"), Verdict::Allowed);
        let all_but_one = read(&[statement("Allow", "Update:*", json!({ "NotResource": "LogicalResourceId/DB" }))]);
        assert_eq!(all_but_one.judge("Update:Delete", "Web", "A::B::C"), Verdict::Allowed);
        assert_eq!(all_but_one.judge("Update:Delete", "DB", "A::B::C"), Verdict::NotAllowed);
    }

    #[test]
    fn conditions_are_about_types() {
        let about = |operator: &str, kind: &str| {
            let condition = json!({ operator: { "ResourceType": [kind] } });
            read(&[statement("Allow", "Update:*", json!({ "Resource": "*", "Condition": condition }))])
        };
        let allowed = |policy: &Document| policy.judge("Update:Modify", "X", "AWS::EC2::VPC") == Verdict::Allowed;
        assert!(allowed(&about("StringLike", "AWS::EC2::*")) && !allowed(&about("StringLike", "AWS::RDS::*")));
        assert!(allowed(&about("StringEquals", "AWS::EC2::VPC")) && !allowed(&about("StringEquals", "AWS::EC2::*")));
    }

    #[test]
    fn what_is_no_policy_is_not_read() {
        for wrong in [
            json!([]),
            json!({}),
            json!({ "Statement": [statement("Maybe", "Update:*", json!({ "Resource": "*" }))] }),
            json!({ "Statement": [statement("Deny", "Delete", json!({ "Resource": "*" }))] }),
            json!({ "Statement": [statement("Deny", "Update:*", json!({ "Resource": "DB" }))] }),
            json!({ "Statement": [statement("Deny", "Update:*", json!({ "Principal": "me", "Resource": "*" }))] }),
            json!({ "Statement": [statement("Deny", "Update:*", json!({ "NotAction": "Update:*" }))] }),
        ] {
            assert!(Document::read(&wrong.to_string()).is_none(), "{wrong}");
        }
    }
}
