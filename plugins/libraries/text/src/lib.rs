//! Values of metadata as text, written as Bento writes them, and what they say of where a message came from.

mod origin;

use std::time::Duration;

use forebay_sdk::Value;

pub use origin::origin;

/// A value as text: floating point numbers and times as Go prints them in JSON.
#[must_use]
pub fn of(value: Value<'_>) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(value) => value.to_string(),
        Value::Signed(value) => value.to_string(),
        Value::Unsigned(value) => value.to_string(),
        Value::Float(value) => of_float(value),
        Value::Text(value) | Value::Json(value) => value.to_owned(),
        Value::Bytes(value) => String::from_utf8_lossy(value).into_owned(),
        Value::Timestamp { seconds, nanoseconds } => of_time(seconds, nanoseconds),
    }
}

/// A time since 1970 in UTC to the second, as `2024-02-29T12:00:00Z`.
#[must_use]
pub fn of_seconds(time: Duration) -> String {
    of_time(i64::try_from(time.as_secs()).unwrap_or(i64::MAX), 0)
}

/// The shortest text that is this number; with an exponent of two digits from a million on.
fn of_float(value: f64) -> String {
    if value.is_nan() {
        return "NaN".to_owned();
    }
    if value.is_infinite() {
        return if value > 0.0 { "+Inf" } else { "-Inf" }.to_owned();
    }
    let scientific = format!("{value:e}");
    let (digits, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    match exponent.parse::<i32>() {
        Ok(exponent) if exponent != 0 && !(-4..6).contains(&exponent) => {
            let sign = if exponent < 0 { '-' } else { '+' };
            format!("{digits}e{sign}{:02}", exponent.unsigned_abs())
        }
        _ => value.to_string(),
    }
}

/// RFC 3339 in UTC, with as many digits behind the second as it takes.
fn of_time(seconds: i64, nanoseconds: u32) -> String {
    let (year, month, day) = date(seconds.div_euclid(86_400));
    let of_day = seconds.rem_euclid(86_400);
    let (hour, minute, second) = (of_day / 3600, of_day / 60 % 60, of_day % 60);
    let mut text = format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}");
    if nanoseconds > 0 {
        let fraction = format!(".{nanoseconds:09}");
        text.push_str(fraction.trim_end_matches('0'));
    }
    text.push('Z');
    text
}

/// The date of a day since 1970. Years are counted from March, so that leap days come last.
fn date(days: i64) -> (i64, i64, i64) {
    let days = days.saturating_add(719_468);
    let cycle = days.div_euclid(146_097);
    let day_of_cycle = days.rem_euclid(146_097);
    let year_of_cycle =
        (day_of_cycle - day_of_cycle / 1460 + day_of_cycle / 36_524 - day_of_cycle / 146_096) / 365;
    let day_of_year = day_of_cycle - (365 * year_of_cycle + year_of_cycle / 4 - year_of_cycle / 100);
    let from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    (cycle * 400 + year_of_cycle + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Value, of, of_seconds};

    #[test]
    fn values_are_written_as_bento_writes_them() {
        let cases = [
            (Value::Null, "null"),
            (Value::Bool(true), "true"),
            (Value::Signed(-5), "-5"),
            (Value::Float(0.25), "0.25"),
            (Value::Float(123_456.0), "123456"),
            (Value::Float(1_234_567.0), "1.234567e+06"),
            (Value::Float(0.000_012), "1.2e-05"),
            (Value::Bytes(b"b"), "b"),
            (Value::Json("[1]"), "[1]"),
            (Value::Timestamp { seconds: 1_709_208_000, nanoseconds: 0 }, "2024-02-29T12:00:00Z"),
            (Value::Timestamp { seconds: -1, nanoseconds: 500_000_000 }, "1969-12-31T23:59:59.5Z"),
        ];
        for (value, expected) in cases {
            assert_eq!(of(value), expected);
        }
    }

    #[test]
    fn times_are_those_of_the_calendar() {
        let text = |seconds| of_seconds(Duration::from_secs(seconds));
        assert_eq!(text(0), "1970-01-01T00:00:00Z");
        assert_eq!(text(951_782_399), "2000-02-28T23:59:59Z");
        assert_eq!(text(951_868_800), "2000-03-01T00:00:00Z");
        assert_eq!(text(4_107_542_400), "2100-03-01T00:00:00Z");
        assert_eq!(of_seconds(Duration::from_millis(1_709_208_000_999)), "2024-02-29T12:00:00Z");
    }
}
