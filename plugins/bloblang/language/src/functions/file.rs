use super::kept;
use crate::eval::Call;
use crate::spec::{Evaluated, Example, FunctionSpec, ParamDefault, ParamKind, ParamSpec};

pub(super) const SPEC: FunctionSpec = FunctionSpec::function(
    "file",
    "Environment",
    "The content of a file, as bytes. A file whose path is written in the mapping is read once, unless `no_cache` is set.",
    body,
)
.impure()
.params(&[ParamSpec::new("path", ParamKind::Text), ParamSpec::new("no_cache", ParamKind::Bool).or(ParamDefault::Bool(false))])
.examples(&[Example::new("", r#"root.doc = file("document.json").parse_json()"#, &[(r#"{}"#, r#"{"doc":{"foo":"bar"}}"#)]),]);

fn body(call: &Call<'_>) -> Evaluated {
    kept::read(call, |outside, path| outside.read_file(path))
}
