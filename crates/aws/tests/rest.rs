//! REST in XML: which operation a method and a path call, where a request's members are, and what replies look like.

use aws::api::route53::{self, API};
use aws::doc::Doc;
use aws::fault::Fault;
use aws::request::identify;
use aws::shape::{Operation, Shape};

const CHANGE: &str = "<?xml version=\"1.0\"?>
<ChangeResourceRecordSetsRequest xmlns=\"https://route53.amazonaws.com/doc/2013-04-01/\">
  <ChangeBatch><Comment> a &amp; b </Comment><Changes>
    <Change><Action>UPSERT</Action><ResourceRecordSet><Name>a.example.</Name><Type>A</Type><TTL>60</TTL>
      <ResourceRecords><ResourceRecord><Value>10.0.0.1</Value></ResourceRecord></ResourceRecords>
    </ResourceRecordSet></Change>
  </Changes></ChangeBatch>
</ChangeResourceRecordSetsRequest>";

fn taken_for(method: &str, path: &str) -> String {
    match identify(method, path, "", |_| None, b"") {
        Ok(call) => call.operation.to_owned(),
        Err(refused) => {
            format!("{:?} {} {}", refused.api.protocol, refused.api.refusal("id", &refused.fault).status, refused.fault)
        }
    }
}

fn read<O: Operation>(method: &str, path: &str, query: &str, body: &str) -> Result<O::Input, Fault> {
    let call = identify(method, path, query, |_| None, body.as_bytes())?;
    assert_eq!(call.operation, O::NAME);
    API.read::<O>(call.parse()?)
}

fn changed(body: &str) -> Result<route53::ChangeResourceRecordSetsRequest, Fault> {
    read::<route53::op::ChangeResourceRecordSets>("POST", "/2013-04-01/hostedzone/Z1/rrset/", "", body)
}

#[test]
fn method_and_path_name_an_operation() {
    for (method, path, operation) in [
        ("GET", "/2013-04-01/hostedzone", "ListHostedZones"),
        ("POST", "/2013-04-01/hostedzone", "CreateHostedZone"),
        ("GET", "/2013-04-01/hostedzone/Z1", "GetHostedZone"),
        ("DELETE", "/2013-04-01/hostedzone/Z1/", "DeleteHostedZone"),
        ("POST", "/2013-04-01/hostedzone/Z1", "UpdateHostedZoneComment"),
        ("POST", "/2013-04-01/hostedzone/Z1/rrset", "ChangeResourceRecordSets"),
        ("POST", "/2013-04-01/hostedzone/Z1/rrset/", "ChangeResourceRecordSets"),
        ("GET", "/2013-04-01/tags/hostedzone/Z1", "ListTagsForResource"),
        ("GET", "/2013-04-01/healthcheck", "RestXml 501 NotImplemented: ListHealthChecks is not implemented."),
        (
            "PUT",
            "/2013-04-01/hostedzone",
            "RestXml 404 UnknownOperationException: Unknown operation PUT /2013-04-01/hostedzone.",
        ),
        (
            "GET",
            "/2013-04-01/nothing",
            "RestXml 404 UnknownOperationException: Unknown operation GET /2013-04-01/nothing.",
        ),
        ("GET", "/hostedzone", "Query 400 MissingAction: The request is missing an action or a required parameter."),
    ] {
        assert_eq!(taken_for(method, path), operation, "{method} {path}");
    }
}

