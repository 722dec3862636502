//! Clients that take a JDK or Go: `cargo xtask interop` installs and builds them, and runs this.

use forebay_tests_kafka_clients::{Agent, Client, Matrix, Secured, installed};

/// A client in Java, with the jars of a folder.
#[cfg(test)]
fn java(name: &'static str, jars: &str, class: &str) -> Client {
    let built = installed(&format!("{jars}/classes"));
    let path = format!("{}:{}/*", built.display(), installed(&format!("{jars}/jars")).display());
    Client::new(name, "java").arg("-cp").arg(path).arg("-XX:TieredStopAtLevel=1").arg(class)
}

#[cfg(test)]
fn clients() -> Vec<Client> {
    let tools = format!("{}/*", installed("kafka-tools/jars").display());
    vec![
        java("kafka-clients 4.4", "kafka-java", "Client"),
        java("kafka-clients 2.0", "kafka-java-old", "Client"),
        Client::python("Kafka's tools 4.3", "kafka_tools.py").variable("KAFKA_TOOLS", tools),
        Client::new("franz-go", installed("kafka-go/client")),
    ]
}

#[test]
#[ignore = "run by `cargo xtask interop`, which installs what it needs"]
fn clients_do_what_the_matrix_says() {
    let agent = Agent::in_memory();
    let started: Vec<_> =
        clients().iter().map(|client| (client.name, client.start(&agent.bootstrap(), &[]))).collect();
    let mut matrix = Matrix::default();
    for (name, run) in started {
        matrix.add(name, run.finish());
    }
    println!("{}", matrix.to_markdown());
    matrix.compare("cargo xtask interop");
}

#[test]
#[ignore = "run by `cargo xtask interop`, which installs what it needs"]
fn clients_speak_tls_and_log_in() {
    let secured = Secured::start();
    let clients = [
        java("kafka-clients-security", "kafka-java", "Security"),
        Client::new("franz-go-security", installed("kafka-go/client")),
    ];
    let started = clients.map(|client| secured.tell(client).start(&secured.bootstrap(), &[]));
    assert_eq!(started.map(|run| run.finish().len()), [6, 7]);
}
