//! Certificates that are requested.

use super::{issue_all, issue_until, world};
use crate::testing::World;
use aws::api::{ec2, elbv2};
use serde_json::{Value, json};

const DAY: i64 = 24 * 3_600_000;

impl World {
    /// Requests a certificate, and returns its ARN.
    #[track_caller]
    fn requested(&mut self, names: &[&str]) -> String {
        let mut request = json!({"DomainName": names[0], "ValidationMethod": "DNS", "KeyAlgorithm": "EC_prime256v1"});
        if names.len() > 1 {
            request["SubjectAlternativeNames"] = json!(names[1..]);
        }
        self.acm("RequestCertificate", request)["CertificateArn"].as_str().unwrap().to_owned()
    }

    #[track_caller]
    fn described(&mut self, arn: &str) -> Value {
        self.acm("DescribeCertificate", json!({ "CertificateArn": arn }))["Certificate"].clone()
    }

    #[track_caller]
    fn certificate_status(&mut self, arn: &str) -> String {
        self.described(arn)["Status"].as_str().unwrap().to_owned()
    }

    #[track_caller]
    fn dns(&mut self, operation: &str, request: Value) -> Value {
        self.call(&aws::api::route53::API, operation, request).unwrap_or_else(|fault| panic!("{operation}: {fault}"))
    }

    /// Makes a public zone, and returns its id.
    fn zone(&mut self, name: &str) -> String {
        let reference = self.state.hosted_zones.len().to_string();
        let made = self.dns("CreateHostedZone", json!({"Name": name, "CallerReference": reference}));
        made["HostedZone"]["Id"].as_str().unwrap().trim_start_matches("/hostedzone/").to_owned()
    }

    /// Puts a validation record into a zone, or takes it out.
    #[track_caller]
    fn record(&mut self, action: &str, zone: &str, record: &Value) {
        let set = json!({"Name": record["Name"], "Type": record["Type"], "TTL": 60,
            "ResourceRecords": [{"Value": record["Value"]}]});
        let batch = json!({"Changes": [{"Action": action, "ResourceRecordSet": set}]});
        self.dns("ChangeResourceRecordSets", json!({"HostedZoneId": zone, "ChangeBatch": batch}));
    }
}

#[test]
fn a_certificate_is_issued_when_the_records_of_all_its_names_are_there() {
    let mut world = world();
    let zone = world.zone("shop.test");
    let arn = world.requested(&["shop.test", "*.Shop.test", "www.shop.test", "shop.test"]);
    let before = world.described(&arn);
    assert_eq!((&before["Status"], &before["Type"]), (&json!("PENDING_VALIDATION"), &json!("AMAZON_ISSUED")));
    assert_eq!(before["SubjectAlternativeNames"], json!(["shop.test", "*.shop.test", "www.shop.test"]));
    let records: Vec<Value> =
        (0..3).map(|at| before["DomainValidationOptions"][at]["ResourceRecord"].clone()).collect();
    assert_eq!(records[0], records[1], "a wildcard has the record of its domain");
    let text = |at: &Value| at.as_str().unwrap().to_owned();
    let (name, value) = (text(&records[2]["Name"]), text(&records[2]["Value"]));
    let hex = |text: &str, end: &str| {
        let digits = text.strip_prefix('_').unwrap().strip_suffix(end).unwrap();
        digits.len() == 32 && digits.chars().all(|c| c.is_ascii_hexdigit())
    };
    assert!(hex(&name, ".www.shop.test.") && hex(&value, ".acm-validations.aws."), "{name} {value}");
    let pending = world.acm_refuses("GetCertificate", json!({ "CertificateArn": arn }));
    assert!(pending.starts_with("RequestInProgressException"), "{pending}");

    world.record("CREATE", &zone, &records[0]);
    let half = world.described(&arn);
    let statuses: Vec<&Value> = (0..3).map(|at| &half["DomainValidationOptions"][at]["ValidationStatus"]).collect();
    assert_eq!(statuses, ["SUCCESS", "SUCCESS", "PENDING_VALIDATION"]);
    assert!(crate::acm::errands(&world.state).is_empty());
    world.record("CREATE", &zone, &records[2]);
    assert_eq!(world.certificate_status(&arn), "PENDING_VALIDATION");
    issue_all(&mut world);
    let after = world.described(&arn);
    assert_eq!((&after["Status"], &after["KeyAlgorithm"]), (&json!("ISSUED"), &json!("EC_prime256v1")));
    assert_eq!(after["SubjectAlternativeNames"], before["SubjectAlternativeNames"]);
    assert!(after["IssuedAt"].is_number() && after["NotAfter"].is_number() && after["ImportedAt"].is_null());
    assert!(crate::acm::errands(&world.state).is_empty());
    let got = world.acm("GetCertificate", json!({ "CertificateArn": arn }));
    assert!(got["Certificate"].as_str().unwrap().starts_with("-----BEGIN CERTIFICATE-----"));
}

