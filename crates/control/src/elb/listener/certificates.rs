//! The certificates of HTTPS listeners ("SSL certificates for your Application Load Balancer"): AddListenerCertificates,
//! RemoveListenerCertificates, DescribeListenerCertificates.

use super::{
    super::{arn, configuration, limits, page::page},
    tls,
};
use crate::{
    State, Tx, View,
    state::{Listener, ListenerTls},
};
use aws::{
    api::elbv2::{
        AddListenerCertificatesInput, AddListenerCertificatesOutput, Certificate, DescribeListenerCertificatesInput,
        DescribeListenerCertificatesOutput, RemoveListenerCertificatesInput, RemoveListenerCertificatesOutput,
    },
    fault::Fault,
};

/// The HTTPS listener of an ARN, with its TLS.
fn find(state: &State, arn: &str) -> Result<(Listener, ListenerTls), Fault> {
    let (_, listener) = arn::find_listener(state, arn)?;
    let tls = listener.tls.clone();
    let tls = tls.ok_or_else(|| configuration("A certificate cannot be specified for HTTP listeners"))?;
    Ok((listener.clone(), tls))
}

/// AddListenerCertificates. One that is there already stays.
pub(in crate::elb) fn add(
    tx: &mut Tx<'_>,
    input: AddListenerCertificatesInput,
) -> Result<AddListenerCertificatesOutput, Fault> {
    let AddListenerCertificatesInput { listener_arn, certificates } = input;
    let (mut listener, mut tls) = find(&tx.state, &listener_arn)?;
    let arns = tls::arns(&tx.state, certificates)?;
    for arn in &arns {
        if !tls.others.contains(arn) {
            tls.others.push(arn.clone());
        }
    }
    let prefix = Listener::prefix(&listener.load_balancer);
    let others = tx.state.listeners.prefixed(&prefix);
    let others = others.filter(|other| other.id != listener.id).flat_map(|other| &other.tls);
    if others.map(|tls| tls.others.len()).sum::<usize>() + tls.others.len() > limits::CERTIFICATES {
        let message = "The maximum number of certificates per load balancer has been reached";
        return Err(Fault::new("TooManyCertificates", message));
    }
    listener.tls = Some(tls);
    tx.state.listeners.put(listener);
    Ok(AddListenerCertificatesOutput { certificates: Some(arns.into_iter().map(|arn| show(arn, false)).collect()) })
}

/// RemoveListenerCertificates. One that is not there is gone already.
pub(in crate::elb) fn remove(
    tx: &mut Tx<'_>,
    input: RemoveListenerCertificatesInput,
) -> Result<RemoveListenerCertificatesOutput, Fault> {
    let RemoveListenerCertificatesInput { listener_arn, certificates } = input;
    let (mut listener, mut tls) = find(&tx.state, &listener_arn)?;
    let arns = tls::arns(&tx.state, certificates)?;
    if arns.iter().any(|arn| *arn == tls.default && !tls.others.contains(arn)) {
        let message = "The default certificate of a listener cannot be removed, only replaced";
        return Err(Fault::new("OperationNotPermitted", message));
    }
    tls.others.retain(|arn| !arns.contains(arn));
    listener.tls = Some(tls);
    tx.state.listeners.put(listener);
    Ok(RemoveListenerCertificatesOutput {})
}

/// DescribeListenerCertificates: the default one first.
pub(in crate::elb) fn describe(
    view: &View<'_>,
    input: DescribeListenerCertificatesInput,
) -> Result<DescribeListenerCertificatesOutput, Fault> {
    let DescribeListenerCertificatesInput { listener_arn, marker, page_size } = input;
    let (_, listener) = arn::find_listener(view.state, &listener_arn)?;
    let all = listener.tls.iter().flat_map(|tls| {
        let others = tls.others.iter().map(|arn| show(arn.clone(), false));
        std::iter::once(show(tls.default.clone(), true)).chain(others)
    });
    let key = |(place, _): &(usize, Certificate)| format!("{place:04}");
    let (page, next_marker) = page(all.enumerate(), key, marker.as_deref(), page_size)?;
    let certificates = page.into_iter().map(|(_, certificate)| certificate).collect();
    Ok(DescribeListenerCertificatesOutput { certificates: Some(certificates), next_marker })
}

fn show(arn: String, is_default: bool) -> Certificate {
    Certificate { certificate_arn: Some(arn), is_default: Some(is_default) }
}
