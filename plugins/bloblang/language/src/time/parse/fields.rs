//! Pieces of a time in text.

use super::{Bad, Read};

pub(super) fn digit_at(text: &str, at: usize) -> Option<i64> {
    text.as_bytes().get(at).filter(|byte| byte.is_ascii_digit()).map(|byte| i64::from(byte - b'0'))
}

/// One or two digits; exactly two if `fixed`.
pub(super) fn number(text: &str, fixed: bool) -> Read<'_, i64> {
    let first = digit_at(text, 0).ok_or(Bad::Value)?;
    match digit_at(text, 1) {
        Some(second) => Ok((first * 10 + second, text.get(2..).unwrap_or_default())),
        None if fixed => Err(Bad::Value),
        None => Ok((first, text.get(1..).unwrap_or_default())),
    }
}

/// One to three digits; exactly three if `fixed`.
pub(super) fn number3(text: &str, fixed: bool) -> Read<'_, i64> {
    let (mut value, mut length) = (0, 0);
    while let Some(digit) = digit_at(text, length).filter(|_| length < 3) {
        value = value * 10 + digit;
        length += 1;
    }
    if length == 0 || fixed && length != 3 {
        return Err(Bad::Value);
    }
    Ok((value, text.get(length..).unwrap_or_default()))
}

/// The digits after a point or comma that `text` starts with, as nanoseconds; the tenth and later ones are dropped.
pub(super) fn nanoseconds(text: &str) -> (u32, &str) {
    let digits = text.bytes().skip(1).take_while(u8::is_ascii_digit).count();
    let mut value = 0;
    for at in 0..9 {
        let digit = if at < digits { digit_at(text, at + 1).unwrap_or(0) } else { 0 };
        value = value * 10 + digit;
    }
    (u32::try_from(value).unwrap_or(0), text.get(digits + 1..).unwrap_or_default())
}

/// `value` without `prefix`; runs of spaces count as one, and as none. On failure what is left of the value.
pub(super) fn skip<'t>(value: &'t str, prefix: &str) -> Result<&'t str, &'t str> {
    let (mut value, mut prefix) = (value, prefix);
    while let Some(wanted) = prefix.chars().next() {
        if wanted == ' ' {
            if !value.is_empty() && !value.starts_with(' ') {
                return Err(value);
            }
            prefix = prefix.trim_start_matches(' ');
            value = value.trim_start_matches(' ');
            continue;
        }
        value = value.strip_prefix(wanted).ok_or(value)?;
        prefix = prefix.get(wanted.len_utf8()..).unwrap_or_default();
    }
    Ok(value)
}

/// How many bytes at the start of the text look like the abbreviation of a zone.
pub(super) fn name_of_zone(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    if bytes.len() < 3 {
        return None;
    }
    if text.starts_with("ChST") || text.starts_with("MeST") {
        return Some(4);
    }
    if let Some(rest) = text.strip_prefix("GMT") {
        return Some(3 + signed_hours(rest));
    }
    if text.starts_with(['+', '-']) {
        return Some(signed_hours(text)).filter(|length| *length > 0);
    }
    let upper = bytes.iter().take(6).take_while(|byte| byte.is_ascii_uppercase()).count();
    match upper {
        5 if bytes.get(4) == Some(&b'T') => Some(5),
        4 if bytes.get(3) == Some(&b'T') || text.starts_with("WITA") => Some(4),
        3 => Some(3),
        _ => None,
    }
}

/// The length of a sign and hours up to 23; 0 when there are none.
fn signed_hours(text: &str) -> usize {
    let Some(rest) = text.strip_prefix(['+', '-']) else { return 0 };
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    match rest.get(..digits).map(str::parse::<u64>) {
        Some(Ok(hours)) if hours <= 23 => 1 + digits,
        _ => 0,
    }
}
