use super::random;
use crate::eval::Call;
use crate::spec::{Evaluated, Example, FunctionSpec, ParamKind, ParamSpec};
use crate::value::Value;

pub(super) const SPEC: FunctionSpec = FunctionSpec::function(
    "uuid_v7",
    "General",
    "A new UUID of version 7: the millisecond it is made in, or that of a time if one is given, and random bits.",
    body,
)
.params(&[ParamSpec::new("time", ParamKind::Timestamp).optional()])
.examples(&[Example::new("", r#"root = uuid_v7("2024-10-16T13:30:14Z").slice(0, 15)"#, &[(r#"{}"#, r#"01929585-9a70-7"#)]),]);

fn body(call: &Call<'_>) -> Evaluated {
    let outside = call.frame.run.outside;
    let time = if call.is_given(0) { call.timestamp(0)?.unix(1_000) } else { random::milliseconds(outside) };
    let time = time.cast_unsigned() & 0xffff_ffff_ffff;
    // The version and the variant take six bits.
    let high = time << 16 | outside.random_u64() & 0xfff | 0x7000;
    let low = outside.random_u64() & !(0b11 << 62) | 0b10 << 62;
    Ok(Value::from(super::uuid_v4::hyphenated(high, low)))
}
