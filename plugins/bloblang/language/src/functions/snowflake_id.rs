use super::random;
use crate::eval::{Call, Site};
use crate::failure::Failure;
use crate::spec::{Evaluated, Example, FunctionSpec, ParamDefault, ParamKind, ParamSpec};
use crate::value::Value;

/// The millisecond that Snowflake IDs count from, in November 2010.
const EPOCH: i64 = 1_288_834_974_657;
/// The last count within one millisecond.
const STEPS: i64 = 4_095;

pub(super) const SPEC: FunctionSpec = FunctionSpec::function(
    "snowflake_id",
    "General",
    "A new Snowflake ID: the millisecond it is made in, the number of a node and a count, in one integer as text.",
    body,
)
.params(&[ParamSpec::new("node_id", ParamKind::Integer).or(ParamDefault::Integer(1))])
.checked(check)
.examples(&[Example::new("", r#"root = snowflake_id(2).int64() % 4194304"#, &[(r#"{}"#, r#"8192"#), (r#"{}"#, r#"8193"#)]),]);

fn body(call: &Call<'_>) -> Evaluated {
    let node = node(call.integer(0)?).map_err(Failure::new)?;
    let site = call.state()?;
    let mut state = site.borrow_mut();
    let (last, step) = match *state {
        Site::Snowflake { last, step } => (last, step),
        _ => (0, 0),
    };
    let now = random::milliseconds(call.frame.run.outside).saturating_sub(EPOCH);
    // Identifiers must not repeat, even if the clock goes back or stands still.
    let (time, step) = match (now > last, step < STEPS) {
        (true, _) => (now, 0),
        (false, true) => (last, step + 1),
        (false, false) => (last + 1, 0),
    };
    *state = Site::Snowflake { last: time, step };
    Ok(Value::from((time << 22 | node << 12 | step).to_string()))
}

fn node(node: i64) -> Result<i64, String> {
    if (0..=1_023).contains(&node) {
        Ok(node)
    } else {
        Err("Node number must be between 0 and 1023".to_owned())
    }
}

fn check(arguments: &[Option<&Value>]) -> Result<(), String> {
    match arguments {
        [Some(Value::Int(number))] => node(*number).map(|_| ()),
        _ => Ok(()),
    }
}
