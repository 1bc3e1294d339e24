//! Service deployments and revisions, listed, described and stopped.

use super::*;

#[test]
fn every_deployment_and_revision_is_described() {
    let mut region = Region::with(1, json!({}));
    region.settle();
    region.register_another();
    region.update(json!({"taskDefinition": "web"}));
    let listed = region.ecs("ListServiceDeployments", json!({"service": "site"}))["serviceDeployments"].clone();
    assert_eq!((&listed[0]["status"], &listed[1]["status"]), (&json!("IN_PROGRESS"), &json!("SUCCESSFUL")));
    let only = region.ecs("ListServiceDeployments", json!({"service": "site", "status": ["IN_PROGRESS"]}));
    assert_eq!(only["serviceDeployments"].as_array().unwrap().len(), 1);
    let first = region.ecs("ListServiceDeployments", json!({"service": "site", "maxResults": 1}));
    assert_eq!(first["serviceDeployments"][0], listed[0]);
    let current = region.describe()["currentServiceDeployment"].clone();
    assert_eq!(current, listed[0]["serviceDeploymentArn"]);
    let of = region.ecs("DescribeServiceDeployments", json!({"serviceDeploymentArns": [current]}));
    let of = &of["serviceDeployments"][0];
    assert_eq!(
        (&of["targetServiceRevision"]["requestedTaskCount"], &of["sourceServiceRevisions"][0]["runningTaskCount"]),
        (&json!(1), &json!(1))
    );
    assert_eq!(of["deploymentCircuitBreaker"]["status"], "DISABLED");
    let revision = &of["targetServiceRevision"]["arn"];
    let missing = "arn:aws:ecs:us-east-1:123456789012:service-revision/default/site/1";
    let revisions = region.ecs("DescribeServiceRevisions", json!({"serviceRevisionArns": [revision, missing]}));
    let shown = &revisions["serviceRevisions"][0];
    assert_eq!(shown["taskDefinition"], "arn:aws:ecs:us-east-1:123456789012:task-definition/web:2");
    assert_eq!(shown["containerImages"][0], json!({"containerName": "web", "image": "web:1"}));
    assert_eq!(revisions["failures"], json!([{"arn": missing, "reason": "MISSING"}]));
    // A newer one takes the place of one that is not completed.
    region.update(json!({"forceNewDeployment": true}));
    let listed = region.ecs("ListServiceDeployments", json!({"service": "site"}))["serviceDeployments"].clone();
    let statuses: Vec<&Value> = listed.as_array().unwrap().iter().map(|of| &of["status"]).collect();
    assert_eq!(statuses.len(), 3);
    assert!(statuses.contains(&&json!("STOPPED")) && statuses.contains(&&json!("IN_PROGRESS")));
}

#[test]
fn a_deployment_is_rolled_back_when_it_is_stopped() {
    let mut region = Region::with(1, json!({}));
    region.settle();
    let good = region.tasks();
    let before = region.describe()["deployments"][0]["id"].clone();
    region.update(json!({"forceNewDeployment": true}));
    let arn = region.describe()["currentServiceDeployment"].clone();
    region.ecs("StopServiceDeployment", json!({"serviceDeploymentArn": arn}));
    assert_eq!(region.describe()["deployments"][0]["id"], before);
    region.settle();
    assert_eq!(region.tasks(), good);
    assert_eq!(region.describe()["deployments"].as_array().unwrap().len(), 1);
    assert_eq!(
        region.refuses("StopServiceDeployment", json!({"serviceDeploymentArn": arn})),
        "ConflictException: The service deployment is not in progress."
    );
}

#[test]
fn an_aborted_deployment_stays_where_it_is() {
    let mut region = Region::with(1, json!({}));
    region.settle();
    region.update(json!({"forceNewDeployment": true}));
    let arn = region.describe()["currentServiceDeployment"].clone();
    region.ecs("StopServiceDeployment", json!({"serviceDeploymentArn": arn, "stopType": "ABORT"}));
    let service = region.describe();
    assert_eq!(service["deployments"][0]["rolloutState"], "FAILED");
    let of = region.ecs("ListServiceDeployments", json!({"service": "site", "status": ["STOPPED"]}));
    assert_eq!(of["serviceDeployments"][0]["serviceDeploymentArn"], arn);
}
