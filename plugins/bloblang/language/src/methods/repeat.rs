use std::borrow::Cow;

use super::expect;
use crate::eval::Call;
use crate::failure::Failure;
use crate::spec::{Evaluated, Example, FunctionSpec, ParamKind, ParamSpec};
use crate::value::{Text, Value};

pub(super) const SPEC: FunctionSpec =
    FunctionSpec::method("repeat", "String Manipulation", "The text several times over.", body)
        .params(&[ParamSpec::new("count", ParamKind::Integer)])
        .examples(&[Example::new("", r#"root = this + "na".repeat(2)"#, &[(r#""ba""#, r#"banana"#)])]);

fn body(call: &Call<'_>, target: Cow<'_, Value>) -> Evaluated {
    let count = call.integer(0)?;
    let text = expect::text(&target)?;
    let Ok(count) = usize::try_from(count) else {
        return Err(Failure::new("invalid count, must be greater than or equal to zero"));
    };
    expect::size(text.len().saturating_mul(count))?;
    Ok(expect::like(&target, Text::from(text.repeat(count))))
}
