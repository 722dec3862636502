use forebay_sdk::{Batch, BlockWriter, MetadataWriter, Value, testing};
use serde_json::json;

use super::{BTreeMap, Body, Composed, Composer, HeaderValue, Interpolated, Keys, PartTexts};
use crate::fields::KeyFields;
use crate::multipart;

fn text(text: &str) -> Interpolated {
    Interpolated::new(text).expect("it has no parts")
}

fn composer(url: &str, headers: &[(&str, &str)], body: Body) -> Composer {
    let metadata = KeyFields { include_prefixes: vec!["x".to_owned()], include_patterns: Vec::new() };
    Composer {
        method: "POST".to_owned(),
        url: text(url),
        headers: headers
            .iter()
            .map(|(name, value)| ((*name).to_owned(), text(value)))
            .collect::<BTreeMap<_, _>>(),
        host: None,
        metadata: Keys::compile(metadata, "metadata").expect("compiles"),
        body,
        basic: None,
    }
}

/// Messages with the metadata `x` and `y`, which is their number.
fn batch(payloads: &[&str]) -> Batch {
    let mut block = BlockWriter::with_capacity(1, 0);
    let mut metadata = MetadataWriter::default();
    for (index, payload) in (0..).zip(payloads) {
        block.push(payload.as_bytes());
        metadata.push("x", Value::Signed(index));
        metadata.push("y", Value::Signed(index));
        metadata.end_message();
    }
    block.set_metadata(metadata);
    Batch::from_block(block)
}

fn headers(composed: &Composed) -> Vec<String> {
    let shown = |(name, value): &(String, HeaderValue)| match value {
        HeaderValue::Plain(text) => format!("{name}: {text}"),
        HeaderValue::Hidden(text) => format!("{name}: {}", text.shown()),
    };
    composed.headers.iter().map(shown).collect()
}

fn compose(composer: &Composer, payloads: &[&str]) -> Composed {
    composer.compose(&batch(payloads)).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn a_message_is_the_body_of_its_request() {
    let composed =
        compose(&composer("http://a/", &[("B", "1"), ("Content-Length", "7")], Body::Messages), &["m"]);
    assert_eq!(headers(&composed), ["B: 1", "x: 0", "Content-Type: application/octet-stream"]);
    assert_eq!((composed.body.as_slice(), composed.url.as_str()), (&b"m"[..], "http://a/"));
}

#[test]
fn a_content_type_counts_as_it_is_written() {
    let own = compose(&composer("http://a/", &[("Content-Type", "text/plain")], Body::Messages), &["m"]);
    assert_eq!(headers(&own), ["Content-Type: text/plain", "x: 0"]);
    // As in Bento, which looks for this name alone.
    let other = compose(&composer("http://a/", &[("content-type", "text/plain")], Body::Messages), &["m"]);
    assert_eq!(headers(&other), ["x: 0", "Content-Type: application/octet-stream"]);
}

#[test]
fn several_messages_are_parts_with_metadata_of_their_own() {
    let composed =
        compose(&composer("http://a/", &[("Content-Type", "text/plain")], Body::Messages), &["m", "n"]);
    let boundary = "0".repeat(60);
    assert_eq!(
        headers(&composed),
        ["x: 0".to_owned(), format!("Content-Type: multipart/form-data; boundary={boundary}")]
    );
    let body = String::from_utf8_lossy(&composed.body);
    assert!(
        body.starts_with(&format!("--{boundary}\r\nContent-Type: text/plain\r\nx: 0\r\n\r\nm\r\n")),
        "{body}"
    );
    assert!(body.contains("x: 1\r\n\r\nn\r\n"), "{body}");
    assert_eq!(multipart::read(&composed.body, &boundary), Ok(vec![b"m".to_vec(), b"n".to_vec()]));
}

#[test]
fn parts_may_be_given() {
    let part = PartTexts {
        content_type: text("a/b"),
        content_disposition: text("form-data; name=\"q\""),
        body: text("content"),
    };
    let composed = compose(&composer("http://a/", &[], Body::Parts(vec![part])), &["m", "n"]);
    let expected = "\r\nContent-Disposition: form-data; name=\"q\"\r\nContent-Type: a/b\r\n\r\ncontent\r\n";
    assert!(String::from_utf8_lossy(&composed.body).contains(expected));
}

#[test]
fn a_user_in_the_url_is_a_header() {
    let composed = compose(&composer("http://u%40x:p@a:1/b?c@d", &[], Body::Text(text("t"))), &["m"]);
    assert_eq!(composed.url, "http://a:1/b?c@d");
    assert!(headers(&composed).contains(&"Authorization: Basic dUB4OnA=".to_owned()));
    let own =
        compose(&composer("http://u:p@a/", &[("authorization", "mine")], Body::Text(text("t"))), &["m"]);
    assert_eq!(headers(&own), ["authorization: mine", "x: 0", "Content-Type: application/octet-stream"]);
}

#[test]
fn a_password_stays_a_reference() {
    let mut composer = composer("http://a/", &[("authorization", "mine")], Body::Messages);
    let password = testing::config(&json!({"$secret": "/basic_auth/password"})).expect("a secret");
    composer.basic = Some(("u".to_owned(), Some(password)));
    let composed = compose(&composer, &["m"]);
    let last = headers(&composed).pop();
    assert_eq!(last.as_deref(), Some("Authorization: Basic {base64 u:{secret /basic_auth/password}}"));
    assert_eq!(headers(&composed).len(), 3);
}
