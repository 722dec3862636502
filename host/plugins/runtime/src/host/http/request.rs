//! A request as the guest asked for it, checked and with its secrets in place.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::Method;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};

use super::authentication::Authentication;
use super::error::{ErrorKind, HttpError};
use super::proxy::Proxy;
use super::target::Url;
use super::text::{Rendered, render};
use super::tls::{ClientTls, Identity};
use crate::bindings::forebay::http::client::{Body, Part, Request, TlsOptions};
use crate::grants::Allowed;
use crate::held::Held;
use crate::secrets::Secrets;

/// A request that can be sent. Not to be shown: it may hold secrets.
pub(super) struct Outgoing {
    pub(super) method: Method,
    pub(super) url: Url,
    pub(super) headers: HeaderMap,
    /// The headers that hold secrets.
    pub(super) secret_headers: HashSet<HeaderName>,
    pub(super) body: Bytes,
    pub(super) body_is_secret: bool,
    pub(super) authentication: Option<Authentication>,
    /// Whether any secret is in it, wherever.
    pub(super) holds_secrets: bool,
    pub(super) timeout: Duration,
    pub(super) redirects: u32,
    pub(super) most: Option<u64>,
    pub(super) tls: ClientTls,
    pub(super) proxy: Option<Proxy>,
    /// Whether gzip was our idea, and is ours to unpack.
    pub(super) unpacks: bool,
}

const TIMEOUT: Duration = Duration::from_secs(30);
const LONGEST_TIMEOUT: Duration = Duration::from_secs(600);
const REDIRECTS: u32 = 10;
const MOST_REDIRECTS: u32 = 30;
/// The largest body that is held at once: where nothing is said, and whatever is said.
pub(super) const BODY: u64 = 1 << 20;
pub(super) const LARGEST_BODY: u64 = 64 << 20;
const USER_AGENT: HeaderValue = HeaderValue::from_static("forebay");
/// Headers, and the bytes of all of them.
const MOST_HEADERS: usize = 200;
const HEADER_BYTES: usize = 256 << 10;

/// Headers that say how a message is framed or which way it takes; those are the host's.
const RESERVED: [HeaderName; 11] = [
    header::CONNECTION,
    header::CONTENT_LENGTH,
    header::EXPECT,
    header::HOST,
    header::PROXY_AUTHENTICATE,
    header::PROXY_AUTHORIZATION,
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
    HeaderName::from_static("keep-alive"),
];

/// Whether a header is the host's to set.
pub(super) fn is_reserved(name: &HeaderName) -> bool {
    RESERVED.contains(name) || name.as_str() == "proxy-connection"
}

impl Outgoing {
    /// Checks a request of somebody who may do what `allowed` says.
    ///
    /// # Errors
    /// Says what can't be sent, and shows no secret.
    pub(super) fn new(
        request: Request,
        secrets: &Secrets,
        held: &Arc<Held>,
        allowed: &Allowed,
    ) -> Result<Self, HttpError> {
        let Request { method, url, headers, body, timeout, redirects, most, tls, proxy, authentication } =
            request;
        let trusted = allowed.network.is_everything();
        let fill = |parts: Vec<Part>, what: &str| {
            render(parts, secrets).map_err(|problem| HttpError::invalid(format!("{what}: {problem}")))
        };
        let known = Method::from_bytes(method.as_bytes()).ok().filter(|method| *method != Method::CONNECT);
        let method =
            known.ok_or_else(|| HttpError::invalid(format!("{method:?} is no method of a request")))?;
        let rendered = fill(url, "url")?;
        let url = Url::parse(&rendered.text, rendered.secret).map_err(HttpError::invalid)?;
        let mut holds_secrets = rendered.is_secret();

        let (headers, secret_headers) = read_headers(headers, trusted, fill)?;
        holds_secrets |= !secret_headers.is_empty();
        let (body, body_is_secret) = match body {
            Body::Bytes(bytes) => (bytes, false),
            Body::Parts(parts) => {
                let Rendered { text, secret } = fill(parts, "body")?;
                (text.into_bytes(), secret.is_some())
            }
        };
        holds_secrets |= body_is_secret;
        let read = |asked| Authentication::read(asked, allowed, fill);
        let authentication = authentication.map(read).transpose()?;
        holds_secrets |= authentication.is_some();
        let body = held.hold(body).map_err(|error| HttpError::new(ErrorKind::TooLarge, error))?;
        let tls = match tls {
            Some(tls) => read_tls(tls, fill)?,
            None => ClientTls::default(),
        };
        let proxy = match proxy {
            Some(proxy) => {
                let rendered = fill(proxy, "proxy")?;
                let proxy = Proxy::parse(&rendered.text, rendered.is_secret()).map_err(HttpError::invalid)?;
                holds_secrets |= rendered.is_secret();
                Some(proxy)
            }
            None => None,
        };
        let unpacks = !headers.contains_key(header::ACCEPT_ENCODING) && !headers.contains_key(header::RANGE);
        let mut outgoing = Self {
            method,
            url,
            headers,
            secret_headers,
            body,
            body_is_secret,
            authentication,
            holds_secrets,
            timeout: timeout.map_or(TIMEOUT, Duration::from_nanos).min(LONGEST_TIMEOUT),
            redirects: redirects.unwrap_or(REDIRECTS).min(MOST_REDIRECTS),
            most,
            tls,
            proxy,
            unpacks,
        };
        if unpacks {
            outgoing.headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("gzip"));
        }
        outgoing.headers.entry(header::USER_AGENT).or_insert(USER_AGENT);
        outgoing.headers.entry(header::ACCEPT).or_insert(HeaderValue::from_static("*/*"));
        Ok(outgoing)
    }

    /// A form that holds secrets, and what names its sender where that is not in the form.
    pub(super) fn form(
        url: Url,
        form: String,
        authorization: Option<HeaderValue>,
        tls: ClientTls,
        proxy: Option<Proxy>,
    ) -> Self {
        let mut headers = HeaderMap::from_iter([
            (header::CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded")),
            (header::ACCEPT, HeaderValue::from_static("*/*")),
            (header::ACCEPT_ENCODING, HeaderValue::from_static("gzip")),
            (header::USER_AGENT, USER_AGENT),
        ]);
        headers.extend(authorization.map(|value| (header::AUTHORIZATION, value)));
        Self {
            method: Method::POST,
            url,
            headers,
            secret_headers: HashSet::from([header::AUTHORIZATION]),
            body: form.into(),
            body_is_secret: true,
            authentication: None,
            holds_secrets: true,
            timeout: TIMEOUT,
            redirects: REDIRECTS,
            most: None,
            tls,
            proxy,
            unpacks: true,
        }
    }

    /// What a body that is held at once may have.
    pub(super) fn most_at_once(&self) -> u64 {
        self.most.unwrap_or(BODY).min(LARGEST_BODY)
    }
}

