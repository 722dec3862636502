use std::borrow::Cow;

use super::expect;
use crate::eval::Call;
use crate::spec::{Evaluated, Example, FunctionSpec};
use crate::value::Value;

pub(super) const SPEC: FunctionSpec = FunctionSpec::method(
    "filepath_split",
    "String Manipulation",
    "The folder of a path, with its last slash, and the name of the file.",
    body,
)
.examples(&[Example::new(
    "",
    r#"root = this.filepath_split()"#,
    &[(r#""/foo/bar.txt""#, r#"["/foo/","bar.txt"]"#), (r#""baz.txt""#, r#"["","baz.txt"]"#)],
)]);

fn body(_: &Call<'_>, target: Cow<'_, Value>) -> Evaluated {
    let text = expect::content(&target)?;
    let cut = text.iter().rposition(|byte| *byte == b'/').map_or(0, |at| at + 1);
    let (folder, file) = text.split_at_checked(cut).unwrap_or((&text, &[]));
    Ok(Value::from(vec![expect::string(folder.to_vec()), expect::string(file.to_vec())]))
}
