use std::borrow::Cow;

use super::expect;
use crate::eval::Call;
use crate::failure::Failure;
use crate::spec::{Evaluated, Example, FunctionSpec, ParamKind, ParamSpec};
use crate::text::html::{self, Policy};
use crate::value::Value;

pub(super) const SPEC: FunctionSpec = FunctionSpec::method(
    "strip_html",
    "String Manipulation",
    "The text without HTML tags, except for elements named in `preserve`, which lose their attributes.",
    body,
)
.checked(check)
.params(&[ParamSpec::new("preserve", ParamKind::Array).optional()])
.examples(&[
    Example::new("", "root = this.strip_html()", &[(r#""<p>the <b>plain</b> text</p>""#, "the plain text")]),
    Example::new(
        "",
        r#"root = this.strip_html(["b"])"#,
        &[(r#""<p>the <b x=\"1\">plain</b> text</p>""#, "the <b>plain</b> text")],
    ),
]);

fn check(arguments: &[Option<&Value>]) -> Result<(), String> {
    match arguments {
        [Some(Value::Array(names))] => policy(names).map(|_| ()),
        _ => Ok(()),
    }
}

fn policy(names: &[Value]) -> Result<Policy, String> {
    let mut policy = Policy::default();
    for (index, name) in names.iter().enumerate() {
        match name {
            Value::String(name) => policy.preserve(name),
            other => {
                let reason = Failure::expected("string", other);
                return Err(format!("invalid arg at index {index}: {reason}"));
            }
        }
    }
    Ok(policy)
}

fn body(call: &Call<'_>, target: Cow<'_, Value>) -> Evaluated {
    let policy = match call.optional_array(0)? {
        None => Policy::default(),
        Some(names) => policy(&names).map_err(Failure::plain)?,
    };
    let text = expect::bytes(&target)?;
    expect::size(text.len().saturating_mul(5))?;
    let blank = text.iter().all(u8::is_ascii_whitespace);
    let stripped = if blank { text.to_vec() } else { html::strip(text, &policy) };
    Ok(match target.as_ref() {
        Value::Bytes(_) => Value::bytes(&stripped),
        _ => expect::string(stripped),
    })
}
