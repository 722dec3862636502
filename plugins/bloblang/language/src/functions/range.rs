use crate::eval::Call;
use crate::failure::Failure;
use crate::limits::ELEMENTS;
use crate::spec::{Evaluated, Example, FunctionSpec, ParamDefault, ParamKind, ParamSpec};
use crate::value::Value;

pub(super) const SPEC: FunctionSpec = FunctionSpec::function(
    "range",
    "General",
    "An array of the integers from `start` up to, but without, `stop`, every `step`th of them.",
    body,
)
.params(&[
    ParamSpec::new("start", ParamKind::Integer),
    ParamSpec::new("stop", ParamKind::Integer),
    ParamSpec::new("step", ParamKind::Integer).or(ParamDefault::Integer(1)),
])
.checked(check)
.examples(&[Example::new(
    "",
    "root.a = range(0, 3)\nroot.b = range(start: 4, stop: this.max, step: 2)",
    &[(r#"{"max":10}"#, r#"{"a":[0,1,2],"b":[4,6,8]}"#)],
)]);

fn check(arguments: &[Option<&Value>]) -> Result<(), String> {
    match arguments {
        [Some(Value::Int(start)), Some(Value::Int(stop)), Some(Value::Int(step))] => {
            count(*start, *stop, *step).map(|_| ())
        }
        _ => Ok(()),
    }
}

fn count(start: i64, stop: i64, step: i64) -> Result<usize, String> {
    if step == 0 {
        return Err("step must be greater than or less than 0".to_owned());
    }
    if step < 0 && stop > start {
        return Err(format!("with negative step arg stop ({stop}) must be <= start ({start})"));
    }
    if step > 0 && start >= stop {
        return Err(format!("with positive step arg start ({start}) must be < stop ({stop})"));
    }
    // What is left over after the last whole step is left out.
    let count = start.abs_diff(stop) / step.unsigned_abs();
    usize::try_from(count)
        .ok()
        .filter(|count| *count <= ELEMENTS)
        .ok_or_else(|| format!("a range of {count} elements is too long"))
}

fn body(call: &Call<'_>) -> Evaluated {
    let (start, stop, step) = (call.integer(0)?, call.integer(1)?, call.integer(2)?);
    let count = count(start, stop, step).map_err(Failure::plain)?;
    let mut values = Vec::with_capacity(count);
    let mut next = start;
    for _ in 0..count {
        values.push(Value::Int(next));
        next = next.wrapping_add(step);
    }
    Ok(Value::from(values))
}
