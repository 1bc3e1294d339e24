//! What becomes of a request. Pure: everything it depends on is an argument.

use crate::{
    config::{Group, Listener},
    cookie,
    desync::{self, Verdict},
    heads::{self, Passage},
    http1::{
        body::{Reading, Writing},
        request::Request,
        response::{Malformed, Response},
        room,
    },
    page::{Answer, Refusal},
    rules::{Action, Facts, Forward, Origin},
    tls::Agreed,
};
use http_desync_guardian::{ClassificationReason, RequestSafetyTier};
use spec::balancing::{ProtocolVersion, Stickiness, TargetAddress, TargetGroupId};
use std::{borrow::Cow, cell::Cell, net::SocketAddr, sync::Arc};

/// What a decision depends on beside the request and the configuration.
pub(crate) struct Circumstances<'r> {
    /// Who sent it.
    pub client: SocketAddr,
    /// What was negotiated with the client, if it came over TLS.
    pub tls: Option<Agreed>,
    /// Seconds since 1970.
    pub now: u64,
    /// Chance.
    pub random: &'r mut fastrand::Rng,
}

/// A request, decided.
#[derive(Debug)]
pub(crate) struct Decision {
    /// Whether its method is HEAD.
    pub is_head: bool,
    /// Whether the client speaks HTTP/1.1.
    pub is_11: bool,
    /// The request's body, not yet read.
    pub body: Reading,
    /// Whether the client's connection may serve another request.
    pub keep_alive: Cell<bool>,
    /// Whether the target's may.
    pub keep_target: bool,
    /// Whether the client waits for `100 Continue`.
    pub expects_continue: bool,
    /// Whether it asks for another protocol.
    pub upgrades: bool,
    /// What is counted of it.
    pub tally: Tally,
    /// What is done.
    pub outcome: Outcome,
}

/// What is counted of a request when it is decided.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    /// How many rules it was held against, the default one apart.
    pub rules: usize,
    /// It is not compliant with RFC 7230.
    pub non_compliant: bool,
    /// Some of its header fields have names that are not valid.
    pub invalid_headers: bool,
    /// A rule has it answered with a fixed response.
    pub is_fixed: bool,
    /// A rule has it redirected.
    pub is_redirect: bool,
    /// The priority of the rule it met.
    pub matched: Option<u16>,
    /// How others could read it.
    pub classified: Option<(RequestSafetyTier, ClassificationReason)>,
    /// What transforms have made of it, if it met a rule with any and is to be logged.
    pub rewritten: Option<Box<Rewritten>>,
    /// Its trace, if a rule has it answered here and it is to be logged: what a target would have been told.
    pub trace: Vec<u8>,
}

/// What transforms have made of a request.
#[derive(Debug, Default)]
pub(crate) struct Rewritten {
    /// The host, if it is another one.
    pub host: Option<String>,
    /// Path and query, if they are others.
    pub url: Option<String>,
    /// How that went, as access logs say it.
    pub status: &'static str,
}

impl Tally {
    /// Its trace, if it was answered here.
    pub(crate) fn trace(&self) -> Option<&[u8]> {
        Some(self.trace.as_slice()).filter(|trace| !trace.is_empty())
    }

    /// What was done with it, as access logs say it.
    pub(crate) fn action(&self) -> Option<&'static str> {
        match self {
            Self { is_fixed: true, .. } => Some("fixed-response"),
            Self { is_redirect: true, .. } => Some("redirect"),
            Self { matched, .. } => matched.map(|_| "forward"),
        }
    }
}

/// What is done with a request.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// It is answered here.
    Answer(Answer),
    /// It goes to a target.
    Forward(Route),
}

/// Where a request goes.
#[derive(Debug)]
pub(crate) struct Route {
    /// The group that was chosen.
    pub group: Arc<Group>,
    /// The target that the client is to stay with.
    pub pinned: Option<TargetAddress>,
    /// How clients stay with targets of the group.
    pub stickiness: Option<Stickiness>,
    /// Whether the client stays with the group.
    pub keeps_group: bool,
}

