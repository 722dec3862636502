use std::borrow::Cow;

use super::expect;
use crate::eval::Call;
use crate::spec::{Evaluated, Example, FunctionSpec};
use crate::value::Value;

pub(super) const SPEC: FunctionSpec =
    FunctionSpec::method("keys", "Object & Array Manipulation", "The keys of an object, sorted.", body)
        .examples(&[Example::new("", r#"root = this.keys()"#, &[(r#"{"b":1,"a":2}"#, r#"["a","b"]"#)])]);

fn body(_: &Call<'_>, target: Cow<'_, Value>) -> Evaluated {
    let keys = expect::object(&target)?.iter().map(|(key, _)| Value::String(key.clone()));
    Ok(Value::from(keys.collect::<Vec<_>>()))
}
