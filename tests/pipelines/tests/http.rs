//! The processor `http`, the input and the output `http_client`, against a server on loopback.

use std::sync::{Condvar, Mutex};

use forebay_tests_pipelines::{Finished, Folder, Reply, Web};

/// Sends lines through a processor `http` with these fields, and shows what came of them.
fn processed(web: &Web, fields: &str, lines: &str) -> Finished {
    let url = web.url();
    let mapping =
        "root = content().string() + \" \" + @.format_json(no_indent: true) + \" \" + error().or(\"\")";
    let pipeline = format!(
        "input: {{stdin: {{}}}}\npipeline:\n  threads: 1\n  processors:\n    - http: {{url: '{url}/${{! content() }}', \
         retry_period: 1ms, {fields}}}\n    - mapping: '{mapping}'\noutput: {{stdout: {{}}}}\n"
    );
    Folder::new().run(&pipeline).input(lines).finish().well()
}

/// Sends lines to an output `http_client` with these fields.
fn delivered(web: &Web, fields: &str, lines: &str) -> Finished {
    let url = web.url();
    let pipeline = format!(
        "input: {{stdin: {{}}}}\noutput: {{http_client: {{url: '{url}/', retry_period: 1ms, {fields}}}}}\n"
    );
    Folder::new().run(&pipeline).input(lines).finish().well()
}

/// Holds requests up until this many are under way.
struct Gate {
    arrived: Mutex<usize>,
    changed: Condvar,
    needed: usize,
}

impl Gate {
    fn new(needed: usize) -> Self {
        Self { arrived: Mutex::new(0), changed: Condvar::new(), needed }
    }

    fn pass(&self) -> Reply {
        let mut arrived = self.arrived.lock().expect("nobody panics");
        *arrived += 1;
        self.changed.notify_all();
        drop(self.changed.wait_while(arrived, |arrived| *arrived < self.needed).expect("nobody panics"));
        Reply::ok("passed")
    }
}

#[test]
fn a_response_takes_the_place_of_the_message() {
    let web = Web::start(|asked, _| Reply::ok(format!("to {}", asked.body)).header("X-Kind", "k"));
    let fields = "verb: PUT, headers: {X-Line: '${! content() }'}, payload: 'is ${! content() }', \
                  extract_headers: {include_prefixes: [x-]}, basic_auth: {enabled: true, username: me, password: hush}";
    let finished = processed(&web, fields, "a\nb\n");
    let metadata = "{\"http_status_code\":200,\"x-kind\":\"k\"}";
    assert_eq!(finished.stdout, format!("to is a {metadata} \nto is b {metadata} \n"));
    let first = &web.asked()[0];
    assert_eq!((first.method.as_str(), first.path.as_str(), first.body.as_str()), ("PUT", "/a", "is a"));
    assert_eq!(first.header("x-line"), Some("a"));
    assert_eq!(first.header("content-type"), Some("application/octet-stream"));
    assert_eq!(first.header("authorization"), Some("Basic bWU6aHVzaA=="));
    assert!(!finished.stderr.contains("hush"), "{finished:?}");
}

#[test]
fn a_request_that_fails_for_good_flags_its_message() {
    let web = Web::start(|asked, _| match asked.path.as_str() {
        "/fine" => Reply::ok("well"),
        "/final" => Reply::status(403, "no\nway"),
        _ => Reply::status(503, "busy"),
    });
    let finished = processed(&web, "retries: 2, drop_on: [403]", "final\nfine\nbusy\n");
    let error = |path: &str, status: &str, body: &str| {
        let code = &status[..3];
        format!(
            "{path} {{\"http_status_code\":{code}}} {}/{path}: HTTP request returned unexpected response code ({code}): \
             {status}, Error: {body}\n",
            web.url()
        )
    };
    let expected = error("final", "403 Forbidden", "noway")
        + "well {\"http_status_code\":200} \n"
        + &error("busy", "503 Service Unavailable", "busy");
    assert_eq!(finished.stdout, expected);
    let paths: Vec<_> = web.asked().into_iter().map(|asked| asked.path).collect();
    assert_eq!(paths, ["/final", "/fine", "/busy", "/busy", "/busy"]);
}

