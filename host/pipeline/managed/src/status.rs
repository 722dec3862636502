//! What is told of the pipelines of an agent.

use std::num::NonZeroU32;

use async_trait::async_trait;
use forebay_metrics::{ConnectionState, Side};
use forebay_pipeline_operations::{Answer, Handler, PathParameters, Request, json, refusal};
use http::{Method, StatusCode};
use serde::Serialize;

use crate::instance::InstanceStatus;
use crate::managed::Managed;

/// The path of all pipelines; behind it and a slash is that of each.
pub const PATH: &str = "/pipelines";

/// All pipelines of an agent.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Status {
    /// The group of this agent.
    pub group: Option<String>,
    /// How many agents share the pipelines of the group.
    pub agents: NonZeroU32,
    pub pipelines: Vec<PipelineStatus>,
}

/// A pipeline.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PipelineStatus {
    pub name: String,
    pub file: String,
    pub state: PipelineState,
    /// The number of the version that runs, of all those that this agent has taken; none runs where there is none.
    pub version: Option<u64>,
    /// The group of the pipeline.
    pub group: Option<String>,
    /// How many instances there are to be here.
    pub wanted: u32,
    pub instances: Vec<InstanceStatus>,
    pub input_connected: bool,
    pub output_connected: bool,
    /// Why the file as it is now is not what runs: with places in it, where it is at fault.
    pub problems: Vec<String>,
}

/// What becomes of a pipeline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PipelineState {
    /// An instance runs, is being started, or waits until it is time to run again.
    Running,
    /// The inputs of all instances have ended, and everything is delivered.
    Finished,
    /// An instance has failed, and is started again after a pause.
    Failing,
    /// What was read of the version before is being delivered, or what runs is about to end.
    Stopping,
    /// It is for agents of another group.
    OtherGroup,
    /// Its file is at fault, and there is no version before that would run.
    Refused,
}

/// Whether the inputs and the outputs of a pipeline are connected.
pub(crate) fn sides(states: &[ConnectionState], name: &str) -> [bool; 2] {
    [Side::Input, Side::Output].map(|side| {
        let mut of = states.iter().filter(|state| state.pipeline == name && state.side == side).peekable();
        of.peek().is_some() && of.all(|state| state.is_up)
    })
}

/// Answers for the paths.
pub(crate) struct Page(pub(crate) Managed);

#[async_trait]
impl Handler for Page {
    async fn answer(&self, request: Request) -> Answer {
        if !matches!(*request.method(), Method::GET | Method::HEAD) {
            return refusal(StatusCode::METHOD_NOT_ALLOWED, "405: ask with GET");
        }
        let status = self.0.status();
        let name = request.extensions().get::<PathParameters>().map(|variables| variables.get("name"));
        let Some(name) = name.filter(|name| !name.is_empty()) else { return shown(&status) };
        match status.pipelines.iter().find(|pipeline| pipeline.name == name) {
            Some(pipeline) => shown(pipeline),
            None => refusal(StatusCode::NOT_FOUND, &format!("404: there is no pipeline {name}")),
        }
    }
}

fn shown(what: &impl Serialize) -> Answer {
    match serde_json::to_value(what) {
        Ok(value) => json(StatusCode::OK, &value),
        Err(error) => refusal(StatusCode::INTERNAL_SERVER_ERROR, &format!("500: {error}")),
    }
}
