//! Amazon CloudWatch Logs: log groups and log streams.

use super::{ResourceType, Types, Wanted, at, call, changed_tags, text};
use crate::{Tx, View, logs::unsupported, state};
use aws::{api::logs::API, fault::Fault};
use serde_json::{Value, json};

/// This service's types.
pub(super) const TYPES: Types = &[("AWS::Logs::LogGroup", &LogGroup), ("AWS::Logs::LogStream", &LogStream)];

/// AWS::Logs::LogGroup.
struct LogGroup;

impl ResourceType for LogGroup {
    fn unsupported(&self) -> &'static [&'static str] {
        &[
            "BearerTokenAuthenticationEnabled",
            "DataProtectionPolicy",
            "FieldIndexPolicies",
            "KmsKeyId",
            "ResourcePolicyDocument",
        ]
    }

    fn create(&self, tx: &mut Tx<'_>, wanted: &Wanted<'_>) -> Result<String, Fault> {
        let name = wanted.name("LogGroupName", 512);
        let mut input = json!({
            "logGroupName": name,
            "logGroupClass": wanted.get("LogGroupClass"),
            "deletionProtectionEnabled": wanted.get("DeletionProtectionEnabled"),
        });
        let tags = wanted.tags();
        if !tags.is_empty() {
            input["tags"] = json!(tags);
        }
        call(tx, &API, "CreateLogGroup", input)?;
        set_retention(tx, &name, wanted)?;
        Ok(name)
    }

    fn update(&self, tx: &mut Tx<'_>, id: &str, before: &Wanted<'_>, wanted: &Wanted<'_>) -> Result<(), Fault> {
        // No operation changes these, and nothing but their defaults can be there.
        if wanted.text("LogGroupClass").is_some_and(|class| class != "STANDARD") {
            return Err(unsupported("a change of LogGroupClass"));
        }
        if at(wanted.properties, "/DeletionProtectionEnabled") == true {
            return Err(unsupported("a change of DeletionProtectionEnabled"));
        }
        if before.get("RetentionInDays") != wanted.get("RetentionInDays") {
            set_retention(tx, id, wanted)?;
        }
        let (set, removed) = changed_tags(before, wanted);
        let arn = arn(tx, id);
        if !set.is_empty() {
            call(tx, &API, "TagResource", json!({ "resourceArn": arn, "tags": set }))?;
        }
        if !removed.is_empty() {
            call(tx, &API, "UntagResource", json!({ "resourceArn": arn, "tagKeys": removed }))?;
        }
        Ok(())
    }

    fn delete(&self, tx: &mut Tx<'_>, id: &str, _: &Value) -> Result<(), Fault> {
        call(tx, &API, "DeleteLogGroup", json!({ "logGroupName": id })).map(drop)
    }

    fn attribute(&self, view: &View<'_>, id: &str, _: &Value, name: &str) -> Result<Option<Value>, Fault> {
        Ok((name == "Arn")
            .then(|| json!(format!("{}:*", view.state.region.arn("logs", format_args!("log-group:{id}"))))))
    }

    fn read(&self, view: &View<'_>, id: &str, _: &Value) -> Result<Option<Value>, Fault> {
        let Some(group) = view.state.log_groups.get(id) else { return Ok(None) };
        Ok(Some(json!({ "LogGroupName": group.name, "RetentionInDays": group.retention })))
    }
}

fn arn(tx: &Tx<'_>, name: &str) -> String {
    tx.state.region.arn("logs", format_args!("log-group:{name}"))
}

fn set_retention(tx: &mut Tx<'_>, name: &str, wanted: &Wanted<'_>) -> Result<(), Fault> {
    match wanted.get("RetentionInDays") {
        Some(days) => call(tx, &API, "PutRetentionPolicy", json!({ "logGroupName": name, "retentionInDays": days })),
        None => call(tx, &API, "DeleteRetentionPolicy", json!({ "logGroupName": name })),
    }
    .map(drop)
}

/// AWS::Logs::LogStream. Its physical id is its name, which is one of its group's. All of it is made once.
struct LogStream;

