use std::fmt;

/// What a client sends by the mechanism PLAIN (RFC 4616).
#[derive(Clone, PartialEq, Eq)]
pub struct PlainLogin {
    pub user: String,
    pub password: String,
}

/// A message that is none of PLAIN.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PlainError {
    #[error("the message of PLAIN is not text")]
    NotText,
    #[error("the message of PLAIN has {0} parts: expected three, with a null byte between them")]
    Parts(usize),
    #[error("the message of PLAIN has no user, or no password")]
    Empty,
    #[error("the message of PLAIN asks to be somebody else than it proves")]
    OtherUser,
}

impl PlainLogin {
    /// Reads the message.
    ///
    /// # Errors
    /// When it is none.
    pub fn parse(message: &[u8]) -> Result<Self, PlainError> {
        let text = std::str::from_utf8(message).map_err(|_| PlainError::NotText)?;
        let parts: Vec<_> = text.split('\0').collect();
        let [other, user, password] = parts[..] else { return Err(PlainError::Parts(parts.len())) };
        if user.is_empty() || password.is_empty() {
            return Err(PlainError::Empty);
        }
        if !other.is_empty() && other != user {
            return Err(PlainError::OtherUser);
        }
        Ok(Self { user: user.to_owned(), password: password.to_owned() })
    }

    /// The message.
    #[must_use]
    pub fn message(&self) -> Vec<u8> {
        format!("\0{}\0{}", self.user, self.password).into_bytes()
    }
}

impl fmt::Debug for PlainLogin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PlainLogin").field("user", &self.user).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_has_a_user_and_a_password() {
        let login = PlainLogin { user: "alice".to_owned(), password: "secret".to_owned() };
        assert_eq!(PlainLogin::parse(&login.message()), Ok(login.clone()));
        assert_eq!(PlainLogin::parse(b"alice\0alice\0secret"), Ok(login.clone()));
        assert!(!format!("{login:?}").contains("secret"));
        let refused = |message: &[u8]| PlainLogin::parse(message).unwrap_err();
        assert_eq!(refused(b"bob\0alice\0secret"), PlainError::OtherUser);
        assert_eq!(refused(b"\0alice\0"), PlainError::Empty);
        assert_eq!(refused(b"\0\0secret"), PlainError::Empty);
        assert_eq!(refused(b""), PlainError::Parts(1));
        assert_eq!(refused(b"\0a\0b\0c"), PlainError::Parts(4));
        assert_eq!(refused(b"\0a\0\xff"), PlainError::NotText);
    }
}
