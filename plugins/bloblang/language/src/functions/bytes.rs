use crate::eval::Call;
use crate::failure::Failure;
use crate::limits::TEXT_BYTES;
use crate::spec::{Evaluated, Example, FunctionSpec, ParamKind, ParamSpec};
use crate::value::Value;

pub(super) const SPEC: FunctionSpec =
    FunctionSpec::function("bytes", "General", "So many bytes, all zero.", body)
        .params(&[ParamSpec::new("length", ParamKind::Integer)])
        .examples(&[Example::new("", r#"root.data = bytes(5)"#, &[(r#"{}"#, r#"{"data":"AAAAAAA="}"#)])]);

fn body(call: &Call<'_>) -> Evaluated {
    let length = call.integer(0)?;
    let length = usize::try_from(length).ok().filter(|length| *length <= TEXT_BYTES);
    let length = length.ok_or_else(|| Failure::new("the length must not be negative, or too large"))?;
    Ok(Value::bytes(&vec![0; length]))
}
