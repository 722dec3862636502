use std::collections::BTreeMap;

use forebay_oauth2::OAuth2Fields;
use forebay_sdk::config::Secret;
use forebay_sdk::http::{Authentication, Text};
use forebay_sdk::serde_json::Value;
use forebay_sdk::{Config, Problem};

/// How a request shows who sends it.
///
/// The bytes of a secret are the host's: it puts them into requests, and computes with them what has to be
/// computed. Where several are enabled, `oauth2` wins over `basic_auth`, that over `jwt`, and that over `oauth`.
#[derive(Config)]
pub(crate) struct AuthFields {
    /// OAuth version 1 (RFC 5849), signed with HMAC-SHA1.
    #[config(default = {}, advanced)]
    oauth: OAuthFields,
    /// OAuth version 2 with the credentials of a client, for which a token is fetched.
    #[config(default = {}, advanced)]
    oauth2: OAuth2Fields,
    /// Basic authentication.
    #[config(default = {}, advanced)]
    pub(crate) basic_auth: BasicAuthFields,
    /// A token that is signed with a private key.
    #[config(default = {}, advanced)]
    jwt: JwtFields,
    /// Digest authentication (RFC 7616), where the server asks for it.
    #[config(default = {}, advanced)]
    digest_auth: DigestAuthFields,
    /// SPNEGO. Not available.
    #[config(default = {}, advanced)]
    negotiate: NegotiateFields,
}

#[derive(Config)]
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

/// How tokens can be signed.
const SIGNING_METHODS: [&str; 4] = ["RS256", "RS384", "RS512", "EdDSA"];

impl AuthFields {
    /// Refuses what can't be done.
    pub(super) fn check(&self) -> Result<(), Problem> {
        let refuse = |message: &str, at: &str| Err(Problem::new(message).at(at));
        if self.negotiate.enabled {
            let message =
                "negotiate is not available: there is no SPNEGO; use another kind of authentication";
            return refuse(message, "/negotiate/enabled");
        }
        self.oauth2.client()?;
        let JwtFields { enabled, private_key_file, signing_method, .. } = &self.jwt;
        if *enabled && !SIGNING_METHODS.contains(&signing_method.as_str()) {
            let message = format!(
                "jwt signing method {signing_method:?} is not accepted: expected one of {}",
                SIGNING_METHODS.join(", ")
            );
            return refuse(&message, "/jwt/signing_method");
        }
        if *enabled && private_key_file.is_empty() {
            return refuse("a file with the private key is needed", "/jwt/private_key_file");
        }
        if self.digest_auth.enabled && (self.oauth.enabled || self.oauth2.enabled || self.jwt.enabled) {
            let message = "digest_auth can't be used beside oauth, oauth2 or jwt: they send the same header";
            return refuse(message, "/digest_auth/enabled");
        }
        Ok(())
    }

    /// What the host computes for every request.
    pub(crate) fn authentication(&self) -> Option<Authentication> {
        let Self { oauth, oauth2, basic_auth, jwt, digest_auth, negotiate: _ } = self;
        let text = |secret: &Option<Secret>| secret.as_ref().map_or_else(Text::default, Text::from);
        if digest_auth.enabled {
            let DigestAuthFields { username, password, .. } = digest_auth;
            return Some(Authentication::Digest { username: username.clone(), password: text(password) });
        }
        if let Ok(Some(client)) = oauth2.client() {
            return Some(Authentication::OAuth2(client));
        }
        if basic_auth.enabled {
            return None;
        }
        if jwt.enabled {
            let JwtFields { private_key_file, signing_method, claims, headers, .. } = jwt;
            return Some(Authentication::Jwt {
                private_key_file: private_key_file.clone(),
                signing_method: signing_method.clone(),
                claims: object(claims),
                headers: object(headers),
            });
        }
        let OAuthFields { enabled, consumer_key, consumer_secret, access_token, access_token_secret } = oauth;
        enabled.then(|| Authentication::OAuth1 {
            consumer_key: consumer_key.clone(),
            consumer_secret: text(consumer_secret),
            token: access_token.clone(),
            token_secret: text(access_token_secret),
        })
    }
}

/// Members as the text of a JSON object.
fn object(members: &BTreeMap<String, Value>) -> String {
    Value::Object(members.clone().into_iter().collect()).to_string()
}
