use std::borrow::Cow;

use super::expect;
use crate::eval::Call;
use crate::failure::Failure;
use crate::spec::{Evaluated, Example, FunctionSpec, ParamKind, ParamSpec};
use crate::value::Value;

pub(super) const SPEC: FunctionSpec = FunctionSpec::method("slice", "String Manipulation / Object & Array Manipulation", "The part from `low` up to, but without, `high`: elements of an array, bytes of text. Negative bounds count from the end.", body)
.checked(check)
.params(&[ParamSpec::new("low", ParamKind::Integer), ParamSpec::new("high", ParamKind::Integer).optional()])
.examples(&[Example::new("", r#"root = [this.slice(0, 2), this.slice(-4), this.slice(4)]"#, &[(r#""foo bar""#, r#"["fo"," bar","bar"]"#), (r#"[1,2,3,4,5]"#, r#"[[1,2],[2,3,4,5],[5]]"#)])]);

/// That bounds which are already known are in order.
fn check(arguments: &[Option<&Value>]) -> Result<(), String> {
    let whole = |at: usize| arguments.get(at).copied().flatten()?.as_number()?.whole();
    match (whole(0), whole(1)) {
        (Some(low), Some(high)) => ordered(low, Some(high)),
        _ => Ok(()),
    }
}

fn ordered(low: i64, high: Option<i64>) -> Result<(), String> {
    match high {
        Some(high) if high > 0 && low >= high => {
            Err(format!("lower slice bound {low} must be lower than upper ({high})"))
        }
        _ => Ok(()),
    }
}

fn body(call: &Call<'_>, target: Cow<'_, Value>) -> Evaluated {
    let (low, high) = (call.integer(0)?, call.optional_integer(1)?);
    ordered(low, high).map_err(Failure::plain)?;
    match target.as_ref() {
        Value::Array(items) => {
            if items.is_nil() {
                return Ok(target.into_owned());
            }
            let (low, high) = bounds(items.len(), low, high)?;
            Ok(Value::from(items.get(low..high).unwrap_or_default().to_vec()))
        }
        Value::String(text) => {
            let (low, high) = bounds(text.len(), low, high)?;
            if text.is_char_boundary(low) && text.is_char_boundary(high) {
                return Ok(Value::String(text.slice(low, high)));
            }
            Ok(expect::string(text.as_bytes().get(low..high).unwrap_or_default().to_vec()))
        }
        Value::Bytes(bytes) => {
            let (low, high) = bounds(bytes.len(), low, high)?;
            Ok(Value::bytes(bytes.get(low..high).unwrap_or_default()))
        }
        other => Err(Failure::expected("array or string", other)),
    }
}

/// The bounds within `length`.
fn bounds(length: usize, low: i64, high: Option<i64>) -> Result<(usize, usize), Failure> {
    let signed = i64::try_from(length).unwrap_or(i64::MAX);
    let upper = match high {
        None => signed,
        Some(high) if high < 0 => signed.saturating_add(high).max(0),
        Some(high) => high.min(signed),
    };
    let lower = if low < 0 { signed.saturating_add(low).max(0) } else { low };
    if lower > upper {
        return Err(Failure::new(format!(
            "lower slice bound {lower} must be lower than or equal to upper bound ({upper}) \
             and target length ({length})"
        )));
    }
    Ok((usize::try_from(lower).unwrap_or(length), usize::try_from(upper).unwrap_or(length)))
}
