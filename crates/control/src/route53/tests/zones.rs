//! Hosted zones.

use super::*;

#[test]
fn a_public_zone_has_four_servers_and_two_sets() {
    let mut region = Region::new();
    let request = json!({"Name": "Shop.example.", "CallerReference": "a", "HostedZoneConfig": {"Comment": "the shop"}});
    let made = region.call("CreateHostedZone", request.clone());
    let id = made["HostedZone"]["Id"].as_str().unwrap().to_owned();
    let location = made["Location"].as_str().unwrap();
    assert!(location.ends_with(&id), "{location}");
    let id = id.strip_prefix("/hostedzone/").unwrap();
    assert_eq!((id.len(), id.starts_with('Z')), (21, true));
    assert_eq!(made["HostedZone"]["Name"], "shop.example.");
    assert_eq!(made["HostedZone"]["Config"], json!({"Comment": "the shop", "PrivateZone": false}));
    assert_eq!(made["HostedZone"]["ResourceRecordSetCount"], 2);
    assert_eq!(made["ChangeInfo"]["Status"], "PENDING");
    let servers: Vec<&str> =
        made["DelegationSet"]["NameServers"].as_array().unwrap().iter().map(|s| s.as_str().unwrap()).collect();
    for (server, domain) in servers.iter().zip(["co.uk", "com", "org", "net"]) {
        let (number, rest) = server.strip_prefix("ns-").unwrap().split_once(".awsdns-").unwrap();
        let expected = format!("{:02}.{domain}", number.parse::<u32>().unwrap() % 512 / 8);
        assert_eq!(rest, expected, "{server}");
    }
    let sets = region.call("ListResourceRecordSets", json!({"HostedZoneId": id}));
    let [ns, soa] = sets["ResourceRecordSets"].as_array().unwrap().as_slice() else { panic!("{sets}") };
    assert_eq!(
        (&ns["Type"], &ns["TTL"], &soa["Type"], &soa["TTL"]),
        (&json!("NS"), &json!(172_800), &json!("SOA"), &json!(900))
    );
    assert_eq!(ns["ResourceRecords"][0]["Value"], format!("{}.", servers[0]));
    let value = format!("{}. awsdns-hostmaster.amazon.com. 1 7200 900 1209600 86400", servers[0]);
    assert_eq!(soa["ResourceRecords"], json!([{"Value": value}]));
    // The reference tells requests apart, whatever else they say.
    assert_eq!(
        region.refuses("CreateHostedZone", request),
        "HostedZoneAlreadyExists: A hosted zone has already been created with the specified caller reference."
    );
    let got = region.call("GetHostedZone", json!({"Id": id}));
    assert_eq!((&got["HostedZone"], &got["DelegationSet"]), (&made["HostedZone"], &made["DelegationSet"]));
    assert_eq!(region.call("GetHostedZoneCount", json!({}))["HostedZoneCount"], 1);
    assert_eq!(region.call("GetDNSSEC", json!({"HostedZoneId": id}))["Status"]["ServeSignature"], "NOT_SIGNING");
    let commented = region.call("UpdateHostedZoneComment", json!({"Id": id, "Comment": "ours"}));
    assert_eq!(commented["HostedZone"]["Config"]["Comment"], "ours");
}

