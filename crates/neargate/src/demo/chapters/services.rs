//! Two services, one behind the other: what clients on the internet notice of deployments, scaling and tasks that end.

use super::{
    matrix::{Target, cell},
    page::curl,
};
use crate::{
    cli::{Failure, region, services},
    demo::{
        app::load::{self, CLIENTS, Counts},
        story::{Story, short},
    },
};
use serde_json::json;
use std::{
    fs,
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

/// The two services: their names, containers' ports, and how many tasks they have.
const WEB: (&str, u16, u32) = ("web", 80, 2);
const API: (&str, u16, u32) = ("api", 8080, 10);
const REGISTRY: &str = "123456789012.dkr.ecr.us-east-1.amazonaws.com";
/// How long a change of a service may take.
const PATIENCE: Duration = Duration::from_secs(90);
/// How often it is looked how far it has come.
const PAUSE: Duration = Duration::from_millis(200);

/// What is where.
struct Site {
    vpc: String,
    /// The load balancers: the public one's name, and the internal one's.
    names: [String; 2],
    arns: [String; 2],
    /// Where the load's counts are.
    counts: PathBuf,
}

pub fn tell(story: &mut Story) -> Result<(), Failure> {
    story.screen.say("internet → load balancer in the public subnets → web, 2 tasks in the private subnets → internal load balancer → api, 10 tasks.");
    let site = build(story)?;
    stable(story, &site, "both services are steady: 2 and 10 tasks")?;
    reached(story, &site)?;
    out_of_reach(story, &site)?;

    story.screen.say("Clients on the internet ask for the page over and over, while both services change.");
    let file = site.counts.display().to_string();
    let program = story.region.program.display().to_string();
    story.region.visit("internet", &[&program, "demo-app", "load", &site.names[0], &file])?;
    story.until("the first answers", || {
        let counts = load::read(&site.counts);
        Ok(if counts.sent > 10 { Ok(()) } else { Err(format!("{counts:?}")) })
    })?;
    define(story, WEB, "2", Some(&site.names[1]))?;
    define(story, API, "2", None)?;
    let update = |more: &str| format!("ecs update-service {more} --query service.status");
    story.aws_all([
        update("--service web --task-definition scene-web:2"),
        update("--service api --task-definition scene-api:2"),
    ])?;
    stable(story, &site, "a new revision of both is deployed")?;
    let page = curl(story, "internet", &format!("http://{}/", site.names[0]))?.output;
    story.prove("pages are made by the new revisions", page.contains("web 2, api 2"), &page);
    story.aws_all([update("--service api --desired-count 4")])?;
    stable(story, &site, "api is scaled in from 10 tasks to 4")?;
    story.aws_all([update("--service api --desired-count 10")])?;
    stable(story, &site, "and out again, to 10")?;
    let stopped = [one_of(story, "web")?, one_of(story, "api")?];
    story.aws_all(stopped.each_ref().map(|task| format!("ecs stop-task --task {task} --query task.desiredStatus")))?;
    replaced(story, &site, &stopped, "a task of each is stopped, and replaced")?;
    let counts = load::read(&site.counts);
    story.screen.output(&told(&counts));
    story.prove(
        &format!("{} requests were sent meanwhile, and none failed", counts.sent),
        counts.sent > 100 && counts.failed == 0,
        &format!("{counts:?}"),
    );
    kill(story, &site)
}

/// Everything there is, from subnets to services.
fn build(story: &mut Story) -> Result<Site, Failure> {
    let vpc = story.found.networks.vpc.clone();
    let tables = story.found.networks.route_tables.clone();
    let [to_internet, to_nat, ..] = tables.as_slice() else {
        return Err(Failure("the first VPC has not three route tables".to_owned()));
    };
    let subnet = |number: u8, zone: char| {
        format!(
            "ec2 create-subnet --vpc-id {vpc} --cidr-block 10.0.{number}.0/24 --availability-zone us-east-1{zone} --query Subnet.SubnetId"
        )
    };
    let group = |name: &str| {
        format!("ec2 create-security-group --group-name {name} --description {name} --vpc-id {vpc} --query GroupId")
    };
    let [public_a, public_b, private_a, private_b, outer, of_web, inner, of_api] = story.aws_all([
        subnet(10, 'a'),
        subnet(11, 'b'),
        subnet(20, 'a'),
        subnet(21, 'b'),
        group("public-balancer"),
        group("web-tasks"),
        group("internal-balancer"),
        group("api-tasks"),
    ])?;
    let associate = |table: &str, subnet: &str| {
        format!("ec2 associate-route-table --route-table-id {table} --subnet-id {subnet} --query AssociationId")
    };
    let allow = |to: &str, port: u16, from: &str| {
        format!(
            "ec2 authorize-security-group-ingress --group-id {to} --protocol tcp --port {port} {from} --query Return"
        )
    };
    let from = |group: &str| format!("--source-group {group}");
    story.screen.say("Each part takes requests from the one before it, and from nobody else.");
    let balancer = |name: &str, scheme: &str, subnets: [&str; 2], group: &str| {
        format!(
            "elbv2 create-load-balancer --name {name} --scheme {scheme} --subnets {} --security-groups {group} \
             --query join(`,`,[LoadBalancers[0].LoadBalancerArn,LoadBalancers[0].DNSName])",
            subnets.join(" ")
        )
    };
    let targets = |name: &str, port: u16, path: &str| {
        format!(
            "elbv2 create-target-group --name {name} --vpc-id {vpc} --protocol HTTP --port {port} --target-type ip \
             --health-check-path {path} --health-check-interval-seconds 5 --health-check-timeout-seconds 2 \
             --query TargetGroups[0].TargetGroupArn"
        )
    };
    let [web_targets, api_targets, public, internal, ..] = story.aws_all([
        targets("web", WEB.1, "/health"),
        targets("api", API.1, "/my-endpoint"),
        balancer("public", "internet-facing", [&public_a, &public_b], &outer),
        balancer("inside", "internal", [&private_a, &private_b], &inner),
        associate(to_internet, &public_a),
        associate(to_internet, &public_b),
        associate(to_nat, &private_a),
        associate(to_nat, &private_b),
        allow(&outer, 80, "--cidr 0.0.0.0/0"),
        allow(&of_web, WEB.1, &from(&outer)),
        allow(&inner, 80, &from(&of_web)),
        allow(&of_api, API.1, &from(&inner)),
    ])?;
    let both =
        |text: &str| text.split_once(',').map(|(arn, name)| (arn.to_owned(), name.to_owned())).unwrap_or_default();
    let ((public, public_name), (internal, internal_name)) = (both(&public), both(&internal));
    let listen = |balancer: &str, targets: &str| {
        format!(
            "elbv2 create-listener --load-balancer-arn {balancer} --protocol HTTP --port 80 \
             --default-actions Type=forward,TargetGroupArn={targets} --query Listeners[0].Protocol"
        )
    };
    let delay = |targets: &str| {
        format!(
            "elbv2 modify-target-group-attributes --target-group-arn {targets} \
             --attributes Key=deregistration_delay.timeout_seconds,Value=5 --query Attributes[0].Value"
        )
    };
    define(story, WEB, "1", Some(&internal_name))?;
    define(story, API, "1", None)?;
    story.aws_all([
        listen(&public, &web_targets),
        listen(&internal, &api_targets),
        delay(&web_targets),
        delay(&api_targets),
    ])?;
    let service = |(name, port, count): (&str, u16, u32), targets: &str, group: &str| {
        format!(
            "ecs create-service --service-name {name} --task-definition scene-{name}:1 --desired-count {count} --launch-type FARGATE \
             --network-configuration awsvpcConfiguration={{subnets=[{private_a},{private_b}],securityGroups=[{group}]}} \
             --load-balancers targetGroupArn={targets},containerName={name},containerPort={port} --query service.status"
        )
    };
    story.aws_all([service(WEB, &web_targets, &of_web), service(API, &api_targets, &of_api)])?;
    let counts = story.region.file("load.json");
    Ok(Site { vpc, names: [public_name, internal_name], arns: [public, internal], counts })
}

/// Registers a revision of a service's task definition.
fn define(story: &Story, (name, port, _): (&str, u16, u32), revision: &str, api: Option<&str>) -> Result<(), Failure> {
    let mut command = vec!["--revision", revision];
    command.extend(api.into_iter().flat_map(|name| ["--api", name]));
    let definition = json!({
        "family": format!("scene-{name}"), "requiresCompatibilities": ["FARGATE"], "networkMode": "awsvpc", "cpu": "256", "memory": "512",
        "executionRoleArn": "arn:aws:iam::123456789012:role/ecsTaskExecutionRole",
        "containerDefinitions": [{
            "name": name, "image": format!("{REGISTRY}/myapp-{name}"), "command": command, "portMappings": [{ "containerPort": port }],
        }],
    });
    let file = story.region.file(&format!("{name}.json"));
    fs::write(&file, definition.to_string())?;
    let input = format!("file://{}", file.display());
    let query = "taskDefinition.[family,revision,containerDefinitions[0].command]";
    let made = story.aws(&["ecs", "register-task-definition", "--cli-input-json", &input, "--query", query])?;
    story.screen.json(&made);
    Ok(())
}

fn told(counts: &Counts) -> String {
    let why = counts.why.as_deref().map(|why| format!(" (last: {why})")).unwrap_or_default();
    format!("clients on the internet: {} requests, {} failed{why}", counts.sent, counts.failed)
}

/// Waits until both services are steady, and shows how they get there.
fn stable(story: &mut Story, site: &Site, claim: &str) -> Result<(), Failure> {
    watch(story, site, claim, |all, _| all.iter().all(services::Service::is_stable))
}

/// Waits until tasks are gone and both services are steady.
fn replaced(story: &mut Story, site: &Site, tasks: &[String], claim: &str) -> Result<(), Failure> {
    watch(story, site, claim, |all, running| {
        all.iter().all(services::Service::is_stable) && !tasks.iter().any(|task| running.contains(task))
    })
}

fn watch(
    story: &mut Story,
    site: &Site,
    claim: &str,
    is_done: impl Fn(&[services::Service], &[String]) -> bool,
) -> Result<(), Failure> {
    let (region, runtime) = (region::Region::new(story.region.data_dir()), crate::cli::runtime()?);
    let started = Instant::now();
    let (done, last) = {
        let mut live = story.screen.live();
        loop {
            let all = runtime.block_on(services::services(&region))?;
            let running: Vec<String> = runtime.block_on(region.tasks())?.into_iter().map(|task| task.arn).collect();
            let mut whole: Vec<String> = all.iter().flat_map(services::Service::tree).collect();
            if site.counts.exists() {
                whole.push(told(&load::read(&site.counts)));
            }
            live.show(&whole, all.iter().flat_map(services::Service::lines).collect());
            let done = all.len() == 2 && is_done(&all, &running);
            if done || started.elapsed() > PATIENCE {
                break (done, whole.join("\n"));
            }
            thread::sleep(PAUSE);
        }
    };
    story.prove(&format!("{claim} ({:.0} s)", started.elapsed().as_secs_f64()), done, &last);
    Ok(())
}

/// The internet gets pages, made of what different tasks say.
fn reached(story: &mut Story, site: &Site) -> Result<(), Failure> {
    let url = format!("http://{}/", site.names[0]);
    let page = curl(story, "internet", &url)?.output;
    story.screen.output(&page);
    let held = page.contains("<h1>Hello from api</h1>") && page.contains("web 1, api 1");
    story.prove("a client on the internet gets a page, which web made of what api says", held, &page);
    Ok(())
}

/// The internet reaches the public load balancer and nothing behind it.
fn out_of_reach(story: &mut Story, site: &Site) -> Result<(), Failure> {
    let region = region::Region::new(story.region.data_dir());
    let (topology, tasks) = crate::cli::runtime()?
        .block_on(async { Ok::<_, Failure>((region.topology().await?, region.tasks().await?)) })?;
    let mut hidden: Vec<(String, String)> = Vec::new();
    for (name, port, _) in [WEB, API] {
        let arns: Vec<String> = serde_json::from_value(story.aws_quietly(&tasks_of(name))?)?;
        let found = tasks.iter().filter(|task| arns.contains(&task.arn));
        hidden.extend(
            found.filter_map(|task| Some((name.to_owned(), format!("{}:{port}", task.private_address.as_ref()?)))),
        );
    }
    let nodes = |arn: &str| -> Result<Vec<(String, Option<String>)>, Failure> {
        let id = arn.split_once("loadbalancer/").map(|(_, id)| id).unwrap_or_default();
        let filter = format!("Name=description,Values=ELB {id}");
        let query = "NetworkInterfaces[].[PrivateIpAddress, Association.PublicIp]";
        let ask = ["ec2", "describe-network-interfaces", "--filters", &filter, "--query", query];
        Ok(serde_json::from_value(story.aws_quietly(&ask)?)?)
    };
    let (public, internal) = (nodes(&site.arns[0])?, nodes(&site.arns[1])?);
    let open: Vec<String> = public.iter().filter_map(|(_, public)| public.clone()).collect();
    let private =
        public.iter().chain(&internal).map(|(private, _)| ("a load balancer".to_owned(), format!("{private}:80")));
    hidden.extend(private);
    let count = hidden.len();
    let targets = hidden.into_iter().map(|(what, address)| {
        let aim = format!("{}/{address}", site.vpc);
        (what, false, Target { title: ["", ""], aim, address, who: None })
    });
    let ways_in = open.iter().map(|public| {
        let address = format!("{public}:80");
        (
            "the public load balancer".to_owned(),
            true,
            Target { title: ["", ""], aim: address.clone(), address, who: None },
        )
    });
    let all: Vec<(String, bool, Target)> = targets.chain(ways_in).collect();
    let wrong: Vec<String> = thread::scope(|scope| {
        let (story, topology, tasks) = (&*story, &topology, &tasks);
        let asking: Vec<_> = all
            .iter()
            .map(|(what, expected, target)| {
                scope.spawn(move || match cell(story, topology, tasks, "internet", target) {
                    Ok(cell) if (cell.measured, cell.explained) == (*expected, *expected) => None,
                    Ok(cell) => {
                        Some(format!("{what} at {}: {}, explained {}", target.address, cell.measured, cell.explained))
                    }
                    Err(Failure(why)) => Some(why),
                })
            })
            .collect();
        asking.into_iter().filter_map(|one| one.join().unwrap_or_else(|_| Some("a thread ended".to_owned()))).collect()
    });
    let by_name = story.neargate_quietly(&[
        "from",
        "internet",
        "--",
        "curl",
        "--silent",
        "--connect-timeout",
        "1",
        &format!("http://{}/", site.names[1]),
    ])?;
    let held = wrong.is_empty() && open.len() == 2 && count >= 16 && !by_name.success;
    story.prove(
        &format!("it reaches none of {count} addresses behind it, nor the internal load balancer's name: measured, and explained"),
        held,
        &format!("{} {}", wrong.join("; "), by_name.output),
    );
    Ok(())
}

fn tasks_of(service: &str) -> [&str; 6] {
    ["ecs", "list-tasks", "--service-name", service, "--query", "taskArns"]
}

fn one_of(story: &Story, service: &str) -> Result<String, Failure> {
    let arns = story.aws_quietly(&tasks_of(service))?;
    arns[0].as_str().map(str::to_owned).ok_or_else(|| Failure(format!("{service} has no task")))
}

/// Kills a task's process, which is no way to end one.
fn kill(story: &mut Story, site: &Site) -> Result<(), Failure> {
    let task = one_of(story, "web")?;
    let before = load::read(&site.counts);
    let pids = processes(&task);
    story
        .screen
        .say(&format!("The process of task {} is killed with SIGKILL, in the midst of its requests.", short(&task)));
    for pid in &pids {
        rustix::process::kill_process(*pid, rustix::process::Signal::KILL).map_err(std::io::Error::from)?;
    }
    replaced(story, site, std::slice::from_ref(&task), "it is replaced")?;
    fs::write(load::end(&site.counts), "")?;
    let counts = story.until("the last answers", || {
        let counts = load::read(&site.counts);
        Ok(if counts.over { Ok(counts) } else { Err(format!("{counts:?}")) })
    })?;
    let (sent, failed) = (counts.sent - before.sent, counts.failed - before.failed);
    story.screen.output(&told(&counts));
    // Each client has one request under way, and what was not sent to the task went to the other one.
    let held = pids.len() == 1 && sent > 0 && failed <= CLIENTS as u64;
    story.prove(
        &format!(
            "of {sent} requests since, {failed} failed: only those that were under way to it may (at most {CLIENTS})"
        ),
        held,
        &format!("{counts:?}, processes {pids:?}"),
    );
    story.screen.say("And `neargate status` shows the same tree:");
    let status = story.neargate(&["status"])?;
    let shown: Vec<&str> = status.output.lines().filter(|line| line.contains("PRIMARY")).collect();
    story.screen.output(&shown.join("\n"));
    let held = [WEB, API].iter().all(|(name, ..)| shown.iter().any(|line| line.contains(&format!("scene-{name}:2"))));
    story.prove("neargate status has both services with their deployments", held, &status.output);
    Ok(())
}

/// The processes of the demonstration's own program in a task.
fn processes(task: &str) -> Vec<rustix::process::Pid> {
    let id = task.rsplit('/').next().unwrap_or(task);
    let is_of = |pid: &str| {
        let read = |file: &str| fs::read(Path::new("/proc").join(pid).join(file)).unwrap_or_default();
        let (cgroup, command) = (read("cgroup"), read("cmdline"));
        String::from_utf8_lossy(&cgroup).contains(id) && command.starts_with(b"/neargate\0demo-app\0")
    };
    let found =
        fs::read_dir("/proc").into_iter().flatten().flatten().filter_map(|entry| entry.file_name().into_string().ok());
    found
        .filter(|pid| pid.parse::<u32>().is_ok() && is_of(pid))
        .filter_map(|pid| rustix::process::Pid::from_raw(pid.parse().ok()?))
        .collect()
}
