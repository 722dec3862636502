//! Which of two elements comes first.

use crate::failure::Failure;
use crate::value::Value;

type Element<'v> = (usize, Option<&'v Value>);

/// What gave the elements, if messages are to name it.
type Source<'n> = Option<&'n dyn Fn() -> String>;

/// Whether the left element belongs before the right one: numbers by value, texts byte by byte. The left one decides
/// what the right one must be.
pub(super) fn before(
    method: &str,
    source: Source<'_>,
    left: Element<'_>,
    right: Element<'_>,
) -> Result<bool, Failure> {
    let (Some(first), Some(second)) = (left.1, right.1) else { return Ok(false) };
    let wrong = |index: usize, wanted: &'static str, value: &Value| {
        let failure = Failure::expected(wanted, value);
        let failure = match source {
            Some(source) => failure.about(source),
            None => failure,
        };
        failure.within(format_args!("{method} element {index}"))
    };
    if let Some(number) = first.as_number() {
        let other = second.as_number().ok_or_else(|| wrong(right.0, "number", second))?;
        return Ok(number.as_f64() < other.as_f64());
    }
    let Some(bytes) = first.as_bytes() else { return Err(wrong(left.0, "number or string", first)) };
    match second {
        Value::Timestamp(at) => Ok(bytes < at.to_string().as_bytes()),
        other => Ok(bytes < other.as_bytes().ok_or_else(|| wrong(right.0, "string", other))?),
    }
}