#[test]
fn a_private_zone_is_of_its_vpcs() {
    let mut region = Region::new();
    let id = region.zone("shop.local", true);
    let got = region.call("GetHostedZone", json!({"Id": id}));
    assert_eq!((&got["HostedZone"]["Config"]["PrivateZone"], &got["VPCs"]), (&json!(true), &json!([region.vpc()])));
    assert!(got["DelegationSet"].is_null());
    let again = region.request("shop.local", true);
    assert_eq!(
        region.refuses("CreateHostedZone", again),
        format!(
            "ConflictingDomainExists: The VPC {} in region us-east-1 has already been associated with the hosted zone {id} with the same domain name.",
            region.vpc
        )
    );
    region.zone("api.shop.local", true);
    let vpc = region.fixture.world.call(&aws::api::ec2::API, "CreateVpc", json!({"CidrBlock": "10.9.0.0/16"})).unwrap();
    let other = json!({"VPCRegion": "us-east-1", "VPCId": vpc["vpc"]["vpcId"]});
    let both = json!({"HostedZoneId": id, "VPC": other});
    assert_eq!(region.call("AssociateVPCWithHostedZone", both.clone())["ChangeInfo"]["Status"], "PENDING");
    let by_vpc = json!({"VPCId": other["VPCId"], "VPCRegion": "us-east-1"});
    let listed = region.call("ListHostedZonesByVPC", by_vpc);
    assert_eq!(listed["HostedZoneSummaries"][0]["HostedZoneId"], id);
    assert_eq!(listed["HostedZoneSummaries"].as_array().unwrap().len(), 1);
    region.call("DisassociateVPCFromHostedZone", both.clone());
    assert!(region.refuses("DisassociateVPCFromHostedZone", both).starts_with("VPCAssociationNotFound: "));
    let last = json!({"HostedZoneId": id, "VPC": region.vpc()});
    assert!(region.refuses("DisassociateVPCFromHostedZone", last).starts_with("LastVPCAssociation: "));
    assert!(
        region
            .refuses("GetDNSSEC", json!({"HostedZoneId": id}))
            .starts_with("InvalidArgument: Operation is unsupported")
    );
    let public = region.zone("shop.example", false);
    let associated = json!({"HostedZoneId": public, "VPC": region.vpc()});
    assert!(region.refuses("AssociateVPCWithHostedZone", associated).starts_with("PublicZoneVPCAssociation: "));
}

#[test]
fn what_can_be_no_zone_is_refused() {
    let mut region = Region::new();
    for (name, code) in [
        (
            "a..example",
            "InvalidDomainName: FATAL problem: DomainLabelEmpty (Domain label is empty) encountered with 'a..example'",
        ),
        ("com", "InvalidDomainName: com is reserved by AWS!"),
        ("x.amazonaws.com", "InvalidDomainName: x.amazonaws.com is reserved by AWS!"),
        ("10.in-addr.arpa", "InvalidInput: neargate does not support public hosted zones for reverse DNS."),
    ] {
        let request = region.request(name, false);
        assert_eq!(region.refuses("CreateHostedZone", request), code);
    }
    let mut request = region.request("shop.local", true);
    request["VPC"]["VPCId"] = json!("vpc-none");
    assert_eq!(
        region.refuses("CreateHostedZone", request),
        "InvalidVPCId: The VPC vpc-none in region us-east-1 that you provided does not exist."
    );
    let mut request = region.request("shop.example", false);
    request["HostedZoneConfig"] = json!({"PrivateZone": true});
    assert!(region.refuses("CreateHostedZone", request).starts_with("InvalidInput: "));
    let mut request = region.request("shop.example", false);
    request["DelegationSetId"] = json!("N1");
    assert!(region.refuses("CreateHostedZone", request).starts_with("NoSuchDelegationSet: "));
    assert_eq!(
        region.refuses("GetHostedZone", json!({"Id": "ZNONE"})),
        "NoSuchHostedZone: No hosted zone found with ID: ZNONE"
    );
    assert_eq!(
        region.refuses("GetHostedZone", json!({"Id": "Z".repeat(33)})),
        format!(
            "InvalidInput: 1 validation error detected: Value '{}' at 'id' failed to satisfy constraint: Member must have length less than or equal to 32",
            "Z".repeat(33)
        )
    );
}

#[test]
fn only_an_empty_zone_is_deleted() {
    let mut region = Region::new();
    let id = region.zone("shop.example", false);
    region.change(&id, json!([change("CREATE", "www.shop.example", "A", &["10.0.0.1"])]));
    assert_eq!(
        region.refuses("DeleteHostedZone", json!({"Id": id})),
        "HostedZoneNotEmpty: The specified hosted zone contains non-required resource record sets and so cannot be deleted."
    );
    region.change(&id, json!([change("DELETE", "www.shop.example", "A", &["10.0.0.1"])]));
    region.call("DeleteHostedZone", json!({"Id": id}));
    assert!(region.refuses("GetHostedZone", json!({"Id": id})).starts_with("NoSuchHostedZone"));
    assert!(region.fixture.world.state.record_sets.is_empty());
}

