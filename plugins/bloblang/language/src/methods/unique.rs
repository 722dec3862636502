use std::borrow::Cow;
use std::collections::HashSet;

use super::expect;
use crate::eval::Call;
use crate::failure::Failure;
use crate::spec::{Evaluated, Example, FunctionSpec, ParamKind, ParamSpec};
use crate::value::{Text, Value};

pub(super) const SPEC: FunctionSpec = FunctionSpec::method("unique", "Object & Array Manipulation", "The array without the elements that were there before: texts or numbers, or elements for which a query gives a text or number that was there before.", body)
.params(&[ParamSpec::new("emit", ParamKind::Query).optional()])
.examples(&[Example::new("", r#"root = this.unique()"#, &[(r#"["a","b","a"]"#, r#"["a","b"]"#)]), Example::new("", r#"root = this.unique(item -> item.v)"#, &[(r#"[{"v":1},{"v":1.0}]"#, r#"[{"v":1}]"#)])]);

#[derive(PartialEq, Eq, Hash)]
enum Seen {
    Text(Text),
    Whole(i64),
    Float(u64),
}

fn body(call: &Call<'_>, target: Cow<'_, Value>) -> Evaluated {
    let mut seen = HashSet::new();
    let mut unique = Vec::new();
    for (index, item) in expect::array(&target)?.iter().enumerate() {
        let key = if call.is_given(0) { call.with(0, item)? } else { item.clone() };
        let key = match (key.as_text(), key.as_number()) {
            (Some(text), _) => Seen::Text(text),
            (None, Some(number)) => match number.whole() {
                Some(whole) => Seen::Whole(whole),
                None => Seen::Float(number.as_f64().to_bits()),
            },
            (None, None) => {
                let reason = Failure::expected("string or number", &key);
                return Err(Failure::new(format!("index {index}: {reason}")));
            }
        };
        if seen.insert(key) {
            unique.push(item.clone());
        }
    }
    Ok(Value::from(unique))
}
