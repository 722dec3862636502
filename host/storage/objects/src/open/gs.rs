//! `gs://`: Google Cloud Storage.

use std::sync::Arc;

use object_store::ClientOptions;
use object_store::gcp::{GoogleCloudStorageBuilder, GoogleConfigKey};
use url::Url;

use super::{OpenError, Settings, bucket, install_tls, no_retries, prefix, shown};
use crate::backend::{Backend, ListOrder, Takes};
use crate::objects::Objects;

pub(super) fn open(url: &Url, settings: &Settings) -> Result<Arc<dyn Objects>, OpenError> {
    install_tls();
    let mut builder = GoogleCloudStorageBuilder::new();
    for (name, value) in settings.variables("GOOGLE_") {
        if let Ok(key) = name.to_ascii_lowercase().parse::<GoogleConfigKey>() {
            builder = builder.with_config(key, value);
        }
    }
    for (name, value) in settings.parameters(url) {
        let key = name.parse::<GoogleConfigKey>().map_err(|_| OpenError::Parameter {
            scheme: "gs",
            name: name.clone(),
            known: "base_url and what the variables GOOGLE_... say, in small letters".to_owned(),
        })?;
        builder = builder.with_config(key, value);
    }
    let base = builder.get_config_value(&GoogleConfigKey::BaseUrl);
    if base.is_some_and(|base| base.starts_with("http://")) {
        builder = builder.with_client_options(ClientOptions::new().with_allow_http(true));
    }
    if builder.get_config_value(&GoogleConfigKey::SkipSignature).as_deref() == Some("true") {
        // The client asks for credentials before it puts something, even so.
        builder = builder.with_bearer_token("none");
    }
    let store = builder
        .with_bucket_name(bucket(url)?)
        .with_retry(no_retries())
        .build()
        .map_err(|source| OpenError::Store { url: shown(url), source })?;
    let takes = Takes { attributes: true, tags: false, with_parts: true };
    Ok(Arc::new(Backend::new(Arc::new(store), prefix(url)?, ListOrder::ByName, takes, shown(url))))
}
