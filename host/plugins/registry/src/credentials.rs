//! Who asks a registry: nobody in particular, or a name with a password.

use std::collections::BTreeMap;
use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;

/// Who asks. Shown without the password.
#[derive(Clone, Default, PartialEq, Eq)]
pub enum Credentials {
    #[default]
    Anonymous,
    Basic {
        username: String,
        password: String,
    },
    /// A token to be exchanged for others, as `docker login` may leave one.
    Identity(String),
}

/// A file of credentials that can't be used.
#[derive(Debug, thiserror::Error)]
pub enum CredentialsError {
    #[error("it is no JSON of the form that docker writes")]
    Form(#[source] serde_json::Error),
    #[error("auths.{registry}.auth is not the base64 of name:password")]
    Auth { registry: String },
    #[error(
        "the credentials for {registry} are kept by the helper `{helper}`, which is not run: set FOREBAY_REGISTRY_USERNAME and FOREBAY_REGISTRY_PASSWORD"
    )]
    Helper { registry: String, helper: String },
}

/// The part of docker's `config.json` that matters.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct DockerConfig {
    #[serde(default)]
    auths: BTreeMap<String, DockerAuth>,
    #[serde(default)]
    creds_store: Option<String>,
    #[serde(default)]
    cred_helpers: BTreeMap<String, String>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "lowercase")]
struct DockerAuth {
    #[serde(default)]
    auth: Option<String>,
    #[serde(default)]
    username: Option<String>,
    #[serde(default)]
    password: Option<String>,
    #[serde(default)]
    identitytoken: Option<String>,
}

impl Credentials {
    /// What docker's `config.json` has for a registry; nothing there means anonymous.
    ///
    /// # Errors
    /// When the text is not of its form, or a credential helper would have to be asked.
    pub fn from_docker_config(text: &str, registry: &str) -> Result<Self, CredentialsError> {
        let config: DockerConfig = serde_json::from_str(text).map_err(CredentialsError::Form)?;
        let found = config.auths.into_iter().find(|(name, _)| host(name) == registry);
        let (has_entry, auth) = found.map_or((false, DockerAuth::default()), |(_, auth)| (true, auth));
        if let Some(token) = auth.identitytoken.filter(|token| !token.is_empty()) {
            return Ok(Self::Identity(token));
        }
        if let Some(auth) = auth.auth.filter(|auth| !auth.is_empty()) {
            let decoded = STANDARD.decode(auth.trim()).ok().and_then(|bytes| String::from_utf8(bytes).ok());
            let pair = decoded.as_deref().and_then(|text| text.split_once(':'));
            let (username, password) =
                pair.ok_or_else(|| CredentialsError::Auth { registry: registry.to_owned() })?;
            return Ok(Self::Basic { username: username.to_owned(), password: password.to_owned() });
        }
        if let (Some(username), Some(password)) = (auth.username, auth.password) {
            return Ok(Self::Basic { username, password });
        }
        // A store has an empty entry for what it keeps.
        let helper = config.cred_helpers.get(registry).cloned().or(config.creds_store.filter(|_| has_entry));
        match helper {
            Some(helper) => Err(CredentialsError::Helper { registry: registry.to_owned(), helper }),
            None => Ok(Self::Anonymous),
        }
    }

    /// The header `authorization` that says this with every request.
    pub(crate) fn basic(&self) -> Option<String> {
        match self {
            Self::Basic { username, password } => {
                Some(format!("Basic {}", STANDARD.encode(format!("{username}:{password}"))))
            }
            Self::Anonymous | Self::Identity(_) => None,
        }
    }
}

/// The host in a key of `auths`, which may be an address such as `https://index.docker.io/v1/`.
fn host(name: &str) -> &str {
    let name = name.split_once("://").map_or(name, |(_, rest)| rest);
    name.split('/').next().unwrap_or(name)
}

impl fmt::Debug for Credentials {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Anonymous => out.write_str("Anonymous"),
            Self::Basic { username, .. } => write!(out, "Basic({username})"),
            Self::Identity(_) => out.write_str("Identity"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONFIG: &str = r#"{"auths": {"https://ghcr.io/v1/": {"auth": "bWU6cGFzczp3b3Jk"}, "plain.example": {"username": "u", "password": "p"},
        "token.example": {"auth": "eDo=", "identitytoken": "t"}, "kept.example": {}, "bad.example": {"auth": "!"}},
        "credsStore": "desktop", "credHelpers": {"helped.example": "ecr-login"}}"#;

    fn read(registry: &str) -> Result<Credentials, String> {
        Credentials::from_docker_config(CONFIG, registry).map_err(|error| error.to_string())
    }

    #[test]
    fn credentials_are_found_by_the_host() {
        let basic = |name: &str, password: &str| {
            Ok(Credentials::Basic { username: name.to_owned(), password: password.to_owned() })
        };
        assert_eq!(read("ghcr.io"), basic("me", "pass:word"));
        assert_eq!(read("plain.example"), basic("u", "p"));
        assert_eq!(read("token.example"), Ok(Credentials::Identity("t".to_owned())));
        assert_eq!(read("other.example"), Ok(Credentials::Anonymous));
        assert_eq!(format!("{:?}", read("ghcr.io").unwrap()), "Basic(me)");
    }

    #[test]
    fn what_is_kept_elsewhere_is_said_to_be() {
        for (registry, helper) in [("kept.example", "desktop"), ("helped.example", "ecr-login")] {
            let error = read(registry).unwrap_err();
            assert!(error.contains(registry) && error.contains(&format!("`{helper}`")), "{error}");
        }
        assert!(read("bad.example").unwrap_err().contains("auths.bad.example.auth"));
    }
}
