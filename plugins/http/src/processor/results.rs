//! Messages of responses.

use forebay_sdk::{Batch, BatchWriter, Error, Processed, Value, log};

use super::Shape;
use crate::failure::Failure;
use crate::response::{Answer, STATUS, merged};

/// The result of one request for a whole batch: a message for every part of the response, or the batch as it
/// was, flagged.
pub(super) fn of_one(
    batch: &Batch,
    answers: impl Iterator<Item = Result<Answer, Failure>>,
    shape: &Shape,
) -> Result<Processed, Error> {
    let mut writer = batch.writer();
    for answer in answers {
        match answer {
            Ok(answer) if answer.payloads.is_empty() => return Err(Error::new(empty(shape))),
            Ok(answer) => {
                for (index, payload) in answer.payloads.iter().enumerate() {
                    // Parts beyond the messages of the batch go on from its first one.
                    let source = if index < batch.len() { index } else { 0 };
                    write(&mut writer, batch, source, (payload, &answer));
                }
            }
            Err(failure) => {
                log::debug(format!("HTTP request to '{}' failed: {failure}", shape.url));
                for index in 0..batch.len() {
                    flag(&mut writer, batch, index, &failure);
                }
            }
        }
    }
    Ok(if batch.len() == 1 { writer.finish() } else { writer.finish_whole() })
}

/// The results of one request for each message.
pub(super) fn of_each(
    batch: &Batch,
    answers: impl Iterator<Item = Result<Answer, Failure>>,
    shape: &Shape,
) -> Result<Processed, Error> {
    let mut writer = batch.writer();
    let mut is_empty = true;
    // A message that stands for itself is a batch of its own.
    let is_apart = batch.independent();
    for (index, answer) in answers.enumerate() {
        let answer = match answer {
            Ok(answer) if shape.parallel && !is_apart && answer.payloads.len() != 1 => {
                Err(Failure::new(format!("unexpected response size: {}", answer.payloads.len())))
            }
            Ok(answer) if is_apart && answer.payloads.is_empty() => Err(Failure::new(empty(shape))),
            other => other,
        };
        match answer {
            Ok(answer) => {
                for payload in &answer.payloads {
                    is_empty = false;
                    write(&mut writer, batch, index, (payload, &answer));
                }
            }
            Err(failure) => {
                is_empty = false;
                let how = if shape.parallel && !is_apart { "parallel " } else { "" };
                log::debug(format!("HTTP {how}request to '{}' failed: {failure}", shape.url));
                flag(&mut writer, batch, index, &failure);
            }
        }
    }
    if is_empty { Err(Error::new(empty(shape))) } else { Ok(writer.finish()) }
}

fn empty(shape: &Shape) -> String {
    format!("HTTP response from '{}' was empty", shape.url)
}

fn write(writer: &mut BatchWriter<'_>, batch: &Batch, source: usize, (payload, answer): (&[u8], &Answer)) {
    writer.payload().extend_from_slice(payload);
    writer.replace_metadata(merged(batch.message(source), answer.metadata()));
    writer.end(source);
}

fn flag(writer: &mut BatchWriter<'_>, batch: &Batch, source: usize, failure: &Failure) {
    if let Some(status) = failure.status {
        let status = [(STATUS, Value::Signed(status.into()))];
        writer.replace_metadata(merged(batch.message(source), status));
    }
    writer.flag(&failure.text);
    writer.end(source);
}

#[cfg(test)]
mod tests {
    use forebay_sdk::http::Response;
    use forebay_sdk::{Origins, testing};

    use super::{Answer, Batch, Error, Failure, Processed, Shape, Value, of_each, of_one};
    use crate::fields::KeyFields;
    use crate::keys::Keys;

    fn shape(parallel: bool) -> Shape {
        Shape { url: "http://a/".to_owned(), batch_as_multipart: false, parallel }
    }

    /// A response with these parts.
    fn answer(parts: &[&str]) -> Result<Answer, Failure> {
        let parts: String = parts.iter().map(|part| format!("--b\n\n{part}\n")).collect();
        let headers = vec![("content-type".to_owned(), b"multipart/mixed; boundary=b".to_vec())];
        let response = Response { status: 200, headers, body: format!("{parts}--b--").into() };
        let none = KeyFields { include_prefixes: Vec::new(), include_patterns: Vec::new() };
        let none = Keys::compile(none, "extract_headers").expect("compiles");
        Answer::read(response, &none).map_err(Failure::new)
    }

    fn failure() -> Result<Answer, Failure> {
        Err(Failure { status: Some(500), ..Failure::new("no") })
    }

    fn seen(processed: Result<Processed, Error>) -> (Vec<String>, Origins) {
        let Processed { batch, origins } = processed.unwrap_or_else(|error| panic!("{error}"));
        let texts = batch.messages().map(|message| {
            let status = message.metadata("http_status_code");
            let status =
                if let Some(Value::Signed(status)) = status { status.to_string() } else { "?".into() };
            let payload = String::from_utf8_lossy(message.bytes());
            format!("{payload} {status} {}", message.error().unwrap_or_default())
        });
        (texts.collect(), origins)
    }

    #[test]
    fn parts_of_one_response_depend_on_all_messages() {
        let batch = Batch::from_payloads(["a", "b"]);
        let (texts, origins) = seen(of_one(&batch, [answer(&["1", "2", "3"])].into_iter(), &shape(false)));
        assert_eq!(
            (texts, origins),
            (vec!["1 200 ".into(), "2 200 ".into(), "3 200 ".into()], Origins::Whole)
        );
        let (texts, _) = seen(of_one(&batch, [failure()].into_iter(), &shape(false)));
        assert_eq!(texts, ["a 500 no", "b 500 no"]);
        let error = of_one(&batch, [answer(&[])].into_iter(), &shape(false)).expect_err("nothing came");
        assert_eq!(error.message(), "HTTP response from 'http://a/' was empty");
    }

    #[test]
    fn each_message_has_the_parts_of_its_own_response() {
        let batch = Batch::from_payloads(["a", "b", "c"]);
        let answers = [answer(&["1", "2"]), failure(), answer(&[])];
        let (texts, origins) = seen(of_each(&batch, answers.into_iter(), &shape(false)));
        assert_eq!(
            (texts, origins),
            (vec!["1 200 ".into(), "2 200 ".into(), "b 500 no".into()], Origins::Each(vec![0, 0, 1]))
        );
        let answers = [answer(&["1", "2"]), answer(&["3"]), failure()];
        let (texts, _) = seen(of_each(&batch, answers.into_iter(), &shape(true)));
        assert_eq!(texts, ["a ? unexpected response size: 2", "3 200 ", "c 500 no"]);
        assert!(of_each(&batch.slice(0..1), [answer(&[])].into_iter(), &shape(false)).is_err());
        let _ = testing::take_log();
    }

    #[test]
    fn messages_that_stand_for_themselves_are_batches_of_one() {
        let batch = Batch::from_payloads(["a", "b"]).with_independent(true);
        let answers = [answer(&["1", "2"]), answer(&[])];
        let (texts, _) = seen(of_each(&batch, answers.into_iter(), &shape(true)));
        assert_eq!(texts, ["1 200 ", "2 200 ", "b ? HTTP response from 'http://a/' was empty"]);
    }
}
