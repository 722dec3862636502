use super::kept;
use crate::eval::Call;
use crate::spec::{Evaluated, Example, FunctionSpec, ParamDefault, ParamKind, ParamSpec};

pub(super) const SPEC: FunctionSpec = FunctionSpec::function(
    "file_rel",
    "Environment",
    "The content of a file, as bytes, where a relative path starts at the directory of the mapping. A file whose path is written in the mapping is read once, unless `no_cache` is set.",
    body,
)
.impure()
.params(&[ParamSpec::new("path", ParamKind::Text), ParamSpec::new("no_cache", ParamKind::Bool).or(ParamDefault::Bool(false))])
.examples(&[Example::new("", r#"root.doc = file_rel(path: this.path, no_cache: true).parse_json()"#, &[(r#"{"path":"document.json"}"#, r#"{"doc":{"foo":"bar"}}"#)]),]);

fn body(call: &Call<'_>) -> Evaluated {
    kept::read(call, |outside, path| outside.read_file_beside(path))
}