type Headers = (HeaderMap, HashSet<HeaderName>);

fn read_headers(
    headers: Vec<crate::bindings::forebay::http::client::Header>,
    trusted: bool,
    fill: impl Fn(Vec<Part>, &str) -> Result<Rendered, HttpError>,
) -> Result<Headers, HttpError> {
    if headers.len() > MOST_HEADERS {
        return Err(HttpError::invalid(format!("{} headers, the limit is {MOST_HEADERS}", headers.len())));
    }
    let (mut map, mut secret, mut bytes) = (HeaderMap::new(), HashSet::new(), 0);
    for header in headers {
        let name = HeaderName::from_bytes(header.name.as_bytes())
            .map_err(|_| HttpError::invalid(format!("{:?} is no name of a header", header.name)))?;
        let may_set = !is_reserved(&name) || (trusted && name == header::HOST);
        if !may_set {
            return Err(HttpError::invalid(format!("header {name} is the host's to set")));
        }
        let Rendered { text, secret: is_secret } = fill(header.value, name.as_str())?;
        bytes += name.as_str().len() + text.len();
        if bytes > HEADER_BYTES {
            return Err(HttpError::invalid(format!("the headers have more than {HEADER_BYTES} bytes")));
        }
        let mut value = HeaderValue::from_bytes(text.as_bytes()).map_err(|_| {
            HttpError::invalid(format!("the value of header {name} holds a character that none may have"))
        })?;
        if is_secret.is_some() {
            value.set_sensitive(true);
            secret.insert(name.clone());
        }
        map.append(name, value);
    }
    Ok((map, secret))
}

/// What a guest says of TLS, with its secrets in their places.
///
/// # Errors
/// Says what can't be used, and shows nothing of it.
pub(crate) fn client_tls(tls: TlsOptions, secrets: &Secrets) -> Result<ClientTls, String> {
    let fill = |parts: Vec<Part>, what: &str| {
        render(parts, secrets).map_err(|error| HttpError::invalid(format!("{what}: {error}")))
    };
    read_tls(tls, fill).map_err(|error| error.text)
}

fn read_tls(
    tls: TlsOptions,
    fill: impl Fn(Vec<Part>, &str) -> Result<Rendered, HttpError>,
) -> Result<ClientTls, HttpError> {
    let TlsOptions { skip_verification, extra_roots, certificate, key } = tls;
    let text = |parts: Option<Vec<Part>>, what| -> Result<Option<String>, HttpError> {
        parts.map(|parts| Ok(fill(parts, what)?.text)).transpose()
    };
    let identity = match (text(certificate, "certificate")?, text(key, "key")?) {
        (Some(certificate), Some(key)) => Some(Identity { certificate, key }),
        (None, None) => None,
        _ => return Err(HttpError::invalid("a client's certificate and its key belong together: give both")),
    };
    Ok(ClientTls { skip_verification, extra_roots: text(extra_roots, "extra roots")?, identity })
}
