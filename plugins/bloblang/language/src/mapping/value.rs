//! What a mapping gives, as tools show it: a value rather than a message.

use super::Mapping;
use crate::eval::{Execution, Run, Start, This};
use crate::value::Value;
use crate::world::{Messages, Shared, World};

/// What `this` is to a mapping.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// The content of the message as a document.
    Document,
    /// The content of the message as bytes.
    Bytes,
}

/// The value that a mapping gives.
#[derive(Clone, Debug, PartialEq)]
pub enum Given {
    /// Text or bytes, to be shown as they are.
    Text(Value),
    /// Anything else, to be shown as JSON.
    Json(Value),
    Deleted,
}

impl Mapping {
    /// What `root` is in the end for message `index`, which starts as nothing in either form. Where nothing is assigned
    /// to it, what the mapping looks at: the document or, if there is none, the content.
    ///
    /// # Errors
    /// Why the mapping failed.
    pub fn value(
        &mut self,
        messages: &dyn Messages,
        index: usize,
        world: &mut dyn World,
        subject: Subject,
    ) -> Result<Given, String> {
        let outside = Shared::new(world);
        let mut run = Run::new(messages, index, &outside, &self.program.maps, &self.sites);
        // In Bento's tools the message that comes in is the one that goes out.
        run.live_metadata = true;
        let content = || Value::Bytes(messages.content(index).into());
        let bytes = match subject {
            Subject::Document => None,
            Subject::Bytes => Some(content()),
        };
        let this = bytes.as_ref().map_or(This::Message, This::Live);
        let mut execution = Execution::new(&run, &self.program.main, Start::of(&run, this));
        execution.execute().map_err(|failed| failed.report(run.documents.unread()))?;
        Ok(match execution.root {
            Value::Delete => Given::Deleted,
            Value::Nothing => match (bytes, run.document(index)) {
                (Some(bytes), _) => Given::Json(bytes),
                (None, Ok(document)) => Given::Json(document.clone()),
                (None, Err(_)) => Given::Text(content()),
            },
            text @ (Value::String(_) | Value::Bytes(_)) => Given::Text(text),
            other => Given::Json(other),
        })
    }
}

impl Given {
    /// Appends the text of the value.
    pub fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Text(value) => value.write_content(out),
            Self::Json(value) => value.write_json(out),
            Self::Deleted => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mapping::Form;
    use crate::testing::{Batch, Fixed};

    fn shown(source: &str, content: &str, subject: Subject) -> Result<(&'static str, String), String> {
        let mut mapping = Mapping::compile(source, Form::Mapping).unwrap();
        let given = mapping.value(&Batch::of(&[content]), 0, &mut Fixed::default(), subject)?;
        let mut out = Vec::new();
        given.write(&mut out);
        let kind = match given {
            Given::Text(_) => "text",
            Given::Json(_) => "json",
            Given::Deleted => "deleted",
        };
        Ok((kind, String::from_utf8(out).unwrap()))
    }

    #[test]
    fn values_are_text_or_json_or_deleted() {
        let document = |source| shown(source, r#"{"a":"x","b":1.0}"#, Subject::Document).unwrap();
        assert_eq!(document("root = this.a"), ("text", "x".to_owned()));
        assert_eq!(document("root.c = this.b"), ("json", r#"{"c":1.0}"#.to_owned()));
        assert_eq!(document("root = null"), ("json", "null".to_owned()));
        assert_eq!(document("root = deleted()"), ("deleted", String::new()));
        assert_eq!(document("this.a"), ("text", "x".to_owned()));
    }

    #[test]
    fn metadata_is_read_as_it_has_been_written() {
        let given = shown("meta x = [1]\nroot = [meta(\"x\"), @x]", "{}", Subject::Document).unwrap();
        assert_eq!(given, ("json", r#"["[1]",[1]]"#.to_owned()));
    }

    #[test]
    fn a_mapping_that_gives_nothing_gives_what_it_looks_at() {
        let given = |content, subject| shown("let x = 1", content, subject).unwrap();
        assert_eq!(given(r#"{"b":1, "a":2}"#, Subject::Document), ("json", r#"{"a":2,"b":1}"#.to_owned()));
        assert_eq!(given("no json", Subject::Document), ("text", "no json".to_owned()));
        assert_eq!(given("xx", Subject::Bytes), ("json", r#""eHg=""#.to_owned()));
    }

    #[test]
    fn bytes_are_what_this_is_when_asked_for() {
        let raw = |source| shown(source, "a b", Subject::Bytes).unwrap();
        assert_eq!(raw("root = this.uppercase()"), ("text", "A B".to_owned()));
        assert_eq!(raw("root.x = this.string()"), ("json", r#"{"x":"a b"}"#.to_owned()));
    }

    #[test]
    fn an_error_has_its_line() {
        let error = shown("root.a = 1\nroot.b = this.uppercase()", "5", Subject::Document).unwrap_err();
        assert!(error.starts_with("failed assignment (line 2): expected string value"), "{error}");
    }
}
