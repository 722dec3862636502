//! Durations as Go writes them: `20s`, `1h2m3.5s`, `100ms`, `0`.

use std::time::Duration;

/// A text that is no duration.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a duration such as 20s, 1m30s or 100ms")]
pub struct BadDuration {
    text: String,
}

/// Reads a duration that is not negative: numbers with a unit each (`ns`, `us`, `ms`, `s`, `m`, `h`), without
/// spaces, in any order. Parts smaller than a nanosecond are cut off.
///
/// # Errors
/// Any other text, and durations of more than about 292 years, which Go cannot hold either.
pub fn parse_duration(text: &str) -> Result<Duration, BadDuration> {
    nanoseconds(text).map(Duration::from_nanos).ok_or_else(|| BadDuration { text: text.to_owned() })
}

fn nanoseconds(text: &str) -> Option<u64> {
    let mut rest = text.strip_prefix('+').unwrap_or(text);
    if rest == "0" {
        return Some(0);
    }
    if rest.is_empty() {
        return None;
    }
    let mut total: u64 = 0;
    while !rest.is_empty() {
        let (whole, behind) = digits(rest);
        let (fraction, behind) = behind.strip_prefix('.').map_or(("", behind), digits);
        if whole.len() + fraction.len() == 0 {
            return None;
        }
        let unit_end = behind.find(|c: char| c == '.' || c.is_ascii_digit()).unwrap_or(behind.len());
        let unit = unit(&behind[..unit_end])?;
        let value = if whole.is_empty() { 0 } else { whole.parse().ok()? };
        total = total.checked_add(unit.checked_mul(value)?)?.checked_add(part_of(unit, fraction))?;
        rest = &behind[unit_end..];
    }
    i64::try_from(total).is_ok().then_some(total)
}

fn digits(text: &str) -> (&str, &str) {
    text.split_at(text.bytes().position(|byte| !byte.is_ascii_digit()).unwrap_or(text.len()))
}

/// A unit in nanoseconds. Both signs that Unicode has for "micro" are read.
fn unit(name: &str) -> Option<u64> {
    Some(match name {
        "ns" => 1,
        "us" | "\u{b5}s" | "\u{3bc}s" => 1_000,
        "ms" => 1_000_000,
        "s" => 1_000_000_000,
        "m" => 60_000_000_000,
        "h" => 3_600_000_000_000,
        _ => return None,
    })
}

/// The digits behind a point, in nanoseconds. An hour has 13 digits of nanoseconds: what is behind them is too small.
fn part_of(unit: u64, fraction: &str) -> u64 {
    let mut total: u128 = 0;
    let mut scale: u128 = 1;
    for digit in fraction.bytes().take(18) {
        total = total * 10 + u128::from(digit - b'0');
        scale *= 10;
    }
    u64::try_from(total * u128::from(unit) / scale).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("20s", 20_000_000_000)]
    #[case("1h2m3.5s", 3_723_500_000_000)]
    #[case("100ms", 100_000_000)]
    #[case("+1.5m", 90_000_000_000)]
    #[case("0", 0)]
    #[case("0s", 0)]
    #[case(".5s", 500_000_000)]
    #[case("1.s", 1_000_000_000)]
    #[case("3us", 3_000)]
    #[case("3\u{b5}s", 3_000)]
    #[case("1s1h", 3_601_000_000_000)]
    #[case("1.9ns", 1)]
    #[case("0.3333333333333333333333h", 1_200_000_000_000 - 1)]
    #[case("2562047h", 9_223_369_200_000_000_000)]
    fn durations_are_read_as_in_go(#[case] text: &str, #[case] nanoseconds: u64) {
        assert_eq!(parse_duration(text), Ok(Duration::from_nanos(nanoseconds)));
    }

    #[rstest]
    #[case("")]
    #[case("20")]
    #[case("s")]
    #[case(".s")]
    #[case("1 s")]
    #[case("-1s")]
    #[case("1d")]
    #[case("1s2")]
    #[case("2562048h")]
    #[case("99999999999999999999s")]
    fn other_text_is_no_duration(#[case] text: &str) {
        assert_eq!(
            parse_duration(text).unwrap_err().to_string(),
            format!("`{text}` is not a duration such as 20s, 1m30s or 100ms")
        );
    }
}
