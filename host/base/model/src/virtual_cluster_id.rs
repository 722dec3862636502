use std::str::FromStr;
use std::sync::Arc;

use crate::shown::shown;

const LONGEST: usize = 128;

/// What a virtual cluster is known by, as `vci_1f0c`: 1 to 128 of `a-z A-Z 0-9 _ -`. Cheap to clone.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct VirtualClusterId(Arc<str>);

/// Why a text is no id of a virtual cluster.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "virtual cluster id {id:?} is not allowed: expected 1 to {LONGEST} ASCII letters, digits, '_' and '-'"
)]
pub struct VirtualClusterIdError {
    /// What was given.
    pub id: String,
}

impl VirtualClusterId {
    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for VirtualClusterId {
    type Err = VirtualClusterIdError;

    fn from_str(id: &str) -> Result<Self, Self::Err> {
        let is_allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-');
        if id.is_empty() || id.len() > LONGEST || !id.bytes().all(is_allowed) {
            return Err(VirtualClusterIdError { id: id.to_owned() });
        }
        Ok(Self(id.into()))
    }
}

shown!(VirtualClusterId);