impl ResourceType for LogStream {
    fn create(&self, tx: &mut Tx<'_>, wanted: &Wanted<'_>) -> Result<String, Fault> {
        let (group, name) = (text(wanted.properties, "/LogGroupName")?, wanted.name("LogStreamName", 512));
        call(tx, &API, "CreateLogStream", json!({ "logGroupName": group, "logStreamName": name }))?;
        Ok(name)
    }

    fn update(&self, _: &mut Tx<'_>, _: &str, _: &Wanted<'_>, _: &Wanted<'_>) -> Result<(), Fault> {
        Ok(())
    }

    fn delete(&self, tx: &mut Tx<'_>, id: &str, properties: &Value) -> Result<(), Fault> {
        let input = json!({ "logGroupName": at(properties, "/LogGroupName"), "logStreamName": id });
        call(tx, &API, "DeleteLogStream", input).map(drop)
    }

    fn attribute(&self, _: &View<'_>, _: &str, _: &Value, _: &str) -> Result<Option<Value>, Fault> {
        Ok(None)
    }

    fn read(&self, view: &View<'_>, id: &str, properties: &Value) -> Result<Option<Value>, Fault> {
        let group = text(properties, "/LogGroupName")?;
        let there = view.state.log_streams.contains(&state::LogStream::key_of(&group, id));
        Ok(there.then(|| json!({ "LogGroupName": group, "LogStreamName": id })))
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{attribute, change, make, read, remove, try_change, try_make};
    use crate::testing::World;
    use serde_json::json;

    const KIND: &str = "AWS::Logs::LogGroup";

    #[test]
    fn a_log_group_is_made_changed_and_deleted() {
        let (mut world, none, week) = (World::new(), json!({}), json!({ "RetentionInDays": 7 }));
        let id = make(&mut world, KIND, &week);
        assert_eq!(id, "shop-Thing-1A2B3C4D5E6F");
        assert_eq!(
            attribute(&world, KIND, &id, &week, "Arn"),
            format!("arn:aws:logs:us-east-1:123456789012:log-group:{id}:*")
        );
        assert_eq!(read(&world, KIND, &id, &week).expect("there")["RetentionInDays"], 7);
        change(&mut world, KIND, &id, &week, &none);
        assert!(read(&world, KIND, &id, &none).expect("there")["RetentionInDays"].is_null());
        remove(&mut world, KIND, &id, &none);
        assert_eq!(read(&world, KIND, &id, &none), None);
    }

    #[test]
    fn a_log_group_has_no_other_class_and_no_protection() {
        let (mut world, plain) = (World::new(), json!({ "LogGroupClass": "STANDARD" }));
        let id = make(&mut world, KIND, &plain);
        for other in [json!({ "LogGroupClass": "INFREQUENT_ACCESS" }), json!({ "DeletionProtectionEnabled": true })] {
            try_make(&mut world, KIND, &other).expect_err("refused");
            try_change(&mut world, KIND, &id, &plain, &other).expect_err("refused");
        }
        change(&mut world, KIND, &id, &plain, &json!({ "DeletionProtectionEnabled": false }));
    }

    #[test]
    fn a_log_stream_is_one_of_its_group() {
        let (mut world, kind) = (World::new(), "AWS::Logs::LogStream");
        make(&mut world, KIND, &json!({ "LogGroupName": "g" }));
        make(&mut world, kind, &json!({ "LogGroupName": "g", "LogStreamName": "shop-Thing-1A2B3C4D5E6F-more" }));
        let wanted = json!({ "LogGroupName": "g" });
        let id = make(&mut world, kind, &wanted);
        assert_eq!(id, "shop-Thing-1A2B3C4D5E6F");
        let live = json!({ "LogGroupName": "g", "LogStreamName": id });
        assert_eq!(read(&world, kind, &id, &wanted), Some(live));
        remove(&mut world, kind, &id, &wanted);
        assert_eq!(read(&world, kind, &id, &wanted), None);
    }
}