#[test]
fn zones_are_listed_in_pages() {
    let mut region = Region::new();
    let mut ids: Vec<String> = ["b.example", "a.example", "z.a.example"].map(|name| region.zone(name, false)).into();
    ids.push(region.zone("shop.local", true));
    ids.sort();
    let page = region.call("ListHostedZones", json!({"MaxItems": "3"}));
    assert_eq!(
        (&page["IsTruncated"], &page["NextMarker"], &page["MaxItems"]),
        (&json!(true), &json!(ids[3]), &json!("3"))
    );
    let rest = region.call("ListHostedZones", json!({"Marker": ids[3]}));
    assert_eq!(rest["HostedZones"][0]["Id"], format!("/hostedzone/{}", ids[3]));
    assert_eq!((&rest["IsTruncated"], rest["HostedZones"].as_array().unwrap().len()), (&json!(false), 1));
    let private = region.call("ListHostedZones", json!({"HostedZoneType": "PrivateHostedZone"}));
    assert_eq!(private["HostedZones"].as_array().unwrap().len(), 1);
    let named = |page: &Value| -> Vec<String> {
        page["HostedZones"].as_array().unwrap().iter().map(|zone| zone["Name"].as_str().unwrap().to_owned()).collect()
    };
    let page = region.call("ListHostedZonesByName", json!({"MaxItems": "2"}));
    assert_eq!(named(&page), ["a.example.", "z.a.example."]);
    assert_eq!(page["NextDNSName"], "b.example.");
    let rest = json!({"DNSName": page["NextDNSName"], "HostedZoneId": page["NextHostedZoneId"]});
    assert_eq!(named(&region.call("ListHostedZonesByName", rest)), ["b.example.", "shop.local."]);
    assert!(region.refuses("ListHostedZones", json!({"MaxItems": "x"})).starts_with("InvalidInput: "));
}

#[test]
fn a_change_is_in_sync_when_every_host_answers_by_it() {
    let mut region = Region::new();
    let request = region.request("shop.example", false);
    let made = region.call("CreateHostedZone", request);
    let id = made["ChangeInfo"]["Id"].clone();
    assert_eq!(region.call("GetChange", json!({"Id": id}))["ChangeInfo"], made["ChangeInfo"]);
    region.pass(2);
    let bare = id.as_str().unwrap().strip_prefix("/change/").unwrap();
    assert_eq!(region.call("GetChange", json!({"Id": bare}))["ChangeInfo"]["Status"], "INSYNC");
    assert_eq!(region.refuses("GetChange", json!({"Id": "C0"})), "NoSuchChange: Could not find resource with ID: C0");
    region.pass(1);
    region.fixture.world.now += 86_400_000;
    region.pass(1);
    assert!(region.refuses("GetChange", json!({"Id": bare})).starts_with("NoSuchChange: "));
}

#[test]
fn zones_have_ten_tags() {
    let mut region = Region::new();
    let id = region.zone("shop.example", false);
    let of = |more: Value| {
        let mut request = json!({"ResourceType": "hostedzone", "ResourceId": id});
        more.as_object().unwrap().iter().for_each(|(name, value)| request[name] = value.clone());
        request
    };
    let tags: Vec<Value> = (0..10).map(|n| json!({"Key": format!("k{n}"), "Value": "v"})).collect();
    region.call("ChangeTagsForResource", of(json!({"AddTags": tags})));
    let more = of(json!({"AddTags": [{"Key": "k10"}], "RemoveTagKeys": ["k0"]}));
    region.call("ChangeTagsForResource", more);
    let listed = region.call("ListTagsForResource", of(json!({})));
    assert_eq!(listed["ResourceTagSet"]["Tags"].as_array().unwrap().len(), 10);
    let several = json!({"ResourceType": "hostedzone", "ResourceIds": [id]});
    assert_eq!(region.call("ListTagsForResources", several)["ResourceTagSets"][0], listed["ResourceTagSet"]);
    assert!(
        region.refuses("ChangeTagsForResource", of(json!({"AddTags": [{"Key": "k11"}]}))).starts_with("InvalidInput: ")
    );
    let check = json!({"ResourceType": "healthcheck", "ResourceId": "x"});
    assert!(region.refuses("ListTagsForResource", check).starts_with("NoSuchHealthCheck: "));
}
