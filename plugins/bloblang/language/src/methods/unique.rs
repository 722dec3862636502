use std::borrow::Cow;
use std::collections::HashSet;

use super::expect;
use crate::eval::Call;
use crate::failure::Failure;
use crate::spec::{Evaluated, Example, FunctionSpec, ParamKind, ParamSpec};
use crate::value::{Text, Value};

#[derive(PartialEq, Eq, Hash)]
enum Seen {
    Text(Text),
    Number(u64),
    /// What is not a number equals nothing.
    Nan(usize),
}

pub(super) const SPEC: FunctionSpec = FunctionSpec::method(
    "unique",
    "Object & Array Manipulation",
    "The array without the elements that were there before: texts or numbers, or elements for which a query gives a text or number that was there before.",
    body,
)
.params(&[ParamSpec::new("emit", ParamKind::Query).optional()])
.examples(&[Example::new("", r#"root = this.unique()"#, &[(r#"["a","b","a"]"#, r#"["a","b"]"#)]),Example::new("", r#"root = this.unique(item -> item.v)"#, &[(r#"[{"v":1},{"v":1.0}]"#, r#"[{"v":1}]"#)]),]);

fn body(call: &Call<'_>, target: Cow<'_, Value>) -> Evaluated {
    let mut seen = HashSet::new();
    let mut unique = Vec::new();
    for (index, item) in expect::array(&target)?.iter().enumerate() {
        let at = format_args!("index {index}");
        let key = if call.is_given(0) { call.with(0, item).map_err(|f| f.within(at))? } else { item.clone() };
        let key = match (&key, key.as_text(), key.as_number()) {
            (Value::Timestamp(at), ..) => Seen::Text(Text::from(at.to_string())),
            (_, Some(text), _) => Seen::Text(text),
            // Adding zero makes one of the two zeros.
            (_, None, Some(number)) if !number.as_f64().is_nan() => {
                Seen::Number((number.as_f64() + 0.0).to_bits())
            }
            (_, None, Some(_)) => Seen::Nan(index),
            (_, None, None) => {
                let failure = Failure::expected("string or number", &key);
                return Err(failure.within(format_args!("index {index}")));
            }
        };
        if seen.insert(key) {
            unique.push(item.clone());
        }
    }
    Ok(Value::from(unique))
}
