use std::time::Duration;

use serde_json::Value;

use super::{Config, Pointer, Spec};
use crate::Problem;

/// A text such as `300ms`, `1.5h` or `2h45m`.
impl Config for Duration {
    fn spec() -> Spec {
        Spec::new("string")
    }

    fn parse(value: &Value, at: &Pointer<'_>) -> Result<Self, Problem> {
        let text = String::parse(value, at)?;
        parse_duration(&text).ok_or_else(|| Problem::new(format!("{text:?} is not a duration")).at(at))
    }
}

/// Reads a duration as Go writes them: numbers with units `ns`, `us`, `ms`, `s`, `m`, `h`, of which
/// none may be negative.
#[must_use]
pub fn parse_duration(text: &str) -> Option<Duration> {
    if text == "0" {
        return Some(Duration::ZERO);
    }
    let mut rest = text.strip_prefix('+').unwrap_or(text);
    if rest.is_empty() {
        return None;
    }
    let mut total = Duration::ZERO;
    while !rest.is_empty() {
        let end = rest.find(|letter: char| !letter.is_ascii_digit() && letter != '.')?;
        let (number, unit) = rest.split_at(end);
        let length = unit.find(|letter: char| letter.is_ascii_digit() || letter == '.').unwrap_or(unit.len());
        total = total.checked_add(part(number, unit_nanoseconds(&unit[..length])?)?)?;
        rest = &unit[length..];
    }
    Some(total)
}

fn unit_nanoseconds(unit: &str) -> Option<u64> {
    Some(match unit {
        "ns" => 1,
        "us" | "\u{b5}s" | "\u{3bc}s" => 1_000,
        "ms" => 1_000_000,
        "s" => 1_000_000_000,
        "m" => 60_000_000_000,
        "h" => 3_600_000_000_000,
        _ => return None,
    })
}

/// A decimal number of a unit, without the detour over floats.
fn part(number: &str, unit: u64) -> Option<Duration> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let mut nanoseconds = if whole.is_empty() { 0 } else { whole.parse::<u64>().ok()?.checked_mul(unit)? };
    let mut digit_value = unit;
    for digit in fraction.chars() {
        digit_value /= 10;
        nanoseconds = nanoseconds.checked_add(u64::from(digit.to_digit(10)?) * digit_value)?;
    }
    Some(Duration::from_nanos(nanoseconds))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::parse_duration;

    #[test]
    fn durations_are_those_of_go() {
        let milliseconds = |text| parse_duration(text).map(|time| time.as_millis());
        assert_eq!(milliseconds("300ms"), Some(300));
        assert_eq!(milliseconds("1.5h"), Some(5_400_000));
        assert_eq!(milliseconds("2h45m0.5s"), Some(9_900_500));
        assert_eq!(milliseconds(".5s"), Some(500));
        assert_eq!(parse_duration("1\u{b5}s"), Some(Duration::from_micros(1)));
        for wrong in ["", "5", "s", "1x", "-1s", ".s", "1s2", "1..5s", "+"] {
            assert_eq!(milliseconds(wrong), None, "{wrong:?}");
        }
    }
}
