use std::time::Duration;

/// What a value is, for clients that show it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConfigKind {
    Boolean,
    Int,
    Long,
    String,
    List,
}

/// A configuration that there is.
#[derive(Debug, Clone, Copy)]
pub struct Definition {
    pub name: &'static str,
    pub kind: ConfigKind,
    /// What holds where nothing is set.
    pub default: &'static str,
    /// The cluster's configuration whose value is the default instead, where it is set.
    pub inherits: Option<&'static str>,
    pub documentation: &'static str,
    /// Says what is expected when a value is none.
    pub(super) check: fn(&str) -> Result<(), &'static str>,
}

/// A setting that is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigRefused {
    #[error("there is no configuration {name:?} here; there are {known}")]
    Unknown { name: String, known: String },
    #[error("{name} can't be {value:?}: expected {expected}")]
    Value { name: &'static str, value: String, expected: &'static str },
}

/// The definition of `name`.
///
/// # Errors
/// When there is none.
pub fn find(among: &'static [Definition], name: &str) -> Result<&'static Definition, ConfigRefused> {
    among.iter().find(|definition| definition.name == name).ok_or_else(|| ConfigRefused::Unknown {
        name: name.to_owned(),
        known: among.iter().map(|definition| definition.name).collect::<Vec<_>>().join(", "),
    })
}

impl Definition {
    /// Whether it may have this value.
    ///
    /// # Errors
    /// When it may not, with what is expected.
    pub fn check(&self, value: &str) -> Result<(), ConfigRefused> {
        (self.check)(value).map_err(|expected| ConfigRefused::Value {
            name: self.name,
            value: value.to_owned(),
            expected,
        })
    }
}

pub(super) fn number(text: &str) -> Option<i64> {
    text.trim().parse().ok()
}

pub(super) fn boolean(text: &str) -> Option<bool> {
    match text.trim() {
        text if text.eq_ignore_ascii_case("true") => Some(true),
        text if text.eq_ignore_ascii_case("false") => Some(false),
        _ => None,
    }
}

/// Milliseconds, or none for -1.
pub(super) fn duration(text: &str) -> Option<Option<Duration>> {
    match number(text)? {
        -1 => Some(None),
        millis => u64::try_from(millis).ok().map(|millis| Some(Duration::from_millis(millis))),
    }
}

pub(super) fn is_boolean(text: &str) -> Result<(), &'static str> {
    boolean(text).map(drop).ok_or("true or false")
}

pub(super) fn is_duration(text: &str) -> Result<(), &'static str> {
    duration(text).map(drop).ok_or("milliseconds, or -1 for no limit")
}

pub(super) fn is_size(text: &str) -> Result<(), &'static str> {
    number(text).filter(|bytes| *bytes >= -1).map(drop).ok_or("a number of bytes, or -1 for no limit")
}

pub(super) fn is_batch_size(text: &str) -> Result<(), &'static str> {
    number(text)
        .filter(|bytes| (0..=i64::from(i32::MAX)).contains(bytes))
        .map(drop)
        .ok_or("a number of bytes from 0 to 2147483647")
}
