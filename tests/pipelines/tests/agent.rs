//! `forebay agent`, asked by `forebay kcmd`: what was acknowledged is there, whatever happens to the process.

#![cfg(test)]

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use forebay_tests_pipelines::{Finished, Folder, Running};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};

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
        Self::start_with(folder, &[])
    }

    fn start_with(folder: &Folder, args: &[&str]) -> Self {
        let bucket = format!("file://{}", folder.path("bucket").display());
        let stores = STORES.map(|arg| if arg.is_empty() { bucket.as_str() } else { arg });
        let mut running = folder.forebay(&["agent"]).args(&stores).args(&LOOPBACK).args(args).start();
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

fn pem(label: &str, der: &[u8]) -> String {
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", BASE64_STANDARD.encode(der))
}

/// Certificates and keys of `server` and `client`, which `roots.pem` has signed.
fn certificates(folder: &Folder) {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().unwrap();
    folder.write("roots.pem", pem("CERTIFICATE", params.self_signed(&key).unwrap().der()));
    let authority = Issuer::new(params, key);
    for name in ["server", "client"] {
        let mut params = CertificateParams::new(["127.0.0.1".to_owned()]).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &authority).unwrap();
        folder.write(&format!("{name}.pem"), pem("CERTIFICATE", certificate.der()));
        folder.write(&format!("{name}.key"), pem("PRIVATE KEY", &key.serialize_der()));
    }
}

const TLS: [&str; 5] =
    ["-kafkaTLS", "-tlsServerCertFile", "server.pem", "-tlsServerPrivateKeyFile", "server.key"];
const ROOTS: [&str; 3] = ["-tls", "-tlsCACertFile", "roots.pem"];

#[test]
fn a_broker_is_asked_by_tls_with_a_login_or_a_certificate() {
    let folder = Folder::new();
    certificates(&folder);
    let user = ["credentials", "create", "-username", "alice", "-password", "secret"];
    let _ = folder.forebay(&user).args(&STORES[2..]).finish().well();

    let mut agent = Agent::start_with(&folder, &[&TLS[..], &["-requireSASLAuthentication"]].concat());
    let login = ["-login", "alice", "-loginPassword", "secret"];
    let plain = [&login[..], &["-loginMechanism", "PLAIN"]].concat();
    for login in [&login[..], &plain] {
        let args = [&ROOTS[..], login].concat();
        let diagnosed = agent.kcmd(&folder, "diagnose-connection", &args).well();
        assert!(diagnosed.stdout.contains(" by TLS, as alice by "), "{diagnosed:?}");
        assert!(diagnosed.stdout.ends_with("clients can use it\n"), "{diagnosed:?}");
    }
    let args = [&ROOTS[..], &login, &["-topic", "logs"]].concat();
    let _ = agent.kcmd(&folder, "produce", &[&args[..], &["-records", "a"]].concat()).well();
    let fetched = agent.kcmd(&folder, "fetch", &args).well();
    assert!(fetched.stdout.ends_with(" offset:0 key:\"hello\" value:\"a\"\n"), "{fetched:?}");
    let wrong = ["-login", "alice", "-loginPassword", "wrong"];
    let refused = agent.kcmd(&folder, "diagnose-connection", &[&ROOTS[..], &wrong].concat());
    assert!(refused.code == Some(1) && refused.stderr.contains("SaslAuthenticationFailed"), "{refused:?}");
    let stranger = agent.kcmd(&folder, "diagnose-connection", &[&["-tls"][..], &login].concat());
    assert!(stranger.code == Some(1) && stranger.stderr.contains("UnknownIssuer"), "{stranger:?}");
    agent.running.signal("TERM");
    let _ = agent.running.finish().well();

    let mutual = ["-requireMTLSAuthentication", "-tlsClientCACertFile", "roots.pem"];
    let agent = Agent::start_with(&folder, &[&TLS[..], &mutual].concat());
    let shown = ["-tlsClientCertFile", "client.pem", "-tlsClientPrivateKeyFile", "client.key"];
    let args = ["-topic", "logs", "-offset", "0"];
    let fetched = agent.kcmd(&folder, "fetch", &[&ROOTS[..], &shown, &args].concat()).well();
    assert!(fetched.stdout.ends_with(" value:\"a\"\n"), "{fetched:?}");
    assert_eq!(agent.kcmd(&folder, "fetch", &[&ROOTS[..], &args].concat()).code, Some(1));
    // Half of what it takes is refused by name.
    let half = agent.kcmd(&folder, "fetch", &[&ROOTS[..], &shown[..2], &args].concat());
    assert!(half.code == Some(2) && half.stderr.contains("--tlsClientPrivateKeyFile"), "{half:?}");
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
