use std::borrow::Cow;

use super::expect;
use crate::eval::Call;
use crate::failure::Failure;
use crate::spec::{Evaluated, Example, FunctionSpec, ParamDefault, ParamKind, ParamSpec};
use crate::value::Value;
use crate::xml::{self, Layout};

pub(super) const SPEC: FunctionSpec = FunctionSpec::method(
    "format_xml",
    "Parsing",
    "An object as XML, in bytes: the opposite of `parse_xml`. Every element begins a line that is indented with as many \
     `indent` as it is nested, unless `no_indent` is set.",
    body,
)
.unnamed()
.params(&[
    ParamSpec::new("indent", ParamKind::Text).or(ParamDefault::Text("    ")),
    ParamSpec::new("no_indent", ParamKind::Bool).or(ParamDefault::Bool(false)),
])
.examples(&[
    Example::new(
        "",
        "root = this.format_xml()",
        &[(
            r#"{"foo":{"bar":{"baz":"foo bar baz"}}}"#,
            "<foo>\n    <bar>\n        <baz>foo bar baz</baz>\n    </bar>\n</foo>",
        )],
    ),
    Example::new(
        "",
        "root = this.format_xml(no_indent: true)",
        &[(r##"{"foo":{"-id":1,"bar":["a",{"#text":"b"}]}}"##, r#"<foo id="1"><bar>a</bar><bar>b</bar></foo>"#)],
    ),
]);

fn body(call: &Call<'_>, target: Cow<'_, Value>) -> Evaluated {
    let indent = call.text(0)?;
    let layout = if call.boolean(1)? { Layout::Dense } else { Layout::Lines(&indent) };
    let written = xml::write(expect::object(&target)?, layout).map_err(Failure::new)?;
    expect::size(written.len())?;
    Ok(Value::bytes(&written))
}
