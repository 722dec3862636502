//! Durations that are read while messages pass.

use std::time::Duration;

use forebay_pipeline_config::parse_duration;

/// Reads a duration as Go does; one below zero counts as none at all.
///
/// # Errors
/// What is wrong with the text, as Go says it.
pub(crate) fn read_duration(text: &str) -> Result<Duration, String> {
    if let Some(size) = text.strip_prefix('-')
        && !size.starts_with('+')
        && parse_duration(size).is_ok()
    {
        return Ok(Duration::ZERO);
    }
    parse_duration(text).map_err(|_| fault(text))
}

fn fault(text: &str) -> String {
    let invalid = format!("time: invalid duration {}", quoted(text));
    let mut rest = text.strip_prefix(['-', '+']).unwrap_or(text);
    while !rest.is_empty() {
        let behind = rest.trim_start_matches(|c: char| c.is_ascii_digit());
        // A whole number must be there, or a fraction; what is too large is invalid too.
        let whole = &rest[..rest.len() - behind.len()];
        let behind_point = behind.strip_prefix('.').unwrap_or(behind);
        let behind = behind_point.trim_start_matches(|c: char| behind.starts_with('.') && c.is_ascii_digit());
        let fraction = behind_point.len() - behind.len();
        if whole.len() + fraction == 0 || (!whole.is_empty() && whole.parse::<u64>().is_err()) {
            return invalid;
        }
        let end = behind.find(|c: char| c == '.' || c.is_ascii_digit()).unwrap_or(behind.len());
        let (unit, next) = behind.split_at(end);
        if unit.is_empty() {
            return format!("time: missing unit in duration {}", quoted(text));
        }
        if parse_duration(&format!("1{unit}")).is_err() {
            return format!("time: unknown unit {} in duration {}", quoted(unit), quoted(text));
        }
        rest = next;
    }
    invalid
}

/// A text in quotation marks, with bytes that are not printed as numbers.
fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            ' '..='\u{7f}' => quoted.push(c),
            other => {
                let bytes = other
                    .encode_utf8(&mut [0; 4])
                    .bytes()
                    .map(|byte| format!("\\x{byte:02x}"))
                    .collect::<String>();
                quoted.push_str(&bytes);
            }
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_below_zero_are_none() {
        assert_eq!(read_duration("1m30s"), Ok(Duration::from_secs(90)));
        assert_eq!(read_duration("-1m30s"), Ok(Duration::ZERO));
        assert_eq!(read_duration("-0"), Ok(Duration::ZERO));
    }

    #[test]
    fn faults_are_named_as_in_go() {
        for (text, fault) in [
            ("", "time: invalid duration \"\""),
            ("-", "time: invalid duration \"-\""),
            ("-+1s", "time: invalid duration \"-+1s\""),
            ("soon", "time: invalid duration \"soon\""),
            ("1 s", "time: unknown unit \" s\" in duration \"1 s\""),
            ("10", "time: missing unit in duration \"10\""),
            ("1s10", "time: missing unit in duration \"1s10\""),
            ("1.5", "time: missing unit in duration \"1.5\""),
            (".s", "time: invalid duration \".s\""),
            ("1d", "time: unknown unit \"d\" in duration \"1d\""),
            ("3\u{e9}", "time: unknown unit \"\\xc3\\xa9\" in duration \"3\\xc3\\xa9\""),
            ("99999999999999999999s", "time: invalid duration \"99999999999999999999s\""),
            ("9999999999999h", "time: invalid duration \"9999999999999h\""),
            ("a\"b\\", "time: invalid duration \"a\\\"b\\\\\""),
        ] {
            assert_eq!(read_duration(text).unwrap_err(), fault);
        }
    }
}
