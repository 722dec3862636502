use std::borrow::Cow;

use crate::eval::Call;
use crate::failure::Failure;
use crate::spec::{Evaluated, Example, FunctionSpec, ParamKind, ParamSpec};
use crate::value::Value;

pub(super) const SPEC: FunctionSpec = FunctionSpec::method(
    "slice",
    "String Manipulation / Object & Array Manipulation",
    "The part from `low` up to, but without, `high`: elements of an array, bytes of text. Negative bounds count from the end.",
    body,
)
.params(&[ParamSpec::new("low", ParamKind::Integer), ParamSpec::new("high", ParamKind::Integer).optional()])
.checked(check)
.examples(&[Example::new("", r#"root = [this.slice(0, 2), this.slice(-4), this.slice(4)]"#, &[(r#""foo bar""#, r#"["fo"," bar","bar"]"#), (r#"[1,2,3,4,5]"#, r#"[[1,2],[2,3,4,5],[5]]"#)]),]);

fn body(call: &Call<'_>, target: Cow<'_, Value>) -> Evaluated {
    let (low, high) = (call.integer(0)?, call.optional_integer(1)?);
    check_bounds(low, high).map_err(Failure::plain)?;
    match target.as_ref() {
        Value::Array(items) => {
            let (low, high) = bounds(items.len(), low, high)?;
            Ok(Value::from(items.get(low..high).unwrap_or_default().to_vec()))
        }
        Value::String(text) => {
            let (low, high) = bounds(text.len(), low, high)?;
            if text.is_char_boundary(low) && text.is_char_boundary(high) {
                return Ok(Value::String(text.slice(low, high)));
            }
            let cut = text.as_bytes().get(low..high).unwrap_or_default();
            Ok(Value::from(String::from_utf8_lossy(cut).as_ref()))
        }
        Value::Bytes(bytes) => {
            let (low, high) = bounds(bytes.len(), low, high)?;
            Ok(Value::bytes(bytes.get(low..high).unwrap_or_default()))
        }
        other => Err(Failure::expected("array or string", other)),
    }
}

fn check(arguments: &[Option<&Value>]) -> Result<(), String> {
    match arguments {
        [Some(Value::Int(low)), Some(Value::Int(high))] => check_bounds(*low, Some(*high)),
        _ => Ok(()),
    }
}

fn check_bounds(low: i64, high: Option<i64>) -> Result<(), String> {
    match high {
        Some(high) if high > 0 && low >= high => {
            Err(format!("lower slice bound {low} must be lower than upper ({high})"))
        }
        _ => Ok(()),
    }
}

/// The bounds within `length`.
fn bounds(length: usize, low: i64, high: Option<i64>) -> Result<(usize, usize), Failure> {
    let signed = i64::try_from(length).unwrap_or(i64::MAX);
    let high = match high {
        Some(high) if high < 0 => high.saturating_add(signed),
        Some(high) => high,
        None => signed,
    }
    .clamp(0, signed);
    let low = if low < 0 { low.saturating_add(signed).max(0) } else { low };
    if low > high {
        return Err(Failure::new(format!(
            "lower slice bound {low} must be lower than or equal to upper bound ({high}) and target length ({signed})"
        )));
    }
    Ok((usize::try_from(low).unwrap_or(length), usize::try_from(high).unwrap_or(length)))
}
