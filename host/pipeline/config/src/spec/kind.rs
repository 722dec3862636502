//! What sorts of components there are, and how settled one is.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The sort of a component. A name is unique within its kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    Input,
    Processor,
    Output,
    /// A language in which fields can be written.
    Mapping,
    Scanner,
    Cache,
    Buffer,
    #[serde(rename = "rate_limit")]
    RateLimit,
}

/// What a user may expect of a component to stay.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    #[default]
    Stable,
    Beta,
    Experimental,
    Deprecated,
}

impl Kind {
    pub const ALL: [Self; 8] = [
        Self::Input,
        Self::Processor,
        Self::Output,
        Self::Mapping,
        Self::Scanner,
        Self::Cache,
        Self::Buffer,
        Self::RateLimit,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Input => "input",
            Self::Processor => "processor",
            Self::Output => "output",
            Self::Mapping => "mapping",
            Self::Scanner => "scanner",
            Self::Cache => "cache",
            Self::Buffer => "buffer",
            Self::RateLimit => "rate_limit",
        }
    }
}

impl Status {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Stable => "stable",
            Self::Beta => "beta",
            Self::Experimental => "experimental",
            Self::Deprecated => "deprecated",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(self.as_str())
    }
}

impl fmt::Display for Status {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(self.as_str())
    }
}
