use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// Who somebody is, as Kafka writes it: a type, mostly `User`, a colon and a name. Cheap to clone.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Principal(Arc<str>);

/// What names nobody.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no principal: expected a type and a name, as in User:alice")]
pub struct PrincipalError(String);

const USER: &str = "User:";

impl Principal {
    /// The user of this name.
    #[must_use]
    pub fn user(name: &str) -> Self {
        Self(format!("{USER}{name}").into())
    }

    /// Whoever has not said who they are.
    #[must_use]
    pub fn anonymous() -> Self {
        Self::user("ANONYMOUS")
    }

    /// In an ACL: everybody.
    #[must_use]
    pub fn everybody() -> Self {
        Self::user("*")
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What stands behind the colon.
    #[must_use]
    pub fn name(&self) -> &str {
        self.0.split_once(':').map_or(&self.0, |(_, name)| name)
    }

    pub(crate) fn is_everybody(&self) -> bool {
        &*self.0 == "User:*"
    }
}

impl FromStr for Principal {
    type Err = PrincipalError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.split_once(':') {
            Some((kind, name)) if !kind.is_empty() && !name.is_empty() => Ok(Self(text.into())),
            _ => Err(PrincipalError(text.to_owned())),
        }
    }
}

impl Default for Principal {
    fn default() -> Self {
        Self::anonymous()
    }
}

impl fmt::Display for Principal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Principal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Principal({})", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_principal_is_a_type_and_a_name() {
        let principal: Principal = "User:CN=a:b,O=c".parse().unwrap();
        assert_eq!((principal.name(), principal.to_string().as_str()), ("CN=a:b,O=c", "User:CN=a:b,O=c"));
        for text in ["", "alice", "User:", ":alice"] {
            assert_eq!(text.parse::<Principal>(), Err(PrincipalError(text.to_owned())));
        }
    }
}
