use std::collections::BTreeMap;

use serde_json::json;

use super::*;
use crate::document::{Document, Files};
use crate::spec::Description;
use crate::{Catalog, Examined, LintOptions};

fn catalog() -> Catalog {
    let brokers = json!({"name": "seed_brokers", "type": "string", "kind": "array"});
    let optional = |name: &str| json!({"name": name, "type": "string", "optional": true});
    let topics = json!({"name": "topics", "type": "string", "kind": "array"});
    let batching = json!({"name": "batching", "type": "object", "fields": [
        {"name": "count", "type": "int", "default": 0}, {"name": "byte_size", "type": "int", "default": 0},
        {"name": "period", "type": "string", "default": ""}]});
    let in_flight = json!({"name": "max_in_flight", "type": "int", "default": 10});
    let regexp = json!({"name": "regexp_topics", "type": "bool", "default": false});
    let tls = json!({"name": "tls", "type": "object", "fields": [{"name": "enabled", "type": "bool", "default": false}]});
    let outputs = json!({"name": "outputs", "type": "output", "kind": "array"});
    let description = json!({"contract": 1, "plugin": {"name": "test"}, "components": [
        {"kind": "input", "name": "stdin"}, {"kind": "output", "name": "stdout"},
        {"kind": "output", "name": "fan", "config": {"type": "object", "fields": [outputs]}},
        {"kind": "input", "name": "kafka_franz", "config": {"type": "object", "fields": [
            brokers, topics, regexp, optional("consumer_group"), optional("client_id")]}},
        {"kind": "output", "name": "kafka_franz", "config": {"type": "object", "fields": [
            brokers, {"name": "topic", "type": "string"}, batching, in_flight, tls, optional("client_id")]}}]});
    let mut catalog = Catalog::new();
    catalog.insert(Description::from_json(&description.to_string()).unwrap()).unwrap();
    catalog
}

fn examine(text: &str, agent: AgentCluster) -> Examined {
    let document = Document::read(&Files::one("f", text), &BTreeMap::<String, String>::new());
    document.towards(agent).examine(&catalog(), LintOptions::default())
}

fn problems(text: &str) -> Vec<String> {
    examine(text, AgentCluster::default()).problems.iter().map(ToString::to_string).collect()
}

#[test]
fn a_block_becomes_kafka_franz_towards_the_agent() {
    let text = "input: {kafka_franz_warpstream: {topics: [a]}}\noutput: {kafka_franz_warpstream: {topic: b, tls: {enabled: true}}}\n";
    let agent = AgentCluster {
        address: "127.0.0.1:9092".into(),
        consumer_group: Some("pipeline".into()),
        client_id: Some("me ws_az=a".into()),
    };
    let examined = examine(text, agent);
    assert_eq!(examined.problems, []);
    let config = examined.config.unwrap();
    assert_eq!((config.input.name.as_str(), config.output.name.as_str()), ("kafka_franz", "kafka_franz"));
    let input = json!({
        "seed_brokers": ["127.0.0.1:9092"], "topics": ["a"], "regexp_topics": false, "consumer_group": "pipeline",
        "client_id": "me ws_az=a"
    });
    assert_eq!(config.input.config, input);
    let output = json!({
        "seed_brokers": ["127.0.0.1:9092"], "topic": "b", "max_in_flight": 64, "tls": {"enabled": true},
        "client_id": "me ws_az=a", "batching": {"count": 5_000, "byte_size": 900_000, "period": "20ms"}
    });
    assert_eq!(config.output.config, output);
}

#[test]
fn what_is_about_connections_has_no_meaning_in_the_process_of_the_agent() {
    let text = "output: {kafka_franz_warpstream: {topic: b, tls: {enabled: true}}}\n";
    let examined = examine(text, AgentCluster::default());
    assert_eq!(examined.problems, []);
    assert_eq!(examined.config.unwrap().output.config["tls"], json!({"enabled": false}));
}

#[test]
fn it_may_stand_inside_of_others_and_beside_a_type() {
    let text = "
output:
  fan:
    outputs:
      - {kafka_franz_warpstream: {topic: a}, type: kafka_franz}
      - {kafka_franz_warpstream: {topic: b}, type: kafka_franz_warpstream}
      - {type: stdout, stdout: {}}
";
    let examined = examine(text, AgentCluster::default());
    assert_eq!(examined.problems, []);
    let inside = examined.config.unwrap().output.children;
    let brokers: Vec<_> =
        inside.iter().map(|child| child.component.config.get("seed_brokers").cloned()).collect();
    assert_eq!(brokers, [Some(json!([AGENT_CLUSTER])), Some(json!([AGENT_CLUSTER])), None]);
}

#[test]
fn what_a_block_says_for_itself_stays() {
    let text = "output: {kafka_franz_warpstream: {topic: b, max_in_flight: 1, batching: {count: 7}}}\ninput: {kafka_franz_warpstream: {topics: [a], consumer_group: own}}\n";
    let agent = AgentCluster { consumer_group: Some("pipeline".into()), ..AgentCluster::default() };
    let config = examine(text, agent).config.unwrap();
    assert_eq!(config.output.config["max_in_flight"], 1);
    assert_eq!(config.output.config["batching"], json!({"count": 7, "byte_size": 0, "period": ""}));
    assert_eq!(config.input.config["consumer_group"], "own");
}

#[test]
fn partitions_that_are_named_are_read_without_a_group() {
    let group = |topics: &str| {
        let text = format!("input: {{kafka_franz_warpstream: {{{topics}}}}}");
        let agent = AgentCluster { consumer_group: Some("pipeline".into()), ..AgentCluster::default() };
        examine(&text, agent).config.unwrap().input.config.get("consumer_group").cloned()
    };
    assert_eq!(group("topics: [a, 'b:0-3']"), None);
    assert_eq!(group("topics: ['a:.*'], regexp_topics: true"), Some(json!("pipeline")));
}

#[test]
fn what_is_wrong_is_told_where_it_is_written() {
    let text = "output:\n  kafka_franz_warpstream:\n    topc: b\n    seed_brokers: [a]\n";
    let expected = [
        "f(2,3) field topic is required",
        "f(3,5) field topc not recognised, did you mean `topic`?",
        "f(4,5) kafka_franz_warpstream has the brokers of the agent that runs it: leave seed_brokers out",
    ];
    assert_eq!(problems(text), expected);
    assert_eq!(problems("pipeline: {processors: [kafka_franz_warpstream: {}]}").len(), 1);
}
