use std::fmt::Write as _;

use crate::eval::Call;
use crate::spec::{Evaluated, Example, FunctionSpec};
use crate::value::Value;

pub(super) const SPEC: FunctionSpec =
    FunctionSpec::function("uuid_v4", "General", "A new random identifier, a UUID of version 4.", body)
        .examples(&[Example::new("", "root = uuid_v4().length()", &[("{}", "36")])]);

fn body(call: &Call<'_>) -> Evaluated {
    let outside = call.frame.run.outside;
    // The version and the variant take six of the 128 random bits.
    let high = outside.random_u64() & !0xf000 | 0x4000;
    let low = outside.random_u64() & !(0b11 << 62) | 0b10 << 62;
    Ok(Value::from(hyphenated(high, low)))
}

/// The 128 bits of a UUID as text.
pub(super) fn hyphenated(high: u64, low: u64) -> String {
    let mut text = String::with_capacity(36);
    let parts = [high >> 32, high >> 16 & 0xffff, high & 0xffff, low >> 48, low & 0xffff_ffff_ffff];
    for (part, width) in parts.into_iter().zip([8, 4, 4, 4, 12]) {
        if !text.is_empty() {
            text.push('-');
        }
        let _ = write!(text, "{part:0width$x}");
    }
    text
}
