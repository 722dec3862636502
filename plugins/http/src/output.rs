mod lane;

use std::collections::{HashMap, VecDeque};

use forebay_sdk::config::{BatchPolicy, Interpolated};
use forebay_sdk::http::Response;
use forebay_sdk::{
    Batch, BlockWriter, Config, Context, Failure as Undelivered, MetadataWriter, Operation, Output, Pending,
    Problem, WriteError, Written, log,
};

use crate::client::Client;
use crate::exchange::{Exchange, Step};
use crate::failure::Failure;
use crate::fields::ClientFields;
use crate::request::{Body, PartTexts};
use crate::response::{Answer, merged};
use lane::Lane;

/// Sends messages to an HTTP server, each with a request of its own.
///
/// The body of a request is the payload, or what `payload` or `multipart` say. With `batch_as_multipart`
/// a batch of several messages is one request, of which each message is a part (RFC 2046); otherwise its
/// messages are sent one after the other, up to the first that fails.
///
/// Statuses from 200 to 299 are successes, and so are those of `successful_on`. After any other one the
/// request is tried again, `retries` times, with pauses of `retry_period`; they double after a status of
/// `backoff_on`, and a status of `drop_on` is final. Messages whose requests have failed for good are
/// rejected, to be tried again as the pipeline says.
#[derive(Config)]
pub(crate) struct HttpClientOutputConfig {
    /// The method of requests.
    #[config(default = "POST", example = "POST", example = "GET", example = "DELETE")]
    verb: String,
    #[config(flatten)]
    client: ClientFields,
    /// What is sent in the place of the payload.
    #[config(advanced)]
    payload: Option<Interpolated>,
    /// Whether a batch is one request, of which each message is a part.
    #[config(default = false, advanced)]
    batch_as_multipart: bool,
    /// Whether responses are handed back to the input, as with `sync_response`. Where it takes none, each is
    /// noted in the log as a warning.
    #[config(default = false, advanced)]
    propagate_response: bool,
    /// How many batches may be under way at once.
    #[config(default = 64)]
    max_in_flight: usize,
    /// How messages are collected to batches first.
    #[config(default = {})]
    #[expect(dead_code, reason = "the host collects them")]
    batching: BatchPolicy,
    /// The parts of every request. Where there are any, they are sent in the place of messages.
    #[config(default = [], advanced)]
    multipart: Vec<PartFields>,
}

#[derive(Config)]
struct PartFields {
    /// The content type of the part.
    #[config(default = "", example = "application/octet-stream")]
    content_type: Interpolated,
    /// What the part is.
    #[config(default = "", example = "form-data; name=\"file\"; filename=\"${! @name }\"")]
    content_disposition: Interpolated,
    /// The content of the part.
    #[config(default = "", example = "${! this.part }")]
    body: Interpolated,
}

/// Sends requests, several at once.
pub(crate) struct HttpClientOutput {
    client: Client,
    batch_as_multipart: bool,
    propagate_response: bool,
    most_at_once: usize,
    /// What is under way, by the operation that it waits for.
    waiting: HashMap<u64, (Lane, Exchange)>,
}

impl Output for HttpClientOutput {
    const NAME: &'static str = "http_client";

    type Config = HttpClientOutputConfig;

    fn open(config: HttpClientOutputConfig, _: &Context) -> Result<Self, Problem> {
        let HttpClientOutputConfig {
            verb,
            client,
            payload,
            batch_as_multipart,
            propagate_response,
            max_in_flight,
            batching: _,
            multipart,
        } = config;
        let body = match payload.filter(|payload| !payload.source().is_empty()) {
            Some(payload) => Body::Text(payload),
            None if multipart.is_empty() => Body::Messages,
            None => Body::Parts(multipart.into_iter().map(PartTexts::from).collect()),
        };
        Ok(Self {
            client: Client::new(client, verb, body)?,
            batch_as_multipart,
            propagate_response,
            most_at_once: max_in_flight.max(1),
            waiting: HashMap::new(),
        })
    }

    fn write(&mut self, batch: Batch) -> Result<Written, WriteError> {
        let room = self.most_at_once.saturating_sub(self.waiting.len());
        let mut written = Written::all();
        for lane in Lane::of(&batch, self.batch_as_multipart, room) {
            self.drive(lane, &mut written);
        }
        Ok(written)
    }

