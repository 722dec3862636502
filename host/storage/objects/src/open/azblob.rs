//! `azblob://`: Azure Blob Storage.

use std::sync::Arc;

use object_store::azure::{AzureConfigKey, MicrosoftAzureBuilder};
use url::Url;

use super::{OpenError, Settings, bucket, install_tls, no_retries, prefix, shown};
use crate::backend::{Backend, ListOrder, Takes};
use crate::objects::Objects;

pub(super) fn open(url: &Url, settings: &Settings) -> Result<Arc<dyn Objects>, OpenError> {
    install_tls();
    let mut builder = MicrosoftAzureBuilder::new();
    for (name, value) in settings.variables("AZURE_") {
        let key = match name.as_str() {
            // As Azure's own tools and Go's have them.
            "AZURE_STORAGE_ACCOUNT" => Some(AzureConfigKey::AccountName),
            "AZURE_STORAGE_KEY" => Some(AzureConfigKey::AccessKey),
            name => name.to_ascii_lowercase().parse().ok(),
        };
        if let Some(key) = key {
            builder = builder.with_config(key, value);
        }
    }
    for (name, value) in settings.parameters(url) {
        let key = match name.as_str() {
            "storage_account" => AzureConfigKey::AccountName,
            "localemu" => AzureConfigKey::UseEmulator,
            name => name.parse().map_err(|_| OpenError::Parameter {
                scheme: "azblob",
                name: name.to_owned(),
                known: "storage_account, endpoint and what the variables AZURE_... say, in small letters"
                    .to_owned(),
            })?,
        };
        builder = builder.with_config(key, value);
    }
    if builder
        .get_config_value(&AzureConfigKey::Endpoint)
        .is_some_and(|endpoint| endpoint.starts_with("http://"))
    {
        builder = builder.with_allow_http(true);
    }
    let store = builder
        .with_container_name(bucket(url)?)
        .with_retry(no_retries())
        .build()
        .map_err(|source| OpenError::Store { url: shown(url), source })?;
    let takes = Takes { attributes: true, tags: true, with_parts: false };
    Ok(Arc::new(Backend::new(Arc::new(store), prefix(url)?, ListOrder::ByName, takes, shown(url))))
}
