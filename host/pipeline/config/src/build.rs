//! Builds of plugins: the digest of a file, and the pin by which a configuration asks for one build.
//!
//! Wherever a component is named, `name@sha256:DIGITS` names one build of its plugin: all 64 digits of the
//! digest, or at least [`FEWEST_DIGITS`] of its first ones.

use std::fmt;
use std::str::FromStr;

use sha2::{Digest as _, Sha256};

/// A shorter beginning of a digest names nothing for sure.
pub const FEWEST_DIGITS: usize = 12;
const ALL_DIGITS: usize = 64;
const ALGORITHM: &str = "sha256:";

/// The SHA-256 of a plugin's file, in hexadecimal.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest(String);

impl Digest {
    /// The digest of a file's bytes.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect())
    }

    /// A digest that was worked out when the program was built.
    #[must_use]
    pub fn stated(hexadecimal: &str) -> Self {
        Self(hexadecimal.to_owned())
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// As many digits as a pin needs, for columns and log lines: `sha256:0123456789ab`.
    #[must_use]
    pub fn short(&self) -> String {
        let digits = self.0.get(..FEWEST_DIGITS).unwrap_or(&self.0);
        format!("{ALGORITHM}{digits}")
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{ALGORITHM}{}", self.0)
    }
}

/// A text that is no pin.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{text}` does not name a build: expected sha256: and {FEWEST_DIGITS} to {ALL_DIGITS} of the digits 0-9 and a-f"
)]
pub struct BadPin {
    text: String,
}

/// One build of a plugin, named by the first digits of its digest.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Pin(String);

impl Pin {
    #[must_use]
    pub fn matches(&self, digest: &Digest) -> bool {
        digest.0.starts_with(&self.0)
    }
}

impl FromStr for Pin {
    type Err = BadPin;

    fn from_str(text: &str) -> Result<Self, BadPin> {
        let bad = || BadPin { text: text.to_owned() };
        let digits = text.strip_prefix(ALGORITHM).ok_or_else(bad)?;
        let is_digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        if !(FEWEST_DIGITS..=ALL_DIGITS).contains(&digits.len()) || !digits.bytes().all(is_digit) {
            return Err(bad());
        }
        Ok(Self(digits.to_owned()))
    }
}

impl fmt::Display for Pin {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{ALGORITHM}{}", self.0)
    }
}

/// The name and, behind an `@`, the build in a text that names a component.
pub(crate) fn split(text: &str) -> (&str, Option<&str>) {
    match text.split_once('@') {
        Some((name, build)) => (name, Some(build)),
        None => (text, None),
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[test]
    fn a_pin_matches_what_begins_with_its_digits() {
        let digest = Digest::of(b"plugin");
        let pin: Pin = digest.short().parse().unwrap();
        assert!(pin.matches(&digest) && !pin.matches(&Digest::of(b"another")));
        assert!(digest.to_string().parse::<Pin>().unwrap().matches(&digest));
    }

    #[rstest]
    #[case("sha256:0123456789a")]
    #[case("sha256:0123456789AB")]
    #[case("sha512:0123456789ab")]
    #[case("latest")]
    #[case("")]
    fn what_names_no_build_is_refused(#[case] text: &str) {
        let error = text.parse::<Pin>().unwrap_err().to_string();
        assert!(error.contains(&format!("`{text}` does not name a build")), "{error}");
    }
}
