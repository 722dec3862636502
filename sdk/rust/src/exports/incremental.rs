use super::processors::with_incremental;
use crate::Error;
use crate::bindings::capabilities::forebay::plugin::{batches, streams};
use crate::bindings::incremental::exports::forebay::plugin::incremental_processors as wit;

pub fn begin(sink: streams::ByteSink) -> Result<(), String> {
    with_incremental(|processor| processor.begin(sink.into())).map_err(Error::into_message)
}

pub fn add(slice: batches::Batch) -> Result<(), String> {
    with_incremental(|processor| processor.add(&slice.into())).map_err(Error::into_message)
}

pub fn finish() -> Result<wit::Finished, String> {
    match with_incremental(|processor| processor.finish()) {
        Ok(metadata) => Ok(wit::Finished { metadata: metadata.0 }),
        Err(error) => Err(error.into_message()),
    }
}

pub fn abort() {
    with_incremental(|processor| processor.abort());
}
