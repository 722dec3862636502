//! Mappings that look at one message and change another.

use super::{Content, Mapping, Outcome, write};
use crate::eval::{Execution, Run, Start, This, parse_message};
use crate::value::Value;
use crate::world::{Messages, Shared, World};

/// What became of a message that was changed by what another one holds.
#[derive(Clone, Debug, PartialEq)]
pub struct Changed {
    /// The message as far as it came, so never deleted.
    pub outcome: Outcome,
    /// Whether the mapping deletes the message.
    pub deleted: bool,
}

impl Mapping {
    /// Runs the statements of either form on message `index`, which they look at and which stays as it is. What they
    /// change is message `at` of `onto`: its document is what `root` is at the start, and its metadata is what `@` shows
    /// and `meta` sets. Appends its new content to `out` if it has one.
    pub fn run_onto(
        &mut self,
        (messages, index): (&dyn Messages, usize),
        (onto, at): (&dyn Messages, usize),
        world: &mut dyn World,
        out: &mut Vec<u8>,
    ) -> Changed {
        let outside = Shared::new(world);
        let mut run = Run::new(messages, index, &outside, &self.program.maps, &self.sites);
        run.onto = Some((onto, at));
        let mut execution = Execution::new(&run, &self.program.main, Start::of(&run, This::Message));
        let document = parse_message(onto.content(at)).ok();
        let readable = document.is_some();
        let null = document == Some(Value::Null);
        match document {
            Some(Value::Null) => execution.root = Value::Null,
            Some(document) => execution = execution.onto(document),
            None => {}
        }
        let error = execution.execute().err().map(|failed| failed.report(run.documents.unread()));
        let deleted = error.is_none() && execution.assigned && execution.root == Value::Delete;
        let content = match execution.changed() {
            _ if error.is_none() && !deleted => write(readable || execution.assigned, &execution.root, out),
            Some(document) => {
                document.write_json(out);
                Content::Written
            }
            // As with a mutation, a null is gone once it was taken up for changes.
            None if null => Content::Written,
            None => Content::Unchanged,
        };
        Changed { outcome: Outcome { content, metadata: execution.metadata, error }, deleted }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mapping::Form;
    use crate::testing::{Batch, Fixed};

    fn onto(source: &str, looked_at: &Batch, changed: &Batch) -> (Changed, String) {
        let mut mapping = Mapping::compile(source, Form::Mapping).unwrap();
        let mut out = Vec::new();
        let changed = mapping.run_onto((looked_at, 0), (changed, 0), &mut Fixed::default(), &mut out);
        (changed, String::from_utf8(out).unwrap())
    }

    fn text(text: &str) -> Value {
        Value::String(text.into())
    }

    #[test]
    fn a_mapping_looks_at_one_message_and_changes_another() {
        let looked_at = Batch::of(&[r#"{"a":1}"#]).with_metadata("k", text("new"));
        let changed = Batch::of(&[r#"{"b":2}"#]).with_metadata("k", text("old"));
        let source = "root.a = this.a\nroot.b2 = root.b\nroot.same = this.a2\nroot.metas = [@k, meta(\"k\"), @]\nmeta l = content()";
        let (Changed { outcome, deleted }, out) = onto(source, &looked_at, &changed);
        assert_eq!(out, r#"{"a":1,"b":2,"b2":2,"metas":["old","new",{"k":"old"}],"same":null}"#);
        let metadata = outcome.metadata.unwrap();
        assert_eq!(metadata[0], ("k".to_owned(), text("old")));
        assert_eq!(metadata[1].0, "l");
        assert!(!deleted && outcome.error.is_none());
    }

    #[test]
    fn what_is_looked_at_does_not_change() {
        let same = Batch::of(&[r#"{"a":1}"#]);
        assert_eq!(onto("root.a = 2\nroot.b = this.a", &same, &same).1, r#"{"a":2,"b":1}"#);
    }

    #[test]
    fn a_failure_leaves_the_message_as_far_as_it_came() {
        let source = "root.a = 1\nmeta m = 1\nroot = 5\nroot.c = this.b.uppercase()";
        let (Changed { outcome, deleted }, out) =
            onto(source, &Batch::of(&[r#"{"b":5}"#]), &Batch::of(&[r#"{"z":0}"#]));
        assert_eq!((out.as_str(), deleted), (r#"{"a":1,"z":0}"#, false));
        assert_eq!(outcome.metadata.map(|entries| entries.len()), Some(1));
        assert!(outcome.error.unwrap().starts_with("failed assignment (line 4): expected string value"));
    }

    #[test]
    fn a_deleted_message_is_told_as_far_as_it_came() {
        let source = "root.a = 1\nroot = deleted()";
        let (Changed { outcome, deleted }, out) = onto(source, &Batch::of(&[""]), &Batch::of(&["{}"]));
        assert_eq!((outcome.content, out.as_str(), deleted), (Content::Written, r#"{"a":1}"#, true));
    }

    #[test]
    fn a_message_that_is_no_document_is_kept_or_replaced() {
        let (raw, looked_at) = (Batch::of(&["no json"]), Batch::of(&[r#"{"a":"x"}"#]));
        assert_eq!(onto("meta a = 1", &looked_at, &raw).0.outcome.content, Content::Unchanged);
        assert_eq!(onto("root = this.a", &looked_at, &raw).1, "x");
        assert_eq!(onto("root.b = this.a", &looked_at, &Batch::of(&["null"])).1, r#"{"b":"x"}"#);
        assert_eq!(onto("meta a = 1", &looked_at, &Batch::of(&["null"])).1, "null");
    }

    #[test]
    fn what_can_not_be_looked_at_is_told_of_the_right_message() {
        let (changed, _) = onto("root.a = this.b", &Batch::of(&["no json"]), &Batch::of(&["{}"]));
        let error = changed.outcome.error.unwrap();
        assert!(
            error.contains("unable to reference message as structured (with 'this.b'): parse as json"),
            "{error}"
        );
    }

    /// The processor `workflow` writes its records so.
    #[test]
    fn a_record_is_put_into_a_document() {
        let source = r#"let document = this
let previous = root."meta"."a b"
let record = metadata("r").parse_json()
root."meta"."a b" = if $previous == null { $record } else { $record.assign({"previous": $previous}) }"#;
        let put = |content: &str| {
            let seen = Batch::of(&[content]).with_metadata("r", text(r#"{"failed":{"x":"why"}}"#));
            let (changed, out) = onto(source, &seen, &Batch::of(&[content]));
            (changed.outcome.error.unwrap_or_default(), out)
        };
        let record = |more: &str| format!(r#"{{"meta":{{"a b":{{"failed":{{"x":"why"}}{more}}}}}}}"#);
        assert_eq!(put("{}"), (String::new(), record("")));
        assert_eq!(put("null"), (String::new(), record("")));
        assert_eq!(put(r#"{"meta":{"a b":[1]}}"#), (String::new(), record(r#","previous":[1]"#)));
        let (error, out) = put(r#"{ "meta": "text" }"#);
        assert!(error.starts_with("failed assignment (line 4): ") && out == r#"{"meta":"text"}"#, "{error}");
        let (error, _) = put("nonsense");
        let expected = "failed assignment (line 1): unable to reference message as structured (with 'this'): \
                        parse as json: invalid character 'o' in literal null (expecting 'u')";
        assert_eq!(error, expected);
        assert!(put("").0.ends_with("(with 'this'): message is empty"));
        assert_eq!(put("[ 1 ]").1, "[1]");
    }
}
