//! Metadata values as the texts that Bento makes of them.

use forebay_pipeline_message::Value;

/// The text of a value, in bytes: those of a binary value are handed on as they are.
pub(super) fn of(value: Value<'_>) -> Vec<u8> {
    match value {
        Value::Null => b"null".to_vec(),
        Value::Bool(value) => value.to_string().into_bytes(),
        Value::Signed(value) => value.to_string().into_bytes(),
        Value::Unsigned(value) => value.to_string().into_bytes(),
        Value::Float(value) => float(value).into_bytes(),
        Value::Text(text) | Value::Json(text) => text.as_bytes().to_vec(),
        Value::Bytes(bytes) => bytes.to_vec(),
        Value::Timestamp { seconds, nanoseconds } => time(seconds, nanoseconds).into_bytes(),
    }
}

/// A float as Go prints it with the verb `g` and as few digits as tell it from others.
fn float(value: f64) -> String {
    if value.is_nan() {
        return "NaN".to_owned();
    }
    if value.is_infinite() {
        return if value > 0.0 { "+Inf" } else { "-Inf" }.to_owned();
    }
    let scientific = format!("{value:e}");
    let (digits, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    // Where the shortest digits are wanted, Go decides as if there were six.
    if (-4..6).contains(&exponent) {
        return value.to_string();
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{digits}e{sign}{:02}", exponent.unsigned_abs())
}

/// RFC 3339 in UTC, with as many digits of the second as it has.
fn time(seconds: i64, nanoseconds: u32) -> String {
    let (days, second) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    let (year, month, day) = date(days);
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    let fraction = if nanoseconds == 0 {
        String::new()
    } else {
        format!(".{nanoseconds:09}").trim_end_matches('0').to_owned()
    };
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}{fraction}Z")
}

/// The date of a day that is counted from 1970-01-01. Years begin in March here, so that the day that
/// some have more is their last.
fn date(days: i64) -> (i64, i64, i64) {
    const ERA: i64 = 146_097;
    let days = days.saturating_add(719_468);
    let (era, day) = (days.div_euclid(ERA), days.rem_euclid(ERA));
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let (month, next) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
    (era * 400 + year + next, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_the_texts_that_go_makes_of_them() {
        for (value, text) in [
            (Value::Null, "null"),
            (Value::Bool(true), "true"),
            (Value::Signed(-5), "-5"),
            (Value::Unsigned(u64::MAX), "18446744073709551615"),
            (Value::Float(1.5), "1.5"),
            (Value::Float(3.0), "3"),
            (Value::Float(100_000.0), "100000"),
            (Value::Float(1_000_000.0), "1e+06"),
            (Value::Float(-1_234_567.5), "-1.2345675e+06"),
            (Value::Float(0.0001), "0.0001"),
            (Value::Float(0.000_01), "1e-05"),
            (Value::Float(f64::NEG_INFINITY), "-Inf"),
            (Value::Text("a"), "a"),
            (Value::Json("[1]"), "[1]"),
            (Value::Bytes(b"\xff"), "\u{fffd}"),
            (Value::Timestamp { seconds: 0, nanoseconds: 0 }, "1970-01-01T00:00:00Z"),
            (Value::Timestamp { seconds: 951_782_400, nanoseconds: 500_000_000 }, "2000-02-29T00:00:00.5Z"),
            (Value::Timestamp { seconds: -1, nanoseconds: 1 }, "1969-12-31T23:59:59.000000001Z"),
            (Value::Timestamp { seconds: 1_735_689_599, nanoseconds: 0 }, "2024-12-31T23:59:59Z"),
        ] {
            assert_eq!(String::from_utf8_lossy(&of(value)), text);
        }
    }
}
