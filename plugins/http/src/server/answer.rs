use std::collections::BTreeMap;

use forebay_sdk::config::Interpolated;
use forebay_sdk::{Batch, Config, Problem, log};

use super::content_type;
use crate::fields::KeyFields;
use crate::keys::Keys;
use crate::multipart::MultipartWriter;

/// How responses are sent.
#[derive(Config)]
pub(super) struct ResponseFields {
    /// The status, which may differ from response to response.
    #[config(
        default = "200",
        example = "${! json(\"status\") }",
        example = "${! metadata(\"status\").string() }"
    )]
    status: Interpolated,
    /// Headers, which may differ too.
    #[config(default = {"Content-Type": "application/octet-stream"})]
    headers: BTreeMap<String, Interpolated>,
    /// Which metadata of the response becomes headers.
    #[config(default = {})]
    metadata_headers: KeyFields,
}

/// Makes answers of responses.
pub(super) struct Responses {
    status: Interpolated,
    headers: BTreeMap<String, Interpolated>,
    metadata: Keys,
}

/// What a client gets.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: Vec<(String, Vec<u8>)>,
    pub(super) body: Vec<u8>,
}

const CONTENT_TYPE: &str = "Content-Type";

impl Responses {
    pub(super) fn new(fields: ResponseFields) -> Result<Self, Problem> {
        let ResponseFields { status, headers, metadata_headers } = fields;
        let metadata = Keys::compile(metadata_headers, "sync_response/metadata_headers")?;
        Ok(Self { status, headers, metadata })
    }

    /// The answer to a request whose messages were delivered, with these responses.
    pub(super) fn answer(&self, responses: Vec<Batch>) -> Answer {
        let responses = if responses.is_empty() { None } else { Some(Batch::concatenate(responses)) };
        let Some(responses) = responses.filter(|responses| !responses.is_empty()) else {
            return Answer { status: 200, ..Answer::default() };
        };
        let mut answer = Answer { status: 200, ..Answer::default() };
        for (name, text) in &self.headers {
            match text.evaluate(&responses).and_then(|texts| texts.get(0).map(|text| text.into_owned())) {
                Ok(value) => answer.set(name, value),
                Err(error) => {
                    log::error(format!("Interpolation of response header {name} error: {error}"));
                }
            }
        }
        match self.status(&responses) {
            Ok(status) => answer.status = status,
            Err(error) => {
                log::error(error);
                return Answer { status: 502, ..answer };
            }
        }
        for message in responses.messages() {
            for (key, value) in message.metadata_entries().filter(|(key, _)| self.metadata.has(key)) {
                answer.set(key, forebay_text::of(value));
            }
        }
        if responses.len() == 1 {
            answer.body = responses.message(0).bytes().to_vec();
            if answer.header(CONTENT_TYPE).is_none_or(<[u8]>::is_empty) {
                let seems = content_type::of(&answer.body).to_owned();
                answer.set(CONTENT_TYPE, seems);
            }
        } else {
            self.parts(&responses, &mut answer);
        }
        answer
    }

    fn status(&self, responses: &Batch) -> Result<u16, String> {
        let texts = self.status.evaluate(responses);
        let text = texts.and_then(|texts| texts.get(0).map(|text| text.into_owned()));
        let text = text.map_err(|error| format!("Interpolation of response status code error: {error}"))?;
        let status = text.parse::<u16>().ok().filter(|status| (200..600).contains(status));
        status.ok_or_else(|| {
            format!(
                "Failed to parse sync response status code expression: {text:?} is no number from 200 to 599"
            )
        })
    }

    /// Several responses, each as a part of the body.
    fn parts(&self, responses: &Batch, answer: &mut Answer) {
        // Only where it is written so, as in Bento.
        let custom = self.headers.get("content-type").map(|text| text.evaluate(responses));
        let mut writer = MultipartWriter::new();
        for (index, message) in responses.messages().enumerate() {
            let given = match &custom {
                Some(Ok(texts)) => texts.get(index).map(|text| text.into_owned()).ok(),
                Some(Err(_)) | None => None,
            };
            let content_type = given.unwrap_or_else(|| content_type::of(message.bytes()).to_owned());
            writer.part(vec![(CONTENT_TYPE.to_owned(), content_type)], message.bytes());
        }
        let (body, content_type) = writer.finish();
        answer.body = body;
        answer.set(CONTENT_TYPE, content_type);
    }
}

