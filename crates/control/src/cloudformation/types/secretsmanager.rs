//! AWS Secrets Manager: secrets and their resource policies.

use super::{ResourceType, Types, Wanted, ask, at, call, changed_tags, text, words};
use crate::{Tx, View};
use aws::{api::secretsmanager::API, fault::Fault};
use serde_json::{Map, Value, json};

/// This service's types.
pub(super) const TYPES: Types =
    &[("AWS::SecretsManager::ResourcePolicy", &ResourcePolicy), ("AWS::SecretsManager::Secret", &Secret)];

/// AWS::SecretsManager::Secret. Its physical id is its ARN.
struct Secret;

impl ResourceType for Secret {
    fn unsupported(&self) -> &'static [&'static str] {
        &["ReplicaRegions/*", "Type"]
    }

    fn create(&self, tx: &mut Tx<'_>, wanted: &Wanted<'_>) -> Result<String, Fault> {
        let value = value(tx, wanted)?;
        let mut input = wanted.pick(&["Description", "KmsKeyId"]);
        input.insert("Name".to_owned(), json!(wanted.name("Name", 512)));
        input.insert("SecretString".to_owned(), json!(value));
        input.insert("ClientRequestToken".to_owned(), json!(value.is_some().then(|| tx.uuid())));
        input.insert("Tags".to_owned(), wanted.tag_list("Key", "Value"));
        text(&call(tx, &API, "CreateSecret", input.into())?, "/ARN")
    }

    fn update(&self, tx: &mut Tx<'_>, id: &str, before: &Wanted<'_>, wanted: &Wanted<'_>) -> Result<(), Fault> {
        let changed = |property: &str| before.get(property) != wanted.get(property);
        let value = match changed("SecretString") || changed("GenerateSecretString") {
            true => value(tx, wanted)?,
            false => None,
        };
        let mut input = wanted.pick(&["KmsKeyId"]);
        input.insert("SecretId".to_owned(), json!(id));
        input.insert("Description".to_owned(), json!(wanted.text("Description").unwrap_or_default()));
        input.insert("ClientRequestToken".to_owned(), json!(value.is_some().then(|| tx.uuid())));
        input.insert("SecretString".to_owned(), json!(value));
        call(tx, &API, "UpdateSecret", input.into())?;
        let (set, removed) = changed_tags(before, wanted);
        if !set.is_empty() {
            let tags: Value = set.into_iter().map(|(key, value)| json!({ "Key": key, "Value": value })).collect();
            call(tx, &API, "TagResource", json!({ "SecretId": id, "Tags": tags }))?;
        }
        if !removed.is_empty() {
            call(tx, &API, "UntagResource", json!({ "SecretId": id, "TagKeys": removed }))?;
        }
        Ok(())
    }

    fn delete(&self, tx: &mut Tx<'_>, id: &str, _: &Value) -> Result<(), Fault> {
        // At once, so that the stack can be made again with the same name.
        call(tx, &API, "DeleteSecret", json!({ "SecretId": id, "ForceDeleteWithoutRecovery": true })).map(drop)
    }

    fn attribute(&self, _: &View<'_>, id: &str, _: &Value, name: &str) -> Result<Option<Value>, Fault> {
        Ok((name == "Id").then(|| json!(id)))
    }

    fn read(&self, view: &View<'_>, id: &str, _: &Value) -> Result<Option<Value>, Fault> {
        let secret = words::known(ask(view, &API, "DescribeSecret", json!({ "SecretId": id })))?;
        let secret = secret.filter(|secret| at(secret, "/DeletedDate").is_null());
        Ok(secret.map(|secret| words::picked(&secret, &["Description", "KmsKeyId", "Name"])))
    }
}

/// The value that is given, or one that is made up; none where neither is wanted.
fn value(tx: &mut Tx<'_>, wanted: &Wanted<'_>) -> Result<Option<String>, Fault> {
    match (wanted.text("SecretString"), wanted.get("GenerateSecretString")) {
        (Some(_), Some(_)) => Err(invalid("You can't specify both SecretString and GenerateSecretString.")),
        (Some(given), None) => Ok(Some(given.to_owned())),
        (None, Some(how)) => generated(tx, how).map(Some),
        (None, None) => Ok(None),
    }
}

/// A password, or with a template a JSON object in which it is a member ("AWS::SecretsManager::Secret GenerateSecretString", AWS
/// CloudFormation Template Reference).
fn generated(tx: &mut Tx<'_>, how: &Value) -> Result<String, Fault> {
    let names = [
        "ExcludeCharacters",
        "ExcludeLowercase",
        "ExcludeNumbers",
        "ExcludePunctuation",
        "ExcludeUppercase",
        "IncludeSpace",
        "PasswordLength",
        "RequireEachIncludedType",
    ];
    let drawn = call(tx, &API, "GetRandomPassword", words::picked(how, &names))?;
    let password = text(&drawn, "/RandomPassword")?;
    let member = |name: &str| how.get(name).and_then(Value::as_str);
    match (member("SecretStringTemplate"), member("GenerateStringKey")) {
        (None, None) => Ok(password),
        (Some(template), Some(key)) => {
            let mut object: Map<String, Value> = serde_json::from_str(template)
                .map_err(|_| invalid("The SecretStringTemplate is not a valid JSON object."))?;
            object.insert(key.to_owned(), json!(password));
            Ok(Value::Object(object).to_string())
        }
        _ => Err(invalid("SecretStringTemplate and GenerateStringKey must be specified together.")),
    }
}

