//! From its creation to its end, and how it gets other tasks.

use super::*;

#[test]
fn a_new_service_is_shown_as_aws_shows_it() {
    let mut region = Region::with(2, json!({"tags": [{"key": "k", "value": "v"}]}));
    let service = region.describe();
    let deployment = &service["deployments"][0];
    let id = deployment["id"].as_str().unwrap();
    assert!(id.starts_with("ecs-svc/") && id.len() == "ecs-svc/".len() + 19, "{id}");
    let subnet = region.fixture.subnet.clone();
    let network = json!({"awsvpcConfiguration": {"subnets": [subnet]}});
    assert_eq!(
        service,
        json!({
            "serviceArn": "arn:aws:ecs:us-east-1:123456789012:service/default/site",
            "serviceName": "site",
            "clusterArn": "arn:aws:ecs:us-east-1:123456789012:cluster/default",
            "loadBalancers": [],
            "serviceRegistries": [],
            "status": "ACTIVE",
            "desiredCount": 2,
            "runningCount": 0,
            "pendingCount": 2,
            "launchType": "FARGATE",
            "platformVersion": "LATEST",
            "platformFamily": "Linux",
            "taskDefinition": "arn:aws:ecs:us-east-1:123456789012:task-definition/web:1",
            "deploymentConfiguration": {
                "deploymentCircuitBreaker": {"enable": false, "rollback": false},
                "maximumPercent": 200,
                "minimumHealthyPercent": 100,
                "strategy": "ROLLING",
                "bakeTimeInMinutes": 0,
            },
            "deployments": [{
                "id": id,
                "status": "PRIMARY",
                "taskDefinition": "arn:aws:ecs:us-east-1:123456789012:task-definition/web:1",
                "desiredCount": 2,
                "pendingCount": 2,
                "runningCount": 0,
                "failedTasks": 0,
                "createdAt": deployment["createdAt"],
                "updatedAt": deployment["updatedAt"],
                "launchType": "FARGATE",
                "platformVersion": "1.4.0",
                "platformFamily": "Linux",
                "networkConfiguration": network,
                "rolloutState": "IN_PROGRESS",
                "rolloutStateReason": format!("ECS deployment {id} in progress."),
            }],
            "roleArn": "arn:aws:iam::123456789012:role/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS",
            "events": service["events"],
            "createdAt": service["createdAt"],
            "currentServiceDeployment": service["currentServiceDeployment"],
            "currentServiceRevisions": [{
                "arn": format!("arn:aws:ecs:us-east-1:123456789012:service-revision/default/site/{}", &id[8..]),
                "requestedTaskCount": 2,
                "runningTaskCount": 0,
                "pendingTaskCount": 2,
            }],
            "placementConstraints": [],
            "placementStrategy": [],
            "networkConfiguration": network,
            "healthCheckGracePeriodSeconds": 0,
            "schedulingStrategy": "REPLICA",
            "deploymentController": {"type": "ECS"},
            "createdBy": "arn:aws:iam::123456789012:root",
            "enableECSManagedTags": false,
            "propagateTags": "NONE",
            "enableExecuteCommand": false,
            "availabilityZoneRebalancing": "ENABLED",
            "resourceManagementType": "CUSTOMER",
        })
    );
    let tasks = region.tasks();
    let said = region.events();
    assert!(
        said.len() == 1 && said[0].starts_with("has started 2 tasks: (task ") && said[0].ends_with(")."),
        "{said:?}"
    );
    assert!(tasks.iter().all(|task| said[0].contains(&format!(" (task {task})"))), "{said:?}");
    let task = region.fixture.task(&tasks[0]);
    assert_eq!((&task["group"], &task["startedBy"]), (&json!("service:site"), &json!(id)));
    let with_tags = region.ecs("DescribeServices", json!({"services": ["site"], "include": ["TAGS"]}));
    assert_eq!(with_tags["services"][0]["tags"], json!([{"key": "k", "value": "v"}]));
}

#[test]
fn tasks_without_health_checks_are_healthy_after_forty_seconds() {
    let mut region = Region::with(1, json!({}));
    region.run();
    region.pass(39);
    let service = region.describe();
    assert_eq!(
        (&service["runningCount"], &service["deployments"][0]["rolloutState"]),
        (&json!(1), &json!("IN_PROGRESS"))
    );
    region.pass(1);
    let deployment = region.describe()["deployments"][0].clone();
    let id = deployment["id"].as_str().unwrap();
    assert_eq!(deployment["rolloutState"], "COMPLETED");
    assert_eq!(deployment["rolloutStateReason"], format!("ECS deployment {id} completed."));
    assert_eq!(
        region.events()[1..],
        [format!("(deployment {id}) deployment completed."), "has reached a steady state.".to_owned()]
    );
    region.pass(30);
    assert_eq!(region.events().len(), 3, "nothing more is said");
}

