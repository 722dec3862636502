//! What single values of JSON mean.

use forebay_calendar::Unit;
use forebay_json::Json;

use crate::decimal;
use crate::schema::Decimal;

pub(super) fn decimal_bytes(
    text: &[u8],
    Decimal { precision, scale }: Decimal,
    size: Option<usize>,
) -> Result<Vec<u8>, String> {
    let number = decimal::parse(&String::from_utf8_lossy(text), precision, scale)?;
    let (bytes, start) = decimal::to_bytes(number);
    let bytes = &bytes[start..];
    let Some(size) = size else { return Ok(bytes.to_vec()) };
    let longer = size.checked_sub(bytes.len());
    let longer = longer.ok_or_else(|| format!("{number} does not fit {size} bytes"))?;
    let mut all = vec![if number < 0 { 0xff } else { 0 }; longer];
    all.extend_from_slice(bytes);
    Ok(all)
}

/// The text of a string as text.
pub(super) fn text_of(json: Json<'_>) -> Result<Option<String>, String> {
    let text = json.string().map_err(|error| error.to_string())?;
    Ok(text.map(|text| String::from_utf8_lossy(&text).into_owned()))
}

pub(super) fn date(text: &str) -> Result<i64, String> {
    forebay_calendar::days(text).ok_or_else(|| format!("{text:?} is not of the form 2006-01-02"))
}

/// In nanoseconds.
pub(super) fn time_of_day(text: &str) -> Result<i64, String> {
    let nanoseconds = forebay_calendar::time_of_day(text);
    nanoseconds.ok_or_else(|| format!("{text:?} is not of the form 15:04:05.999"))
}

pub(super) fn instant(text: &str, unit: Unit) -> Result<i64, String> {
    forebay_calendar::instant(text, unit)
        .ok_or_else(|| format!("{text:?} is not of the form 2006-01-02T15:04:05.999Z, or out of range"))
}

/// A number without a fraction, however it is written. Absent where it is no number.
pub(super) fn whole(json: Json<'_>) -> Option<Result<i64, String>> {
    if !matches!(json.first(), b'-' | b'0'..=b'9') {
        return None;
    }
    let text = std::str::from_utf8(json.bytes()).ok()?;
    if let Ok(number) = text.parse() {
        return Some(Ok(number));
    }
    let number: f64 = text.parse().ok()?;
    // Two to the power of 63, which floats have exactly.
    const END: f64 = 9_223_372_036_854_775_808.0;
    if number.fract() != 0.0 || !(-END..END).contains(&number) {
        return Some(Err(format!("{text} is no integer of 64 bits")));
    }
    #[expect(clippy::cast_possible_truncation, reason = "it has no fraction and is in range")]
    Some(Ok(number as i64))
}
