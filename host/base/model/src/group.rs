use std::str::FromStr;
use std::sync::Arc;

use crate::shown::shown;

/// The longest id, in bytes. Kafka has no bound but that of its texts; ours are keys of the metadata store.
const LONGEST: usize = 1_024;

/// A text that can't be the id of a group or of a member.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GroupTextError {
    /// Nothing at all.
    #[error("a {what} is empty: expected 1 to {LONGEST} bytes")]
    Empty {
        /// What the text stands for.
        what: &'static str,
    },
    /// More than fits.
    #[error("a {what} of {length} bytes is too long: expected at most {LONGEST}")]
    TooLong {
        /// What the text stands for.
        what: &'static str,
        /// How long it is.
        length: usize,
    },
    /// The one character that no store takes in a text.
    #[error("a {what} has a NUL character: choose another")]
    Nul {
        /// What the text stands for.
        what: &'static str,
    },
}

macro_rules! text {
    ($(#[$doc:meta])* $name:ident, $what:literal) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Arc<str>);

        impl $name {
            /// The text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = GroupTextError;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                check(text, $what)?;
                Ok(Self(text.into()))
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <String as serde::Deserialize>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }

        shown!($name);
    };
}

text! {
    /// The id of a consumer group. Cheap to clone.
    GroupId, "group id"
}

text! {
    /// The id of a member of a group: what the group gave it, or, with the newer protocol, what it chose. Cheap to
    /// clone.
    MemberId, "member id"
}

fn check(text: &str, what: &'static str) -> Result<(), GroupTextError> {
    if text.is_empty() {
        return Err(GroupTextError::Empty { what });
    }
    if text.len() > LONGEST {
        return Err(GroupTextError::TooLong { what, length: text.len() });
    }
    if text.contains('\0') {
        return Err(GroupTextError::Nul { what });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_fit_into_keys() {
        assert_eq!("a b/\u{e9}".parse::<GroupId>().unwrap().as_str(), "a b/\u{e9}");
        for (text, says) in [("", "empty"), ("a\0", "NUL"), (&"x".repeat(LONGEST + 1), "1025 bytes")] {
            let error = text.parse::<MemberId>().unwrap_err().to_string();
            assert!(error.contains(says) && error.contains("member id"), "{error}");
        }
    }
}
