use std::borrow::Cow;

use super::{expect, pattern};
use crate::eval::Call;
use crate::spec::{Evaluated, Example, FunctionSpec};
use crate::value::{Object, Value};

pub(super) const SPEC: FunctionSpec = FunctionSpec::method(
    "re_find_object",
    "Regular Expressions",
    "What the groups of the pattern matched in its first match, under their names or numbers; the whole match is 0.",
    body,
)
.checked(pattern::check)
.params(&[pattern::PARAM])
.examples(&[Example::new(
    "",
    r#"root = this.re_find_object("a(?P<foo>x*)b")"#,
    &[(r#""-axxb-ab-""#, r#"{"0":"axxb","foo":"xx"}"#), (r#""none""#, "{}")],
)]);

fn body(call: &Call<'_>, target: Cow<'_, Value>) -> Evaluated {
    let pattern = pattern::compiled(call)?;
    match pattern.groups(expect::bytes(&target)?) {
        Some(groups) => Ok(pattern::object(pattern.names(), pattern::values(&target, groups))),
        None => Ok(Value::Object(Object::new())),
    }
}
