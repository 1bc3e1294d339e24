//! Amazon Resource Names: `arn:partition:service:region:account:resource`.

use std::fmt;

/// An ARN, taken apart. Region and account may be empty, as IAM's regions are.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Arn {
    /// `aws`.
    pub partition: String,
    /// `ecs`.
    pub service: String,
    /// `us-east-1`.
    pub region: String,
    /// Twelve digits.
    pub account: String,
    /// All that follows: `task/default/0123`, `log-group:/app:*`.
    pub resource: String,
}

impl Arn {
    /// Of partition `aws`.
    pub fn new(service: &str, region: &str, account: &str, resource: impl Into<String>) -> Self {
        Self {
            partition: "aws".to_owned(),
            service: service.to_owned(),
            region: region.to_owned(),
            account: account.to_owned(),
            resource: resource.into(),
        }
    }

    /// Takes one apart. `None` when it does not begin with `arn:`, has fewer than six parts, or names no partition,
    /// service or resource.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.strip_prefix("arn:")?.splitn(5, ':').map(str::to_owned);
        let (partition, service) = (parts.next()?, parts.next()?);
        let (region, account, resource) = (parts.next()?, parts.next()?, parts.next()?);
        let named = !partition.is_empty() && !service.is_empty() && !resource.is_empty();
        named.then_some(Self { partition, service, region, account, resource })
    }

    /// The resource's type, `task` of `task/default/0123`; empty when it has none.
    pub fn resource_type(&self) -> &str {
        self.split().0
    }

    /// The resource after its type, `default/0123` of `task/default/0123`.
    pub fn resource_id(&self) -> &str {
        self.split().1
    }

    fn split(&self) -> (&str, &str) {
        self.resource.split_once(['/', ':']).unwrap_or(("", &self.resource))
    }
}

impl fmt::Display for Arn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { partition, service, region, account, resource } = self;
        write!(f, "arn:{partition}:{service}:{region}:{account}:{resource}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_and_back() {
        for (text, kind, id) in [
            ("arn:aws:ecs:us-east-1:123456789012:task/default/0123", "task", "default/0123"),
            ("arn:aws:ecs:us-east-1:123456789012:task-definition/myapp:7", "task-definition", "myapp:7"),
            ("arn:aws:logs:us-east-1:123456789012:log-group:/ecs/app:*", "log-group", "/ecs/app:*"),
            ("arn:aws:iam::123456789012:role/path/ecsTaskRole", "role", "path/ecsTaskRole"),
            ("arn:aws:sns:us-east-1:123456789012:topic", "", "topic"),
        ] {
            let arn = Arn::parse(text).expect(text);
            assert_eq!((arn.resource_type(), arn.resource_id()), (kind, id));
            assert_eq!(arn.to_string(), text);
        }
    }

    #[test]
    fn not_an_arn() {
        for text in [
            "",
            "arn",
            "arn:aws:ecs:us-east-1:123456789012",
            "arn:aws:ecs:us-east-1:123456789012:",
            "arn:::::x",
            "urn:aws:ecs:r:a:x",
        ] {
            assert_eq!(Arn::parse(text), None, "{text}");
        }
    }
}
