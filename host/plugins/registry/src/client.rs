//! Requests to one registry, with whatever it wants to know about who asks.

use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HOST, LOCATION, USER_AGENT, WWW_AUTHENTICATE};
use http::{HeaderMap, Method, Request, StatusCode, Uri};
use http_body_util::Full;

use crate::auth;
use crate::challenge::Challenge;
use crate::connection::{Answer, Connector};
use crate::credentials::Credentials;
use crate::error::RegistryError;
use crate::reference::Reference;

/// The longest file that is pushed or pulled.
pub const MOST_BYTES: u64 = 256 << 20;
/// The longest answer that is no plugin: manifests, tokens, errors.
pub(crate) const MOST_TEXT: u64 = 4 << 20;
/// How often an answer may lead somewhere else.
const MOST_REDIRECTS: usize = 5;

/// A client of one registry.
///
/// HTTPS is spoken with every registry but those on this machine, which are asked by HTTP.
pub struct Client {
    connector: Connector,
    registry: String,
    credentials: Credentials,
    /// What is said with every request, once that is known.
    authorization: Option<String>,
}

/// What is asked.
pub(crate) struct Call<'a> {
    /// What it is for, in errors.
    pub(crate) what: &'static str,
    pub(crate) method: Method,
    pub(crate) uri: Uri,
    pub(crate) accept: Option<&'a str>,
    pub(crate) content_type: Option<&'a str>,
    pub(crate) body: Bytes,
    /// Of the answer.
    pub(crate) limit: u64,
}

impl Client {
    /// A client of the registry that a reference names.
    ///
    /// # Errors
    /// When the certificates of this system can't be used.
    pub fn new(reference: &Reference, credentials: Credentials) -> Result<Self, RegistryError> {
        let registry = reference.registry().to_owned();
        Ok(Self { connector: Connector::new()?, registry, credentials, authorization: None })
    }

    /// An address below `/v2/` of the registry.
    pub(crate) fn uri(&self, path: &str) -> Result<Uri, RegistryError> {
        let scheme = if is_local(&self.registry) { "http" } else { "https" };
        self.parse(&format!("{scheme}://{}/v2/{path}", self.registry))
    }

    /// An address that the registry has given, which may leave out what is its own.
    pub(crate) fn led_to(&self, base: &Uri, location: &str) -> Result<Uri, RegistryError> {
        if location.starts_with('/') && !location.starts_with("//") {
            let (scheme, authority) = (base.scheme_str().unwrap_or("https"), base.authority());
            let authority = authority.map(ToString::to_string).unwrap_or_default();
            return self.parse(&format!("{scheme}://{authority}{location}"));
        }
        let uri = self.parse(location)?;
        let is_safe = uri.scheme_str() == Some("https") || is_local(&self.registry);
        if uri.host().is_none() || !is_safe {
            return Err(self.protocol(format!("it leads to {location}, which is no https address")));
        }
        Ok(uri)
    }

