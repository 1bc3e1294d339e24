//! HTTPS listeners and their certificates.

use super::*;

impl World {
    /// A load balancer, and the request for an HTTPS listener of it with a certificate.
    pub(super) fn https(&mut self) -> (String, String, Value) {
        let (balancer, group) = (self.load_balancer("web"), self.target_group("web"));
        let certificate = self.certificate(&["a.test"]);
        let request = json!({"LoadBalancerArn": balancer, "Protocol": "HTTPS", "Port": 443,
            "Certificates": [{"CertificateArn": certificate}],
            "DefaultActions": [{"Type": "forward", "TargetGroupArn": group}]});
        (balancer, certificate, request)
    }

    /// The certificates of a listener, each with whether it is the default one.
    fn certificates_of(&mut self, listener: &str) -> Vec<(String, bool)> {
        let all = self.elb("DescribeListenerCertificates", json!({ "ListenerArn": listener }));
        let all = all["Certificates"].as_array().unwrap().clone();
        all.iter().map(|one| (text(&one["CertificateArn"]), one["IsDefault"].as_bool().unwrap())).collect()
    }
}

fn with(request: &Value, change: Value) -> Value {
    let mut request = request.clone();
    request.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
    request
}

#[test]
fn an_https_listener_has_a_certificate_and_a_policy() {
    let mut world = World::region();
    let (balancer, certificate, request) = world.https();
    let made = world.elb("CreateListener", request.clone())["Listeners"][0].clone();
    assert_eq!((&made["Protocol"], &made["SslPolicy"]), (&json!("HTTPS"), &json!("ELBSecurityPolicy-2016-08")));
    assert_eq!(made["Certificates"], json!([{ "CertificateArn": certificate }]));
    assert_eq!(made["MutualAuthentication"], json!({"Mode": "off"}));
    let again = world.elb("CreateListener", request)["Listeners"][0]["ListenerArn"].clone();
    assert_eq!(again, made["ListenerArn"]);
    let listener = text(&made["ListenerArn"]);
    let policy = json!({"ListenerArn": listener, "SslPolicy": "ELBSecurityPolicy-TLS13-1-2-2021-06"});
    let modified = world.elb("ModifyListener", policy)["Listeners"][0].clone();
    assert_eq!(modified["SslPolicy"], "ELBSecurityPolicy-TLS13-1-2-2021-06");
    assert_eq!(modified["Certificates"], made["Certificates"]);

    // A host is told which certificate of which version; what it needs of it, it asks for.
    let told = crate::elb::balancing(&world.state);
    let of = |told: &::spec::balancing::Balancing| {
        let listener = told.load_balancers.values().next().unwrap().listeners.values().next().unwrap().clone();
        listener.tls.unwrap()
    };
    let name = |version| ::spec::balancing::CertificateName { arn: certificate.clone(), version };
    assert_eq!(of(&told).policy, "ELBSecurityPolicy-TLS13-1-2-2021-06");
    assert_eq!(of(&told).certificates, [name(1)]);
    let mut import = crate::acm::tests::made(&["b.test"]).request();
    import["CertificateArn"] = json!(certificate);
    world.acm("ImportCertificate", import);
    assert_eq!(of(&crate::elb::balancing(&world.state)).certificates, [name(2)]);
    let delivered = crate::acm::certificates(&world.state, std::slice::from_ref(&certificate));
    let delivered = &delivered[&certificate];
    assert_eq!((delivered.version, delivered.names.as_slice()), (2, ["b.test".to_owned()].as_slice()));
    assert!(delivered.key.contains("PRIVATE KEY"));

    // In use, it can't be deleted.
    let detail = world.acm("DescribeCertificate", json!({ "CertificateArn": certificate }));
    assert_eq!(detail["Certificate"]["InUseBy"], json!([balancer]));
    let refused = world.call(&aws::api::acm::API, "DeleteCertificate", json!({ "CertificateArn": certificate }));
    assert!(refused.unwrap_err().to_string().starts_with("ResourceInUseException"));
    let plain = world.elb("ModifyListener", json!({"ListenerArn": listener, "Protocol": "HTTP", "Port": 80}));
    assert_eq!(
        (&plain["Listeners"][0]["Protocol"], &plain["Listeners"][0]["SslPolicy"]),
        (&json!("HTTP"), &Value::Null)
    );
    assert!(crate::acm::certificates(&world.state, std::slice::from_ref(&certificate)).is_empty(), "nobody needs it");
    world.acm("DeleteCertificate", json!({ "CertificateArn": certificate }));
}

