//! `s3://`: Amazon S3, and everything that speaks as it does.

use std::sync::Arc;

use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey};
use url::Url;

use super::{OpenError, bucket, install_tls, no_retries, prefix, shown};
use crate::backend::{Backend, ListOrder};
use crate::objects::Objects;

pub(super) fn open(url: &Url, variables: &[(String, String)]) -> Result<Arc<dyn Objects>, OpenError> {
    install_tls();
    let express = bucket(url)?.ends_with("--x-s3");
    let store = builder(url, variables)?
        .with_bucket_name(bucket(url)?)
        .with_s3_express(express)
        .with_retry(no_retries())
        .build()
        .map_err(|source| OpenError::Store { url: shown(url), source })?;
    // Directory buckets list in no order, and begin nowhere but at the beginning.
    let order = if express { ListOrder::Any } else { ListOrder::ByName };
    Ok(Arc::new(Backend::new(Arc::new(store), prefix(url)?, order, shown(url))))
}

/// What is said by variables and, over them, by the URL.
fn builder(url: &Url, variables: &[(String, String)]) -> Result<AmazonS3Builder, OpenError> {
    let mut builder = AmazonS3Builder::new();
    let mut says_whether_signed = false;
    for (name, value) in variables.iter().filter(|(name, _)| name.starts_with("AWS_")) {
        if let Ok(key) = name.to_ascii_lowercase().parse::<AmazonS3ConfigKey>() {
            says_whether_signed |= key == AmazonS3ConfigKey::UnsignedPayload;
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
        says_whether_signed |= key == AmazonS3ConfigKey::UnsignedPayload;
        builder = builder.with_config(key, value);
    }
    let endpoint = builder
        .get_config_value(&AmazonS3ConfigKey::S3Endpoint)
        .or_else(|| builder.get_config_value(&AmazonS3ConfigKey::Endpoint));
    let is_plain = endpoint.is_some_and(|endpoint| endpoint.starts_with("http://"));
    if is_plain {
        builder = builder.with_allow_http(true);
    }
    // Where TLS protects the bytes, a SHA-256 of all of them says nothing new, and costs more than all else that is done
    // for a produced record. Clients of AWS leave it out as well.
    if !is_plain && !says_whether_signed {
        builder = builder.with_unsigned_payload(true);
    }
    Ok(builder)
}

fn unknown(name: &str) -> OpenError {
    OpenError::Parameter {
        scheme: "s3",
        name: name.to_owned(),
        known: "region, endpoint, s3ForcePathStyle and what the variables AWS_... say, in small letters"
            .to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn payloads_are_signed_only_where_nothing_else_protects_them() {
        let unsigned = |url: &str, variables: &[(&str, &str)]| {
            let variables: Vec<_> =
                variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
            let builder = builder(&url.parse().unwrap(), &variables).unwrap();
            builder.get_config_value(&AmazonS3ConfigKey::UnsignedPayload)
        };
        let says = |value: &str| Some(value.to_owned());
        assert_eq!(unsigned("s3://b?region=r", &[]), says("true"));
        assert_eq!(unsigned("s3://b?endpoint=https://s3.example", &[]), says("true"));
        assert_eq!(unsigned("s3://b?endpoint=http://s3.example", &[]), says("false"));
        assert_eq!(unsigned("s3://b", &[("AWS_ENDPOINT_URL", "http://s3.example")]), says("false"));
        assert_eq!(unsigned("s3://b?unsigned_payload=false", &[]), says("false"));
        assert_eq!(unsigned("s3://b", &[("AWS_UNSIGNED_PAYLOAD", "false")]), says("false"));
        assert_eq!(unsigned("s3://b?endpoint=http://s3.example&unsigned_payload=true", &[]), says("true"));
    }
}
