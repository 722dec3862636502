use std::time::Duration;

use forebay_sdk::objects::PutOptions;
use forebay_sdk::{Cache, Config, Context, Error, Problem};

use crate::kept::Kept;

/// Keeps each value in an object of a bucket of Google Cloud Storage, whose name is the key. Nothing ever expires.
///
/// Of several that add the same key at once, each may be told that it did.
#[derive(Config)]
pub(crate) struct GcpCloudStorageCacheConfig {
    /// The bucket.
    bucket: String,
    /// The media type of each object.
    content_type: Option<String>,
}

pub(crate) struct GcpCloudStorageCache(Kept);

impl Cache for GcpCloudStorageCache {
    const NAME: &'static str = "gcp_cloud_storage";

    type Config = GcpCloudStorageCacheConfig;

    fn open(config: GcpCloudStorageCacheConfig, _: &Context) -> Result<Self, Problem> {
        let GcpCloudStorageCacheConfig { bucket, content_type } = config;
        let options = PutOptions::default();
        let options = match content_type.filter(|content_type| !content_type.is_empty()) {
            Some(content_type) => options.content_type(content_type),
            None => options,
        };
        Ok(Self(Kept { stores: super::stores(), bucket, options }))
    }

    fn get(&mut self, key: &str) -> Result<Option<Vec<u8>>, Error> {
        self.0.get(key)
    }

    fn set(&mut self, key: &str, value: Vec<u8>, _: Option<Duration>) -> Result<(), Error> {
        self.0.set(key, &value)
    }

    fn add(&mut self, key: &str, value: Vec<u8>, _: Option<Duration>) -> Result<bool, Error> {
        self.0.add(key, &value)
    }

    fn delete(&mut self, key: &str) -> Result<(), Error> {
        self.0.delete(key)
    }
}
