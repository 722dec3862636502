use crate::eval::Call;
use crate::failure::Failure;
use crate::spec::{Evaluated, Example, FunctionSpec, ParamKind, ParamSpec};
use crate::value::Value;

pub(super) const SPEC: FunctionSpec = FunctionSpec::function(
    "with_schema_registry_header",
    "General",
    "A message with the header of the schema registry's wire format in front: a zero byte and the number of the schema.",
    body,
)
.params(&[ParamSpec::new("schema_id", ParamKind::Integer), ParamSpec::new("message", ParamKind::Any)])
.examples(&[Example::new("", r#"root = with_schema_registry_header(123, "x").encode("hex")"#, &[(r#"{}"#, r#"000000007b78"#)]),]);

fn body(call: &Call<'_>) -> Evaluated {
    let number = call.integer(0)?;
    let number =
        u32::try_from(number).map_err(|_| Failure::new("the schema id must be an integer of 32 bits"))?;
    let mut bytes = vec![0];
    bytes.extend_from_slice(&number.to_be_bytes());
    call.value(1)?.write_text(&mut bytes);
    Ok(Value::bytes(&bytes))
}
