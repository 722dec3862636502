use std::borrow::Cow;

use super::expect;
use super::order;
use super::quicksort;
use crate::eval::Call;
use crate::failure::Failure;
use crate::spec::{Evaluated, Example, FunctionSpec, ParamKind, ParamSpec};
use crate::value::Value;

pub(super) const SPEC: FunctionSpec = FunctionSpec::method(
    "sort_by",
    "Object & Array Manipulation",
    "The array in ascending order of the number or text that a query gives for each element. Elements for which it gives the same may change places.",
    body,
)
.params(&[ParamSpec::new("query", ParamKind::Query)])
.examples(&[Example::new("", r#"root = this.sort_by(item -> item.id)"#, &[(r#"[{"id":"b"},{"id":"a"}]"#, r#"[{"id":"a"},{"id":"b"}]"#)]),]);

fn body(call: &Call<'_>, target: Cow<'_, Value>) -> Evaluated {
    let mut keyed: Vec<(Option<Value>, Value)> =
        expect::items(target)?.into_iter().map(|item| (None, item)).collect();
    // The query is run when an element is first compared, and what it gives moves with the element.
    quicksort::sort(&mut keyed, |keyed: &mut [(Option<Value>, Value)], left, right| {
        for index in [left, right] {
            if let Some((key @ None, item)) = keyed.get_mut(index) {
                *key = Some(call.with(0, item)?);
            }
        }
        let key = |index: usize| keyed.get(index).and_then(|(key, _)| key.as_ref());
        order::before("sort_by", Some(&|| call.title(0)), (left, key(left)), (right, key(right)))
    })
    .map_err(Failure::passed)?;
    Ok(Value::from(keyed.into_iter().map(|(_, item)| item).collect::<Vec<_>>()))
}
