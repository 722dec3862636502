use forebay_sdk::config::ScannerConfig;
use forebay_sdk::serde_json::Value;
use forebay_sdk::{Config, Context, Error, Event, Input, Problem, Settlement};

use super::account::AccountFields;
use crate::reading::Keys;
use crate::walk::Walk;

/// Reads the blobs of a container of Azure Blob Storage, in the order of their names, and ends after
/// the last one.
///
/// Every message has the metadata `blob_storage_key`, `blob_storage_container`, `blob_storage_last_modified`,
/// `blob_storage_last_modified_unix`, `blob_storage_content_type`, `blob_storage_content_encoding`, and what the blob
/// itself has as metadata. While one blob is read, the next ones are opened. One that can't be read is tried again until
/// it can, or is gone. Names that end in a slash are passed over, and a container with names that have empty parts
/// between slashes can't be read.
#[derive(Config)]
#[expect(dead_code, reason = "the host runs the scanner and says what is to be read again")]
pub(crate) struct AzureBlobStorageInputConfig {
    #[config(flatten)]
    account: AccountFields,
    /// The container.
    container: String,
    /// What the names of blobs begin with.
    #[config(default = "")]
    prefix: String,
    /// What cuts the bytes of a blob into messages.
    #[config(default = {"to_the_end": {}})]
    scanner: ScannerConfig,
    /// The old name of `scanner`, which wins over it: `lines`, `delim:x`, `all-bytes`, `gzip/csv` and so on, as the
    /// scanner `codec` says.
    #[config(deprecated, example = "lines", example = "delim:|")]
    codec: Option<String>,
    /// The size of the buffer of `codec`.
    #[config(deprecated, default = 1000000)]
    max_buffer: u64,
    /// Whether a blob is deleted once all its messages were delivered.
    #[config(default = false, advanced)]
    delete_objects: bool,
    /// An input whose messages name blobs. It can't be had yet.
    #[config(advanced)]
    targets_input: Option<Value>,
}

pub(crate) struct AzureBlobStorageInput {
    walk: Walk,
    prefix: String,
}

const KEYS: Keys = Keys {
    name: "blob_storage_key",
    bucket: "blob_storage_container",
    modified: "blob_storage_last_modified",
    modified_unix: "blob_storage_last_modified_unix",
    content_type: "blob_storage_content_type",
    content_encoding: "blob_storage_content_encoding",
    version: None,
    says_absent: false,
};

impl Input for AzureBlobStorageInput {
    const NAME: &'static str = "azure_blob_storage";
    const REREADS: bool = true;

    type Config = AzureBlobStorageInputConfig;

    fn open(config: AzureBlobStorageInputConfig, _: &Context) -> Result<Self, Problem> {
        let AzureBlobStorageInputConfig { account, container, prefix, delete_objects, targets_input, .. } =
            config;
        if targets_input.is_some_and(|input| !input.is_null()) {
            let problem = "an input that names blobs can't be had: leave it out, and the container is walked";
            return Err(Problem::new(problem).at("/targets_input"));
        }
        Ok(Self { walk: Walk::new(account.stores()?, &container, delete_objects, &KEYS), prefix })
    }

    fn connect(&mut self) -> Result<(), Error> {
        self.walk.connect(&self.prefix)
    }

    fn read(&mut self, settled: Vec<Settlement>) -> Result<Event, Error> {
        Ok(self.walk.read(settled))
    }

    fn close(self, settled: Vec<Settlement>) {
        self.walk.close(settled);
    }
}
