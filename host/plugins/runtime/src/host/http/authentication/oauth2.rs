//! Access tokens of OAuth 2 that a client gets for its own credentials (RFC 6749, section 4.4).

mod reply;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use forebay_lifecycle::Spawner;
use rustls::ClientConfig;
use tokio::sync::{Mutex as AsyncMutex, oneshot};
use tokio::time::Instant;
use url::form_urlencoded::Serializer;

use super::super::client;
use super::super::courier::{Answer, Courier};
use super::super::error::{ErrorKind, HttpError};
use super::super::in_time;
use super::super::proxy::Proxy;
use super::super::request::Outgoing;
use super::super::target::{Url, percent};
use super::super::text::{Rendered, base64};
use super::super::tls::ClientTls;
use super::hidden;
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
pub(in super::super) struct AccessTokens(Mutex<Vec<(Key, Arc<Client>)>>);

/// A client, and how its server is verified and reached: a token that came another way is another token.
type Key = (ClientCredentials, ClientTls, Option<Proxy>);

/// What is known of a client. Whoever needs a token waits while one is fetched.
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

/// How a request for a token is sent.
#[derive(Clone)]
pub(in super::super) struct Means {
    pub(in super::super) settings: ClientTls,
    /// What the settings come to.
    pub(in super::super) tls: Arc<ClientConfig>,
    pub(in super::super) proxy: Option<Proxy>,
}

/// Why a token was not had.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotFetched {
    /// The server has answered something else.
    #[error("oauth2: {text}")]
    Answered { status: u16, text: String },
    #[error("oauth2: {0}")]
    Failed(HttpError),
    /// It may come yet.
    #[error("oauth2: there is no token after {0:?}")]
    Late(Duration),
}

/// Where the tokens of one client come from, for what is no request itself.
#[derive(Clone)]
pub(crate) struct TokenSource {
    courier: Courier,
    credentials: ClientCredentials,
    means: Means,
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
                return Err(wrong(format!(
                    "cannot overwrite parameter {name:?}: name it once, and `scope` only without scopes"
                )));
            }
            parameters.insert(name, values);
        }
        Ok(Self { url, client_id, client_secret: fill(client_secret)?.text, parameters })
    }

    /// # Errors
    /// Says which grant is missing.
    pub(super) fn check(&self, network: &Network, tls: &ClientTls) -> Result<(), HttpError> {
        client::permit(network, &self.url.target, "POST", tls).map(drop)
    }

    fn request(&self, style: Style, means: &Means) -> Result<Outgoing, HttpError> {
        let Self { url, client_id, client_secret, parameters } = self;
        let mut parameters = parameters.clone();
        let authorization = match style {
            Style::Header => Some(hidden(&basic(client_id, client_secret))?),
            Style::Parameters => {
                let named = [("client_id", client_id), ("client_secret", client_secret)];
                let named = named.into_iter().filter(|(_, value)| !value.is_empty());
                parameters.extend(named.map(|(name, value)| (name.to_owned(), vec![value.clone()])));
                None
            }
        };
        let mut form = Serializer::new(String::new());
        for (name, values) in &parameters {
            form.extend_pairs(values.iter().map(|value| (name, value)));
        }
        let Means { settings, proxy, .. } = means;
        Ok(Outgoing::form(url.clone(), form.finish(), authorization, settings.clone(), proxy.clone()))
    }

    /// Asks for a token in the way that is known, or in both.
    async fn fetch(
        &self,
        known: &mut Known,
        courier: &Courier,
        means: &Means,
    ) -> Result<AccessToken, NotFetched> {
        let (style, fetched) = match known.style {
            Some(style) => (style, self.ask(style, courier, means).await),
            // Nothing says which of both a server takes.
            None => match self.ask(Style::Header, courier, means).await {
                Err(refused) if refused.may_be_of_style() => {
                    (Style::Parameters, self.ask(Style::Parameters, courier, means).await)
                }
                fetched => (Style::Header, fetched),
            },
        };
        let token = fetched?;
        *known = Known { style: Some(style), token: Some(token.clone()) };
        Ok(token)
    }

    async fn ask(&self, style: Style, courier: &Courier, means: &Means) -> Result<AccessToken, NotFetched> {
        let mut outgoing = self.request(style, means).map_err(NotFetched::Failed)?;
        let asked = Instant::now();
        let answer = in_time(LONGEST, courier.answer(&mut outgoing, &means.tls)).await;
        courier.meter.ended(&answer, |answer| answer.status);
        let Answer { status, headers, body, .. } = answer.map_err(NotFetched::Failed)?;
        let content_type = headers.iter().find(|(name, _)| name == "content-type").map(|(_, value)| value);
        let content_type = content_type.map_or(&[][..], Vec::as_slice);
        reply::read(status, content_type, &body, asked).map_err(|text| NotFetched::Answered { status, text })
    }
}

/// Name and secret are encoded as in a form, unlike in other uses of it (RFC 6749, section 2.3.1).
fn basic(name: &str, secret: &str) -> String {
    let mut text = "Basic ".to_owned();
    base64(format!("{}:{}", encoded(name), encoded(secret)).as_bytes(), &mut text);
    text
}

