//! DescribeListenerAttributes and ModifyListenerAttributes ("HTTP header modification for your Application Load Balancer"). Absent but for
//! their defaults: all of them.

use super::super::{
    arn,
    attribute::{self, Attribute, boolean, number, only},
};
use crate::{Tx, View, state::Listener};
use aws::{
    api::elbv2::{
        DescribeListenerAttributesInput, DescribeListenerAttributesOutput, ListenerAttribute,
        ModifyListenerAttributesInput, ModifyListenerAttributesOutput,
    },
    fault::Fault,
};
use spec::balancing::FlowProtocol;

/// A header that is not added, as there is no value for it.
macro_rules! absent {
    ($key:literal) => {
        Attribute { key: $key, show: |_| String::new(), set: |_, key, value| only(key, value, "") }
    };
}

/// A header that targets are sent under its own name alone.
macro_rules! named {
    ($key:literal, $name:literal) => {
        Attribute { key: $key, show: |_| $name.to_owned(), set: |_, key, value| only(key, value, $name) }
    };
}

/// How many of [`TABLE`]'s are of HTTPS listeners alone.
const OF_TLS: usize = 8;

/// Every attribute of an HTTPS listener, in AWS's order. Absent but for their defaults: all of them.
const TABLE: [Attribute<Listener>; OF_TLS + 11] = [
    named!(
        "routing.http.request.x_amzn_mtls_clientcert_serial_number.header_name",
        "X-Amzn-Mtls-Clientcert-Serial-Number"
    ),
    named!("routing.http.request.x_amzn_mtls_clientcert_issuer.header_name", "X-Amzn-Mtls-Clientcert-Issuer"),
    named!("routing.http.request.x_amzn_mtls_clientcert_subject.header_name", "X-Amzn-Mtls-Clientcert-Subject"),
    named!("routing.http.request.x_amzn_mtls_clientcert_validity.header_name", "X-Amzn-Mtls-Clientcert-Validity"),
    named!("routing.http.request.x_amzn_mtls_clientcert_leaf.header_name", "X-Amzn-Mtls-Clientcert-Leaf"),
    named!("routing.http.request.x_amzn_mtls_clientcert.header_name", "X-Amzn-Mtls-Clientcert"),
    named!("routing.http.request.x_amzn_tls_version.header_name", "X-Amzn-Tls-Version"),
    named!("routing.http.request.x_amzn_tls_cipher_suite.header_name", "X-Amzn-Tls-Cipher-Suite"),
    Attribute {
        key: "routing.http.response.server.enabled",
        show: |_| "true".to_owned(),
        set: |_, key, value| boolean(key, value).and_then(|_| only(key, value, "true")),
    },
    absent!("routing.http.response.strict_transport_security.header_value"),
    absent!("routing.http.response.access_control_allow_origin.header_value"),
    absent!("routing.http.response.access_control_allow_methods.header_value"),
    absent!("routing.http.response.access_control_allow_headers.header_value"),
    absent!("routing.http.response.access_control_allow_credentials.header_value"),
    absent!("routing.http.response.access_control_expose_headers.header_value"),
    absent!("routing.http.response.access_control_max_age.header_value"),
    absent!("routing.http.response.content_security_policy.header_value"),
    absent!("routing.http.response.x_content_type_options.header_value"),
    absent!("routing.http.response.x_frame_options.header_value"),
];

/// Every attribute of a Network Load Balancer's TCP listener; others have none ("Update the TCP idle timeout", Network Load Balancers guide).
const FLOWS: [Attribute<Listener>; 1] = [Attribute {
    key: "tcp.idle_timeout.seconds",
    show: |of| of.idle_timeout.to_string(),
    set: |of, key, value| {
        of.idle_timeout = number(key, value, 60..=6000)?;
        Ok(())
    },
}];

fn table(of: &Listener) -> &'static [Attribute<Listener>] {
    match of.flows {
        None if of.tls.is_some() => &TABLE,
        None => &TABLE[OF_TLS..],
        Some(FlowProtocol::Tcp) if of.tls.is_none() => &FLOWS,
        Some(_) => &[],
    }
}

fn show(of: &Listener) -> Option<Vec<ListenerAttribute>> {
    let shape = |(key, value)| ListenerAttribute { key: Some(key), value: Some(value) };
    Some(attribute::show(of, table(of)).into_iter().map(shape).collect())
}

/// DescribeListenerAttributes.
pub(in crate::elb) fn describe(
    view: &View<'_>,
    input: DescribeListenerAttributesInput,
) -> Result<DescribeListenerAttributesOutput, Fault> {
    let DescribeListenerAttributesInput { listener_arn } = input;
    let (_, listener) = arn::find_listener(view.state, &listener_arn)?;
    Ok(DescribeListenerAttributesOutput { attributes: show(listener) })
}

/// ModifyListenerAttributes.
pub(in crate::elb) fn modify(
    tx: &mut Tx<'_>,
    input: ModifyListenerAttributesInput,
) -> Result<ModifyListenerAttributesOutput, Fault> {
    let ModifyListenerAttributesInput { listener_arn, attributes } = input;
    let (_, listener) = arn::find_listener(&tx.state, &listener_arn)?;
    let mut listener = listener.clone();
    let given = attributes.into_iter().map(|ListenerAttribute { key, value }| (key, value)).collect();
    let table = table(&listener);
    attribute::modify(&mut listener, "Listener", table, given)?;
    let attributes = show(&listener);
    tx.state.listeners.put(listener);
    Ok(ModifyListenerAttributesOutput { attributes })
}
