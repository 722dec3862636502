use std::str::FromStr;
use std::sync::Arc;

use crate::shown::shown;

const LONGEST: usize = 255;

/// The name of a segment, which is its place in the bucket: parts of `a-z A-Z 0-9 . _ -` divided by `/`, 255 bytes
/// at most, no part empty, `.` or `..`. No two segments ever have the same. Cheap to clone.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SegmentName(Arc<str>);

/// Why a text is no name of a segment.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "segment name {name:?} is not allowed: expected at most {LONGEST} bytes, parts of ASCII letters, digits, '.', \
     '_' and '-' divided by '/', no part empty, '.' or '..'"
)]
pub struct SegmentNameError {
    /// What was given.
    pub name: String,
}

impl SegmentName {
    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for SegmentName {
    type Err = SegmentNameError;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        let is_allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-');
        let is_part = |part: &str| !matches!(part, "" | "." | "..") && part.bytes().all(is_allowed);
        if name.len() > LONGEST || !name.split('/').all(is_part) {
            return Err(SegmentNameError { name: name.to_owned() });
        }
        Ok(Self(name.into()))
    }
}

shown!(SegmentName);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_segment_never_leaves_its_bucket() {
        assert!("vci_1/segments/01-af.seg".parse::<SegmentName>().is_ok());
        for name in ["", "/a", "a/", "a//b", "../a", "a/./b", "a\\b", &"x".repeat(LONGEST + 1)] {
            assert!(name.parse::<SegmentName>().is_err(), "{name}");
        }
    }
}
