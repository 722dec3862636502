use forebay_sdk::testing;
use serde_json::json;

use super::{Batch, Body, Client, Duration, Failure, HttpError, Response, TryError, Verdict};

fn client(config: &serde_json::Value) -> Client {
    let fields = testing::config(config).expect("the configuration is right");
    Client::new(fields, "PUT".to_owned(), Body::Messages).expect("it can be used")
}

fn response(status: u16) -> Response {
    Response { status, headers: Vec::new(), body: Vec::new() }
}

#[test]
fn a_request_is_tried_as_often_as_it_is_said() {
    let mut client = client(&json!({"url": "http://a/", "retries": 2}));
    let mut exchange = client.exchange(Batch::from_payloads(["m"]));
    let mut pauses = Vec::new();
    loop {
        assert!(matches!(client.request(&mut exchange), Ok(Ok(_))));
        match client.judge(&mut exchange, Err(TryError::Http(HttpError::Connect("refused".to_owned())))) {
            Verdict::Again(pause) => pauses.push(pause),
            Verdict::Ended(result) => {
                let failure = Failure::new("http://a/: Put \"http://a/\": refused");
                assert_eq!(result, Err(failure));
                break;
            }
        }
    }
    assert_eq!(pauses, [Duration::from_secs(1); 2]);
}

#[test]
fn what_is_refused_is_not_tried_again() {
    let mut client = client(&json!({"url": "http://a/", "drop_on": [400]}));
    for tried in [Ok(response(400)), Err(TryError::Http(HttpError::Denied("no".to_owned())))] {
        let mut exchange = client.exchange(Batch::from_payloads(["m"]));
        assert!(matches!(client.judge(&mut exchange, tried), Verdict::Ended(Err(_))));
    }
}

#[test]
fn a_success_ends_the_longer_pauses() {
    let mut client = client(&json!({"url": "http://a/", "retry_period": "1ms", "max_retry_backoff": "3ms"}));
    let mut pauses = Vec::new();
    for status in [429, 429, 429, 200, 429] {
        let mut exchange = client.exchange(Batch::from_payloads(["m"]));
        if let Verdict::Again(pause) = client.judge(&mut exchange, Ok(response(status))) {
            pauses.push(pause.as_millis());
        }
    }
    assert_eq!(pauses, [1, 2, 3, 1]);
}

#[test]
fn the_host_of_the_headers_is_one() {
    let mut client = client(&json!({"url": "http://a/", "headers": {"hoSt": "b", "X": "c"}}));
    let mut exchange = client.exchange(Batch::from_payloads(["m"]));
    let Ok(Ok(request)) = client.request(&mut exchange) else { panic!("it can be sent") };
    assert_eq!(request.shown_header("host").as_deref(), Some("b"));
    assert_eq!((exchange.method.as_str(), exchange.url.as_str()), ("PUT", "http://a/"));
}

#[test]
fn what_proves_who_sends_a_request_is_for_the_host_to_compute() {
    let authentication = |fields: serde_json::Value| {
        let mut config = json!({"url": "http://a/"});
        for (key, value) in fields.as_object().expect("an object") {
            config[key] = value.clone();
        }
        let mut client = client(&config);
        let mut exchange = client.exchange(Batch::from_payloads(["m"]));
        let Ok(Ok(request)) = client.request(&mut exchange) else { panic!("it can be sent") };
        request.shown_authentication().map(|authentication| format!("{authentication:?}"))
    };
    let oauth = json!({"enabled": true, "consumer_key": "k", "consumer_secret": {"$secret": "/oauth/consumer_secret"}});
    let jwt =
        json!({"enabled": true, "private_key_file": "k.pem", "signing_method": "EdDSA", "claims": {"n": 1}});
    let basic = json!({"enabled": true, "username": "u"});
    let shown = authentication(json!({"oauth": oauth})).expect("there is one");
    assert!(
        shown.starts_with("OAuth1 { consumer_key: \"k\"") && shown.contains("/oauth/consumer_secret"),
        "{shown}"
    );
    let shown = authentication(json!({"oauth": oauth, "jwt": jwt})).expect("there is one");
    assert!(shown.starts_with("Jwt") && shown.contains("{\\\"n\\\":1}"), "{shown}");
    assert_eq!(authentication(json!({"oauth": oauth, "jwt": jwt, "basic_auth": basic})), None);
    let oauth2 = json!({"enabled": true, "client_key": "k", "token_url": "http://b/token"});
    let shown =
        authentication(json!({"oauth2": oauth2, "jwt": jwt, "basic_auth": basic})).expect("there is one");
    assert!(shown.starts_with("OAuth2") && shown.contains("http://b/token"), "{shown}");
    let digest = json!({"enabled": true, "username": "u", "password": {"$secret": "/digest_auth/password"}});
    let shown = authentication(json!({"digest_auth": digest, "basic_auth": basic})).expect("there is one");
    assert!(shown.starts_with("Digest"), "{shown}");
}
