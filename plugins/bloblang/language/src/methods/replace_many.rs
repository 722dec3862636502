use super::replacements;
use crate::spec::{Example, FunctionSpec, ParamKind, ParamSpec, Status};

pub(super) const SPEC: FunctionSpec =
    FunctionSpec::method("replace_many", "Hidden", "Another name of `replace_all_many`.", replacements::body)
        .status(Status::Hidden)
        .checked(replacements::check)
        .params(&[ParamSpec::new("values", ParamKind::Array)])
        .examples(&[Example::new(
            "",
            r#"root = this.replace_many(["<b>", "&lt;b&gt;", "</b>", "&lt;/b&gt;"])"#,
            &[(r#""a <b>dog</b>""#, "a &lt;b&gt;dog&lt;/b&gt;")],
        )]);
