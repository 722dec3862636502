use std::ops::RangeInclusive;
use std::time::Duration;

use forebay_sdk::config::{ScannerConfig, parse_duration};
use forebay_sdk::{Config, Context, Error, Event, Input, Problem, Settlement};

use super::notified::{Notified, Paths, Terms};
use super::session::SessionFields;
use crate::reading::{Keys, Reading};
use crate::stores::{Cloud, Stores};
use crate::walk::Walk;

/// Reads the objects of a bucket of S3, or of a store that speaks as it does, in the order of their names, and ends after
/// the last one; or, with `sqs.url`, those of which a queue tells, without an end.
///
/// Every message has the metadata `s3_key`, `s3_bucket`, `s3_last_modified`, `s3_last_modified_unix`,
/// `s3_content_type`, `s3_content_encoding`, `s3_version_id` where the bucket keeps versions, and what the object itself
/// has as metadata. While one object is read, the next ones are opened: up to 64, and 32 MiB of them. One that can't be
/// read is tried again until it can, or is gone, unless a queue tells of it. Names that end in a slash are passed over, and a bucket with names that
/// have empty parts between slashes can't be read.
///
/// A message of the queue is deleted when all objects that it tells of were delivered. What is rejected is read again
/// here; a message that comes again meanwhile, since the queue no longer hides it, is not read twice. One that can't be
/// understood, or one of whose objects is gone, has a name that can't be read or may not be read, is left to the queue, as is
/// one whose store was away five times.
#[derive(Config)]
#[expect(dead_code, reason = "the host runs the scanner and says what is to be read again")]
pub(crate) struct AwsS3InputConfig {
    /// The bucket.
    #[config(default = "", example = "lake")]
    bucket: String,
    /// What the names of objects begin with.
    #[config(default = "", example = "events/2026-")]
    prefix: String,
    #[config(flatten)]
    session: SessionFields,
    /// Whether buckets always are the first part of the path of urls, and never a part of the host.
    #[config(default = false, advanced)]
    force_path_style_urls: bool,
    /// Whether an object is deleted once all its messages were delivered.
    #[config(default = false, advanced)]
    delete_objects: bool,
    /// What cuts the bytes of an object into messages.
    #[config(default = {"to_the_end": {}})]
    scanner: ScannerConfig,
    /// The old name of `scanner`, which wins over it: `lines`, `delim:x`, `all-bytes`, `gzip/csv` and so on, as the
    /// scanner `codec` says.
    #[config(deprecated, example = "lines", example = "delim:|")]
    codec: Option<String>,
    /// The size of the buffer of `codec`.
    #[config(deprecated, default = 1000000)]
    max_buffer: u64,
    /// Notifications of new objects: with a `url` they say what is read, and the bucket is not walked.
    #[config(default = {}, advanced)]
    sqs: SqsFields,
}

#[derive(Config)]
struct SqsFields {
    /// The queue.
    #[config(default = "", example = "https://sqs.eu-west-1.amazonaws.com/123456789012/new-objects")]
    url: String,
    /// The address of another service than that of AWS. Without it, `endpoint` is taken, or what `url` says.
    #[config(default = "", advanced)]
    endpoint: String,
    /// Where notifications have the names of objects, as they stand in urls. Dots part names, `*` is each element.
    #[config(default = "Records.*.s3.object.key")]
    key_path: String,
    /// Where notifications have the names of their buckets. Without any there, `bucket` is taken.
    #[config(default = "Records.*.s3.bucket.name")]
    bucket_path: String,
    /// Where messages have the notification as a text, if it is not all of them.
    #[config(default = "", example = "Message")]
    envelope_path: String,
    /// How old a notification is before its object is read. At most 100 that are younger are taken.
    #[config(default = "", advanced, example = "10s", example = "5m")]
    delay_period: String,
    /// How many notifications are taken at once, 1 to 10.
    #[config(default = 10, advanced)]
    max_messages: i64,
    /// How many seconds the service waits for notifications, 0 to 20.
    #[config(default = 0, advanced)]
    wait_time_seconds: i64,
}

pub(crate) struct AwsS3Input(Source);

/// Who says what is read.
enum Source {
    Bucket { walk: Box<Walk>, prefix: String },
    Queue(Box<Notified>),
}

const KEYS: Keys = Keys {
    name: "s3_key",
    bucket: "s3_bucket",
    modified: "s3_last_modified",
    modified_unix: "s3_last_modified_unix",
    content_type: "s3_content_type",
    content_encoding: "s3_content_encoding",
    version: Some("s3_version_id"),
    says_absent: false,
};

