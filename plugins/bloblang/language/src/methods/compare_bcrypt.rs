use std::borrow::Cow;

use super::expect;
use crate::eval::Call;
use crate::failure::Failure;
use crate::secrets::bcrypt;
use crate::spec::{Evaluated, Example, FunctionSpec, ParamKind, ParamSpec};
use crate::value::Value;

pub(super) const SPEC: FunctionSpec = FunctionSpec::method(
    "compare_bcrypt",
    "String Manipulation",
    "Whether text is the secret that a bcrypt hash was made of.",
    body,
)
.unnamed()
.params(&[ParamSpec::new("hashed_secret", ParamKind::Text)])
.examples(&[Example::new(
    "",
    r#"root = this.compare_bcrypt("$2y$04$Dtnt5NNzVtMCOZONT705tOcS8It6krJX8bEjnDJnwxiFKsz1C.3Ay")"#,
    &[(r#""there-are-many-blobs-in-the-sea""#, "false")],
)]);

fn body(call: &Call<'_>, target: Cow<'_, Value>) -> Evaluated {
    let secret = expect::content(&target)?;
    let hash = call.bytes(0)?;
    let step = || call.frame.run.step();
    let same = bcrypt::compare(hash.as_bytes().unwrap_or_default(), &secret, &step)?;
    same.map(Value::Bool).map_err(Failure::new)
}