#[test]
fn a_request_succeeds_after_others_have_failed() {
    let web = Web::start(|_, before| if before < 3 { Reply::status(429, "") } else { Reply::ok("at last") });
    let finished = processed(&web, "max_retry_backoff: 4ms", "a\n");
    assert_eq!(finished.stdout, "at last {\"http_status_code\":200} \n");
    assert_eq!(web.asked().len(), 4);
}

#[test]
fn the_parts_of_a_response_are_messages() {
    let web = Web::start(|_, _| {
        let body = "--b\r\nA: 1\r\n\r\none\r\n--b\r\n\r\ntwo\r\n--b--\r\n";
        Reply::ok(body).header("Content-Type", "multipart/mixed; boundary=b")
    });
    let status = "{\"http_status_code\":200} \n";
    assert_eq!(processed(&web, "", "a\n").stdout, format!("one {status}two {status}"));
}

#[test]
fn parallel_requests_are_under_way_at_once() {
    let gate = Gate::new(5);
    let web = Web::start(move |_, _| gate.pass());
    let finished = processed(&web, "parallel: true", "a\nb\nc\nd\ne\n");
    assert_eq!(finished.lines().len(), 5);
}

#[test]
fn an_output_has_several_requests_under_way() {
    let gate = Gate::new(8);
    let web = Web::start(move |_, _| gate.pass());
    let lines: String = (0..16).map(|number| format!("{number}\n")).collect();
    let _ = delivered(&web, "max_in_flight: 8", &lines);
    let mut bodies: Vec<usize> = web.asked().iter().filter_map(|asked| asked.body.parse().ok()).collect();
    bodies.sort_unstable();
    assert_eq!(bodies, (0..16).collect::<Vec<_>>());
}

#[test]
fn one_in_flight_keeps_the_order() {
    let web = Web::start(|_, _| Reply::ok(""));
    let lines: String = (0..50).map(|number| format!("{number}\n")).collect();
    let _ = delivered(&web, "max_in_flight: 1", &lines);
    let bodies: String = web.asked().iter().map(|asked| asked.body.clone() + "\n").collect();
    assert_eq!(bodies, lines);
}

#[test]
fn messages_that_were_not_delivered_are_sent_again() {
    let web =
        Web::start(
            |asked, before| {
                if asked.body == "b" && before < 4 { Reply::status(500, "") } else { Reply::ok("") }
            },
        );
    let finished = delivered(&web, "retries: 0, max_in_flight: 1", "a\nb\nc\n");
    assert!(finished.stderr.contains("unexpected response code (500)"), "{finished:?}");
    let bodies: Vec<_> = web.asked().into_iter().map(|asked| asked.body).collect();
    assert!(bodies.iter().filter(|body| *body == "b").count() > 1, "{bodies:?}");
    for once in ["a", "c"] {
        assert_eq!(bodies.iter().filter(|body| *body == once).count(), 1, "{bodies:?}");
    }
}

#[test]
fn a_batch_may_be_one_request_of_several_parts() {
    let web = Web::start(|_, _| Reply::ok(""));
    let url = web.url();
    let mapping = "root = \"m\" + counter().string()";
    let pipeline = format!(
        "input: {{generate: {{count: 2, batch_size: 2, interval: '', mapping: '{mapping}'}}}}\n\
         output: {{http_client: {{url: '{url}/', batch_as_multipart: true, headers: {{Content-Type: text/plain}}}}}}\n"
    );
    let _ = Folder::new().run(&pipeline).finish().well();
    let asked = web.asked();
    assert_eq!(asked.len(), 1);
    let content_type = asked[0].header("content-type").expect("it has one");
    let boundary =
        content_type.strip_prefix("multipart/form-data; boundary=").expect("it names the boundary");
    let part = |text: &str| format!("--{boundary}\r\nContent-Type: text/plain\r\n\r\n{text}\r\n");
    assert_eq!(asked[0].body, format!("{}{}--{boundary}--\r\n", part("m1"), part("m2")));
}

