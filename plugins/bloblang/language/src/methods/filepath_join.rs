use std::borrow::Cow;

use super::expect;
use crate::eval::Call;
use crate::failure::Failure;
use crate::spec::{Evaluated, Example, FunctionSpec};
use crate::value::Value;

pub(super) const SPEC: FunctionSpec = FunctionSpec::method(
    "filepath_join",
    "String Manipulation",
    "The parts of a path, joined by slashes; empty parts, `.` and `..` are resolved.",
    body,
)
.examples(&[Example::new(
    "",
    "root = this.filepath_join()",
    &[(r#"["/foo/","bar.txt"]"#, "/foo/bar.txt"), (r#"["a","","../b/./c"]"#, "b/c")],
)]);

fn body(_: &Call<'_>, target: Cow<'_, Value>) -> Evaluated {
    let mut joined = Vec::new();
    for (index, item) in expect::array(&target)?.iter().enumerate() {
        let part = expect::content(item)
            .map_err(|failure| Failure::new(format!("path element {index}: {failure}")))?;
        if part.is_empty() {
            continue;
        }
        if !joined.is_empty() {
            joined.push(b'/');
        }
        joined.extend_from_slice(&part);
        expect::size(joined.len())?;
    }
    if joined.is_empty() {
        return Ok(Value::from(""));
    }
    Ok(expect::string(clean(&joined)))
}

/// The shortest path that means the same.
fn clean(path: &[u8]) -> Vec<u8> {
    let rooted = path.starts_with(b"/");
    let mut parts: Vec<&[u8]> = Vec::new();
    for part in path.split(|byte| *byte == b'/') {
        match part {
            b"" | b"." => {}
            b".." if parts.last().is_some_and(|last| *last != b"..") => {
                parts.pop();
            }
            b".." if rooted => {}
            part => parts.push(part),
        }
    }
    let joined = parts.join(&b'/');
    match (rooted, joined.is_empty()) {
        (true, _) => [b"/".as_slice(), joined.as_slice()].concat(),
        (false, true) => b".".to_vec(),
        (false, false) => joined,
    }
}
