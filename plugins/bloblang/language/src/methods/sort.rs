use std::borrow::Cow;

use super::expect;
use super::order;
use super::quicksort;
use crate::eval::Call;
use crate::failure::Failure;
use crate::spec::{Evaluated, Example, FunctionSpec, ParamKind, ParamSpec};
use crate::value::{Object, Text, Value};

pub(super) const SPEC: FunctionSpec = FunctionSpec::method(
    "sort",
    "Object & Array Manipulation",
    "The array in ascending order of its numbers or texts, or in the order of a query that sees two elements as `this.left` and `this.right` and is true when the first belongs before the second. Equal elements may change places.",
    body,
)
.params(&[ParamSpec::new("compare", ParamKind::Query).optional()])
.examples(&[Example::new("", r#"root = this.sort()"#, &[(r#"[3,22,13]"#, r#"[3,13,22]"#)]),Example::new("", r#"root = this.sort(this.left.v > this.right.v)"#, &[(r#"[{"v":1},{"v":3},{"v":2}]"#, r#"[{"v":3},{"v":2},{"v":1}]"#)]),]);

fn body(call: &Call<'_>, target: Cow<'_, Value>) -> Evaluated {
    let mut items = expect::items(target)?;
    if call.is_given(0) {
        quicksort::sort(&mut items, |items, left, right| by_query(call, items, left, right))
            .map_err(Failure::passed)?;
    } else {
        quicksort::sort(&mut items, |items, left, right| {
            order::before("sort", None, (left, items.get(left)), (right, items.get(right)))
        })
        .map_err(Failure::passed)?;
    }
    Ok(Value::from(items))
}

fn by_query(call: &Call<'_>, items: &[Value], left: usize, right: usize) -> Result<bool, Failure> {
    let item = |index: usize| items.get(index).cloned().unwrap_or(Value::Null);
    let entries = vec![(Text::fixed("left"), item(left)), (Text::fixed("right"), item(right))];
    match call.with(0, &Value::Object(Object::from(entries)))? {
        Value::Bool(value) => Ok(value),
        other => Err(Failure::expected("bool", &other).about(|| "sort argument".to_owned())),
    }
}
