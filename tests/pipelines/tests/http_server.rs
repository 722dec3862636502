//! The input and the output `http_server`, and `sync_response`, with clients that speak to them over sockets.

use std::io::{BufRead as _, BufReader, Read as _};
use std::net::TcpStream;

use forebay_tests_pipelines::{Client, Folder, Reply, Running, Web, example};
use tungstenite::protocol::Role;
use tungstenite::{Message, WebSocket};

/// A pipeline whose server is at the returned address: that of the process, or one of its own.
fn started(folder: &Folder, pipeline: &str) -> (Running, Client) {
    let client = Client::of_free_port();
    let pipeline = pipeline.replace("ADDRESS", &client.address);
    let running = folder.run(&pipeline).variable("FOREBAY_HTTP_ADDRESS", &client.address);
    let running = if pipeline.contains(&client.address) {
        running.variable("FOREBAY_HTTP_ADDRESS", "off").start()
    } else {
        running.start()
    };
    (running, client)
}

/// The same when it answers a request for this path with anything but 404.
fn ready(folder: &Folder, pipeline: &str, path: &str) -> (Running, Client) {
    let (mut running, client) = started(folder, pipeline);
    running.until("it listens", |_| {
        client.can_connect() && client.ask(&format!("TRACE {path}"), "", "").status != 404
    });
    (running, client)
}

fn websocket(client: &Client, path: &str) -> WebSocket<TcpStream> {
    let headers = "connection: Upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n\
                   sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
    let mut answer = client.send(&format!("GET {path}"), headers, b"");
    let head = head(&mut answer);
    assert!(head.starts_with("HTTP/1.1 101 "), "{head}");
    assert!(
        head.to_ascii_lowercase().contains("sec-websocket-accept: s3pplmbitxaq9kygzzhzrbk+xoo="),
        "{head}"
    );
    let rest = answer.buffer().to_vec();
    WebSocket::from_partially_read(answer.into_inner(), rest, Role::Client, None)
}

/// The head of an answer whose body goes on.
fn head(answer: &mut BufReader<TcpStream>) -> String {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") && answer.read_line(&mut head).expect("the server answers") > 0 {}
    head
}

