use std::cell::RefCell;
use std::rc::Rc;

use forebay_sdk::http::HttpError;
use forebay_sdk::{Origins, Processed, testing};
use serde_json::json;

use super::{Batch, Context, Duration, Event, HttpClientInput, Input, Response, Value, Woken, time};

type Answers = Vec<Result<(u16, &'static str), HttpError>>;

/// An input whose requests are answered in turn, and the urls that it asks for.
fn input(more: &serde_json::Value, answers: Answers) -> (HttpClientInput, Rc<RefCell<Vec<String>>>) {
    testing::set_now(Duration::ZERO);
    testing::set_pending(Woken::empty());
    // `${!content()}` is all that is known.
    testing::set_language(|_, source, _| {
        let source = source.to_owned();
        Ok(move |batch: &Batch| {
            let texts = testing::texts(batch).into_iter().map(|text| source.replace("${!content()}", &text));
            Ok(Processed { batch: Batch::from_payloads(texts), origins: Origins::Same })
        })
    });
    let mut config =
        json!({"url": "http://a/?after=${!content()}", "extract_headers": {"include_patterns": ["."]}});
    for (key, value) in more.as_object().expect("an object") {
        config[key] = value.clone();
    }
    let config = testing::config(&config).expect("the configuration is right");
    let asked = Rc::new(RefCell::new(Vec::new()));
    let (noted, answers) = (Rc::clone(&asked), RefCell::new(answers.into_iter()));
    testing::set_http(move |request| {
        noted.borrow_mut().push(format!("{} {}", request.method(), request.shown_url()));
        let (status, body) = answers.borrow_mut().next().expect("not asked that often")?;
        let headers = vec![("etag".to_owned(), b"e".to_vec())];
        Ok(Response { status, headers, body: body.into() })
    });
    (HttpClientInput::open(config, &Context::new("http_client")).expect("opens"), asked)
}

fn messages(input: &mut HttpClientInput) -> Vec<String> {
    match input.read(Vec::new()) {
        Ok(Event::Batch { batch, .. }) => {
            assert_eq!(batch.message(0).metadata("etag"), Some(Value::Text("e")));
            testing::texts(&batch)
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn texts_see_the_message_before() {
    let (mut input, asked) = input(&json!({}), vec![Ok((200, "one")), Ok((200, "")), Ok((201, "two"))]);
    assert_eq!(messages(&mut input), ["one"]);
    // A response without a body is passed over.
    assert!(matches!(input.read(Vec::new()), Ok(Event::Idle)));
    assert_eq!(messages(&mut input), ["two"]);
    assert_eq!(
        *asked.borrow(),
        ["GET http://a/?after=", "GET http://a/?after=one", "GET http://a/?after=one"]
    );
}

#[test]
fn failures_are_tried_again_after_pauses() {
    let answers = vec![Ok((429, "")), Ok((429, "")), Ok((500, "")), Ok((200, "x"))];
    let (mut input, _) = input(&json!({}), answers);
    assert_eq!(messages(&mut input), ["x"]);
    assert_eq!(time::monotonic(), Duration::from_secs(1 + 2 + 2));
}

#[test]
fn the_last_failure_is_told() {
    let (mut first, asked) =
        input(&json!({"retries": 1, "drop_on": [403]}), vec![Ok((500, "")), Ok((502, "no"))]);
    let Ok(Event::NotConnected(reason)) = first.read(Vec::new()) else { panic!("it failed") };
    assert_eq!(
        reason,
        "http://a/?after=: HTTP request returned unexpected response code (502): 502 Bad Gateway, Error: no"
    );
    assert_eq!(asked.borrow().len(), 2);
    let (mut dropped, asked) = input(&json!({"drop_on": [403]}), vec![Ok((403, ""))]);
    assert!(matches!(dropped.read(Vec::new()), Ok(Event::NotConnected(_))));
    assert_eq!(asked.borrow().len(), 1);
    let (mut late, _) = input(&json!({"retries": 0}), vec![Err(HttpError::Timeout("late".to_owned()))]);
    assert!(matches!(late.read(Vec::new()), Ok(Event::Idle)));
    let (mut denied, asked) = input(&json!({}), vec![Err(HttpError::Denied("no grant".to_owned()))]);
    let Ok(Event::NotConnected(reason)) = denied.read(Vec::new()) else { panic!("it failed") };
    assert_eq!(reason, "http://a/?after=: Get \"http://a/?after=\": no grant");
    assert_eq!(asked.borrow().len(), 1);
}

#[test]
fn a_pause_gives_way_and_is_gone_on_with() {
    let (mut input, asked) = input(&json!({}), vec![Ok((500, "")), Ok((200, "x"))]);
    testing::set_pending(Woken::SETTLEMENT);
    assert!(matches!(input.read(Vec::new()), Ok(Event::Idle)));
    testing::set_pending(Woken::empty());
    assert_eq!(messages(&mut input), ["x"]);
    assert_eq!((asked.borrow().len(), time::monotonic()), (2, Duration::from_secs(1)));
}

#[test]
fn every_try_keeps_to_the_rate_limit() {
    let (mut input, asked) = input(&json!({"rate_limit": "slow"}), vec![Ok((500, "")), Ok((200, "x"))]);
    let waits = Rc::new(RefCell::new(vec![2, 0, 4, 0]));
    let left = Rc::clone(&waits);
    testing::set_rate_limit(move |label, _| {
        assert_eq!(label, "slow");
        Ok(Duration::from_secs(left.borrow_mut().remove(0)))
    });
    assert_eq!(messages(&mut input), ["x"]);
    assert!(waits.borrow().is_empty());
    assert_eq!((asked.borrow().len(), time::monotonic()), (2, Duration::from_secs(2 + 1 + 4)));
}
