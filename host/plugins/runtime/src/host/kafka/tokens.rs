//! Tokens for logging in, fetched from where the cluster's owner gives them out.

use std::collections::BTreeMap;

use async_trait::async_trait;
use forebay_kafka_client::{NoToken, Tokens};
use forebay_kafka_security::BearerLogin;

use crate::bindings::forebay::http::client::ClientCredentials as WitClientCredentials;
use crate::host::http::{ClientCredentials, ErrorKind, HttpError, TokenSource, render};
use crate::scope::Scope;

/// Tokens that are fetched over HTTP, and what is said beside them.
#[derive(Debug)]
pub(super) struct FetchedTokens {
    source: TokenSource,
    extensions: BTreeMap<String, String>,
}

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
        let token = self.source.token().await.map_err(|error| {
            let is_final = matches!(error.kind, ErrorKind::Denied | ErrorKind::Invalid);
            NoToken { reason: error.text, is_retriable: !is_final }
        })?;
        let login = BearerLogin::new(token.text, self.extensions.clone());
        login.map_err(|error| NoToken { reason: error.to_string(), is_retriable: true })
    }

    async fn refused(&self, login: &BearerLogin) {
        self.source.forget(login.token()).await;
    }
}
