use std::borrow::Cow;
use std::cmp::Ordering;

use super::expect;
use super::sort::{check, merge_sort};
use crate::eval::Call;
use crate::failure::Failure;
use crate::spec::{Evaluated, Example, FunctionSpec, ParamKind, ParamSpec};
use crate::value::Value;

pub(super) const SPEC: FunctionSpec = FunctionSpec::method(
    "sort_by",
    "Object & Array Manipulation",
    "The array in ascending order of the number or text that a query gives for each element.",
    body,
)
.params(&[ParamSpec::new("query", ParamKind::Query)])
.examples(&[Example::new(
    "",
    r#"root = this.sort_by(item -> item.id)"#,
    &[(r#"[{"id":"b"},{"id":"a"}]"#, r#"[{"id":"a"},{"id":"b"}]"#)],
)]);

fn body(call: &Call<'_>, target: Cow<'_, Value>) -> Evaluated {
    let mut kind = None;
    let mut keyed = Vec::new();
    for (index, item) in expect::items(target)?.into_iter().enumerate() {
        let key = call.with(0, &item)?;
        check(&key, &mut kind).map_err(|reason| Failure::plain(format!("sort element {index}: {reason}")))?;
        keyed.push((key, item));
    }
    let sorted = merge_sort(keyed, &mut |left, right| Ok(left.0.order(&right.0) == Some(Ordering::Less)))?;
    Ok(Value::from(sorted.into_iter().map(|(_, item)| item).collect::<Vec<_>>()))
}
