use super::*;

/// The value of one attribute in a list of them.
fn value(answer: &Value, key: &str) -> String {
    let found = answer["Attributes"].as_array().unwrap().iter().find(|attribute| attribute["Key"] == key);
    text(&found.unwrap_or_else(|| panic!("no {key} in {answer}"))["Value"])
}

fn pairs(attributes: &[(&str, &str)]) -> Value {
    attributes.iter().map(|(key, value)| json!({"Key": key, "Value": value})).collect()
}

#[test]
fn a_load_balancers_attributes_have_aws_defaults_and_can_be_changed() {
    let mut world = World::region();
    let arn = world.load_balancer("web");
    let of = json!({ "LoadBalancerArn": arn });
    let all = world.elb("DescribeLoadBalancerAttributes", of.clone());
    for (key, expected) in [
        ("idle_timeout.timeout_seconds", "60"),
        ("client_keep_alive.seconds", "3600"),
        ("deletion_protection.enabled", "false"),
        ("routing.http2.enabled", "true"),
        ("routing.http.desync_mitigation_mode", "defensive"),
        ("routing.http.xff_header_processing.mode", "append"),
        ("load_balancing.cross_zone.enabled", "true"),
        ("access_logs.s3.enabled", "false"),
        ("ipv6.deny_all_igw_traffic", "false"),
    ] {
        assert_eq!(value(&all, key), expected, "{key}");
    }
    let changes = [
        ("idle_timeout.timeout_seconds", "4000"),
        ("client_keep_alive.seconds", "60"),
        ("routing.http.desync_mitigation_mode", "strictest"),
        ("routing.http.xff_header_processing.mode", "preserve"),
        ("routing.http.drop_invalid_header_fields.enabled", "true"),
    ];
    let modify = json!({"LoadBalancerArn": arn, "Attributes": pairs(&changes)});
    let answer = world.elb("ModifyLoadBalancerAttributes", modify);
    assert_eq!(answer, world.elb("DescribeLoadBalancerAttributes", of));
    changes.iter().for_each(|(key, expected)| assert_eq!(value(&answer, key), *expected));
}

#[test]
fn a_load_balancers_attributes_are_refused_in_aws_words() {
    let mut world = World::region();
    let arn = world.load_balancer("web");
    let mut refuses = |attributes: &[(&str, &str)]| {
        let request = json!({"LoadBalancerArn": arn, "Attributes": pairs(attributes)});
        world.elb_refuses("ModifyLoadBalancerAttributes", request)
    };
    for (key, value, said) in [
        ("idle", "1", "ValidationError: Load balancer attribute key 'idle' is not recognized"),
        (
            "idle_timeout.timeout_seconds",
            "4001",
            "ValidationError: The value of 'idle_timeout.timeout_seconds' cannot be greater than 4000 characters",
        ),
        (
            "idle_timeout.timeout_seconds",
            "0",
            "ValidationError: The value of 'idle_timeout.timeout_seconds' cannot be less than 1 characters",
        ),
        (
            "client_keep_alive.seconds",
            "59",
            "ValidationError: The value of 'client_keep_alive.seconds' must be an integer between 60 and 604800",
        ),
        (
            "routing.http.desync_mitigation_mode",
            "strict",
            "ValidationError: 'strict' must be one of [defensive, monitor, strictest]",
        ),
        (
            "routing.http.xff_header_processing.mode",
            "x",
            "ValidationError: 'routing.http.xff_header_processing.mode' must be set as 'preserve', 'append', or 'remove'",
        ),
        (
            "load_balancing.cross_zone.enabled",
            "false",
            "InvalidConfigurationRequest: The value for 'load_balancing.cross_zone.enabled' must always be 'true' for an Application Load Balancer",
        ),
        ("access_logs.s3.enabled", "true", "ValidationError: The value of 'access_logs.s3.bucket' cannot be empty"),
        (
            "access_logs.s3.prefix",
            "my/AWSLogs",
            "ValidationError: The value of 'access_logs.s3.prefix' cannot contain 'AWSLogs'",
        ),
        (
            "access_logs.s3.prefix",
            "my/",
            "ValidationError: The value of 'access_logs.s3.prefix' cannot start or end with '/'",
        ),
        (
            "waf.fail_open.enabled",
            "true",
            "InvalidConfigurationRequest: The value 'true' of 'waf.fail_open.enabled' is not supported by neargate.",
        ),
        (
            "connection_logs.s3.enabled",
            "true",
            "InvalidConfigurationRequest: The value 'true' of 'connection_logs.s3.enabled' is not supported by neargate.",
        ),
    ] {
        assert_eq!(refuses(&[(key, value)]), said);
    }
    let twice = refuses(&[("routing.http2.enabled", "true"), ("routing.http2.enabled", "false")]);
    assert_eq!(twice, "ValidationError: Attribute key 'routing.http2.enabled' has been specified more than once");
}

