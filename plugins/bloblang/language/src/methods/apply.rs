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
.unnamed()
.params(&[ParamSpec::new("mapping", ParamKind::Text)])
.examples(&[Example::new(
    "",
    "map thing {\n  root.inner = this.first\n}\nroot.foo = this.doc.apply(\"thing\")",
    &[(r#"{"doc":{"first":"hello"}}"#, r#"{"foo":{"inner":"hello"}}"#)],
)]);

/// What a map takes of the depth of evaluation, besides what is evaluated in it: its statements need more stack than
/// an expression does.
const COST: u16 = 2;

fn body(call: &Call<'_>, target: Cow<'_, Value>) -> Evaluated {
    let name = call.text(0)?;
    let frame = call.frame;
    if !frame.has_maps() {
        return Err(Failure::new("no maps were found"));
    }
    let Some(routine) = frame.run.maps.iter().find(|map| map.name.as_ref() == Some(&name)) else {
        return Err(Failure::new(format!("map {name} was not found")));
    };
    if frame.depth + COST >= EVALUATION_DEPTH {
        return Err(Failure::stacks(&name));
    }
    let start = Start {
        this: frame.locals.this,
        current: Some(&target),
        metadata: frame.locals.metadata,
        nested: true,
        index: frame.index,
        depth: frame.depth + COST,
    };
    let mut execution = Execution::new(frame.run, routine, start);
    execution.execute().map_err(|failed| failed.failure.in_map(failed.line))?;
    Ok(execution.root)
}
