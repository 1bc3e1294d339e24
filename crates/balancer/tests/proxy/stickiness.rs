//! Clients that stay where they were.

use crate::support::*;
use spec::balancing::{Action, Stickiness};

/// `Cookie` with what an answer set.
fn cookies(answer: &Answer) -> String {
    let pairs: Vec<_> =
        answer.values("Set-Cookie").iter().map(|set| set.split(';').next().unwrap().to_owned()).collect();
    pairs.join("; ")
}

fn ask(site: &Site, cookies: &str) -> Answer {
    site.client().ask(&format!("GET / HTTP/1.1\r\nHost: a\r\nCookie: {cookies}\r\n\r\n"))
}

#[test]
fn by_a_cookie_of_the_load_balancer_s() {
    let targets = [Target::echo(), Target::echo(), Target::echo()];
    let mut site = Site::with(&targets.each_ref(), |site| site.group().stickiness = Some(Stickiness::Duration(60)));
    let first = site.get("/");
    let set = first.values("Set-Cookie");
    assert!(set[0].starts_with("AWSALB=") && set[0].contains("; Expires=") && set[0].ends_with("; Path=/"), "{set:?}");
    assert!(set[1].starts_with("AWSALBCORS=") && set[1].ends_with("; SameSite=None; Secure"), "{set:?}");
    let at = first.value("X-Target").unwrap();
    let mut jar = cookies(&first);
    for _ in 0..5 {
        let answer = ask(&site, &jar);
        assert_eq!(answer.value("X-Target").as_ref(), Some(&at));
        jar = cookies(&answer);
    }
    // Its target drains: another one, and from then on that.
    let target = targets.iter().find(|target| target.address.to_string() == at).unwrap();
    site.group().targets.get_mut(&target.address()).unwrap().draining_until = Some(i64::MAX);
    site.apply();
    let moved = ask(&site, &jar);
    assert_ne!(moved.value("X-Target").as_ref(), Some(&at));
    assert_eq!(ask(&site, &cookies(&moved)).value("X-Target"), moved.value("X-Target"));
    // What is no cookie of the load balancer's is none.
    assert_eq!(ask(&site, "AWSALB=abc; AWSALBCORS=").status(), 200);
}

#[test]
fn by_a_cookie_of_the_application_s() {
    let answer = |request: &Asked| {
        let set = if request.path() == "/login" { "Set-Cookie: sid=1; HttpOnly\r\n" } else { "" };
        format!("HTTP/1.1 200 OK\r\n{set}X-Target: {}\r\nContent-Length: 0\r\n\r\n", request.at).into_bytes()
    };
    let targets = [Target::answering(answer), Target::answering(answer), Target::answering(answer)];
    let site = Site::with(&targets.each_ref(), |site| {
        site.group().stickiness = Some(Stickiness::Application { cookie: "sid".into(), duration: 60 });
    });
    assert!(site.get("/").values("Set-Cookie").is_empty());
    let login = site.get("/login");
    let jar = cookies(&login);
    assert!(jar.starts_with("sid=1; AWSALBAPP-0="), "{jar}");
    for _ in 0..6 {
        assert_eq!(ask(&site, &jar).value("X-Target"), login.value("X-Target"));
    }
    // Without the application's cookie the other one is nothing.
    let alone = jar.split("; ").nth(1).unwrap();
    let seen: std::collections::BTreeSet<_> = (0..6).map(|_| ask(&site, alone).value("X-Target")).collect();
    assert_eq!(seen.len(), 3);
}

#[test]
fn with_a_target_group() {
    let (one, other) = (Target::echo(), Target::echo());
    let site = Site::with(&[&one], |site| {
        site.groups.insert("h".into(), group(&[&other]));
        let groups = vec![("g".into(), 1), ("h".into(), 1)];
        let action = Action::Forward { groups, stickiness: Some(60) };
        site.balancer.listeners.insert(port(80), listener(vec![rule(Vec::new(), action)]));
    });
    for _ in 0..5 {
        let first = site.get("/");
        let jar = cookies(&first);
        assert!(jar.contains("AWSALBTG=") && jar.contains("AWSALBTGCORS="), "{jar}");
        for _ in 0..8 {
            assert_eq!(ask(&site, &jar).value("X-Target"), first.value("X-Target"));
        }
    }
}
