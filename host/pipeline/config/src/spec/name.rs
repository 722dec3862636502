//! The names of plugins and components: short, lower case, safe in paths, metrics and messages.

use std::borrow::Borrow;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The longest name there may be, in bytes.
const MAX_LENGTH: usize = 128;

/// The name of a plugin: `a`-`z`, digits, `_` and `-`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PluginName(String);

/// The name of a component: `a`-`z`, digits and `_`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ComponentName(String);

/// A text that cannot be the name of something.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` cannot be the name of a {what}: it takes 1 to {MAX_LENGTH} of the characters {allowed}")]
pub struct BadName {
    text: String,
    what: &'static str,
    allowed: &'static str,
}

fn is_name(text: &str, extra: &[u8]) -> bool {
    let allowed = |byte: u8| {
        byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_' || extra.contains(&byte)
    };
    !text.is_empty() && text.len() <= MAX_LENGTH && text.bytes().all(allowed)
}

impl TryFrom<String> for PluginName {
    type Error = BadName;

    fn try_from(text: String) -> Result<Self, BadName> {
        if is_name(&text, b"-") {
            return Ok(Self(text));
        }
        Err(BadName { text, what: "plugin", allowed: "a-z, 0-9, _ and -" })
    }
}

impl TryFrom<String> for ComponentName {
    type Error = BadName;

    fn try_from(text: String) -> Result<Self, BadName> {
        if is_name(&text, b"") {
            return Ok(Self(text));
        }
        Err(BadName { text, what: "component", allowed: "a-z, 0-9 and _" })
    }
}

macro_rules! text_newtype {
    ($name:ident) => {
        impl $name {
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = BadName;

            fn from_str(text: &str) -> Result<Self, BadName> {
                Self::try_from(text.to_owned())
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> Self {
                name.0
            }
        }

        impl Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.pad(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(out, concat!(stringify!($name), "({})"), self.0)
            }
        }
    };
}

text_newtype!(PluginName);
text_newtype!(ComponentName);
