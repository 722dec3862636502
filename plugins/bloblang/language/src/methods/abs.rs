use std::borrow::Cow;

use super::expect;
use crate::eval::Call;
use crate::spec::{Evaluated, Example, FunctionSpec};
use crate::value::{Number, Value};

pub(super) const SPEC: FunctionSpec =
    FunctionSpec::method("abs", "Number Manipulation", "The number without its sign.", body).examples(&[
        Example::new("", r#"root = this.map_each(this.abs())"#, &[(r#"[9,-18,-4.56]"#, r#"[9,18,4.56]"#)]),
    ]);

fn body(_: &Call<'_>, target: Cow<'_, Value>) -> Evaluated {
    Ok(match expect::number(&target)? {
        Number::Int(value) => Value::Int(value.wrapping_abs()),
        Number::Uint(value) => Value::Uint(value),
        Number::Float(value) => Value::Float(value.abs()),
    })
}
