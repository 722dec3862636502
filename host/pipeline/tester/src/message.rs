//! Messages of tests: from what a test states to a batch, and metadata beside what is expected of it.

use std::path::Path;
use std::time::{Duration, UNIX_EPOCH};

use forebay_lifecycle::clock;
use forebay_pipeline_config::{TestContent, TestMessage};
use forebay_pipeline_message::{Batch, MetadataWriter, Value};
use serde_json::Value as Json;

use crate::go_json;

/// The batch that a test begins with. Files are named from `folder` on.
///
/// # Errors
/// Which message can't be made, and why.
pub(crate) fn batch(messages: &[TestMessage], folder: &Path) -> Result<Batch, String> {
    let mut contents = Vec::with_capacity(messages.len());
    let mut metadata = MetadataWriter::default();
    for (index, message) in messages.iter().enumerate() {
        contents.push(match &message.content {
            TestContent::Text(text) => text.clone().into_bytes(),
            TestContent::Json(value) => go_json::text(value).into_bytes(),
            TestContent::File(path) => {
                read(folder, path).map_err(|error| format!("failed to create test input {index}: {error}"))?
            }
        });
        for (key, value) in &message.metadata {
            push(&mut metadata, key, value);
        }
        metadata.end_message();
    }
    Ok(Batch::from_parts(contents.iter().map(|content| Some(content.as_slice())), false, metadata, []))
}

/// A file that a test names. Every path is below the folder of the test, also one that begins with a slash.
///
/// # Errors
/// With the path.
pub(crate) fn read(folder: &Path, path: &str) -> Result<Vec<u8>, String> {
    let path = folder.join(path.trim_start_matches('/'));
    std::fs::read(&path).map_err(|error| format!("open {}: {}", path.display(), plain(&error)))
}

/// An error of the system without its number.
pub(crate) fn plain(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::NotFound => "no such file or directory".to_owned(),
        std::io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        std::io::ErrorKind::IsADirectory => "is a directory".to_owned(),
        _ => error.to_string(),
    }
}

fn push(metadata: &mut MetadataWriter, key: &str, value: &Json) {
    let document;
    let value = match value {
        Json::Null => Value::Null,
        Json::Bool(value) => Value::Bool(*value),
        Json::String(text) => Value::Text(text),
        Json::Number(number) => match (number.as_i64(), number.as_u64()) {
            (Some(value), _) => Value::Signed(value),
            (None, Some(value)) => Value::Unsigned(value),
            (None, None) => Value::Float(number.as_f64().unwrap_or(f64::NAN)),
        },
        Json::Array(_) | Json::Object(_) => {
            document = go_json::text(value);
            Value::Json(&document)
        }
    };
    metadata.push(key, value);
}

/// A metadata value as JSON; bytes and times are text.
pub(crate) fn plain_value(value: Value<'_>) -> Json {
    match value {
        Value::Null => Json::Null,
        Value::Bool(value) => value.into(),
        Value::Signed(value) => value.into(),
        Value::Unsigned(value) => value.into(),
        Value::Float(value) => value.into(),
        Value::Text(text) => text.into(),
        Value::Bytes(bytes) => String::from_utf8_lossy(bytes).into(),
        Value::Timestamp { seconds, nanoseconds } => {
            let second = clock::rfc3339(UNIX_EPOCH + Duration::from_secs(seconds.try_into().unwrap_or(0)));
            let fraction = format!("{nanoseconds:09}");
            match fraction.trim_end_matches('0') {
                "" => second.into(),
                digits => format!("{}.{digits}Z", second.trim_end_matches('Z')).into(),
            }
        }
        Value::Json(text) => serde_json::from_str(text).unwrap_or_else(|_| text.into()),
    }
}

/// Whether a value is the expected one, as Bento compares them: numbers by what they are worth, anything that can be a
/// truth value with one.
pub(crate) fn is_equal(expected: &Json, actual: &Json) -> bool {
    match (expected, actual) {
        (Json::Bool(expected), Json::Number(actual)) => *expected == (actual.as_f64() != Some(0.0)),
        (Json::Number(expected), Json::Number(actual)) => expected.as_f64() == actual.as_f64(),
        (Json::Array(expected), Json::Array(actual)) => {
            let mut pairs = expected.iter().zip(actual);
            expected.len() == actual.len() && pairs.all(|(expected, actual)| is_equal(expected, actual))
        }
        (Json::Object(expected), Json::Object(actual)) => {
            let is_there =
                |(key, value): (&String, &Json)| actual.get(key).is_some_and(|other| is_equal(value, other));
            expected.len() == actual.len() && expected.iter().all(is_there)
        }
        (expected, actual) => expected == actual,
    }
}

/// A value for people: text without quotes.
pub(crate) fn shown(value: &Json) -> String {
    match value {
        Json::String(text) => text.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::json;

    use super::*;

    fn message(content: TestContent, metadata: &[(&str, Json)]) -> TestMessage {
        let metadata = metadata.iter().map(|(key, value)| ((*key).to_owned(), value.clone())).collect();
        TestMessage { content, metadata }
    }

    #[test]
    fn content_and_metadata_are_those_that_are_stated() {
        let messages = [
            message(TestContent::Text("a".into()), &[("n", json!(1)), ("o", json!({"x": [1.5]}))]),
            message(TestContent::Json(json!({"b": "<"})), &[]),
        ];
        let batch = batch(&messages, Path::new(".")).unwrap();
        let first = batch.get(0).unwrap();
        assert_eq!(first.payload(), Some(&b"a"[..]));
        assert_eq!(first.metadata("n"), Some(Value::Signed(1)));
        assert_eq!(plain_value(first.metadata("o").unwrap()), json!({"x": [1.5]}));
        assert_eq!(batch.get(1).unwrap().payload(), Some(&br#"{"b":"\u003c"}"#[..]));
        assert!(!batch.independent());
    }

    #[test]
    fn a_file_that_is_not_there_is_named() {
        let error = batch(&[message(TestContent::File("no.txt".into()), &[])], Path::new("dir")).unwrap_err();
        assert_eq!(error, "failed to create test input 0: open dir/no.txt: no such file or directory");
    }

    #[rstest]
    #[case(json!(1), json!(1.0), true)]
    #[case(json!(true), json!(1), true)]
    #[case(json!(1), json!(true), false)]
    #[case(json!("1"), json!(1), false)]
    #[case(json!(null), json!(null), true)]
    #[case(json!([1, "a"]), json!([1.0, "a"]), true)]
    #[case(json!({"a": 1}), json!({"a": 1, "b": 2}), false)]
    fn values_are_compared_as_bento_compares_them(
        #[case] expected: Json,
        #[case] actual: Json,
        #[case] is_it: bool,
    ) {
        assert_eq!(is_equal(&expected, &actual), is_it);
    }
}
