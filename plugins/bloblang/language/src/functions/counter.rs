use crate::eval::{Call, Site};
use crate::failure::Failure;
use crate::spec::{Evaluated, Example, FunctionSpec, ParamDefault, ParamKind, ParamSpec, Status};
use crate::value::{Number, Value};

pub(super) const SPEC: FunctionSpec = FunctionSpec::function(
    "counter",
    "General",
    "Counts its own calls, from `min` to `max` and then again from `min`. Each place where it is written counts \
     for itself, and starts over when the mapping is compiled again. `set` is evaluated on each call: a number \
     becomes the count, null gives the count without counting, nothing counts on.",
    body,
)
.status(Status::Experimental)
.params(&[
    ParamSpec::new("min", ParamKind::Query).or(ParamDefault::Integer(1)),
    ParamSpec::new("max", ParamKind::Query).or(ParamDefault::Integer(i64::MAX)),
    ParamSpec::new("set", ParamKind::Query).optional(),
])
.examples(&[
    Example::new("", "root = counter()", &[("{}", "1"), ("{}", "2")]),
    Example::new("", "root = counter(min: 3, max: 4)", &[("{}", "3"), ("{}", "4"), ("{}", "3")]),
    Example::new(
        "",
        "root = counter(set: if this.reset { 0 })",
        &[("{}", "1"), ("{}", "2"), (r#"{"reset":true}"#, "0"), ("{}", "1")],
    ),
    Example::new(
        "",
        "root = counter(set: if this.peek { null })",
        &[("{}", "1"), (r#"{"peek":true}"#, "1"), ("{}", "2")],
    ),
]);

fn body(call: &Call<'_>) -> Evaluated {
    let site = call.state()?;
    let known = match *site.borrow() {
        Site::Counter { next, last, min, max } => Some((next, last, min, max)),
        _ => None,
    };
    let (next, last, min, max) = match known {
        Some(state) => state,
        None => {
            let (min, max) = (whole(&call.query(0)?, "min")?, whole(&call.query(1)?, "max")?);
            if min >= max {
                return Err(Failure::plain(format!("min ({min}) must be smaller than max ({max})")));
            }
            (min, None, min, max)
        }
    };
    let set = if call.is_given(2) { call.query(2)? } else { Value::Nothing };
    let current = match set {
        Value::Nothing | Value::Delete => next,
        Value::Null => {
            *site.borrow_mut() = Site::Counter { next, last, min, max };
            return Ok(Value::Int(last.unwrap_or(min)));
        }
        value => whole(&value, "set")?,
    };
    let following = if current >= max { min } else { current.saturating_add(1) };
    *site.borrow_mut() = Site::Counter { next: following, last: Some(current), min, max };
    Ok(Value::Int(current))
}

fn whole(value: &Value, name: &str) -> Result<i64, Failure> {
    let whole = value.as_number().and_then(Number::whole);
    whole.ok_or_else(|| Failure::expected("integer", value).within(name))
}
