//! The operations as a client sees them.

mod requested;

use crate::{state::Hidden, testing::World};
use aws::api::acm::API;
use base64::{Engine, prelude::BASE64_STANDARD};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
};
use serde_json::{Value, json};

/// A key of RSA, which takes too long to make for a test.
const RSA: &str = include_str!("rsa.pem");
/// The time of calls: in the midst of the certificates' lives.
const NOW: i64 = 1_700_000_000_000;

/// A certificate with what belongs to it, in PEM.
pub(crate) struct Made {
    pub body: String,
    pub key: String,
    pub chain: Option<String>,
}

impl Made {
    /// The request that imports it.
    pub(crate) fn request(&self) -> Value {
        let blob = |text: &str| BASE64_STANDARD.encode(text);
        let mut request = json!({"Certificate": blob(&self.body), "PrivateKey": blob(&self.key)});
        if let Some(chain) = &self.chain {
            request["CertificateChain"] = json!(blob(chain));
        }
        request
    }
}

fn params(names: &[&str]) -> CertificateParams {
    let mut params = CertificateParams::new(names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>()).unwrap();
    params.distinguished_name.push(DnType::CommonName, names[0]);
    params.not_before = rcgen::date_time_ymd(2023, 1, 1);
    params.not_after = rcgen::date_time_ymd(2024, 1, 1);
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params
}

/// A certificate that signs itself, for these names.
pub(crate) fn made(names: &[&str]) -> Made {
    let key = KeyPair::generate().unwrap();
    Made { body: params(names).self_signed(&key).unwrap().pem(), key: key.serialize_pem(), chain: None }
}

/// Issues everything that is due, by an authority of the test's own.
pub(crate) fn issue_all(world: &mut World) {
    issue_until(world, 2033);
}

/// The same, valid until a year begins.
fn issue_until(world: &mut World, year: i32) {
    for errand in crate::acm::errands(&world.state) {
        let key = KeyPair::generate().unwrap();
        let mut params = params(&errand.names.iter().map(String::as_str).collect::<Vec<_>>());
        params.not_after = rcgen::date_time_ymd(year, 1, 1);
        let certificate = params.self_signed(&key).unwrap().pem();
        let made = crate::acm::Issued { chain: certificate.clone(), certificate, key: Hidden(key.serialize_pem()) };
        world.transact(|tx| crate::acm::issued(tx, &errand, made)).unwrap();
    }
}

/// A region in which certificates of [`made`] are valid.
fn world() -> World {
    let mut world = World::new();
    world.now = NOW;
    world
}

impl World {
    /// Calls an operation of ACM that must succeed.
    #[track_caller]
    pub(crate) fn acm(&mut self, operation: &str, request: Value) -> Value {
        self.call(&API, operation, request).unwrap_or_else(|fault| panic!("{operation}: {fault}"))
    }

    #[track_caller]
    fn acm_refuses(&mut self, operation: &str, request: Value) -> String {
        let answer = self.call(&API, operation, request);
        answer.map_or_else(|fault| fault.to_string(), |answer| panic!("{operation} answered {answer}"))
    }

    /// Imports a certificate for these names, and returns its ARN.
    #[track_caller]
    pub(crate) fn certificate(&mut self, names: &[&str]) -> String {
        self.now = NOW;
        self.acm("ImportCertificate", made(names).request())["CertificateArn"].as_str().unwrap().to_owned()
    }
}

