//! `gs://`: Google Cloud Storage.

use std::sync::Arc;

use object_store::gcp::{GoogleCloudStorageBuilder, GoogleConfigKey};
use url::Url;

use super::{OpenError, bucket, install_tls, no_retries, prefix, shown};
use crate::backend::{Backend, ListOrder};
use crate::objects::Objects;

pub(super) fn open(url: &Url, variables: &[(String, String)]) -> Result<Arc<dyn Objects>, OpenError> {
    install_tls();
    let mut builder = GoogleCloudStorageBuilder::new();
    for (name, value) in variables.iter().filter(|(name, _)| name.starts_with("GOOGLE_")) {
        if let Ok(key) = name.to_ascii_lowercase().parse::<GoogleConfigKey>() {
            builder = builder.with_config(key, value);
        }
    }
    for (name, value) in url.query_pairs() {
        let key = name.parse::<GoogleConfigKey>().map_err(|_| OpenError::Parameter {
            scheme: "gs",
            name: name.clone().into_owned(),
            known: "base_url and what the variables GOOGLE_... say, in small letters".to_owned(),
        })?;
        builder = builder.with_config(key, value);
    }
    let store = builder
        .with_bucket_name(bucket(url)?)
        .with_retry(no_retries())
        .build()
        .map_err(|source| OpenError::Store { url: shown(url), source })?;
    Ok(Arc::new(Backend::new(Arc::new(store), prefix(url)?, ListOrder::ByName, shown(url))))
}
