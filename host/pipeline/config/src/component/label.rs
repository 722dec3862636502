//! The name a user gives a component, by which metrics, resources and tests know it. Unique in a configuration.

use std::fmt;
use std::str::FromStr;

use crate::lint::Examiner;
use crate::yaml::Node;

/// A label: `a`-`z`, digits and `_`, not beginning with `_`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Label(String);

/// A text that cannot be a label.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("label '{text}' is not allowed: it takes the characters a-z, 0-9 and _, and does not begin with _")]
pub struct BadLabel {
    text: String,
}

impl Label {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Label {
    type Err = BadLabel;

    fn from_str(text: &str) -> Result<Self, BadLabel> {
        let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
        if text.is_empty() || text.starts_with('_') || !text.bytes().all(allowed) {
            return Err(BadLabel { text: text.to_owned() });
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for Label {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(&self.0)
    }
}

impl fmt::Debug for Label {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Label({})", self.0)
    }
}

/// Reads the label of a component. An empty one is none.
pub(super) fn examine(examiner: &mut Examiner<'_>, component: &Node) -> Option<Label> {
    let (key, value) = component.entry("label")?;
    if !value.is_scalar() {
        examiner.fatal(value.span.start, "expected string value");
        return None;
    }
    if value.is_null() || value.text.is_empty() {
        return None;
    }
    let label: Label = match value.text.parse() {
        Ok(label) => label,
        Err(error) => {
            examiner.lint(value.span.start, BadLabel::to_string(&error));
            return None;
        }
    };
    if let Some(first) = examiner.label_seen_before(label.as_str(), key.span.start) {
        let line = examiner.source.written_at(first).line;
        let message = format!("label '{label}' collides with a previously defined label at line {line}");
        examiner.lint(key.span.start, message);
    }
    Some(label)
}
