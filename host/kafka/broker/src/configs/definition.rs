use std::time::Duration;

/// What a value is, for clients that show it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConfigKind {
    Boolean,
    Int,
    Long,
    Double,
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
    /// Other names under which it is set, which are never told.
    pub aliases: &'static [Alias],
    pub documentation: &'static str,
    /// Says what is expected when a value is none.
    pub(super) check: fn(&str) -> Result<(), &'static str>,
}

/// Another name of a number, in another unit.
#[derive(Debug, Clone, Copy)]
pub struct Alias {
    pub name: &'static str,
    /// How many of the configuration's units are one of these.
    pub unit: i64,
}

/// A setting that is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigRefused {
    #[error("there is no configuration {name:?} here; there are {known}")]
    Unknown { name: String, known: String },
    #[error("{name} can't be {value:?}: expected {expected}")]
    Value { name: &'static str, value: String, expected: &'static str },
}

/// The definition of what is called `name`, or has that alias.
///
/// # Errors
/// When there is none.
pub fn find(among: &'static [Definition], name: &str) -> Result<&'static Definition, ConfigRefused> {
    let is_called = |definition: &&Definition| definition.name == name || definition.alias(name).is_some();
    among.iter().find(is_called).ok_or_else(|| ConfigRefused::Unknown {
        name: name.to_owned(),
        known: among.iter().map(|definition| definition.name).collect::<Vec<_>>().join(", "),
    })
}

impl Definition {
    fn alias(&self, name: &str) -> Option<&'static Alias> {
        self.aliases.iter().find(|alias| alias.name == name)
    }

    /// What it is set to by who writes `value` under `name`, which is its own name or an alias.
    ///
    /// # Errors
    /// When it may not be that, with what is expected.
    pub fn value(&self, name: &str, value: &str) -> Result<String, ConfigRefused> {
        let Some(alias) = self.alias(name) else {
            self.check(value)?;
            return Ok(value.to_owned());
        };
        let refused = |expected| ConfigRefused::Value { name: alias.name, value: value.to_owned(), expected };
        // -1 is no limit in any unit.
        let scaled = match number(value) {
            Some(-1) => Some(-1),
            Some(units) => units.checked_mul(alias.unit),
            None => None,
        };
        let scaled = scaled.ok_or_else(|| refused("a number that is not that large"))?.to_string();
        (self.check)(&scaled).map_err(refused)?;
        Ok(scaled)
    }

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

/// More minutes than this are no time that anybody waits for.
const MOST_MINUTES: u64 = i32::MAX as u64;

/// Minutes, one at least.
pub(super) fn minutes(text: &str) -> Option<Duration> {
    let minutes = number(text).and_then(|minutes| u64::try_from(minutes).ok())?;
    (1..=MOST_MINUTES).contains(&minutes).then(|| Duration::from_secs(minutes * 60))
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
