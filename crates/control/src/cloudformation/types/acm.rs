//! AWS Certificate Manager: certificates. Where a hosted zone is named, the record that shows who owns a domain is put into it here, as AWS
//! CloudFormation does; it stays when the certificate is deleted, since others of the account have the same one.

use super::{Progress, ResourceType, Types, Wanted, ask, at, call, changed_tags, text, words};
use crate::{Tx, View};
use aws::{
    api::{acm::API, route53},
    fault::Fault,
};
use serde_json::{Map, Value, json};

/// This service's types.
pub(super) const TYPES: Types = &[("AWS::CertificateManager::Certificate", &Certificate)];

/// Seconds that a validation record may be kept.
const TTL: u32 = 300;

/// AWS::CertificateManager::Certificate.
struct Certificate;

impl ResourceType for Certificate {
    fn unsupported(&self) -> &'static [&'static str] {
        &["CertificateAuthorityArn", "Id"]
    }

    fn create(&self, tx: &mut Tx<'_>, wanted: &Wanted<'_>) -> Result<String, Fault> {
        let mut input = wanted.pick(&["DomainName", "KeyAlgorithm", "SubjectAlternativeNames", "ValidationMethod"]);
        let domains: Vec<&Value> =
            wanted.get("DomainValidationOptions").and_then(Value::as_array).into_iter().flatten().collect();
        let (in_zones, others): (Vec<_>, Vec<_>) =
            domains.into_iter().partition(|one| one.get("HostedZoneId").is_some());
        if in_zones.iter().any(|one| one.get("ValidationDomain").is_some()) {
            return Err(invalid("DomainValidationOptions have either a HostedZoneId or a ValidationDomain."));
        }
        if !others.is_empty() {
            input.insert("DomainValidationOptions".to_owned(), json!(others));
        }
        let tags = wanted.tag_list("Key", "Value");
        if tags.as_array().is_some_and(|tags| !tags.is_empty()) {
            input.insert("Tags".to_owned(), tags);
        }
        input.insert("Options".to_owned(), options(wanted).into());
        let arn = text(&call(tx, &API, "RequestCertificate", input.into())?, "/CertificateArn")?;
        let described = ask(&tx.view(), &API, "DescribeCertificate", json!({ "CertificateArn": arn }))?;
        for one in in_zones {
            let name = at(one, "/DomainName");
            let name = name.as_str().unwrap_or_default();
            let record = validations(&described)
                .find(|of| of["DomainName"].as_str().is_some_and(|known| known.eq_ignore_ascii_case(name)));
            let record = record.ok_or_else(|| invalid(format!("{name} is not a domain of the certificate.")))?;
            let zone = text(one, "/HostedZoneId")?;
            call(tx, &route53::API, "ChangeResourceRecordSets", upsert(&zone, &record["ResourceRecord"]))?;
        }
        Ok(arn)
    }

    /// The records that somebody may have to make.
    fn notices(&self, view: &View<'_>, id: &str) -> Vec<String> {
        let described = ask(view, &API, "DescribeCertificate", json!({ "CertificateArn": id })).unwrap_or_default();
        let word = |record: &Value, name: &str| record[name].as_str().unwrap_or_default().to_owned();
        let mut notices: Vec<String> = Vec::new();
        for one in validations(&described) {
            let record = &one["ResourceRecord"];
            let [name, kind, value] = ["Name", "Type", "Value"].map(|member| word(record, member));
            let notice = format!("Content of DNS Record is: {{Name: {name},Type: {kind},Value: {value}}}");
            // A wildcard and the domain it is under have one record.
            if !notices.contains(&notice) {
                notices.push(notice);
            }
        }
        notices
    }

    fn ready(&self, view: &View<'_>, id: &str, _: &Wanted<'_>) -> Progress {
        let described = match ask(view, &API, "DescribeCertificate", json!({ "CertificateArn": id })) {
            Ok(described) => described,
            Err(fault) => return Progress::Failed(fault),
        };
        match at(&described, "/Certificate/Status").as_str() {
            Some("PENDING_VALIDATION") => Progress::Waiting,
            Some("ISSUED" | "EXPIRED") => Progress::Done,
            status => {
                let reason = at(&described, "/Certificate/FailureReason");
                let (status, reason) = (status.unwrap_or_default(), reason.as_str().unwrap_or_default());
                let message = format!("The certificate is {status}. {reason}");
                Progress::Failed(Fault::new("NotStabilized", message.trim_end()))
            }
        }
    }

    fn update(&self, tx: &mut Tx<'_>, id: &str, before: &Wanted<'_>, wanted: &Wanted<'_>) -> Result<(), Fault> {
        let mut changed = options(wanted);
        if before.text("ValidationMethod") != wanted.text("ValidationMethod") {
            // Left out, it is what AWS takes for granted.
            changed.insert("ValidationMethod".to_owned(), json!(wanted.text("ValidationMethod").unwrap_or("EMAIL")));
        }
        if changed != options(before) {
            let input = json!({ "CertificateArn": id, "Options": changed });
            call(tx, &API, "UpdateCertificateOptions", input)?;
        }
        let (set, removed) = changed_tags(before, wanted);
        if !removed.is_empty() {
            let tags: Value = removed.into_iter().map(|key| json!({ "Key": key })).collect();
            call(tx, &API, "RemoveTagsFromCertificate", json!({ "CertificateArn": id, "Tags": tags }))?;
        }
        if !set.is_empty() {
            let tags: Value = set.into_iter().map(|(key, value)| json!({ "Key": key, "Value": value })).collect();
            call(tx, &API, "AddTagsToCertificate", json!({ "CertificateArn": id, "Tags": tags }))?;
        }
        Ok(())
    }

    fn delete(&self, tx: &mut Tx<'_>, id: &str, _: &Value) -> Result<(), Fault> {
        call(tx, &API, "DeleteCertificate", json!({ "CertificateArn": id })).map(drop)
    }

    fn attribute(&self, _: &View<'_>, id: &str, _: &Value, name: &str) -> Result<Option<Value>, Fault> {
        Ok((name == "CertificateArn").then(|| json!(id)))
    }

    fn read(&self, view: &View<'_>, id: &str, properties: &Value) -> Result<Option<Value>, Fault> {
        let described = words::known(ask(view, &API, "DescribeCertificate", json!({ "CertificateArn": id })))?;
        let Some(described) = described else { return Ok(None) };
        let certificate = at(&described, "/Certificate");
        let mut live = words::picked(&certificate, &["DomainName", "KeyAlgorithm"]);
        let (domain, asked) = (&certificate["DomainName"], words::texts(properties.get("SubjectAlternativeNames")));
        // ACM lists the domain name among the others, whether or not it was given as one of them.
        let is_other = |name: &&String| {
            domain.as_str() != Some(name.as_str()) || asked.iter().any(|asked| asked.eq_ignore_ascii_case(name))
        };
        let names = words::texts(certificate.get("SubjectAlternativeNames"));
        let names: Vec<&String> = names.iter().filter(is_other).collect();
        if let Some(live) = live.as_object_mut() {
            for (property, option) in OPTIONS {
                live.insert((*property).to_owned(), at(&certificate, &format!("/Options/{option}")));
            }
            if !names.is_empty() {
                live.insert("SubjectAlternativeNames".to_owned(), json!(names));
            }
        }
        Ok(Some(live))
    }
}

