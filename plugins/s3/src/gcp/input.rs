use forebay_sdk::config::{Interpolated, ScannerConfig};
use forebay_sdk::{Batch, Config, Context, Error, Event, Input, Problem, Settlement};

use crate::reading::Keys;
use crate::walk::Walk;

/// Reads the objects of a bucket of Google Cloud Storage, in the order of their names, and ends after
/// the last one.
///
/// Every message has the metadata `gcs_key`, `gcs_bucket`, `gcs_last_modified`, `gcs_last_modified_unix`,
/// `gcs_content_type`, `gcs_content_encoding`, and what the object itself has as metadata. While one object is read,
/// the next ones are opened. One that can't be read is tried again until it can, or is gone. Names that end in a slash
/// are passed over, and a bucket with names that have empty parts between slashes can't be read. Credentials are
/// those of the host.
#[derive(Config)]
#[expect(dead_code, reason = "the host runs the scanner and says what is to be read again")]
pub(crate) struct GcpCloudStorageInputConfig {
    /// The bucket.
    bucket: String,
    /// What the names of objects begin with. Parts in it are worked out once, without a message.
    #[config(default = "")]
    prefix: Interpolated,
    /// What cuts the bytes of an object into messages.
    #[config(default = {"to_the_end": {}})]
    scanner: ScannerConfig,
    /// The old name of `scanner`, which wins over it: `lines`, `delim:x`, `all-bytes`, `gzip/csv` and so on, as the
    /// scanner `codec` says.
    #[config(deprecated, example = "lines", example = "delim:|")]
    codec: Option<String>,
    /// The size of the buffer of `codec`.
    #[config(deprecated, default = 1000000)]
    max_buffer: u64,
    /// Whether an object is deleted once all its messages were delivered.
    #[config(default = false, advanced)]
    delete_objects: bool,
}

pub(crate) struct GcpCloudStorageInput {
    walk: Walk,
    prefix: Interpolated,
}

const KEYS: Keys = Keys {
    name: "gcs_key",
    bucket: "gcs_bucket",
    modified: "gcs_last_modified",
    modified_unix: "gcs_last_modified_unix",
    content_type: "gcs_content_type",
    content_encoding: "gcs_content_encoding",
    version: None,
    says_absent: true,
};

impl Input for GcpCloudStorageInput {
    const NAME: &'static str = "gcp_cloud_storage";
    const REREADS: bool = true;

    type Config = GcpCloudStorageInputConfig;

    fn open(config: GcpCloudStorageInputConfig, _: &Context) -> Result<Self, Problem> {
        let GcpCloudStorageInputConfig { bucket, prefix, delete_objects, .. } = config;
        Ok(Self { walk: Walk::new(super::stores(), &bucket, delete_objects, &KEYS), prefix })
    }

    fn connect(&mut self) -> Result<(), Error> {
        let nothing = Batch::from_payloads([""]);
        let prefix = self.prefix.evaluate(&nothing).map_err(|error| error.context("prefix"))?;
        self.walk.connect(&prefix.get(0).map_err(|error| error.context("prefix"))?)
    }

    fn read(&mut self, settled: Vec<Settlement>) -> Result<Event, Error> {
        Ok(self.walk.read(settled))
    }

    fn close(self, settled: Vec<Settlement>) {
        self.walk.close(settled);
    }
}