#[test]
fn a_record_counts_in_the_zone_that_names_are_delegated_to() {
    let mut world = world();
    let (above, own) = (world.zone("land.test"), world.zone("shop.land.test"));
    let arn = world.requested(&["shop.land.test"]);
    let record = world.described(&arn)["DomainValidationOptions"][0]["ResourceRecord"].clone();
    world.record("CREATE", &above, &record);
    assert!(crate::acm::errands(&world.state).is_empty());
    let mut wrong = record.clone();
    wrong["Value"] = json!("elsewhere.test");
    world.record("CREATE", &own, &wrong);
    assert!(crate::acm::errands(&world.state).is_empty());
    world.record("UPSERT", &own, &record);
    assert_eq!(crate::acm::errands(&world.state).len(), 1);
    // One that is deleted meanwhile is not brought back.
    let errand = crate::acm::errands(&world.state).remove(0);
    world.acm("DeleteCertificate", json!({ "CertificateArn": arn }));
    let made = super::made(&["shop.land.test"]);
    let key = crate::state::Hidden(made.key);
    let made = crate::acm::Issued { chain: made.body.clone(), certificate: made.body, key };
    world.transact(|tx| crate::acm::issued(tx, &errand, made)).unwrap();
    assert!(world.state.certificates.is_empty() && world.state.certificate_keys.is_empty());
}

#[test]
fn a_certificate_without_its_records_is_given_up_after_three_days() {
    let mut world = world();
    let arn = world.requested(&["shop.test"]);
    world.now += 3 * DAY - 1;
    world.transact(|_| Ok(())).unwrap();
    assert_eq!(world.certificate_status(&arn), "PENDING_VALIDATION");
    world.now += 1;
    world.transact(|_| Ok(())).unwrap();
    assert_eq!(world.certificate_status(&arn), "VALIDATION_TIMED_OUT");
    let zone = world.zone("shop.test");
    let domain = world.described(&arn)["DomainValidationOptions"][0].clone();
    assert_eq!(domain["ValidationStatus"], "FAILED");
    world.record("CREATE", &zone, &domain["ResourceRecord"]);
    assert!(crate::acm::errands(&world.state).is_empty());
}

#[test]
fn amazons_own_names_fail() {
    let mut world = world();
    let arn = world.requested(&["shop.test", "x.elasticbeanstalk.com"]);
    let described = world.described(&arn);
    assert_eq!(
        (&described["Status"], &described["FailureReason"]),
        (&json!("FAILED"), &json!("ADDITIONAL_VERIFICATION_REQUIRED"))
    );
}