#[test]
fn a_request_is_answered_with_what_the_pipeline_made_of_it() {
    let folder = Folder::new();
    let pipeline = "\
input:
  http_server:
    path: /a/{kind}
    allowed_verbs: [POST, PUT]
    sync_response:
      status: '${! @status }'
      headers: {Content-Type: text/x}
      metadata_headers: {include_prefixes: [x-]}
pipeline:
  processors:
    - mapping: |
        meta status = 201
        meta \"x-seen\" = @q
        root = [@http_server_verb, @http_server_request_path, @http_server_remote_ip, @kind, @q, @\"X-Y\", @c, content().string()].map_each(v -> v.string()).join(\" \")
output: {sync_response: {}}
";
    let (mut running, client) = ready(&folder, pipeline, "/a/b");
    let answer = client.ask("PUT /a/b%20c?q=1", "x-y: z\r\ncookie: c=d\r\n", "body");
    assert_eq!((answer.status, answer.text().as_str()), (201, "PUT /a/b c 127.0.0.1 b c 1 z d body"));
    assert_eq!((answer.header("content-type"), answer.header("x-seen")), (Some("text/x"), Some("1")));
    assert_eq!(answer.header("content-encoding"), None);
    let packed = client.ask("PUT /a/b?q=1", "accept-encoding: gzip\r\nx-y: z\r\ncookie: c=d\r\n", "body");
    assert_eq!(packed.header("content-encoding"), Some("gzip"));
    assert!(packed.body.starts_with(&[0x1F, 0x8B]), "{packed:?}");
    assert_eq!(client.get("/a/b").text(), "Incorrect method\n");
    assert_eq!((client.get("/a/b").status, client.post("/a/b/c", "").status), (405, 404));
    let no_parts = client.ask("POST /a/b", "content-type: multipart/mixed; boundary=b\r\n", "--b\n\nx");
    assert_eq!((no_parts.status, no_parts.text().as_str()), (400, "Bad request\n"));
    // The paths of the process are still there, and its server knows this one.
    assert!(client.get("/endpoints").text().contains("/a/{kind}"));
    running.signal("TERM");
    let _ = running.finish().well();
}

#[test]
fn what_nobody_responds_to_is_answered_when_it_is_settled() {
    let folder = Folder::new();
    let pipeline = "\
input: {http_server: {address: ADDRESS, path: /}}
output:
  switch:
    cases:
      - {check: 'content() == \"bad\"', output: {reject: 'no ${! content() } here'}}
      - {output: {drop: {}}}
";
    let (_running, client) = ready(&folder, pipeline, "/");
    let answer = client.post("/any/path", "fine");
    assert_eq!((answer.status, answer.text().as_str()), (200, ""));
    let answer = client.post("/", "bad");
    assert_eq!((answer.status, answer.text().trim_end()), (502, "no bad here"));
}

#[test]
fn what_takes_too_long_is_answered_with_408_and_delivered_all_the_same() {
    let folder = Folder::new();
    let pipeline = "\
input: {http_server: {address: ADDRESS, path: /post, timeout: 50ms}}
pipeline: {processors: [{sleep: {duration: 500ms}}]}
output: {file: {path: out.txt}}
";
    let (mut running, client) = ready(&folder, pipeline, "/post");
    let answer = client.post("/post", "late");
    assert_eq!((answer.status, answer.text().as_str()), (408, "Request timed out\n"));
    running
        .until("it is delivered", |_| folder.path("out.txt").exists() && folder.read("out.txt") == "late\n");
}

#[test]
fn parts_are_a_batch_and_several_responses_are_parts() {
    let folder = Folder::new();
    let pipeline = "\
input: {http_server: {address: ADDRESS}}
pipeline: {processors: [{mapping: 'root = \"%s of %d\".format(content().string().uppercase(), batch_size())'}]}
output: {sync_response: {}}
";
    let (_running, client) = ready(&folder, pipeline, "/post");
    let headers = "content-type: multipart/form-data; boundary=b\r\n";
    let answer = client.ask("POST /post", headers, "--b\r\n\r\none\r\n--b\r\n\r\ntwo\r\n--b--\r\n");
    let content_type = answer.header("content-type").expect("it says");
    let boundary = content_type.strip_prefix("multipart/form-data; boundary=").expect("it is multipart");
    let part = |text| format!("--{boundary}\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{text}\r\n");
    assert_eq!(answer.text(), format!("{}{}--{boundary}--\r\n", part("ONE of 2"), part("TWO of 2")));
}

#[test]
fn a_response_survives_what_takes_messages_apart_and_puts_them_together() {
    let folder = Folder::new();
    let pipeline = "\
input: {http_server: {address: ADDRESS}}
pipeline:
  processors:
    - unarchive: {format: lines}
    - split: {size: 1}
    - branch: {processors: [{mapping: 'root = content().uppercase()'}], result_map: 'root = content()'}
    - group_by_value: {value: '${! content() }'}
    - archive: {format: lines}
    - sync_response: {}
    - mapping: 'root = \"not this\"'
output: {drop: {}}
";
    let (_running, client) = ready(&folder, pipeline, "/post");
    let answer = client.post("/post", "a\nb");
    let (text, parts) = (answer.text(), answer.text().matches("Content-Type").count());
    assert!(parts == 2 && text.contains("\r\nA\r\n") && text.contains("\r\nB\r\n"), "{text}");
}

#[test]
fn a_response_of_another_server_is_handed_back() {
    let web =
        Web::start(|asked, _| Reply::status(201, format!("web got {}", asked.body)).header("X-Web", "w"));
    let folder = Folder::new();
    let pipeline = format!(
        "\
input:
  http_server:
    address: ADDRESS
    sync_response: {{status: '${{! @http_status_code }}', metadata_headers: {{include_patterns: ['^x-']}}}}
output:
  http_client: {{url: '{}/', propagate_response: true, extract_headers: {{include_prefixes: [x-]}}}}
",
        web.url()
    );
    let (_running, client) = ready(&folder, &pipeline, "/post");
    let answer = client.post("/post", "this");
    assert_eq!((answer.status, answer.text().as_str()), (201, "web got this"));
    assert_eq!(answer.header("x-web"), Some("w"));
}

#[test]
fn messages_that_nobody_waits_for_are_dropped() {
    let pipeline = "\
input: {generate: {count: 3, interval: '', mapping: 'root = \"x\"'}}
pipeline: {processors: [{sync_response: {}}]}
output: {broker: {outputs: [{sync_response: {}}, {stdout: {}}]}}
";
    assert_eq!(Folder::new().run(pipeline).finish().well().stdout, "x\nx\nx\n");
}

#[test]
fn a_request_under_way_is_answered_when_the_pipeline_stops() {
    let folder = Folder::new();
    let pipeline = "\
shutdown_timeout: 20s
input: {http_server: {address: ADDRESS, timeout: 30s}}
pipeline: {processors: [{log: {message: 'it came', level: INFO}}, {sleep: {duration: 1s}}]}
output: {sync_response: {}}
";
    let (mut running, client) = ready(&folder, pipeline, "/post");
    let mut asked = client.send("POST /post", "connection: close\r\n", b"last");
    running.until_log_has("it came");
    running.signal("TERM");
    running.until_log_has("stopping: no more is read");
    // What comes now is refused, unless nobody listens any more.
    if client.can_connect() {
        let mut late = client.send("POST /post", "connection: close\r\n", b"late");
        let mut answer = String::new();
        let _ = late.read_to_string(&mut answer);
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 503 "), "{answer}");
    }
    let mut answer = String::new();
    asked.read_to_string(&mut answer).expect("it is answered");
    assert!(answer.starts_with("HTTP/1.1 200 OK") && answer.ends_with("\r\nlast"), "{answer}");
    let _ = running.finish().well();
}

#[test]
fn a_request_that_is_given_up_is_answered_with_503() {
    let folder = Folder::new();
    let pipeline = "\
shutdown_timeout: 1s
input: {http_server: {address: ADDRESS, timeout: 60s}}
pipeline: {processors: [{log: {message: 'it came', level: INFO}}, {sleep: {duration: 300s}}]}
output: {sync_response: {}}
";
    let (mut running, client) = ready(&folder, pipeline, "/post");
    let mut asked = client.send("POST /post", "connection: close\r\n", b"last");
    running.until_log_has("it came");
    running.signal("TERM");
    let mut answer = String::new();
    let _ = asked.read_to_string(&mut answer);
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 503 "), "{answer}");
    assert_eq!(running.finish().code, Some(1));
}

#[test]
fn a_port_or_a_path_that_is_taken_is_named() {
    let folder = Folder::new();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("there is a free port");
    let address = taken.local_addr().expect("it has an address");
    let pipeline = format!("input: {{http_server: {{address: '{address}'}}}}\noutput: {{drop: {{}}}}\n");
    let mut running = folder.run(&pipeline).start();
    running.until_log_has(&format!("listen on {address}"));
    let (mut running, _) = started(&folder, "input: {http_server: {path: /ping}}\noutput: {drop: {}}\n");
    running.until_log_has("the path /ping is taken");
    let mut running = folder.run("input: {http_server: {}}\noutput: {drop: {}}\n").start();
    running.until_log_has("the process has no HTTP server");
}

#[test]
fn messages_of_a_websocket_are_answered_in_turn() {
    let folder = Folder::new();
    let pipeline = "\
input:
  http_server: {path: '', ws_path: '/ws/{name}', ws_welcome_message: hello}
pipeline:
  processors:
    - mapping: |
        meta tries = counter()
        root = \"%s %s\".format(@name, content().string())
output:
  switch:
    cases:
      - {check: '@tries == 1', output: {reject: 'not yet'}}
      - {output: {sync_response: {}}}
";
    let (mut running, client) = started(&folder, pipeline);
    running.until("it listens", |_| client.can_connect() && client.get("/ws/x").status == 400);
    let mut socket = websocket(&client, "/ws/me");
    assert_eq!(socket.read().expect("a message"), Message::binary("hello"));
    for text in ["one", "two"] {
        socket.send(Message::text(text)).expect("it reads");
        assert_eq!(socket.read().expect("a message"), Message::text(format!("me {text}")));
    }
    running.signal("TERM");
    assert!(matches!(socket.read(), Ok(Message::Close(_)) | Err(_)));
    let _ = running.finish().well();
}

#[test]
fn an_output_is_fetched_batch_by_batch() {
    let folder = Folder::new();
    let pipeline = "\
input:
  generate: {count: 3, interval: '', batch_size: 2, mapping: 'root = counter()'}
output: {http_server: {address: ADDRESS, path: /get, timeout: 60s}}
";
    let (mut running, client) = started(&folder, pipeline);
    running.until("it listens", |_| client.can_connect());
    assert_eq!(client.post("/get", "").text(), "Incorrect method\n");
    let first = client.get("/get");
    let boundary =
        first.header("content-type").and_then(|value| value.split("boundary=").nth(1)).expect("parts");
    let part = |text| format!("--{boundary}\r\nContent-Type: application/octet-stream\r\n\r\n{text}\r\n");
    assert_eq!(first.text(), format!("{}{}--{boundary}--\r\n", part("1"), part("2")));
    let second = client.get("/get");
    assert_eq!(
        (second.text().as_str(), second.header("content-type")),
        ("3", Some("application/octet-stream"))
    );
    let _ = running.finish().well();
}

#[test]
fn a_fetch_without_messages_is_answered_with_408() {
    let folder = Folder::new();
    let pipeline = "\
input: {stdin: {}}
output: {http_server: {path: /get, timeout: 50ms}}
";
    let client = Client::of_free_port();
    let running = folder.run(pipeline).variable("FOREBAY_HTTP_ADDRESS", &client.address);
    let mut running = running.piped().start();
    running.until("it listens", |_| client.can_connect() && client.get("/get").status == 408);
    assert_eq!(client.get("/get").text(), "Timed out waiting for message\n");
    running.write("line\n");
    running.until("a message", |_| client.get("/get").text() == "line");
    running.close_input();
    let _ = running.finish().well();
}

#[test]
fn an_output_is_followed_as_a_stream_of_events() {
    let folder = Folder::new();
    let pipeline = "\
input: {stdin: {}}
output:
  http_server:
    address: ADDRESS
    stream_format: event_source
    cors: {enabled: true, allowed_origins: ['http://page']}
";
    let client = Client::of_free_port();
    let mut running = folder.run(&pipeline.replace("ADDRESS", &client.address)).piped().start();
    running.until("it listens", |_| client.can_connect());
    let mut answer = client.send("GET /get/stream", "origin: http://page\r\n", b"");
    let head = head(&mut answer).to_ascii_lowercase();
    assert!(head.contains("content-type: text/event-stream\r\n"), "{head}");
    assert_eq!(head.matches("access-control-allow-origin: http://page\r\n").count(), 1, "{head}");
    running.write("one\n");
    let mut lines = String::new();
    // In chunks, each with its length before it.
    while !lines.ends_with("data: one\n\n\r\n") {
        assert!(answer.read_line(&mut lines).expect("it goes on") > 0, "{lines}");
    }
    running.close_input();
    let _ = answer.read_to_string(&mut lines);
    let _ = running.finish().well();
}

#[test]
fn an_output_sends_messages_through_websockets() {
    let folder = Folder::new();
    let pipeline = "\
input: {stdin: {}}
output: {http_server: {address: ADDRESS, ws_message_type: text}}
";
    let client = Client::of_free_port();
    let mut running = folder.run(&pipeline.replace("ADDRESS", &client.address)).piped().start();
    running.until("it listens", |_| client.can_connect());
    let mut socket = websocket(&client, "/get/ws");
    running.write("one\ntwo\n");
    assert_eq!(socket.read().expect("a message"), Message::text("one"));
    assert_eq!(socket.read().expect("a message"), Message::text("two"));
    // One that was on its way when the client went may be lost.
    drop(socket);
    running.write("three\n");
    let mut socket = websocket(&client, "/get/ws");
    running.write("four\n");
    let next = socket.read().expect("a message");
    assert!(next == Message::text("three") || next == Message::text("four"), "{next:?}");
    running.close_input();
    drop(socket);
    running.signal("KILL");
}

#[test]
fn a_rate_limit_refuses_requests() {
    let folder = Folder::new();
    let pipeline = "\
input: {http_server: {address: ADDRESS, rate_limit: few, ws_rate_limit_message: slow down}}
output: {drop: {}}
rate_limit_resources: [{label: few, local: {count: 2, interval: 1h}}]
";
    let (_running, client) = ready(&folder, pipeline, "/post");
    let statuses: Vec<_> = (0..3).map(|_| client.post("/post", "x").status).collect();
    assert_eq!(statuses, [200, 200, 429]);
    let refused = client.post("/post", "x");
    assert_eq!(refused.text(), "Too Many Requests\n");
    assert!(refused.header("retry-after").is_some_and(|after| after.parse::<u32>().is_ok()), "{refused:?}");
    let mut socket = websocket(&client, "/post/ws");
    socket.send(Message::text("x")).expect("it reads");
    assert_eq!(socket.read().expect("a message"), Message::binary("slow down"));
}

#[test]
fn the_request_reply_example_converts_and_says_what_it_can_not() {
    let (folder, client) = (Folder::new(), Client::of_free_port());
    folder.write("target/example/unused", "");
    let running = folder.run(&example("request-reply")).variable("FOREBAY_HTTP_ADDRESS", &client.address);
    let mut running = running.start();
    running.until("it listens", |_| client.can_connect() && client.get("/convert").status == 405);
    let answer = client.post("/convert", r#"{"city":"Oslo","celsius":-5}"#);
    assert_eq!((answer.status, answer.text().as_str()), (200, r#"{"city":"Oslo","fahrenheit":23}"#));
    assert_eq!(answer.header("content-type"), Some("application/json"));
    let answer = client.post("/convert", r#"{"city":"Oslo"}"#);
    assert_eq!(answer.status, 400);
    assert!(answer.text().contains("error"), "{answer:?}");
    running.signal("TERM");
    let _ = running.finish().well();
    assert_eq!(folder.read("target/example/conversions.ndjson"), "{\"city\":\"Oslo\",\"fahrenheit\":23}\n");
}
