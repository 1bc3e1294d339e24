//! HTTPS for a task: connections, and requests on them.

use super::{Dialer, go, said};
use bytes::Bytes;
use http::{HeaderValue, Request, Response, Uri, header};
use http_body_util::{BodyExt, Full, Limited};
use hyper::{body::Incoming, client::conn::http1::SendRequest};
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use std::{
    io::{self, ErrorKind},
    time::Duration,
};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

/// What is sent.
pub(crate) type Body = Full<Bytes>;
/// What comes back: its body is still to be read.
pub(crate) type Answer = Response<Incoming>;

/// A connection that requests are sent on, one after the other: each once the answer before it was read whole.
pub(crate) struct Connection {
    sender: SendRequest<Body>,
    /// Whose it is, as a header says it.
    host: HeaderValue,
    silence: Duration,
}

impl Dialer {
    /// Sends a request whose URI is a whole `https` URL on a connection of its own, and returns when the answer's head is there, whatever
    /// its status.
    ///
    /// # Errors
    /// No answer came, in Go's words.
    pub(crate) async fn send(&self, request: Request<Body>) -> io::Result<Answer> {
        self.open(request.uri()).await?.send(request).await
    }

    /// Connects to whoever has an `https` URL.
    ///
    /// # Errors
    /// In Go's words.
    pub(crate) async fn open(&self, uri: &Uri) -> io::Result<Connection> {
        let host = uri.host().unwrap_or_default();
        if uri.scheme_str() != Some("https") {
            let scheme = uri.scheme_str().unwrap_or_default();
            return Err(said(ErrorKind::InvalidInput, format!("unsupported protocol scheme {scheme:?}")));
        }
        let stream = self.connect(host, uri.port_u16().unwrap_or(443)).await?;
        let name = ServerName::try_from(host.to_owned()).map_err(|error| said(ErrorKind::InvalidInput, error))?;
        let secured = timeout(self.patience.dial, TlsConnector::from(self.trust.0.clone()).connect(name, stream)).await;
        let secured = secured.map_err(|_| said(ErrorKind::TimedOut, "net/http: TLS handshake timeout"))?;
        let secured = secured.map_err(|error| said(error.kind(), tls(&error)))?;
        let (sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(secured)).await.map_err(io::Error::other)?;
        tokio::spawn(connection);
        let authority = uri.authority().map_or(host, |authority| authority.as_str());
        let host = HeaderValue::from_str(authority).map_err(io::Error::other)?;
        Ok(Connection { sender, host, silence: self.patience.silence })
    }

    /// The whole body of an answer, of at most so many bytes.
    ///
    /// # Errors
    /// When it is longer, breaks off or stops coming.
    pub(crate) async fn whole(&self, answer: Answer, most: usize) -> io::Result<Bytes> {
        let body = timeout(self.patience.silence, Limited::new(answer.into_body(), most).collect()).await;
        Ok(body.map_err(|_| said(ErrorKind::TimedOut, "i/o timeout"))?.map_err(io::Error::other)?.to_bytes())
    }
}

impl Connection {
    /// Sends a request to whoever it was opened to, and returns when the answer's head is there.
    ///
    /// # Errors
    /// No answer came, in Go's words.
    pub(crate) async fn send(&mut self, mut request: Request<Body>) -> io::Result<Answer> {
        // On the connection only the path is sent; whose it is, is in a header.
        let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
        *request.uri_mut() = path.parse().map_err(io::Error::other)?;
        request.headers_mut().insert(header::HOST, self.host.clone());
        let answer = timeout(self.silence, async {
            self.sender.ready().await?;
            self.sender.send_request(request).await
        });
        let silent = |_| said(ErrorKind::TimedOut, "net/http: timeout awaiting response headers");
        answer.await.map_err(silent)?.map_err(|error| {
            let error = broken(error);
            said(error.kind(), go(&error, "read"))
        })
    }

    /// Whether the other side has ended it.
    pub(crate) fn is_closed(&self) -> bool {
        self.sender.is_closed()
    }
}

/// What Go says of a handshake that failed.
fn tls(error: &io::Error) -> String {
    use rustls::{AlertDescription, CertificateError, Error};
    let of_tls = error.get_ref().and_then(|inner| inner.downcast_ref::<Error>());
    let x509 = |words: &str| format!("tls: failed to verify certificate: x509: {words}");
    match of_tls {
        Some(Error::InvalidCertificate(CertificateError::UnknownIssuer)) => {
            x509("certificate signed by unknown authority")
        }
        Some(Error::InvalidCertificate(CertificateError::Expired | CertificateError::ExpiredContext { .. })) => {
            x509("certificate has expired or is not yet valid")
        }
        Some(Error::InvalidCertificate(other)) => x509(&other.to_string()),
        Some(Error::AlertReceived(AlertDescription::UnrecognisedName)) => "remote error: tls: unrecognized name".into(),
        Some(Error::AlertReceived(AlertDescription::HandshakeFailure)) => "remote error: tls: handshake failure".into(),
        Some(Error::InvalidMessage(_)) => "tls: first record does not look like a TLS handshake".to_owned(),
        _ if error.kind() == ErrorKind::UnexpectedEof => "EOF".to_owned(),
        _ => go(error, "read"),
    }
}

/// The system's error under one of HTTP's.
pub(crate) fn broken(error: hyper::Error) -> io::Error {
    let mut cause = std::error::Error::source(&error);
    while let Some(inner) = cause {
        if let Some(of_system) = inner.downcast_ref::<io::Error>() {
            return said(of_system.kind(), of_system);
        }
        cause = inner.source();
    }
    if error.is_incomplete_message() { said(ErrorKind::UnexpectedEof, "EOF") } else { io::Error::other(error) }
}