/// Properties that are options to ACM, and what it calls them.
const OPTIONS: &[(&str, &str)] = &[
    ("CertificateTransparencyLoggingPreference", "CertificateTransparencyLoggingPreference"),
    ("CertificateExport", "Export"),
];

/// The options that are wanted. A preference that is not given is what ACM takes for granted.
fn options(wanted: &Wanted<'_>) -> Map<String, Value> {
    let option = |(property, option): &(&str, &str)| {
        let granted = if *option == "Export" { "DISABLED" } else { "ENABLED" };
        ((*option).to_owned(), json!(wanted.text(property).unwrap_or(granted)))
    };
    OPTIONS.iter().map(option).collect()
}

/// What is known of each domain of a certificate.
fn validations(described: &Value) -> impl Iterator<Item = &Value> {
    described.pointer("/Certificate/DomainValidationOptions").and_then(Value::as_array).into_iter().flatten()
}

/// The request that puts a record into a zone.
fn upsert(zone: &str, record: &Value) -> Value {
    let set = json!({
        "Name": record["Name"],
        "Type": record["Type"],
        "TTL": TTL,
        "ResourceRecords": [{ "Value": record["Value"] }],
    });
    json!({ "HostedZoneId": zone, "ChangeBatch": { "Changes": [{ "Action": "UPSERT", "ResourceRecordSet": set }] } })
}

fn invalid(message: impl Into<String>) -> Fault {
    Fault::new("InvalidRequest", message)
}

#[cfg(test)]
mod tests {
    use super::super::{
        Progress,
        testing::{attribute, change, make, read, ready, remove, try_make},
    };
    use crate::{acm::tests::issue_all, testing::World};
    use serde_json::{Value, json};

    const KIND: &str = "AWS::CertificateManager::Certificate";

    fn zone(world: &mut World, name: &str) -> String {
        let request = json!({ "Name": name, "CallerReference": name });
        let made = world.call(&super::route53::API, "CreateHostedZone", request).expect("a zone");
        made["HostedZone"]["Id"].as_str().expect("an id").trim_start_matches("/hostedzone/").to_owned()
    }

    fn cnames(world: &World) -> usize {
        world.state.record_sets.iter().filter(|set| set.kind == aws::api::route53::RRType::Cname).count()
    }

