use std::borrow::Cow;

use unicode_segmentation::UnicodeSegmentation as _;

use super::expect;
use crate::eval::Call;
use crate::failure::Failure;
use crate::spec::{Evaluated, Example, FunctionSpec, ParamKind, ParamSpec};
use crate::value::Value;

pub(super) const SPEC: FunctionSpec = FunctionSpec::method(
    "unicode_segments",
    "String Manipulation",
    "The text cut into what a reader takes for one character (grapheme), into words with what is between them (word), \
     or into sentences (sentence). A method of Redpanda's Bloblang.",
    body,
)
.unnamed()
.params(&[ParamSpec::new("segmentation_type", ParamKind::Text)])
.examples(&[
    Example::new(
        "",
        r#"root = this.unicode_segments("sentence")"#,
        &[(r#""Hello world. How are you?""#, r#"["Hello world. ","How are you?"]"#)],
    ),
    Example::new("", r#"root = this.unicode_segments("word")"#, &[(r#""Hello, you""#, r#"["Hello",","," ","you"]"#)]),
]);

fn body(call: &Call<'_>, target: Cow<'_, Value>) -> Evaluated {
    let kind = call.text(0)?;
    let text = expect::text(&target)?;
    let text = text.as_str();
    let segments: Vec<&str> = match kind.as_str() {
        "grapheme" => text.graphemes(true).collect(),
        "word" => text.split_word_bounds().collect(),
        "sentence" => text.split_sentence_bounds().collect(),
        other => return Err(Failure::new(format!("unknown segmentation type: {other}"))),
    };
    Ok(Value::from(segments.into_iter().map(Value::from).collect::<Vec<_>>()))
}
