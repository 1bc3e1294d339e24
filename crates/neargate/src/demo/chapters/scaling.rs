//! A service that follows its load by itself.

use crate::{
    cli::Failure,
    demo::{app::load, story::Story},
};
use std::{
    fs, thread,
    time::{Duration, Instant},
};

/// How many requests a task is to have in a minute, which lasts ten seconds here.
const TARGET: u32 = 150;
/// How long the service may take to follow: three minutes until the alarm, and tasks that start.
const PATIENCE: Duration = Duration::from_secs(120);
/// What alarms look back at, and the minute that is not over: what was asked before is not to count.
const QUIET: Duration = Duration::from_secs(40);
/// How often it is looked how far it has come.
const PAUSE: Duration = Duration::from_millis(500);

pub fn tell(story: &mut Story) -> Result<(), Failure> {
    story.screen.say(&format!(
        "api goes on with 2 tasks, and is to have as many as it takes for {TARGET} requests a minute each. A minute of alarms lasts ten seconds here: `neargate up --minute 10`."
    ));
    let of = |what: &str, name: &str, query: &str| format!("elbv2 describe-{what} --names {name} --query {query}");
    let [host, balancer, group, _] = story.aws_all([
        of("load-balancers", "public", "LoadBalancers[0].DNSName"),
        of("load-balancers", "inside", "LoadBalancers[0].LoadBalancerArn"),
        of("target-groups", "api", "TargetGroups[0].TargetGroupArn"),
        "ecs update-service --service api --desired-count 2 --query service.desiredCount".to_owned(),
    ])?;
    follow(story, "api with 2 tasks", |count| count == (2, 2))?;
    let after = |arn: &str, mark: &str| arn.rsplit_once(mark).map(|(_, rest)| rest.to_owned()).unwrap_or_default();
    let label = format!("{}/{}", after(&balancer, "loadbalancer/"), after(&group, ":"));
    story.screen.say("Four such minutes go by first, so that nothing of the load before counts.");
    thread::sleep(QUIET);
    let service =
        "--service-namespace ecs --resource-id service/default/api --scalable-dimension ecs:service:DesiredCount";
    story.aws_all([format!(
        "application-autoscaling register-scalable-target {service} --min-capacity 2 --max-capacity 8 --query ScalableTargetARN"
    )])?;
    story.aws_all([format!(
        "application-autoscaling put-scaling-policy {service} --policy-name requests --policy-type TargetTrackingScaling \
         --target-tracking-scaling-policy-configuration TargetValue={TARGET},PredefinedMetricSpecification={{PredefinedMetricType=ALBRequestCountPerTarget,ResourceLabel={label}}} \
         --query Alarms[].AlarmName"
    )])?;

    story.screen.say("Clients on the internet ask for the page over and over. Nobody does anything else.");
    let file = story.region.file("scaling.json");
    let program = story.region.program.display().to_string();
    story.region.visit("internet", &[&program, "demo-app", "load", &host, &file.display().to_string()])?;
    let began = Instant::now();
    let (desired, running) =
        follow(story, "more tasks of api", |(desired, running)| desired > 2 && running == desired)?;
    let seconds = began.elapsed().as_secs();
    story.prove(
        &format!("api has {running} tasks after {seconds} s of load, by itself"),
        desired > 2,
        &desired.to_string(),
    );
    let query = "ScalingActivities[0].[Cause,StatusMessage]";
    let told = story.aws(&[
        "application-autoscaling",
        "describe-scaling-activities",
        "--service-namespace",
        "ecs",
        "--query",
        query,
    ])?;
    story.screen.json(&told);
    let cause = told[0].as_str().unwrap_or_default();
    let held = cause.starts_with("monitor alarm TargetTracking-service/default/api-AlarmHigh-");
    story.prove("an alarm that was made for it has said so", held, cause);
    fs::write(load::end(&file), "")?;
    let counts = story.until("the last answers", || {
        let counts = load::read(&file);
        Ok(if counts.over { Ok(counts) } else { Err(format!("{counts:?}")) })
    })?;
    let held = counts.sent > 100 && counts.failed == 0;
    story.prove(
        &format!("{} requests were sent meanwhile, and none failed", counts.sent),
        held,
        &format!("{counts:?}"),
    );
    Ok(())
}

/// Waits for the service's desired and running counts to be as they should, and returns them.
fn follow(story: &Story, what: &str, is_done: impl Fn((u64, u64)) -> bool) -> Result<(u64, u64), Failure> {
    let ask = ["ecs", "describe-services", "--services", "api", "--query", "services[0].[desiredCount,runningCount]"];
    let began = Instant::now();
    loop {
        let counts = story.aws_quietly(&ask)?;
        let counts = (counts[0].as_u64().unwrap_or(0), counts[1].as_u64().unwrap_or(0));
        if is_done(counts) {
            return Ok(counts);
        }
        if began.elapsed() > PATIENCE {
            return Err(Failure(format!(
                "{what} did not come about within {} s; last: {counts:?}",
                PATIENCE.as_secs()
            )));
        }
        thread::sleep(PAUSE);
    }
}
