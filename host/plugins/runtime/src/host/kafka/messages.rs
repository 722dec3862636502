//! Batches of messages, made of records.

use std::borrow::Cow;
use std::collections::HashMap;

use forebay_columns::{BlockWriter, MetadataKey, MetadataWriter, Value};
use forebay_kafka_client::TopicPartition;
use forebay_kafka_wire::{Record, RecordHeader};
use forebay_model::Offset;
use forebay_pipeline_message::Batch;

/// What messages have beside what all have.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shape {
    /// Headers become arrays of texts.
    pub(super) multi_header: bool,
    /// How many offsets there are behind each.
    pub(super) lag: bool,
}

/// About what a message has beside its payload in a block: with room for it, no payload is moved in the end.
const METADATA: usize = 160;
const TOMBSTONE: &str = "kafka_tombstone_message";
/// So few headers are looked through one by one.
const FEW: usize = 16;

impl Shape {
    /// Independent messages, one for each record.
    pub(super) fn batch(self, records: &[Record], source: &TopicPartition, high_watermark: Offset) -> Batch {
        let bytes: usize =
            records.iter().map(|record| record.value.as_ref().map_or(0, bytes::Bytes::len)).sum();
        let mut block = BlockWriter::with_capacity(records.len(), bytes + records.len() * METADATA);
        let mut metadata = MetadataWriter::default();
        // An entry of a message hides a shared one of the same key. What batches of several partitions have in
        // common stands first: it stays shared when they are joined.
        metadata.push_shared("kafka_topic", Value::Text(source.topic.as_str()));
        let tombstones = records.iter().any(|record| record.value.is_none());
        if !tombstones {
            metadata.push_shared(TOMBSTONE, Value::Bool(false));
        }
        metadata.push_shared("kafka_partition", Value::Signed(source.partition.get().into()));
        let names = Names::of(&mut metadata, tombstones);
        let high_watermark = self.lag.then_some(high_watermark);
        for record in records {
            match &record.value {
                Some(value) => block.push(value),
                None => block.push_null(),
            }
            names.write(record, high_watermark, &mut metadata);
            if !record.headers.is_empty() {
                self.write_headers(&record.headers, &mut metadata);
            }
            metadata.end_message();
        }
        block.set_metadata(metadata);
        block.set_independent(true);
        Batch::from_writer(block)
    }

    fn write_headers(self, headers: &[RecordHeader], metadata: &mut MetadataWriter) {
        let keys = Keys::of(headers);
        let mut lists: Vec<Vec<Cow<'_, str>>> = Vec::new();
        if self.multi_header {
            lists.resize_with(keys.last.len(), Vec::new);
            for (header, key) in headers.iter().zip(&keys.of_header) {
                lists[*key].push(String::from_utf8_lossy(value_of(header)));
            }
        }
        for (index, last) in keys.last.iter().enumerate() {
            let header = &headers[*last];
            let name = String::from_utf8_lossy(&header.key);
            match lists.get(index) {
                Some(texts) => {
                    let list = serde_json::to_string(texts).expect("texts can be written as JSON");
                    metadata.push(&name, Value::Json(&list));
                }
                None => metadata.push(&name, text(value_of(header))),
            }
        }
    }
}

/// The keys of what every record has, which need not be looked up for each.
struct Names {
    key: MetadataKey,
    offset: MetadataKey,
    seconds: MetadataKey,
    millis: MetadataKey,
    lag: MetadataKey,
    /// Only where it is not the same for all.
    tombstone: Option<MetadataKey>,
}

impl Names {
    fn of(metadata: &mut MetadataWriter, tombstones: bool) -> Self {
        Self {
            key: metadata.intern("kafka_key"),
            offset: metadata.intern("kafka_offset"),
            seconds: metadata.intern("kafka_timestamp_unix"),
            millis: metadata.intern("kafka_timestamp_unix_ms"),
            lag: metadata.intern("kafka_lag"),
            tombstone: tombstones.then(|| metadata.intern(TOMBSTONE)),
        }
    }

    /// Writes the entries of a record, with the lag behind a high watermark where there is one.
    fn write(&self, record: &Record, high_watermark: Option<Offset>, metadata: &mut MetadataWriter) {
        let Record { offset, timestamp, key, value, headers } = record;
        let (offset, millis) = (offset.get(), timestamp.millis());
        let mut push = |name: &str, key: MetadataKey, value: Value<'_>| {
            // A header of that name takes its place.
            if headers.iter().all(|header| header.key != name.as_bytes()) {
                metadata.push_interned(key, value);
            }
        };
        if let Some(key) = key {
            push("kafka_key", self.key, text(key));
        }
        push("kafka_offset", self.offset, Value::Signed(offset));
        push("kafka_timestamp_unix", self.seconds, Value::Signed(millis.div_euclid(1_000)));
        push("kafka_timestamp_unix_ms", self.millis, Value::Signed(millis));
        if let Some(tombstone) = self.tombstone {
            push(TOMBSTONE, tombstone, Value::Bool(value.is_none()));
        }
        if let Some(high_watermark) = high_watermark {
            push("kafka_lag", self.lag, Value::Signed((high_watermark.get() - offset - 1).max(0)));
        }
    }
}

/// The different keys of headers, in the order in which they come first.
struct Keys {
    /// Where each stands last.
    last: Vec<usize>,
    /// Which key each header has.
    of_header: Vec<usize>,
}

