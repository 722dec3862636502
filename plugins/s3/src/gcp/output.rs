use std::time::Duration;

use forebay_sdk::config::{BatchPolicy, Interpolated};
use forebay_sdk::objects::{Attributes, PutOptions};
use forebay_sdk::streams::ByteStream;
use forebay_sdk::{
    Batch, Config, Context, Error, Operation, Output, Problem, StreamingOutput, WriteError, Written,
};

use crate::collision::Collision;
use crate::writer::{Object, Writer};

/// Puts each message as an object into a bucket of Google Cloud Storage, with the metadata of the message.
///
/// To make one object of many messages, collect them with `batching`, and make one of them there, with `archive` or
/// `parquet_encode`: what they make goes to the object in parts while it is made, and is seen there when it is
/// complete. Messages for different paths are parted first, with `group_by_value`. Credentials are those of the host.
#[derive(Config)]
pub(crate) struct GcpCloudStorageOutputConfig {
    /// The bucket.
    bucket: String,
    /// The name of each object.
    #[config(
        default = "${!count(\"files\")}-${!timestamp_unix_nano()}.txt",
        example = "${!metadata(\"kafka_key\")}.json",
        example = "${!json(\"doc.namespace\")}/${!json(\"doc.id\")}.json"
    )]
    path: Interpolated,
    /// The media type of each object.
    #[config(default = "application/octet-stream")]
    content_type: Interpolated,
    /// How each object is encoded.
    #[config(default = "", advanced, example = "gzip")]
    content_encoding: Interpolated,
    /// What becomes of a message whose object is there already: it takes its place (`overwrite`), it fails
    /// (`error-if-exists`), or it is dropped (`ignore`). Bento's `append` is not there.
    #[config(default = "overwrite", options("append", "error-if-exists", "ignore", "overwrite"))]
    collision_mode: String,
    /// How much is sent at once. The host chooses that itself.
    #[config(default = 16777216, advanced)]
    #[expect(dead_code, reason = "read for compatibility")]
    chunk_size: i64,
    /// How long an object may take, every try included. One that is put while it is made may take as long as that.
    #[config(default = "3s", example = "1s", example = "500ms")]
    timeout: Duration,
    /// How many batches may be under way at once.
    #[config(default = 64)]
    #[expect(dead_code, reason = "the host counts them")]
    max_in_flight: u64,
    /// How messages are collected to batches first.
    #[config(default = {})]
    #[expect(dead_code, reason = "the host collects them")]
    batching: BatchPolicy,
}

pub(crate) struct GcpCloudStorageOutput {
    writer: Writer,
    bucket: String,
    path: Interpolated,
    content_type: Interpolated,
    content_encoding: Interpolated,
    collision: Collision,
    timeout: Duration,
}

impl Output for GcpCloudStorageOutput {
    const NAME: &'static str = "gcp_cloud_storage";

    type Config = GcpCloudStorageOutputConfig;

    fn open(config: GcpCloudStorageOutputConfig, _: &Context) -> Result<Self, Problem> {
        let GcpCloudStorageOutputConfig {
            bucket,
            path,
            content_type,
            content_encoding,
            collision_mode,
            chunk_size: _,
            timeout,
            max_in_flight: _,
            batching: _,
        } = config;
        let collision = match collision_mode.as_str() {
            "error-if-exists" => Collision::Fail,
            "ignore" => Collision::Ignore,
            "append" => {
                let problem =
                    "nothing can be appended to an object: take one object for each message or batch";
                return Err(Problem::new(problem).at("/collision_mode"));
            }
            _ => Collision::Overwrite,
        };
        let writer = Writer::new(super::stores());
        Ok(Self { writer, bucket, path, content_type, content_encoding, collision, timeout })
    }

    fn connect(&mut self) -> Result<(), Error> {
        self.writer.check(&self.bucket)
    }

    fn write(&mut self, batch: Batch) -> Result<Written, WriteError> {
        let objects = self.objects(&batch)?;
        Ok(self.writer.write(&batch, objects))
    }

