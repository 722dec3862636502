use forebay_sdk::kafka::KafkaFailure;
use forebay_sdk::testing::{self, KafkaBroker, KafkaRecord};
use forebay_sdk::{BlockWriter, Origins, Processed};
use serde_json::{Value, json};

use super::*;

/// Texts with a `${!name}` alone: the part of the payload with that number, between spaces; `fails` fails.
fn set_language() {
    testing::set_language(|_, source, _| {
        let name = source.trim_start_matches("${!").trim_end_matches('}').to_owned();
        Ok(move |batch: &Batch| {
            let texts = batch.messages().map(|message| {
                let payload = String::from_utf8_lossy(message.bytes()).into_owned();
                let part =
                    name.parse::<usize>().ok().and_then(|at| payload.split(' ').nth(at).map(str::to_owned));
                part.unwrap_or_default()
            });
            Ok(Processed { batch: Batch::from_payloads(texts), origins: Origins::Same })
        })
    });
}

fn output(fields: &Value) -> (KafkaFranzOutput, KafkaBroker) {
    set_language();
    let broker = testing::kafka();
    broker.topic("t", 3);
    let mut all = json!({"seed_brokers": ["a:1"], "topic": "t"});
    let fields = fields.as_object().unwrap().clone();
    all.as_object_mut().unwrap().extend(fields);
    let config = testing::config(&all).unwrap();
    let mut output = KafkaFranzOutput::open(config, &Context::new("kafka_franz")).unwrap();
    output.connect().unwrap();
    (output, broker)
}

/// Writes a batch to the end.
fn write(output: &mut KafkaFranzOutput, batch: Batch) -> Result<Written, WriteError> {
    let mut written = output.write(batch)?;
    let pending = written.pending.pop().unwrap();
    assert!(pending.resolve && pending.messages.is_none());
    output.resolve(pending.operation)
}

fn all_of(broker: &KafkaBroker, topic: &str) -> Vec<KafkaRecord> {
    (0..3).flat_map(|partition| broker.records(topic, partition)).collect()
}

#[test]
fn texts_say_where_a_message_goes() {
    let (mut output, broker) = output(&json!({
        "topic": "${!0}", "key": "${!1}", "partitioner": "manual", "partition": "${!2}", "timestamp": "${!3}",
    }));
    broker.topic("a", 2);
    broker.topic("b", 2);
    let written = write(&mut output, Batch::from_payloads(["a k 1 5", "b null 0 6"])).unwrap();
    assert!(written.failed.is_empty());
    assert_eq!(broker.records("a", 1), [KafkaRecord::of("a k 1 5").key("k").at(5000)]);
    assert_eq!(broker.records("b", 0), [KafkaRecord::of("b null 0 6").at(6000)]);
}

#[test]
fn messages_without_a_payload_are_empty_unless_they_are_tombstones() {
    let nothing = || {
        let mut block = BlockWriter::with_capacity(1, 0);
        block.push_null();
        Batch::from_block(block)
    };
    let (mut output, broker) = output(&json!({"key": "k"}));
    write(&mut output, nothing()).unwrap();
    assert_eq!(all_of(&broker, "t"), [KafkaRecord::of("").key("k")]);
    let (mut output, broker) = self::output(&json!({"key": "k", "tombstone": "${!0}"}));
    write(&mut output, Batch::from_payloads(["true", "false"])).unwrap();
    let mut records = all_of(&broker, "t");
    records.sort_by_key(|record| record.value.is_some());
    assert_eq!(records, [KafkaRecord::tombstone("k"), KafkaRecord::of("false").key("k")]);
}

#[test]
fn only_messages_that_failed_are_rejected() {
    let (mut output, broker) = output(&json!({}));
    broker.break_send("t", KafkaFailure::new(FailureKind::TooLarge, "t-0: message too large"));
    let written = write(&mut output, Batch::from_payloads(["a", "b", "c"])).unwrap();
    let expected = Failure { reason: "t-0: message too large".to_owned(), messages: Some(vec![0]) };
    assert_eq!(written.failed, [expected]);
    assert_eq!(all_of(&broker, "t").len(), 2);
}

#[test]
fn a_cluster_that_is_gone_is_connected_to_again() {
    let (mut output, broker) = output(&json!({}));
    let gone = || KafkaFailure::new(FailureKind::Disconnected, "no broker answers");
    broker.break_send("t", gone());
    let lost = write(&mut output, Batch::from_payloads(["a"])).unwrap_err();
    assert_eq!(lost, WriteError::NotConnected("no broker answers".to_owned()));
    broker.fail("send", KafkaError::Failed(gone()));
    let lost = output.write(Batch::from_payloads(["a"])).unwrap_err();
    assert_eq!(lost, WriteError::NotConnected("no broker answers".to_owned()));
    broker.fail("ping", KafkaError::Failed(gone()));
    assert_eq!(output.connect().unwrap_err().message(), "no broker answers");
    assert!(matches!(output.write(Batch::from_payloads(["a"])), Err(WriteError::NotConnected(_))));
    output.connect().unwrap();
    assert!(write(&mut output, Batch::from_payloads(["a"])).unwrap().failed.is_empty());
}

#[test]
fn what_is_under_way_outlives_its_connection() {
    let (mut output, broker) = output(&json!({}));
    broker.break_send("t", KafkaFailure::new(FailureKind::TooLarge, "t-0: message too large"));
    let mut written = output.write(Batch::from_payloads(["a", "b"])).unwrap();
    output.connect().unwrap();
    let resolved = output.resolve(written.pending.pop().unwrap().operation).unwrap();
    assert_eq!(resolved.failed.len(), 1);
    assert!(output.sent.is_empty());
}
