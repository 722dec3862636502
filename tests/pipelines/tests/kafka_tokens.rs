//! Tokens that `kafka_franz` logs in with, fetched from a server. No agent takes them, so that the broker here knows
//! nothing but logins.

#![cfg(test)]

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use forebay_tests_pipelines::{Folder, Reply, Web};
use serde_json::json;

/// What brokers were shown, or asked behind that.
type Seen = Arc<Mutex<Vec<String>>>;

const METADATA: i16 = 3;
const API_VERSIONS: i16 = 18;
const SASL_HANDSHAKE: i16 = 17;
const SASL_AUTHENTICATE: i16 = 36;
const SASL_AUTHENTICATION_FAILED: i16 = 58;

/// Starts a broker that takes one token of OAUTHBEARER: its address.
fn broker(token: &'static str) -> (String, Seen) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (address, seen) = (listener.local_addr().unwrap(), Seen::default());
    let noted = Arc::clone(&seen);
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let noted = Arc::clone(&noted);
            std::thread::spawn(move || drop(serve(stream, token, &noted)));
        }
    });
    (address.to_string(), seen)
}

/// Answers until something else than a login is asked.
fn serve(mut stream: TcpStream, token: &str, seen: &Mutex<Vec<String>>) -> std::io::Result<()> {
    let mut is_refused = false;
    loop {
        let mut size = [0; 4];
        stream.read_exact(&mut size)?;
        let mut frame = vec![0; usize::try_from(u32::from_be_bytes(size)).unwrap()];
        stream.read_exact(&mut frame)?;
        let api = i16::from_be_bytes([frame[0], frame[1]]);
        let mut answer = frame[4..8].to_vec();
        match api {
            // Version 3: what has many elements begins with their number and one.
            API_VERSIONS => {
                answer.extend([0, 0, 4]);
                for (served, newest) in [(METADATA, 12), (SASL_HANDSHAKE, 1), (SASL_AUTHENTICATE, 1)] {
                    answer.extend([served, 0, newest].into_iter().flat_map(i16::to_be_bytes));
                    answer.push(0);
                }
                answer.extend([0; 5]);
            }
            SASL_HANDSHAKE => answer.extend(b"\0\0\0\0\0\x01\0\x0bOAUTHBEARER"),
            SASL_AUTHENTICATE => {
                let message = String::from_utf8_lossy(&frame).replace('\u{1}', "|");
                let shown = message.split("auth=Bearer ").nth(1).map(str::to_owned);
                let told = match &shown {
                    _ if is_refused => "",
                    Some(shown) if shown.starts_with(&format!("{token}|")) => "",
                    _ => r#"{"status":"invalid_token"}"#,
                };
                let error = if is_refused { SASL_AUTHENTICATION_FAILED } else { 0 };
                is_refused = !told.is_empty();
                seen.lock().unwrap().extend(shown);
                answer.extend(error.to_be_bytes());
                answer.extend((-1_i16).to_be_bytes());
                answer.extend(u32::try_from(told.len()).unwrap().to_be_bytes());
                answer.extend(told.as_bytes());
                answer.extend(0_i64.to_be_bytes());
            }
            other => {
                seen.lock().unwrap().push(format!("asked {other}"));
                return Ok(());
            }
        }
        stream.write_all(&u32::try_from(answer.len()).unwrap().to_be_bytes())?;
        stream.write_all(&answer)?;
    }
}

/// The first token has ended before the broker saw it, say.
#[test]
fn a_token_is_fetched_and_another_one_when_it_is_not_taken() {
    let web =
        Web::start(|_, before| Reply::ok(format!(r#"{{"access_token":"token{before}","expires_in":600}}"#)));
    let (address, seen) = broker("token1");
    let url = web.url();
    let bearer = json!({
        "mechanism": "OAUTHBEARER",
        "oauth2": {
            "enabled": true, "client_key": "me", "client_secret": "s&t", "token_url": format!("{url}/token"),
            "scopes": ["kafka"], "endpoint_params": {"audience": ["b c"]},
        },
        "extensions": {"logicalCluster": "lkc-1"},
    });
    let pipeline = json!({
        "input": {"kafka_franz": {"seed_brokers": [address], "topics": ["t"], "sasl": [bearer]}},
        "output": {"drop": {}},
    });
    let folder = Folder::new();
    let mut running = folder.run(&pipeline.to_string()).start();
    running
        .until("somebody is let in", |_| seen.lock().unwrap().iter().any(|seen| seen.starts_with("asked")));
    running.signal("TERM");
    let finished = running.finish().well();
    let told = format!("{}{}", finished.stdout, finished.stderr);
    assert!(!told.contains("s&t") && !told.contains("token1"), "{told}");

    let shown = seen.lock().unwrap()[..2].to_vec();
    assert_eq!(shown, ["token0", "token1"].map(|token| format!("{token}|logicalCluster=lkc-1||")));
    let asked = web.asked();
    assert_eq!(asked[0].header("authorization"), Some("Basic bWU6cyUyNnQ="));
    assert_eq!(asked[0].body, "audience=b+c&grant_type=client_credentials&scope=kafka");
    assert_eq!((asked.len(), asked[1].path.as_str()), (2, "/token"));
}

/// Whoever gives tokens out may be down for a while.
#[test]
fn a_pipeline_waits_for_a_token() {
    let web = Web::start(|_, before| match before {
        0..4 => Reply::status(503, "later"),
        _ => Reply::ok(r#"{"access_token":"token"}"#),
    });
    let (address, seen) = broker("token");
    let url = web.url();
    let bearer = json!({
        "mechanism": "OAUTHBEARER",
        "oauth2": {"enabled": true, "client_key": "me", "token_url": format!("{url}/token")},
    });
    let pipeline = json!({
        "input": {"generate": {"count": 1, "interval": "", "mapping": "root = 1"}},
        "output": {"kafka_franz": {"seed_brokers": [address], "topic": "t", "sasl": [bearer]}},
    });
    let folder = Folder::new();
    let mut running = folder.run(&pipeline.to_string()).start();
    running
        .until("somebody is let in", |_| seen.lock().unwrap().iter().any(|seen| seen.starts_with("asked")));
    assert_eq!(seen.lock().unwrap()[0], "token||");
    running.signal("KILL");
    let _ = running.finish();
}
