//! DescribeSSLPolicies ("Security policies for your Application Load Balancer", Application Load Balancers guide). Absent: the policies that
//! hold to FIPS 140-3, and those with post-quantum key exchange. What of these is really negotiated is what the balancer has of it: TLS 1.2
//! and 1.3 with ciphers that authenticate (`balancer::tls::policy`).

use super::page::page;
use crate::View;
use aws::{
    api::elbv2::{Cipher, DescribeSSLPoliciesInput, DescribeSSLPoliciesOutput, LoadBalancerTypeEnum, SslPolicy},
    fault::Fault,
};

/// What ciphers have in common for a policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Class {
    /// Those of TLS 1.3.
    Tls13,
    /// With forward secrecy and authenticated encryption.
    Aead,
    /// With forward secrecy and SHA-2.
    Sha2,
    /// With forward secrecy and SHA-1.
    Sha1,
    /// Without forward secrecy.
    Plain,
    /// The same with SHA-1.
    PlainSha1,
    /// Triple DES.
    Des,
}

/// Every cipher, by OpenSSL's names, in the order in which policies prefer them.
const CIPHERS: [(&str, Class); 22] = [
    ("TLS_AES_128_GCM_SHA256", Class::Tls13),
    ("TLS_AES_256_GCM_SHA384", Class::Tls13),
    ("TLS_CHACHA20_POLY1305_SHA256", Class::Tls13),
    ("ECDHE-ECDSA-AES128-GCM-SHA256", Class::Aead),
    ("ECDHE-RSA-AES128-GCM-SHA256", Class::Aead),
    ("ECDHE-ECDSA-AES128-SHA256", Class::Sha2),
    ("ECDHE-RSA-AES128-SHA256", Class::Sha2),
    ("ECDHE-ECDSA-AES128-SHA", Class::Sha1),
    ("ECDHE-RSA-AES128-SHA", Class::Sha1),
    ("ECDHE-ECDSA-AES256-GCM-SHA384", Class::Aead),
    ("ECDHE-RSA-AES256-GCM-SHA384", Class::Aead),
    ("ECDHE-ECDSA-AES256-SHA384", Class::Sha2),
    ("ECDHE-RSA-AES256-SHA384", Class::Sha2),
    ("ECDHE-RSA-AES256-SHA", Class::Sha1),
    ("ECDHE-ECDSA-AES256-SHA", Class::Sha1),
    ("AES128-GCM-SHA256", Class::Plain),
    ("AES128-SHA256", Class::Plain),
    ("AES128-SHA", Class::PlainSha1),
    ("AES256-GCM-SHA384", Class::Plain),
    ("AES256-SHA256", Class::Plain),
    ("AES256-SHA", Class::PlainSha1),
    ("DES-CBC3-SHA", Class::Des),
];

const PROTOCOLS: [&str; 4] = ["TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"];

use Class::{Aead, Des, Plain, PlainSha1, Sha1, Sha2, Tls13};
const FORWARD: &[Class] = &[Aead, Sha2, Sha1];
const ALL: &[Class] = &[Aead, Sha2, Sha1, Plain, PlainSha1];
const ALL13: &[Class] = &[Tls13, Aead, Sha2, Sha1, Plain, PlainSha1];

/// Every policy: its name, the first and the last of its protocols, its ciphers.
const POLICIES: [(&str, usize, usize, &[Class]); 17] = [
    ("ELBSecurityPolicy-2016-08", 0, 2, ALL),
    ("ELBSecurityPolicy-FS-1-1-2019-08", 1, 2, FORWARD),
    ("ELBSecurityPolicy-FS-1-2-2019-08", 2, 2, FORWARD),
    ("ELBSecurityPolicy-FS-1-2-Res-2019-08", 2, 2, &[Aead, Sha2]),
    ("ELBSecurityPolicy-FS-1-2-Res-2020-10", 2, 2, &[Aead]),
    ("ELBSecurityPolicy-FS-2018-06", 0, 2, FORWARD),
    ("ELBSecurityPolicy-TLS-1-0-2015-04", 0, 2, &[Aead, Sha2, Sha1, Plain, PlainSha1, Des]),
    ("ELBSecurityPolicy-TLS-1-1-2017-01", 1, 2, ALL),
    ("ELBSecurityPolicy-TLS-1-2-2017-01", 2, 2, &[Aead, Sha2, Plain]),
    ("ELBSecurityPolicy-TLS-1-2-Ext-2018-06", 2, 2, ALL),
    ("ELBSecurityPolicy-TLS13-1-0-2021-06", 0, 3, ALL13),
    ("ELBSecurityPolicy-TLS13-1-1-2021-06", 1, 3, ALL13),
    ("ELBSecurityPolicy-TLS13-1-2-2021-06", 2, 3, &[Tls13, Aead, Sha2]),
    ("ELBSecurityPolicy-TLS13-1-2-Ext1-2021-06", 2, 3, &[Tls13, Aead, Sha2, Plain]),
    ("ELBSecurityPolicy-TLS13-1-2-Ext2-2021-06", 2, 3, ALL13),
    ("ELBSecurityPolicy-TLS13-1-2-Res-2021-06", 2, 3, &[Tls13, Aead]),
    ("ELBSecurityPolicy-TLS13-1-3-2021-06", 3, 3, &[Tls13]),
];

/// Whether there is a policy of that name.
pub(super) fn exists(name: &str) -> bool {
    POLICIES.iter().any(|(known, ..)| *known == name)
}

/// DescribeSSLPolicies.
pub(super) fn describe(_: &View<'_>, input: DescribeSSLPoliciesInput) -> Result<DescribeSSLPoliciesOutput, Fault> {
    let DescribeSSLPoliciesInput { names, marker, page_size, load_balancer_type } = input;
    let names = names.unwrap_or_default();
    if names.iter().any(|name| !exists(name)) {
        return Err(Fault::new("SSLPolicyNotFound", "One or more SSL policies not found"));
    }
    // A Gateway Load Balancer has none.
    let any = load_balancer_type != Some(LoadBalancerTypeEnum::Gateway);
    let wanted = |name: &str| any && (names.is_empty() || names.iter().any(|asked| asked == name));
    let found = POLICIES.iter().filter(|(name, ..)| wanted(name));
    let (found, next_marker) = page(found, |(name, ..)| (*name).to_owned(), marker.as_deref(), page_size)?;
    let show = |(name, first, last, classes): &(&str, usize, usize, &[Class])| {
        let ciphers = CIPHERS.iter().filter(|(_, class)| classes.contains(class)).zip(1..);
        let cipher = |((name, _), priority): (&(&str, Class), i32)| Cipher {
            name: Some((*name).to_owned()),
            priority: Some(priority),
        };
        let protocols = PROTOCOLS.iter().skip(*first).take(last - first + 1);
        SslPolicy {
            ssl_protocols: Some(protocols.map(|name| (*name).to_owned()).collect()),
            ciphers: Some(ciphers.map(cipher).collect()),
            name: Some((*name).to_owned()),
            supported_load_balancer_types: Some(vec!["application".to_owned(), "network".to_owned()]),
        }
    };
    Ok(DescribeSSLPoliciesOutput { ssl_policies: Some(found.into_iter().map(show).collect()), next_marker })
}
