use crate::eval::{Call, Site};
use crate::failure::Failure;
use crate::spec::{Evaluated, Example, FunctionSpec, ParamDefault, ParamKind, ParamSpec};
use crate::value::Value;

const MAX: i64 = i64::MAX - 1;

/// The numbers of a seed are our own: they repeat from run to run, but are not those that Go draws.
pub(super) const SPEC: FunctionSpec = FunctionSpec::function(
    "random_int",
    "General",
    "A random integer from `min` to `max`, both included. A seed, which is read once, makes the numbers repeat.",
    body,
)
.params(&[
    ParamSpec::new("seed", ParamKind::Query).optional(),
    ParamSpec::new("min", ParamKind::Integer).or(ParamDefault::Integer(0)),
    ParamSpec::new("max", ParamKind::Integer).or(ParamDefault::Integer(MAX)),
])
.checked(check)
.examples(&[
    Example::new("", "root = random_int(min: 5, max: 5)", &[("{}", "5")]),
    Example::new("", "let n = random_int(max: 3)\nroot = $n >= 0 && $n <= 3", &[("{}", "true"), ("{}", "true")]),
]);

fn check(arguments: &[Option<&Value>]) -> Result<(), String> {
    match arguments {
        [_, Some(Value::Int(min)), _] if *min < 0 => Err(format!("min ({min}) must be a positive number")),
        [_, _, Some(Value::Int(max))] if *max < 0 || *max > MAX => {
            Err(format!("max ({max}) must be a positive number below {}", i64::MAX))
        }
        [_, Some(Value::Int(min)), Some(Value::Int(max))] if min > max => {
            Err(format!("min ({min}) must be smaller or equal to max ({max})"))
        }
        _ => Ok(()),
    }
}

fn body(call: &Call<'_>) -> Evaluated {
    let (min, max) = (call.integer(1)?, call.integer(2)?);
    check(&[None, Some(&Value::Int(min)), Some(&Value::Int(max))]).map_err(Failure::plain)?;
    let drawn = if call.is_given(0) { seeded(call)? } else { call.frame.run.outside.random_u64() };
    let span = min.abs_diff(max).saturating_add(1);
    // Scaling by the high half of a product instead of a remainder keeps the numbers even.
    let scaled = u64::try_from((u128::from(drawn) * u128::from(span)) >> 64).unwrap_or_default();
    Ok(Value::Int(min.saturating_add_unsigned(scaled)))
}

/// The next number of the call's own sequence (splitmix64).
fn seeded(call: &Call<'_>) -> Result<u64, Failure> {
    let site = call.state()?;
    let known = match *site.borrow() {
        Site::Random(state) => Some(state),
        _ => None,
    };
    let state = match known {
        Some(state) => state,
        None => {
            let seed = call.query(0)?;
            let number = seed.as_number().ok_or_else(|| Failure::expected("number", &seed).within("seed"))?;
            number.as_i64().cast_unsigned()
        }
    };
    let state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    *site.borrow_mut() = Site::Random(state);
    let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    Ok(mixed ^ (mixed >> 31))
}
