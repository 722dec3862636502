//! `[index]` and `[low:high:step]`.

use super::{Frame, eval};
use crate::failure::Failure;
use crate::program::Expr;
use crate::value::{Text, Value};

const SLICED: &str = "array or string";

/// One element of an array, or one byte of text; negative indexes count from the end.
pub(super) fn index(target: &Value, index: &Expr, frame: Frame<'_>) -> Result<Value, Failure> {
    let index = whole(index, "index", frame)?;
    let length = match target {
        Value::Array(items) => items.len(),
        Value::String(_) | Value::Bytes(_) => target.as_bytes().unwrap_or_default().len(),
        other => return Err(Failure::expected(SLICED, other)),
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

/// Every `step`th element of an array, byte of bytes or character of text from `low` up to `high`. A negative step walks
/// backwards.
pub(super) fn slice(target: &Value, bounds: [Option<&Expr>; 3], frame: Frame<'_>) -> Result<Value, Failure> {
    let mut found = [None; 3];
    let names = ["slice start bound", "slice end bound", "slice step"];
    for ((bound, expression), name) in found.iter_mut().zip(bounds).zip(names) {
        let Some(expression) = expression else { continue };
        *bound = Some(whole(expression, name, frame)?);
    }
    let [low, high, step] = found;
    match (low, high, step) {
        (_, _, Some(0)) => return Err(Failure::new("slice step cannot be zero")),
        // The bounds are compared as they are written, negative ones too.
        (Some(low), Some(high), None) if low > high => {
            return Err(Failure::new(format!("lower slice bound ({low}) must be lower than upper ({high})")));
        }
        _ => {}
    }
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

fn whole(expression: &Expr, name: &str, frame: Frame<'_>) -> Result<i64, Failure> {
    let value = eval(expression, frame)?;
    match value.as_number() {
        Some(number) => Ok(number.as_i64()),
        None => Err(Failure::expected("number", &value).within(name)),
    }
}

/// The positions that a slice picks out of `length`. Bounds are cut to what is there, but only on the side that the
/// step walks to: others do not fit.
fn positions(
    length: usize,
    low: Option<i64>,
    high: Option<i64>,
    step: Option<i64>,
) -> Result<impl Iterator<Item = usize>, Failure> {
    let length = i64::try_from(length).unwrap_or(i64::MAX);
    let step = step.unwrap_or(1);
    let forwards = step > 0;
    let place = |bound: i64, least: i64| {
        let from_start = if bound < 0 { bound.saturating_add(length).max(least) } else { bound };
        if forwards { from_start.min(length) } else { from_start }
    };
    let start = low.map_or(if forwards { 0 } else { length - 1 }, |bound| place(bound, 0));
    let end = high.map_or(if forwards { length } else { -1 }, |bound| place(bound, -1));
    if step == 1 && (start > end || end < 0) {
        return Err(Failure::new(format!("slice bounds out of range [{start}:{end}]")));
    }
    if !forwards && start >= length && start > end {
        return Err(Failure::new(format!("index out of range [{start}] with length {length}")));
    }
    let mut at = Some(start);
    Ok(std::iter::from_fn(move || {
        let current = at.filter(|at| if forwards { *at < end } else { *at > end })?;
        at = current.checked_add(step);
        usize::try_from(current).ok()
    }))
}
