use std::cell::RefCell;
use std::rc::Rc;

use forebay_sdk::http::Response;
use forebay_sdk::testing;
use serde_json::json;

use super::{Duration, OAuth2Fields, Tokens};

fn tokens(more: &serde_json::Value) -> Tokens {
    let mut config = json!({"enabled": true, "client_key": "me & you", "client_secret": {"$secret": "/s"},
        "token_url": "http://a/token", "scopes": ["read", "write all"]});
    for (key, value) in more.as_object().expect("an object") {
        config[key] = value.clone();
    }
    let fields: OAuth2Fields = testing::config(&config).expect("the configuration is right");
    Tokens::new(fields).unwrap_or_else(|error| panic!("{error}"))
}

/// What requests said of the client, and their bodies.
type Seen = Rc<RefCell<Vec<(Option<String>, String)>>>;

/// Answers requests for tokens in turn, and notes them.
fn serve(answers: Vec<(u16, &'static str)>) -> Seen {
    let seen = Rc::new(RefCell::new(Vec::new()));
    let (noted, answers) = (Rc::clone(&seen), RefCell::new(answers.into_iter()));
    testing::set_http(move |request| {
        let body = String::from_utf8_lossy(&request.shown_body()).into_owned();
        noted.borrow_mut().push((request.shown_header("authorization"), body));
        let (status, body) = answers.borrow_mut().next().expect("not asked that often");
        Ok(Response { status, headers: Vec::new(), body: body.into() })
    });
    seen
}

fn authorization(tokens: &mut Tokens) -> Result<String, String> {
    tokens.authorization(Duration::from_secs(5), Ok).map_err(|error| error.into_message())
}

#[test]
fn a_token_is_used_until_shortly_before_its_end() {
    testing::set_now(Duration::from_secs(1000));
    let seen = serve(vec![
        (200, r#"{"access_token":"one","expires_in":60}"#),
        (200, r#"{"access_token":"two","token_type":"bearer","expires_in":"60"}"#),
    ]);
    let mut tokens = tokens(&json!({}));
    for (second, expected) in [(1000, "Bearer one"), (1049, "Bearer one"), (1050, "Bearer two")] {
        testing::set_now(Duration::from_secs(second));
        assert_eq!(authorization(&mut tokens).as_deref(), Ok(expected));
    }
    let header = Some("Basic {base64 me+%26+you:{encoded secret /s}}".to_owned());
    let body = "grant_type=client_credentials&scope=read+write+all".to_owned();
    assert_eq!(*seen.borrow(), [(header.clone(), body.clone()), (header, body)]);
}

#[test]
fn a_server_that_wants_no_header_gets_parameters() {
    let seen = serve(vec![(401, "no"), (200, r#"{"access_token":"one"}"#)]);
    let mut tokens = tokens(&json!({"scopes": [], "endpoint_params": {"audience": ["a", "b c"]}}));
    assert_eq!(authorization(&mut tokens).as_deref(), Ok("Bearer one"));
    let body = "audience=a&audience=b+c&client_id=me+%26+you&client_secret={encoded secret /s}&grant_type=client_credentials";
    assert_eq!(seen.borrow()[1], (None, body.to_owned()));
    assert_eq!(authorization(&mut tokens).as_deref(), Ok("Bearer one"));
}

#[test]
fn a_refusal_is_told() {
    for (status, body, expected) in [
        (401, "no", "oauth2: cannot fetch token: 401 Unauthorized\nResponse: no"),
        (400, r#"{"error":"bad","error_description":"so"}"#, "oauth2: \"bad\" \"so\""),
        (200, "{}", "oauth2: server response missing access_token"),
    ] {
        let _ = serve(vec![(status, body); 2]);
        assert_eq!(authorization(&mut tokens(&json!({}))).unwrap_err(), expected);
    }
}

#[test]
fn parameters_do_not_take_the_place_of_the_scopes() {
    let config = json!({"scopes": ["a"], "endpoint_params": {"scope": ["b"]}});
    let fields: OAuth2Fields = testing::config(&config).expect("the configuration is right");
    let error = Tokens::new(fields).err().expect("refused");
    assert_eq!(error.message(), "oauth2: cannot overwrite parameter \"scope\"");
}
