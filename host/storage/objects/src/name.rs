use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// The name of an object inside its store: parts of ASCII letters, digits, `-`, `_` and `.`, joined by `/`. Names
/// order by their bytes, as stores list them.
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

/// The longest name. S3 takes 1,024 bytes, of which a prefix of the bucket's URL takes some; a folder takes 255 for each part.
const LONGEST: usize = 512;
const LONGEST_PART: usize = 200;

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
        let invalid = |reason| Err(InvalidName { name: name.chars().take(LONGEST_PART).collect(), reason });
        if name.is_empty() || name.len() > LONGEST {
            return invalid("it needs 1 to 512 bytes");
        }
        for part in name.split('/') {
            if part.is_empty() || part.len() > LONGEST_PART {
                return invalid("its parts, between slashes, need 1 to 200 bytes");
            }
            if part == "." || part == ".." {
                return invalid("`.` and `..` are folders");
            }
            if !part.bytes().all(|letter| letter.is_ascii_alphanumeric() || b"-_.".contains(&letter)) {
                return invalid("it may hold ASCII letters, digits, `-`, `_` and `.`");
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
        for name in ["", "/", "a/", "/a", "a//b", "a/../b", ".", "a b", "a#1", "a%2F", "\u{e4}"] {
            assert!(name.parse::<ObjectName>().is_err(), "{name}");
        }
        assert!("a".repeat(201).parse::<ObjectName>().is_err());
        assert!(vec!["a".repeat(200); 3].join("/").parse::<ObjectName>().is_err());
        assert_eq!("a/b-1_.seg".parse::<ObjectName>().unwrap().as_str(), "a/b-1_.seg");
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
