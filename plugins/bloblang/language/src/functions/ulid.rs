use super::random;
use crate::eval::Call;
use crate::failure::Failure;
use crate::spec::{Evaluated, Example, FunctionSpec, ParamDefault, ParamKind, ParamSpec, Status};
use crate::value::Value;

const CROCKFORD: &[u8] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const HEX: &[u8] = b"0123456789abcdef";

pub(super) const SPEC: FunctionSpec = FunctionSpec::function(
    "ulid",
    "General",
    "A new ULID: the millisecond it is made in and 10 random bytes, in Crockford's base 32 or as hexadecimal digits.",
    body,
)
.status(Status::Experimental)
.params(&[ParamSpec::new("encoding", ParamKind::Text).or(ParamDefault::Text("crockford")), ParamSpec::new("random_source", ParamKind::Text).or(ParamDefault::Text("secure_random"))])
.checked(check)
.examples(&[Example::new("", r#"root = [ulid().length(), ulid("hex").length()]"#, &[(r#"{}"#, r#"[26,32]"#)]),]);

fn body(call: &Call<'_>) -> Evaluated {
    let (encoding, source) = (call.text(0)?, call.text(1)?);
    check_names(&encoding, &source).map_err(Failure::new)?;
    let outside = call.frame.run.outside;
    let time = random::milliseconds(outside).to_be_bytes();
    let mut bytes = time.get(2..).unwrap_or_default().to_vec();
    bytes.extend_from_slice(&random::bytes::<10>(outside));
    let (alphabet, width): (&[u8], _) = if encoding.as_str() == "hex" { (HEX, 32) } else { (CROCKFORD, 26) };
    Ok(Value::from(random::digits(&bytes, alphabet, width)))
}

fn check(arguments: &[Option<&Value>]) -> Result<(), String> {
    match arguments {
        [Some(Value::String(encoding)), Some(Value::String(source))] => check_names(encoding, source),
        [Some(Value::String(encoding)), _] => check_names(encoding, "secure_random"),
        _ => Ok(()),
    }
}

fn check_names(encoding: &str, source: &str) -> Result<(), String> {
    if !matches!(encoding, "crockford" | "hex") {
        return Err(format!("invalid ulid encoding: {encoding}"));
    }
    if !matches!(source, "secure_random" | "fast_random") {
        return Err(format!("invalid randomness source: {source}"));
    }
    Ok(())
}
