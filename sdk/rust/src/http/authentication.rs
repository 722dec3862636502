use super::text::Text;
use crate::bindings::capabilities::forebay::http::client as wit;

/// What proves who sends a request, computed by the host with secrets that the plugin does not have.
#[derive(Debug, Clone)]
pub enum Authentication {
    /// OAuth 1.0 (RFC 5849), signed with HMAC-SHA1.
    OAuth1 { consumer_key: String, consumer_secret: Text, token: String, token_secret: Text },
    /// A token of OAuth 2 that the host fetches.
    OAuth2(ClientCredentials),
    /// A signed token (RFC 7519).
    Jwt {
        /// A file with the private key (PEM), which the host reads.
        private_key_file: String,
        /// RS256, RS384, RS512 or EdDSA.
        signing_method: String,
        /// A JSON object.
        claims: String,
        /// A JSON object: what the header of the token says beside `alg` and `typ`.
        headers: String,
    },
    /// Digest access authentication (RFC 7616), once the server asks for it.
    Digest { username: String, password: Text },
}

/// A client that gets tokens for its own credentials (RFC 6749, section 4.4).
#[derive(Debug, Clone, Default)]
pub struct ClientCredentials {
    pub token_url: String,
    pub client_id: String,
    pub client_secret: Text,
    /// What the token is to allow.
    pub scopes: Vec<String>,
    /// More parameters of the request for a token.
    pub parameters: Vec<(String, Vec<String>)>,
}

impl Authentication {
    pub(super) fn into_wit(self) -> wit::Authentication {
        match self {
            Self::OAuth1 { consumer_key, consumer_secret, token, token_secret } => {
                wit::Authentication::Oauth1(wit::Oauth1 {
                    consumer_key,
                    consumer_secret: consumer_secret.into_wit(),
                    token,
                    token_secret: token_secret.into_wit(),
                })
            }
            Self::OAuth2(credentials) => wit::Authentication::Oauth2(credentials.into_wit()),
            Self::Jwt { private_key_file, signing_method, claims, headers } => {
                wit::Authentication::Jwt(wit::Jwt { private_key_file, signing_method, claims, headers })
            }
            Self::Digest { username, password } => {
                wit::Authentication::Digest(wit::Digest { username, password: password.into_wit() })
            }
        }
    }
}

impl ClientCredentials {
    pub(crate) fn into_wit(self) -> wit::ClientCredentials {
        let Self { token_url, client_id, client_secret, scopes, parameters } = self;
        let client_secret = client_secret.into_wit();
        wit::ClientCredentials { token_url, client_id, client_secret, scopes, parameters }
    }
}
