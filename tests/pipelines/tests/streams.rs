//! Many pipelines in one process, which come and go over HTTP.

use forebay_tests_pipelines::{Api, Folder};
use serde_json::{Value as Json, json};

const TICK: &str =
    "input: {generate: {mapping: 'root = \"tick\"', interval: 5ms}}\noutput: {file: {path: NAME.txt}}\n";
const HTTP: &str = "shutdown_timeout: 5s\nlogger: {level: INFO}\n";

fn parsed(api: &Api, path: &str) -> Json {
    let (status, body) = api.get(path);
    assert_eq!(status, 200, "{body}");
    serde_json::from_str(&body).expect("it answers with JSON")
}

fn has(folder: &Folder, name: &str, text: &str) -> bool {
    folder.has(name) && folder.read(name).contains(text)
}

fn tick(name: &str) -> String {
    TICK.replace("NAME", name)
}

#[test]
fn pipelines_come_change_and_go() {
    let folder = Folder::new();
    folder.write("root.yaml", HTTP);
    folder.write("s/first.yaml", tick("first"));
    folder.write("s/in/second.yml", tick("second"));
    folder.write("s/first_bento_test.yaml", "tests: []\n");
    let api = Api::at_free_address();
    let mut running = folder
        .forebay(&["-c", "root.yaml", "streams", "s"])
        .variable("FOREBAY_HTTP_ADDRESS", api.address())
        .start();
    running.until_log_has("running in streams mode");
    running.until("all is connected", |_| api.get("/ready") == (200, "OK".to_owned()));
    let list = parsed(&api, "/streams");
    assert_eq!((list.as_object().unwrap().len(), &list["first"]["active"]), (2, &json!(true)), "{list}");
    assert!(list["in_second"]["uptime"].as_f64().unwrap() > 0.0);

    assert_eq!(api.send("POST", "/streams/third", &tick("third")).0, 200);
    assert_eq!(
        api.send("POST", "/streams/third", &tick("third")),
        (400, "Stream already exists\n".to_owned())
    );
    running.until("it writes", |_| folder.length("third.txt") > 20);
    assert_eq!(parsed(&api, "/streams/third")["config"]["output"], json!({"file": {"path": "third.txt"}}));
    let stats = |id: &str| parsed(&api, &format!("/streams/{id}/stats"));
    let series = "output_sent{label=\"\",path=\"root.output\",stream=\"third\"}";
    running.until("it is counted", |_| stats("third")[series].as_u64().is_some_and(|count| count > 0));
    assert!(
        api.get("/metrics").1.contains("input_received{label=\"\",path=\"root.input\",stream=\"first\"}")
    );
    assert!(
        stats("third").as_object().unwrap().keys().all(|key| key == "uptime_ns" || key.contains("third"))
    );
    running.until("it is ready by itself", |_| api.get("/third/ready").1 == "OK");

    assert_eq!(api.send("PUT", "/streams/third", &tick("other")).0, 200);
    running.until("the other file is written", |_| folder.length("other.txt") > 20);
    let patch = "output: {file: {path: patched.txt}}";
    assert_eq!(api.send("PATCH", "/streams/third", patch).0, 200);
    running.until("the patched file is written", |_| folder.length("patched.txt") > 20);
    assert_eq!(api.send("DELETE", "/streams/third", "").0, 200);
    assert_eq!(api.get("/streams/third"), (404, "Stream not found\n".to_owned()));
    assert!(!api.get("/metrics").1.contains("stream=\"third\""));
    for verb in ["PUT", "PATCH", "DELETE"] {
        assert_eq!(api.send(verb, "/streams/nobody", &tick("x")).0, 404, "{verb}");
    }

    let set = json!({"a": {"input": {"generate": {"count": 1, "interval": "", "mapping": "root = 1"}},
        "output": {"file": {"path": "a.txt"}}}});
    assert_eq!(api.send("POST", "/streams", &set.to_string()).0, 200);
    assert_eq!(parsed(&api, "/streams").as_object().unwrap().keys().collect::<Vec<_>>(), ["a"]);
    running.until("it has ended", |_| parsed(&api, "/streams/a")["active"] == json!(false));
    assert_eq!(api.get("/ready").0, 200, "what has ended need not be connected");
    running.signal("TERM");
    assert_eq!(running.finish().code, Some(0));
}

