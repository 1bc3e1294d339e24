//! What a big service costs.

use super::*;
use std::time::Instant;

/// Run with `cargo test --release -p control -- --ignored --nocapture a_service_of_a_thousand`.
#[test]
#[ignore = "a measurement"]
fn a_service_of_a_thousand_tasks() {
    let mut region = Region::new();
    let ec2 = |region: &mut Region, operation: &str, request| {
        region.fixture.world.call(&aws::api::ec2::API, operation, request).unwrap()
    };
    let vpc = ec2(&mut region, "CreateVpc", json!({"CidrBlock": "10.1.0.0/16"}))["vpc"]["vpcId"].clone();
    let made = ec2(&mut region, "CreateSubnet", json!({"VpcId": vpc, "CidrBlock": "10.1.0.0/18"}));
    region.fixture.subnet = made["subnet"]["subnetId"].as_str().unwrap().to_owned();
    let request = region.request(1000);
    let time = |what: &str, times: u32, mut run: Box<dyn FnMut() + '_>| {
        let began = Instant::now();
        (0..times).for_each(|_| run());
        println!("{what}: {:.0?} each", began.elapsed() / times);
    };
    time("CreateService", 1, Box::new(|| drop(region.ecs("CreateService", request.clone()))));
    let tasks: Vec<String> = region.fixture.world.state.tasks.iter().map(|task| task.id.to_string()).collect();
    for task in &tasks {
        for name in ["web", "api"] {
            *region.fixture.container(task, name) = crate::ecs::tasks::tests::running();
        }
    }
    time("a report that starts them", 1, Box::new(|| region.fixture.sync()));
    region.fixture.world.now += 41_000;
    time("the transaction in which they are healthy", 1, Box::new(|| region.fixture.sync()));
    assert!(region.fixture.world.state.services.iter().all(|service| service.steady));
    time("a transaction that does nothing", 100, Box::new(|| region.fixture.world.transact(|_| Ok(())).unwrap()));
    time("DescribeServices", 20, Box::new(|| drop(region.describe())));
    time("scaling to 10", 1, Box::new(|| drop(region.update(json!({"desiredCount": 10})))));
}