#[test]
fn what_an_https_listener_is_not_is_refused() {
    let mut world = World::region();
    let (_, certificate, request) = world.https();
    let mut refuses = |change: Value| world.elb_refuses("CreateListener", with(&request, change));
    let none = "ValidationError: A certificate must be specified for HTTPS listeners";
    assert_eq!(refuses(json!({"Certificates": []})), none);
    let two = json!([{"CertificateArn": certificate}, {"CertificateArn": certificate}]);
    assert_eq!(
        refuses(json!({ "Certificates": two })),
        "ValidationError: Up to '1' certificate ARNs can be specified, but '2' were specified"
    );
    let gone = format!("{certificate}0");
    let said = format!("CertificateNotFound: Certificate '{gone}' not found");
    assert_eq!(refuses(json!({"Certificates": [{"CertificateArn": gone}]})), said);
    assert_eq!(refuses(json!({"SslPolicy": "mine"})), "SSLPolicyNotFound: SSL policy 'mine' not found");
    let alpn = "InvalidConfigurationRequest: You cannot set ALPN policy on load balancers of type 'application'";
    assert_eq!(refuses(json!({"AlpnPolicy": ["HTTP2Only"]})), alpn);
    let verify = json!({"MutualAuthentication": {"Mode": "verify", "TrustStoreArn": "arn"}});
    let said = "InvalidConfigurationRequest: MutualAuthentication is not supported by neargate.";
    assert_eq!(refuses(verify), said);
    let back = json!([{"Type": "redirect", "RedirectConfig": {"Protocol": "HTTP", "StatusCode": "HTTP_301"}}]);
    let back = refuses(json!({ "DefaultActions": back }));
    assert!(back.starts_with("InvalidLoadBalancerAction: "), "{back}");
}

#[test]
fn more_certificates_come_and_go() {
    let mut world = World::region();
    let (_, default, request) = world.https();
    let listener = text(&world.elb("CreateListener", request)["Listeners"][0]["ListenerArn"]);
    let more: Vec<String> = (0..26).map(|n| world.certificate(&[&format!("{n}.test")])).collect();
    let request = |arns: &[String]| {
        let arns: Vec<Value> = arns.iter().map(|arn| json!({ "CertificateArn": arn })).collect();
        json!({"ListenerArn": listener, "Certificates": arns})
    };
    let added = world.elb("AddListenerCertificates", request(&more[..2]));
    assert_eq!(added["Certificates"][1], json!({"CertificateArn": more[1], "IsDefault": false}));
    world.elb("AddListenerCertificates", request(&more[..1]));
    let expected = [(default.clone(), true), (more[0].clone(), false), (more[1].clone(), false)];
    assert_eq!(world.certificates_of(&listener), expected);
    let many = world.elb_refuses("AddListenerCertificates", request(&more));
    assert!(many.starts_with("TooManyCertificates: "), "{many}");
    world.elb("AddListenerCertificates", request(&more[..25]));
    let kept = world.elb_refuses("RemoveListenerCertificates", request(&[default]));
    assert!(kept.starts_with("OperationNotPermitted: "), "{kept}");
    world.elb("RemoveListenerCertificates", request(&more[1..]));
    assert_eq!(world.certificates_of(&listener), expected[..2]);
    let found = world.elb("DescribeListeners", json!({"ListenerArns": [listener]}));
    assert_eq!(found["Listeners"][0]["Certificates"].as_array().unwrap().len(), 1);
}

#[test]
fn groups_of_other_versions_need_https() {
    let mut world = World::region();
    let (balancer, _, request) = world.https();
    let vpc = world.home_vpc();
    for version in ["HTTP2", "GRPC"] {
        let group = json!({"Name": version, "Protocol": "HTTP", "Port": 80, "VpcId": vpc, "TargetType": "ip",
            "ProtocolVersion": version});
        let group = text(&world.elb("CreateTargetGroup", group)["TargetGroups"][0]["TargetGroupArn"]);
        let actions = json!([{"Type": "forward", "TargetGroupArn": group}]);
        let plain = json!({"LoadBalancerArn": balancer, "Protocol": "HTTP", "Port": 80, "DefaultActions": actions});
        let said = format!(
            "InvalidLoadBalancerAction: Listener protocol 'HTTP' is not supported with a target group with the protocol-version '{version}'"
        );
        assert_eq!(world.elb_refuses("CreateListener", plain), said);
        let made = world.elb("CreateListener", with(&request, json!({ "DefaultActions": actions })));
        let listener = text(&made["Listeners"][0]["ListenerArn"]);
        let change = json!({"ListenerArn": listener, "Protocol": "HTTP", "Port": 80});
        assert_eq!(world.elb_refuses("ModifyListener", change), said);
        world.elb("DeleteListener", json!({ "ListenerArn": listener }));
    }
}