#[test]
fn a_token_is_fetched_once() {
    let web = Web::start(|asked, _| match asked.path.as_str() {
        "/token" => Reply::ok("{\"access_token\":\"abc\",\"expires_in\":600}"),
        _ => Reply::ok(""),
    });
    let url = web.url();
    let fields = format!(
        "max_in_flight: 1, oauth2: {{enabled: true, client_key: me, client_secret: 's&t', token_url: '{url}/token', \
         scopes: [r]}}"
    );
    let finished = delivered(&web, &fields, "a\nb\n");
    let asked = web.asked();
    let paths: Vec<_> = asked.iter().map(|asked| asked.path.as_str()).collect();
    assert_eq!(paths, ["/token", "/", "/"]);
    assert_eq!(asked[0].header("authorization"), Some("Basic bWU6cyUyNnQ="));
    assert_eq!(asked[0].body, "grant_type=client_credentials&scope=r");
    assert_eq!(asked[2].header("authorization"), Some("Bearer abc"));
    assert!(!finished.stderr.contains("s&t"), "{finished:?}");
}

#[test]
fn a_token_that_is_not_taken_is_followed_by_another() {
    let web = Web::start(|asked, before| match asked.path.as_str() {
        "/token" => Reply::ok(format!("{{\"access_token\":\"token{before}\"}}")),
        _ if asked.header("authorization") == Some("Bearer token0") => Reply::status(401, ""),
        _ => Reply::ok(""),
    });
    let url = web.url();
    let fields = format!("oauth2: {{enabled: true, client_key: me, token_url: '{url}/token'}}");
    let _ = delivered(&web, &fields, "a\n");
    let asked = web.asked();
    let paths: Vec<_> = asked.iter().map(|asked| asked.path.as_str()).collect();
    assert_eq!(paths, ["/token", "/", "/token", "/"]);
    assert_eq!(asked[3].header("authorization"), Some("Bearer token2"));
}

#[test]
fn an_input_asks_for_what_comes_next() {
    let web = Web::start(|_, before| Reply::ok(format!("page{before}")));
    let url = web.url();
    let pipeline = format!(
        "input: {{http_client: {{url: '{url}/?after=${{! content() }}'}}}}\noutput: {{stdout: {{}}}}\n"
    );
    let folder = Folder::new();
    let mut running = folder.run(&pipeline).start();
    running.until("there are three pages", |running| running.printed().contains("page2\n"));
    running.signal("TERM");
    assert!(running.finish().well().stdout.starts_with("page0\npage1\npage2\n"));
    let paths: Vec<_> = web.asked().into_iter().take(3).map(|asked| asked.path).collect();
    assert_eq!(paths, ["/?after=", "/?after=page0", "/?after=page1"]);
}

#[test]
fn a_stream_is_cut_by_its_scanner() {
    let web = Web::start(|_, before| if before == 0 { Reply::status(500, "") } else { Reply::ok("a,b,c") });
    let url = web.url();
    let pipeline = format!(
        "input: {{http_client: {{url: '{url}/', retry_period: 1ms, stream: {{enabled: true, reconnect: false, \
         scanner: {{lines: {{custom_delimiter: ','}}}}}}}}}}\npipeline: {{threads: 1}}\noutput: {{stdout: {{}}}}\n"
    );
    let finished = Folder::new().run(&pipeline).finish().well();
    assert_eq!(finished.stdout, "a\nb\nc\n");
    assert_eq!(web.asked().len(), 2);
}

