//! Tokens for logging in, fetched from where the cluster's owner gives them out.

use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;
use forebay_kafka_client::{NoToken, Tokens};
use forebay_kafka_security::BearerLogin;

use crate::bindings::forebay::http::client::ClientCredentials as WitClientCredentials;
use crate::host::http::{ClientCredentials, HttpError, TokenSource, render};
use crate::scope::Scope;

/// Tokens that are fetched over HTTP, and what is said beside them.
#[derive(Debug)]
pub(super) struct FetchedTokens {
    source: TokenSource,
    extensions: BTreeMap<String, String>,
}

/// How long a connection waits for one: a part of the time for connecting, so that it is told what was late.
const PATIENCE: Duration = Duration::from_secs(5);

impl FetchedTokens {
    /// # Errors
    /// Says what can't be used, and which grant is missing.
    pub(super) fn new(
        client: WitClientCredentials,
        extensions: BTreeMap<String, String>,
        scope: &Scope,
    ) -> Result<Self, HttpError> {
        // With a token that is none: what is wrong with the extensions is to be known now.
        BearerLogin::new("token".to_owned(), extensions.clone()).map_err(HttpError::invalid)?;
        let credentials = ClientCredentials::read(client, |parts| {
            render(parts, &scope.secrets)
                .map_err(|error| HttpError::invalid(format!("client secret: {error}")))
        })?;
        Ok(Self { source: TokenSource::new(credentials, scope)?, extensions })
    }
}

#[async_trait]
impl Tokens for FetchedTokens {
    async fn login(&self) -> Result<BearerLogin, NoToken> {
        let token = self.source.token(PATIENCE).await;
        let token =
            token.map_err(|error| NoToken { is_retriable: !error.is_final(), reason: error.to_string() })?;
        BearerLogin::new(token.text.clone(), self.extensions.clone()).map_err(|error| {
            // The next one may be another.
            self.source.forget(&token.text);
            NoToken { reason: error.to_string(), is_retriable: true }
        })
    }

    async fn refused(&self, login: &BearerLogin) {
        self.source.forget(login.token());
    }
}
