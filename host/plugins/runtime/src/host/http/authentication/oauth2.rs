//! Access tokens of OAuth 2 that a client gets for its own credentials (RFC 6749, section 4.4).

mod reply;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::future::BoxFuture;
use http::header::HeaderValue;
use rustls::ClientConfig;
use tokio::sync::Mutex as AsyncMutex;
use tokio::time::Instant;
use url::form_urlencoded::{self, Serializer};

use super::super::courier::{Answer, Courier};
use super::super::error::{ErrorKind, HttpError};
use super::super::in_time;
use super::super::proxy::Proxy;
use super::super::request::Outgoing;
use super::super::target::Url;
use super::super::text::{Rendered, base64};
use super::super::tls::ClientTls;
use crate::bindings::forebay::http::client::{ClientCredentials as WitClientCredentials, Part};
use crate::grants::Network;
use crate::scope::Scope;

/// A client, and where it gets tokens. Not to be shown: it holds a secret.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct ClientCredentials {
    url: Url,
    client_id: String,
    client_secret: String,
    /// What is asked for.
    parameters: BTreeMap<String, Vec<String>>,
}

/// What shows that its bearer may do something.
#[derive(Clone)]
pub(crate) struct AccessToken {
    /// As the header `authorization` calls it.
    kind: String,
    pub(crate) text: String,
    /// When it ends; absent: nobody says.
    ends: Option<Instant>,
}

/// The tokens of one component, those of clients that were used last at the end.
#[derive(Default)]
pub(super) struct AccessTokens(Mutex<Vec<(ClientCredentials, Arc<Client>)>>);

/// What is known of a client. Whoever needs a token waits while somebody fetches one.
type Client = AsyncMutex<Known>;

#[derive(Default)]
struct Known {
    /// How its server wants to know who asks, as soon as that is known.
    style: Option<Style>,
    token: Option<AccessToken>,
}

/// Where the credentials stand (RFC 6749, section 2.3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Style {
    Header,
    Parameters,
}

/// How a request for a token is sent: the settings of TLS and what they come to, and the proxy.
pub(super) type Means<'a> = (&'a ClientTls, &'a Arc<ClientConfig>, Option<&'a Proxy>);

/// Why a token was not had.
enum NotFetched {
    /// The server has answered something else.
    Answered(String),
    Failed(HttpError),
}

/// Where the tokens of one client come from, for what is no request itself.
#[derive(Clone)]
pub(crate) struct TokenSource {
    courier: Courier,
    credentials: ClientCredentials,
    tls: Arc<ClientConfig>,
}

/// How long before its end a token is not used any more.
const MARGIN: Duration = Duration::from_secs(10);
/// The longest time for one.
const LONGEST: Duration = Duration::from_secs(25);
/// Clients of which tokens are kept; the one that was not used for longest makes room.
const MOST: usize = 8;

impl ClientCredentials {
    /// Reads what a guest asks for. `fill` puts the secret together.
    ///
    /// # Errors
    /// Says what can't be used.
    pub(crate) fn read(
        asked: WitClientCredentials,
        fill: impl Fn(Vec<Part>) -> Result<Rendered, HttpError>,
    ) -> Result<Self, HttpError> {
        let WitClientCredentials { token_url, client_id, client_secret, scopes, parameters: more } = asked;
        let wrong = |problem: String| HttpError::invalid(format!("oauth2: {problem}"));
        let url =
            Url::parse(&token_url, None).map_err(|problem| wrong(format!("the token's url: {problem}")))?;
        let mut parameters =
            BTreeMap::from([("grant_type".to_owned(), vec!["client_credentials".to_owned()])]);
        if !scopes.is_empty() {
            parameters.insert("scope".to_owned(), vec![scopes.join(" ")]);
        }
        for (name, values) in more {
            // Some servers know grants of other names.
            if name != "grant_type" && parameters.contains_key(&name) {
                return Err(wrong(format!("cannot overwrite parameter {name:?}")));
            }
            parameters.insert(name, values);
        }
        Ok(Self { url, client_id, client_secret: fill(client_secret)?.text, parameters })
    }

    /// # Errors
    /// Says which grant is missing.
    pub(super) fn check(&self, network: &Network) -> Result<(), HttpError> {
        network.request(&self.url.target, "POST").map(drop).map_err(HttpError::denied)
    }

    fn request(&self, style: Style, tls: &ClientTls, proxy: Option<&Proxy>) -> Outgoing {
        let Self { url, client_id, client_secret, parameters } = self;
        let mut form = Serializer::new(String::new());
        for (name, values) in parameters {
            for value in values {
                form.append_pair(name, value);
            }
        }
        let authorization = match style {
            Style::Header => Some(basic(client_id, client_secret)),
            Style::Parameters => {
                let named = [("client_id", client_id), ("client_secret", client_secret)];
                form.extend_pairs(named.into_iter().filter(|(_, value)| !value.is_empty()));
                None
            }
        };
        Outgoing::form(url.clone(), form.finish(), authorization, tls.clone(), proxy.cloned())
    }

