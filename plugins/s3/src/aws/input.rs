use forebay_sdk::config::ScannerConfig;
use forebay_sdk::{Config, Context, Error, Event, Input, Problem, Settlement};

use super::session::SessionFields;
use crate::stores::Stores;
use crate::walk::{Keys, Walk};

/// Reads the objects of a bucket of S3, or of a store that speaks as it does, one after the other in the order of their
/// names, and ends after the last one.
///
/// Every message has the metadata `s3_key`, `s3_bucket`, `s3_last_modified`, `s3_last_modified_unix`,
/// `s3_content_type`, `s3_content_encoding`, and what the object itself has as metadata. While one object is read, the
/// next one is opened. One that can't be read is tried again until it can, or is gone. Names that end in a slash are
/// passed over, and a bucket with names that have empty parts between slashes can't be read.
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
    /// Notifications of new objects. They can't be had yet: `url` must be empty.
    #[config(default = {}, advanced)]
    sqs: SqsFields,
}

#[derive(Config)]
#[expect(dead_code, reason = "read for compatibility, refused when there is a url")]
struct SqsFields {
    /// The queue.
    #[config(default = "")]
    url: String,
    /// The address of another service than that of AWS.
    #[config(default = "", advanced)]
    endpoint: String,
    /// Where notifications have the name of the object.
    #[config(default = "Records.*.s3.object.key")]
    key_path: String,
    /// Where notifications have the name of the bucket.
    #[config(default = "Records.*.s3.bucket.name")]
    bucket_path: String,
    /// Where messages have the notification, if it is not all of them.
    #[config(default = "")]
    envelope_path: String,
    /// How old a notification is before its object is read.
    #[config(default = "", advanced)]
    delay_period: String,
    /// How many notifications are taken at once.
    #[config(default = 10, advanced)]
    max_messages: i64,
    /// How long the service waits for notifications.
    #[config(default = 0, advanced)]
    wait_time_seconds: i64,
}

pub(crate) struct AwsS3Input {
    walk: Walk,
    prefix: String,
}

const KEYS: Keys = Keys {
    name: "s3_key",
    bucket: "s3_bucket",
    modified: "s3_last_modified",
    modified_unix: "s3_last_modified_unix",
    content_type: "s3_content_type",
    content_encoding: "s3_content_encoding",
    says_absent: false,
};

impl Input for AwsS3Input {
    const NAME: &'static str = "aws_s3";
    const REREADS: bool = true;

    type Config = AwsS3InputConfig;

    fn open(config: AwsS3InputConfig, _: &Context) -> Result<Self, Problem> {
        let AwsS3InputConfig { bucket, prefix, session, force_path_style_urls, delete_objects, sqs, .. } =
            config;
        if !sqs.url.is_empty() {
            let problem = "notifications of SQS can't be read: leave it empty, and the bucket is walked";
            return Err(Problem::new(problem).at("/sqs/url"));
        }
        if bucket.is_empty() {
            return Err(Problem::new("field bucket is required"));
        }
        let stores = Stores::new(session.cloud(force_path_style_urls));
        Ok(Self { walk: Walk::new(stores, bucket, delete_objects, &KEYS), prefix })
    }

    fn connect(&mut self) -> Result<(), Error> {
        self.walk.connect(&self.prefix)
    }

    fn read(&mut self, settled: Vec<Settlement>) -> Result<Event, Error> {
        Ok(self.walk.read(settled))
    }

    fn close(self, settled: Vec<Settlement>) {
        self.walk.close(settled);
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
        let queue = refusal(&json!({"bucket": "lake", "sqs": {"url": "https://queue"}})).unwrap();
        assert!(queue.starts_with("/sqs/url: notifications of SQS"), "{queue}");
    }
}
