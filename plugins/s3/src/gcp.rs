//! Google Cloud Storage. Who asks is the host's: what `GOOGLE_APPLICATION_CREDENTIALS` names, or the instance.

mod cache;
mod input;
mod output;

pub(crate) use cache::GcpCloudStorageCache;
pub(crate) use input::GcpCloudStorageInput;
pub(crate) use output::GcpCloudStorageOutput;

use crate::stores::{Cloud, Stores};

fn stores() -> Stores {
    Stores::new(Cloud { scheme: "gs", ..Cloud::default() })
}
