use async_trait::async_trait;
use forebay_lifecycle::clock;
use forebay_pipeline_message::Batch;
use forebay_plugins_api::Components as _;

use super::opening::Opening;
use super::{Destination, Refusal};
use crate::meters::OutputMeter;
use crate::structure;

/// An output of the host that is the end of a batch's way, and is measured as those of plugins are. It is always
/// connected.
struct Observed<D> {
    output: D,
    meter: OutputMeter,
}

/// Measures an output.
pub(super) fn observed(opening: &Opening<'_>, output: impl Destination + 'static) -> Box<dyn Destination> {
    let structure::Opening { components, setup } = &opening.structure;
    let meter = OutputMeter::of(&components.metrics(), &components.tracer(), setup);
    meter.connection().up();
    Box::new(Observed { output, meter })
}

#[async_trait]
impl<D: Destination> Destination for Observed<D> {
    async fn deliver(&self, batch: Batch) -> Result<(), Refusal> {
        let begun = clock::now();
        let delivered = self.output.deliver(batch.clone()).await;
        let failures = delivered.as_ref().err().map_or(&[][..], |refusal| &refusal.failures);
        self.meter.delivered(&batch, failures, begun);
        delivered
    }
}
