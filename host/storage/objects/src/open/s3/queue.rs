//! Queues of SQS, in which a bucket tells of new objects.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use object_store::aws::{AwsAuthorizer, AwsCredentialProvider};
use object_store::client::{HttpClient, HttpConnector as _, HttpRequest, ReqwestConnector};
use object_store::signer::Method;
use object_store::{ClientOptions, HeaderValue};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use url::Url;

use super::{OpenError, Settings, bucket, install_tls, opened, shown};

/// A queue of SQS. Nothing is tried again here: what is in a queue stays there until it is deleted.
pub struct Queue {
    url: String,
    /// Who is asked.
    service: Url,
    region: String,
    credentials: AwsCredentialProvider,
    client: HttpClient,
}

/// A message of a queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueMessage {
    /// The same when it comes again.
    pub id: String,
    /// What it says.
    pub body: String,
    /// By what it is deleted or released, as long as it is hidden from others.
    pub receipt: String,
    /// When it was sent, by the clock of the service.
    pub sent: Option<SystemTime>,
}

/// Why a queue could not be used.
#[derive(Debug, thiserror::Error)]
pub enum QueueError {
    /// The service says no.
    #[error("{action} of queue `{queue}`: {status}: {answer}")]
    Refused {
        /// What was asked for.
        action: &'static str,
        /// The queue.
        queue: String,
        /// The status of HTTP.
        status: u16,
        /// What it says, the beginning of it.
        answer: String,
    },
    /// It did some of it.
    #[error("{action} of queue `{queue}`: {failed} of {all} failed, the first with {reason}")]
    Some {
        /// What was asked for.
        action: &'static str,
        /// The queue.
        queue: String,
        /// How many failed.
        failed: usize,
        /// Of so many.
        all: usize,
        /// Why.
        reason: String,
    },
    /// It was not reached, or there are no credentials.
    #[error("{action} of queue `{queue}`")]
    Request {
        /// What was asked for.
        action: &'static str,
        /// The queue.
        queue: String,
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

/// The most messages that are taken, deleted or released at once.
pub const MOST_MESSAGES: usize = 10;
/// The longest time that SQS waits for a message.
pub const LONGEST_POLL: Duration = Duration::from_secs(20);
/// How much of a refusal is shown.
const SHOWN: usize = 500;

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Receive<'a> {
    queue_url: &'a str,
    max_number_of_messages: usize,
    wait_time_seconds: u64,
    attribute_names: [&'static str; 1],
    message_system_attribute_names: [&'static str; 1],
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Received {
    messages: Option<Vec<ReceivedMessage>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ReceivedMessage {
    #[serde(default)]
    message_id: String,
    #[serde(default)]
    body: String,
    receipt_handle: String,
    attributes: Option<Attributes>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Attributes {
    /// Milliseconds since 1970, as text.
    sent_timestamp: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Batch<'a> {
    queue_url: &'a str,
    entries: Vec<Entry<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Entry<'a> {
    id: String,
    receipt_handle: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    visibility_timeout: Option<u32>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Done {
    failed: Option<Vec<Failed>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Failed {
    #[serde(default)]
    code: String,
    #[serde(default)]
    message: String,
}

impl Queue {
    /// A queue by its url, with the credentials and the region that a bucket with these settings would have. It is
    /// asked at `endpoint`, or else where its url says. Nothing is sent.
    ///
    /// # Errors
    /// Those of a bucket's url; `Malformed`: a url is none.
    pub fn open(url: &str, endpoint: Option<&str>, settings: &Settings) -> Result<Self, OpenError> {
        install_tls();
        let malformed = |url: &str, source| OpenError::Malformed { url: url.to_owned(), source };
        let asked = endpoint.unwrap_or(url);
        let mut service: Url = asked.parse().map_err(|source| malformed(asked, source))?;
        bucket(&service)?;
        let queue: Url = url.parse().map_err(|source| malformed(url, source))?;
        if endpoint.is_none() {
            service.set_path("/");
        }
        service.set_query(None);
        let nameless: Url = NAMELESS.parse().map_err(|source| malformed(NAMELESS, source))?;
        // A region that stands in its name is the one that it is in.
        let of_name = queue.host_str().and_then(region_of_host).map(str::to_owned);
        let (store, region) = opened(&nameless, settings)?;
        let failed = |source| OpenError::Store { url: shown(&queue), source };
        let options = ClientOptions::new().with_allow_http(service.scheme() == "http");
        let client = ReqwestConnector::default().connect(&options).map_err(failed)?;
        Ok(Self {
            url: url.to_owned(),
            service,
            region: region.or(of_name).unwrap_or_else(|| "us-east-1".to_owned()),
            credentials: Arc::clone(store.credentials()),
            client,
        })
    }

    /// Takes up to `most` messages, at most [`MOST_MESSAGES`], which are hidden from others for as long as the queue
    /// says. Where there are none it waits for one, for [`LONGEST_POLL`] at most.
    ///
    /// # Errors
    /// See [`QueueError`].
    ///
    /// # Cancel safety
    /// Messages that were taken by a call that was dropped come again when they are no longer hidden.
    pub async fn receive(&self, most: usize, wait: Duration) -> Result<Vec<QueueMessage>, QueueError> {
        let body = Receive {
            queue_url: &self.url,
            max_number_of_messages: most.clamp(1, MOST_MESSAGES),
            wait_time_seconds: wait.min(LONGEST_POLL).as_secs(),
            attribute_names: ["SentTimestamp"],
            message_system_attribute_names: ["SentTimestamp"],
        };
        let Received { messages } = self.ask("ReceiveMessage", &body).await?;
        let message = |ReceivedMessage { message_id: id, body, receipt_handle: receipt, attributes }| {
            let sent = attributes.and_then(|attributes: Attributes| attributes.sent_timestamp);
            let sent = sent.and_then(|milliseconds| milliseconds.parse().ok());
            let sent = sent.map(|milliseconds| SystemTime::UNIX_EPOCH + Duration::from_millis(milliseconds));
            QueueMessage { id, body, receipt, sent }
        };
        Ok(messages.unwrap_or_default().into_iter().map(message).collect())
    }

    /// Deletes messages that were taken. After an error some are gone: all that could be, unless the service is away.
    ///
    /// # Errors
    /// See [`QueueError`].
    pub async fn delete(&self, receipts: &[String]) -> Result<(), QueueError> {
        self.each("DeleteMessageBatch", receipts, None).await
    }

    /// Lets others have messages at once that were taken; after an error, some of them, as with `delete`.
    ///
    /// # Errors
    /// See [`QueueError`].
    pub async fn release(&self, receipts: &[String]) -> Result<(), QueueError> {
        self.each("ChangeMessageVisibilityBatch", receipts, Some(0)).await
    }

    /// That a call was given up because it took too long.
    #[must_use]
    pub fn late(&self, source: impl std::error::Error + Send + Sync + 'static) -> QueueError {
        QueueError::Request { action: "ReceiveMessage", queue: self.url.clone(), source: Box::new(source) }
    }

    async fn each(
        &self,
        action: &'static str,
        receipts: &[String],
        visibility_timeout: Option<u32>,
    ) -> Result<(), QueueError> {
        let mut failed = 0;
        let mut reason = None;
        for receipts in receipts.chunks(MOST_MESSAGES) {
            let entries = receipts.iter().enumerate().map(|(index, receipt)| Entry {
                id: index.to_string(),
                receipt_handle: receipt,
                visibility_timeout,
            });
            let body = Batch { queue_url: &self.url, entries: entries.collect() };
            let (some, why) = match self.ask::<Done>(action, &body).await {
                Ok(Done { failed }) => {
                    let failed = failed.unwrap_or_default();
                    let first = failed.first().map(|Failed { code, message }| format!("{code}: {message}"));
                    (failed.len(), first)
                }
                // A receipt that is no longer good is no reason to keep the other messages.
                Err(QueueError::Refused { status: status @ 400..=499, answer, .. }) => {
                    (receipts.len(), Some(format!("{status}: {answer}")))
                }
                Err(error) => return Err(error),
            };
            failed += some;
            reason = reason.or(why);
        }
        let (queue, all) = (self.url.clone(), receipts.len());
        match reason {
            Some(reason) => Err(QueueError::Some { action, queue, failed, all, reason }),
            None => Ok(()),
        }
    }

    async fn ask<T: DeserializeOwned>(
        &self,
        action: &'static str,
        body: &impl Serialize,
    ) -> Result<T, QueueError> {
        let failed = |source| QueueError::Request { action, queue: self.url.clone(), source };
        let body = serde_json::to_vec(body).map_err(|error| failed(Box::new(error)))?;
        let credential = self.credentials.get_credential().await.map_err(|error| failed(Box::new(error)))?;
        let mut request = HttpRequest::new(body.into());
        *request.method_mut() = Method::POST;
        *request.uri_mut() = self.service.as_str().parse().map_err(|error| {
            failed(Box::<dyn std::error::Error + Send + Sync>::from(format!("{}: {error}", self.service)))
        })?;
        let headers = request.headers_mut();
        headers.insert("content-type", HeaderValue::from_static("application/x-amz-json-1.0"));
        if let Ok(target) = HeaderValue::from_str(&format!("AmazonSQS.{action}")) {
            headers.insert("x-amz-target", target);
        }
        AwsAuthorizer::new(&credential, "sqs", &self.region)
            .try_authorize(&mut request, None)
            .map_err(|error| failed(Box::new(error)))?;
        let response = self.client.execute(request).await.map_err(|error| failed(Box::new(error)))?;
        let status = response.status();
        let bytes = response.into_body().bytes().await.map_err(|error| failed(Box::new(error)))?;
        if !status.is_success() {
            let answer = String::from_utf8_lossy(&bytes).chars().take(SHOWN).collect();
            return Err(QueueError::Refused {
                action,
                queue: self.url.clone(),
                status: status.as_u16(),
                answer,
            });
        }
        serde_json::from_slice(&bytes).map_err(|error| failed(Box::new(error)))
    }
}

impl fmt::Debug for Queue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Queue").field("url", &self.url).finish_non_exhaustive()
    }
}

impl QueueError {
    /// The error and all that is behind it.
    #[must_use]
    pub fn report(&self) -> String {
        crate::error::chain(self)
    }
}

/// What stands for a bucket where only credentials are wanted.
const NAMELESS: &str = "s3://queue";

/// The region in a name as `sqs.eu-west-1.amazonaws.com`.
fn region_of_host(host: &str) -> Option<&str> {
    let (region, rest) = host.strip_prefix("sqs.")?.split_once('.')?;
    rest.starts_with("amazonaws.com").then_some(region)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn opened(url: &str, endpoint: Option<&str>) -> (String, String) {
        let settings = Settings::default().with("access_key_id", "a").with("secret_access_key", "b");
        let queue = Queue::open(url, endpoint, &settings).unwrap();
        (queue.service.to_string(), queue.region)
    }

    #[test]
    fn a_queue_is_asked_where_it_is() {
        let url = "https://sqs.eu-west-1.amazonaws.com/123/events";
        let service = "https://sqs.eu-west-1.amazonaws.com/".to_owned();
        assert_eq!(opened(url, None), (service, "eu-west-1".to_owned()));
        let (service, region) = opened("http://127.0.0.1:9/123/events", Some("http://127.0.0.1:8"));
        assert_eq!((service.as_str(), region.as_str()), ("http://127.0.0.1:8/", "us-east-1"));
        assert!(Queue::open("events", None, &Settings::default()).is_err());
    }
}