impl Keys {
    fn of(headers: &[RecordHeader]) -> Self {
        let mut keys = Self { last: Vec::new(), of_header: Vec::with_capacity(headers.len()) };
        let mut known: HashMap<&[u8], usize> = HashMap::new();
        for (index, header) in headers.iter().enumerate() {
            let found = if headers.len() <= FEW {
                keys.last.iter().position(|last| headers[*last].key == header.key)
            } else {
                known.get(&*header.key).copied()
            };
            let key = found.unwrap_or(keys.last.len());
            keys.of_header.push(key);
            if found.is_some() {
                keys.last[key] = index;
                continue;
            }
            keys.last.push(index);
            if headers.len() > FEW {
                known.insert(&header.key, key);
            }
        }
        keys
    }
}

/// As in Bento, a header without a value is an empty text.
fn value_of(header: &RecordHeader) -> &[u8] {
    header.value.as_deref().unwrap_or_default()
}

fn text(bytes: &[u8]) -> Value<'_> {
    std::str::from_utf8(bytes).map_or(Value::Bytes(bytes), Value::Text)
}

#[cfg(test)]
mod tests {
    use forebay_model::{PartitionId, Timestamp};

    use super::*;

    const PLAIN: Shape = Shape { multi_header: false, lag: false };

    fn record(key: Option<&'static str>, headers: &[(&'static str, Option<&'static str>)]) -> Record {
        let header = |(key, value): &(&'static str, Option<&'static str>)| RecordHeader {
            key: (*key).into(),
            value: value.map(Into::into),
        };
        Record {
            offset: Offset::new(7).unwrap(),
            timestamp: Timestamp::from_millis(-1_500),
            key: key.map(Into::into),
            value: Some("v".into()),
            headers: headers.iter().map(header).collect(),
        }
    }

    fn batch(shape: Shape, record: Record) -> Batch {
        let source = TopicPartition::new("logs".parse().unwrap(), PartitionId::new(3).unwrap());
        shape.batch(&[record], &source, Offset::new(10).unwrap())
    }

    fn entries(batch: &Batch) -> Vec<(String, String)> {
        let message = batch.get(0).unwrap();
        message.metadata_entries().map(|(key, value)| (key.to_owned(), format!("{value:?}"))).collect()
    }

    #[test]
    fn a_message_says_where_its_record_stands() {
        let batch = batch(Shape { lag: true, ..PLAIN }, record(Some("k"), &[]));
        let expected = [
            ("kafka_topic", "Text(\"logs\")"),
            ("kafka_tombstone_message", "Bool(false)"),
            ("kafka_partition", "Signed(3)"),
            ("kafka_key", "Text(\"k\")"),
            ("kafka_offset", "Signed(7)"),
            ("kafka_timestamp_unix", "Signed(-2)"),
            ("kafka_timestamp_unix_ms", "Signed(-1500)"),
            ("kafka_lag", "Signed(2)"),
        ];
        assert_eq!(entries(&batch), expected.map(|(key, value)| (key.to_owned(), value.to_owned())));
        assert!(batch.independent() && batch.get(0).unwrap().payload() == Some(b"v"));
    }

    #[test]
    fn the_last_header_of_a_key_counts_and_takes_the_place_of_others() {
        let headers = [("a", Some("1")), ("kafka_topic", Some("x")), ("a", Some("2")), ("none", None)];
        let batch = batch(PLAIN, record(None, &headers));
        let message = batch.get(0).unwrap();
        assert_eq!(message.metadata("a"), Some(Value::Text("2")));
        assert_eq!(message.metadata("kafka_topic"), Some(Value::Text("x")));
        assert_eq!(message.metadata("none"), Some(Value::Text("")));
        assert_eq!(message.metadata("kafka_key"), None);
        assert_eq!(message.metadata_entries().filter(|(key, _)| *key == "kafka_topic").count(), 1);
    }

    #[test]
    fn all_headers_of_a_key_are_kept_where_that_is_asked_for() {
        let many = ["x"; FEW + 1].map(|key| (key, Some("y")));
        for (headers, expected) in [
            (&[("a", Some("1")), ("a", Some("2"))][..], "[\"1\",\"2\"]".to_owned()),
            (&many[..], format!("[{}]", ["\"y\""; FEW + 1].join(","))),
        ] {
            let batch = batch(Shape { multi_header: true, ..PLAIN }, record(None, headers));
            let key = headers[0].0;
            assert_eq!(batch.get(0).unwrap().metadata(key), Some(Value::Json(&expected)));
        }
    }

    #[test]
    fn each_record_says_whether_it_is_a_tombstone() {
        let source = TopicPartition::new("logs".parse().unwrap(), PartitionId::new(3).unwrap());
        let header = [("kafka_tombstone_message", Some("header"))];
        let records = [record(None, &[]), Record { value: None, ..record(None, &[]) }, record(None, &header)];
        let said = |records: &[Record]| {
            let batch = PLAIN.batch(records, &source, Offset::new(10).unwrap());
            let said = batch.iter().map(|message| format!("{:?}", message.metadata(TOMBSTONE).unwrap()));
            said.collect::<Vec<_>>()
        };
        assert_eq!(said(&records), ["Bool(false)", "Bool(true)", "Text(\"header\")"]);
        let [first, _, last] = records;
        assert_eq!(said(&[first, last]), ["Bool(false)", "Text(\"header\")"]);
    }

    #[test]
    fn what_is_no_text_stays_bytes_and_what_is_no_value_is_none() {
        let odd = Record { key: Some(vec![0xff].into()), value: None, ..record(None, &[]) };
        let batch = batch(PLAIN, odd);
        let message = batch.get(0).unwrap();
        assert_eq!(message.metadata("kafka_key"), Some(Value::Bytes(&[0xff])));
        assert_eq!(message.metadata("kafka_tombstone_message"), Some(Value::Bool(true)));
        assert_eq!(message.payload(), None);
    }
}
