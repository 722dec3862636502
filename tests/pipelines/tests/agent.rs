//! `forebay agent`, asked by `forebay kcmd`: what was acknowledged is there, whatever happens to the process.

#![cfg(test)]

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};

use forebay_tests_pipelines::{Finished, Folder, Running};

const STORES: [&str; 4] = ["-bucketURL", "", "-metadataURL", "sqlite://meta.db"];
const LOOPBACK: [&str; 6] =
    ["-listenAddress=127.0.0.1", "--kafkaPort", "0", "-httpPort=0", "-batchTimeout", "25ms"];

/// An agent, and where it listens.
struct Agent {
    running: Running,
    kafka: String,
    http: String,
}

impl Agent {
    fn start(folder: &Folder) -> Self {
        let bucket = format!("file://{}", folder.path("bucket").display());
        let stores = STORES.map(|arg| if arg.is_empty() { bucket.as_str() } else { arg });
        let mut running = folder.forebay(&["agent"]).args(&stores).args(&LOOPBACK).start();
        running.until_log_has("the agent is ready");
        let log = running.log();
        let port = |name: &str| {
            let at = log.split(&format!(" {name}=127.0.0.1:")).nth(1).unwrap();
            at.split_whitespace().next().unwrap().to_owned()
        };
        Self { kafka: port("kafka"), http: port("http"), running }
    }

    fn kcmd(&self, folder: &Folder, kind: &str, args: &[&str]) -> Finished {
        let asked = ["kcmd", "-type", kind, "--bootstrap-host=127.0.0.1", "-bootstrap-port", &self.kafka];
        folder.forebay(&asked).args(args).finish()
    }

