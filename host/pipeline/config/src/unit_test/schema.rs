//! The list `tests` as a JSON Schema.

use serde_json::{Map, Value as Json, json};

use super::read::{CONDITIONS, MESSAGE, TEST};

/// The definition of the list.
pub(crate) fn schema() -> Json {
    let message = fields(MESSAGE, |name| match name {
        "json_content" => ("A document, which becomes the content.", json!({})),
        "metadata" => ("Metadata by their names.", json!({"type": ["object", "null"]})),
        "file_content" => ("The path of a file with the content, from the folder of this one.", text()),
        _ => ("The content.", text()),
    });
    let conditions = fields(CONDITIONS, |name| match name {
        "bloblang" => ("A mapping that must give true.", text()),
        "content_equals" => ("What the content must be.", text()),
        "content_matches" => ("A regular expression that the content must match.", text()),
        "metadata_equals" => ("What metadata must be, by their names.", json!({"type": ["object", "null"]})),
        "file_equals" => ("The path of a file that the content must be the same as.", text()),
        "file_json_equals" => {
            ("The path of a file with a document that the content must be the same as.", text())
        }
        "file_json_contains" => {
            ("The path of a file with a document that the content must have all of.", text())
        }
        "json_equals" => ("A document that the content must be the same as.", json!({})),
        _ => ("A document that the content must have all of.", json!({})),
    });
    let batch = |item: &Json| json!({"type": ["array", "null"], "items": item});
    let test = fields(TEST, |name| match name {
        "name" => ("What is tested, for the report.", text()),
        "environment" => (
            "Variables that are set meanwhile.",
            json!({"type": ["object", "null"], "additionalProperties": text()}),
        ),
        "target_processors" => {
            ("A label or a JSON pointer, maybe behind the path of a file and `#`.", text())
        }
        "target_mapping" => {
            ("The path of a file with a mapping, which is tested in place of processors.", text())
        }
        "mocks" => (
            "Components that stand in for others, by the labels or JSON pointers of those.",
            json!({"type": ["object", "null"]}),
        ),
        "input_batch" => ("One batch of messages to begin with.", batch(&message)),
        "input_batches" => ("Batches of messages to begin with.", batch(&batch(&message))),
        _ => ("What must hold for each message of each batch that comes out.", batch(&batch(&conditions))),
    });
    let mut test = test;
    test["required"] = json!(["name"]);
    json!({"description": "Unit tests, for `forebay test`.", "type": ["array", "null"], "items": test})
}

fn fields(names: &[&str], of: impl Fn(&str) -> (&'static str, Json)) -> Json {
    let field = |name: &&str| {
        let (description, mut schema) = of(name);
        schema["description"] = description.into();
        ((*name).to_owned(), schema)
    };
    let properties: Map<String, Json> = names.iter().map(field).collect();
    json!({"type": "object", "properties": properties, "additionalProperties": false})
}

fn text() -> Json {
    json!({"type": ["string", "number", "boolean", "null"]})
}
