use std::fmt;
use std::str::FromStr;

use anyhow::{Error, bail};
use forebay_pipeline_config::spec::Kind;

/// A language that plugins are written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    Rust,
    JavaScript,
    Python,
    C,
    Go,
}

impl Language {
    pub const ALL: [Self; 5] = [Self::Rust, Self::JavaScript, Self::Python, Self::C, Self::Go];

    /// As flags, folders and `plugin.yaml` say it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Rust => "rust",
            Self::JavaScript => "js",
            Self::Python => "python",
            Self::C => "c",
            Self::Go => "go",
        }
    }

    /// What a new plugin can be.
    #[must_use]
    pub fn kinds(self) -> &'static [Kind] {
        match self {
            Self::Rust => {
                &[Kind::Input, Kind::Processor, Kind::Output, Kind::Mapping, Kind::Scanner, Kind::Cache]
            }
            Self::JavaScript | Self::Python | Self::C | Self::Go => {
                &[Kind::Input, Kind::Processor, Kind::Output]
            }
        }
    }
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Language {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let Some(language) = Self::ALL.into_iter().find(|language| language.as_str() == text) else {
            bail!("there is no language `{text}`; there are: {}", Self::ALL.map(Self::as_str).join(", "));
        };
        Ok(language)
    }
}