    /// The first line of the answer, and all of it.
    fn get(&self, path: &str) -> (String, String) {
        let mut stream = TcpStream::connect(format!("127.0.0.1:{}", self.http)).unwrap();
        let request = format!("GET {path} HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        (answer.lines().next().unwrap().to_owned(), answer)
    }
}

#[test]
fn a_broker_is_asked_and_stopped() {
    let folder = Folder::new();
    let mut agent = Agent::start(&folder);
    let (status, answer) = agent.get("/v1/status");
    assert_eq!((status.as_str(), answer.ends_with("OK")), ("HTTP/1.1 200 OK", true));
    let diagnosed = agent.kcmd(&folder, "diagnose-connection", &[]).well();
    assert!(diagnosed.stdout.ends_with("clients can use it\n"), "{diagnosed:?}");
    let created = agent.kcmd(&folder, "create-topic", &["-topic", "logs"]).well();
    assert_eq!(created.stdout, "created topic logs\n");
    let again = agent.kcmd(&folder, "create-topic", &["-topic", "logs"]);
    assert!(again.code == Some(1) && again.stderr.contains("TopicAlreadyExists"), "{again:?}");
    let _ = agent.kcmd(&folder, "produce", &["-topic", "logs", "-records", "a,,b"]).well();
    let fetched = agent.kcmd(&folder, "fetch", &["-topic", "logs", "-offset", "1"]).well();
    assert_eq!(fetched.stdout, "topic:\"logs\" partition:0 offset:1 key:\"hello\" value:\"b\"\n");
    assert!(agent.get("/metrics").1.contains("warpstream_agent_kafka_produce_records_counter 2"));
    agent.running.signal("TERM");
    let stopped = agent.running.finish().well();
    assert!(stopped.stderr.contains("stopped gracefully"), "{stopped:?}");
    let lines = stopped.stderr.lines();
    let noise: Vec<_> = lines.filter(|line| !line.starts_with("level=info ")).collect();
    assert_eq!(noise, [""; 0]);
}

#[test]
fn what_was_acknowledged_is_there_after_a_kill() {
    let folder = Folder::new();
    let mut produced = 0;
    for round in 0..3 {
        let mut agent = Agent::start(&folder);
        for _ in 0..3 {
            let answer = agent.kcmd(&folder, "produce", &["-topic", "logs", "-records", &format!("{round}")]);
            assert!(answer.well().stdout.contains(&format!("from offset {produced} on")));
            produced += 1;
        }
        assert!(agent.running.kill());
    }
    let agent = Agent::start(&folder);
    let fetched = agent.kcmd(&folder, "fetch", &["-topic", "logs"]).well();
    let values: Vec<_> =
        fetched.lines().iter().map(|line| line.rsplit(':').next().unwrap().to_owned()).collect();
    assert_eq!(values, ["0", "0", "0", "1", "1", "1", "2", "2", "2"].map(|value| format!("{value:?}")));
}

#[test]
fn two_agents_do_not_share_a_file_of_metadata() {
    let folder = Folder::new();
    let _first = Agent::start(&folder);
    let second =
        folder.forebay(&["agent", "-bucketURL", "mem://b"]).args(&STORES[2..]).args(&LOOPBACK).finish();
    assert_eq!(second.code, Some(1));
    assert!(second.stderr.contains("meta.db is in use by another process"), "{second:?}");
}

#[test]
fn a_port_that_is_taken_is_named() {
    let folder = Folder::new();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let memory = ["agent", "-bucketURL", "mem://b", "-metadataURL", "sqlite://:memory:"];
    for (flag, other) in [("-kafkaPort", "-httpPort"), ("-httpPort", "-kafkaPort")] {
        let ports = ["-listenAddress", "127.0.0.1", flag, &port, other, "0"];
        let refused = folder.forebay(&memory).args(&ports).finish();
        let named = format!("127.0.0.1:{port}: choose another port with {flag}");
        assert!(refused.code == Some(1) && refused.stderr.contains(&named), "{refused:?}");
    }
}

#[test]
fn wrong_flags_and_variables_are_refused_by_name() {
    let folder = Folder::new();
    let memory = ["agent", "-bucketURL", "mem://b", "-metadataURL", "sqlite://:memory:"];
    for (args, named) in [
        (["-batchTimeot=1s"].as_slice(), "'--batchTimeout'"),
        (&["-bucketUrl", "x"], "'--bucketURL'"),
        (&["-batchTimeout", "1ms"], "it is 25ms at least"),
        (&["-clusterConfig", "num.partition=1"], "num.partitions"),
        (&["-roles", "proxy,query"], "there is no role \"query\": expected proxy, "),
        (&["-requireAuthentication"], "-requireAuthentication is not supported yet"),
    ] {
        let refused = folder.forebay(&memory).args(args).finish();
        assert!(refused.code == Some(2) && refused.stderr.contains(named), "{named}: {refused:?}");
    }
    let variable = folder.forebay(&memory).variable("WARPSTREAM_TLS_ENABLED", "true").finish();
    assert!(variable.stderr.contains("-kafkaTLS needs -tlsServerCertFile"), "{variable:?}");
    let mysql = folder.forebay(&["agent", "-bucketURL", "mem://b", "-metadataURL", "mysql://h/db"]).finish();
    assert!(mysql.stderr.contains("-metadataURL has to be sqlite://PATH"), "{mysql:?}");
}

#[test]
fn variables_stand_for_flags() {
    let folder = Folder::new();
    let mut agent = folder
        .forebay(&["agent"])
        .variable("WARPSTREAM_BUCKET_URL", "mem://b")
        .variable("WARPSTREAM_METADATA_URL", "sqlite://:memory:")
        .variable("WARPSTREAM_KAFKA_PORT", "0")
        .variable("WARPSTREAM_HTTP_PORT", "off")
        .variable("WARPSTREAM_API_KEY", "unseen")
        .args(&[
            "-listenAddress",
            "127.0.0.1",
            "-virtualClusterID",
            "vci_x",
            "-enablePrometheusMetrics=false",
        ])
        .start();
    agent.until_log_has("the agent is ready");
    assert!(!agent.log().contains("http=127") && !agent.log().contains("unseen"), "{}", agent.log());
    agent.signal("INT");
    let _ = agent.finish().well();
}
