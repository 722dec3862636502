use super::outputs;
use crate::bindings::capabilities::forebay::plugin::{batches, streams};
use crate::bindings::streaming_outputs::exports::forebay::plugin::streaming_outputs as wit;
use crate::output::{Pending, WriteError, Written};

pub fn write_stream(
    head: batches::Batch,
    payload: streams::ByteStream,
) -> Result<Vec<wit::UnderWay>, wit::StreamError> {
    let Written { failed, pending } =
        outputs::write_stream(head.into(), payload.into()).map_err(|error| match error {
            WriteError::NotConnected(reason) => wit::StreamError::NotConnected(reason),
            WriteError::Failed(reason) => wit::StreamError::Failed(reason),
        })?;
    // There is one message: what names any of its kind names it.
    if let Some(failure) = failed.into_iter().next() {
        return Err(wit::StreamError::Failed(failure.reason));
    }
    let under_way =
        |Pending { operation, resolve, .. }| wit::UnderWay { operation: operation.into(), resolve };
    Ok(pending.into_iter().map(under_way).collect())
}
