use std::sync::{Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use forebay_pipeline_config::BasicAuthConfig;
use http::StatusCode;
use http::header::{AUTHORIZATION, HeaderMap, HeaderValue, WWW_AUTHENTICATE};
use md5::Md5;
use sha2::{Digest as _, Sha256};

use crate::bcrypt;
use crate::endpoints::{Answer, error};

/// Who may ask, where not everybody may.
pub(crate) struct Auth {
    realm: HeaderValue,
    username: String,
    hash: Vec<u8>,
    algorithm: Algorithm,
    /// The digest of the last name and password that were right: slow hashes are then not made for every request.
    known: Mutex<Option<[u8; 32]>>,
}

enum Algorithm {
    Md5,
    Sha256,
    Bcrypt,
    Scrypt { salt: Vec<u8>, params: scrypt::Params },
}

/// The cost of scrypt, as Bento has it.
const SCRYPT: (u8, u32, u32) = (15, 8, 1);
const SCRYPT_LENGTH: usize = 32;

impl Auth {
    /// None, where everybody may ask.
    ///
    /// # Errors
    /// A setting is not what it has to be.
    pub(crate) fn new(config: &BasicAuthConfig) -> Result<Option<Self>, String> {
        let BasicAuthConfig { enabled, realm, username, password_hash, algorithm, salt } = config;
        if !enabled {
            return Ok(None);
        }
        let read = |name: &str, text: &str| {
            STANDARD.decode(text).map_err(|error| format!("basic_auth.{name} is not base64: {error}"))
        };
        let algorithm = match algorithm.as_str() {
            "md5" => Algorithm::Md5,
            "sha256" => Algorithm::Sha256,
            "bcrypt" => Algorithm::Bcrypt,
            "scrypt" => {
                let (log_n, r, p) = SCRYPT;
                let params = scrypt::Params::new(log_n, r, p).map_err(|error| error.to_string())?;
                Algorithm::Scrypt { salt: read("salt", salt)?, params }
            }
            _ => return Err("algorithm should be one of md5, sha256, bcrypt, or scrypt".to_owned()),
        };
        let realm = format!("Basic realm={realm:?}, charset=\"UTF-8\"");
        let realm = HeaderValue::from_str(&realm)
            .map_err(|_| "basic_auth.realm holds a character that no header may have".to_owned())?;
        let hash = read("password_hash", password_hash)?;
        Ok(Some(Self { realm, username: username.clone(), hash, algorithm, known: Mutex::default() }))
    }

    /// What whoever may not ask is told.
    pub(crate) fn refusal(&self, headers: &HeaderMap) -> Option<Answer> {
        if self.admits(headers) {
            return None;
        }
        let mut answer = error(StatusCode::UNAUTHORIZED, "Unauthorized\n");
        answer.headers_mut().insert(WWW_AUTHENTICATE, self.realm.clone());
        Some(answer)
    }

    fn admits(&self, headers: &HeaderMap) -> bool {
        let Some(given) = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()) else {
            return false;
        };
        let encoded = given.split_once(' ').filter(|(scheme, _)| scheme.eq_ignore_ascii_case("basic"));
        let Some(pair) = encoded.and_then(|(_, encoded)| STANDARD.decode(encoded.trim()).ok()) else {
            return false;
        };
        let Some(colon) = pair.iter().position(|byte| *byte == b':') else { return false };
        let digest: [u8; 32] = Sha256::digest(&pair).into();
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.as_ref().is_some_and(|known| is_same(known, &digest)) {
            return true;
        }
        let is_user = is_same(&pair[..colon], self.username.as_bytes());
        let admitted = self.fits(&pair[colon + 1..]) && is_user;
        if admitted {
            *known = Some(digest);
        }
        admitted
    }

    fn fits(&self, password: &[u8]) -> bool {
        match &self.algorithm {
            Algorithm::Md5 => is_same(&self.hash, &Md5::digest(password)),
            Algorithm::Sha256 => is_same(&self.hash, &Sha256::digest(password)),
            Algorithm::Bcrypt => bcrypt::fits(password, &self.hash),
            Algorithm::Scrypt { salt, params } => {
                let mut made = [0; SCRYPT_LENGTH];
                scrypt::scrypt(password, salt, params, &mut made).is_ok() && is_same(&self.hash, &made)
            }
        }
    }
}

/// Whether both are the same, in a time that does not tell where they differ.
pub(crate) fn is_same(one: &[u8], other: &[u8]) -> bool {
    one.len() == other.len() && one.iter().zip(other).fold(0, |all, (one, other)| all | (one ^ other)) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn admits(auth: &Auth, pair: &str) -> bool {
        let value = format!("Basic {}", STANDARD.encode(pair));
        auth.admits(&HeaderMap::from_iter([(AUTHORIZATION, HeaderValue::from_str(&value).unwrap())]))
    }

    fn auth(algorithm: &str, hash: &[u8]) -> Auth {
        let config = BasicAuthConfig {
            enabled: true,
            username: "me".to_owned(),
            password_hash: STANDARD.encode(hash),
            algorithm: algorithm.to_owned(),
            salt: STANDARD.encode("salt"),
            ..BasicAuthConfig::default()
        };
        Auth::new(&config).unwrap().unwrap()
    }

    #[test]
    fn only_who_knows_the_password_may_ask() {
        let bcrypt = b"$2b$05$abcdefghijklmnopqrstuuOQiyCxlgf/oeuTqixKmWdcYUh4Hjl0a";
        let mut scrypt = [0; SCRYPT_LENGTH];
        let params = scrypt::Params::new(15, 8, 1).unwrap();
        scrypt::scrypt(b"secret", b"salt", &params, &mut scrypt).unwrap();
        for (algorithm, hash) in [
            ("md5", Md5::digest("secret").to_vec()),
            ("sha256", Sha256::digest("secret").to_vec()),
            ("bcrypt", bcrypt.to_vec()),
            ("scrypt", scrypt.to_vec()),
        ] {
            let auth = auth(algorithm, &hash);
            for (pair, expected) in [
                ("me:wrong", false),
                ("me:secret", true),
                ("me:secret", true),
                ("you:secret", false),
                ("", false),
            ] {
                assert_eq!(admits(&auth, pair), expected, "{algorithm} {pair}");
            }
        }
        let refusal = auth("md5", b"").refusal(&HeaderMap::new()).unwrap();
        assert_eq!(refusal.status(), StatusCode::UNAUTHORIZED);
        assert_eq!(refusal.headers()[WWW_AUTHENTICATE], "Basic realm=\"restricted\", charset=\"UTF-8\"");
    }
}