#[test]
fn a_task_that_ends_is_replaced_and_the_service_steady_again() {
    let mut region = Region::with(2, json!({}));
    region.settle();
    let before = region.tasks();
    region.fixture.end(&before[0], 1);
    let after = region.tasks();
    assert!(after.len() == 2 && !after.contains(&before[0]) && after.contains(&before[1]));
    region.ecs("StopTask", json!({"task": before[1]}));
    let after = region.tasks();
    assert!(after.len() == 2 && !after.contains(&before[1]));
    region.settle();
    assert_eq!(region.describe()["runningCount"], 2);
    assert_eq!(region.events().last().unwrap(), "has reached a steady state.");
}

#[test]
fn what_crashes_at_once_is_started_every_ten_seconds() {
    let mut region = Region::with(1, json!({}));
    for _ in 0..30 {
        region.run();
        for task in region.tasks() {
            region.fixture.end(&task, 1);
        }
        region.pass(1);
    }
    let started = region.events().iter().filter(|event| event.starts_with("has started")).count();
    assert!((3..=4).contains(&started), "{started}");
    assert!(!region.events().iter().any(|event| event.contains("unable to consistently")));
}

#[test]
fn a_new_revision_takes_the_place_of_the_old_one_without_a_task_too_few() {
    let mut region = Region::with(2, json!({}));
    region.settle();
    let old = region.tasks();
    region.register_another();
    let seen = region.events().len();
    let updated = region.update(json!({"taskDefinition": "web"}));
    let states = |service: &Value| -> Vec<(String, String, Value)> {
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let deployments = service["deployments"].as_array().unwrap().iter();
        deployments.map(|d| (text(&d["status"]), text(&d["rolloutState"]), d["desiredCount"].clone())).collect()
    };
    let named = |a: &str, b: &str, count: i32| (a.to_owned(), b.to_owned(), json!(count));
    assert_eq!(states(&updated), [named("PRIMARY", "IN_PROGRESS", 2), named("ACTIVE", "COMPLETED", 2)]);
    assert_eq!(updated["taskDefinition"], "arn:aws:ecs:us-east-1:123456789012:task-definition/web:2");
    assert_eq!(region.tasks().len(), 4);
    region.run();
    region.pass(39);
    assert!(old.iter().all(|task| region.tasks().contains(task)), "the new ones are not proven yet");
    region.pass(1);
    let new = region.tasks();
    assert!(new.len() == 2 && !old.iter().any(|task| new.contains(task)));
    region.end_stopped();
    let service = region.describe();
    assert_eq!(states(&service), [named("PRIMARY", "COMPLETED", 2)]);
    let stopped = region.fixture.task(&old[0]);
    let deployment = service["deployments"][0]["id"].as_str().unwrap();
    assert_eq!(stopped["stopCode"], "ServiceSchedulerInitiated");
    assert_eq!(stopped["stoppedReason"], format!("Scaling activity initiated by (deployment {deployment})"));
    let said =
        region.events()[seen..].iter().map(|event| event.split(':').next().unwrap().to_owned()).collect::<Vec<_>>();
    assert_eq!(
        said,
        [
            "has started 2 tasks",
            "has stopped 2 running tasks",
            &format!("(deployment {deployment}) deployment completed."),
            "has reached a steady state."
        ]
    );
}

#[test]
fn the_same_again_deploys_nothing_unless_it_is_forced() {
    let mut region = Region::with(1, json!({}));
    region.settle();
    let id = |service: &Value| service["deployments"][0]["id"].clone();
    let before = id(&region.describe());
    assert_eq!(id(&region.update(json!({"taskDefinition": "web:1", "desiredCount": 1}))), before);
    assert_ne!(id(&region.update(json!({"forceNewDeployment": true}))), before);
}

