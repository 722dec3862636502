use super::pattern;
use crate::spec::{Example, FunctionSpec, ParamKind, ParamSpec, Status};

pub(super) const SPEC: FunctionSpec =
    FunctionSpec::method("re_replace", "Hidden", "Another name of `re_replace_all`.", pattern::replaced)
        .status(Status::Hidden)
        .checked(pattern::check)
        .params(&[pattern::PARAM, ParamSpec::new("value", ParamKind::Text)])
        .examples(&[Example::new(
            "",
            r#"root = this.re_replace("ADD ([0-9]+)", "+($1)")"#,
            &[(r#""foo ADD 70""#, "foo +(70)")],
        )]);
