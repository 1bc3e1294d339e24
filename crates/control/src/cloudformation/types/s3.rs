//! Amazon S3: buckets and their policies. Both are what the server's S3 makes of its own requests, which are none of an API here.

use super::{Progress, ResourceType, Types, Wanted, is_missing, text, words};
use crate::{Tx, View, s3, state::Tags};
use aws::fault::Fault;
use serde_json::{Value, json};

/// This service's types.
pub(super) const TYPES: Types = &[("AWS::S3::Bucket", &Bucket), ("AWS::S3::BucketPolicy", &BucketPolicy)];

/// AWS::S3::Bucket.
struct Bucket;

/// Regions whose websites have a hyphen before the region's name; the others have a dot ("Website endpoints", Amazon S3 User Guide).
const HYPHEN: [&str; 8] = [
    "ap-northeast-1",
    "ap-southeast-1",
    "ap-southeast-2",
    "eu-west-1",
    "sa-east-1",
    "us-east-1",
    "us-west-1",
    "us-west-2",
];

impl ResourceType for Bucket {
    fn unsupported(&self) -> &'static [&'static str] {
        &[
            "AbacStatus",
            "AccelerateConfiguration",
            "AccessControl",
            "AnalyticsConfigurations",
            "BucketEncryption",
            "BucketNamePrefix",
            "BucketNamespace",
            "CorsConfiguration",
            "IntelligentTieringConfigurations",
            "InventoryConfigurations",
            "LifecycleConfiguration",
            "LoggingConfiguration",
            "MetadataConfiguration",
            "MetadataTableConfiguration",
            "MetricsConfigurations",
            "NotificationConfiguration",
            "ObjectLockConfiguration",
            "ObjectLockEnabled",
            "OwnershipControls",
            "PublicAccessBlockConfiguration",
            "ReplicationConfiguration",
            "VersioningConfiguration",
            "WebsiteConfiguration",
        ]
    }

    fn create(&self, tx: &mut Tx<'_>, wanted: &Wanted<'_>) -> Result<String, Fault> {
        // Names of buckets have no capital letters.
        let name = wanted.text("BucketName").map_or_else(|| wanted.made_up(63).to_lowercase(), str::to_owned);
        // CreateBucket of the first Region answers with one that is there.
        if tx.state.buckets.contains(&name) {
            return Err(words::exists("AWS::S3::Bucket", &name));
        }
        let constraint = s3::location(&tx.state).map(str::to_owned);
        s3::create(tx, &name, constraint.as_deref())?;
        tx.state.buckets.update(&name, |bucket| bucket.is_new = true);
        s3::set_tags(tx, &name, tags(wanted)?)?;
        Ok(name)
    }

    /// Objects can be put into it when the server keeps them.
    fn ready(&self, view: &View<'_>, id: &str, _: &Wanted<'_>) -> Progress {
        if view.state.buckets.get(id).is_some_and(|bucket| bucket.is_new) { Progress::Waiting } else { Progress::Done }
    }

    fn update(&self, tx: &mut Tx<'_>, id: &str, _: &Wanted<'_>, wanted: &Wanted<'_>) -> Result<(), Fault> {
        s3::set_tags(tx, id, tags(wanted)?)
    }

    /// Only the server knows whether a bucket is empty, so it is the server that deletes it.
    fn delete(&self, _: &mut Tx<'_>, _: &str, _: &Value) -> Result<(), Fault> {
        Ok(())
    }

    fn gone(&self, view: &View<'_>, id: &str, _: &Value) -> Progress {
        if view.state.buckets.contains(id) { Progress::Waiting } else { Progress::Done }
    }

    fn attribute(&self, view: &View<'_>, id: &str, _: &Value, name: &str) -> Result<Option<Value>, Fault> {
        let region = view.state.region.name.as_str();
        let mark = if HYPHEN.contains(&region) { '-' } else { '.' };
        Ok(match name {
            "Arn" => Some(json!(format!("arn:aws:s3:::{id}"))),
            "DomainName" => Some(json!(format!("{id}.s3.amazonaws.com"))),
            "DualStackDomainName" => Some(json!(format!("{id}.s3.dualstack.{region}.amazonaws.com"))),
            "RegionalDomainName" => Some(json!(format!("{id}.s3.{region}.amazonaws.com"))),
            "WebsiteURL" => Some(json!(format!("http://{id}.s3-website{mark}{region}.amazonaws.com"))),
            _ => None,
        })
    }

    fn read(&self, view: &View<'_>, id: &str, _: &Value) -> Result<Option<Value>, Fault> {
        Ok(view.state.buckets.contains(id).then(|| json!({ "BucketName": id })))
    }
}

/// A bucket's tags: the stack's and its own.
fn tags(wanted: &Wanted<'_>) -> Result<Tags, Fault> {
    s3::checked(wanted.tags().into_iter().collect(), s3::Of::Bucket)
}

