//! Signing ("Signature Version 4", AWS General Reference), by AWS's own crate.

use crate::dial::Body;
use aws_credential_types::Credentials as Identity;
use aws_sigv4::{
    http_request::{SignableBody, SignableRequest, SigningSettings, sign as signature},
    sign::v4,
};
use http::Request;
use spec::Credentials;
use std::{io, time::SystemTime};

/// Adds the headers of a signature to a request.
pub(super) fn sign(
    request: &mut Request<Body>,
    body: &[u8],
    credentials: &Credentials,
    region: &str,
    service: &str,
) -> io::Result<()> {
    let Credentials { access_key_id, secret_access_key, token, .. } = credentials;
    let identity = Identity::new(access_key_id, secret_access_key, Some(token.clone()), None, "neargate").into();
    let params = v4::SigningParams::builder()
        .identity(&identity)
        .region(region)
        .name(service)
        .time(SystemTime::now())
        .settings(SigningSettings::default())
        .build()
        .map_err(io::Error::other)?;
    let uri = request.uri().to_string();
    let headers = request.headers().iter().filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)));
    let signable = SignableRequest::new(request.method().as_str(), &uri, headers, SignableBody::Bytes(body));
    let signed = signature(signable.map_err(io::Error::other)?, &params.into()).map_err(io::Error::other)?;
    signed.into_parts().0.apply_to_request_http1x(request);
    Ok(())
}
