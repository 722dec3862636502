//! Clients of which `cargo xtask setup` installs all: they do what `MATRIX.md` says.

use forebay_node::Stores;
use forebay_tests_kafka_clients::{Agent, Client, Matrix, Moto, installed, scripts};

#[cfg(test)]
fn clients() -> Vec<Client> {
    vec![
        Client::python("confluent-kafka", "confluent.py"),
        Client::python("kcat", "kcat.py"),
        Client::python("kafka-python", "kafka_python.py"),
        Client::python("aiokafka", "aio_kafka.py"),
        Client::new("KafkaJS", "node")
            .arg(scripts("kafkajs.js").display().to_string())
            .variable("NODE_PATH", installed("kafka-js/node_modules").display().to_string()),
    ]
}

#[test]
fn clients_do_what_the_matrix_says() {
    let agent = Agent::in_memory();
    // All at once: they wait more than they compute.
    let started: Vec<_> =
        clients().iter().map(|client| (client.name, client.start(&agent.bootstrap(), &[]))).collect();
    let mut matrix = Matrix::default();
    for (name, run) in started {
        matrix.add(name, run.finish());
    }
    println!("{}", matrix.to_markdown());
    matrix.compare("Every test run");
}

#[test]
fn records_go_through_a_server_that_speaks_s3() {
    let moto = Moto::start();
    let stores = Stores::open(&moto.url(), "sqlite://:memory:", Moto::keys()).unwrap();
    let agent = Agent::over(stores);
    let features = ["produce zstd", "idempotent", "fetch from timestamp", "large records", "delete records"];
    let client = Client::python("confluent-kafka-s3", "confluent.py");
    assert_eq!(client.start(&agent.bootstrap(), &features).finish().len(), features.len());
}
