//! Tokens of OAuth 2, which a client gets for its own credentials (RFC 6749, section 4.4).

mod form;
mod reply;

use std::collections::BTreeMap;
use std::time::Duration;

use forebay_sdk::Error;
use forebay_sdk::config::Secret;
use forebay_sdk::http::{Request, Text};
use forebay_sdk::time;

use crate::failure::Failure;
use crate::fields::OAuth2Fields;
use form::{FormValue, encode};

/// Fetches tokens, and keeps the last one as long as it is good.
pub(crate) struct Tokens {
    url: String,
    client: String,
    secret: Option<Secret>,
    parameters: BTreeMap<String, Vec<String>>,
    /// How the server wants to know who the client is, once that is known.
    style: Option<Style>,
    token: Option<Token>,
}

/// Where the credentials of the client stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Style {
    Header,
    Parameters,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Token {
    /// The value of the header.
    authorization: String,
    /// On the clock that never goes back; absent: never.
    expires: Option<Duration>,
}

/// How long before its end a token is not used any more.
const MARGIN: Duration = Duration::from_secs(10);
/// The largest answer, and the longest time for one.
const LARGEST: u64 = 1 << 20;
const LONGEST: Duration = Duration::from_secs(25);

impl Tokens {
    /// # Errors
    /// When a parameter takes the place of one that is needed.
    pub(crate) fn new(fields: OAuth2Fields) -> Result<Self, Error> {
        let OAuth2Fields { client_key, client_secret, token_url, scopes, endpoint_params, .. } = fields;
        let mut parameters =
            BTreeMap::from([("grant_type".to_owned(), vec!["client_credentials".to_owned()])]);
        if !scopes.is_empty() {
            parameters.insert("scope".to_owned(), vec![scopes.join(" ")]);
        }
        for (name, values) in endpoint_params {
            if name != "grant_type" && parameters.contains_key(&name) {
                return Err(Error::new(format!("oauth2: cannot overwrite parameter {name:?}")));
            }
            parameters.insert(name, values);
        }
        Ok(Self {
            url: token_url,
            client: client_key,
            secret: client_secret,
            parameters,
            style: None,
            token: None,
        })
    }

    /// The value of the header `authorization`. Fetches a token where there is none that is good, and
    /// waits for it: that is rare. `finish` adds to a request what all have in common.
    ///
    /// # Errors
    /// When there is no token to be had.
    pub(crate) fn authorization(
        &mut self,
        timeout: Duration,
        mut finish: impl FnMut(Request) -> Result<Request, Error>,
    ) -> Result<String, Error> {
        let now = time::monotonic();
        let is_good = |token: &&Token| token.expires.is_none_or(|expires| now + MARGIN < expires);
        if let Some(token) = self.token.as_ref().filter(is_good) {
            return Ok(token.authorization.clone());
        }
        let mut fetch = |style| -> Result<Token, Error> {
            let request = finish(self.request(style))?.timeout(timeout.min(LONGEST)).most(LARGEST);
            let response = request
                .send()
                .map_err(|error| Error::new(Failure::of_request("POST", &self.url, &error).text))?;
            reply::read(&response, now).map_err(Error::new)
        };
        let (style, token) = match self.style {
            Some(style) => (style, fetch(style)?),
            // Nothing says which of both a server takes.
            None => match fetch(Style::Header) {
                Ok(token) => (Style::Header, token),
                Err(_) => (Style::Parameters, fetch(Style::Parameters)?),
            },
        };
        self.style = Some(style);
        Ok(self.token.insert(token).authorization.clone())
    }

    fn request(&self, style: Style) -> Request {
        let plain = |value: &String| FormValue::Plain(value.clone());
        let mut form: BTreeMap<String, Vec<FormValue>> = self
            .parameters
            .iter()
            .map(|(name, values)| (name.clone(), values.iter().map(plain).collect()))
            .collect();
        let mut request =
            Request::post(&self.url).header("Content-Type", "application/x-www-form-urlencoded");
        match style {
            Style::Header => {
                let authorization = Text::basic_encoded(&form::escaped(&self.client), self.secret.as_ref());
                request = request.header("Authorization", authorization);
            }
            Style::Parameters => {
                if !self.client.is_empty() {
                    form.insert("client_id".to_owned(), vec![plain(&self.client)]);
                }
                if let Some(secret) = &self.secret {
                    form.insert("client_secret".to_owned(), vec![FormValue::Secret(secret.clone())]);
                }
            }
        }
        request.text_body(encode(&form))
    }
}

#[cfg(test)]
mod tests;
