//! The fields of OAuth 2: how a client gets tokens for its own credentials. Fetching them is the host's.

use std::collections::BTreeMap;

use forebay_sdk::config::Secret;
use forebay_sdk::http::{ClientCredentials, Text};
use forebay_sdk::{Config, Problem};

/// A client, and where it gets tokens.
#[derive(Debug, Config)]
pub struct OAuth2Fields {
    /// Whether it is used.
    #[config(default = false)]
    pub enabled: bool,
    /// Who the client is.
    #[config(default = "")]
    client_key: String,
    /// What proves it.
    client_secret: Option<Secret>,
    /// Where tokens are had.
    #[config(default = "")]
    token_url: String,
    /// What the token is to allow.
    #[config(default = [], advanced)]
    scopes: Vec<String>,
    /// More parameters of the request for a token: a list of values each.
    #[config(default = {}, advanced, example = {"audience": ["https://api.example.com"]})]
    endpoint_params: BTreeMap<String, Vec<String>>,
}

impl OAuth2Fields {
    /// The client, where there is to be one.
    ///
    /// # Errors
    /// What can't be used, as a problem of the field `oauth2`.
    pub fn client(&self) -> Result<Option<ClientCredentials>, Problem> {
        let Self { enabled, client_key, client_secret, token_url, scopes, endpoint_params } = self;
        if !enabled {
            return Ok(None);
        }
        if !(token_url.starts_with("http://") || token_url.starts_with("https://")) {
            let problem = Problem::new("expected an absolute http or https url");
            return Err(problem.at("/oauth2/token_url"));
        }
        if !scopes.is_empty() && endpoint_params.contains_key("scope") {
            let problem = Problem::new("oauth2: cannot overwrite parameter \"scope\": there are `scopes`");
            return Err(problem.at("/oauth2/endpoint_params"));
        }
        Ok(Some(ClientCredentials {
            token_url: token_url.clone(),
            client_id: client_key.clone(),
            client_secret: client_secret.as_ref().map_or_else(Text::default, Text::from),
            scopes: scopes.clone(),
            parameters: endpoint_params.clone().into_iter().collect(),
        }))
    }
}

#[cfg(test)]
mod tests {
    use forebay_sdk::testing;
    use serde_json::json;

    use super::*;

    fn client(more: &serde_json::Value) -> Result<Option<ClientCredentials>, Problem> {
        let mut config = json!({"enabled": true, "client_key": "me", "client_secret": {"$secret": "/s"},
            "token_url": "http://a/token"});
        for (key, value) in more.as_object().expect("an object") {
            config[key] = value.clone();
        }
        testing::config::<OAuth2Fields>(&config).expect("the configuration is right").client()
    }

    #[test]
    fn a_client_is_what_the_fields_say() {
        let told = client(&json!({"scopes": ["read", "write"], "endpoint_params": {"audience": ["a", "b"]}}));
        let told = told.expect("it can be used").expect("it is enabled");
        assert_eq!((told.token_url.as_str(), told.client_id.as_str()), ("http://a/token", "me"));
        assert_eq!(told.client_secret.shown(), "{secret /s}");
        assert_eq!(told.scopes, ["read", "write"]);
        assert_eq!(told.parameters, [("audience".to_owned(), vec!["a".to_owned(), "b".to_owned()])]);
        assert!(client(&json!({"enabled": false, "token_url": ""})).is_ok_and(|client| client.is_none()));
    }

    #[test]
    fn what_can_not_be_asked_is_refused() {
        for (more, at) in [
            (json!({"token_url": "a/token"}), "/oauth2/token_url"),
            (json!({"scopes": ["a"], "endpoint_params": {"scope": ["b"]}}), "/oauth2/endpoint_params"),
        ] {
            let problem = client(&more).expect_err("refused");
            assert!(problem.to_string().starts_with(at), "{problem}");
        }
        assert!(client(&json!({"endpoint_params": {"scope": ["b"]}})).is_ok());
    }
}
