//! Inputs and outputs that come and go over HTTP.

use forebay_tests_pipelines::{Api, Folder};

fn has(folder: &Folder, name: &str, text: &str) -> bool {
    folder.has(name) && folder.read(name).contains(text)
}

fn input(text: &str) -> String {
    format!("generate: {{mapping: 'root = \"{text}\"', interval: 5ms}}\n")
}

#[test]
fn inputs_and_outputs_come_and_go() {
    let folder = Folder::new();
    let pipeline = "\
input:
  dynamic:
    prefix: /in/
    inputs: {first: {generate: {mapping: 'root = \"first\"', interval: 5ms}}}
output:
  dynamic:
    outputs: {one: {file: {path: one.txt}}}
shutdown_timeout: 10s
";
    let api = Api::at_free_address();
    let mut running = folder.run(pipeline).variable("FOREBAY_HTTP_ADDRESS", api.address()).start();
    running.until("the first input is read", |_| has(&folder, "one.txt", "first"));
    let (status, shown) = api.get("/in/inputs/first");
    assert_eq!((status, shown.contains("interval: 5ms")), (200, true), "{shown}");
    assert_eq!(api.get("/in/inputs/other").0, 404);
    assert_eq!(api.send("POST", "/in/inputs/other", &input("other")), (200, String::new()));
    running.until("the other input is read", |_| has(&folder, "one.txt", "other"));
    assert_eq!(api.send("POST", "/outputs/two", "file: {path: two.txt}").0, 200);
    running.until("both outputs get all", |_| {
        has(&folder, "two.txt", "first") && has(&folder, "two.txt", "other")
    });
    let (status, listed) = api.get("/in/inputs");
    assert!(status == 200 && listed.contains("\"first\"") && listed.contains("\"other\""), "{listed}");
    assert_ne!(api.get("/in/inputs/first/uptime").1, "stopped");

    let (status, fault) = api.send("POST", "/in/inputs/other", "generat: {}");
    assert_eq!((status, fault.contains("did you mean `generate`?")), (502, true), "{fault}");
    assert_eq!(api.send("POST", "/in/inputs/other", &input("changed")).0, 200);
    running.until("the changed input is read", |_| has(&folder, "two.txt", "changed"));
    assert_eq!(api.send("DELETE", "/in/inputs/other", "").0, 200);
    assert_eq!(api.get("/in/inputs/other").0, 404);
    let ending = "generate: {count: 1, interval: '', mapping: 'root = \"last\"'}";
    assert_eq!(api.send("POST", "/in/inputs/ending", ending).0, 200);
    running.until("it has ended", |_| api.get("/in/inputs/ending/uptime").1 == "stopped");

    assert_eq!(api.send("DELETE", "/outputs/two", "").0, 200);
    let length = folder.length("two.txt");
    let before = folder.length("one.txt");
    running.until("the first output goes on", |_| folder.length("one.txt") > before + 100);
    assert_eq!(folder.length("two.txt"), length, "the other one has gone");
    assert_eq!(api.send("DELETE", "/outputs/one", "").0, 200);
    assert_eq!(api.send("POST", "/outputs/three", "file: {path: three.txt}").0, 200);
    running.until("what waited is delivered", |_| has(&folder, "three.txt", "first"));
    running.signal("TERM");
    assert_eq!(running.finish().code, Some(0));
}

#[test]
fn paths_belong_to_one_component() {
    let folder = Folder::new();
    let pipeline = "input: {broker: {inputs: [{dynamic: {}}, {dynamic: {}}]}}\noutput: {drop: {}}\n";
    let api = Api::at_free_address();
    let refused = folder.run(pipeline).variable("FOREBAY_HTTP_ADDRESS", api.address()).finish();
    assert_eq!(refused.code, Some(1));
    assert!(refused.stderr.contains("the path /inputs is taken"), "{refused:?}");
}
