//! `[index]` and `[low:high:step]`.

use super::{Frame, eval};
use crate::failure::Failure;
use crate::program::Expr;
use crate::value::{Text, Value};

const SLICED: &str = "array, string or bytes";

/// One element of an array, or one byte of text; negative indexes count from the end.
pub(super) fn index(target: &Value, index: &Expr, frame: Frame<'_>) -> Result<Value, Failure> {
    let index = whole(index, frame)?;
    let length = match target {
        Value::Array(items) => items.len(),
        Value::String(_) | Value::Bytes(_) => target.as_bytes().unwrap_or_default().len(),
        other => return Err(Failure::expected("array or string", other)),
    };
    let signed = i64::try_from(length).unwrap_or(i64::MAX);
    let position = if index < 0 { index.saturating_add(signed) } else { index };
    let found = usize::try_from(position).ok().and_then(|at| match target {
        Value::Array(items) => items.get(at).cloned(),
        // The byte of a text becomes the character with that number.
        Value::String(text) => text.as_bytes().get(at).map(|byte| Value::from(char::from(*byte).to_string())),
        _ => target.as_bytes()?.get(at).map(|byte| Value::Uint(u64::from(*byte))),
    });
    found.ok_or_else(|| Failure::new(format!("index {position} out of bounds for length {length}")))
}

/// Every `step`th element of an array, byte of bytes or character of text from `low` up to `high`. Bounds beyond the
/// ends are cut; a negative step walks backwards.
pub(super) fn slice(target: &Value, bounds: [Option<&Expr>; 3], frame: Frame<'_>) -> Result<Value, Failure> {
    let mut found = [None; 3];
    for ((bound, expression), name) in found.iter_mut().zip(bounds).zip(["start bound", "end bound", "step"])
    {
        let Some(expression) = expression else { continue };
        let value =
            whole(expression, frame).map_err(|failure| failure.within(format_args!("slice {name}")))?;
        *bound = Some(value);
    }
    let [low, high, step] = found;
    match target {
        Value::Array(items) => {
            let picked = positions(items.len(), low, high, step)?;
            Ok(Value::from(picked.filter_map(|at| items.get(at).cloned()).collect::<Vec<_>>()))
        }
        Value::Bytes(bytes) => {
            let picked = positions(bytes.len(), low, high, step)?;
            Ok(Value::bytes(&picked.filter_map(|at| bytes.get(at).copied()).collect::<Vec<_>>()))
        }
        Value::String(text) if text.is_ascii() => {
            let picked = positions(text.len(), low, high, step)?;
            let bytes: Vec<u8> = picked.filter_map(|at| text.as_bytes().get(at).copied()).collect();
            Ok(Value::from(String::from_utf8(bytes).unwrap_or_default()))
        }
        Value::String(text) => {
            let characters: Vec<char> = text.chars().collect();
            let picked = positions(characters.len(), low, high, step)?;
            let text: String = picked.filter_map(|at| characters.get(at)).collect();
            Ok(Value::String(Text::from(text)))
        }
        other => Err(Failure::expected(SLICED, other)),
    }
}

fn whole(expression: &Expr, frame: Frame<'_>) -> Result<i64, Failure> {
    let value = eval(expression, frame)?;
    let whole = value.as_number().and_then(crate::value::Number::whole);
    whole.ok_or_else(|| Failure::expected("integer", &value).about(|| expression.title()))
}

/// The positions that a slice picks out of `length`.
fn positions(
    length: usize,
    low: Option<i64>,
    high: Option<i64>,
    step: Option<i64>,
) -> Result<impl Iterator<Item = usize>, Failure> {
    let length = i64::try_from(length).unwrap_or(i64::MAX);
    let step = step.unwrap_or(1);
    if step == 0 {
        return Err(Failure::new("slice step cannot be zero"));
    }
    // Backwards the ends are one before the first and the last, not the first and one after the last.
    let (first, last) = if step > 0 { (0, length) } else { (-1, length - 1) };
    let place = |bound: i64| {
        let from_start = if bound < 0 { bound.saturating_add(length) } else { bound };
        from_start.clamp(first, last)
    };
    let (start_default, end_default) = if step > 0 { (first, last) } else { (last, first) };
    let start = low.map_or(start_default, place);
    let end = high.map_or(end_default, place);
    if let (Some(low), Some(high)) = (low, high)
        && step > 0
        && start > end
    {
        return Err(Failure::new(format!("lower slice bound ({low}) must be lower than upper ({high})")));
    }
    let mut at = Some(start);
    Ok(std::iter::from_fn(move || {
        let current = at.filter(|at| if step > 0 { *at < end } else { *at > end })?;
        at = current.checked_add(step);
        usize::try_from(current).ok()
    }))
}