impl Answer {
    /// What is said of an error.
    pub(super) fn error(status: u16, reason: &str) -> Self {
        let mut answer = Self { status, headers: Vec::new(), body: format!("{reason}\n").into_bytes() };
        answer.set(CONTENT_TYPE, "text/plain; charset=utf-8".to_owned());
        answer.set("X-Content-Type-Options", "nosniff".to_owned());
        answer
    }

    /// Sets a header, in place of one with the same name. What no header may hold is left out.
    pub(super) fn set(&mut self, name: &str, value: String) {
        let is_control = |letter: char| letter.is_control() && letter != '\t';
        let value = value.replace(is_control, " ").into_bytes();
        match self.headers.iter_mut().find(|(known, _)| known.eq_ignore_ascii_case(name)) {
            Some((_, old)) => *old = value,
            None => self.headers.push((name.to_owned(), value)),
        }
    }

    fn header(&self, name: &str) -> Option<&[u8]> {
        let found = self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_slice())
    }
}

#[cfg(test)]
mod tests {
    use forebay_sdk::{BlockWriter, MetadataWriter, Value, testing};
    use serde_json::{Value as Json, json};

    use super::*;

    fn responses(fields: Json) -> Responses {
        Responses::new(testing::config(&fields).expect("right")).expect("right")
    }

    fn header<'a>(answer: &'a Answer, name: &str) -> &'a str {
        std::str::from_utf8(answer.header(name).unwrap_or_default()).expect("a text")
    }

    #[test]
    fn without_responses_there_is_an_empty_answer() {
        let responses = responses(json!({"status": "201"}));
        assert_eq!(responses.answer(Vec::new()), Answer { status: 200, ..Answer::default() });
    }

    #[test]
    fn one_response_is_the_body() {
        let mut block = BlockWriter::with_capacity(1, 0);
        let mut metadata = MetadataWriter::default();
        metadata.push_shared("x-a", Value::Signed(5));
        metadata.push_shared("y", Value::Text("6"));
        block.push(b"<html>");
        block.set_metadata(metadata);
        let fields = json!({"status": "201", "metadata_headers": {"include_prefixes": ["x-"]}});
        let answer = responses(fields).answer(vec![Batch::from_block(block)]);
        assert_eq!((answer.status, answer.body.as_slice()), (201, b"<html>".as_slice()));
        assert_eq!(header(&answer, "content-type"), "application/octet-stream");
        assert_eq!((header(&answer, "X-A"), header(&answer, "y")), ("5", ""));
        let answer =
            responses(json!({"headers": {"X": "a\nb"}})).answer(vec![Batch::from_payloads(["<html>"])]);
        assert_eq!(header(&answer, "content-type"), "text/html; charset=utf-8");
        assert_eq!(header(&answer, "x"), "a b");
    }

    #[test]
    fn several_responses_are_parts() {
        let fields = json!({"headers": {"content-type": "text/x"}});
        let batches = vec![Batch::from_payloads(["a", "b"]), Batch::from_payloads(["c"])];
        let answer = responses(fields).answer(batches);
        assert!(header(&answer, "content-type").starts_with("multipart/form-data; boundary="));
        let body = String::from_utf8(answer.body).expect("a text");
        assert_eq!(body.matches("Content-Type: text/x\r\n\r\n").count(), 3);
    }

    #[test]
    fn a_status_that_is_none_is_an_error() {
        for status in ["x", "99", "700"] {
            let answer = responses(json!({"status": status})).answer(vec![Batch::from_payloads(["a"])]);
            assert_eq!((answer.status, answer.body.len()), (502, 0), "{status}");
        }
    }
}
