use super::kept;
use crate::eval::Call;
use crate::failure::Failure;
use crate::spec::{Evaluated, Example, FunctionSpec, ParamKind, ParamSpec};
use crate::value::{Numbers, Text, parse};

pub(super) const SPEC: FunctionSpec = FunctionSpec::function(
    "file_rel_json",
    "Environment",
    "The document in a JSON file, where a relative path starts at the directory of the mapping. A file whose path is written in the mapping is read once. Its numbers are floats.",
    body,
)
.impure()
.params(&[ParamSpec::new("path", ParamKind::Text)])
.examples(&[Example::new("", r#"root.doc = file_rel_json("document.json")"#, &[(r#"{}"#, r#"{"doc":{"foo":"bar"}}"#)]),]);

fn body(call: &Call<'_>) -> Evaluated {
    kept::once(call, call.is_fixed(0), || {
        let path = call.text(0)?;
        let content = call.frame.run.outside.read_file_beside(&path).map_err(Failure::new)?;
        parse(&Text::lossy(&content), Numbers::Float)
            .map_err(|error| Failure::new(format!("failed to parse JSON from {path}: {error}")))
    })
}
