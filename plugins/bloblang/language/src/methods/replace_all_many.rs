use super::replacements;
use crate::spec::{Example, FunctionSpec, ParamKind, ParamSpec};

pub(super) const SPEC: FunctionSpec = FunctionSpec::method(
    "replace_all_many",
    "String Manipulation",
    "The text with several things replaced, one after the other: every even element of the array by the one after it.",
    replacements::body,
)
.checked(replacements::check)
.params(&[ParamSpec::new("values", ParamKind::Array)])
.examples(&[Example::new(
    "",
    r#"root = this.replace_all_many(["<b>", "&lt;b&gt;", "</b>", "&lt;/b&gt;"])"#,
    &[(r#""a <b>dog</b>""#, "a &lt;b&gt;dog&lt;/b&gt;")],
)]);
