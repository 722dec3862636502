use std::borrow::Cow;

use crate::eval::Call;
use crate::spec::{Evaluated, Example, FunctionSpec};
use crate::value::Value;
use crate::yaml;

pub(super) const SPEC: FunctionSpec = FunctionSpec::method(
    "format_yaml",
    "Parsing",
    "The value as YAML, in bytes. A number of a document is quoted, since it is still the text that it was read as.",
    body,
)
.examples(&[
    Example::new("", "root = this.format_yaml()", &[(r#"{"foo":"bar","list":["a",true]}"#, "foo: bar\nlist:\n    - a\n    - true\n")]),
    Example::new("", "root = {\"a\": this.a, \"b\": this.a.number()}.format_yaml()", &[(r#"{"a":5}"#, "a: \"5\"\nb: 5\n")]),
]);

fn body(_: &Call<'_>, target: Cow<'_, Value>) -> Evaluated {
    Ok(Value::bytes(&yaml::write(&target)))
}
