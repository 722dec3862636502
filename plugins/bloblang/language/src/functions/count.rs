use crate::eval::Call;
use crate::failure::Failure;
use crate::spec::{Evaluated, Example, FunctionSpec, ParamKind, ParamSpec, Status};
use crate::value::Value;
use std::cell::RefCell;
use std::collections::BTreeMap;

/// The most names that are counted for when the host does not count.
const NAMES: usize = 10_000;

thread_local! {
    static COUNTS: RefCell<BTreeMap<String, i64>> = const { RefCell::new(BTreeMap::new()) };
}

pub(super) const SPEC: FunctionSpec = FunctionSpec::function(
    "count",
    "Deprecated",
    "Counts its calls for a name, from 1. All mappings of a process that use the name count together where the host counts for them. Use `counter` instead.",
    body,
)
.impure()
.status(Status::Deprecated)
.params(&[ParamSpec::new("name", ParamKind::Text)])
.examples(&[Example::new("", r#"root = count("bloblang_function_example")"#, &[(r#"{}"#, r#"1"#), (r#"{}"#, r#"2"#)]),]);

fn body(call: &Call<'_>) -> Evaluated {
    let name = call.text(0)?;
    if let Some(count) = call.frame.run.outside.count(&name) {
        return Ok(Value::Int(count));
    }
    COUNTS.with(|counts| {
        let mut counts = counts.borrow_mut();
        if counts.len() >= NAMES && !counts.contains_key(name.as_str()) {
            return Err(Failure::new(format!("more than {NAMES} counters were named")));
        }
        let count = counts.entry(name.to_string()).or_insert(0);
        *count += 1;
        Ok(Value::Int(*count))
    })
}
