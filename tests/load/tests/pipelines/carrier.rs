//! The pipelines of the scenarios: from the topic of the workload elsewhere, with a mapping in between.

use std::fmt;

use forebay_tests_load::TOPIC;
use forebay_tests_load::carrying::Carried;
use forebay_tests_pipelines::{Folder, Running};
use serde_json::{Value, json};

use crate::agent::Site;
use crate::outlet::CARRIED;

/// Where agents find the pipeline.
pub(crate) const MANAGED: &str = "pipelines/carry.yaml";
pub(crate) const GROUP: &str = "carriers";

/// What a pipeline promises.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    /// Each partition stays in its order, whatever happens.
    Strict,
    /// Batches may overtake each other.
    Loose,
}

/// An input from the topic of the workload.
pub(crate) fn input(order: Order) -> Value {
    let mut fields = json!({
        "topics": [TOPIC], "consumer_group": GROUP, "commit_period": "100ms", "metadata_max_age": "1s",
    });
    if order == Order::Strict {
        let batching = json!({"count": 500, "period": "20ms"});
        extend(&mut fields, json!({"strict_order": true, "batching": batching}));
    }
    fields
}

/// An output to a topic, to the partition that a record comes from.
pub(crate) fn output(order: Order) -> Value {
    let mut fields = json!({
        "topic": CARRIED, "partitioner": "manual", "partition": "${! @kafka_partition }", "metadata_max_age": "1s",
        "timeout": "5s",
    });
    if order == Order::Strict {
        extend(&mut fields, json!({"strict_order": true, "max_in_flight": 1}));
    }
    fields
}

/// A component that talks to an agent over TCP.
pub(crate) fn at(site: &Site, mut fields: Value) -> Value {
    extend(&mut fields, json!({"seed_brokers": [site.address().to_string()]}));
    json!({"kafka_franz": fields})
}

/// One that talks to the agent that it runs in.
pub(crate) fn inside(fields: Value) -> Value {
    json!({"kafka_franz_warpstream": fields})
}

/// A whole pipeline.
pub(crate) fn pipeline(input: Value, output: Value) -> Value {
    json!({
        "input": input,
        "pipeline": {"in_flight_bytes": "32MiB", "processors": [{"mapping": Carried::MAPPING}]},
        "output": output,
    })
}

/// From topic to topic of one agent, over TCP.
pub(crate) fn outside(site: &Site, order: Order) -> Value {
    pipeline(at(site, input(order)), at(site, output(order)))
}

/// Starts `forebay run` with a pipeline of a file of its own.
pub(crate) fn run(folder: &Folder, name: &str, pipeline: &Value) -> Running {
    let file = format!("{name}.yaml");
    folder.write(&file, pipeline.to_string());
    folder.forebay(&["run", &file]).start()
}

/// Puts a pipeline into the folder that agents look at.
pub(crate) fn manage(folder: &Folder, order: Order) {
    let text = pipeline(inside(input(order)), inside(output(order))).to_string();
    folder.write(MANAGED, text);
}

/// Takes it out again, if it is still there, and waits until the agent has stopped it.
pub(crate) fn unmanage(folder: &Folder, agent: &mut Running) {
    if folder.has(MANAGED) {
        std::fs::remove_file(folder.path(MANAGED)).unwrap();
    }
    agent.until_log_has("pipeline=carry msg=stopped");
}

impl fmt::Display for Order {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Strict => "strict",
            Self::Loose => "",
        })
    }
}

fn extend(fields: &mut Value, more: Value) {
    let (Some(fields), Value::Object(more)) = (fields.as_object_mut(), more) else { return };
    fields.extend(more);
}
