//! Rules, as a client sees them.

use crate::support::*;
use spec::balancing::{Action, Condition, TargetGroupId, TargetHealth, Transform};

#[test]
fn conditions_decide_who_answers() {
    let (default, api) = (Target::echo(), Target::echo());
    let site = Site::with(&[&default], |site| {
        site.groups.insert("api".into(), group(&[&api]));
        let path = |pattern: &str| vec![Condition::Path(vec![pattern.into()])];
        let mut to_api = forward(&[("api", 1)]);
        to_api.conditions = path("/api/*");
        to_api.transforms = vec![
            Transform::Url { regex: "^/api/(.*)$".into(), replace: "/v1/$1".into() },
            Transform::Host { regex: "^(.*)$".into(), replace: "api.$1".into() },
        ];
        let redirect = Action::Redirect {
            status: 301,
            protocol: "HTTPS".into(),
            host: "#{host}".into(),
            port: "443".into(),
            path: "/#{path}".into(),
            query: "#{query}".into(),
        };
        let nothing = Action::Fixed { status: 404, content_type: "text/plain".into(), body: "nothing here".into() };
        let mut broken = forward(&[("api", 1)]);
        broken.conditions = path("/broken");
        broken.transforms = vec![Transform::Url { regex: "^/".into(), replace: "no path".into() }];
        let rules =
            vec![to_api, rule(path("/old*"), redirect), rule(path("/none"), nothing), broken, forward(&[("g", 1)])];
        site.balancer.listeners.insert(port(80), listener(rules));
    });
    site.until(|status| {
        let api = status.health[&TargetGroupId::from("api")][&interface()].values().next();
        api.is_some_and(|told| told.health == TargetHealth::Healthy)
    });
    assert!(site.get("/x").value("X-Target") == Some(default.address.to_string()));
    assert!(site.get("/api/x?y").value("X-Target") == Some(api.address.to_string()));
    assert!(api.head().starts_with("GET /v1/x?y HTTP/1.1\r\n"), "{}", api.head());
    assert_eq!(values(&api.head(), "Host"), ["api.a.test"]);
    let moved = site.get("/old/page?q=1");
    assert_eq!((moved.status(), moved.value("Location").as_deref()), (301, Some("https://a.test:443/old/page?q=1")));
    let none = site.client().ask("GET /none HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_eq!((none.status(), none.text().as_str()), (404, "nothing here"));
    assert_eq!(none.value("Content-Type").as_deref(), Some("text/plain"));
    assert_eq!(site.get("/broken").status(), 500);
}

#[test]
fn weights_divide_requests() {
    let (one, three) = (Target::echo(), Target::echo());
    let site = Site::with(&[&one], |site| {
        site.groups.insert("h".into(), group(&[&three]));
        site.balancer.listeners.insert(port(80), listener(vec![forward(&[("g", 1), ("h", 3), ("unused", 0)])]));
        site.groups.insert("unused".into(), group(&[]));
    });
    let mut client = site.client();
    let count = (0..1000).filter(|_| client.get("/").value("X-Target") == Some(one.address.to_string())).count();
    assert!((180..320).contains(&count), "{count}");
}
