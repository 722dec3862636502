use std::collections::BTreeMap;
use std::fmt;

/// What a client sends by the mechanism OAUTHBEARER (RFC 7628, and KIP-342 for what is said beside the token).
#[derive(Clone, PartialEq, Eq)]
pub struct BearerLogin {
    token: String,
    extensions: BTreeMap<String, String>,
}

/// What can't be sent by OAUTHBEARER. None of these show the token.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BearerError {
    #[error("OAUTHBEARER needs a token")]
    NoToken,
    #[error("the token of OAUTHBEARER has a character that tokens don't have: see RFC 6750, b64token")]
    Token,
    #[error("{0:?} can't be the name of an extension of OAUTHBEARER: letters are expected, and not `auth`")]
    Name(String),
    #[error(
        "the extension {0:?} of OAUTHBEARER has a character that it can't have: visible ones, spaces and ends of lines are expected"
    )]
    Value(String),
}

/// What stands between the parts of a message.
const SEPARATOR: char = '\u{1}';

impl BearerLogin {
    /// What a client answers to a server that has refused its token and says why: only then it gets an error.
    pub const ABORT: &[u8] = &[1];

    /// # Errors
    /// When something of it can't be sent.
    pub fn new(token: String, extensions: BTreeMap<String, String>) -> Result<Self, BearerError> {
        if token.is_empty() {
            return Err(BearerError::NoToken);
        }
        if !token.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~+/=".contains(&byte)) {
            return Err(BearerError::Token);
        }
        for (name, value) in &extensions {
            if name.is_empty() || name == "auth" || !name.bytes().all(|byte| byte.is_ascii_alphabetic()) {
                return Err(BearerError::Name(name.clone()));
            }
            if !value.bytes().all(|byte| matches!(byte, b' '..=b'~' | b'\t' | b'\r' | b'\n')) {
                return Err(BearerError::Value(name.clone()));
            }
        }
        Ok(Self { token, extensions })
    }

    /// Not to be shown.
    #[must_use]
    pub fn token(&self) -> &str {
        &self.token
    }

    /// The message.
    #[must_use]
    pub fn message(&self) -> Vec<u8> {
        // There is no channel binding, and nobody else to be.
        let mut message = format!("n,,{SEPARATOR}auth=Bearer {}{SEPARATOR}", self.token);
        for (name, value) in &self.extensions {
            message.push_str(&format!("{name}={value}{SEPARATOR}"));
        }
        message.push(SEPARATOR);
        message.into_bytes()
    }
}

impl fmt::Debug for BearerLogin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BearerLogin").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn login(token: &str, extensions: &[(&str, &str)]) -> Result<BearerLogin, BearerError> {
        let extensions = extensions.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        BearerLogin::new(token.to_owned(), extensions.collect())
    }

    #[test]
    fn a_message_has_a_token_and_what_is_said_beside_it() {
        let plain = login("abc.def-~+/==", &[]).unwrap();
        assert_eq!(plain.message(), b"n,,\x01auth=Bearer abc.def-~+/==\x01\x01");
        let more = login("abc", &[("logicalCluster", "lkc-1"), ("identityPoolId", "a b")]).unwrap();
        let expected = b"n,,\x01auth=Bearer abc\x01identityPoolId=a b\x01logicalCluster=lkc-1\x01\x01";
        assert_eq!(more.message(), expected);
        assert!(!format!("{more:?}").contains("abc"));
    }

    #[test]
    fn what_would_end_a_part_early_is_refused() {
        assert_eq!(login("", &[]), Err(BearerError::NoToken));
        assert_eq!(login("a\u{1}b", &[]), Err(BearerError::Token));
        assert_eq!(login("a", &[("auth", "b")]), Err(BearerError::Name("auth".to_owned())));
        assert_eq!(login("a", &[("a1", "b")]), Err(BearerError::Name("a1".to_owned())));
        assert_eq!(login("a", &[("b", "c\u{1}d=e")]), Err(BearerError::Value("b".to_owned())));
    }
}
