/// What an object says of itself beside its bytes. What is absent is as the store has it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Attributes {
    /// The media type.
    pub content_type: Option<String>,
    /// How the bytes are encoded, such as `gzip`.
    pub content_encoding: Option<String>,
    /// The language that it is in.
    pub content_language: Option<String>,
    /// How a browser shows it.
    pub content_disposition: Option<String>,
    /// How long others may keep a copy.
    pub cache_control: Option<String>,
    /// What the store charges for it; the names are the store's own. Some stores do not tell it again.
    pub storage_class: Option<String>,
    /// Names and values of the user's own, by name. The names become parts of headers, so stores show them in small
    /// letters.
    pub metadata: Vec<(String, String)>,
}

/// What a put says beside the bytes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PutOptions {
    /// What stays with the object.
    pub attributes: Attributes,
    /// Names and values by which the store finds or bills objects. Only S3 and Azure have them.
    pub tags: Vec<(String, String)>,
}

impl PutOptions {
    /// Whether there is nothing to say.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}
