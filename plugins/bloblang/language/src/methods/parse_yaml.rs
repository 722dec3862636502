use std::borrow::Cow;

use super::expect;
use crate::eval::Call;
use crate::failure::Failure;
use crate::spec::{Evaluated, Example, FunctionSpec};
use crate::value::Value;
use crate::yaml;

pub(super) const SPEC: FunctionSpec = FunctionSpec::method(
    "parse_yaml",
    "Parsing",
    "The first document of YAML. Dates become timestamps; keys that are no text become text.",
    body,
)
.examples(&[Example::new(
    "",
    "root = this.parse_yaml()",
    &[(r#""foo: bar\nlist: [1, two]""#, r#"{"foo":"bar","list":[1,"two"]}"#)],
)]);

fn body(_: &Call<'_>, target: Cow<'_, Value>) -> Evaluated {
    let text = expect::text(&target)?;
    yaml::read(&text).map_err(|error| Failure::new(format!("failed to parse value as YAML: {error}")))
}
