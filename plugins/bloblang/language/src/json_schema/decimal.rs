//! Decimal numbers, compared and divided exactly as long as they have up to about 30 digits.

use std::cmp::Ordering;
use std::fmt;

use crate::value::Value;

/// `digits` times ten to the power of `exponent`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Decimal {
    digits: i128,
    exponent: i32,
}

impl Decimal {
    /// The number that a value is.
    pub(super) fn of(value: &Value) -> Option<Self> {
        value.as_number()?;
        let mut json = Vec::new();
        value.write_json(&mut json);
        Self::parse(std::str::from_utf8(&json).ok()?)
    }

    fn parse(text: &str) -> Option<Self> {
        let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let exponent: i32 = exponent.parse().ok()?;
        let shift = i32::try_from(fraction.len()).ok()?;
        let digits = format!("{whole}{fraction}").parse().ok()?;
        Some(Self { digits, exponent: exponent.checked_sub(shift)? }.reduced())
    }

    /// Without zeros at the end of the digits.
    fn reduced(mut self) -> Self {
        if self.digits == 0 {
            return Self { digits: 0, exponent: 0 };
        }
        while self.digits % 10 == 0 {
            self.digits /= 10;
            self.exponent += 1;
        }
        self
    }

    pub(super) fn is_positive(self) -> bool {
        self.digits > 0
    }

    pub(super) fn is_whole(self) -> bool {
        self.exponent >= 0
    }

    /// Both numbers as digits of the same power of ten; `None` when they are too far apart.
    fn aligned(self, other: Self) -> Option<(i128, i128)> {
        let exponent = self.exponent.min(other.exponent);
        let widen = |number: Self| {
            let power = u32::try_from(number.exponent - exponent).ok()?;
            number.digits.checked_mul(10_i128.checked_pow(power)?)
        };
        Some((widen(self)?, widen(other)?))
    }

    pub(super) fn compare(self, other: Self) -> Ordering {
        match self.aligned(other) {
            Some((left, right)) => left.cmp(&right),
            None => self.approximate().total_cmp(&other.approximate()),
        }
    }

    pub(super) fn is_multiple_of(self, other: Self) -> bool {
        match self.aligned(other) {
            Some((left, right)) => right != 0 && left % right == 0,
            None => (self.approximate() / other.approximate()).fract() == 0.0,
        }
    }

    fn approximate(self) -> f64 {
        format!("{}e{}", self.digits, self.exponent).parse().unwrap_or(f64::NAN)
    }
}

impl fmt::Display for Decimal {
    /// Up to ten digits, with an exponent where the number is very large or small.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let value = self.approximate();
        if value == 0.0 {
            return f.write_str("0");
        }
        let rounded = format!("{value:.9e}");
        let (mantissa, exponent) = rounded.split_once('e').unwrap_or((&rounded, "0"));
        let exponent: i32 = exponent.parse().unwrap_or(0);
        let mantissa = if mantissa.contains('.') {
            mantissa.trim_end_matches('0').trim_end_matches('.')
        } else {
            mantissa
        };
        if !(-4..10).contains(&exponent) {
            let sign = if exponent < 0 { '-' } else { '+' };
            return write!(f, "{mantissa}e{sign}{:02}", exponent.abs());
        }
        let shown: f64 = rounded.parse().unwrap_or(value);
        write!(f, "{shown}")
    }
}