#[test]
fn a_request_with_the_same_token_is_the_same_request_for_an_hour() {
    let mut world = world();
    let request = json!({"DomainName": "shop.test", "ValidationMethod": "DNS", "IdempotencyToken": "one"});
    let first = world.acm("RequestCertificate", request.clone());
    assert_eq!(world.acm("RequestCertificate", request.clone()), first);
    let other = json!({"DomainName": "b.test", "ValidationMethod": "DNS", "IdempotencyToken": "one"});
    assert!(world.acm_refuses("RequestCertificate", other).starts_with("InvalidParameterException"));
    world.now += 3_600_000;
    assert_ne!(world.acm("RequestCertificate", request), first);
}

#[test]
fn what_is_not_issued_is_refused() {
    let mut world = world();
    let mut refuses = |more: Value| {
        let mut request = json!({"DomainName": "shop.test", "ValidationMethod": "DNS"});
        for (name, value) in more.as_object().unwrap() {
            request[name.as_str()] = value.clone();
        }
        world.acm_refuses("RequestCertificate", request)
    };
    let email = "InvalidParameterException: ValidationMethod EMAIL is not supported by neargate.";
    assert_eq!(refuses(json!({"ValidationMethod": "EMAIL"})), email);
    assert!(refuses(json!({"ValidationMethod": null})).contains("EMAIL"));
    let authority =
        json!({"CertificateAuthorityArn": "arn:aws:acm-pca:us-east-1:123456789012:certificate-authority/x"});
    assert_eq!(refuses(authority), "InvalidParameterException: CertificateAuthorityArn is not supported by neargate.");
    assert!(refuses(json!({"Options": {"Export": "ENABLED"}})).contains("Export"));
    assert!(refuses(json!({"ManagedBy": "CLOUDFRONT"})).contains("ManagedBy"));
    assert!(refuses(json!({"KeyAlgorithm": "RSA_4096"})).contains("RSA_4096"));
    for name in ["shop", "-a.test", "a-.test", "a..test", "a.*.test", "*", "a.t", "a_b.test"] {
        let said = refuses(json!({ "DomainName": name }));
        let start = format!("ValidationException: 1 validation error detected: Value '{name}' at 'domainName' failed");
        assert!(said.starts_with(&start), "{said}");
    }
    let long = format!("{}.test", "a".repeat(60));
    assert!(refuses(json!({ "DomainName": long })).starts_with("ValidationException: The first domain name"));
    let many: Vec<String> = (0..10).map(|at| format!("{at}.shop.test")).collect();
    let many = refuses(json!({ "SubjectAlternativeNames": many }));
    assert_eq!(many, "LimitExceededException: Certificate has too many domains.");
    for (domain, of) in [("b.test", "shop.test"), ("shop.test", "b.test")] {
        let options = json!([{"DomainName": domain, "ValidationDomain": of}]);
        let said = refuses(json!({ "DomainValidationOptions": options }));
        assert!(said.starts_with("InvalidDomainValidationOptionsException"), "{said}");
    }
    assert!(world.state.certificates.is_empty());
}

#[test]
fn one_that_is_requested_is_listed_changed_and_never_imported_over() {
    let mut world = world();
    let arn = world.requested(&["shop.test"]);
    let keys = json!({"keyTypes": ["EC_prime256v1"]});
    let mut listed = |statuses: Value| {
        let all = world.acm("ListCertificates", json!({"CertificateStatuses": statuses, "Includes": keys}));
        all["CertificateSummaryList"].as_array().unwrap().len()
    };
    assert_eq!((listed(json!(["ISSUED"])), listed(json!(["PENDING_VALIDATION"])), listed(json!([]))), (0, 1, 1));
    let disabled = json!({"CertificateTransparencyLoggingPreference": "DISABLED"});
    world.acm("UpdateCertificateOptions", json!({"CertificateArn": arn, "Options": disabled}));
    let preference = world.described(&arn)["Options"]["CertificateTransparencyLoggingPreference"].clone();
    assert_eq!(preference, "DISABLED");
    let mail = json!({"CertificateArn": arn, "Domain": "shop.test", "ValidationDomain": "shop.test"});
    assert!(world.acm_refuses("ResendValidationEmail", mail).starts_with("InvalidStateException"));
    let mut over = super::made(&["shop.test"]).request();
    over["CertificateArn"] = json!(arn);
    assert!(world.acm_refuses("ImportCertificate", over).starts_with("ValidationException"));
}