#[test]
fn members_are_in_the_path_the_query_string_and_the_body() {
    let request = changed(CHANGE).expect("a request");
    assert_eq!(request.hosted_zone_id, "Z1");
    assert_eq!(request.change_batch.comment.as_deref(), Some(" a & b "));
    let set = &request.change_batch.changes[0].resource_record_set;
    assert_eq!((set.name.as_deref(), set.r#type, set.ttl), (Some("a.example."), Some(route53::RRType::A), Some(60)));
    let path = "/2013-04-01/hostedzone/%2Fhostedzone%2FZ1/rrset";
    let query = "name=%2A.a%2Bb.example&type=A&maxitems=2&HostedZoneId=Z2&x=y";
    let listed = read::<route53::op::ListResourceRecordSets>("GET", path, query, "").expect("a request");
    assert_eq!((listed.hosted_zone_id.as_str(), listed.start_record_name.as_deref()), ("Z1", Some("*.a+b.example")));
    assert_eq!((listed.start_record_type, listed.max_items.as_deref()), (Some(route53::RRType::A), Some("2")));
    // An operation without members in the body may have none.
    let path = "/2013-04-01/hostedzone/Z1";
    assert!(read::<route53::op::UpdateHostedZoneComment>("POST", path, "", "").is_ok());
}

#[test]
fn what_is_not_understood_is_refused() {
    let refused = |body: &str| changed(body).map(|_| ()).unwrap_err().to_string();
    assert_eq!(
        refused("<ChangeBatch/>"),
        "MalformedInput: ChangeBatch is not valid, expected ChangeResourceRecordSetsRequest"
    );
    assert_eq!(
        refused(&CHANGE.replace("<TTL>60</TTL>", "<TTL>60</TTL><Colour>red</Colour>")),
        "InvalidInput: Invalid XML ; cvc-complex-type.2.4.a: Invalid content was found starting with element 'Colour'."
    );
    assert_eq!(
        refused(&CHANGE.replace("UPSERT", "MERGE")),
        "InvalidInput: Invalid XML ; cvc-enumeration-valid: Value 'MERGE' is not facet-valid with respect to enumeration '[CREATE, DELETE, UPSERT]'. It must be a value from the enumeration."
    );
    assert_eq!(
        refused(&CHANGE.replace("<Type>A</Type>", "")),
        "InvalidInput: 1 validation error detected: Value null at 'changeBatch.changes.1.member.resourceRecordSet.type' failed to satisfy constraint: Member must not be null"
    );
    let deep = format!("{}{}", "<a>".repeat(100), "</a>".repeat(100));
    for body in ["<a", "{}", "<a>text<b/></a>", &deep, "<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>"] {
        assert!(refused(body).starts_with("InvalidInput: Invalid XML ; "), "{body}");
    }
}

#[test]
fn replies_have_aws_root_status_header_fields_and_names_of_items() {
    let set =
        route53::DelegationSet { name_servers: Some(vec!["a".to_owned(), "b&c".to_owned()]), ..Default::default() };
    let made = route53::CreateHostedZoneResponse {
        delegation_set: Some(set),
        location: Some("https://here".to_owned()),
        ..Default::default()
    };
    let reply = API.reply("CreateHostedZone", "id", made.write());
    assert_eq!(
        String::from_utf8(reply.body).unwrap(),
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<CreateHostedZoneResponse xmlns=\"https://route53.amazonaws.com/doc/2013-04-01/\"><DelegationSet><NameServers><NameServer>a</NameServer><NameServer>b&amp;c</NameServer></NameServers></DelegationSet></CreateHostedZoneResponse>"
    );
    assert_eq!(reply.status, 201);
    assert!(reply.headers.contains(&("location", "https://here".to_owned())));
    assert_eq!(API.reply("GetHostedZone", "id", Doc::Null).status, 200);
    let refused = API.refusal("id", &Fault::new("NoSuchHostedZone", "No hosted zone found with ID: Z1"));
    assert_eq!(
        (refused.status, String::from_utf8(refused.body).unwrap().as_str()),
        (
            404,
            "<ErrorResponse xmlns=\"https://route53.amazonaws.com/doc/2013-04-01/\"><Error><Type>Sender</Type><Code>NoSuchHostedZone</Code><Message>No hosted zone found with ID: Z1</Message></Error><RequestId>id</RequestId></ErrorResponse>"
        )
    );
}
