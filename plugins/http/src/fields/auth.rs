use std::collections::BTreeMap;

use forebay_sdk::config::Secret;
use forebay_sdk::serde_json::Value;
use forebay_sdk::{Config, Problem};

/// How a request shows who sends it.
///
/// The bytes of a secret are the host's, which puts them into requests as they are. What would have to
/// compute with them is refused.
#[derive(Config)]
pub(crate) struct AuthFields {
    /// OAuth version 1. Not available: it signs with a secret that plugins do not see.
    #[config(default = {}, advanced)]
    oauth: OAuthFields,
    /// OAuth version 2 with the credentials of a client, for which a token is fetched.
    #[config(default = {}, advanced)]
    pub(crate) oauth2: OAuth2Fields,
    /// Basic authentication.
    #[config(default = {}, advanced)]
    pub(crate) basic_auth: BasicAuthFields,
    /// Signed tokens. Not available: private keys are not for plugins to see.
    #[config(default = {}, advanced)]
    jwt: JwtFields,
    /// Digest authentication. Not available: it computes with the password.
    #[config(default = {}, advanced)]
    digest_auth: DigestAuthFields,
    /// SPNEGO. Not available.
    #[config(default = {}, advanced)]
    negotiate: NegotiateFields,
}

#[derive(Config)]
#[expect(dead_code, reason = "read for compatibility, refused when it is enabled")]
struct OAuthFields {
    /// Whether it is used.
    #[config(default = false)]
    enabled: bool,
    /// Who the client is.
    #[config(default = "")]
    consumer_key: String,
    /// What proves it.
    consumer_secret: Option<Secret>,
    /// What the client acts with.
    #[config(default = "")]
    access_token: String,
    /// What proves that it may.
    access_token_secret: Option<Secret>,
}

#[derive(Config)]
pub(crate) struct OAuth2Fields {
    /// Whether it is used.
    #[config(default = false)]
    pub(crate) enabled: bool,
    /// Who the client is.
    #[config(default = "")]
    pub(crate) client_key: String,
    /// What proves it.
    pub(crate) client_secret: Option<Secret>,
    /// Where tokens are had.
    #[config(default = "")]
    pub(crate) token_url: String,
    /// What the token is to allow.
    #[config(default = [], advanced)]
    pub(crate) scopes: Vec<String>,
    /// More parameters of the request for a token: a list of values each.
    #[config(default = {}, advanced, example = {"audience": ["https://api.example.com"]})]
    pub(crate) endpoint_params: BTreeMap<String, Vec<String>>,
}

#[derive(Config)]
pub(crate) struct BasicAuthFields {
    /// Whether it is used.
    #[config(default = false)]
    pub(crate) enabled: bool,
    /// The user.
    #[config(default = "")]
    pub(crate) username: String,
    /// The password.
    pub(crate) password: Option<Secret>,
}

#[derive(Config)]
#[expect(dead_code, reason = "read for compatibility, refused when it is enabled")]
struct JwtFields {
    /// Whether it is used.
    #[config(default = false)]
    enabled: bool,
    /// A file with the private key (PEM).
    #[config(default = "")]
    private_key_file: String,
    /// How tokens are signed: RS256, RS384, RS512 or EdDSA.
    #[config(default = "")]
    signing_method: String,
    /// What the token says.
    #[config(default = {}, advanced)]
    claims: BTreeMap<String, Value>,
    /// More headers of the token.
    #[config(default = {}, advanced)]
    headers: BTreeMap<String, Value>,
}

#[derive(Config)]
#[expect(dead_code, reason = "read for compatibility, refused when it is enabled")]
struct DigestAuthFields {
    /// Whether it is used.
    #[config(default = false)]
    enabled: bool,
    /// The user.
    #[config(default = "")]
    username: String,
    /// The password.
    password: Option<Secret>,
}

#[derive(Config)]
#[expect(dead_code, reason = "read for compatibility, refused when it is enabled")]
struct NegotiateFields {
    /// Whether it is used.
    #[config(default = false)]
    enabled: bool,
    /// Who speaks it: the system (`sspi`, on Windows) or the program itself.
    #[config(default = "pure", options("sspi", "pure"))]
    api: String,
    /// Whether the user is for NTLM alone.
    #[config(default = false)]
    user_only_for_fallback: bool,
    /// The user.
    #[config(default = {})]
    user: NegotiateUserFields,
    /// Kerberos.
    #[config(default = {})]
    kerberos: KerberosFields,
}

#[derive(Config)]
#[expect(dead_code, reason = "read for compatibility")]
struct NegotiateUserFields {
    /// The domain of the user.
    #[config(default = "")]
    domain: String,
    /// The name of the user.
    #[config(default = "")]
    name: String,
    /// The password of the user.
    password: Option<Secret>,
}

#[derive(Config)]
#[expect(dead_code, reason = "read for compatibility")]
struct KerberosFields {
    /// The file that Kerberos is configured in.
    #[config(default = "")]
    config_file_path: String,
    /// Where its tickets are: `FILE:` and a file or `DIR:` and a folder.
    #[config(default = "")]
    ccname: String,
}

impl AuthFields {
    /// Refuses what has to compute with secrets.
    pub(super) fn check(&self) -> Result<(), Problem> {
        let refused = [
            (self.oauth.enabled, "oauth", "OAuth version 1 signs with a secret, which plugins do not see"),
            (self.jwt.enabled, "jwt", "tokens are signed with a private key, which plugins do not see"),
            (self.digest_auth.enabled, "digest_auth", "digests need the password, which plugins do not see"),
            (self.negotiate.enabled, "negotiate", "there is no SPNEGO"),
        ];
        for (is_enabled, field, reason) in refused {
            if is_enabled {
                let message =
                    format!("{field} is not available: {reason}; use basic_auth, oauth2 or a header");
                return Err(Problem::new(message).at(format!("/{field}/enabled")));
            }
        }
        let OAuth2Fields { enabled, token_url, .. } = &self.oauth2;
        if *enabled && !(token_url.starts_with("http://") || token_url.starts_with("https://")) {
            return Err(Problem::new("expected an absolute http or https url").at("/oauth2/token_url"));
        }
        Ok(())
    }
}
