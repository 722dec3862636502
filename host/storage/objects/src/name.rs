use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// The name of an object inside its store: parts joined by `/`, without control characters. Names order by their
/// bytes, as stores list them. A folder refuses what its file system does.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectName(Arc<str>);

/// What names begin with: whole parts of them, so that `a/b` is a prefix of `a/b/c` and not of `a/bc`. May be empty.
#[derive(Clone, PartialEq, Eq, Hash, Default)]
pub struct ObjectPrefix(Option<ObjectName>);

/// A text that is not the name of an object.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{name}` is not the name of an object: {reason}")]
pub struct InvalidName {
    name: String,
    reason: &'static str,
}

/// The longest name, in bytes. S3 takes 1,024, of which a prefix of the bucket's URL takes some.
const LONGEST: usize = 1_000;
/// What is shown of a text that is no name.
const SHOWN: usize = 200;

impl ObjectName {
    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl ObjectPrefix {
    /// What every name begins with.
    #[must_use]
    pub fn all() -> Self {
        Self(None)
    }

    /// The prefix as text, without a `/` at its end.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_ref().map_or("", ObjectName::as_str)
    }

    /// Whether a name lies under this prefix.
    #[must_use]
    pub fn contains(&self, name: &ObjectName) -> bool {
        match &self.0 {
            None => true,
            Some(prefix) => {
                name.as_str().strip_prefix(prefix.as_str()).is_some_and(|rest| rest.starts_with('/'))
            }
        }
    }
}

impl FromStr for ObjectName {
    type Err = InvalidName;

    fn from_str(name: &str) -> Result<Self, InvalidName> {
        let invalid = |reason| Err(InvalidName { name: name.chars().take(SHOWN).collect(), reason });
        if name.is_empty() || name.len() > LONGEST {
            return invalid("it needs 1 to 1,000 bytes");
        }
        for part in name.split('/') {
            if part.is_empty() {
                return invalid("its parts, between slashes, can't be empty");
            }
            if part == "." || part == ".." {
                return invalid("`.` and `..` are folders");
            }
            if part.chars().any(char::is_control) {
                return invalid("it may hold no control characters");
            }
        }
        Ok(Self(name.into()))
    }
}

impl FromStr for ObjectPrefix {
    type Err = InvalidName;

    fn from_str(prefix: &str) -> Result<Self, InvalidName> {
        match prefix.strip_suffix('/').unwrap_or(prefix) {
            "" => Ok(Self::all()),
            prefix => Ok(Self(Some(prefix.parse()?))),
        }
    }
}

impl fmt::Display for ObjectName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for ObjectName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ObjectName({})", self.0)
    }
}

impl fmt::Debug for ObjectPrefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ObjectPrefix({})", self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_a_store_could_change_or_refuse_are_refused() {
        for name in ["", "/", "a/", "/a", "a//b", "a/../b", ".", "a\nb", "a\0", "a\u{7f}", "a\u{85}"] {
            assert!(name.parse::<ObjectName>().is_err(), "{name}");
        }
        assert!("a".repeat(1_001).parse::<ObjectName>().is_err());
        for name in ["a/b-1_.seg", "day=2026-01-02/a b~[1]*%2F#x\\?.json", "\u{e4}"] {
            assert_eq!(name.parse::<ObjectName>().unwrap().as_str(), name);
        }
    }

    #[test]
    fn a_prefix_is_of_whole_parts() {
        let prefix: ObjectPrefix = "a/b/".parse().unwrap();
        assert!(prefix.contains(&"a/b/c".parse().unwrap()));
        assert!(!prefix.contains(&"a/bc".parse().unwrap()));
        assert!(!prefix.contains(&"a/b".parse().unwrap()));
        assert!(ObjectPrefix::all().contains(&"x".parse().unwrap()));
    }
}
