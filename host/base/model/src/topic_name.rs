use std::str::FromStr;
use std::sync::Arc;

use crate::shown::shown;

/// The longest name, in bytes, as in Kafka.
const LONGEST: usize = 249;

/// The name of a topic by Kafka's rules: 1 to 249 of `a-z A-Z 0-9 . _ -`, neither `.` nor `..`. Cheap to clone.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TopicName(Arc<str>);

/// Why a text is no name of a topic.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TopicNameError {
    /// Nothing at all.
    #[error("a topic name is empty: expected 1 to {LONGEST} characters")]
    Empty,
    /// `.` or `..`.
    #[error("topic name {name:?} is not allowed: choose another than \".\" and \"..\"")]
    Dots {
        /// What was given.
        name: String,
    },
    /// More than fits.
    #[error("a topic name of {length} bytes is too long: expected at most {LONGEST}")]
    TooLong {
        /// How long it is.
        length: usize,
    },
    /// A character that names can't have.
    #[error("topic name {name:?} has {character:?}: expected only ASCII letters, digits, '.', '_' and '-'")]
    Character {
        /// What was given.
        name: String,
        /// The first one at fault.
        character: char,
    },
}

impl TopicName {
    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name with `.` written as `_`: Kafka refuses a new topic when another has the same, because their metrics
    /// would.
    #[must_use]
    pub fn collision_key(&self) -> String {
        self.0.replace('.', "_")
    }
}

impl FromStr for TopicName {
    type Err = TopicNameError;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        let is_allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
        if name.is_empty() {
            return Err(TopicNameError::Empty);
        }
        if name.len() > LONGEST {
            return Err(TopicNameError::TooLong { length: name.len() });
        }
        if name == "." || name == ".." {
            return Err(TopicNameError::Dots { name: name.to_owned() });
        }
        if let Some(character) = name.chars().find(|c| !is_allowed(*c)) {
            return Err(TopicNameError::Character { name: name.to_owned(), character });
        }
        Ok(Self(name.into()))
    }
}

shown!(TopicName);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_the_rules_of_kafka() {
        let longest = "x".repeat(LONGEST);
        for name in ["a", "A.b_c-9", "...", longest.as_str()] {
            assert_eq!(name.parse::<TopicName>().map(|name| name.as_str().to_owned()), Ok(name.to_owned()));
        }
        for (name, says) in [
            ("", "empty"),
            (".", "not allowed"),
            ("..", "not allowed"),
            ("a b", "' '"),
            ("a\u{e9}", "'\u{e9}'"),
            (&"x".repeat(LONGEST + 1), "250 bytes is too long"),
        ] {
            let error = name.parse::<TopicName>().unwrap_err().to_string();
            assert!(error.contains(says), "{error}");
        }
    }
}
