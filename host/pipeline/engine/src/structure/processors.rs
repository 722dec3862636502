//! The processors of the host.

mod bounds_check;
mod branch;
mod cache;
mod cached;
mod catch;
mod dedupe;
mod for_each;
mod group_by;
mod group_by_value;
mod insert_part;
mod metric;
mod noop;
mod parallel;
mod rate_limit;
mod resource;
mod retry;
mod select_parts;
mod several;
mod sleep;
mod split;
mod switch;
mod sync_response;
mod r#try;
mod r#while;
mod workflow;

use async_trait::async_trait;
use forebay_pipeline_config::spec::{ComponentSpec, FieldKind, FieldSpec, FieldType, Kind};
use forebay_pipeline_message::{Batch, Processed};
use forebay_plugins_api::{ComponentError, LostInstance, OpenError, Operation, Processing, Processor};
use futures_util::future::BoxFuture;
use serde_json::json;

use super::opening::Opening;
use crate::spec::specification;

/// Opens a processor of the host.
type Open = for<'a> fn(Opening<'a>) -> BoxFuture<'a, Result<Box<dyn Processor>, OpenError>>;

/// A processor of the host: what it is called, what there is to know of it, and how it is opened.
pub(super) struct Own {
    pub(super) name: &'static str,
    pub(super) spec: fn() -> ComponentSpec,
    pub(super) open: Open,
}

pub(super) const ALL: &[Own] = &[
    bounds_check::OWN,
    branch::OWN,
    cache::OWN,
    cached::OWN,
    catch::OWN,
    dedupe::OWN,
    for_each::OWN,
    group_by::OWN,
    group_by_value::OWN,
    insert_part::OWN,
    metric::OWN,
    noop::OWN,
    parallel::OWN,
    rate_limit::OWN,
    resource::OWN,
    retry::OWN,
    select_parts::OWN,
    several::OWN,
    sleep::OWN,
    split::OWN,
    switch::OWN,
    sync_response::OWN,
    r#try::OWN,
    r#while::OWN,
    workflow::OWN,
];

/// What a processor of the host does with batches. It waits inside its calls.
#[async_trait]
trait Structure: Send {
    /// The results of a batch, with origins in it.
    ///
    /// # Errors
    /// Something inside was lost, and with it the batch.
    async fn run(&mut self, batch: Batch) -> Result<Vec<Processed>, LostInstance>;

    async fn close(&mut self) {}
}

/// Lets the engine use a structure as it uses processors of plugins.
struct Adapter<S>(S);

#[async_trait]
impl<S: Structure> Processor for Adapter<S> {
    async fn process(&mut self, batch: Batch) -> Result<Processing, ComponentError> {
        Ok(Processing::Done(self.0.run(batch).await?))
    }

    async fn resume(&mut self, _: Operation) -> Result<Processing, ComponentError> {
        Err(ComponentError::Failed("a processor of the host has no operations".to_owned()))
    }

    async fn close(&mut self) {
        self.0.close().await;
    }
}

/// A structure as the engine takes it.
fn boxed(structure: impl Structure + 'static) -> Box<dyn Processor> {
    Box::new(Adapter(structure))
}

/// The specification of a processor. `summary` ends with a full stop.
fn spec(name: &str, summary: &str, config: FieldSpec) -> ComponentSpec {
    specification(Kind::Processor, name, summary, config)
}

/// A list of processors, as a field or, without a name, as all of the settings.
fn processor_list(name: &str) -> FieldSpec {
    FieldSpec::new(name, FieldType::Processor).of_kind(FieldKind::Array)
}

/// The settings of a processor that is a list of others.
fn only_processors() -> FieldSpec {
    processor_list("").with_default(json!([]))
}

/// A condition.
fn check_field() -> FieldSpec {
    FieldSpec::new("check", FieldType::String).in_language("bloblang")
}