#[test]
fn a_target_groups_attributes_have_aws_defaults_and_can_be_changed() {
    let mut world = World::region();
    let arn = world.target_group("web");
    let all = world.elb("DescribeTargetGroupAttributes", json!({ "TargetGroupArn": arn }));
    let sticky = [
        ("stickiness.enabled", "true"),
        ("stickiness.type", "app_cookie"),
        ("stickiness.app_cookie.cookie_name", "session"),
        ("stickiness.app_cookie.duration_seconds", "60"),
    ];
    for (key, expected) in [
        ("deregistration_delay.timeout_seconds", "300"),
        ("load_balancing.algorithm.type", "round_robin"),
        ("load_balancing.algorithm.anomaly_mitigation", "off"),
        ("load_balancing.cross_zone.enabled", "use_load_balancer_configuration"),
        ("slow_start.duration_seconds", "0"),
        ("stickiness.enabled", "false"),
        ("stickiness.type", "lb_cookie"),
        ("stickiness.lb_cookie.duration_seconds", "86400"),
        ("target_group_health.dns_failover.minimum_healthy_targets.count", "1"),
        ("target_group_health.dns_failover.minimum_healthy_targets.percentage", "off"),
        ("target_group_health.unhealthy_state_routing.minimum_healthy_targets.count", "1"),
    ] {
        assert_eq!(value(&all, key), expected, "{key}");
    }
    let answer = world.elb("ModifyTargetGroupAttributes", json!({"TargetGroupArn": arn, "Attributes": pairs(&sticky)}));
    sticky.iter().for_each(|(key, expected)| assert_eq!(value(&answer, key), *expected));
}

#[test]
fn a_target_groups_attributes_are_refused_in_aws_words() {
    let mut world = World::region();
    let arn = world.target_group("web");
    let mut refuses = |attributes: &[(&str, &str)]| {
        let request = json!({"TargetGroupArn": arn, "Attributes": pairs(attributes)});
        world.elb_refuses("ModifyTargetGroupAttributes", request)
    };
    for (attributes, said) in [
        (&[("x", "1")][..], "ValidationError: Target group attribute key 'x' is not recognized"),
        (
            &[("deregistration_delay.timeout_seconds", "3601")],
            "ValidationError: 'deregistration_delay.timeout_seconds' value '3601' must be between '0-3600' inclusive",
        ),
        (
            &[("slow_start.duration_seconds", "29")],
            "ValidationError: 'slow_start.duration_seconds' value '29' must be between '30-900' inclusive",
        ),
        (
            &[("load_balancing.algorithm.type", "x")],
            "ValidationError: 'Load balancer algorithm' must be one of [round_robin, weighted_random, least_outstanding_requests]",
        ),
        (
            &[("load_balancing.algorithm.anomaly_mitigation", "true")],
            "ValidationError: 'load_balancing.algorithm.anomaly_mitigation' must be one of [off, on]",
        ),
        (
            &[("load_balancing.cross_zone.enabled", "x")],
            "ValidationError: 'load_balancing.cross_zone.enabled' must be one of use_load_balancer_configuration,true,false",
        ),
        (
            &[("target_group_health.dns_failover.minimum_healthy_targets.percentage", "101")],
            "ValidationError: 'target_group_health.dns_failover.minimum_healthy_targets.percentage' must be 'off' or an integer from 1 to 100 inclusive",
        ),
        (
            &[("target_group_health.dns_failover.minimum_healthy_targets.count", "0")],
            "ValidationError: The value of 'target_group_health.dns_failover.minimum_healthy_targets.count' must be 'off' or a positive integer",
        ),
        (
            &[("stickiness.enabled", "true"), ("stickiness.type", "app_cookie")],
            "InvalidConfigurationRequest: You must set an application cookie name to enable stickiness of type 'app_cookie'",
        ),
        (
            &[("load_balancing.algorithm.anomaly_mitigation", "on")],
            "InvalidConfigurationRequest: The value 'on' of 'load_balancing.algorithm.anomaly_mitigation' is not supported by neargate.",
        ),
        (
            &[("slow_start.duration_seconds", "30"), ("load_balancing.algorithm.type", "least_outstanding_requests")],
            "InvalidConfigurationRequest: You cannot enable both slow start and least outstanding requests algorithm on a target group",
        ),
        (
            &[("target_group_health.unhealthy_state_routing.minimum_healthy_targets.count", "2")],
            "InvalidConfigurationRequest: DNS failover threshold must be greater than or equal to unhealthy state routing threshold",
        ),
        (
            &[("stickiness.type", "source_ip")],
            "InvalidConfigurationRequest: Stickiness type 'source_ip' is not supported for target groups with the HTTP protocol",
        ),
    ] {
        assert_eq!(refuses(attributes), said);
    }
}