impl Input for AwsS3Input {
    const NAME: &'static str = "aws_s3";
    const REREADS: bool = true;

    type Config = AwsS3InputConfig;

    fn open(config: AwsS3InputConfig, _: &Context) -> Result<Self, Problem> {
        let AwsS3InputConfig { bucket, prefix, session, force_path_style_urls, delete_objects, sqs, .. } =
            config;
        let cloud = session.cloud(force_path_style_urls);
        if !sqs.url.is_empty() {
            let terms = sqs.terms(&cloud)?;
            let reading = Reading::new(Stores::new(cloud), delete_objects, &KEYS);
            return Ok(Self(Source::Queue(Box::new(Notified::new(terms, reading, bucket)))));
        }
        if bucket.is_empty() {
            return Err(Problem::new("field bucket is required"));
        }
        let walk = Box::new(Walk::new(Stores::new(cloud), &bucket, delete_objects, &KEYS));
        Ok(Self(Source::Bucket { walk, prefix }))
    }

    fn connect(&mut self) -> Result<(), Error> {
        match &mut self.0 {
            Source::Bucket { walk, prefix } => walk.connect(prefix),
            Source::Queue(notified) => notified.connect(),
        }
    }

    fn read(&mut self, settled: Vec<Settlement>) -> Result<Event, Error> {
        Ok(match &mut self.0 {
            Source::Bucket { walk, .. } => walk.read(settled),
            Source::Queue(notified) => notified.read(settled),
        })
    }

    fn close(self, settled: Vec<Settlement>) {
        match self.0 {
            Source::Bucket { walk, .. } => walk.close(settled),
            Source::Queue(notified) => notified.close(settled),
        }
    }
}

impl SqsFields {
    fn terms(self, cloud: &Cloud) -> Result<Terms, Problem> {
        let Self {
            url,
            endpoint,
            key_path: key,
            bucket_path: bucket,
            envelope_path: envelope,
            delay_period,
            max_messages,
            wait_time_seconds,
        } = self;
        let delay = match delay_period.as_str() {
            "" => Some(Duration::ZERO),
            text => parse_duration(text),
        };
        let delay = delay.ok_or_else(|| {
            Problem::new(format!("{delay_period:?} is not a duration")).at("/sqs/delay_period")
        })?;
        let bounded = |value: i64, range: RangeInclusive<u32>, at: &str| {
            let inside = u32::try_from(value).ok().filter(|value| range.contains(value));
            inside.ok_or_else(|| {
                let problem = format!("{value} is none of {} to {}", range.start(), range.end());
                Problem::new(problem).at(at)
            })
        };
        let own = (!endpoint.is_empty()).then_some(endpoint.as_str());
        Ok(Terms {
            url,
            settings: cloud.queue_settings(own),
            paths: Paths { key, bucket, envelope },
            delay,
            most: bounded(max_messages, 1..=10, "/sqs/max_messages")?,
            wait: bounded(wait_time_seconds, 0..=20, "/sqs/wait_time_seconds")?,
        })
    }
}

#[cfg(test)]
mod tests {
    use forebay_sdk::testing;
    use serde_json::{Value, json};

    use super::*;

    fn refusal(fields: &Value) -> Option<String> {
        let config = testing::config(fields).unwrap();
        AwsS3Input::open(config, &Context::new("aws_s3")).err().map(|problem| problem.to_string())
    }

    #[test]
    fn a_bucket_is_what_it_reads() {
        assert_eq!(refusal(&json!({"bucket": "lake"})), None);
        assert_eq!(refusal(&json!({})).as_deref(), Some("field bucket is required"));
    }

    #[test]
    fn a_queue_may_say_what_it_reads() {
        let queue = |name: &str, value: Value| {
            let mut fields = json!({"sqs": {"url": "https://queue"}});
            fields["sqs"][name] = value;
            refusal(&fields).unwrap_or_default()
        };
        assert_eq!(queue("delay_period", json!("1m")), "");
        assert!(queue("delay_period", json!("soon")).starts_with("/sqs/delay_period: \"soon\""));
        assert!(queue("max_messages", json!(11)).starts_with("/sqs/max_messages: 11 is none of 1 to 10"));
        assert!(queue("wait_time_seconds", json!(-1)).starts_with("/sqs/wait_time_seconds"));
    }
}
