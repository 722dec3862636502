use std::borrow::Cow;

use super::{expect, pattern};
use crate::eval::Call;
use crate::failure::Failure;
use crate::spec::{Evaluated, Example, FunctionSpec};
use crate::value::Value;

pub(super) const SPEC: FunctionSpec = FunctionSpec::method(
    "re_find_all_object",
    "Regular Expressions",
    "An object for every match of the pattern: what its groups matched, under their names or numbers.",
    body,
)
.checked(pattern::check)
.params(&[pattern::PARAM])
.examples(&[Example::new(
    "",
    r#"root = this.re_find_all_object("(?m)(?P<key>\\w+): (?P<value>\\w+)$")"#,
    &[(r#""a: x\nb: y""#, r#"[{"0":"a: x","key":"a","value":"x"},{"0":"b: y","key":"b","value":"y"}]"#)],
)]);

fn body(call: &Call<'_>, target: Cow<'_, Value>) -> Evaluated {
    let pattern = pattern::compiled(call)?;
    let mut matches = Vec::new();
    pattern.each_groups(expect::bytes(&target)?, |groups| {
        call.frame.run.step()?;
        matches.push(pattern::object(pattern.names(), pattern::values(&target, groups)));
        Ok::<_, Failure>(())
    })?;
    Ok(Value::from(matches))
}