    fn resolve(&mut self, operation: Operation) -> Result<Written, WriteError> {
        self.writer.resolve(&operation)
    }
}

impl StreamingOutput for GcpCloudStorageOutput {
    fn write_stream(&mut self, head: Batch, payload: ByteStream) -> Result<Written, WriteError> {
        let object = self.objects(&head)?.pop().ok_or_else(|| Error::new("there is no message"))??;
        self.writer.write_stream(object, payload)
    }
}

impl GcpCloudStorageOutput {
    /// What each message of a batch becomes.
    fn objects(&self, batch: &Batch) -> Result<Vec<Result<Object, Error>>, Error> {
        let paths = self.path.evaluate(batch)?;
        let types = self.content_type.evaluate(batch)?;
        let encodings = self.content_encoding.evaluate(batch)?;
        let object = |index: usize| {
            let content_type = types.get(index).map_err(|error| error.context("content_type"))?;
            let content_encoding = encodings.get(index).map_err(|error| error.context("content_encoding"))?;
            let metadata = batch.message(index).metadata_entries();
            let attributes = Attributes {
                content_type: Some(content_type.into_owned()).filter(|text| !text.is_empty()),
                content_encoding: Some(content_encoding.into_owned()).filter(|text| !text.is_empty()),
                metadata: metadata.map(|(key, value)| (key.to_owned(), forebay_text::of(value))).collect(),
                ..Attributes::default()
            };
            Ok(Object {
                bucket: self.bucket.clone(),
                path: paths.get(index).map_err(|error| error.context("path"))?.into_owned(),
                options: PutOptions { attributes, tags: Vec::new(), timeout: Some(self.timeout) },
                collision: self.collision,
            })
        };
        Ok((0..batch.len()).map(object).collect())
    }
}

#[cfg(test)]
mod tests {
    use forebay_sdk::testing;
    use serde_json::{Value, json};

    use super::*;

    fn open(fields: &Value) -> Result<GcpCloudStorageOutput, Problem> {
        GcpCloudStorageOutput::open(testing::config(fields)?, &Context::new("gcp_cloud_storage"))
    }

    #[test]
    fn messages_are_objects_of_google() {
        let memory = testing::stores();
        let fields = json!({"bucket": "lake", "path": "a", "content_encoding": "gzip"});
        let mut output = open(&fields).unwrap();
        output.connect().unwrap();
        output.write(Batch::from_payloads(["one"])).unwrap();
        let StoredOptions { content_type, content_encoding, timeout } = stored(&memory);
        assert_eq!(content_type.as_deref(), Some("application/octet-stream"));
        assert_eq!((content_encoding.as_deref(), timeout), (Some("gzip"), Some(Duration::from_secs(3))));
    }

    struct StoredOptions {
        content_type: Option<String>,
        content_encoding: Option<String>,
        timeout: Option<Duration>,
    }

    fn stored(memory: &testing::Stores) -> StoredOptions {
        let PutOptions { attributes, timeout, .. } = memory.get("gs://lake", "a").unwrap().options;
        let Attributes { content_type, content_encoding, .. } = attributes;
        StoredOptions { content_type, content_encoding, timeout }
    }

    #[test]
    fn objects_that_are_there_stay_where_that_is_asked_for() {
        let memory = testing::stores();
        memory.put("gs://lake", "a", "old", PutOptions::default());
        let mut output = open(&json!({"bucket": "lake", "path": "a", "collision_mode": "ignore"})).unwrap();
        let written = output.write(Batch::from_payloads(["new"])).unwrap();
        assert!(written.failed.is_empty() && written.pending.is_empty());
        let mut output =
            open(&json!({"bucket": "lake", "path": "a", "collision_mode": "error-if-exists"})).unwrap();
        assert_eq!(output.write(Batch::from_payloads(["new"])).unwrap().failed.len(), 1);
        assert_eq!(memory.get("gs://lake", "a").unwrap().content, b"old");
        let refused =
            open(&json!({"bucket": "lake", "path": "a", "collision_mode": "append"})).err().unwrap();
        assert_eq!(refused.field(), "/collision_mode");
    }
}