    #[test]
    fn a_certificate_puts_its_records_into_its_zone_is_ready_when_issued_and_leaves_them() {
        let mut world = World::new();
        let zone = zone(&mut world, "shop.test");
        let names = ["shop.test", "*.shop.test", "api.shop.test"];
        let options: Vec<Value> =
            names.iter().map(|name| json!({ "DomainName": name, "HostedZoneId": zone })).collect();
        let mut wanted = json!({ "DomainName": names[0], "SubjectAlternativeNames": names[1..], "ValidationMethod": "DNS",
            "DomainValidationOptions": options, "KeyAlgorithm": "EC_prime256v1" });
        let arn = make(&mut world, KIND, &wanted);
        assert_eq!(attribute(&world, KIND, &arn, &wanted, "CertificateArn"), json!(arn));
        assert_eq!((ready(&world, KIND, &arn, &wanted), cnames(&world)), (Progress::Waiting, 2));
        issue_all(&mut world);
        assert_eq!(ready(&world, KIND, &arn, &wanted), Progress::Done);
        let live = read(&world, KIND, &arn, &wanted).expect("there");
        assert_eq!((&live["DomainName"], &live["SubjectAlternativeNames"]), (&json!(names[0]), &json!(names[1..])));
        let before = wanted.clone();
        wanted["CertificateTransparencyLoggingPreference"] = json!("DISABLED");
        wanted["Tags"] = json!([{ "Key": "team", "Value": "web" }]);
        change(&mut world, KIND, &arn, &before, &wanted);
        let live = read(&world, KIND, &arn, &wanted).expect("there");
        assert_eq!(live["CertificateTransparencyLoggingPreference"], "DISABLED");
        let tags = world.acm("ListTagsForCertificate", json!({ "CertificateArn": arn }))["Tags"].clone();
        assert_eq!(tags, json!([{ "Key": "of", "Value": "stack" }, { "Key": "team", "Value": "web" }]));
        remove(&mut world, KIND, &arn, &wanted);
        assert_eq!((read(&world, KIND, &arn, &wanted), cnames(&world)), (None, 2));
    }

    #[test]
    fn what_is_not_issued_in_time_fails() {
        let mut world = World::new();
        let wanted = json!({ "DomainName": "shop.test", "ValidationMethod": "DNS" });
        let arn = make(&mut world, KIND, &wanted);
        assert_eq!(ready(&world, KIND, &arn, &wanted), Progress::Waiting);
        world.now += 72 * 3_600_000;
        world.transact(|_| Ok(())).expect("time goes by");
        let Progress::Failed(fault) = ready(&world, KIND, &arn, &wanted) else { panic!("not over") };
        assert_eq!(fault.to_string(), "NotStabilized: The certificate is VALIDATION_TIMED_OUT.");
        for (wrong, said) in [
            (json!({ "DomainName": "shop.test" }), "EMAIL, which is not supported"),
            (
                json!({ "DomainName": "shop.test", "ValidationMethod": "DNS",
                    "DomainValidationOptions": [{ "DomainName": "b.test", "HostedZoneId": "Z1" }] }),
                "b.test is not a domain of the certificate.",
            ),
            (
                json!({ "DomainName": "shop.test", "ValidationMethod": "DNS",
                    "DomainValidationOptions": [{ "DomainName": "shop.test", "HostedZoneId": "Z1" }] }),
                "NoSuchHostedZone",
            ),
        ] {
            let fault = try_make(&mut world, KIND, &wrong).expect_err("refused").to_string();
            assert!(fault.contains(said), "{fault}");
        }
        assert_eq!(world.state.certificates.len(), 1);
    }

    #[test]
    fn a_stack_says_which_record_it_waits_for() {
        let mut world = World::new();
        let zone = zone(&mut world, "shop.test");
        let template = json!({ "Resources": { "Cert": { "Type": KIND, "Properties": {
            "DomainName": "shop.test", "SubjectAlternativeNames": ["*.shop.test"], "ValidationMethod": "DNS" } } },
            "Outputs": { "Arn": { "Value": { "Ref": "Cert" } } } });
        let cloudformation = &aws::api::cloudformation::API;
        let request = json!({ "StackName": "tls", "TemplateBody": template.to_string() });
        world.call(cloudformation, "CreateStack", request).expect("begun");
        let events = world.call(cloudformation, "DescribeStackEvents", json!({ "StackName": "tls" })).expect("told");
        let reasons: Vec<&str> = events["StackEvents"]
            .as_array()
            .expect("a list")
            .iter()
            .filter_map(|e| e["ResourceStatusReason"].as_str())
            .collect();
        let said: Vec<&&str> = reasons.iter().filter(|said| said.starts_with("Content of DNS Record is: ")).collect();
        let [said] = said.as_slice() else { panic!("{reasons:?}") };
        let record = said.trim_start_matches("Content of DNS Record is: {Name: ").trim_end_matches('}');
        let (name, value) = record.split_once(",Type: CNAME,Value: ").expect("a record");
        let upsert = super::upsert(&zone, &json!({ "Name": name, "Type": "CNAME", "Value": value }));
        world.call(&super::route53::API, "ChangeResourceRecordSets", upsert).expect("put");
        issue_all(&mut world);
        let stack = world.call(cloudformation, "DescribeStacks", json!({ "StackName": "tls" })).expect("there");
        assert_eq!(stack["Stacks"][0]["StackStatus"], "CREATE_COMPLETE");
        let arn = &stack["Stacks"][0]["Outputs"][0]["OutputValue"];
        assert!(
            arn.as_str().is_some_and(|arn| arn.starts_with("arn:aws:acm:us-east-1:123456789012:certificate/")),
            "{arn}"
        );
    }
}
