use std::borrow::Cow;

use super::expect;
use crate::eval::Call;
use crate::spec::{Evaluated, Example, FunctionSpec, ParamKind, ParamSpec};
use crate::value::{Object, Text, Value};

pub(super) const SPEC: FunctionSpec = FunctionSpec::method(
    "fold",
    "Object & Array Manipulation",
    "An array put together to one value: a query sees the result so far as `this.tally` and the element as `this.value`.",
    body,
)
.params(&[ParamSpec::new("initial", ParamKind::Any), ParamSpec::new("query", ParamKind::Query)])
.examples(&[Example::new("", r#"root = this.fold(0, item -> item.tally + item.value)"#, &[(r#"[3,8,11]"#, r#"22"#)]),]);

fn body(call: &Call<'_>, target: Cow<'_, Value>) -> Evaluated {
    let mut tally = call.value(0)?.into_owned().without_nil();
    for item in expect::array(&target)?.iter() {
        let entries = vec![(Text::fixed("tally"), tally), (Text::fixed("value"), item.clone())];
        tally = call.with(1, &Value::Object(Object::from(entries)))?;
    }
    Ok(tally)
}