fn invalid(message: &str) -> Fault {
    Fault::new("InvalidRequestException", message)
}

/// AWS::SecretsManager::ResourcePolicy. Its physical id is the secret's ARN.
struct ResourcePolicy;

impl ResourceType for ResourcePolicy {
    fn create(&self, tx: &mut Tx<'_>, wanted: &Wanted<'_>) -> Result<String, Fault> {
        let secret = wanted.text("SecretId").unwrap_or_default();
        let found = ask(&tx.view(), &API, "GetResourcePolicy", json!({ "SecretId": secret }))?;
        if !at(&found, "/ResourcePolicy").is_null() {
            return Err(words::exists("AWS::SecretsManager::ResourcePolicy", secret));
        }
        put(tx, wanted)
    }

    fn update(&self, tx: &mut Tx<'_>, _: &str, _: &Wanted<'_>, wanted: &Wanted<'_>) -> Result<(), Fault> {
        put(tx, wanted).map(drop)
    }

    fn delete(&self, tx: &mut Tx<'_>, id: &str, _: &Value) -> Result<(), Fault> {
        call(tx, &API, "DeleteResourcePolicy", json!({ "SecretId": id })).map(drop)
    }

    fn attribute(&self, _: &View<'_>, id: &str, _: &Value, name: &str) -> Result<Option<Value>, Fault> {
        Ok((name == "Id").then(|| json!(id)))
    }

    fn read(&self, view: &View<'_>, id: &str, properties: &Value) -> Result<Option<Value>, Fault> {
        let found = words::known(ask(view, &API, "GetResourcePolicy", json!({ "SecretId": id })))?;
        let policy = found.map(|found| at(&found, "/ResourcePolicy")).filter(|policy| !policy.is_null());
        let secret = properties.get("SecretId");
        Ok(policy.map(|policy| json!({ "SecretId": secret, "ResourcePolicy": words::tree(&policy) })))
    }
}

fn put(tx: &mut Tx<'_>, wanted: &Wanted<'_>) -> Result<String, Fault> {
    let mut input = wanted.pick(&["BlockPublicPolicy", "SecretId"]);
    input.insert("ResourcePolicy".to_owned(), words::document(wanted.get("ResourcePolicy")));
    text(&call(tx, &API, "PutResourcePolicy", input.into())?, "/ARN")
}

#[cfg(test)]
mod tests {
    use super::super::testing::{attribute, change, make, read, remove, try_make};
    use crate::testing::World;
    use serde_json::{Value, json};

    const KIND: &str = "AWS::SecretsManager::Secret";

    fn value(world: &mut World, id: &str) -> String {
        let answer = world.call(&super::API, "GetSecretValue", json!({ "SecretId": id })).expect("a value");
        answer["SecretString"].as_str().expect("text").to_owned()
    }

    #[test]
    fn a_secret_is_given_or_made_up() {
        let mut world = World::new();
        let template = |description: &str| {
            json!({ "Description": description, "GenerateSecretString": { "SecretStringTemplate": "{\"username\":\"admin\"}",
                "GenerateStringKey": "password", "PasswordLength": 24, "ExcludePunctuation": true } })
        };
        let (first, again, given) = (template("one"), template("two"), json!({ "SecretString": "plain" }));
        let id = make(&mut world, KIND, &first);
        assert!(
            id.starts_with("arn:aws:secretsmanager:us-east-1:123456789012:secret:shop-Thing-1A2B3C4D5E6F-"),
            "{id}"
        );
        assert_eq!(attribute(&world, KIND, &id, &first, "Id"), id.as_str());
        let made_up = value(&mut world, &id);
        let object: Value = serde_json::from_str(&made_up).expect("JSON");
        assert_eq!(object["username"], "admin");
        assert_eq!(object["password"].as_str().map(str::len), Some(24));
        change(&mut world, KIND, &id, &first, &again);
        assert_eq!(value(&mut world, &id), made_up, "a description changes no value");
        assert_eq!(read(&world, KIND, &id, &again).expect("there")["Description"], "two");
        change(&mut world, KIND, &id, &again, &given);
        assert_eq!(value(&mut world, &id), "plain");

        let kind = "AWS::SecretsManager::ResourcePolicy";
        let policy = |action: &str| {
            json!({ "SecretId": id, "BlockPublicPolicy": true, "ResourcePolicy": { "Version": "2012-10-17", "Statement": [
                { "Effect": "Allow", "Principal": { "AWS": "arn:aws:iam::123456789012:root" }, "Action": action, "Resource": "*" }] } })
        };
        let (one, two) = (policy("secretsmanager:GetSecretValue"), policy("secretsmanager:*"));
        assert_eq!(make(&mut world, kind, &one), id);
        change(&mut world, kind, &id, &one, &two);
        assert_eq!(read(&world, kind, &id, &two).expect("there")["ResourcePolicy"], two["ResourcePolicy"]);
        remove(&mut world, kind, &id, &two);
        assert_eq!(read(&world, kind, &id, &two), None);

        remove(&mut world, KIND, &id, &given);
        assert_eq!(read(&world, KIND, &id, &given), None);
    }

    #[test]
    fn a_value_is_either_given_or_made_up() {
        let mut world = World::new();
        let both = json!({ "SecretString": "x", "GenerateSecretString": {} });
        let half = json!({ "GenerateSecretString": { "GenerateStringKey": "password" } });
        for wanted in [both, half] {
            assert_eq!(&*try_make(&mut world, KIND, &wanted).expect_err("refused").code, "InvalidRequestException");
        }
    }
}