impl Decision {
    fn answered(answer: Answer) -> Self {
        Self {
            is_head: false,
            is_11: true,
            body: Reading::NONE,
            keep_alive: Cell::new(false),
            keep_target: false,
            expects_continue: false,
            upgrades: false,
            tally: Tally::default(),
            outcome: Outcome::Answer(answer),
        }
    }
}

/// Decides about a request by its head. If it goes to a target, the target's head is appended to `out`.
pub(crate) fn decide(listener: &Listener, head: &[u8], around: Circumstances<'_>, out: &mut Vec<u8>) -> Decision {
    let mut room = room();
    // Also of what is malformed the method may be clear, to which there is no content (RFC 9110, 9.3.2).
    let refused = |refusal, tally| Decision {
        is_head: head.starts_with(b"HEAD "),
        tally,
        ..Decision::answered(listener.settings.refusal(refusal))
    };
    let request = match Request::read(head, &mut room) {
        Ok(request) => request,
        Err(refusal) => {
            let (.., classified) = desync::judge(listener.settings.desync, head);
            return refused(refusal, Tally { classified: Some(classified), ..Tally::default() });
        }
    };
    let (verdict, is_compliant, classified) = desync::judge(listener.settings.desync, head);
    let mut tally = Tally { non_compliant: !is_compliant, classified: Some(classified), ..Tally::default() };
    if verdict == Verdict::Refuse {
        return refused(Refusal::Malformed, tally);
    }
    let heads = &listener.settings.heads;
    // RFC 9112, 3.2. With `preserve_host_header` the first one counts, as AWS has it.
    if (heads.mesh || !heads.preserve_host_header) && request.values("host").nth(1).is_some() {
        return refused(Refusal::Malformed, tally);
    }
    let outcome = route(listener, &request, head.len(), around, &mut tally, out);
    let may_stay = verdict != Verdict::PassAndClose;
    Decision {
        is_head: request.method == "HEAD",
        is_11: request.is_11,
        keep_alive: Cell::new(request.keep_alive && may_stay),
        keep_target: may_stay,
        expects_continue: request.expects_continue,
        upgrades: request.upgrade.is_some(),
        body: request.body,
        tally,
        outcome: outcome.unwrap_or_else(|refusal| Outcome::Answer(listener.settings.refusal(refusal))),
    }
}

