//! What listeners with TLS have and others have not ("HTTPS listeners for your Application Load Balancer", "TLS listeners for your Network
//! Load Balancer"): a security policy and certificates.

use super::super::{configuration, invalid, ssl_policy, target_group::version_text, unsupported};
use crate::{
    State, acm,
    state::{ListenerTls, RuleAction},
};
use aws::{
    api::elbv2::{Certificate, MutualAuthenticationAttributes, ProtocolEnum},
    fault::Fault,
};
use spec::balancing::{AlpnPolicy, ProtocolVersion};

/// The policy of a listener that is made without one ("CreateListener", Elastic Load Balancing API Reference).
const POLICY: &str = "ELBSecurityPolicy-2016-08";

/// What a call says of TLS.
pub(super) struct Asked {
    pub ssl_policy: Option<String>,
    pub certificates: Option<Vec<Certificate>>,
    pub alpn_policy: Option<Vec<String>>,
    pub mutual_authentication: Option<MutualAuthenticationAttributes>,
}

/// TLS of a listener that had `before`, if it is to have any. What is not said stays.
///
/// # Errors
/// `ValidationError` for protocols that a load balancer does not have; `InvalidConfigurationRequest` for what the protocol does not go with;
/// `SSLPolicyNotFound`, `CertificateNotFound`.
pub(super) fn read(
    state: &State,
    protocol: Option<ProtocolEnum>,
    asked: Asked,
    before: Option<&ListenerTls>,
) -> Result<Option<ListenerTls>, Fault> {
    let is_https = match protocol {
        None => before.is_some(),
        Some(ProtocolEnum::Http) => false,
        Some(ProtocolEnum::Https) => true,
        Some(other) => return Err(invalid(format!("Listener protocol '{other}' must be one of 'HTTP, HTTPS'"))),
    };
    const NO_ALPN: &str = "You cannot set ALPN policy on load balancers of type 'application'";
    if !is_https {
        refuse(asked, "HTTP", NO_ALPN)?;
        return Ok(None);
    }
    if asked.alpn_policy.as_ref().is_some_and(|list| !list.is_empty()) {
        return Err(configuration(NO_ALPN));
    }
    settings(state, asked, before, "HTTPS").map(Some)
}

/// The same of a TLS listener of a Network Load Balancer.
///
/// # Errors
/// Those of [`read`]; `ValidationError` for an ALPN policy that there is not, and for several.
pub(super) fn of_network(state: &State, asked: Asked, before: Option<&ListenerTls>) -> Result<ListenerTls, Fault> {
    let alpn = match asked.alpn_policy.as_deref() {
        None | Some([]) => None,
        Some([name]) => {
            let found = AlpnPolicy::ALL.into_iter().find(|policy| alpn_text(*policy) == name);
            let all = AlpnPolicy::ALL.map(alpn_text).join(", ");
            Some(found.ok_or_else(|| invalid(format!("ALPN policy '{name}' must be one of '{all}'")))?)
        }
        Some(_) => return Err(invalid("You can specify only one ALPN policy")),
    };
    let settings = settings(state, asked, before, "TLS")?;
    Ok(ListenerTls { alpn: alpn.or(settings.alpn), ..settings })
}

/// `AlpnPolicy` as on the wire.
pub(super) fn alpn_text(of: AlpnPolicy) -> &'static str {
    match of {
        AlpnPolicy::None => "None",
        AlpnPolicy::Http1Only => "HTTP1Only",
        AlpnPolicy::Http2Only => "HTTP2Only",
        AlpnPolicy::Http2Optional => "HTTP2Optional",
        AlpnPolicy::Http2Preferred => "HTTP2Preferred",
    }
}

