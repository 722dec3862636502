//! Sizes such as `1MB` and `50MiB`.

use forebay_sdk::Problem;
use forebay_sdk::config::{Config, Pointer, Spec};
use forebay_sdk::serde_json::Value;

/// A number of bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Size(pub(crate) u64);

/// What stands behind a number, in small letters, and how many bytes that is.
const UNITS: &[(&str, u64)] = &[
    ("", 1),
    ("b", 1),
    ("k", 1_000),
    ("kb", 1_000),
    ("ki", 1 << 10),
    ("kib", 1 << 10),
    ("m", 1_000_000),
    ("mb", 1_000_000),
    ("mi", 1 << 20),
    ("mib", 1 << 20),
    ("g", 1_000_000_000),
    ("gb", 1_000_000_000),
    ("gi", 1 << 30),
    ("gib", 1 << 30),
    ("t", 1_000_000_000_000),
    ("tb", 1_000_000_000_000),
    ("ti", 1 << 40),
    ("tib", 1 << 40),
];

impl Size {
    fn of(text: &str) -> Option<Self> {
        let text = text.trim();
        let end = text.find(|letter: char| !(letter.is_ascii_digit() || letter == '.' || letter == ','));
        let (number, unit) = text.split_at(end.unwrap_or(text.len()));
        let unit = unit.trim().to_ascii_lowercase();
        let (_, bytes) = UNITS.iter().find(|(name, _)| *name == unit)?;
        let number = number.replace(',', "");
        if let Ok(whole) = number.parse::<u64>() {
            return whole.checked_mul(*bytes).map(Self);
        }
        #[expect(clippy::cast_precision_loss, reason = "a unit is a small number of bits")]
        let bytes = number.parse::<f64>().ok()? * *bytes as f64;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "it is in range, and no fraction of a byte counts"
        )]
        (0.0..1e18).contains(&bytes).then_some(Self(bytes as u64))
    }

    /// The same as a number of 32 bits, or the largest of those.
    pub(crate) fn narrow(self) -> u32 {
        u32::try_from(self.0).unwrap_or(u32::MAX)
    }
}

impl Config for Size {
    fn spec() -> Spec {
        Spec::new("string")
    }

    fn parse(value: &Value, at: &Pointer<'_>) -> Result<Self, Problem> {
        let text = String::parse(value, at)?;
        let problem =
            || Problem::new(format!("{text:?} is no size: expected one such as 1MB or 50MiB")).at(at);
        Self::of(&text).ok_or_else(problem)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_decimal_or_binary() {
        for (text, bytes) in [
            ("0", 0),
            ("1000", 1000),
            ("1,000 B", 1000),
            ("1MB", 1_000_000),
            ("1mb", 1_000_000),
            ("1.5 kB", 1500),
            ("50MiB", 50 << 20),
            ("1MiB", 1 << 20),
            ("2g", 2_000_000_000),
        ] {
            assert_eq!(Size::of(text), Some(Size(bytes)), "{text}");
        }
        for text in ["", "MB", "1XB", "-1", "1.2.3", "99999999TB", "1 M B"] {
            assert_eq!(Size::of(text), None, "{text}");
        }
        assert_eq!(Size(1 << 40).narrow(), u32::MAX);
    }
}
