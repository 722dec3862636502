use std::collections::BTreeMap;

use forebay_model::{TopicId, VirtualClusterId};

use crate::{Kind, StoreFailure};

/// What was set, by name; what was not has its default, which the store does not know. The store does not read them:
/// whoever sets one has checked it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Configs(BTreeMap<String, String>);

/// Why configurations were not replaced.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// There is no such virtual cluster.
    #[error("there is no virtual cluster {cluster}")]
    NoVirtualCluster {
        /// Which.
        cluster: VirtualClusterId,
    },
    /// There is no such topic.
    #[error("there is no topic {topic} in {cluster}")]
    NoTopic {
        /// Where.
        cluster: VirtualClusterId,
        /// Which.
        topic: TopicId,
    },
    /// They are no longer what the caller saw.
    #[error("somebody else has changed them: read them again")]
    Changed,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreFailure),
}

impl ConfigError {
    /// What to do about it.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        match self {
            Self::NoVirtualCluster { .. } | Self::NoTopic { .. } => Kind::NotFound,
            Self::Changed => Kind::Conflict,
            Self::Store(failure) => failure.kind(),
        }
    }
}

impl Configs {
    /// The value that was set under `name`.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// Sets `name`.
    pub fn set(&mut self, name: impl Into<String>, value: impl Into<String>) {
        self.0.insert(name.into(), value.into());
    }

    /// Puts `name` back to its default.
    pub fn unset(&mut self, name: &str) {
        self.0.remove(name);
    }

    /// Names and values, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

impl<N: Into<String>, V: Into<String>> FromIterator<(N, V)> for Configs {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(settings: I) -> Self {
        Self(settings.into_iter().map(|(name, value)| (name.into(), value.into())).collect())
    }
}
