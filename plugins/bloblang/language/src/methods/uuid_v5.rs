use std::borrow::Cow;

use sha1::{Digest as _, Sha1};

use super::expect;
use crate::eval::Call;
use crate::failure::Failure;
use crate::spec::{Evaluated, Example, FunctionSpec, ParamKind, ParamSpec};
use crate::value::Value;

pub(super) const SPEC: FunctionSpec = FunctionSpec::method(
    "uuid_v5",
    "Encoding and Encryption",
    "The UUID of version 5 that a name has in a namespace `ns`: dns, url, oid, x500 or any UUID; without one the UUID \
     of zeros. A method of Redpanda's Bloblang.",
    body,
)
.unnamed()
.params(&[ParamSpec::new("ns", ParamKind::Text).optional()])
.examples(&[
    Example::new("", r#"root = this.uuid_v5("dns")"#, &[(r#""www.example.com""#, "2ed6657d-e927-568b-95e1-2665a8aea6a2")]),
    Example::new("", "root = this.uuid_v5()", &[(r#""example""#, "feb54431-301b-52bb-a6dd-e1e93e81bb9e")]),
]);

/// The namespaces of RFC 9562 differ in one digit.
const NAMESPACES: [(&str, u8); 4] = [("dns", 0), ("url", 1), ("oid", 2), ("x500", 4)];

fn body(call: &Call<'_>, target: Cow<'_, Value>) -> Evaluated {
    let name = call.optional_text(0)?;
    let space = namespace(name.as_deref().unwrap_or_default()).map_err(Failure::new)?;
    let hash = Sha1::new().chain_update(space).chain_update(expect::content(&target)?.as_ref()).finalize();
    let mut id = [0; 16];
    id.iter_mut().zip(hash.iter()).for_each(|(slot, byte)| *slot = *byte);
    id[6] = id[6] & 0x0f | 0x50;
    id[8] = id[8] & 0x3f | 0x80;
    let digits: String = id.iter().map(|byte| format!("{byte:02x}")).collect();
    let parts = [0..8, 8..12, 12..16, 16..20, 20..32].map(|part| digits.get(part).unwrap_or_default());
    Ok(Value::from(parts.join("-")))
}

fn namespace(name: &str) -> Result<[u8; 16], String> {
    if name.is_empty() || name == "nil" {
        return Ok([0; 16]);
    }
    if let Some((_, digit)) = NAMESPACES.iter().find(|(known, _)| *known == name) {
        return Ok([
            0x6b,
            0xa7,
            0xb8,
            0x10 + digit,
            0x9d,
            0xad,
            0x11,
            0xd1,
            0x80,
            0xb4,
            0x00,
            0xc0,
            0x4f,
            0xd4,
            0x30,
            0xc8,
        ]);
    }
    let digits: String = name.chars().filter(|character| *character != '-').collect();
    let number = u128::from_str_radix(&digits, 16).ok().filter(|_| digits.len() == 32 && digits.is_ascii());
    number.map(u128::to_be_bytes).ok_or_else(|| format!("invalid ns uuid: {name}"))
}