#[test]
fn a_listeners_attributes_are_the_defaults() {
    let mut world = World::region();
    let (balancer, group) = (world.load_balancer("web"), world.target_group("web"));
    let arn = world.listener(&balancer, 80, &group);
    let all = world.elb("DescribeListenerAttributes", json!({ "ListenerArn": arn }));
    assert_eq!(value(&all, "routing.http.response.server.enabled"), "true");
    let same = json!({"ListenerArn": arn, "Attributes": pairs(&[("routing.http.response.server.enabled", "true")])});
    assert_eq!(world.elb("ModifyListenerAttributes", same), all);
    let mut refuses = |key: &str, value: &str| {
        let request = json!({"ListenerArn": arn, "Attributes": pairs(&[(key, value)])});
        world.elb_refuses("ModifyListenerAttributes", request)
    };
    let unknown = refuses("tcp.idle_timeout.seconds", "60");
    assert_eq!(unknown, "ValidationError: Listener attribute key 'tcp.idle_timeout.seconds' is not recognized");
    let on = refuses("routing.http.response.server.enabled", "on");
    assert_eq!(
        on,
        "ValidationError: The value of 'routing.http.response.server.enabled' must be 'true' or 'false', but was 'on'"
    );
    let frame = refuses("routing.http.response.x_frame_options.header_value", "DENY");
    assert!(frame.ends_with("is not supported by neargate."), "{frame}");
}

#[test]
fn access_logs_need_a_bucket_that_lets_them_in() {
    let mut world = World::region();
    let arn = world.load_balancer("web");
    let logs =
        [("access_logs.s3.enabled", "true"), ("access_logs.s3.bucket", "logs"), ("access_logs.s3.prefix", "web")];
    let request = json!({ "LoadBalancerArn": arn, "Attributes": pairs(&logs) });
    let denied = "InvalidConfigurationRequest: Access Denied for bucket: logs. Please check S3bucket permission";
    assert_eq!(world.elb_refuses("ModifyLoadBalancerAttributes", request.clone()), denied);
    world.transact(|tx: &mut crate::Tx<'_>| crate::s3::create(tx, "logs", None)).unwrap();
    assert_eq!(world.elb_refuses("ModifyLoadBalancerAttributes", request.clone()), denied);
    let policy = r#"{"Statement": {"Effect": "Allow", "Principal": {"Service": "logdelivery.elasticloadbalancing.amazonaws.com"},
        "Action": "s3:PutObject", "Resource": "arn:aws:s3:::logs/web/AWSLogs/123456789012/*"}}"#;
    world.transact(|tx: &mut crate::Tx<'_>| crate::s3::set_policy(tx, "logs", Some(policy))).unwrap();
    let answer = world.elb("ModifyLoadBalancerAttributes", request);
    assert_eq!(logs.map(|(key, _)| value(&answer, key)), logs.map(|(_, value)| value.to_owned()));
    let [announcement] = &crate::elb::access_logs::unannounced(&world.state)[..] else { panic!("one is new") };
    assert_eq!(announcement.key, "web/AWSLogs/123456789012/ELBAccessLogTestFile");
    let (id, log) = (announcement.id.clone(), announcement.log.clone());
    world
        .transact(|tx: &mut crate::Tx<'_>| {
            crate::elb::access_logs::announced(tx, &id, &log);
            Ok(())
        })
        .unwrap();
    assert!(crate::elb::access_logs::unannounced(&world.state).is_empty());
    let told = crate::elb::balancing(&world.state);
    assert_eq!(told.load_balancers[&id].access_log.as_deref(), Some(&log));
}

#[test]
fn an_https_listener_tells_how_headers_of_tls_are_named() {
    let mut world = World::region();
    let (_, _, request) = world.https();
    let arn = world.elb("CreateListener", request)["Listeners"][0]["ListenerArn"].clone();
    let key = "routing.http.request.x_amzn_tls_version.header_name";
    let all = world.elb("DescribeListenerAttributes", json!({ "ListenerArn": arn }));
    assert_eq!(value(&all, key), "X-Amzn-Tls-Version");
    assert_eq!(value(&all, "routing.http.request.x_amzn_mtls_clientcert.header_name"), "X-Amzn-Mtls-Clientcert");
    let change = |value: &str| json!({"ListenerArn": arn, "Attributes": pairs(&[(key, value)])});
    assert_eq!(world.elb("ModifyListenerAttributes", change("X-Amzn-Tls-Version")), all);
    let refused = world.elb_refuses("ModifyListenerAttributes", change("X-Tls"));
    assert!(refused.contains(key) && refused.ends_with("is not supported by neargate."), "{refused}");
}