#[test]
fn what_is_imported_is_described_without_its_key() {
    let mut world = world();
    let key = KeyPair::from_pem(RSA).unwrap();
    let authority = KeyPair::generate().unwrap();
    let mut own = CertificateParams::default();
    own.distinguished_name.push(DnType::OrganizationName, "Test CA");
    own.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let chain = own.self_signed(&authority).unwrap().pem();
    let signed = params(&["shop.test", "*.shop.test"]).signed_by(&key, &Issuer::new(own, authority)).unwrap();
    let made = Made { body: signed.pem(), key: RSA.to_owned(), chain: Some(chain.clone()) };
    let mut request = made.request();
    request["Tags"] = json!([{"Key": "team", "Value": "web"}]);
    let arn = world.acm("ImportCertificate", request)["CertificateArn"].as_str().unwrap().to_owned();
    let detail = world.acm("DescribeCertificate", json!({ "CertificateArn": arn }));
    let of = |name: &str| detail["Certificate"][name].clone();
    assert_eq!(of("DomainName"), "shop.test");
    assert_eq!(of("SubjectAlternativeNames"), json!(["shop.test", "*.shop.test"]));
    assert_eq!((of("Status"), of("Type"), of("KeyAlgorithm")), ("ISSUED".into(), "IMPORTED".into(), "RSA_2048".into()));
    assert_eq!((of("Issuer"), of("SignatureAlgorithm")), ("Test CA".into(), "SHA256WITHECDSA".into()));
    assert_eq!((of("Subject"), of("InUseBy")), ("CN=shop.test".into(), json!([])));
    assert_eq!(of("KeyUsages"), json!([{"Name": "DIGITAL_SIGNATURE"}]));
    let server = json!([{"Name": "TLS_WEB_SERVER_AUTHENTICATION", "OID": "1.3.6.1.5.5.7.3.1"}]);
    assert_eq!((of("ExtendedKeyUsages"), of("RenewalEligibility")), (server, "INELIGIBLE".into()));
    let got = world.acm("GetCertificate", json!({ "CertificateArn": arn }));
    assert_eq!((&got["Certificate"], &got["CertificateChain"]), (&json!(made.body), &json!(chain)));
    let tags = world.acm("ListTagsForCertificate", json!({ "CertificateArn": arn }));
    assert_eq!(tags["Tags"], json!([{"Key": "team", "Value": "web"}]));
    let secret = RSA.lines().nth(5).unwrap();
    assert!(!format!("{detail}{got}").contains(secret));
    assert!(!format!("{:?}", world.state.certificate_keys.iter().next()).contains(secret));
    assert!(crate::State::is_secret("acm_key"));
}

#[test]
fn a_certificate_imported_again_keeps_its_arn() {
    let mut world = world();
    let arn = world.certificate(&["a.test"]);
    let mut again = made(&["a.test", "b.test"]).request();
    again["CertificateArn"] = json!(arn);
    world.now += 5_000;
    assert_eq!(world.acm("ImportCertificate", again.clone())["CertificateArn"], json!(arn));
    let detail = &world.acm("DescribeCertificate", json!({ "CertificateArn": arn }))["Certificate"];
    assert_eq!(detail["SubjectAlternativeNames"], json!(["a.test", "b.test"]));
    assert!(detail["ImportedAt"].as_f64() > detail["CreatedAt"].as_f64());
    again["Tags"] = json!([{"Key": "a", "Value": "b"}]);
    let said = "ValidationException: Tagging is not permitted on re-import.";
    assert_eq!(world.acm_refuses("ImportCertificate", again.clone()), said);
    again["CertificateArn"] = json!(format!("{arn}0"));
    assert!(world.acm_refuses("ImportCertificate", again).starts_with("ResourceNotFoundException: Could not find"));
}