#[test]
fn scaling_starts_and_stops_what_is_missing_and_too_much() {
    let mut region = Region::with(1, json!({}));
    region.settle();
    region.update(json!({"desiredCount": 4}));
    assert_eq!(region.tasks().len(), 4);
    region.settle();
    region.update(json!({"desiredCount": 2}));
    assert_eq!(region.tasks().len(), 2);
    region.end_stopped();
    let service = region.describe();
    assert_eq!((&service["runningCount"], &service["deployments"][0]["desiredCount"]), (&json!(2), &json!(2)));
    let events = region.events();
    assert!(events[events.len() - 2].starts_with("has stopped 2 running tasks: (task "), "{events:?}");
    assert_eq!(events.last().unwrap(), "has reached a steady state.");
}

#[test]
fn tasks_that_do_not_run_yet_are_stopped_first() {
    let mut region = Region::with(1, json!({}));
    region.settle();
    let first = region.tasks();
    region.update(json!({"desiredCount": 3}));
    region.update(json!({"desiredCount": 1}));
    assert_eq!(region.tasks(), first);
    assert!(region.events().contains(&"stopped 2 pending tasks.".to_owned()));
}

#[test]
fn a_deleted_service_drains_and_is_then_inactive() {
    let mut region = Region::with(1, json!({}));
    region.settle();
    assert_eq!(
        region.refuses("DeleteService", json!({"service": "site"})),
        "InvalidParameterException: The service cannot be stopped while it is scaled above 0."
    );
    let deleted = region.ecs("DeleteService", json!({"service": "site", "force": true}));
    assert_eq!((&deleted["service"]["status"], &deleted["service"]["desiredCount"]), (&json!("DRAINING"), &json!(0)));
    assert_eq!(region.ecs("ListServices", json!({}))["serviceArns"], json!([]));
    let again = region.request(1);
    assert_eq!(
        region.refuses("CreateService", again.clone()),
        "InvalidParameterException: Unable to Start a service that is still Draining."
    );
    assert_eq!(
        region.refuses("DeleteCluster", json!({"cluster": "default"})),
        "ClusterContainsServicesException: The Cluster cannot be deleted while Services are active."
    );
    region.end_stopped();
    region.pass(1);
    assert_eq!(region.describe()["status"], "INACTIVE");
    assert_eq!(
        region.refuses("UpdateService", json!({"service": "site", "desiredCount": 1})),
        "ServiceNotActiveException: Service was not ACTIVE."
    );
    let made = region.ecs("CreateService", again);
    assert_eq!((&made["service"]["status"], &made["service"]["events"]), (&json!("ACTIVE"), &json!([])));
    region.update(json!({"desiredCount": 0}));
    region.ecs("DeleteService", json!({"service": "site"}));
    region.pass(3);
    assert_eq!(region.describe()["status"], "INACTIVE");
    region.fixture.world.now += 3_600_000;
    region.fixture.sync();
    let gone = region.ecs("DescribeServices", json!({"services": ["site"]}));
    assert_eq!(
        gone["failures"],
        json!([{"arn": "arn:aws:ecs:us-east-1:123456789012:service/default/site", "reason": "MISSING"}])
    );
    assert!(region.fixture.world.state.service_events.is_empty());
    assert!(region.fixture.world.state.service_revisions.is_empty());
}

#[test]
fn tags_of_service_and_definition_reach_tasks() {
    let tags = |task: &Value| -> Vec<String> {
        let tags = task["tags"].as_array().unwrap().iter();
        tags.map(|tag| format!("{}={}", tag["key"].as_str().unwrap(), tag["value"].as_str().unwrap())).collect()
    };
    let more = json!({
        "tags": [{"key": "team", "value": "a"}], "propagateTags": "SERVICE", "enableECSManagedTags": true,
    });
    let mut region = Region::with(1, more);
    let first = region.tasks().remove(0);
    let task = region.fixture.task(&first);
    assert_eq!(tags(&task), ["team=a", "aws:ecs:clusterName=default", "aws:ecs:serviceName=site"]);
    region.update(json!({"propagateTags": "NONE", "enableECSManagedTags": false, "desiredCount": 2}));
    let last = region.tasks().into_iter().find(|task| *task != first).unwrap();
    assert!(tags(&region.fixture.task(&last)).is_empty());
    let arn = "arn:aws:ecs:us-east-1:123456789012:service/default/site";
    region.ecs("TagResource", json!({"resourceArn": arn, "tags": [{"key": "x", "value": "y"}]}));
    region.ecs("UntagResource", json!({"resourceArn": arn, "tagKeys": ["team"]}));
    let left = region.ecs("ListTagsForResource", json!({"resourceArn": arn}));
    assert_eq!(left["tags"], json!([{"key": "x", "value": "y"}]));
}

