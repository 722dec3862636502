//! Apache Kafka, one node that is its own controller, for as long as the test runs.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use forebay_kafka_client::Connection;
use forebay_lifecycle::chance;

use crate::ground::until;

pub(crate) struct Apache {
    process: Child,
    port: u16,
    token_port: u16,
    folder: PathBuf,
}

/// Any 16 bytes, as Kafka writes them.
const CLUSTER_ID: &str = "Zm9yZWJheS1iZW5jaC0xMg";
/// Without keys: it believes tokens that nobody has signed, as long as they have not ended. The claim is that of a token
/// that brokers make for themselves.
const BEARER: &str = "org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule required \
                      unsecuredLoginStringClaim_sub=\"broker\";";

impl Apache {
    /// Starts it where `KAFKA_HOME` says where it is.
    pub(crate) async fn start() -> Option<Self> {
        let home = PathBuf::from(std::env::var_os("KAFKA_HOME")?);
        let folder = std::env::temp_dir().join(format!("forebay-apache-{:016x}", chance::number()));
        std::fs::create_dir_all(&folder).unwrap();
        let [kafka, tokens, other] = free_ports();
        let properties = folder.join("server.properties");
        let text = format!(
            "process.roles=broker,controller\n\
             node.id=1\n\
             controller.quorum.voters=1@127.0.0.1:{other}\n\
             listeners=PLAINTEXT://127.0.0.1:{kafka},TOKENS://127.0.0.1:{tokens},CONTROLLER://127.0.0.1:{other}\n\
             advertised.listeners=PLAINTEXT://127.0.0.1:{kafka},TOKENS://127.0.0.1:{tokens}\n\
             listener.security.protocol.map=PLAINTEXT:PLAINTEXT,TOKENS:SASL_PLAINTEXT,CONTROLLER:PLAINTEXT\n\
             listener.name.tokens.sasl.enabled.mechanisms=OAUTHBEARER\n\
             listener.name.tokens.oauthbearer.sasl.jaas.config={BEARER}\n\
             listener.name.tokens.oauthbearer.connections.max.reauth.ms=1000\n\
             controller.listener.names=CONTROLLER\n\
             offsets.topic.replication.factor=1\n\
             offsets.topic.num.partitions=1\n\
             group.initial.rebalance.delay.ms=100\n\
             group.min.session.timeout.ms=1000\n\
             group.consumer.min.session.timeout.ms=2000\n\
             group.consumer.session.timeout.ms=2000\n\
             group.consumer.min.heartbeat.interval.ms=200\n\
             group.consumer.heartbeat.interval.ms=300\n\
             log.dirs={}\n",
            folder.join("log").display()
        );
        std::fs::write(&properties, text).unwrap();
        let java = || {
            let mut java = Command::new("java");
            java.args(["-Xmx512M", "-cp"]).arg(home.join("libs/*")).current_dir(&folder);
            java.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
            java
        };
        let format = ["kafka.tools.StorageTool", "format", "-t", CLUSTER_ID, "-c"];
        assert!(java().args(format).arg(&properties).status().unwrap().success(), "Kafka formats its folder");
        let process = java().arg("kafka.Kafka").arg(&properties).spawn().unwrap();
        let started = Self { process, port: kafka, token_port: tokens, folder };
        until("Kafka answers", async || match Connection::open("127.0.0.1", kafka, "conformance").await {
            Ok(mut connection) => connection.cluster().await.is_ok_and(|cluster| !cluster.brokers.is_empty()),
            Err(_) => false,
        })
        .await;
        Some(started)
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Where who comes logs in by a token, for a second.
    pub(crate) fn token_port(&self) -> u16 {
        self.token_port
    }
}

impl Drop for Apache {
    fn drop(&mut self) {
        // It may have ended by itself; then nothing is left to do.
        let _ = self.process.kill();
        let _ = self.process.wait();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// Ports that nobody has, no two the same.
fn free_ports<const N: usize>() -> [u16; N] {
    let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let taken = [any; N].map(|any| TcpListener::bind(any).unwrap());
    taken.map(|listener| listener.local_addr().unwrap().port())
}
