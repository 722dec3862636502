use std::collections::BTreeSet;

use forebay_model::TopicName;
use regex::Regex;

use super::SubscriptionError;
use crate::client::Client;
use crate::failure::Failure;

/// Which topics are meant.
#[derive(Debug)]
pub(super) enum Names {
    Listed(Vec<TopicName>),
    Matching(Vec<Regex>),
}

/// The largest program that a pattern may become.
const LARGEST_PATTERN: usize = 1 << 20;

impl Names {
    pub(super) fn matching(patterns: &[String]) -> Result<Self, SubscriptionError> {
        let compiled = patterns.iter().map(|pattern| {
            regex::RegexBuilder::new(pattern).size_limit(LARGEST_PATTERN).build().map_err(|error| {
                SubscriptionError::Pattern { pattern: pattern.clone(), reason: error.to_string() }
            })
        });
        Ok(Self::Matching(compiled.collect::<Result<_, _>>()?))
    }

    pub(super) fn is_empty(&self) -> bool {
        match self {
            Self::Listed(names) => names.is_empty(),
            Self::Matching(patterns) => patterns.is_empty(),
        }
    }

    /// The topics as they are now: all that are listed, whether there are such or not.
    pub(super) async fn now(&self, client: &Client) -> Result<BTreeSet<TopicName>, Failure> {
        match self {
            Self::Listed(names) => Ok(names.iter().cloned().collect()),
            Self::Matching(patterns) => {
                let all = client.topics().await?.into_iter();
                Ok(all
                    .filter(|name| patterns.iter().any(|pattern| pattern.is_match(name.as_str())))
                    .collect())
            }
        }
    }
}
