//! `s3://`: Amazon S3, and everything that speaks as it does.

use std::sync::Arc;

use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey};
use url::Url;

use super::{OpenError, bucket, install_tls, no_retries, prefix, shown};
use crate::backend::{Backend, ListOrder};
use crate::objects::Objects;

pub(super) fn open(url: &Url, variables: &[(String, String)]) -> Result<Arc<dyn Objects>, OpenError> {
    install_tls();
    let mut builder = AmazonS3Builder::new();
    for (name, value) in variables.iter().filter(|(name, _)| name.starts_with("AWS_")) {
        if let Ok(key) = name.to_ascii_lowercase().parse::<AmazonS3ConfigKey>() {
            builder = builder.with_config(key, value);
        }
    }
    for (name, value) in url.query_pairs() {
        let key = match name.as_ref() {
            // As other tools write it in such URLs.
            "s3ForcePathStyle" | "use_path_style" => {
                let hosted = if value == "true" { "false" } else { "true" };
                builder = builder.with_config(AmazonS3ConfigKey::VirtualHostedStyleRequest, hosted);
                continue;
            }
            name => name.parse::<AmazonS3ConfigKey>().map_err(|_| unknown(name))?,
        };
        builder = builder.with_config(key, value);
    }
    let endpoint = builder
        .get_config_value(&AmazonS3ConfigKey::S3Endpoint)
        .or_else(|| builder.get_config_value(&AmazonS3ConfigKey::Endpoint));
    if endpoint.is_some_and(|endpoint| endpoint.starts_with("http://")) {
        builder = builder.with_allow_http(true);
    }
    let express = bucket(url)?.ends_with("--x-s3");
    let store = builder
        .with_bucket_name(bucket(url)?)
        .with_s3_express(express)
        .with_retry(no_retries())
        .build()
        .map_err(|source| OpenError::Store { url: shown(url), source })?;
    // Directory buckets list in no order, and begin nowhere but at the beginning.
    let order = if express { ListOrder::Any } else { ListOrder::ByName };
    Ok(Arc::new(Backend::new(Arc::new(store), prefix(url)?, order, shown(url))))
}

fn unknown(name: &str) -> OpenError {
    OpenError::Parameter {
        scheme: "s3",
        name: name.to_owned(),
        known: "region, endpoint, s3ForcePathStyle and what the variables AWS_... say, in small letters"
            .to_owned(),
    }
}
