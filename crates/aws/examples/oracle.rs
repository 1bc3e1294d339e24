//! The crate behind a pipe, for `tools/oracle.py`: one JSON job a line in, one JSON answer a line out.
//!
//! `request` identifies and reads a call and answers the typed value's stored form; `reply` and `refusal` answer the
//! HTTP response. Every typed value is also stored and read back.

use aws::api::{
    Api, Reply, acm, application_autoscaling, cloudformation, cloudwatch, ec2, ecr, ecs, elbv2, iam, logs, route53,
    secretsmanager, servicediscovery, ssm, sts,
};
use aws::doc::Doc;
use aws::fault::Fault;
use aws::request::identify;
use aws::shape::{Operation, Shape, Visitor};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::io::{BufRead, Write};

type Read = Box<dyn Fn(Doc) -> Result<Value, String>>;
type Answer = Box<dyn Fn(&[u8]) -> Result<Reply, String>>;

/// What to do with a service's operations, by their names.
struct Service {
    api: &'static Api,
    requests: HashMap<&'static str, Read>,
    replies: HashMap<&'static str, Answer>,
}

impl Service {
    fn new(api: &'static Api, visit: fn(&mut Service)) -> (&'static str, Self) {
        let mut service = Self { api, requests: HashMap::new(), replies: HashMap::new() };
        visit(&mut service);
        (api.service, service)
    }
}

impl Visitor for Service {
    fn operation<O: Operation>(&mut self) {
        let api = self.api;
        self.requests.insert(O::NAME, Box::new(move |doc| read::<O>(api, doc)));
        self.replies.insert(O::NAME, Box::new(move |stored| reply::<O>(api, stored)));
    }
}

fn read<O: Operation>(api: &'static Api, doc: Doc) -> Result<Value, String> {
    let input = api.read::<O>(doc).map_err(|fault| fault.to_string())?;
    stored(input.write())
}

fn reply<O: Operation>(api: &'static Api, stored_form: &[u8]) -> Result<Reply, String> {
    let doc = json_api().parse(stored_form).map_err(|fault| fault.to_string())?;
    let output = O::Output::read(doc).map_err(|violation| violation.to_string())?;
    let again = stored(output.write())?;
    let doc = json_api().parse(again.to_string().as_bytes()).map_err(|fault| fault.to_string())?;
    let output = O::Output::read(doc).map_err(|violation| violation.to_string())?;
    Ok(api.reply(O::NAME, "the-request-id", output.write()))
}

fn stored(doc: Doc) -> Result<Value, String> {
    serde_json::to_value(doc).map_err(|error| error.to_string())
}

/// The stored form is what any JSON service reads.
fn json_api() -> &'static Api {
    &ecs::API
}

fn request(services: &HashMap<&str, Service>, job: &Value) -> Result<Value, String> {
    let text = |name: &str| job[name].as_str().unwrap_or_default();
    let header = |name: &str| job["headers"][name].as_str();
    let body = text("body").as_bytes();
    let call = identify(text("method"), text("path"), text("query"), header, body).map_err(|e| e.fault.to_string())?;
    if (call.api.service, call.operation) != (text("service"), text("operation")) {
        return Err(format!("taken for {} of {}", call.operation, call.api.service));
    }
    let read = services.get(call.api.service).and_then(|service| service.requests.get(call.operation));
    let doc = call.parse().map_err(|fault| fault.to_string())?;
    read.ok_or("not in the table")?(doc)
}

fn refusal(service: &Service, job: &Value) -> Reply {
    let text = |name: &str| job[name].as_str().unwrap_or_default().to_owned();
    let mut fault = Fault::new(text("code"), text("message"));
    if let Some(value) = job["field"].as_str() {
        fault = fault.with_field("reason", value);
    }
    service.api.refusal("the-request-id", &fault)
}

fn response(reply: Reply) -> Result<Value, String> {
    let headers: HashMap<_, _> = reply.headers.into_iter().collect();
    let body = String::from_utf8(reply.body).map_err(|error| error.to_string())?;
    Ok(json!({ "status": reply.status, "headers": headers, "body": body }))
}

fn answer(services: &HashMap<&str, Service>, job: &Value) -> Result<Value, String> {
    let service = job["service"].as_str().and_then(|name| services.get(name)).ok_or("no such service")?;
    match job["kind"].as_str() {
        Some("request") => request(services, job),
        Some("reply") => {
            let write = job["operation"].as_str().and_then(|name| service.replies.get(name));
            response(write.ok_or("not in the table")?(job["result"].to_string().as_bytes())?)
        }
        _ => response(refusal(service, job)),
    }
}

fn main() -> std::io::Result<()> {
    let services = HashMap::from([
        Service::new(&ecs::API, ecs::visit),
        Service::new(&ec2::API, ec2::visit),
        Service::new(&sts::API, sts::visit),
        Service::new(&elbv2::API, elbv2::visit),
        Service::new(&cloudformation::API, cloudformation::visit),
        Service::new(&cloudwatch::API, cloudwatch::visit),
        Service::new(&servicediscovery::API, servicediscovery::visit),
        Service::new(&iam::API, iam::visit),
        Service::new(&logs::API, logs::visit),
        Service::new(&route53::API, route53::visit),
        Service::new(&ecr::API, ecr::visit),
        Service::new(&ssm::API, ssm::visit),
        Service::new(&acm::API, acm::visit),
        Service::new(&application_autoscaling::API, application_autoscaling::visit),
        Service::new(&secretsmanager::API, secretsmanager::visit),
    ]);
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    for line in std::io::stdin().lock().lines() {
        let job: Value = serde_json::from_str(&line?)?;
        let answer = answer(&services, &job);
        let answer = answer.map_or_else(|error| json!({ "error": error }), |ok| json!({ "ok": ok }));
        writeln!(out, "{answer}")?;
    }
    out.flush()
}
