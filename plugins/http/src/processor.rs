mod job;
mod results;

use std::collections::HashMap;

use forebay_sdk::config::Interpolated;
use forebay_sdk::{Batch, Config, Context, Docs, Error, Example, Operation, Problem, Processing, Processor};

use crate::client::Client;
use crate::fields::ClientFields;
use crate::request::Body;
use job::Job;

/// Sends a request for every message, and puts the body of the response in the place of its payload.
///
/// The body of a request is the payload, or what `payload` says. Metadata is kept; `http_status_code` is
/// added to it, and the headers of the response that `extract_headers` chooses. A response of several
/// parts (`multipart/...`) becomes several messages. Use a `branch` to keep the payload and to add to it.
///
/// Statuses from 200 to 299 are successes, and so are those of `successful_on`. After any other one the
/// request is tried again, `retries` times, with pauses of `retry_period`; they double after a status of
/// `backoff_on`, and a status of `drop_on` is final. A message whose request has failed for good is
/// flagged with the error, and is otherwise unchanged but for its `http_status_code`.
///
/// Responses may have 64 MiB.
#[derive(Config)]
pub(crate) struct HttpConfig {
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
    /// Whether the requests of a batch are sent at once, rather than one after the other.
    #[config(default = false)]
    parallel: bool,
}

/// Sends requests, and waits for their responses while the host goes on.
pub(crate) struct Http {
    client: Client,
    shape: Shape,
    /// The batches that wait, by the operation that each waits for.
    waiting: HashMap<u64, Job>,
}

/// How requests are made of a batch.
#[derive(Debug, Clone)]
struct Shape {
    /// The url as it was configured, for errors.
    url: String,
    batch_as_multipart: bool,
    parallel: bool,
}

impl Processor for Http {
    const NAME: &'static str = "http";

    const DOCS: Docs = Docs {
        examples: &[Example {
            title: "Enrich messages",
            summary: "A branch sends an empty request and adds what comes back to the message.",
            config: "pipeline:\n  processors:\n    - branch:\n        request_map: root = \"\"\n        \
                     processors:\n          - http: {url: \"https://api.example.com/status\", verb: GET}\n        \
                     result_map: root.status = this\n",
        }],
        ..Docs::DEFAULT
    };

    type Config = HttpConfig;

    fn open(config: HttpConfig, _: &Context) -> Result<Self, Problem> {
        let HttpConfig { verb, client, payload, batch_as_multipart, parallel } = config;
        let url = client.url.source().to_owned();
        let body = payload.filter(|payload| !payload.source().is_empty());
        let body = body.map_or(Body::Messages, Body::Text);
        let client = Client::new(client, verb, body)?;
        Ok(Self { client, shape: Shape { url, batch_as_multipart, parallel }, waiting: HashMap::new() })
    }

    fn process(&mut self, batch: Batch) -> Result<Processing, Error> {
        if batch.is_empty() {
            return Ok(batch.into());
        }
        let job = Job::new(batch, &self.shape);
        self.advance(job)
    }

    fn resume(&mut self, operation: Operation) -> Result<Processing, Error> {
        let id = operation.id();
        let mut job =
            self.waiting.remove(&id).ok_or_else(|| Error::new(format!("operation {id} is not known")))?;
        job.ended(&mut self.client, &operation);
        self.advance(job)
    }
}

impl Http {
    fn advance(&mut self, mut job: Job) -> Result<Processing, Error> {
        match job.advance(&mut self.client) {
            Some(operation) => {
                self.waiting.insert(operation.id(), job);
                Ok(Processing::Pending(operation))
            }
            None => Ok(job.finish(&self.client, &self.shape)?.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use forebay_sdk::testing;
    use serde_json::json;

    use super::{Batch, Context, Http, HttpConfig, Processing, Processor};

    #[test]
    fn what_is_not_available_is_refused() {
        for (field, value, at) in [
            ("jwt", json!({"enabled": true, "signing_method": "HS256"}), "/jwt/signing_method"),
            ("jwt", json!({"enabled": true, "signing_method": "RS256"}), "/jwt/private_key_file"),
            ("negotiate", json!({"enabled": true}), "/negotiate/enabled"),
            ("oauth2", json!({"enabled": true}), "/oauth2/token_url"),
            ("tls", json!({"enabled": true, "enable_renegotiation": true}), "/tls/enable_renegotiation"),
            ("metadata", json!({"include_patterns": ["("]}), "/metadata/include_patterns/0"),
        ] {
            let config = json!({"url": "http://a/", field: value});
            let config: HttpConfig = testing::config(&config).expect("it has the right form");
            let problem = Http::open(config, &Context::new("http")).err().expect("refused");
            assert_eq!(problem.field(), at);
        }
    }

    #[test]
    fn a_request_that_can_not_be_sent_flags_its_message() {
        let config = testing::config(&json!({"url": "http://a/"})).expect("the configuration is right");
        let mut processor = Http::open(config, &Context::new("http")).expect("opens");
        // Natively there is no host to start requests.
        let Ok(Processing::Done(results)) = processor.process(Batch::from_payloads(["x", "y"])) else {
            panic!("not done")
        };
        assert_eq!(testing::texts(&results[0].batch), ["x", "y"]);
        let error = results[0].batch.message(1).error().expect("flagged");
        assert_eq!(error, "http://a/: Post \"http://a/\": there is no network in native tests");
        let lines = testing::take_log();
        assert_eq!(lines.len(), 2);
        assert!(lines[0].message.starts_with("HTTP request to 'http://a/' failed: "));
    }
}
