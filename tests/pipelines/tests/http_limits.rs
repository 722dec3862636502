//! Rate limits that `http` and `http_client` keep to.

use forebay_tests_pipelines::{Folder, Reply, Web};

/// A limit that lets three go on, and then nobody as long as a test runs.
const THREE: &str =
    "rate_limit_resources: [{label: three, local: {count: 3, interval: 1h}}]\nshutdown_timeout: 1s\n";

#[test]
fn a_processor_keeps_to_a_rate_limit() {
    let web = Web::start(|_, _| Reply::ok("done"));
    let url = web.url();
    for parallel in [false, true] {
        let pipeline = format!(
            "input: {{stdin: {{}}}}\npipeline:\n  threads: 1\n  processors:\n    - http: {{url: '{url}', rate_limit: three, \
             parallel: {parallel}}}\noutput: {{stdout: {{}}}}\n{THREE}"
        );
        let before = web.asked().len();
        let folder = Folder::new();
        let mut running = folder.run(&pipeline).input("a\nb\nc\nd\ne\n").start();
        running.until("three were sent", |_| web.asked().len() == before + 3);
        running.signal("TERM");
        let _ = running.finish();
        assert_eq!(web.asked().len(), before + 3);
    }
}

#[test]
fn every_try_of_an_output_counts() {
    let web = Web::start(|_, before| if before == 0 { Reply::status(500, "") } else { Reply::ok("") });
    let url = web.url();
    let pipeline = format!(
        "input: {{stdin: {{}}}}\noutput: {{http_client: {{url: '{url}', rate_limit: three, retry_period: 1ms, \
         max_in_flight: 1}}}}\n{THREE}"
    );
    let folder = Folder::new();
    let mut running = folder.run(&pipeline).input("a\nb\nc\nd\n").start();
    running.until("three were sent", |_| web.asked().len() == 3);
    running.signal("TERM");
    let _ = running.finish();
    let bodies: Vec<_> = web.asked().into_iter().map(|asked| asked.body).collect();
    assert_eq!(bodies, ["a", "a", "b"]);
}

#[test]
fn an_input_that_waits_for_a_rate_limit_stops_at_once() {
    let web = Web::start(|_, before| Reply::ok(before.to_string()));
    let url = web.url();
    let pipeline = format!(
        "input: {{http_client: {{url: '{url}', rate_limit: three}}}}\noutput: {{stdout: {{}}}}\n\
         rate_limit_resources: [{{label: three, local: {{count: 3, interval: 1h}}}}]\n"
    );
    let folder = Folder::new();
    let mut running = folder.run(&pipeline).start();
    running.until("three have come", |running| running.printed().contains("2\n"));
    running.signal("TERM");
    assert_eq!(running.finish().well().stdout, "0\n1\n2\n");
    assert_eq!(web.asked().len(), 3);
}

/// Waiting is no work: a limit that lets one go on in a second is no reason to end a call that may take less.
#[test]
fn an_input_may_wait_for_a_rate_limit_longer_than_its_calls_may_take() {
    let web = Web::start(|_, _| Reply::ok("x"));
    let url = web.url();
    let pipeline = format!(
        "input: {{http_client: {{url: '{url}', rate_limit: slow}}, limits: {{wall: 200ms}}}}\noutput: {{stdout: {{}}}}\n\
         rate_limit_resources: [{{label: slow, local: {{count: 1, interval: 1s}}}}]\n"
    );
    let folder = Folder::new();
    let mut running = folder.run(&pipeline).start();
    running.until("the second was sent", |_| web.asked().len() == 2);
    running.signal("TERM");
    let finished = running.finish().well();
    assert!(!finished.stderr.contains("level=error"), "{finished:?}");
}
