//! Messages, in columns.

use bytes::Bytes;
use forebay_pipeline_message::{Batch, DeriveError, MetadataWriter, RespondError};
use wasmtime::StoreContextMut;
use wasmtime::component::{Linker, Resource, WasmList};

use crate::bindings::forebay::plugin::batches::{
    Host, HostBatch as HostBatchMethods, Message, Origins, Value,
};
use crate::guest::Guest;
use crate::held::Share;
use crate::limits::{Limit, Refusal};

/// A batch that a guest has a handle of.
#[derive(Debug)]
#[expect(unreachable_pub, reason = "the generated bindings name it")]
pub struct HostBatch {
    pub(crate) batch: Batch,
    /// What it counts among what the instance holds.
    pub(crate) _share: Share,
}

/// The hot calls by hand: a generated `list<u8>` would be copied once more on its way.
pub(crate) fn link_fast(linker: &mut Linker<Guest>) -> wasmtime::Result<()> {
    let mut batches = linker.instance("forebay:plugin/batches@0.1.0")?;
    batches.func_wrap(
        "[method]batch.columns",
        |store: StoreContextMut<'_, Guest>,
         (batch, mask): (Resource<HostBatch>, u32)|
         -> wasmtime::Result<(Bytes,)> {
            let guest = store.data();
            let batch = guest.batch(&batch)?;
            if batch.is_scattered() {
                guest.check_written(batch)?;
            }
            Ok((batch.block(mask),))
        },
    )?;
    batches.func_wrap(
        "[static]batch.from-columns",
        |mut store: StoreContextMut<'_, Guest>,
         (columns,): (WasmList<u8>,)|
         -> wasmtime::Result<(Resource<HostBatch>,)> {
            let columns = Bytes::copy_from_slice(columns.as_le_slice(&store));
            Ok((store.data_mut().push_columns(columns)?,))
        },
    )?;
    batches.func_wrap(
        "[method]batch.derive",
        |mut store: StoreContextMut<'_, Guest>,
         (source, columns, origins): (Resource<HostBatch>, WasmList<u8>, Origins)|
         -> wasmtime::Result<(Resource<HostBatch>,)> {
            let columns = Bytes::copy_from_slice(columns.as_le_slice(&store));
            Ok((store.data_mut().push_derived(&source, columns, origins)?,))
        },
    )?;
    Ok(())
}

impl Guest {
    /// Gives the guest a batch of columns that it has written.
    fn push_columns(&mut self, columns: Bytes) -> wasmtime::Result<Resource<HostBatch>> {
        let batch = Batch::from_block(columns).map_err(|error| Refusal::contract(error.to_string()))?;
        self.push_batch(batch)
    }

    /// Gives the guest a batch that derives from another.
    fn push_derived(
        &mut self,
        source: &Resource<HostBatch>,
        columns: Bytes,
        origins: Origins,
    ) -> wasmtime::Result<Resource<HostBatch>> {
        let source = self.batch(source)?;
        if source.is_scattered() {
            self.check_written(source)?;
        }
        let derived =
            source.derive(columns, &origins.into(), self.limits.batches).map_err(|error| match error {
                DeriveError::TooLarge { .. } => Refusal::limit(Limit::Batches, error.to_string()),
                DeriveError::Layout(_) | DeriveError::Origins(_) => Refusal::contract(error.to_string()),
            })?;
        self.push_batch(derived)
    }
}

impl Host for Guest {}

impl HostBatchMethods for Guest {
    fn length(&mut self, batch: Resource<HostBatch>) -> wasmtime::Result<u32> {
        Ok(length(self.batch(&batch)?))
    }

    fn independent(&mut self, batch: Resource<HostBatch>) -> wasmtime::Result<bool> {
        Ok(self.batch(&batch)?.independent())
    }

    fn columns(&mut self, batch: Resource<HostBatch>, mask: u32) -> wasmtime::Result<Vec<u8>> {
        Ok(self.batch(&batch)?.block(mask).to_vec())
    }

    fn from_columns(&mut self, columns: Vec<u8>) -> wasmtime::Result<Resource<HostBatch>> {
        self.push_columns(columns.into())
    }

    fn derive(
        &mut self,
        source: Resource<HostBatch>,
        columns: Vec<u8>,
        origins: Origins,
    ) -> wasmtime::Result<Resource<HostBatch>> {
        self.push_derived(&source, columns.into(), origins)
    }

