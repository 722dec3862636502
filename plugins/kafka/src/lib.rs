//! Topics of Kafka clusters: the input and the output `kafka_franz`.
//!
//! Connections, logins, groups and batches of records are the host's. Here is what the fields of Bento mean (`fields`),
//! which topics a list names (`topics`), how far each partition is done (`input/places`), and what becomes of rebalances
//! and failures.

mod cluster;
mod input;
mod output;
mod sasl;
mod size;
mod topics;

use input::KafkaFranzInput;
use output::KafkaFranzOutput;

forebay_sdk::plugin! {
    name: "kafka",
    summary: "Reads and writes topics of Kafka clusters.",
    inputs: [KafkaFranzInput],
    outputs: [KafkaFranzOutput],
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    #[test]
    fn partitions_are_collected_apart() {
        let description: Value = serde_json::from_str(&super::describe()).unwrap();
        let components = description["components"].as_array().unwrap();
        let input = components.iter().find(|component| component["kind"] == "input").unwrap();
        assert_eq!(input["lanes"], json!(["kafka_topic", "kafka_partition"]));
        assert_eq!(input.get("rereads"), None);
    }
}
