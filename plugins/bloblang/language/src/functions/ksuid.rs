use super::random;
use crate::eval::Call;
use crate::spec::{Evaluated, Example, FunctionSpec};
use crate::value::Value;

/// The second that KSUIDs count from.
const EPOCH: i64 = 1_400_000_000;
const ALPHABET: &[u8] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

pub(super) const SPEC: FunctionSpec = FunctionSpec::function(
    "ksuid",
    "General",
    "A new KSUID: the second it is made in and 16 random bytes, in 27 letters and digits that sort by time.",
    body,
)
.examples(&[Example::new("", r#"root = ksuid().length()"#, &[(r#"{}"#, r#"27"#)])]);

fn body(call: &Call<'_>) -> Evaluated {
    let outside = call.frame.run.outside;
    let (seconds, _) = outside.now();
    let since = u32::try_from(seconds.saturating_sub(EPOCH)).unwrap_or(0);
    let mut bytes = since.to_be_bytes().to_vec();
    bytes.extend_from_slice(&random::bytes::<16>(outside));
    Ok(Value::from(random::digits(&bytes, ALPHABET, 27)))
}