    fn messages(&mut self, batch: Resource<HostBatch>) -> wasmtime::Result<Vec<Message>> {
        let record = |message: forebay_pipeline_message::Message<'_>| Message {
            payload: message.payload().map(<[u8]>::to_vec),
            metadata: message.metadata_entries().map(|(key, value)| (key.to_owned(), value.into())).collect(),
            error: message.error().map(str::to_owned),
        };
        let batch = self.batch(&batch)?;
        self.check_written(batch)?;
        Ok(batch.iter().map(record).collect())
    }

    fn from_messages(
        &mut self,
        messages: Vec<Message>,
        independent: bool,
    ) -> wasmtime::Result<Resource<HostBatch>> {
        let mut metadata = MetadataWriter::default();
        let mut errors = Vec::new();
        for (index, message) in messages.iter().enumerate() {
            for (key, value) in &message.metadata {
                metadata.push(key, borrow(value));
            }
            metadata.end_message();
            if let Some(error) = &message.error {
                errors.push((index, error.as_str()));
            }
        }
        let payloads = messages.iter().map(|message| message.payload.as_deref());
        self.push_batch(Batch::from_parts(payloads, independent, metadata, errors))
    }

    fn payload(&mut self, batch: Resource<HostBatch>, index: u32) -> wasmtime::Result<Option<Vec<u8>>> {
        Ok(message(self.batch(&batch)?, index)?.payload().map(<[u8]>::to_vec))
    }

    fn metadata(
        &mut self,
        batch: Resource<HostBatch>,
        index: u32,
        key: String,
    ) -> wasmtime::Result<Option<Value>> {
        Ok(message(self.batch(&batch)?, index)?.metadata(&key).map(Value::from))
    }

    fn error(&mut self, batch: Resource<HostBatch>, index: u32) -> wasmtime::Result<Option<String>> {
        Ok(message(self.batch(&batch)?, index)?.error().map(str::to_owned))
    }

    fn slice(
        &mut self,
        batch: Resource<HostBatch>,
        start: u32,
        end: u32,
    ) -> wasmtime::Result<Resource<HostBatch>> {
        let slice = self.batch(&batch)?.slice(start as usize, end as usize);
        let slice =
            slice.ok_or_else(|| Refusal::contract(format!("slice {start}..{end} is out of range")))?;
        self.push_batch(slice)
    }

    fn select(
        &mut self,
        batch: Resource<HostBatch>,
        indexes: Vec<u32>,
    ) -> wasmtime::Result<Resource<HostBatch>> {
        let selected = self.batch(&batch)?.select(&indexes);
        let selected = selected.ok_or_else(|| Refusal::contract("an index to select is out of range"))?;
        self.push_batch(selected)
    }

    fn respond(
        &mut self,
        batch: Resource<HostBatch>,
        response: Resource<HostBatch>,
    ) -> wasmtime::Result<Result<bool, String>> {
        Ok(match self.batch(&batch)?.respond_with(self.batch(&response)?) {
            Ok(()) => Ok(true),
            Err(RespondError::NobodyWaits) => Ok(false),
            Err(error @ RespondError::TooMuch) => Err(error.to_string()),
        })
    }

    fn concatenate(&mut self, batches: Vec<Resource<HostBatch>>) -> wasmtime::Result<Resource<HostBatch>> {
        let parts =
            batches.into_iter().map(|batch| self.take_batch(batch)).collect::<wasmtime::Result<Vec<_>>>()?;
        let joined =
            Batch::concatenate(&parts).ok_or_else(|| Refusal::contract("more than 2^32 messages"))?;
        self.push_batch(joined)
    }

    fn drop(&mut self, batch: Resource<HostBatch>) -> wasmtime::Result<()> {
        self.take_batch(batch)?;
        Ok(())
    }
}

fn length(batch: &Batch) -> u32 {
    u32::try_from(batch.len()).unwrap_or(u32::MAX)
}

fn message(batch: &Batch, index: u32) -> wasmtime::Result<forebay_pipeline_message::Message<'_>> {
    let found = batch.get(index as usize);
    found.ok_or_else(|| Refusal::contract(format!("message {index} is not one of {}", batch.len())))
}

fn borrow(value: &Value) -> forebay_pipeline_message::Value<'_> {
    use forebay_pipeline_message::Value as Ours;
    match value {
        Value::Null => Ours::Null,
        Value::Boolean(value) => Ours::Bool(*value),
        Value::Signed(value) => Ours::Signed(*value),
        Value::Unsigned(value) => Ours::Unsigned(*value),
        Value::Float(value) => Ours::Float(*value),
        Value::Text(text) => Ours::Text(text),
        Value::Bytes(bytes) => Ours::Bytes(bytes),
        Value::Timestamp(at) => Ours::Timestamp { seconds: at.seconds, nanoseconds: at.nanoseconds },
        Value::Json(text) => Ours::Json(text),
    }
}
