//! What `http` and `http_client` show of who sends a request, where the host computes it.

use forebay_tests_pipelines::{Finished, Folder, Reply, Web};

/// Sends lines to an output `http_client` with these fields.
fn delivered(folder: &Folder, web: &Web, fields: &str, lines: &str) -> Finished {
    let url = web.url();
    let pipeline = format!(
        "input: {{stdin: {{}}}}\noutput: {{http_client: {{url: '{url}/to?b=2&a=1', max_in_flight: 1, retry_period: 1ms, \
         {fields}}}}}\n"
    );
    folder.run(&pipeline).input(lines).finish().well()
}

fn authorizations(web: &Web) -> Vec<String> {
    web.asked().iter().map(|asked| asked.header("authorization").unwrap_or("none").to_owned()).collect()
}

/// The parameters of a header `authorization`.
fn parameter<'h>(header: &'h str, name: &str) -> Option<&'h str> {
    let (_, rest) = header.split_once(&format!("{name}="))?;
    Some(rest.split(',').next()?.trim_matches('"'))
}

#[test]
fn oauth_signs_every_request() {
    let web = Web::start(|_, before| if before == 0 { Reply::status(500, "") } else { Reply::ok("") });
    let fields = "oauth: {enabled: true, consumer_key: me, consumer_secret: hush, access_token: of, access_token_secret: hash}";
    let finished = delivered(&Folder::new(), &web, fields, "a\n");
    let sent = authorizations(&web);
    assert_eq!(sent.len(), 2);
    for header in &sent {
        assert!(header.starts_with("OAuth oauth_consumer_key=\"me\", "), "{header}");
        assert_eq!(parameter(header, "oauth_token"), Some("of"));
        assert_eq!(parameter(header, "oauth_signature_method"), Some("HMAC-SHA1"));
    }
    for name in ["oauth_nonce", "oauth_signature"] {
        assert_ne!(parameter(&sent[0], name), parameter(&sent[1], name), "{sent:?}");
    }
    assert!(!finished.stderr.contains("hush") && !finished.stderr.contains("hash"), "{finished:?}");
}

/// A key, and what another program has signed with it.
const KEY: &str = include_str!("http_authentication/ed25519.pem");
const TOKEN: &str = include_str!("http_authentication/token.jwt");

#[test]
fn a_token_is_signed_with_the_key_of_a_file() {
    let web = Web::start(|_, _| Reply::ok(""));
    let folder = Folder::new();
    folder.write("key.pem", KEY);
    let fields = "jwt: {enabled: true, private_key_file: key.pem, signing_method: EdDSA, claims: {n: 5, iss: me, \
                  aud: [a, b]}, headers: {kid: k1}}";
    let _ = delivered(&folder, &web, fields, "a\nb\n");
    let expected = format!("Bearer {}", TOKEN.trim());
    assert_eq!(authorizations(&web), [expected.as_str(), &expected]);
}

#[test]
fn a_key_that_is_not_there_fails_the_request() {
    let web = Web::start(|_, _| Reply::ok(""));
    let url = web.url();
    let pipeline = format!(
        "input: {{stdin: {{}}}}\npipeline:\n  processors:\n    - http: {{url: '{url}', jwt: {{enabled: true, \
         private_key_file: nothing.pem, signing_method: RS256}}}}\n    - mapping: root = error()\noutput: {{stdout: {{}}}}\n"
    );
    let finished = Folder::new().run(&pipeline).input("a\n").finish().well();
    assert!(finished.stdout.contains("failed to read private key"), "{finished:?}");
    assert!(web.asked().is_empty());
}

#[test]
fn a_server_that_asks_for_a_digest_is_answered() {
    let web = Web::start(|asked, _| {
        let nonce = if asked.body == "c" { "n2" } else { "n1" };
        match asked.header("authorization").and_then(|header| parameter(header, "nonce")) {
            Some(known) if known == nonce => Reply::ok(""),
            _ => {
                let challenge =
                    format!("Digest realm=\"r\", nonce=\"{nonce}\", qop=\"auth\", algorithm=SHA-256");
                Reply::status(401, "who?").header("WWW-Authenticate", &challenge)
            }
        }
    });
    let fields = "digest_auth: {enabled: true, username: me, password: hush}";
    let finished = delivered(&Folder::new(), &web, fields, "a\nb\nc\n");
    let sent = authorizations(&web);
    let shown: Vec<_> =
        sent.iter().map(|header| (parameter(header, "nonce"), parameter(header, "nc"))).collect();
    let answered = |nonce, count| (Some(nonce), Some(count));
    // The challenge is answered again until there is another one.
    assert_eq!(
        shown,
        [
            (None, None),
            answered("n1", "00000001"),
            answered("n1", "00000002"),
            answered("n1", "00000003"),
            answered("n2", "00000001"),
        ]
    );
    assert_eq!(parameter(&sent[1], "username"), Some("me"));
    assert_eq!(parameter(&sent[1], "uri"), Some("/to?b=2&a=1"));
    assert!(!finished.stderr.contains("hush"), "{finished:?}");
}

#[test]
fn a_digest_that_is_refused_is_a_failure() {
    let web = Web::start(|_, _| {
        Reply::status(401, "no").header("WWW-Authenticate", "Digest realm=\"r\", nonce=\"n\"")
    });
    let url = web.url();
    let pipeline = format!(
        "input: {{stdin: {{}}}}\npipeline:\n  processors:\n    - http: {{url: '{url}', retries: 0, digest_auth: {{enabled: true, \
         username: me, password: hush}}}}\n    - mapping: root = error()\noutput: {{stdout: {{}}}}\n"
    );
    let finished = Folder::new().run(&pipeline).input("a\n").finish().well();
    assert!(finished.stdout.contains("unexpected response code (401)"), "{finished:?}");
    assert_eq!(web.asked().len(), 2);
}