/// The request for an HTTPS listener of a load balancer in the default VPC.
fn listener(world: &mut World, certificate: &str) -> Value {
    let all = world.call(&ec2::API, "DescribeSubnets", json!({})).unwrap()["subnetSet"].clone();
    let subnets: Vec<&Value> = all.as_array().unwrap().iter().take(2).map(|subnet| &subnet["subnetId"]).collect();
    let made = world.call(&elbv2::API, "CreateLoadBalancer", json!({"Name": "web", "Subnets": subnets})).unwrap();
    let answer = json!({"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "200"}});
    json!({"LoadBalancerArn": made["LoadBalancers"][0]["LoadBalancerArn"], "Protocol": "HTTPS", "Port": 443,
        "Certificates": [{"CertificateArn": certificate}], "DefaultActions": [answer]})
}

#[test]
fn one_that_listeners_use_is_renewed_in_time_while_its_records_are_there() {
    let mut world = world();
    world.transact(crate::ec2::found).unwrap();
    let zone = world.zone("shop.test");
    let arn = world.requested(&["shop.test"]);
    let record = world.described(&arn)["DomainValidationOptions"][0]["ResourceRecord"].clone();
    let listener = listener(&mut world, &arn);
    let refused = world.call(&elbv2::API, "CreateListener", listener.clone()).unwrap_err().to_string();
    let unusable = format!(
        "UnsupportedCertificate: The certificate '{arn}' must have a fully-qualified domain name, a supported signature, and a supported key size."
    );
    assert_eq!(refused, unusable);
    world.record("CREATE", &zone, &record);
    issue_until(&mut world, 2024);
    assert_eq!(world.described(&arn)["RenewalEligibility"], "INELIGIBLE");
    world.call(&elbv2::API, "CreateListener", listener).unwrap();
    assert_eq!(world.described(&arn)["RenewalEligibility"], "ELIGIBLE");
    assert!(world.acm_refuses("DeleteCertificate", json!({ "CertificateArn": arn })).contains("is in use"));
    let end = |world: &mut World| (world.described(&arn)["NotAfter"].as_f64().unwrap() * 1000.0) as i64;
    let first = end(&mut world);

    // Forty-five days before its end it is to be renewed, which takes its record.
    world.record("DELETE", &zone, &record);
    world.now = first - 45 * DAY - 1;
    world.transact(|_| Ok(())).unwrap();
    assert!(world.described(&arn)["RenewalSummary"].is_null());
    world.now += 1;
    world.transact(|_| Ok(())).unwrap();
    let status = |world: &mut World| world.described(&arn)["RenewalSummary"]["RenewalStatus"].clone();
    assert_eq!(status(&mut world), "PENDING_VALIDATION");
    assert!(crate::acm::errands(&world.state).is_empty());
    world.record("CREATE", &zone, &record);
    assert_eq!(
        (status(&mut world), world.certificate_status(&arn)),
        (json!("PENDING_AUTO_RENEWAL"), "ISSUED".to_owned())
    );
    issue_until(&mut world, 2025);
    assert_eq!((status(&mut world), crate::acm::name(&world.state, &arn).version), (json!("SUCCESS"), 2));
    assert!(end(&mut world) > first);
    assert!(crate::acm::errands(&world.state).is_empty());

    // Without it, it expires.
    world.record("DELETE", &zone, &record);
    for days in [-1, 1] {
        world.now = end(&mut world) + days * DAY;
        world.transact(|_| Ok(())).unwrap();
    }
    assert_eq!((status(&mut world), world.certificate_status(&arn)), (json!("FAILED"), "EXPIRED".to_owned()));
}