#[test]
fn faults_are_answered_and_change_nothing() {
    let folder = Folder::new();
    let api = Api::at_free_address();
    let mut running = folder.forebay(&["streams"]).variable("FOREBAY_HTTP_ADDRESS", api.address()).start();
    running.until_log_has("running in streams mode");
    let lints = |(status, body): (u16, String)| {
        assert_eq!(status, 400, "{body}");
        serde_json::from_str::<Json>(&body).unwrap()["lint_errors"].clone()
    };
    let faulty = format!("{}nope: 1\n", tick("x"));
    assert_eq!(lints(api.send("POST", "/streams/x", &faulty)), json!(["(3,1) field nope not recognised"]));
    assert_eq!(
        lints(api.send("POST", "/streams", "{x: {nope: 1}}")),
        json!(["stream 'x': (1,6) field nope not recognised"])
    );
    let mapping = "pipeline: {processors: [{mapping: 'root = )'}]}";
    assert_eq!(lints(api.send("POST", "/streams/x", mapping)).as_array().unwrap().len(), 1);
    assert_eq!(api.send("POST", "/streams/x", "input: [").0, 400);
    assert_eq!(api.send("POST", "/streams/x?chilled=true", "input: {nope: {}}").0, 400);
    assert_eq!(parsed(&api, "/streams"), json!({}));
    assert_eq!(api.send("POST", "/streams/x?chilled=true", &faulty).0, 200);
    let not_there = "input: {file: {paths: [missing/x]}}\noutput: {file: {path: /proc/nobody/x}}\n";
    let (status, _) = api.send("PUT", "/streams/x", not_there);
    assert!([200, 502].contains(&status));
    assert_eq!(api.send("POST", "/streams/y", &tick("y")).0, 200, "others go on");
    running.until("y writes", |_| folder.length("y.txt") > 10);
    assert_eq!(api.send("DELETE", "/streams", "").0, 400);
    running.signal("TERM");
    let _ = running.finish();
}

#[test]
fn what_comes_over_http_is_there_after_a_restart() {
    let folder = Folder::new();
    let start = |address: &str| {
        folder
            .forebay(&["streams", "-streamsDir", "kept"])
            .variable("FOREBAY_HTTP_ADDRESS", address)
            .variable("WHAT", "kept")
            .start()
    };
    let api = Api::at_free_address();
    let mut running = start(api.address());
    running.until_log_has("running in streams mode");
    assert_eq!(api.send("POST", "/resources/cache/c", "memory: {}").0, 200);
    let cached = "input: {generate: {mapping: root = 1, interval: 5ms}}
pipeline: {processors: [{cached: {cache: c, key: k, processors: [{mapping: root = 2}]}}]}
output: {file: {path: '${WHAT}.txt'}}\n";
    assert_eq!(api.send("POST", "/streams/a%20b", cached).0, 200);
    assert_eq!(api.send("POST", "/streams/gone", &tick("gone")).0, 200);
    assert_eq!(api.send("POST", "/streams/changed", &tick("old")).0, 200);
    assert_eq!(api.send("PATCH", "/streams/changed", "output: {file: {path: new.txt}}").0, 200);
    assert_eq!(api.send("DELETE", "/streams/gone", "").0, 200);
    running.kill();

    folder.write("kept/broken.yaml", "input: {nope: {}}\n");
    let length = folder.length("kept.txt");
    let api = Api::at_free_address();
    let mut running = start(api.address());
    running.until_log_has("running in streams mode");
    assert!(running.log().contains("a kept pipeline is not started"), "{}", running.log());
    assert_eq!(parsed(&api, "/streams").as_object().unwrap().keys().collect::<Vec<_>>(), ["a b", "changed"]);
    assert_eq!(parsed(&api, "/streams/changed")["config"]["output"]["file"]["path"], json!("new.txt"));
    running.until("it goes on", |_| folder.length("kept.txt") > length + 10);
    running.signal("TERM");
    assert_eq!(running.finish().code, Some(0));
}

