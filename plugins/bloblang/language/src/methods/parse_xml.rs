use std::borrow::Cow;

use super::expect;
use crate::eval::Call;
use crate::failure::Failure;
use crate::spec::{Evaluated, Example, FunctionSpec, ParamDefault, ParamKind, ParamSpec};
use crate::value::Value;
use crate::xml;

pub(super) const SPEC: FunctionSpec = FunctionSpec::method(
    "parse_xml",
    "Parsing",
    "The first element of XML as an object. Attributes become keys with a dash in front; text beside attributes or \
     elements becomes `#text`; elements of the same name become an array. Comments, directives and instructions are \
     left out. With `cast` numbers and booleans become such.",
    body,
)
.unnamed()
.params(&[ParamSpec::new("cast", ParamKind::Bool).or(ParamDefault::Bool(false))])
.examples(&[
    Example::new(
        "",
        "root.doc = this.doc.parse_xml()",
        &[(
            r#"{"doc":"<root><title>This is a title</title><content>This is some content</content></root>"}"#,
            r#"{"doc":{"root":{"content":"This is some content","title":"This is a title"}}}"#,
        )],
    ),
    Example::new(
        "",
        "root.doc = this.doc.parse_xml(cast: true)",
        &[(
            r#"{"doc":"<root><number id=99>123</number><bool>True</bool><bool>x</bool></root>"}"#,
            r##"{"doc":{"root":{"bool":[true,"x"],"number":{"#text":123,"-id":99}}}}"##,
        )],
    ),
]);

fn body(call: &Call<'_>, target: Cow<'_, Value>) -> Evaluated {
    let cast = call.boolean(0)?;
    let content = expect::payload(&target)?;
    let parsed = xml::read(&content, cast);
    parsed.map(Value::Object).map_err(|error| Failure::new(format!("failed to parse value as XML: {error}")))
}
