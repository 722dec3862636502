use std::sync::Arc;

use bytes::Bytes;

use crate::attributes::Attributes;
use crate::objects::Listed;

/// Which content of an object is meant: another put gives it another one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectVersion(Arc<str>);

/// All that is known of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Described {
    /// What a list says of it too.
    pub listed: Listed,
    /// Its content, where the store tells it.
    pub version: Option<ObjectVersion>,
    /// By what name this content can be had when there is a newer one, in buckets that keep versions.
    pub version_id: Option<String>,
    /// What it says of itself.
    pub attributes: Attributes,
}

/// A range of an object, and what is known of all of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fetched {
    /// The object.
    pub described: Described,
    /// The bytes of the range.
    pub bytes: Bytes,
}

impl ObjectVersion {
    pub(crate) fn new(tag: String) -> Self {
        Self(tag.into())
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}