/// AWS::S3::BucketPolicy. Its physical id is the bucket's name.
struct BucketPolicy;

impl ResourceType for BucketPolicy {
    fn create(&self, tx: &mut Tx<'_>, wanted: &Wanted<'_>) -> Result<String, Fault> {
        let bucket = text(wanted.properties, "/Bucket")?;
        if s3::find(&tx.state, &bucket)?.policy.is_some() {
            let message = format!("The bucket policy already exists on bucket {bucket}.");
            return Err(Fault::new("AlreadyExists", message));
        }
        put(tx, &bucket, wanted)?;
        Ok(bucket)
    }

    fn update(&self, tx: &mut Tx<'_>, id: &str, _: &Wanted<'_>, wanted: &Wanted<'_>) -> Result<(), Fault> {
        put(tx, id, wanted)
    }

    fn delete(&self, tx: &mut Tx<'_>, id: &str, _: &Value) -> Result<(), Fault> {
        match s3::set_policy(tx, id, None) {
            Err(fault) if is_missing(&fault) => Ok(()),
            answer => answer,
        }
    }

    fn attribute(&self, _: &View<'_>, _: &str, _: &Value, _: &str) -> Result<Option<Value>, Fault> {
        Ok(None)
    }

    fn read(&self, view: &View<'_>, id: &str, _: &Value) -> Result<Option<Value>, Fault> {
        let policy = view.state.buckets.get(id).and_then(|bucket| bucket.policy.as_ref());
        Ok(policy.map(|policy| json!({ "Bucket": id, "PolicyDocument": words::tree(&json!(policy)) })))
    }
}

fn put(tx: &mut Tx<'_>, bucket: &str, wanted: &Wanted<'_>) -> Result<(), Fault> {
    let document = words::document(wanted.get("PolicyDocument"));
    s3::set_policy(tx, bucket, document.as_str())
}

#[cfg(test)]
mod tests {
    use super::super::{
        Progress,
        testing::{attribute, change, gone, make, read, remove, try_make},
    };
    use crate::testing::World;
    use serde_json::json;

    const KIND: &str = "AWS::S3::Bucket";

    #[test]
    fn a_bucket_is_made_and_has_a_policy() {
        let (mut world, none) = (World::new(), json!({}));
        let id = make(&mut world, KIND, &none);
        assert_eq!(id, "shop-thing-1a2b3c4d5e6f");
        let names = [
            ("Arn", "arn:aws:s3:::shop-thing-1a2b3c4d5e6f"),
            ("DomainName", "shop-thing-1a2b3c4d5e6f.s3.amazonaws.com"),
            ("DualStackDomainName", "shop-thing-1a2b3c4d5e6f.s3.dualstack.us-east-1.amazonaws.com"),
            ("RegionalDomainName", "shop-thing-1a2b3c4d5e6f.s3.us-east-1.amazonaws.com"),
            ("WebsiteURL", "http://shop-thing-1a2b3c4d5e6f.s3-website-us-east-1.amazonaws.com"),
        ];
        for (name, value) in names {
            assert_eq!(attribute(&world, KIND, &id, &none, name), value);
        }
        assert_eq!(
            &*try_make(&mut world, KIND, &json!({ "BucketName": id })).expect_err("it is there").code,
            "AlreadyExists"
        );

        let kind = "AWS::S3::BucketPolicy";
        let policy = |action: &str| {
            json!({ "Bucket": id, "PolicyDocument": { "Version": "2012-10-17", "Statement": [{ "Effect": "Allow",
                "Principal": { "Service": "logdelivery.elasticloadbalancing.amazonaws.com" }, "Action": action,
                "Resource": format!("arn:aws:s3:::{id}/*") }] } })
        };
        let (first, second) = (policy("s3:PutObject"), policy("s3:*"));
        assert_eq!(make(&mut world, kind, &first), id);
        let again = try_make(&mut world, kind, &first).expect_err("it is there");
        assert_eq!(again.message, format!("The bucket policy already exists on bucket {id}."));
        change(&mut world, kind, &id, &first, &second);
        assert_eq!(read(&world, kind, &id, &second), Some(second.clone()));
        remove(&mut world, kind, &id, &second);
        assert_eq!(read(&world, kind, &id, &second), None);
    }

    #[test]
    fn a_bucket_is_gone_when_the_server_has_deleted_it() {
        let (mut world, none) = (World::new(), json!({}));
        let id = make(&mut world, KIND, &none);
        remove(&mut world, KIND, &id, &none);
        assert_eq!(gone(&world, KIND, &id, &none), Progress::Waiting);
        world.transact(|tx| crate::s3::delete(tx, &id)).expect("it is empty");
        assert_eq!(gone(&world, KIND, &id, &none), Progress::Done);
        assert_eq!(read(&world, KIND, &id, &none), None);
    }
}
