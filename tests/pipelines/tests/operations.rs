//! The HTTP server of the process, and metrics in all their forms.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};

use forebay_tests_pipelines::{Folder, Running};

const PIPELINE: &str = "\
shutdown_timeout: 1s
input: {label: made, generate: {mapping: 'root = count(\"n\")', interval: 1ms}}
pipeline: {threads: 1, processors: [{try: [{mapping: root = this}]}]}
output: {drop: {}}
";

/// An address on this machine that nobody listens at.
fn free_address() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("there is a free port");
    listener.local_addr().expect("it has an address").to_string()
}

/// The status line and the body of an answer.
fn get(address: &str, path: &str) -> (String, String) {
    let mut stream = TcpStream::connect(address).expect("the server listens");
    write!(stream, "GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").expect("it reads");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("it answers in text");
    let (head, body) = answer.split_once("\r\n\r\n").expect("an answer has a head");
    (head.lines().next().unwrap_or_default().to_owned(), body.to_owned())
}

fn started(folder: &Folder, sections: &str, address: &str) -> Running {
    let pipeline = format!("{PIPELINE}http: {{address: '{address}'}}\n{sections}");
    let mut running = folder.run(&pipeline).variable("FOREBAY_HTTP_ADDRESS", address).start();
    running.until_log_has("listening for HTTP requests");
    running
}

/// The value of a series.
fn value(metrics: &str, series: &str) -> u64 {
    let found = metrics.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
    found.and_then(|value| value.parse().ok()).unwrap_or_default()
}

#[test]
fn a_process_says_whether_it_is_ready_and_what_it_has_done() {
    let (folder, address) = (Folder::new(), free_address());
    let mut running = started(&folder, "", &address);
    assert_eq!(get(&address, "/ping"), ("HTTP/1.1 200 OK".to_owned(), "pong".to_owned()));
    running.until("it is ready", |_| get(&address, "/bento/ready").1 == "OK");
    let series = [
        "input_received{label=\"made\",path=\"root.input\"}",
        "processor_sent{label=\"\",path=\"root.pipeline.processors.0\"}",
        "processor_batch_sent{label=\"\",path=\"root.pipeline.processors.0.try.0\"}",
        "output_sent{label=\"\",path=\"root.output\"}",
        "output_latency_ns_count{label=\"\",path=\"root.output\"}",
    ];
    running.until("everything is counted", |_| {
        let metrics = get(&address, "/metrics").1;
        series.iter().all(|series| value(&metrics, series) > 0)
    });
    running.signal("TERM");
    assert_eq!(running.finish().code, Some(0));
    assert!(TcpStream::connect(&address).is_err(), "nobody listens any more");
}

#[test]
fn a_mapping_names_metrics() {
    let (folder, address) = (Folder::new(), free_address());
    let sections = "metrics:\n  json_api: {}\n  mapping: |\n    root = if this.has_prefix(\"input_\") { \"in_\" + this \
                    } else { deleted() }\n    meta path = deleted()\n    meta where = \"here\"\n";
    let mut running = started(&folder, sections, &address);
    let expected = r#""in_input_received{label=\"made\",where=\"here\"}":"#;
    running.until("the metric is shown", |_| get(&address, "/stats").1.contains(expected));
    let shown = get(&address, "/stats").1;
    assert!(!shown.contains("output_") && !shown.contains("\"input_") && !shown.contains("path"), "{shown}");
}

#[test]
fn a_taken_port_is_an_error_at_the_start() {
    let folder = Folder::new();
    let taken = TcpListener::bind("127.0.0.1:0").expect("there is a free port");
    let address = taken.local_addr().expect("it has an address").to_string();
    let finished = folder.run(PIPELINE).variable("FOREBAY_HTTP_ADDRESS", &address).finish();
    assert_eq!(finished.code, Some(1));
    let expected = format!("listen on http.address {address}: ");
    assert!(finished.stderr.contains(&expected), "{}", finished.stderr);
}

#[test]
fn metrics_are_logged_at_the_end() {
    let folder = Folder::new();
    let pipeline = PIPELINE.replace("interval: 1ms", "interval: '', count: 7");
    let finished = folder.run(&format!("{pipeline}metrics: {{logger: {{}}}}\n")).finish().well();
    let received = finished.stderr.lines().find(|line| {
        line.contains("name=input_received") && line.contains("value=7") && line.contains("path=root.input")
    });
    assert!(received.is_some(), "{}", finished.stderr);
}

#[test]
fn metrics_are_written_to_a_file_at_the_end() {
    let folder = Folder::new();
    let pipeline = PIPELINE.replace("interval: 1ms", "interval: '', count: 7");
    let sections = "metrics: {prometheus: {file_output_path: metrics.txt, use_histogram_timing: true}}\n";
    let _ = folder.run(&format!("{pipeline}{sections}")).finish().well();
    let metrics = folder.read("metrics.txt");
    assert_eq!(value(&metrics, "output_sent{label=\"\",path=\"root.output\"}"), 7, "{metrics}");
    let bucket = "input_latency_ns_bucket{label=\"made\",path=\"root.input\",le=\"+Inf\"}";
    assert_eq!(value(&metrics, bucket), 7, "{metrics}");
}
