//! `kafka_franz_warpstream`: a `kafka_franz` towards the cluster of the agent that runs the pipeline.
//!
//! It is rewritten before anything else is read, and so stands wherever an input or an output may, with or without
//! `type: kafka_franz` beside it. What it says for itself stays; what it leaves out is set so that it suits an agent.

use serde_json::{Value as Json, json};

use crate::catalog::Entry;
use crate::lint::Examiner;
use crate::spec::{ComponentSpec, Kind};
use crate::yaml::{Key, Node, Style, Value};

/// The name of the block.
const ALIAS: &str = "kafka_franz_warpstream";
/// What it becomes.
const NAME: &str = "kafka_franz";
const SEED_BROKERS: &str = "seed_brokers";

/// What addresses in this process begin with.
const IN_PROCESS: &str = "forebay://";
const OF_CONNECTIONS: [&str; 2] = ["tls", "sasl"];

/// In the place of an address: the cluster of the agent in this process.
pub const AGENT_CLUSTER: &str = "forebay://agent";

/// The cluster of the agent, as a configuration is to see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgentCluster {
    /// Where it is.
    pub address: String,
    /// The group of inputs that name neither a group nor partitions: without one, every instance of a pipeline would
    /// read everything, at each start anew.
    pub consumer_group: Option<String>,
    /// The client id of those that name none: it may tell the zone, so that agents of that zone serve.
    pub client_id: Option<String>,
}

impl Default for AgentCluster {
    fn default() -> Self {
        Self { address: AGENT_CLUSTER.to_owned(), consumer_group: None, client_id: None }
    }
}

/// The same component without the alias; none where it has none.
pub(super) fn rewritten(examiner: &mut Examiner<'_>, kind: Kind, node: &Node) -> Option<Node> {
    if !matches!(kind, Kind::Input | Kind::Output) {
        return None;
    }
    node.entry(ALIAS)?;
    let mut node = node.clone();
    let Value::Mapping(entries) = &mut node.value else { return None };
    for (key, value) in entries {
        if key.text == ALIAS {
            NAME.clone_into(&mut key.text);
            settings(examiner, kind, value, key);
        } else if key.text == "type" && value.text == ALIAS {
            NAME.clone_into(&mut value.text);
        }
    }
    Some(node)
}

/// Sets what the block leaves out; it stands where the block is named.
fn settings(examiner: &mut Examiner<'_>, kind: Kind, node: &mut Node, name: &Key) {
    if node.is_null() {
        *node = Node { style: Style::Block, ..Node::from_json(&json!({}), name.span) };
    }
    let Value::Mapping(fields) = &mut node.value else { return };
    if let Some((key, _)) = fields.iter().find(|(key, _)| key.text == SEED_BROKERS) {
        let message = format!("{ALIAS} has the brokers of the agent that runs it: leave {SEED_BROKERS} out");
        examiner.lint(key.span.start, message);
        fields.retain(|(key, _)| key.text != SEED_BROKERS);
    }
    if examiner.agent.address.starts_with(IN_PROCESS) {
        // They are about connections, of which there are none.
        fields.retain(|(key, _)| !OF_CONNECTIONS.contains(&key.text.as_str()));
    }
    let mut missing = vec![(SEED_BROKERS, json!([examiner.agent.address]))];
    missing.extend(examiner.agent.client_id.as_deref().map(|id| ("client_id", Json::from(id))));
    match kind {
        Kind::Input if !names_partitions(fields) => {
            let group = examiner.agent.consumer_group.as_deref();
            missing.extend(group.map(|group| ("consumer_group", Json::from(group))));
        }
        Kind::Output => {
            // An agent answers when a segment is written: single messages that wait for that would be few.
            missing.push(("batching", json!({"count": 5_000, "byte_size": 900_000, "period": "20ms"})));
            missing.push(("max_in_flight", json!(64)));
        }
        _ => {}
    }
    for (field, value) in missing {
        if fields.iter().all(|(key, value)| key.text != field || value.is_null()) {
            fields.retain(|(key, _)| key.text != field);
            let key = Key { text: field.to_owned(), span: name.span };
            fields.push((key, Node::from_json(&value, name.span)));
        }
    }
}

/// What the block is to editors: `kafka_franz` without the brokers.
pub(crate) fn described(entry: &Entry) -> Option<Entry> {
    let is_franz = entry.spec.name.as_str() == NAME && matches!(entry.spec.kind, Kind::Input | Kind::Output);
    let name = ALIAS.parse().ok().filter(|_| is_franz)?;
    let mut described = Entry { spec: ComponentSpec { name, ..entry.spec.clone() }, ..entry.clone() };
    described.spec.config.fields.retain(|field| field.name != SEED_BROKERS);
    Some(described)
}

/// Whether topics come with partitions, which no group hands out.
fn names_partitions(fields: &[(Key, Node)]) -> bool {
    let is_true = |name: &str| fields.iter().any(|(key, value)| key.text == name && value.text == "true");
    let topics = fields.iter().find(|(key, _)| key.text == "topics").map(|(_, topics)| &topics.value);
    let Some(Value::Sequence(topics)) = topics else { return false };
    !is_true("regexp_topics") && topics.iter().any(|topic| topic.text.contains(':'))
}

#[cfg(test)]
mod tests;