    fn resolve(&mut self, operation: Operation) -> Result<Written, WriteError> {
        let id = operation.id();
        let Some((lane, exchange)) = self.waiting.remove(&id) else {
            return Err(WriteError::Failed(format!("operation {id} is not known")));
        };
        let mut written = Written::all();
        let step = self.client.resume(exchange, &operation);
        if let Some(lane) = self.step(lane, step, &mut written) {
            self.drive(lane, &mut written);
        }
        Ok(written)
    }
}

impl HttpClientOutput {
    /// Sends the messages of a lane until one is under way.
    fn drive(&mut self, lane: Lane, written: &mut Written) {
        let mut next = Some(lane);
        while let Some(lane) = next.take()
            && let Some(batch) = lane.next()
        {
            let step = self.client.begin(batch);
            next = self.step(lane, step, written);
        }
    }

    /// Notes how far the first request of a lane is; the lane again, when that has ended.
    fn step(&mut self, mut lane: Lane, step: Step, written: &mut Written) -> Option<Lane> {
        let result = match step {
            Step::Waits(exchange, operation) => {
                let messages = Some(lane.rest());
                self.waiting.insert(operation.id(), (lane, exchange));
                written.pending.push(Pending { operation, messages, resolve: true });
                return None;
            }
            Step::Ended(result) => result,
        };
        match result.and_then(|response| self.delivered(response, lane.next())) {
            Ok(()) => lane.delivered(),
            Err(Failure { text: reason, .. }) => {
                written.failed.push(Undelivered { reason, messages: Some(lane.failed()) });
            }
        }
        Some(lane)
    }

    /// A response that says it has several parts, and has not, is none.
    fn delivered(&self, response: Response, sent: Option<Batch>) -> Result<(), Failure> {
        let answer = self.client.answer(response)?;
        if self.propagate_response
            && let Some(sent) = sent
        {
            let problem = match sent.respond(&propagated(&answer, &sent)) {
                Ok(true) => return Ok(()),
                Ok(false) => "the input takes no responses".to_owned(),
                Err(error) => error.into_message(),
            };
            log::warn(format!("Unable to propagate response to input: {problem}"));
        }
        Ok(())
    }
}

/// A response as messages: each is the message that was sent, with another payload and more metadata.
fn propagated(answer: &Answer, sent: &Batch) -> Batch {
    let mut block = BlockWriter::with_capacity(answer.payloads.len(), 0);
    let mut metadata = MetadataWriter::default();
    for (index, payload) in answer.payloads.iter().enumerate() {
        let message = sent.message(if index < sent.len() { index } else { 0 });
        for (key, value) in merged(message, answer.metadata()) {
            metadata.push(key, value);
        }
        metadata.end_message();
        block.push(payload);
    }
    block.set_metadata(metadata);
    Batch::from_block(block)
}

impl From<PartFields> for PartTexts {
    fn from(PartFields { content_type, content_disposition, body }: PartFields) -> Self {
        Self { content_type, content_disposition, body }
    }
}

#[cfg(test)]
mod tests {
    use forebay_sdk::testing;
    use serde_json::json;

    use super::{Batch, Context, HttpClientOutput, Output};

    #[test]
    fn requests_that_can_not_be_sent_fail_their_messages() {
        let config = testing::config(&json!({"url": "http://a/"})).expect("the configuration is right");
        let mut output = HttpClientOutput::open(config, &Context::new("http_client")).expect("opens");
        // Natively there is no host to start requests.
        let written = output.write(Batch::from_payloads(["x", "y"])).expect("written");
        assert_eq!((written.pending.len(), written.failed.len()), (0, 1));
        assert_eq!(written.failed[0].messages, Some(vec![0, 1]));
        let apart = Batch::from_payloads(["x", "y"]).with_independent(true);
        let written = output.write(apart).expect("written");
        let messages: Vec<_> = written.failed.iter().map(|failure| failure.messages.clone()).collect();
        assert_eq!(messages, [Some(vec![0]), Some(vec![1])]);
    }
}