/// Where a request goes that was read, or what it is answered. `head_length` is how large its head was.
pub(crate) fn route(
    listener: &Listener,
    request: &Request<'_, '_>,
    head_length: usize,
    around: Circumstances<'_>,
    tally: &mut Tally,
    out: &mut Vec<u8>,
) -> Result<Outcome, Refusal> {
    // Who gets it with nothing left is whom it is for.
    if request.forwards_left() == Some(0) {
        return Ok(Outcome::Answer(Answer::fixed(200, "text/plain", "")));
    }
    let protocol = if around.tls.is_some() { "https" } else { "http" };
    let facts = Facts::new(request, around.client.ip().to_canonical());
    let bare = facts.host;
    // A listener always has a default rule.
    let (rule, rules) = listener.rules.first(&facts).ok_or(Refusal::Unavailable)?;
    tally.rules = rules;
    tally.matched = Some(rule.priority);
    tally.is_fixed = matches!(rule.action, Action::Fixed(_));
    tally.is_redirect = matches!(rule.action, Action::Redirect(_));
    if listener.settings.access_log.is_some() && (tally.is_fixed || tally.is_redirect) {
        heads::append_trace(&mut tally.trace, request, (around.now, around.random.u128(..)), head_length);
    }
    let forward = match &rule.action {
        Action::Fixed(answer) => return Ok(Outcome::Answer(answer.clone())),
        Action::Redirect(redirect) => {
            let origin =
                Origin { protocol, host: bare, port: listener.port, path: request.path(), query: request.query() };
            return Ok(Outcome::Answer(Answer::redirect(redirect.status, redirect.location(&origin))));
        }
        Action::Forward(forward) => forward,
    };
    let chosen = group(listener, forward, request, &around).or_else(|| forward.at(around.random.f64()));
    let group = chosen.and_then(|place| listener.groups.get(place)).ok_or(Refusal::Unavailable)?;
    if !suits(group.version, request) {
        return Err(Refusal::Incompatible);
    }
    let stickiness = group.targets.load().stickiness.clone();
    let pinned =
        stickiness.as_ref().and_then(|stickiness| pinned(listener, stickiness, &group.id, request, around.now));

    let mut refuse = |status| {
        tally.rewritten = Some(Box::new(Rewritten { status, ..Rewritten::default() }));
        Refusal::Internal
    };
    let rewritten = rule.host.as_ref().map(|rewrite| rewrite.host(bare)).transpose();
    let rewritten = rewritten.map_err(|_| refuse("TransformInvalidHost"))?;
    let target = match &rule.url {
        Some(rewrite) => rewrite.url(&request.target).map_err(|_| refuse("TransformInvalidPath"))?,
        None => Cow::Borrowed(&*request.target),
    };
    if listener.settings.access_log.is_some() && (rule.host.is_some() || rule.url.is_some()) {
        tally.rewritten = Some(Box::new(Rewritten {
            host: rewritten.as_deref().filter(|host| *host != bare).map(str::to_owned),
            url: (*target != *request.target).then(|| target.to_string()),
            status: "TransformSuccess",
        }));
    }
    let host = heads::host(&listener.settings.heads, request, rewritten, listener.node.address, listener.port);
    let passage = Passage {
        settings: &listener.settings.heads,
        port: listener.port,
        protocol,
        tls: around.tls,
        client: SocketAddr::new(around.client.ip().to_canonical(), around.client.port()),
        host: &host,
        target: &target,
        now: around.now,
        chance: around.random.u128(..),
        head_length,
    };
    heads::append_request(out, request, &passage)?;
    tally.invalid_headers = request.fields.iter().any(|field| !heads::is_plain(field.name));
    Ok(Outcome::Forward(Route {
        group: Arc::clone(group),
        pinned,
        stickiness,
        keeps_group: forward.stickiness.is_some(),
    }))
}

/// Whether targets of a version take a request ("HTTP 464", Application Load Balancers guide).
fn suits(version: ProtocolVersion, request: &Request<'_, '_>) -> bool {
    match version {
        ProtocolVersion::Http1 => !(request.is_2 && request.is_grpc()),
        ProtocolVersion::Http2 => request.is_2,
        ProtocolVersion::Grpc => request.is_2 && request.method == "POST",
    }
}

/// The place of the group that the client is to stay with.
fn group(
    listener: &Listener,
    forward: &Forward,
    request: &Request<'_, '_>,
    around: &Circumstances<'_>,
) -> Option<usize> {
    let duration = forward.stickiness?;
    let held = held(listener, request, [cookie::GROUP, cookie::GROUP_CORS], around.now, duration)?;
    let is_held = |place: &usize| listener.groups.get(*place).is_some_and(|group| *group.id == *held);
    forward.groups.iter().map(|(place, _)| *place).find(is_held)
}

/// The address of the target that the client is to stay with.
fn pinned(
    listener: &Listener,
    stickiness: &Stickiness,
    group: &TargetGroupId,
    request: &Request<'_, '_>,
    now: u64,
) -> Option<TargetAddress> {
    let held = match stickiness {
        Stickiness::Duration(duration) => {
            held(listener, request, [cookie::TARGET, cookie::TARGET_CORS], now, *duration)?
        }
        Stickiness::Application { cookie, duration } => {
            cookie::find(request.values("cookie"), cookie)?;
            held(listener, request, [cookie::APPLICATION; 2], now, *duration)?
        }
    };
    let (of, address) = held.split_once(' ')?;
    address.parse().ok().filter(|_| of == &**group).map(TargetAddress)
}

