use std::borrow::Cow;

use super::{expect, pattern};
use crate::eval::Call;
use crate::failure::Failure;
use crate::regex::Groups;
use crate::spec::{Evaluated, Example, FunctionSpec};
use crate::value::Value;

pub(super) const SPEC: FunctionSpec = FunctionSpec::method(
    "re_find_all_submatch",
    "Regular Expressions",
    "All parts of the text that match the pattern, each as an array with what the groups of the pattern matched.",
    body,
)
.checked(pattern::check)
.params(&[pattern::PARAM])
.examples(&[Example::new(
    "",
    r#"root = this.re_find_all_submatch("a(x*)b")"#,
    &[(r#""-axxb-ab-""#, r#"[["axxb","xx"],["ab",""]]"#)],
)]);

fn body(call: &Call<'_>, target: Cow<'_, Value>) -> Evaluated {
    let pattern = pattern::compiled(call)?;
    let mut matches = Vec::new();
    pattern.each_groups(expect::bytes(&target)?, |groups| {
        call.frame.run.step()?;
        matches.push(Value::from(texts(&target, groups)));
        Ok::<_, Failure>(())
    })?;
    Ok(Value::from(matches))
}

/// What the groups matched; a group that took no part matched nothing.
fn texts(target: &Value, groups: Groups) -> Vec<Value> {
    let text = |place: Option<(usize, usize)>| {
        place.map_or_else(|| Value::from(""), |(start, end)| expect::part(target, start, end))
    };
    groups.into_iter().map(text).collect()
}
