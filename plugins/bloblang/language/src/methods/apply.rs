use std::borrow::Cow;

use crate::eval::{Call, Execution, Start};
use crate::failure::Failure;
use crate::limits::EVALUATION_DEPTH;
use crate::spec::{Evaluated, Example, FunctionSpec, ParamKind, ParamSpec};
use crate::value::Value;

pub(super) const SPEC: FunctionSpec = FunctionSpec::method(
    "apply",
    "General",
    "What the map of that name makes of the value. The map has variables of its own.",
    body,
)
.params(&[ParamSpec::new("mapping", ParamKind::Text)])
.examples(&[Example::new(
    "",
    "map thing {\n  root.inner = this.first\n}\nroot.foo = this.doc.apply(\"thing\")",
    &[(r#"{"doc":{"first":"hello"}}"#, r#"{"foo":{"inner":"hello"}}"#)],
)]);

/// What a map takes of the depth of evaluation, besides what is evaluated in it: its statements need more stack than
/// an expression does.
const COST: u16 = 2;

/// How many maps can be inside of one another.
const STACKS: u16 = EVALUATION_DEPTH / (COST + 1);

fn body(call: &Call<'_>, target: Cow<'_, Value>) -> Evaluated {
    let name = call.text(0)?;
    let frame = call.frame;
    let Some(routine) = frame.run.maps.iter().find(|map| map.name.as_ref() == Some(&name)) else {
        return Err(Failure::plain(format!("map {name} was not found")));
    };
    if frame.depth + COST >= EVALUATION_DEPTH {
        return Err(Failure::plain(format!(
            "entering map {name} exceeded maximum allowed stacks of {STACKS}, this could be due to unbounded recursion"
        )));
    }
    let start = Start {
        this: frame.locals.this,
        current: Some(&target),
        metadata: frame.locals.metadata,
        index: frame.index,
        depth: frame.depth + COST,
    };
    let mut execution = Execution::new(frame.run, routine, start);
    execution.execute().map_err(|failed| Failure::plain(failed.to_string()))?;
    Ok(execution.root)
}