fn held(listener: &Listener, request: &Request<'_, '_>, names: [&str; 2], now: u64, duration: u32) -> Option<String> {
    let cookies = &listener.settings.cookies;
    names.iter().find_map(|name| cookies.open(name, cookie::find(request.values("cookie"), name)?, now, duration))
}

/// How a target's answer goes on.
#[derive(Debug)]
pub(crate) struct Reply {
    /// Its status code.
    pub status: u16,
    /// Its body as the target sends it.
    pub reading: Reading,
    /// Its body as the client gets it.
    pub writing: Writing,
    /// Whether the client's connection may serve another request.
    pub keep_alive: bool,
    /// Whether the target's may.
    pub keep_target: bool,
}

/// Takes a target's head apart and appends the one that the client gets, with the cookies that keep it with `target`. Of interim answers
/// nothing is appended for a client of HTTP/1.0, nor of `100 Continue`, which the client was told here.
pub(crate) fn reply(
    listener: &Listener,
    decision: &Decision,
    route: &Route,
    target: TargetAddress,
    head: &[u8],
    around: Circumstances<'_>,
    out: &mut Vec<u8>,
) -> Result<Reply, Malformed> {
    let mut room = room();
    let response = Response::read(head, decision.is_head, &mut room)?;
    let (status, keep_target) = (response.status, decision.keep_target && response.keep_alive);
    if status < 200 && status != 101 {
        if decision.is_11 && status != 100 {
            heads::append_interim(out, &response);
        }
        let (reading, writing) = (Reading::NONE, Writing::Plain);
        return Ok(Reply { status, reading, writing, keep_alive: decision.keep_alive.get(), keep_target });
    }
    if status == 101 && !decision.upgrades {
        return Err(Malformed);
    }
    let cookies = cookies(listener, route, target, response.fields, around.now, around.random);
    let date = if response.fields.iter().any(|field| field.name.eq_ignore_ascii_case("date")) {
        String::new()
    } else {
        cookie::date(around.now)
    };
    let (writing, keep_alive) =
        heads::append_response(out, &response, &cookies, &date, decision.is_11, decision.keep_alive.get());
    Ok(Reply { status, reading: response.body, writing, keep_alive, keep_target })
}

/// The values of `Set-Cookie` that keep a client with its group and its target, which answered with these fields.
pub(crate) fn cookies(
    listener: &Listener,
    route: &Route,
    target: TargetAddress,
    answered: &[httparse::Header<'_>],
    now: u64,
    random: &mut fastrand::Rng,
) -> Vec<String> {
    let mut set = Vec::new();
    let mut add = |names: &[&str], held: &str| {
        let value = names.first().map(|name| listener.settings.cookies.seal(name, held, now, random.u128(..)));
        let value = value.unwrap_or_default();
        set.extend(names.iter().map(|name| cookie::set(name, &value, now)));
    };
    if route.keeps_group {
        add(&[cookie::GROUP, cookie::GROUP_CORS], &route.group.id);
    }
    let held = |of: &TargetGroupId| format!("{of} {}", target.0);
    match &route.stickiness {
        None => {}
        Some(Stickiness::Duration(_)) => add(&[cookie::TARGET, cookie::TARGET_CORS], &held(&route.group.id)),
        Some(Stickiness::Application { cookie, .. }) => {
            let mut fields = answered.iter().filter(|field| field.name.eq_ignore_ascii_case("set-cookie"));
            if fields.any(|field| cookie::sets(field.value, cookie)) {
                add(&[cookie::APPLICATION], &held(&route.group.id));
            }
        }
    }
    set
}
