use super::pattern;
use crate::spec::{Example, FunctionSpec, ParamKind, ParamSpec};

pub(super) const SPEC: FunctionSpec = FunctionSpec::method(
    "re_replace_all",
    "Regular Expressions",
    "The text with every match of the pattern replaced. In the value `$1`, `${1}` and `${name}` stand for what groups matched.",
    pattern::replaced,
)
.checked(pattern::check)
.params(&[pattern::PARAM, ParamSpec::new("value", ParamKind::Text)])
.examples(&[Example::new(
    "",
    r#"root = this.re_replace_all("ADD ([0-9]+)", "+($1)")"#,
    &[(r#""foo ADD 70""#, "foo +(70)")],
)]);