#[test]
fn what_does_not_belong_together_is_refused() {
    let mut world = world();
    let (one, other) = (made(&["a.test"]), made(&["b.test"]));
    let mut refuses = |made: Made, now: i64| {
        world.now = now;
        world.acm_refuses("ImportCertificate", made.request()).split_once(": ").unwrap().1.to_owned()
    };
    let with = |body: &str, key: &str, chain: Option<&str>| Made {
        body: body.to_owned(),
        key: key.to_owned(),
        chain: chain.map(str::to_owned),
    };
    let mismatch = "The private key does not match the public key of the certificate.";
    assert_eq!(refuses(with(&one.body, &other.key, None), NOW), mismatch);
    assert_eq!(refuses(with(&one.body, RSA, None), NOW), mismatch);
    let none = "The certificate is not in a valid PEM format.";
    assert_eq!(refuses(with("nothing", &one.key, None), NOW), none);
    let two = [one.body.as_str(), &other.body].concat();
    assert!(refuses(with(&two, &one.key, None), NOW).starts_with("The certificate field contains more than one"));
    let key = "The private key is not in a valid PEM format, or it is encrypted.";
    assert_eq!(refuses(with(&one.body, &one.body, None), NOW), key);
    let chain = "Could not validate the certificate with the certificate chain.";
    assert_eq!(refuses(with(&one.body, &one.key, Some(&other.body)), NOW), chain);
    assert_eq!(refuses(with(&one.body, &one.key, None), 0), "The certificate is not valid yet.");
    assert_eq!(refuses(with(&one.body, &one.key, None), 2 * NOW), "The certificate has expired.");
    assert!(world.state.certificates.is_empty() && world.state.certificate_keys.is_empty());
}

#[test]
fn a_list_has_what_is_asked_for() {
    let mut world = world();
    let elliptic = world.certificate(&["a.test"]);
    let key = KeyPair::from_pem(RSA).unwrap();
    let body = params(&["b.test"]).self_signed(&key).unwrap().pem();
    let rsa = world.acm("ImportCertificate", Made { body, key: RSA.into(), chain: None }.request());
    let mut list = |request: Value| -> Vec<Value> {
        let all = world.acm("ListCertificates", request);
        all["CertificateSummaryList"].as_array().unwrap().iter().map(|one| one["CertificateArn"].clone()).collect()
    };
    assert_eq!(list(json!({})), [rsa["CertificateArn"].clone()]);
    assert_eq!(list(json!({"Includes": {"keyTypes": ["EC_prime256v1"]}})), [json!(elliptic)]);
    assert_eq!(list(json!({"Includes": {"keyTypes": ["EC_prime256v1", "RSA_2048"]}})).len(), 2);
    assert_eq!(list(json!({"CertificateStatuses": ["EXPIRED"]})).len(), 0);
    world.now = 2 * NOW;
    let all = world.acm("ListCertificates", json!({"CertificateStatuses": ["EXPIRED"]}));
    assert_eq!(all["CertificateSummaryList"].as_array().unwrap().len(), 1);
}

#[test]
fn a_deleted_certificate_is_gone_with_its_key() {
    let mut world = world();
    let arn = world.certificate(&["a.test"]);
    let tag = |value: &str| json!({"CertificateArn": arn, "Tags": [{"Key": "k", "Value": value}]});
    world.acm("AddTagsToCertificate", tag("v"));
    world.acm("RemoveTagsFromCertificate", tag("w"));
    let tags = world.acm("ListTagsForCertificate", json!({ "CertificateArn": arn }));
    assert_eq!(tags["Tags"], json!([{"Key": "k", "Value": "v"}]));
    world.acm("RemoveTagsFromCertificate", json!({"CertificateArn": arn, "Tags": [{"Key": "k"}]}));
    assert_eq!(world.acm("ListTagsForCertificate", json!({ "CertificateArn": arn }))["Tags"], json!([]));
    world.acm("DeleteCertificate", json!({ "CertificateArn": arn }));
    assert!(world.state.certificates.is_empty() && world.state.certificate_keys.is_empty());
    let gone = world.acm_refuses("DescribeCertificate", json!({ "CertificateArn": arn }));
    assert!(gone.starts_with("ResourceNotFoundException"), "{gone}");
    let wrong =
        world.acm_refuses("DescribeCertificate", json!({"CertificateArn": "arn:aws:iam::1:server-certificate/x"}));
    assert!(wrong.starts_with("InvalidArnException"), "{wrong}");
}
