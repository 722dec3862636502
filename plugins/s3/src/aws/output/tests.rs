#![cfg(test)]

use forebay_sdk::{BlockWriter, MetadataWriter, Origins, Processed, Value, testing};
use serde_json::json;

use super::*;

const URL: &str = "s3://lake";

fn open(fields: &serde_json::Value) -> Result<AwsS3Output, Problem> {
    // An interpolation stands for the payload of its message here.
    testing::set_language(|_, _, _| {
        Ok(|batch: &Batch| {
            let texts = batch.messages().map(|message| message.bytes().to_vec());
            Ok(Processed { batch: Batch::from_payloads(texts), origins: Origins::Same })
        })
    });
    AwsS3Output::open(testing::config(fields)?, &Context::new("aws_s3"))
}

/// One message with metadata.
fn message() -> Batch {
    let mut block = BlockWriter::with_capacity(1, 0);
    let mut metadata = MetadataWriter::default();
    metadata.push("kafka_key", Value::Text("k"));
    metadata.push("kind", Value::Signed(5));
    metadata.end_message();
    block.push(b"one");
    block.set_metadata(metadata);
    Batch::from_block(block)
}

#[test]
fn an_object_has_what_was_asked_for() {
    let memory = testing::stores();
    let fields = json!({
        "bucket": "lake", "path": "a/b", "tags": {"team": "data", "kind": "${! content() }"},
        "content_type": "text/plain", "content_encoding": "gzip", "cache_control": "no-cache",
        "content_disposition": "inline", "content_language": "en", "storage_class": "STANDARD_IA",
        "metadata": {"exclude_prefixes": ["kafka_"]}, "timeout": "7s",
    });
    let mut output = open(&fields).unwrap();
    output.connect().unwrap();
    let written = output.write(message()).unwrap();
    assert_eq!((written.failed.len(), written.pending.len()), (0, 1));
    let object = memory.get(URL, "a/b").unwrap();
    assert_eq!(object.content, b"one");
    let text = |text: &str| Some(text.to_owned());
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let attributes = Attributes {
        content_type: text("text/plain"),
        content_encoding: text("gzip"),
        content_language: text("en"),
        content_disposition: text("inline"),
        cache_control: text("no-cache"),
        storage_class: text("STANDARD_IA"),
        metadata: vec![pair("kind", "5")],
    };
    let tags = vec![pair("kind", "one"), pair("team", "data")];
    assert_eq!(object.options, PutOptions { attributes, tags, timeout: Some(Duration::from_secs(7)) });
}

#[test]
fn by_itself_an_object_has_little() {
    let memory = testing::stores();
    let mut output = open(&json!({"bucket": "lake", "path": "a"})).unwrap();
    output.write(Batch::from_payloads(["one"])).unwrap();
    let options = memory.get(URL, "a").unwrap().options;
    let mut expected = PutOptions::default().content_type("application/octet-stream");
    expected.timeout = Some(Duration::from_secs(5));
    assert_eq!(options, expected);
}

#[test]
fn a_batch_goes_to_the_paths_and_buckets_of_its_messages() {
    let memory = testing::stores();
    let mut output = open(&json!({"bucket": "${! content() }", "path": "p/${! content() }"})).unwrap();
    output.connect().unwrap();
    let written = output.write(Batch::from_payloads(["one", "no bucket", "two"])).unwrap();
    assert_eq!(written.failed[0].messages, Some(vec![1]));
    assert_eq!(written.pending.len(), 2);
    assert_eq!(memory.get("s3://one", "one").unwrap().content, b"one");
    assert_eq!(memory.get("s3://two", "two").unwrap().content, b"two");
}

#[test]
fn a_message_that_is_made_is_put_as_a_stream() {
    let memory = testing::stores();
    let mut output = open(&json!({"bucket": "lake", "path": "file"})).unwrap();
    let written = output.write_stream(message(), testing::stream(b"PAR1....PAR1", 5)).unwrap();
    assert_eq!((written.failed.len(), written.pending.len()), (0, 1));
    let object = memory.get(URL, "file").unwrap();
    assert_eq!(object.content, b"PAR1....PAR1");
    assert_eq!(object.options.attributes.metadata.len(), 2);
}

#[test]
fn uploads_that_may_be_of_others_are_left_alone_unless_it_is_said() {
    let day = Duration::from_hours(24);
    for (path, after, expected) in [
        ("all", None, Some(day)),
        ("all", Some(""), None),
        ("all", Some("0s"), Some(Duration::ZERO)),
        ("logs/${! content() }.parquet", None, None),
        ("logs/${! content() }.parquet", Some(""), None),
        ("logs/${! content() }.parquet", Some("24h"), Some(day)),
    ] {
        let memory = testing::stores();
        let mut fields = json!({"bucket": "lake", "path": path});
        if let Some(after) = after {
            fields["abort_uploads_after"] = json!(after);
        }
        open(&fields).unwrap().connect().unwrap();
        let sought = memory.take_stale().pop().map(|sought| sought.untouched);
        assert_eq!(sought, expected, "{path} {after:?}");
    }
}

#[test]
fn encryption_and_checksums_are_of_the_store() {
    let settings = |fields: &serde_json::Value| {
        let memory = testing::stores();
        open(fields).unwrap().connect().unwrap();
        memory.take_opened().remove(0).1
    };
    let pairs = |pairs: &[(&str, &str)]| -> Vec<_> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    };
    let keyed = settings(&json!({"bucket": "lake", "kms_key_id": "key", "checksum_algorithm": "SHA256"}));
    let expected =
        [("server_side_encryption", "aws:kms"), ("sse_kms_key_id", "key"), ("checksum_algorithm", "sha256")];
    assert_eq!(keyed, pairs(&expected));
    let plain = settings(&json!({"bucket": "lake", "server_side_encryption": "AES256"}));
    assert_eq!(plain, pairs(&[("server_side_encryption", "AES256")]));
}

#[test]
fn what_is_not_there_is_refused_by_name() {
    for (field, value) in [
        ("website_redirect_location", "/other"),
        ("checksum_algorithm", "CRC32"),
        ("server_side_encryption", "rot13"),
    ] {
        let problem = open(&json!({"bucket": "lake", field: value})).err().unwrap();
        assert_eq!(problem.field(), format!("/{field}"));
    }
}
