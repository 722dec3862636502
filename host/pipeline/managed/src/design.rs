//! From the text of a file to a pipeline that an agent may run.

use std::sync::Arc;

use forebay_pipeline_config::{
    AgentCluster, Document, ErrorHandling, Files, LintOptions, PipelineConfig, Problem, Strategy, Variables,
};
use forebay_pipeline_engine::check_mappings;
use forebay_plugins_api::Components;

/// A version of a pipeline.
#[derive(Debug, Clone)]
pub(crate) struct Design {
    /// Counted from one, over all pipelines of the process.
    pub(crate) version: u64,
    pub(crate) file: String,
    pub(crate) config: Arc<PipelineConfig>,
}

/// A file as it was read.
pub(crate) struct Text<'a> {
    /// Of the pipeline.
    pub(crate) name: &'a str,
    pub(crate) file: &'a str,
    pub(crate) text: &'a str,
}

/// Reads a pipeline. What a processor fails for is rejected, whatever the file says.
///
/// # Errors
/// Everything that is wrong with it, lints included; never empty.
pub(crate) async fn read(
    Text { name, file, text }: Text<'_>,
    address: &str,
    variables: &(dyn Variables + Send + Sync),
    components: &dyn Components,
) -> Result<PipelineConfig, Vec<Problem>> {
    let agent = AgentCluster {
        address: address.to_owned(),
        consumer_group: Some(group_of(name)),
        ..AgentCluster::default()
    };
    let document = Document::read(&Files::one(file, text), variables).towards(agent);
    let mut examined = document.examine(&components.catalog(), LintOptions::default());
    examined.problems.extend(check_mappings(file, &examined.components, components).await);
    document.sort(&mut examined.problems);
    match examined.config {
        Some(config) if examined.problems.is_empty() => Ok(PipelineConfig {
            error_handling: ErrorHandling { strategy: Strategy::Reject, ..config.error_handling },
            ..config
        }),
        _ => Err(examined.problems),
    }
}

/// The consumer group of inputs of a pipeline that name none.
fn group_of(pipeline: &str) -> String {
    format!("pipeline-{pipeline}")
}
