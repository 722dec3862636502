use std::borrow::Cow;

use crate::eval::Call;
use crate::spec::{Evaluated, Example, FunctionSpec, ParamDefault, ParamKind, ParamSpec};
use crate::value::{Html, Value, write_indented, write_json};

pub(super) const SPEC: FunctionSpec = FunctionSpec::method(
    "format_json",
    "Parsing",
    "The value as JSON in bytes, over several lines unless the indent is empty or `no_indent` is set.",
    body,
)
.params(&[
    ParamSpec::new("indent", ParamKind::Text).or(ParamDefault::Text("    ")),
    ParamSpec::new("no_indent", ParamKind::Bool).or(ParamDefault::Bool(false)),
    ParamSpec::new("escape_html", ParamKind::Bool).or(ParamDefault::Bool(true)),
])
.examples(&[
    Example::new(
        "",
        r#"root.a = this.format_json(no_indent: true).string()"#,
        &[(r#"{"b":"<"}"#, r#"{"a":"{\"b\":\"\\u003c\"}"}"#)],
    ),
    Example::new("", r#"root = this.format_json("  ")"#, &[(r#"[1]"#, "[\n  1\n]")]),
]);

fn body(call: &Call<'_>, target: Cow<'_, Value>) -> Evaluated {
    let (indent, no_indent, escape_html) = (call.text(0)?, call.boolean(1)?, call.boolean(2)?);
    let html = if escape_html { Html::Escaped } else { Html::Plain };
    let mut out = Vec::new();
    if no_indent || indent.is_empty() {
        write_json(&target, html, &mut out);
    } else {
        write_indented(&target, &indent, html, &mut out);
    }
    Ok(Value::bytes(&out))
}