    /// Asks for a token.
    async fn fetch(
        &self,
        style: Style,
        courier: &Courier,
        means: Means<'_>,
    ) -> Result<AccessToken, NotFetched> {
        let (settings, tls, proxy) = means;
        let mut outgoing = self.request(style, settings, proxy);
        let asked = Instant::now();
        let answer = in_time(LONGEST, answer(courier, &mut outgoing, tls)).await;
        courier.meter.ended(&answer, |answer| answer.status);
        let Answer { status, headers, body, .. } = answer.map_err(NotFetched::Failed)?;
        let content_type = headers.iter().find(|(name, _)| name == "content-type").map(|(_, value)| value);
        let content_type = content_type.map_or(&[][..], Vec::as_slice);
        reply::read(status, content_type, &body, asked).map_err(NotFetched::Answered)
    }
}

/// In a box, since whatever sends requests may come here.
fn answer<'a>(
    courier: &'a Courier,
    outgoing: &'a mut Outgoing,
    tls: &'a Arc<ClientConfig>,
) -> BoxFuture<'a, Result<Answer, HttpError>> {
    Box::pin(courier.answer(outgoing, tls))
}

/// Name and secret are encoded, unlike in other uses of it (RFC 6749, section 2.3.1).
fn basic(name: &str, secret: &str) -> HeaderValue {
    let encoded = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    let mut text = "Basic ".to_owned();
    base64(format!("{}:{}", encoded(name), encoded(secret)).as_bytes(), &mut text);
    let mut value = HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static("Basic"));
    value.set_sensitive(true);
    value
}

impl AccessTokens {
    /// A token that is good for a while; fetched where none is known.
    ///
    /// # Errors
    /// Why there is none to be had.
    ///
    /// # Cancel safety
    /// The next one who needs a token asks again.
    pub(super) async fn get(
        &self,
        credentials: &ClientCredentials,
        courier: &Courier,
        means: Means<'_>,
    ) -> Result<AccessToken, HttpError> {
        let client = self.client(credentials);
        let mut known = client.lock().await;
        if let Some(token) = known.token.as_ref().filter(|token| token.is_good()) {
            return Ok(token.clone());
        }
        let fetched = match known.style {
            Some(style) => credentials.fetch(style, courier, means).await.map(|token| (style, token)),
            // Nothing says which of both a server takes.
            None => match credentials.fetch(Style::Header, courier, means).await {
                Err(NotFetched::Answered(_)) => {
                    let fetched = credentials.fetch(Style::Parameters, courier, means).await;
                    fetched.map(|token| (Style::Parameters, token))
                }
                fetched => fetched.map(|token| (Style::Header, token)),
            },
        };
        let (style, token) = fetched.map_err(HttpError::from)?;
        *known = Known { style: Some(style), token: Some(token.clone()) };
        Ok(token)
    }

    /// Fetches another one the next time.
    async fn forget(&self, credentials: &ClientCredentials, text: &str) {
        let client = self.client(credentials);
        let mut known = client.lock().await;
        known.token.take_if(|token| token.text == text);
    }

    fn client(&self, credentials: &ClientCredentials) -> Arc<Client> {
        let mut all = self.lock();
        let at = all.iter().position(|(other, _)| other == credentials);
        let entry = match at {
            Some(at) => all.remove(at),
            None => (credentials.clone(), Arc::default()),
        };
        if all.len() >= MOST {
            all.remove(0);
        }
        let client = Arc::clone(&entry.1);
        all.push(entry);
        client
    }

    fn lock(&self) -> MutexGuard<'_, Vec<(ClientCredentials, Arc<Client>)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl From<NotFetched> for HttpError {
    fn from(reason: NotFetched) -> Self {
        match reason {
            NotFetched::Answered(text) => Self::new(ErrorKind::Other, format!("oauth2: {text}")),
            NotFetched::Failed(Self { kind, text }) => Self { kind, text: format!("oauth2: {text}") },
        }
    }
}

impl AccessToken {
    /// The value of the header `authorization`.
    pub(super) fn authorization(&self) -> String {
        format!("{} {}", self.kind, self.text)
    }

    fn is_good(&self) -> bool {
        self.ends.is_none_or(|ends| Instant::now() + MARGIN < ends)
    }
}

impl TokenSource {
    /// # Errors
    /// Says which grant is missing, and what is wrong with TLS.
    pub(crate) fn new(credentials: ClientCredentials, scope: &Scope) -> Result<Self, HttpError> {
        credentials.check(&scope.allowed.network)?;
        let tls = scope.account.requests.tls.get(&ClientTls::default());
        let tls = tls.map_err(|problem| HttpError::new(ErrorKind::Tls, problem))?;
        Ok(Self { courier: Courier::of(scope), credentials, tls })
    }

    /// As [`AccessTokens::get`].
    ///
    /// # Errors
    /// As [`AccessTokens::get`].
    pub(crate) async fn token(&self) -> Result<AccessToken, HttpError> {
        let Self { courier, credentials, tls } = self;
        courier.kept.access_tokens.get(credentials, courier, (&ClientTls::default(), tls, None)).await
    }

    /// A token was not taken: the next one is to be another.
    pub(crate) async fn forget(&self, text: &str) {
        self.courier.kept.access_tokens.forget(&self.credentials, text).await;
    }
}

/// Without secrets.
impl fmt::Debug for TokenSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenSource").field("url", &self.credentials.url.target).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
