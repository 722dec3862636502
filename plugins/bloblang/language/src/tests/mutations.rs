use super::mappings::run;
use crate::testing::Batch;
use crate::{Content, Form, Value};

fn mutate(source: &str, input: &str) -> (Content, String, Option<String>) {
    let (outcome, out) = run(source, Form::Mutation, &Batch::of(&[input]));
    (outcome.content, out, outcome.error)
}

#[test]
fn a_mutation_starts_with_the_document_and_this_shows_its_changes() {
    let (_, out, _) =
        mutate("root.a = this.b\nroot.b = this.a\nroot.c = json(\"a\")", r#"{"a":1,"b":2,"z":3}"#);
    assert_eq!(out, r#"{"a":2,"b":2,"c":2,"z":3}"#);
}

#[test]
fn this_stays_the_document_after_root_became_something_else() {
    let (_, out, _) = mutate("root = {\"x\": this.a}\nroot.y = this.a", r#"{"a":1}"#);
    assert_eq!(out, r#"{"x":1,"y":1}"#);
}

#[test]
fn a_failed_mutation_keeps_what_was_done_before() {
    let (outcome, out) = run(
        "meta m = 1\nroot.a = 1\nroot.b = throw(\"no\")\nroot.c = 1",
        Form::Mutation,
        &Batch::of(&["{}"]),
    );
    assert_eq!(outcome.content, Content::Written);
    assert_eq!(out, r#"{"a":1}"#);
    assert_eq!(outcome.metadata, Some(vec![("m".to_owned(), Value::Int(1))]));
    assert_eq!(outcome.error.as_deref(), Some("failed assignment (line 3): no"));
}

#[test]
fn content_that_is_no_document_matters_only_when_looked_at() {
    assert_eq!(mutate("root = content().uppercase()", "not json").1, "NOT JSON");
    assert_eq!(mutate("root.a = 1", "not json").1, r#"{"a":1}"#);
    assert_eq!(mutate("meta a = 1", "not json").0, Content::Unchanged);
    let error = mutate("root.a = this.b", "not json").2;
    assert_eq!(
        error.as_deref(),
        Some(
            "failed assignment (line 1): unable to reference message as structured (with 'this.b'): \
             parse as json: invalid character 'o' in literal null (expecting 'u')"
        )
    );
}

#[test]
fn a_mutation_can_delete_fields_and_the_message() {
    assert_eq!(mutate("root.a = deleted()", r#"{"a":1,"b":2}"#).1, r#"{"b":2}"#);
    assert_eq!(mutate("root = deleted()", "{}").0, Content::Deleted);
}