#[test]
fn strategies_share_tasks_out_and_zones_are_filled_evenly() {
    let mut region = Region::new();
    let vpc = region.fixture.world.state.vpcs.iter().next().unwrap().id.to_string();
    let other = region.fixture.world.call(
        &aws::api::ec2::API,
        "CreateSubnet",
        json!({"VpcId": vpc, "CidrBlock": "10.0.0.16/28", "AvailabilityZone": "us-east-1c"}),
    );
    let other = other.unwrap()["subnet"]["subnetId"].clone();
    region.ecs(
        "PutClusterCapacityProviders",
        json!({"cluster": "default", "capacityProviders": ["FARGATE", "FARGATE_SPOT"], "defaultCapacityProviderStrategy": []}),
    );
    let mut request = region.request(4);
    request["networkConfiguration"]["awsvpcConfiguration"]["subnets"] = json!([region.fixture.subnet, other]);
    request.as_object_mut().unwrap().remove("launchType");
    request["capacityProviderStrategy"] = json!([
        {"capacityProvider": "FARGATE", "base": 1, "weight": 1}, {"capacityProvider": "FARGATE_SPOT", "weight": 2},
    ]);
    let service = region.ecs("CreateService", request)["service"].clone();
    assert_eq!(
        service["capacityProviderStrategy"][1],
        json!({"capacityProvider": "FARGATE_SPOT", "weight": 2, "base": 0})
    );
    let (mut zones, mut providers) = (Vec::new(), Vec::new());
    for task in region.tasks() {
        let task = region.fixture.task(&task);
        zones.push(task["availabilityZone"].as_str().unwrap().to_owned());
        providers.push(task["capacityProviderName"].as_str().unwrap().to_owned());
    }
    zones.sort();
    providers.sort();
    assert_eq!(zones, ["us-east-1b", "us-east-1b", "us-east-1c", "us-east-1c"]);
    assert_eq!(providers, ["FARGATE", "FARGATE", "FARGATE_SPOT", "FARGATE_SPOT"]);
}

#[test]
fn protected_tasks_survive_fewer_and_others_until_their_protection_ends() {
    let mut region = Region::with(2, json!({}));
    region.settle();
    let tasks = region.tasks();
    let protect = |region: &mut Region, enabled: bool| {
        let request = json!({
            "cluster": "default", "tasks": tasks, "protectionEnabled": enabled, "expiresInMinutes": 1,
        });
        region.ecs("UpdateTaskProtection", request)
    };
    assert_eq!(protect(&mut region, true)["protectedTasks"][0]["protectionEnabled"], true);
    region.update(json!({"desiredCount": 1}));
    assert_eq!(region.tasks().len(), 2);
    let deployment = region.describe()["deployments"][0]["id"].as_str().unwrap().to_owned();
    assert_eq!(
        region.events().last().unwrap(),
        &format!(
            "was unable to reach steady state because (taskSet {deployment}) was unable to scale in due to (reason 1 tasks \
             under protection)"
        )
    );
    region.pass(60);
    assert_eq!(region.tasks().len(), 1);
    let alone = region.fixture.start();
    let answer = region.ecs("GetTaskProtection", json!({"cluster": "default", "tasks": [alone, "0".repeat(32)]}));
    let reasons: Vec<&Value> =
        answer["failures"].as_array().unwrap().iter().map(|failure| &failure["reason"]).collect();
    assert_eq!(reasons, ["TASK_NOT_VALID", "MISSING"]);
}

#[test]
fn the_scheduler_goes_on_from_its_records() {
    let mut region = Region::with(2, json!({}));
    region.settle();
    region.register_another();
    region.update(json!({"taskDefinition": "web"}));
    // What is kept is all there is to go by.
    let mut kept = crate::State { region: region.fixture.world.state.region.clone(), ..crate::State::default() };
    let changes = crate::State::default().changes_to(&region.fixture.world.state).unwrap();
    for change in &changes {
        kept.load(change.table, &change.key, change.value.as_ref().unwrap()).unwrap();
    }
    kept.revision = region.fixture.world.state.revision;
    region.fixture.world.state = kept;
    region.settle();
    let service = region.describe();
    assert_eq!((service["deployments"].as_array().unwrap().len(), &service["runningCount"]), (1, &json!(2)));
}
