use crate::eval::Call;
use crate::spec::{Evaluated, Example, FunctionSpec};
use crate::value::Value;

pub(super) const SPEC: FunctionSpec = FunctionSpec::function("pi", "General", "The number pi.", body)
    .examples(&[Example::new("", "root = (pi() * 100).floor()", &[("{}", "314")])]);

fn body(_: &Call<'_>) -> Evaluated {
    Ok(Value::Float(std::f64::consts::PI))
}
