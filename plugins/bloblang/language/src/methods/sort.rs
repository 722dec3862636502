use std::borrow::Cow;
use std::cmp::Ordering;

use super::expect;
use crate::eval::Call;
use crate::failure::Failure;
use crate::spec::{Evaluated, Example, FunctionSpec, ParamKind, ParamSpec};
use crate::value::{Object, Text, Value};

pub(super) const SPEC: FunctionSpec = FunctionSpec::method("sort", "Object & Array Manipulation", "The array in ascending order of its numbers or texts, or in the order of a query that sees two elements as `this.left` and `this.right` and is true when the first belongs before the second.", body)
.params(&[ParamSpec::new("compare", ParamKind::Query).optional()])
.examples(&[Example::new("", r#"root = this.sort()"#, &[(r#"[3,22,13]"#, r#"[3,13,22]"#)]), Example::new("", r#"root = this.sort(this.left.v > this.right.v)"#, &[(r#"[{"v":1},{"v":3},{"v":2}]"#, r#"[{"v":3},{"v":2},{"v":1}]"#)])]);

fn body(call: &Call<'_>, target: Cow<'_, Value>) -> Evaluated {
    let items = expect::items(target)?;
    if call.is_given(0) {
        let sorted = merge_sort(items, &mut |left, right| before(call, left, right))?;
        return Ok(Value::from(sorted));
    }
    let mut kind = None;
    for (index, item) in items.iter().enumerate() {
        check(item, &mut kind).map_err(|reason| Failure::plain(format!("sort element {index}: {reason}")))?;
    }
    let sorted = merge_sort(items, &mut |left, right| Ok(left.order(right) == Some(Ordering::Less)))?;
    Ok(Value::from(sorted))
}

fn before(call: &Call<'_>, left: &Value, right: &Value) -> Result<bool, Failure> {
    let entries = vec![(Text::fixed("left"), left.clone()), (Text::fixed("right"), right.clone())];
    match call.with(0, &Value::Object(Object::from(entries)))? {
        Value::Bool(value) => Ok(value),
        other => Err(Failure::expected("bool", &other).within("sort query")),
    }
}

/// That a value can be sorted, and with the values before it.
pub(super) fn check(value: &Value, kind: &mut Option<&'static str>) -> Result<(), Failure> {
    let found = match value {
        Value::String(_) | Value::Bytes(_) => "string",
        Value::Timestamp(_) => "timestamp",
        other if other.as_number().is_some() => "number",
        other => return Err(Failure::expected("number or string", other)),
    };
    match *kind.get_or_insert(found) {
        expected if expected == found => Ok(()),
        expected => Err(Failure::expected(expected, value)),
    }
}

/// Sorts by a test that may fail, and may contradict itself.
pub(super) fn merge_sort<T: Clone>(
    mut items: Vec<T>,
    before: &mut dyn FnMut(&T, &T) -> Result<bool, Failure>,
) -> Result<Vec<T>, Failure> {
    if items.len() < 2 {
        return Ok(items);
    }
    let right = items.split_off(items.len() / 2);
    let left = merge_sort(items, before)?;
    let right = merge_sort(right, before)?;
    let mut sorted = Vec::with_capacity(left.len() + right.len());
    let (mut left, mut right) = (left.into_iter().peekable(), right.into_iter().peekable());
    while let (Some(first), Some(second)) = (left.peek(), right.peek()) {
        // The left one stays first unless the right one belongs before it: equal elements keep their order.
        let next = if before(second, first)? { right.next() } else { left.next() };
        sorted.extend(next);
    }
    sorted.extend(left);
    sorted.extend(right);
    Ok(sorted)
}
