//! Buffers: what stands between the input of a pipeline and its processors.

mod memory;
mod system_window;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use forebay_lifecycle::{Shutdown, clock};
use forebay_pipeline_config::spec::{ComponentSpec, FieldSpec, FieldType, Kind};
use forebay_pipeline_message::Transaction;
use forebay_plugins_api::{Components as _, OpenError, Setup};
use futures_util::future::BoxFuture;
use serde_json::json;

use crate::budget::Budget;
use crate::channel::{Receiver, Sender, hand_on_all};
use crate::ground::Work;
use crate::meters::BufferMeter;
use crate::spec::specification;
use crate::structure::{self, Structured};

type Open = for<'a> fn(Opening<'a>) -> BoxFuture<'a, Result<Vec<Work>, OpenError>>;

/// A buffer: what it is called, what there is to know of it, and how it is opened.
pub(crate) struct Own {
    name: &'static str,
    pub(crate) spec: fn() -> ComponentSpec,
    open: Open,
}

pub(crate) const ALL: &[Own] = &[memory::OWN, NONE, system_window::OWN];

/// The buffer that is none: a pipeline without one works the same.
const NONE: Own = Own {
    name: "none",
    spec: || {
        let nothing = FieldSpec::new("", FieldType::Object).with_default(json!({}));
        spec("none", "Holds nothing: the input waits for what becomes of its messages.", nothing)
    },
    open: |opening| {
        Box::pin(async move {
            let Opening { from, to, .. } = opening;
            Ok(vec![Box::pin(hand_on_all(from, to)) as Work])
        })
    },
};

/// A buffer that is being opened.
struct Opening<'a> {
    structure: structure::Opening<'a>,
    /// That of the pipeline.
    budget: &'a Arc<Budget>,
    meter: Arc<BufferMeter>,
    /// Says that the pipeline stops.
    stop: &'a Shutdown,
    from: Receiver,
    to: Sender,
}

/// Opens a buffer between two channels.
///
/// # Errors
/// What is wrong with it.
pub(crate) async fn open(
    components: &Structured,
    setup: &Setup,
    budget: &Arc<Budget>,
    stop: &Shutdown,
    (from, to): (Receiver, Sender),
) -> Result<Vec<Work>, OpenError> {
    let Some(own) = ALL.iter().find(|own| own.name == setup.name.as_str()) else {
        return Err(OpenError::Unknown { kind: "buffer", name: setup.name.to_string() });
    };
    let structure = structure::Opening { components, setup };
    let meter = Arc::new(BufferMeter::of(&components.metrics(), &components.tracer(), setup));
    (own.open)(Opening { structure, budget, meter, stop, from, to }).await
}

/// A transaction that leaves a buffer, and is counted.
fn leaving(meter: &Arc<BufferMeter>, transaction: Transaction) -> Transaction {
    meter.sent(transaction.batch());
    let (meter, begun) = (Arc::clone(meter), clock::now());
    transaction.watched(move || meter.settled(begun.elapsed()))
}

/// The specification of a buffer. `summary` ends with a full stop.
fn spec(name: &str, summary: &str, config: FieldSpec) -> ComponentSpec {
    specification(Kind::Buffer, name, summary, config)
}