#[test]
fn resources_are_shared_and_can_be_replaced() {
    let folder = Folder::new();
    folder.write(
        "root.yaml",
        "cache_resources: [{label: c, memory: {init_values: {k: one}}}]
processor_resources: [{label: p, mapping: 'root = \"old\"'}]\n",
    );
    let user = "input: {generate: {mapping: root = 1, interval: 5ms}}
pipeline: {processors: [{cache: {resource: c, operator: get, key: k}}]}
output: {file: {path: cached.txt}}\n";
    folder.write("user.yaml", user);
    folder.write(
        "named.yaml",
        "input: {generate: {mapping: root = 1, interval: 5ms}}\npipeline: {processors: [{resource: p}]}
output: {file: {path: named.txt}}\n",
    );
    let api = Api::at_free_address();
    let mut running = folder
        .forebay(&["streams", "-o", "root.yaml", "user.yaml", "named.yaml"])
        .variable("FOREBAY_HTTP_ADDRESS", api.address())
        .start();
    running.until_log_has("running in streams mode");
    running.until("both write", |_| has(&folder, "cached.txt", "one") && has(&folder, "named.txt", "old"));
    let other = "memory: {init_values: {k: two}}";
    assert_eq!(api.send("POST", "/resources/cache/c", other).0, 200);
    running.until("the other cache is used", |_| has(&folder, "cached.txt", "two"));
    assert_eq!(api.send("POST", "/resources/processor/p", "mapping: 'root = \"new\"'").0, 200);
    running.until("the other processor is used", |_| has(&folder, "named.txt", "new"));
    let (status, body) = api.send("POST", "/resources/cache/c", "memory: {}\nnope: 1\n");
    assert_eq!((status, body.contains("lint_errors")), (400, true), "{body}");
    assert_eq!(api.send("POST", "/resources/buffer/b", "none: {}").0, 400);
    assert_eq!(api.get("/resources/cache/c").0, 400);
    running.signal("TERM");
    assert_eq!(running.finish().code, Some(0));
}

#[test]
fn what_has_no_place_is_refused_at_the_start() {
    let folder = Folder::new();
    folder.write("root.yaml", tick("x"));
    folder.write("s.yaml", tick("s"));
    folder.write("faulty.yaml", format!("{}http: {{}}\n", tick("s")));
    let refused = folder.forebay(&["streams", "-c", "root.yaml", "s.yaml", "-httpAddress", "off"]).finish();
    assert_eq!(refused.code, Some(1));
    assert!(refused.stderr.contains("root.yaml(1,1) field input not recognised"), "{refused:?}");
    let refused = folder.forebay(&["streams", "faulty.yaml", "-httpAddress", "off"]).finish();
    assert_eq!(refused.code, Some(1));
    assert!(refused.stderr.contains("faulty.yaml(3,1) field http not recognised"), "{refused:?}");
    let same = folder.forebay(&["streams", "s.yaml", "./s.yaml", "-httpAddress", "off"]).finish();
    assert!(same.code == Some(1) && same.stderr.contains("the id s"), "{same:?}");
}

#[test]
fn without_the_api_only_readiness_is_told_and_files_are_watched() {
    let folder = Folder::new();
    folder.write("s/a.yaml", tick("a"));
    let api = Api::at_free_address();
    let mut running = folder
        .forebay(&["streams", "--no-api", "-w", "s"])
        .variable("FOREBAY_HTTP_ADDRESS", api.address())
        .start();
    running.until("it is ready", |_| api.is_up() && api.get("/ready").0 == 200);
    assert_eq!((api.get("/streams").0, api.get("/streams/a").0), (404, 404));
    folder.write("s/b.yaml", tick("b"));
    running.until("the new file runs", |_| folder.length("b.txt") > 10);
    folder.write("s/a.yaml", tick("c"));
    running.until("the changed file runs", |_| folder.length("c.txt") > 10);
    std::fs::remove_file(folder.path("s/b.yaml")).unwrap();
    running.until_log_has("the file is gone, the pipeline is stopped");
    running.signal("TERM");
    assert_eq!(running.finish().code, Some(0));
}
