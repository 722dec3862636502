//! The section `warpstream`: how agents run a pipeline that they manage.
//!
//! `forebay run` takes it and runs the pipeline once all the same: there is one process, and no agents to count.

use std::num::NonZeroU32;
use std::time::Duration;

use serde_json::{Map, Value as Json};

use crate::duration::parse_duration;
use crate::lint::Examiner;
use crate::position::Position;
use crate::spec::{FieldSpec, FieldType};
use crate::yaml::Node;

pub(super) const FIELD: &str = "warpstream";
const RUN_EVERY: &str = "run_every";
const CLUSTER: &str = "cluster_concurrency_target";
const AGENT: &str = "agent_concurrency_target";
const GROUP: &str = "pipeline_group";

/// More instances than that are a slip: an instance of each plugin alone costs tens of KiB.
const MOST_INSTANCES: i64 = 1_000;
/// A shorter pause keeps a core busy with nothing but starting.
const LEAST_PAUSE: Duration = Duration::from_millis(10);

/// How agents run a pipeline.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WarpstreamConfig {
    /// From one start to the next, of a pipeline whose input ends. None runs it once.
    pub run_every: Option<Duration>,
    pub concurrency: Concurrency,
    /// The group of agents that run it; none is those that are in none.
    pub pipeline_group: Option<String>,
}

/// How many instances of a pipeline there are to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Concurrency {
    /// So many on each agent.
    Agent(NonZeroU32),
    /// So many in all, rounded up to a multiple of the agents.
    Cluster(NonZeroU32),
}

impl Default for Concurrency {
    fn default() -> Self {
        Self::Agent(NonZeroU32::MIN)
    }
}

impl Concurrency {
    /// How many of them run on each of so many agents.
    #[must_use]
    pub fn on_each_of(self, agents: NonZeroU32) -> NonZeroU32 {
        match self {
            Self::Agent(instances) => instances,
            Self::Cluster(all) => {
                NonZeroU32::new(all.get().div_ceil(agents.get())).unwrap_or(NonZeroU32::MIN)
            }
        }
    }
}

impl WarpstreamConfig {
    /// Whether agents of a group run the pipeline.
    #[must_use]
    pub fn runs_in(&self, group: Option<&str>) -> bool {
        self.pipeline_group.as_deref() == group
    }
}

pub(super) fn field() -> FieldSpec {
    let scheduling = vec![
        FieldSpec::new(RUN_EVERY, FieldType::String)
            .optional()
            .with_docs("Where the input ends, run the pipeline again so long after it was started."),
    ];
    FieldSpec::new(FIELD, FieldType::Object)
        .optional()
        .with_docs("How agents run this pipeline, where they manage it.")
        .with_fields(vec![
            FieldSpec::new("scheduling", FieldType::Object).optional().with_fields(scheduling),
            FieldSpec::new(CLUSTER, FieldType::Int).optional().with_docs(
                "How many instances there are to be, over all agents: a multiple of their number, and at least this.",
            ),
            FieldSpec::new(AGENT, FieldType::Int)
                .optional()
                .with_docs("How many instances there are to be on each agent; one, if nothing is said."),
            FieldSpec::new(GROUP, FieldType::String)
                .optional()
                .with_docs("The group of agents that run it: those with this `-managedPipelinesGroupName`."),
        ])
}

/// Takes the section out of the settings. What does not fit its field was reported when they were read.
pub(super) fn examine(
    examiner: &mut Examiner<'_>,
    root: &Node,
    settings: &Map<String, Json>,
) -> WarpstreamConfig {
    let Some((settings, node)) = settings.get(FIELD).zip(root.get(FIELD)) else {
        return WarpstreamConfig::default();
    };
    let at = |name: &str| node.get(name).map_or(node.span, |value| value.span).start;
    let [cluster, agent] = [CLUSTER, AGENT].map(|name| target(examiner, settings.get(name)?, name, at(name)));
    let concurrency = match (cluster, agent) {
        (Some(_), Some(_)) => {
            let message = format!("either {CLUSTER} or {AGENT} can be set, and not both");
            examiner.fatal(node.entry(AGENT).map_or(node.span, |(key, _)| key.span).start, message);
            Concurrency::default()
        }
        (Some(all), None) => Concurrency::Cluster(all),
        (None, Some(each)) => Concurrency::Agent(each),
        (None, None) => Concurrency::default(),
    };
    let run_every = settings.pointer("/scheduling/run_every").and_then(Json::as_str).and_then(|text| {
        let scheduling = node.get("scheduling").and_then(|scheduling| scheduling.get(RUN_EVERY));
        pause(examiner, text, scheduling.map_or(node.span, |value| value.span).start)
    });
    let pipeline_group = settings.get(GROUP).and_then(Json::as_str).filter(|group| !group.is_empty());
    WarpstreamConfig { run_every, concurrency, pipeline_group: pipeline_group.map(str::to_owned) }
}

fn target(examiner: &mut Examiner<'_>, value: &Json, name: &str, at: Position) -> Option<NonZeroU32> {
    let number = value.as_i64()?;
    let target = u32::try_from(number).ok().filter(|_| number <= MOST_INSTANCES).and_then(NonZeroU32::new);
    if target.is_none() {
        examiner.fatal(at, format!("field {name} takes 1 to {MOST_INSTANCES}, and not {number}"));
    }
    target
}

fn pause(examiner: &mut Examiner<'_>, text: &str, at: Position) -> Option<Duration> {
    if text.is_empty() {
        return None;
    }
    match parse_duration(text) {
        Ok(pause) if pause >= LEAST_PAUSE => Some(pause),
        Ok(_) => {
            examiner.fatal(at, format!("field {RUN_EVERY} takes {LEAST_PAUSE:?} at least, and not {text}"));
            None
        }
        Err(error) => {
            examiner.fatal(at, error.to_string());
            None
        }
    }
}

#[cfg(test)]
mod tests;
