//! What is counted of requests.

use crate::support::*;
use spec::{
    balancing::{Action, Condition, Stickiness, TargetGroupId},
    measured::{GroupCounts, NodeCounts},
};

pub fn counts(site: &Site) -> NodeCounts {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(site.engine.counts()).remove(&interface()).unwrap_or_default()
}

fn of_group(counts: &NodeCounts) -> GroupCounts {
    counts.groups.get(&TargetGroupId::from("g")).cloned().unwrap_or_default()
}

#[test]
fn requests_answers_connections_and_bytes() {
    let target = Target::echo();
    let site = Site::with(&[&target], |site| {
        let listener = site.balancer.listeners.get_mut(&port(80)).unwrap();
        let path = |path: &str| vec![Condition::Path(vec![path.into()])];
        let redirect = Action::Redirect {
            status: 301,
            protocol: "http".into(),
            host: "b.test".into(),
            port: "80".into(),
            path: "/".into(),
            query: String::new(),
        };
        let mut fixed = fixed(503, "closed");
        fixed.conditions = path("/closed");
        listener.rules.splice(0..0, [fixed, rule(path("/moved"), redirect)]);
    });
    counts(&site);
    let mut client = site.client();
    let ask = "GET / HTTP/1.1\r\nHost: a.test\r\n\r\n";
    let head = |path: &str| format!("GET {path} HTTP/1.1\r\nHost: a.test\r\nsome_name: x\r\n\r\n");
    for _ in 0..3 {
        assert_eq!(client.ask(ask).status(), 200);
    }
    assert_eq!(client.ask(&head("/")).status(), 200);
    assert_eq!(client.ask(&head("/closed")).status(), 503);
    assert_eq!(client.ask(&head("/moved")).status(), 301);
    let counted = counts(&site);
    let group = of_group(&counted);
    assert_eq!((counted.requests, group.requests), (4, 4), "those that a target was chosen for");
    assert_eq!(counted.new_connections, 2, "the client's and the target's");
    assert_eq!(counted.active_connections, Some(2), "both are kept");
    assert_eq!(counted.rule_evaluations, 4 * 2 + 1 + 2);
    assert_eq!((counted.fixed_responses, counted.redirects), (1, 1));
    assert_eq!(counted.answers, [(301, 1), (503, 1)].into());
    assert_eq!(group.answers, [(2, 4)].into());
    assert_eq!(group.times.iter().map(|(_, count)| count).sum::<u64>(), 4);
    assert!(group.times.iter().all(|(seconds, _)| (0.0..5.0).contains(seconds)), "{:?}", group.times);
    assert_eq!((counted.forwarded_invalid_headers, counted.dropped_invalid_headers), (1, 0));
    assert_eq!((group.connection_errors, counted.non_sticky, counted.rejected_connections), (0, 0, 0));
    let sent = 3 * ask.len() + head("/").len() + head("/closed").len() + head("/moved").len();
    assert!(counted.processed_bytes > sent as u64 + 6 * 20, "{} bytes", counted.processed_bytes);
    assert_eq!((counted.load_balancer.as_str(), counted.zone.as_str()), ("lb", "a"));
    drop(client);
    // Counted once; and the end of a connection that a thread has not seen yet is seen in the end.
    let mut last = counts(&site);
    while last.active_connections.unwrap_or(0) > 1 {
        last = counts(&site);
    }
    assert_eq!((last.requests, of_group(&last).requests, last.answers.len()), (0, 0, 0));
}

#[test]
fn what_goes_wrong() {
    let target = Target::echo();
    let site = Site::with(&[&target], |site| {
        site.balancer.drop_invalid_header_fields = true;
        site.group().stickiness = Some(Stickiness::Duration(60));
    });
    counts(&site);
    let mut client = site.client();
    let first = client.ask("GET / HTTP/1.1\r\nHost: a.test\r\nsome_name: x\r\n\r\n");
    let cookie = first.value("Set-Cookie").unwrap().split(';').next().unwrap().to_owned();
    client.ask(&format!("GET / HTTP/1.1\r\nHost: a.test\r\nCookie: {cookie}\r\n\r\n"));
    let mut other = site.client();
    assert_eq!(other.ask("TRACE / HTTP/1.1\r\nHost: a.test\r\n\r\n").status(), 405);
    let mut third = site.client();
    let severe = "POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx";
    assert_eq!(third.ask(severe).status(), 400);
    let counted = counts(&site);
    assert_eq!(counted.non_sticky, 1, "the first one had nobody to stay with");
    assert_eq!(counted.dropped_invalid_headers, 1);
    assert_eq!(counted.answers, [(400, 1), (405, 1)].into());
    assert_eq!(counted.requests, 2);
}

#[test]
fn a_target_that_refuses_connections() {
    let site = Site::new(&[&Target::closed()]);
    counts(&site);
    assert_eq!(site.get("/").status(), 502);
    let counted = counts(&site);
    assert_eq!((counted.requests, of_group(&counted).connection_errors), (1, 1));
    assert_eq!(counted.answers, [(502, 1)].into());
}