/// As other clients write it: some servers compare it as it is, and `~` is common in secrets.
fn encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b' ' => out.push('+'),
            byte if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) => out.push(char::from(byte)),
            byte => percent(byte, &mut out),
        }
    }
    out
}

impl AccessTokens {
    /// A token that is good for a while; fetched where none is known, and waited for so long.
    ///
    /// # Errors
    /// Why there is none to be had.
    ///
    /// # Cancel safety
    /// What is being fetched is for the next who needs it.
    pub(in super::super) async fn get(
        &self,
        credentials: &ClientCredentials,
        courier: &Courier,
        means: Means,
        patience: Duration,
    ) -> Result<AccessToken, NotFetched> {
        let client = self.client(credentials, &means);
        let had = async {
            let mut known = client.lock_owned().await;
            if let Some(token) = known.token.as_ref().filter(|token| token.is_good()) {
                return Ok(token.clone());
            }
            let (done, fetched) = oneshot::channel();
            let (credentials, courier) = (credentials.clone(), courier.clone());
            // By itself: otherwise a server that takes longer than a request may would never be waited for.
            Spawner::current().spawn(async move {
                // Nobody may want to know it any more.
                let _ = done.send(credentials.fetch(&mut known, &courier, &means).await);
            });
            fetched.await.unwrap_or_else(|_| Err(NotFetched::Failed(HttpError::stopped())))
        };
        tokio::time::timeout(patience, had).await.unwrap_or(Err(NotFetched::Late(patience)))
    }

    /// A token was not taken: the next one is to be another.
    pub(super) fn forget(&self, is_it: impl Fn(&AccessToken) -> bool) {
        for (_, client) in self.lock().iter() {
            // Whoever has it fetches one just now.
            let Ok(mut known) = client.try_lock() else { continue };
            known.token.take_if(|token| is_it(token));
        }
    }

    fn client(&self, credentials: &ClientCredentials, means: &Means) -> Arc<Client> {
        let mut all = self.lock();
        let Means { settings, proxy, .. } = means;
        let is_it = |(other, tls, way): &Key| other == credentials && tls == settings && way == proxy;
        let entry = match all.iter().position(|(key, _)| is_it(key)) {
            Some(at) => all.remove(at),
            None => ((credentials.clone(), settings.clone(), proxy.clone()), Arc::default()),
        };
        if all.len() >= MOST {
            all.remove(0);
        }
        let client = Arc::clone(&entry.1);
        all.push(entry);
        client
    }

    fn lock(&self) -> MutexGuard<'_, Vec<(Key, Arc<Client>)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl NotFetched {
    /// Whether another way to say who asks may help. What fails before there is a connection does not depend on it.
    fn may_be_of_style(&self) -> bool {
        match self {
            Self::Answered { .. } => true,
            Self::Failed(HttpError { kind, .. }) => {
                matches!(kind, ErrorKind::Protocol | ErrorKind::Redirect | ErrorKind::TooLarge)
            }
            Self::Late(_) => false,
        }
    }

    /// Whether the next time is like this one, until somebody has changed something.
    pub(crate) fn is_final(&self) -> bool {
        match self {
            Self::Answered { status, .. } => matches!(status, 400 | 401 | 403),
            Self::Failed(HttpError { kind, .. }) => matches!(kind, ErrorKind::Denied | ErrorKind::Invalid),
            Self::Late(_) => false,
        }
    }
}

/// For the request that needed it. That a token was late is not that a request was.
impl From<NotFetched> for HttpError {
    fn from(reason: NotFetched) -> Self {
        let kind = match &reason {
            NotFetched::Failed(Self { kind, .. }) if *kind != ErrorKind::Timeout => *kind,
            NotFetched::Answered { .. } | NotFetched::Failed(_) | NotFetched::Late(_) => ErrorKind::Other,
        };
        Self::new(kind, reason)
    }
}

impl AccessToken {
    /// The value of the header `authorization`.
    pub(in super::super) fn authorization(&self) -> String {
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
        let settings = ClientTls::default();
        credentials.check(&scope.allowed.network, &settings)?;
        let tls = scope.account.requests.tls.get(&settings);
        let tls = tls.map_err(|problem| HttpError::new(ErrorKind::Tls, problem))?;
        Ok(Self { courier: Courier::of(scope), credentials, means: Means { settings, tls, proxy: None } })
    }

    /// As [`AccessTokens::get`].
    ///
    /// # Errors
    /// As [`AccessTokens::get`].
    pub(crate) async fn token(&self, patience: Duration) -> Result<AccessToken, NotFetched> {
        let Self { courier, credentials, means } = self;
        courier.kept.access_tokens.get(credentials, courier, means.clone(), patience).await
    }

    /// A token was not taken: the next one is to be another.
    pub(crate) fn forget(&self, text: &str) {
        self.courier.kept.access_tokens.forget(|token| token.text == text);
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