    /// Asks, and asks again once it is known how to say who asks.
    pub(crate) async fn call(&mut self, call: Call<'_>) -> Result<Answer, RegistryError> {
        let mut answer = self.follow(&call).await?;
        if answer.status() == StatusCode::UNAUTHORIZED {
            self.authorize(answer.headers()).await?;
            answer = self.follow(&call).await?;
        }
        match answer.status() {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
                Err(RegistryError::Denied { place: self.registry.clone(), message: message(answer.body()) })
            }
            _ => Ok(answer),
        }
    }

    /// The error that an answer is, which should have been another one.
    pub(crate) fn unexpected(&self, what: &'static str, answer: &Answer) -> RegistryError {
        let (place, status) = (self.registry.clone(), answer.status());
        RegistryError::Status { what, place, status, message: message(answer.body()) }
    }

    pub(crate) fn protocol(&self, reason: String) -> RegistryError {
        RegistryError::Protocol { place: self.registry.clone(), reason }
    }

    /// One request, and the addresses that it leads to.
    async fn follow(&self, call: &Call<'_>) -> Result<Answer, RegistryError> {
        let mut uri = call.uri.clone();
        for _ in 0..=MOST_REDIRECTS {
            let answer = self.send(call, &uri).await?;
            let leads_on = answer.status().is_redirection() && call.method == Method::GET;
            let Some(location) = answer.headers().get(LOCATION).filter(|_| leads_on) else {
                return Ok(answer);
            };
            let location = location.to_str().unwrap_or_default();
            uri = self.led_to(&uri, location)?;
        }
        Err(self.protocol(format!("{} leads from one place to another without end", call.what)))
    }

    async fn send(&self, call: &Call<'_>, uri: &Uri) -> Result<Answer, RegistryError> {
        let path = uri.path_and_query().map_or("/", |path| path.as_str());
        let authority = uri.authority().map(ToString::to_string).unwrap_or_default();
        let mut request = Request::builder().method(call.method.clone()).uri(path).header(HOST, &authority);
        request = request.header(USER_AGENT, concat!("forebay/", env!("CARGO_PKG_VERSION")));
        for (name, value) in [(ACCEPT, call.accept), (CONTENT_TYPE, call.content_type)] {
            if let Some(value) = value {
                request = request.header(name, value);
            }
        }
        // Whoever else a registry leads to is not told who asks.
        if let Some(authorization) = self.authorization.as_ref().filter(|_| authority == self.registry) {
            request = request.header(AUTHORIZATION, authorization);
        }
        let request = request.body(Full::new(call.body.clone()));
        let request = request.map_err(|error| self.protocol(error.to_string()))?;
        self.connector.send(uri, request, call.limit).await
    }

    /// Finds out what to say with the next requests.
    async fn authorize(&mut self, headers: &HeaderMap) -> Result<(), RegistryError> {
        let offered = headers.get_all(WWW_AUTHENTICATE).iter().filter_map(|header| header.to_str().ok());
        let challenge = offered.filter_map(Challenge::parse).next();
        self.authorization = match challenge {
            None => return Err(self.protocol("it does not say how it wants to be asked".to_owned())),
            Some(Challenge::Basic) => self.credentials.basic(),
            Some(Challenge::Bearer { realm, service, scope }) => {
                let (service, scope) = (service.unwrap_or_default(), scope.unwrap_or_default());
                let request = auth::token_request(&realm, &service, &scope, &self.credentials);
                let uri = self.led_to(&self.uri("")?, &request.address)?;
                Some(format!("Bearer {}", self.token(&uri, request).await?))
            }
        };
        Ok(())
    }

    async fn token(&self, uri: &Uri, request: auth::TokenRequest) -> Result<String, RegistryError> {
        let path = uri.path_and_query().map_or("/", |path| path.as_str());
        let host = uri.authority().map(ToString::to_string).unwrap_or_default();
        let auth::TokenRequest { form, authorization, .. } = request;
        let method = if form.is_some() { Method::POST } else { Method::GET };
        let mut http = Request::builder().method(method).uri(path).header(HOST, host);
        if let Some(authorization) = authorization {
            http = http.header(AUTHORIZATION, authorization);
        }
        if form.is_some() {
            http = http.header(CONTENT_TYPE, "application/x-www-form-urlencoded");
        }
        let http = http.body(Full::new(Bytes::from(form.unwrap_or_default())));
        let http = http.map_err(|error| self.protocol(error.to_string()))?;
        let answer = self.connector.send(uri, http, MOST_TEXT).await?;
        match answer.status() {
            StatusCode::OK => {
                auth::token(answer.body()).ok_or_else(|| self.protocol("its token is none".to_owned()))
            }
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
                Err(RegistryError::Denied { place: self.registry.clone(), message: message(answer.body()) })
            }
            _ => Err(self.unexpected("ask for a token", &answer)),
        }
    }

    fn parse(&self, address: &str) -> Result<Uri, RegistryError> {
        address.parse().map_err(|_| self.protocol(format!("`{address}` is no address")))
    }
}

/// Whether a registry is on this machine.
fn is_local(registry: &str) -> bool {
    let host = match registry.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => registry,
    };
    let address = host.trim_matches(['[', ']']).parse::<std::net::IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

/// What a registry says in an error, in a line.
fn message(body: &[u8]) -> String {
    #[derive(serde::Deserialize)]
    struct Errors {
        errors: Vec<Error>,
    }
    #[derive(serde::Deserialize)]
    struct Error {
        #[serde(default)]
        code: String,
        #[serde(default)]
        message: String,
    }
    const LONGEST: usize = 200;
    let text = match serde_json::from_slice::<Errors>(body) {
        Ok(Errors { errors }) => {
            let shown = errors.iter().map(|Error { code, message }| format!("{code}: {message}"));
            shown.collect::<Vec<_>>().join("; ")
        }
        Err(_) => String::from_utf8_lossy(body).into_owned(),
    };
    let printable = text.chars().map(|letter| if letter.is_control() { ' ' } else { letter });
    printable.take(LONGEST).collect::<String>().trim().to_owned()
}

impl std::fmt::Debug for Client {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Client")
            .field("registry", &self.registry)
            .field("credentials", &self.credentials)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_on_this_machine_is_asked_without_tls() {
        for local in ["localhost", "localhost:5000", "127.0.0.1:5000", "127.9.9.9", "[::1]:5000"] {
            assert!(is_local(local), "{local}");
        }
        for other in ["ghcr.io", "localhost.example", "10.0.0.1:5000", "127.0.0.1.example:80"] {
            assert!(!is_local(other), "{other}");
        }
    }

    #[test]
    fn errors_of_registries_are_shown_in_a_line() {
        let body = br#"{"errors": [{"code": "DENIED", "message": "no\nway"}, {"code": "X"}]}"#;
        assert_eq!(message(body), "DENIED: no way; X:");
        assert_eq!(message(b"<html>\n"), "<html>");
    }
}
