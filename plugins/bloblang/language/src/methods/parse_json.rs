use std::borrow::Cow;

use super::expect;
use crate::eval::Call;
use crate::failure::Failure;
use crate::spec::{Evaluated, Example, FunctionSpec, ParamKind, ParamSpec};
use crate::value::{Numbers, Value, first};

pub(super) const SPEC: FunctionSpec = FunctionSpec::method("parse_json", "Parsing", "The first document in text or bytes. Numbers become floats, unless `use_number` keeps them as they are written.", body)
.params(&[ParamSpec::new("use_number", ParamKind::Bool).optional()])
.examples(&[Example::new("", r#"root = this.doc.parse_json()"#, &[(r#"{"doc":"{\"a\":[1]}"}"#, r#"{"a":[1]}"#)])]);

fn body(call: &Call<'_>, target: Cow<'_, Value>) -> Evaluated {
    let keep = call.optional_boolean(0)?.unwrap_or(false);
    let text = expect::text(&target)?;
    let numbers = if keep { Numbers::Keep } else { Numbers::Float };
    first(&text, numbers).map_err(|error| Failure::new(format!("failed to parse value as JSON: {error}")))
}
