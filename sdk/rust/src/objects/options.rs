use std::time::Duration;

use crate::bindings::capabilities::forebay::objects::objects as wit;

/// What an object says of itself. Absent: the store's default.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Attributes {
    pub content_type: Option<String>,
    pub content_encoding: Option<String>,
    pub content_language: Option<String>,
    pub content_disposition: Option<String>,
    pub cache_control: Option<String>,
    pub storage_class: Option<String>,
    /// Names and values of the user's own.
    pub metadata: Vec<(String, String)>,
}

/// What a put says beside name and bytes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PutOptions {
    pub attributes: Attributes,
    /// Not every store has tags.
    pub tags: Vec<(String, String)>,
    /// For all of it, every try included.
    pub timeout: Option<Duration>,
}

impl PutOptions {
    /// The same with a media type.
    #[must_use]
    pub fn content_type(mut self, content_type: impl Into<String>) -> Self {
        self.attributes.content_type = Some(content_type.into());
        self
    }
}

impl From<PutOptions> for wit::PutOptions {
    fn from(PutOptions { attributes, tags, timeout }: PutOptions) -> Self {
        let timeout = timeout.map(|timeout| u64::try_from(timeout.as_nanos()).unwrap_or(u64::MAX));
        Self { attributes: attributes.into(), tags, timeout }
    }
}

impl From<Attributes> for wit::Attributes {
    fn from(attributes: Attributes) -> Self {
        let Attributes {
            content_type,
            content_encoding,
            content_language,
            content_disposition,
            cache_control,
            storage_class,
            metadata,
        } = attributes;
        Self {
            content_type,
            content_encoding,
            content_language,
            content_disposition,
            cache_control,
            storage_class,
            metadata,
        }
    }
}

impl From<wit::Attributes> for Attributes {
    fn from(attributes: wit::Attributes) -> Self {
        let wit::Attributes {
            content_type,
            content_encoding,
            content_language,
            content_disposition,
            cache_control,
            storage_class,
            metadata,
        } = attributes;
        Self {
            content_type,
            content_encoding,
            content_language,
            content_disposition,
            cache_control,
            storage_class,
            metadata,
        }
    }
}
