//! Kafka's clients over TLS, logged in, and with certificates: what they may do and what not.

use forebay_tests_kafka_clients::{Client, Secured, installed, scripts};

#[test]
fn clients_log_in_and_are_kept_to_what_they_may() {
    let secured = Secured::start();
    let clients = [
        Client::python("security", "security.py"),
        Client::new("KafkaJS-security", "node")
            .arg(scripts("kafkajs_security.js").display().to_string())
            .variable("NODE_PATH", installed("kafka-js/node_modules").display().to_string()),
    ];
    let started = clients.map(|client| secured.tell(client).start(&secured.bootstrap(), &[]));
    let tried = started.map(|run| run.finish().len());
    assert_eq!(tried, [7, 4]);
}
