//! Buckets, opened by their names.

mod addressing;

use std::collections::HashMap;
use std::rc::Rc;

use forebay_sdk::Error;
use forebay_sdk::http::Text;
use forebay_sdk::objects::{ObjectError, Store};

pub(crate) use addressing::Endpoint;

/// How many stores stay open. An interpolated bucket may have any number of values.
const MOST_OPEN: usize = 100;

/// The buckets of one cloud.
pub(crate) struct Stores {
    cloud: Cloud,
    open: HashMap<String, Rc<Store>>,
}

/// Where buckets are, and who asks for them.
#[derive(Debug, Default)]
pub(crate) struct Cloud {
    /// That of the urls of its buckets.
    pub(crate) scheme: &'static str,
    pub(crate) settings: Vec<(&'static str, Text)>,
    /// Where the cloud itself is not meant.
    pub(crate) endpoint: Option<Endpoint>,
}

impl Stores {
    pub(crate) fn new(cloud: Cloud) -> Self {
        Self { cloud, open: HashMap::new() }
    }

    /// The store of a bucket. Nothing is sent for it.
    ///
    /// # Errors
    /// When the text is no name of a bucket, and as in [`Store::open`].
    pub(crate) fn bucket(&mut self, bucket: &str) -> Result<Rc<Store>, ObjectError> {
        if let Some(store) = self.open.get(bucket) {
            return Ok(Rc::clone(store));
        }
        let store = Rc::new(self.cloud.open(bucket)?);
        if self.open.len() >= MOST_OPEN {
            self.open.clear();
        }
        self.open.insert(bucket.to_owned(), Rc::clone(&store));
        Ok(store)
    }

    /// As an address for logs.
    pub(crate) fn shown(&self, bucket: &str, name: &str) -> String {
        format!("{}://{bucket}/{name}", self.cloud.scheme)
    }
}

impl Cloud {
    /// The settings of a queue of the same cloud, which is at `endpoint` or else where its buckets are.
    pub(crate) fn queue_settings(&self, endpoint: Option<&str>) -> Vec<(&'static str, Text)> {
        let mut settings: Vec<_> =
            self.settings.iter().filter(|(name, _)| *name != "s3ForcePathStyle").cloned().collect();
        let endpoint = endpoint.or_else(|| self.endpoint.as_ref().map(Endpoint::url));
        settings.extend(endpoint.map(|endpoint| ("endpoint", Text::from(endpoint.to_owned()))));
        settings
    }

    fn open(&self, bucket: &str) -> Result<Store, ObjectError> {
        // It becomes a part of a url, and must not say more there than where.
        let is_plain = |letter: u8| letter.is_ascii_alphanumeric() || b"-_.".contains(&letter);
        if bucket.is_empty() || !bucket.bytes().all(is_plain) {
            let problem =
                format!("{bucket:?} is no name of a bucket: it may hold letters, digits, `-`, `_` and `.`");
            return Err(ObjectError::Invalid(problem));
        }
        let mut settings = self.settings.clone();
        if let Some(endpoint) = &self.endpoint {
            settings.extend(endpoint.settings(bucket));
        }
        Store::open(&format!("{}://{bucket}", self.scheme), settings)
    }
}

/// An error with what it was about.
pub(crate) fn about(what: &str, error: ObjectError) -> Error {
    Error::from(error).context(what)
}

#[cfg(test)]
mod tests {
    use forebay_sdk::testing;

    use super::*;

    #[test]
    fn a_bucket_is_opened_once() {
        let memory = testing::stores();
        let mut stores = Stores::new(Cloud { scheme: "s3", ..Cloud::default() });
        for bucket in ["one", "two", "one"] {
            stores.bucket(bucket).unwrap();
        }
        let opened: Vec<_> = memory.take_opened().into_iter().map(|(url, _)| url).collect();
        assert_eq!(opened, ["s3://one", "s3://two"]);
    }

    #[test]
    fn what_is_no_bucket_is_refused() {
        let _memory = testing::stores();
        let mut stores = Stores::new(Cloud { scheme: "s3", ..Cloud::default() });
        for bucket in ["", "a/b", "a?endpoint=http://b", "user@a", "a#b", "arn:aws:s3:::a"] {
            assert!(matches!(stores.bucket(bucket), Err(ObjectError::Invalid(_))), "{bucket}");
        }
    }
}