#[test]
fn the_next_request_sees_what_the_stream_ended_with() {
    let web = Web::start(|_, before| Reply::ok(format!("{before}a\n{before}b\n")));
    let url = web.url();
    let pipeline = format!(
        "input: {{http_client: {{url: '{url}/?after=${{! content() }}', stream: {{enabled: true}}}}}}\noutput: {{stdout: {{}}}}\n"
    );
    let folder = Folder::new();
    let mut running = folder.run(&pipeline).start();
    running.until("there are three streams", |running| running.printed().contains("2b\n"));
    running.signal("TERM");
    let _ = running.finish().well();
    let paths: Vec<_> = web.asked().into_iter().take(3).map(|asked| asked.path).collect();
    assert_eq!(paths, ["/?after=", "/?after=0b", "/?after=1b"]);
}

#[test]
fn an_output_collects_messages_first() {
    let web = Web::start(|_, _| Reply::ok(""));
    let fields = "max_in_flight: 1, batch_as_multipart: true, batching: {count: 3, processors: [{archive: {format: lines}}]}";
    let _ = delivered(&web, fields, "a\nb\nc\nd\n");
    let bodies: Vec<_> = web.asked().into_iter().map(|asked| asked.body).collect();
    assert_eq!(bodies, ["a\nb\nc", "d"]);
    let web = Web::start(|_, _| Reply::ok(""));
    let _ = delivered(&web, "batching: {check: 'content() == \"b\"'}, batch_as_multipart: true", "a\nb\nc\n");
    let asked = web.asked();
    let parts = |body: &str| body.matches("Content-Type").count();
    assert_eq!((asked.len(), parts(&asked[0].body)), (2, 2));
}

#[test]
fn every_message_is_told_its_own_reason() {
    let web = Web::start(|asked, _| match asked.body.as_str() {
        "a" => Reply::status(403, ""),
        "b" => Reply::status(404, ""),
        _ => Reply::ok(""),
    });
    let url = web.url();
    let pipeline = format!(
        "input: {{stdin: {{}}}}\noutput:\n  fallback:\n    - http_client: {{url: '{url}', retries: 0}}\n    - stdout: {{}}\n      \
         processors:\n        - mapping: root = content().string() + \" \" + @fallback_error\n"
    );
    let finished = Folder::new().run(&pipeline).input("a\nx\nb\n").finish().well();
    let error = |message: &str, status: &str| {
        let code = &status[..3];
        format!(
            "{message} {url}: HTTP request returned unexpected response code ({code}): {status}, Error: \n"
        )
    };
    let mut lines: Vec<_> = finished.stdout.split_inclusive('\n').collect();
    lines.sort_unstable();
    assert_eq!(lines, [error("a", "403 Forbidden"), error("b", "404 Not Found")]);
}

#[test]
fn what_is_not_available_is_refused_by_name() {
    let folder = Folder::new();
    for (fields, expected) in [
        ("rate_limit: foo", "rate limit resource 'foo' was not found"),
        ("negotiate: {enabled: true}", "negotiate is not available"),
        ("jwt: {enabled: true, signing_method: HS256}", "jwt signing method \"HS256\" is not accepted"),
        (
            "digest_auth: {enabled: true}, oauth: {enabled: true}",
            "digest_auth can't be used beside oauth, oauth2 or jwt",
        ),
        (
            "digest_auth: {enabled: true}, oauth2: {enabled: true, token_url: 'http://a/'}",
            "digest_auth can't be used beside oauth, oauth2 or jwt",
        ),
        ("tls: {enabled: true, enable_renegotiation: true}", "renegotiation is not available"),
    ] {
        let output = format!("output: {{http_client: {{url: 'http://a/', {fields}}}}}\n");
        let finished = folder.run(&format!("input: {{stdin: {{}}}}\n{output}")).finish();
        assert!(finished.code != Some(0) && finished.stderr.contains(expected), "{finished:?}");
    }
}
