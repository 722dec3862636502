use std::borrow::Cow;
use std::cell::RefCell;

use crate::compile;
use crate::eval::{Call, Execution, Run, Start, This};
use crate::failure::Failure;
use crate::limits::EVALUATION_DEPTH;
use crate::parser::{self, Imports};
use crate::program::Program;
use crate::spec::{Evaluated, Example, FunctionSpec, ParamKind, ParamSpec};
use crate::value::Value;
use crate::world::NoMessages;

pub(super) const SPEC: FunctionSpec = FunctionSpec::method(
    "bloblang",
    "Parsing",
    "What a mapping, which is itself a value, makes of the target. It cannot import, ask the environment or read the \
     message, and sees no variables of the mapping around it.",
    body,
)
.unnamed()
.checked(check)
.params(&[ParamSpec::new("mapping", ParamKind::Text)])
.examples(&[Example::new(
    "",
    "root.body = this.body.bloblang(this.mapping)",
    &[
        (
            r#"{"body":{"foo":"hello world"},"mapping":"root.foo = this.foo.uppercase()"}"#,
            r#"{"body":{"foo":"HELLO WORLD"}}"#,
        ),
        (
            r#"{"body":{},"mapping":"root = content()"}"#,
            r#"Error("failed assignment (line 1): unrecognised function 'content'")"#,
        ),
    ],
)]);

/// What it takes of the depth of evaluation, besides what is evaluated in it: it starts a run of its own.
const COST: u16 = 4;

fn check(arguments: &[Option<&Value>]) -> Result<(), String> {
    match arguments {
        [Some(mapping)] => compiled(&mapping.to_text()).map(|_| ()),
        _ => Ok(()),
    }
}

fn compiled(source: &str) -> Result<Program, String> {
    parser::mapping(source, &mut Imports::dynamic())
        .and_then(|tree| compile::program(&tree))
        .map_err(|fault| fault.in_place(source))
}

fn body(call: &Call<'_>, target: Cow<'_, Value>) -> Evaluated {
    let frame = call.frame;
    let depth = frame.depth + COST;
    if depth >= EVALUATION_DEPTH {
        return Err(Failure::new("the mapping nests too deeply"));
    }
    let program = call.kept(&call.text(0)?, |source| compiled(source))?;
    let sites: Vec<_> = (0..program.sites).map(|_| RefCell::default()).collect();
    let run = Run::new(&NoMessages, 0, frame.run.outside, &program.maps, &sites);
    let start = Start { current: Some(&target), nested: true, depth, ..Start::of(&run, This::Message) };
    let mut execution = Execution::new(&run, &program.main, start);
    execution.execute().map_err(|failed| Failure::new(failed.report(None)))?;
    Ok(execution.root)
}
