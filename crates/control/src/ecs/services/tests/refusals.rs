//! What is refused, and how.

use super::*;

#[test]
fn what_a_service_can_not_be_is_refused_in_the_words_of_aws() {
    let mut region = Region::new();
    let bad = [
        (json!({"serviceName": "a b"}), r"serviceName must match ^[a-zA-Z0-9\-_]{1,255}$"),
        (json!({"taskDefinition": ""}), "TaskDefinition can not be blank."),
        (json!({"desiredCount": -1}), "desiredCount must be at least 0."),
        (json!({"desiredCount": null}), "desiredCount must be specified for the REPLICA scheduling strategy."),
        (json!({"role": "r"}), "You cannot specify an IAM role for services that require a service linked role."),
        (
            json!({"healthCheckGracePeriodSeconds": 10}),
            "Health check grace period is only valid for services configured to use load balancers",
        ),
        (
            json!({"deploymentConfiguration": {"minimumHealthyPercent": 101}}),
            "minimumHealthyPercent must be at most 100",
        ),
        (json!({"deploymentConfiguration": {"maximumPercent": 99}}), "maximumPercent must be at least 100"),
        (
            json!({"networkConfiguration": null}),
            "Network Configuration must be provided when networkMode 'awsvpc' is specified.",
        ),
        (
            json!({"placementConstraints": [{"type": "distinctInstance"}]}),
            "Placement constraints are not supported with FARGATE launch type.",
        ),
        (
            json!({"capacityProviderStrategy": [{"capacityProvider": "FARGATE"}]}),
            "Specifying both a launch type and capacity provider strategy is not supported. Remove one and try again.",
        ),
        (
            json!({"availabilityZoneRebalancing": "ENABLED", "deploymentConfiguration": {"maximumPercent": 100}}),
            "Availability Zone Rebalancing does not support maximumPercent <= 100 % as deployment configuration.",
        ),
    ];
    for (more, why) in bad {
        let mut request = region.request(1);
        more.as_object().unwrap().iter().for_each(|(name, value)| request[name] = value.clone());
        assert_eq!(region.refuses("CreateService", request), format!("InvalidParameterException: {why}"), "{more}");
    }
    let mut request = region.request(1);
    request["taskDefinition"] = json!("none");
    assert_eq!(region.refuses("CreateService", request), "ClientException: TaskDefinition not found.");
    assert!(region.fixture.world.state.services.is_empty());
}

#[test]
fn what_neargate_does_not_do_is_refused_by_name() {
    let mut region = Region::new();
    let bad = [
        (json!({"schedulingStrategy": "DAEMON"}), "the scheduling strategy DAEMON"),
        (json!({"deploymentController": {"type": "CODE_DEPLOY"}}), "the deployment controller CODE_DEPLOY"),
        (json!({"deploymentController": {"type": "EXTERNAL"}}), "the deployment controller EXTERNAL"),
        (json!({"deploymentConfiguration": {"strategy": "BLUE_GREEN"}}), "the deployment strategy BLUE_GREEN"),
        (json!({"deploymentConfiguration": {"strategy": "CANARY"}}), "the deployment strategy CANARY"),
        (json!({"volumeConfigurations": [{"name": "v"}]}), "volumeConfigurations"),
        (json!({"enableExecuteCommand": true}), "enableExecuteCommand"),
        (json!({"launchType": "EC2"}), "services of another launch type than FARGATE"),
    ];
    for (more, what) in bad {
        let mut request = region.request(1);
        more.as_object().unwrap().iter().for_each(|(name, value)| request[name] = value.clone());
        let refused = region.refuses("CreateService", request);
        assert_eq!(refused, format!("UnsupportedFeatureException: neargate does not support {what}."), "{more}");
    }
}

#[test]
fn an_update_that_leaves_no_room_for_rebalancing_is_refused() {
    let mut region = Region::with(1, json!({}));
    let mut request = json!({"service": "site", "deploymentConfiguration": {"maximumPercent": 100}});
    assert_eq!(
        region.refuses("UpdateService", request.clone()),
        "InvalidParameterException: The service couldn't be updated because Availability Zone Rebalancing does not support \
         maximumPercent <= 100 % as deployment configuration."
    );
    request["availabilityZoneRebalancing"] = json!("DISABLED");
    assert_eq!(region.ecs("UpdateService", request)["service"]["availabilityZoneRebalancing"], "DISABLED");
}

#[test]
fn the_same_call_again_answers_the_service_it_made() {
    let mut region = Region::with(1, json!({}));
    let same = region.request(1);
    let again = region.ecs("CreateService", same);
    assert_eq!(again["service"]["serviceName"], "site");
    let other = region.request(2);
    assert_eq!(
        region.refuses("CreateService", other),
        "InvalidParameterException: Creation of service was not idempotent."
    );
    assert_eq!(region.fixture.world.state.tasks.len(), 1);
}

#[test]
fn services_are_found_by_name_and_arn_and_in_their_cluster_only() {
    let mut region = Region::with(1, json!({}));
    let arn = "arn:aws:ecs:us-east-1:123456789012:service/default/site";
    let missing = "arn:aws:ecs:us-east-1:123456789012:service/default/none";
    let answer = region.ecs("DescribeServices", json!({"services": [arn, "none"]}));
    assert_eq!(answer["services"].as_array().unwrap().len(), 1);
    assert_eq!(answer["failures"], json!([{"arn": missing, "reason": "MISSING"}]));
    let gone = "ServiceNotFoundException: Service not found.";
    assert_eq!(region.refuses("UpdateService", json!({"service": "none"})), gone);
    assert_eq!(region.refuses("DeleteService", json!({"service": missing})), gone);
    assert_eq!(region.refuses("ListTasks", json!({"serviceName": "none"})), gone);
    assert_eq!(region.ecs("ListServices", json!({"launchType": "EC2"}))["serviceArns"], json!([]));
    assert_eq!(region.ecs("ListServices", json!({"schedulingStrategy": "REPLICA"}))["serviceArns"], json!([arn]));
    let cluster = region.ecs("DescribeClusters", json!({"include": ["STATISTICS"]}))["clusters"][0].clone();
    assert_eq!(cluster["activeServicesCount"], 1);
    let active = json!({"name": "activeFargateServiceCount", "value": "1"});
    assert!(cluster["statistics"].as_array().unwrap().contains(&active));
}