/// All but what is agreed on over ALPN, which stays.
fn settings(state: &State, asked: Asked, before: Option<&ListenerTls>, kind: &str) -> Result<ListenerTls, Fault> {
    let Asked { ssl_policy, certificates, alpn_policy: _, mutual_authentication } = asked;
    unsupported("MutualAuthentication", mutual_authentication.filter(is_on))?;
    let certificates = certificates.filter(|list| !list.is_empty());
    if let Some(name) = ssl_policy.as_ref().filter(|name| !ssl_policy::exists(name)) {
        return Err(Fault::new("SSLPolicyNotFound", format!("SSL policy '{name}' not found")));
    }
    let default = match certificates {
        Some(list) if list.len() > 1 => {
            let message = format!("Up to '1' certificate ARNs can be specified, but '{}' were specified", list.len());
            return Err(invalid(message));
        }
        Some(list) => Some(arns(state, list)?.remove(0)),
        None => None,
    };
    let before = before.cloned();
    let default = default.or_else(|| before.as_ref().map(|before| before.default.clone()));
    Ok(ListenerTls {
        policy: ssl_policy.or_else(|| before.as_ref().map(|of| of.policy.clone())).unwrap_or_else(|| POLICY.to_owned()),
        default: default.ok_or_else(|| invalid(format!("A certificate must be specified for {kind} listeners")))?,
        alpn: before.as_ref().and_then(|before| before.alpn),
        others: before.map(|before| before.others).unwrap_or_default(),
    })
}

/// Refuses what only a listener with TLS can have, for one of another kind.
///
/// # Errors
/// `InvalidConfigurationRequest`, for mutual authentication as well.
pub(super) fn refuse(asked: Asked, kind: &str, no_alpn: &str) -> Result<(), Fault> {
    let Asked { ssl_policy, certificates, alpn_policy, mutual_authentication } = asked;
    if ssl_policy.is_some() {
        // AWS's own spelling.
        return Err(configuration(format!("An SSL policy cannot be specifed for {kind} listeners")));
    }
    if certificates.is_some_and(|list| !list.is_empty()) {
        return Err(configuration(format!("A certificate cannot be specified for {kind} listeners")));
    }
    if alpn_policy.is_some_and(|list| !list.is_empty()) {
        return Err(configuration(no_alpn));
    }
    unsupported("MutualAuthentication", mutual_authentication.filter(is_on))
}

/// What is off is off on every listener.
fn is_on(of: &MutualAuthenticationAttributes) -> bool {
    of.mode.as_deref().is_some_and(|mode| mode != "off")
}

/// The ARNs of certificates that a call names, each of which there is.
///
/// # Errors
/// `ValidationError`, `CertificateNotFound`, `UnsupportedCertificate`.
pub(super) fn arns(state: &State, list: Vec<Certificate>) -> Result<Vec<String>, Fault> {
    let arn = |Certificate { certificate_arn, is_default }| {
        if is_default.is_some() {
            return Err(invalid("You cannot set the isDefault parameter for a certificate"));
        }
        let arn = certificate_arn.ok_or_else(|| invalid("A certificate ARN must be specified"))?;
        match acm::by_arn(state, &arn) {
            Some(found) if found.body.is_some() => Ok(arn),
            // One that is not issued yet is refused in the words for one that can't be used.
            Some(_) => Err(Fault::new(
                "UnsupportedCertificate",
                format!(
                    "The certificate '{arn}' must have a fully-qualified domain name, a supported signature, and a supported key size."
                ),
            )),
            None => Err(Fault::new("CertificateNotFound", format!("Certificate '{arn}' not found"))),
        }
    };
    list.into_iter().map(arn).collect()
}

/// Refuses to lead clients from HTTPS to HTTP ("Redirect actions"), and to forward to targets that speak HTTP/2 what comes without TLS
/// ("Target groups for your Application Load Balancers", protocol version).
///
/// # Errors
/// `InvalidLoadBalancerAction`.
pub(in crate::elb) fn check_action(state: &State, tls: Option<&ListenerTls>, action: &RuleAction) -> Result<(), Fault> {
    match action {
        RuleAction::Forward(forward) if tls.is_none() => {
            let groups = forward.groups.iter().filter_map(|(id, _)| state.target_groups.get(id));
            match groups.map(|group| group.version).find(|version| *version != ProtocolVersion::Http1) {
                Some(version) => {
                    let version = version_text(version);
                    let message = format!(
                        "Listener protocol 'HTTP' is not supported with a target group with the protocol-version '{version}'"
                    );
                    Err(Fault::new("InvalidLoadBalancerAction", message))
                }
                None => Ok(()),
            }
        }
        RuleAction::Redirect(redirect) if tls.is_some() && redirect.protocol == "HTTP" => {
            Err(Fault::new("InvalidLoadBalancerAction", "Redirect actions cannot redirect from HTTPS to HTTP"))
        }
        _ => Ok(()),
    }
}
