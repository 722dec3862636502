use std::time::Duration;

use forebay_sdk::objects::PutOptions;
use forebay_sdk::{Cache, Config, Context, Error, Problem};

use super::session::SessionFields;
use crate::kept::Kept;
use crate::stores::Stores;

/// Keeps each value in an object of a bucket of S3, whose name is the key. Nothing ever expires.
///
/// Of several that add the same key at once, each may be told that it did.
#[derive(Config)]
pub(crate) struct AwsS3CacheConfig {
    /// The bucket.
    bucket: String,
    /// The media type of each object.
    #[config(default = "application/octet-stream")]
    content_type: String,
    /// Whether buckets always are the first part of the path of urls, and never a part of the host.
    #[config(default = false, advanced)]
    force_path_style_urls: bool,
    /// How long a value is tried to be set.
    #[config(default = {}, advanced)]
    retries: RetryFields,
    #[config(flatten)]
    session: SessionFields,
}

#[derive(Config)]
#[expect(dead_code, reason = "the host chooses its pauses itself")]
struct RetryFields {
    /// The first pause; the host chooses its own.
    #[config(default = "1s")]
    initial_interval: Duration,
    /// The longest pause; the host chooses its own.
    #[config(default = "5s")]
    max_interval: Duration,
    /// How long all tries to set a value may take.
    #[config(default = "30s")]
    max_elapsed_time: Duration,
}

pub(crate) struct AwsS3Cache(Kept);

impl Cache for AwsS3Cache {
    const NAME: &'static str = "aws_s3";

    type Config = AwsS3CacheConfig;

    fn open(config: AwsS3CacheConfig, _: &Context) -> Result<Self, Problem> {
        let AwsS3CacheConfig { bucket, content_type, force_path_style_urls, retries, session } = config;
        let stores = Stores::new(session.cloud(force_path_style_urls));
        let timeout = Some(retries.max_elapsed_time).filter(|time| !time.is_zero());
        let mut options = PutOptions { timeout, ..PutOptions::default() };
        if !content_type.is_empty() {
            options = options.content_type(content_type);
        }
        Ok(Self(Kept { stores, bucket, options }))
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

#[cfg(test)]
mod tests {
    use forebay_sdk::objects::ObjectError;
    use forebay_sdk::testing;
    use serde_json::json;

    use super::*;

    fn cache() -> AwsS3Cache {
        let config = testing::config(&json!({"bucket": "lake"})).unwrap();
        AwsS3Cache::open(config, &Context::new("aws_s3")).unwrap()
    }

    #[test]
    fn values_are_objects() {
        let memory = testing::stores();
        let mut cache = cache();
        assert_eq!(cache.get("a/b").unwrap(), None);
        assert!(cache.add("a/b", b"one".to_vec(), None).unwrap());
        assert!(!cache.add("a/b", b"two".to_vec(), None).unwrap());
        assert_eq!(cache.get("a/b").unwrap().as_deref(), Some(&b"one"[..]));
        cache.set("a/b", b"three".to_vec(), Some(Duration::from_secs(1))).unwrap();
        let object = memory.get("s3://lake", "a/b").unwrap();
        assert_eq!(object.content, b"three");
        assert_eq!(object.options.attributes.content_type.as_deref(), Some("application/octet-stream"));
        assert_eq!(object.options.timeout, Some(Duration::from_secs(30)));
        cache.delete("a/b").unwrap();
        cache.delete("a/b").unwrap();
        assert_eq!(cache.get("a/b").unwrap(), None);
    }

    #[test]
    fn what_fails_is_no_missing_value() {
        let memory = testing::stores();
        let mut cache = cache();
        let denied = || ObjectError::Denied("no grant".to_owned());
        memory.fail("get", denied());
        assert_eq!(cache.get("a").unwrap_err().message(), "s3://lake/a: no grant");
        memory.fail("head", denied());
        assert!(cache.add("a", Vec::new(), None).is_err());
        memory.break_operation("a", "it burns");
        assert_eq!(cache.set("a", Vec::new(), None).unwrap_err().message(), "it burns");
    }
}
