//! What proves who sends a request, computed with secrets when it is sent.

mod challenge;
mod digest;
mod jwt;
mod oauth1;
mod oauth2;

use std::fmt;
use std::sync::Arc;
use std::time::UNIX_EPOCH;

use bytes::Bytes;
use forebay_lifecycle::clock;
use http::header::{self, HeaderMap, HeaderValue};
use http::{Request, Uri};
use http_body_util::Full;
use ring::rand::{SecureRandom as _, SystemRandom};

use super::error::{ErrorKind, HttpError};
use super::text::Rendered;
use super::tls::ClientTls;
use crate::bindings::forebay::http::client::{
    Authentication as WitAuthentication, Digest as WitDigest, Jwt as WitJwt, Oauth1 as WitOAuth1, Part,
};
use crate::grants::{Access, Allowed, Network};
pub(super) use digest::Challenges;
use digest::Credentials;
pub(super) use jwt::Tokens;
use jwt::{Signing, TokenSettings};
use oauth1::OAuth1;
use oauth2::AccessTokens;
pub(super) use oauth2::Means;
pub(crate) use oauth2::{ClientCredentials, TokenSource};

/// What proves who sends a request. Not to be shown: it holds secrets.
pub(super) enum Authentication {
    OAuth1(OAuth1),
    /// A token that stands in the header already when the request is sent.
    OAuth2(ClientCredentials),
    Jwt(TokenSettings),
    /// Once the server has asked for it.
    Digest(Credentials),
}

/// What the authentications of one component keep from one request to the next.
#[derive(Clone, Default)]
pub(super) struct Kept {
    pub(super) tokens: Arc<Tokens>,
    pub(super) challenges: Arc<Challenges>,
    pub(super) access_tokens: Arc<AccessTokens>,
}

/// Without the tokens.
impl fmt::Debug for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Kept").finish_non_exhaustive()
    }
}

impl Authentication {
    /// Reads what a guest asks for. `fill` puts a text together.
    ///
    /// # Errors
    /// Says what can't be used, and which grant is missing.
    pub(super) fn read(
        asked: WitAuthentication,
        allowed: &Allowed,
        fill: impl Fn(Vec<Part>, &str) -> Result<Rendered, HttpError>,
    ) -> Result<Self, HttpError> {
        Ok(match asked {
            WitAuthentication::Oauth1(WitOAuth1 { consumer_key, consumer_secret, token, token_secret }) => {
                Self::OAuth1(OAuth1 {
                    consumer_key,
                    consumer_secret: fill(consumer_secret, "consumer secret")?.text,
                    token,
                    token_secret: fill(token_secret, "token secret")?.text,
                })
            }
            WitAuthentication::Oauth2(credentials) => {
                Self::OAuth2(ClientCredentials::read(credentials, |parts| fill(parts, "client secret"))?)
            }
            WitAuthentication::Jwt(WitJwt { private_key_file, signing_method, claims, headers }) => {
                let file =
                    allowed.file(private_key_file.as_ref(), Access::Read).map_err(HttpError::denied)?;
                let signing: Signing = signing_method.parse().map_err(HttpError::invalid)?;
                let settings = TokenSettings::new(file, signing, &headers, &claims);
                Self::Jwt(settings.map_err(HttpError::invalid)?)
            }
            WitAuthentication::Digest(WitDigest { username, password }) => {
                Self::Digest(Credentials { username, password: fill(password, "password")?.text })
            }
        })
    }

    /// What is wrong before anything is sent.
    ///
    /// # Errors
    /// Says which grant is missing.
    pub(super) fn check(&self, network: &Network, tls: &ClientTls) -> Result<(), HttpError> {
        match self {
            Self::OAuth2(credentials) => credentials.check(network, tls),
            Self::OAuth1(_) | Self::Jwt(_) | Self::Digest(_) => Ok(()),
        }
    }

    /// Puts what proves it into a request, as far as that is known before the server is asked. Reads a key once.
    ///
    /// # Errors
    /// Why it can't be proved.
    pub(super) async fn apply(
        &self,
        request: &mut Request<Full<Bytes>>,
        body: &[u8],
        kept: &Kept,
    ) -> Result<(), HttpError> {
        let value = match self {
            Self::OAuth1(oauth) => {
                let once = oauth1::Once { nonce: nonce()?, timestamp: timestamp() };
                let form = form(request.headers(), body);
                oauth.header(request.method().as_str(), request.uri(), form, &once)
            }
            Self::OAuth2(_) => return Ok(()),
            Self::Jwt(settings) => {
                let token = kept.tokens.get(settings).await.map_err(HttpError::invalid)?;
                format!("Bearer {token}")
            }
            Self::Digest(credentials) => {
                let Some((challenge, count)) = kept.challenges.next(&origin(request.uri())) else {
                    return Ok(());
                };
                let once = digest::Once { cnonce: cnonce()?, count };
                let asked = request.uri().path_and_query().map_or("/", |asked| asked.as_str());
                credentials.header(&challenge, request.method().as_str(), asked, body, &once)
            }
        };
        request.headers_mut().insert(header::AUTHORIZATION, hidden(&value)?);
        Ok(())
    }

    /// Takes note of what a server wants to know that has answered with these headers and 401. Whether another try
    /// can tell it.
    pub(super) fn learn(&self, uri: &Uri, sent: &HeaderMap, headers: &HeaderMap, kept: &Kept) -> bool {
        match self {
            Self::OAuth1(_) | Self::Jwt(_) => false,
            Self::OAuth2(_) => {
                let shown = sent.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
                kept.access_tokens.forget(|token| shown == Some(token.authorization().as_str()));
                false
            }
            Self::Digest(_) => kept.challenges.keep(origin(uri), headers),
        }
    }
}

/// The value of a header that is not to be shown.
pub(super) fn hidden(text: &str) -> Result<HeaderValue, HttpError> {
    let mut value = HeaderValue::from_str(text)
        .map_err(|_| HttpError::invalid("the authentication holds a character that no header may have"))?;
    value.set_sensitive(true);
    Ok(value)
}

/// The parameters in a body that is a form, which OAuth signs.
fn form<'b>(headers: &HeaderMap, body: &'b [u8]) -> Option<&'b str> {
    let kind = headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
    let kind = kind.split(';').next().unwrap_or_default().trim();
    let is_form = kind.eq_ignore_ascii_case("application/x-www-form-urlencoded");
    if is_form { std::str::from_utf8(body).ok() } else { None }
}

fn origin(uri: &Uri) -> String {
    let authority = uri.authority().map_or("", |authority| authority.as_str());
    format!("{}://{authority}", uri.scheme_str().unwrap_or_default())
}

fn timestamp() -> u64 {
    clock::wall().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

/// A number that no other request has.
fn nonce() -> Result<String, HttpError> {
    Ok((u64::from_be_bytes(random()?) >> 1).to_string())
}

fn cnonce() -> Result<String, HttpError> {
    Ok(format!("{:016x}", u64::from_be_bytes(random()?)))
}

fn random() -> Result<[u8; 8], HttpError> {
    let mut bytes = [0; 8];
    let filled = SystemRandom::new().fill(&mut bytes);
    filled.map_err(|_| HttpError::new(ErrorKind::Other, "the system has no randomness"))?;
    Ok(bytes)
}
