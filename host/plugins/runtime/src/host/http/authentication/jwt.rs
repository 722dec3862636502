//! Signed tokens (RFC 7519), with a private key that is read from a file.

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ring::rand::SystemRandom;
use ring::signature::{
    Ed25519KeyPair, RSA_PKCS1_SHA256, RSA_PKCS1_SHA384, RSA_PKCS1_SHA512, RsaEncoding, RsaKeyPair,
};
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject as _;
use serde_json::{Map, Value, json};
use tokio::task::spawn_blocking;

use super::super::text::base64;

/// How tokens are signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Signing {
    Rs256,
    Rs384,
    Rs512,
    EdDsa,
}

/// What a token says, and what signs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TokenSettings {
    file: PathBuf,
    signing: Signing,
    /// Its first two parts.
    unsigned: String,
}

/// The tokens of one component, those that were used last at the end.
#[derive(Default)]
pub(in super::super) struct Tokens(Mutex<Vec<(TokenSettings, Arc<str>)>>);

/// Tokens that are kept; the one that was not used for longest makes room.
const MOST: usize = 8;
/// The longest key.
const LONGEST_KEY: u64 = 64 << 10;

impl FromStr for Signing {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Ok(match text {
            "RS256" => Self::Rs256,
            "RS384" => Self::Rs384,
            "RS512" => Self::Rs512,
            "EdDSA" => Self::EdDsa,
            _ => {
                return Err(format!("{text:?} is no way to sign a token: RS256, RS384, RS512 and EdDSA are"));
            }
        })
    }
}

impl Signing {
    fn name(self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
            Self::Rs384 => "RS384",
            Self::Rs512 => "RS512",
            Self::EdDsa => "EdDSA",
        }
    }

    /// # Errors
    /// When the key is none for this.
    fn sign(self, pem: &[u8], message: &[u8]) -> Result<Vec<u8>, String> {
        let encoding: &dyn RsaEncoding = match self {
            Self::Rs256 => &RSA_PKCS1_SHA256,
            Self::Rs384 => &RSA_PKCS1_SHA384,
            Self::Rs512 => &RSA_PKCS1_SHA512,
            Self::EdDsa => {
                let PrivateKeyDer::Pkcs8(der) = read_pem(pem)? else {
                    return Err("expected an Ed25519 key in PKCS#8 (PRIVATE KEY)".to_owned());
                };
                let key = Ed25519KeyPair::from_pkcs8_maybe_unchecked(der.secret_pkcs8_der());
                return key
                    .map(|key| key.sign(message).as_ref().to_vec())
                    .map_err(|reason| format!("it is no Ed25519 key: {reason}"));
            }
        };
        let key = match read_pem(pem)? {
            PrivateKeyDer::Pkcs1(der) => RsaKeyPair::from_der(der.secret_pkcs1_der()),
            PrivateKeyDer::Pkcs8(der) => RsaKeyPair::from_pkcs8(der.secret_pkcs8_der()),
            _ => {
                return Err(
                    "expected an RSA key in PKCS#1 (RSA PRIVATE KEY) or PKCS#8 (PRIVATE KEY)".to_owned()
                );
            }
        };
        let key = key.map_err(|reason| format!("it is no RSA key of 2048 bits or more: {reason}"))?;
        let mut signature = vec![0; key.public().modulus_len()];
        key.sign(encoding, &SystemRandom::new(), message, &mut signature)
            .map_err(|_| "it does not sign".to_owned())?;
        Ok(signature)
    }
}

/// The first private key of a text.
fn read_pem(pem: &[u8]) -> Result<PrivateKeyDer<'static>, String> {
    // What the library says of it could show a part of it.
    PrivateKeyDer::from_pem_slice(pem).map_err(|_| "there is no private key (PEM) in it".to_owned())
}

impl TokenSettings {
    /// `headers` and `claims` are JSON objects.
    ///
    /// # Errors
    /// When they are not.
    pub(super) fn new(file: PathBuf, signing: Signing, headers: &str, claims: &str) -> Result<Self, String> {
        let object = |text: &str, what: &str| -> Result<Map<String, Value>, String> {
            serde_json::from_str(text).map_err(|_| format!("the {what} of a token must be a JSON object"))
        };
        let mut header =
            Map::from_iter([("alg".to_owned(), json!(signing.name())), ("typ".to_owned(), json!("JWT"))]);
        header.extend(object(headers, "headers")?);
        let claims = object(claims, "claims")?;
        let unsigned = format!("{}.{}", part(&to_bytes(&header)), part(&to_bytes(&claims)));
        Ok(Self { file, signing, unsigned })
    }

    /// # Errors
    /// When the key can't be read, or does not fit.
    fn token(&self) -> Result<String, String> {
        let Self { file, signing, unsigned } = self;
        let pem = read_key(file).map_err(|error| format!("failed to read private key: {error}"))?;
        let signature = signing.sign(&pem, unsigned.as_bytes()).map_err(|error| {
            format!("failed to parse {} private key {}: {error}", signing.name(), file.display())
        })?;
        Ok(format!("{unsigned}.{}", part(&signature)))
    }
}

fn to_bytes(object: &Map<String, Value>) -> Vec<u8> {
    serde_json::to_vec(object).expect("JSON can be written")
}

/// A regular file, so that nobody waits for a pipe.
fn read_key(path: &Path) -> Result<Vec<u8>, String> {
    let wrong = |error: std::io::Error| format!("{}: {error}", path.display());
    let is_file = std::fs::metadata(path).map_err(wrong)?.is_file();
    if !is_file {
        return Err(format!("{} is no regular file", path.display()));
    }
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path).map_err(wrong)?;
    file.take(LONGEST_KEY + 1).read_to_end(&mut bytes).map_err(wrong)?;
    if bytes.len() as u64 > LONGEST_KEY {
        return Err(format!("{} has more than {LONGEST_KEY} bytes", path.display()));
    }
    Ok(bytes)
}

/// Base64 for urls, without padding.
fn part(bytes: &[u8]) -> String {
    let mut text = String::new();
    base64(bytes, &mut text);
    text.trim_end_matches('=').replace('+', "-").replace('/', "_")
}

impl Tokens {
    /// The token of these settings, which is made once: what it says does not change.
    ///
    /// # Errors
    /// As [`TokenSettings::token`].
    pub(super) async fn get(&self, settings: &TokenSettings) -> Result<Arc<str>, String> {
        let known = self.known(settings);
        let token = match known {
            Some(token) => token,
            None => {
                let settings = settings.clone();
                let signed = spawn_blocking(move || settings.token()).await;
                signed.unwrap_or_else(|_| Err("the process stops".to_owned()))?.into()
            }
        };
        let mut known = self.lock();
        known.retain(|(other, _)| other != settings);
        if known.len() >= MOST {
            known.remove(0);
        }
        known.push((settings.clone(), Arc::clone(&token)));
        Ok(token)
    }

    fn known(&self, settings: &TokenSettings) -> Option<Arc<str>> {
        self.lock().iter().find(|(known, _)| known == settings).map(|(_, token)| Arc::clone(token))
    }

    fn lock(&self) -> MutexGuard<'_, Vec<(TokenSettings, Arc<str>)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
