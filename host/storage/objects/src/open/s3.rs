//! `s3://`: Amazon S3, and everything that speaks as it does.

mod begun;
mod profile;
mod queue;
mod role;

use std::collections::HashMap;
use std::sync::Arc;

use object_store::aws::{AmazonS3, AmazonS3Builder, AmazonS3ConfigKey};
use url::Url;

use super::{OpenError, Settings, bucket, install_tls, no_retries, prefix, shown};
use crate::backend::{Backend, ListOrder, Takes};
use crate::objects::Objects;
use begun::S3Uploads;
pub use profile::ProfileError;
use profile::{Credentials, Keys, Profiles};
pub use queue::{LONGEST_POLL, MOST_MESSAGES, Queue, QueueError, QueueMessage};
use role::{Role, RoleProvider};

pub(super) fn open(url: &Url, settings: &Settings) -> Result<Arc<dyn Objects>, OpenError> {
    let (store, _) = opened(url, settings)?;
    // Directory buckets list in no order, and begin nowhere but at the beginning.
    let order = if is_express(url)? { ListOrder::Any } else { ListOrder::ByName };
    let takes = Takes { attributes: true, tags: true, with_parts: true };
    let store = Arc::new(store);
    let uploads = S3Uploads::new(Arc::clone(&store));
    Ok(Arc::new(Backend::new(store, prefix(url)?, order, takes, shown(url)).telling(Arc::new(uploads))))
}

/// The store's client, and the region that is given.
fn opened(url: &Url, settings: &Settings) -> Result<(AmazonS3, Option<String>), OpenError> {
    install_tls();
    let Configured { values, roles, sts } = configure(url, settings)?;
    let region = values.get(&AmazonS3ConfigKey::Region).or(values.get(&AmazonS3ConfigKey::DefaultRegion));
    let region = region.cloned();
    let builder = builder(values).with_bucket_name(bucket(url)?);
    let builder = builder.with_s3_express(is_express(url)?).with_retry(no_retries());
    let failed = |source| OpenError::Store { url: shown(url), source };
    let mut store: AmazonS3 = builder.clone().build().map_err(failed)?;
    if !roles.is_empty() {
        let place = region.as_deref().unwrap_or("us-east-1");
        let mut credentials = Arc::clone(store.credentials());
        for role in roles {
            let provider = RoleProvider::new(role, credentials, place.to_owned(), sts.as_deref());
            credentials = Arc::new(provider.map_err(failed)?);
        }
        store = builder.with_credentials(credentials).build().map_err(failed)?;
    }
    Ok((store, region))
}

fn is_express(url: &Url) -> Result<bool, OpenError> {
    Ok(bucket(url)?.ends_with("--x-s3"))
}

fn builder(values: Values) -> AmazonS3Builder {
    let endpoint = values.get(&AmazonS3ConfigKey::S3Endpoint).or(values.get(&AmazonS3ConfigKey::Endpoint));
    let is_plain = endpoint.is_some_and(|endpoint| endpoint.starts_with("http://"));
    let says_whether_signed = values.contains_key(&AmazonS3ConfigKey::UnsignedPayload);
    let mut builder = AmazonS3Builder::new();
    for (key, value) in values {
        builder = builder.with_config(key, value);
    }
    if is_plain {
        builder = builder.with_allow_http(true);
    } else if !says_whether_signed {
        // Where TLS protects the bytes, a SHA-256 of all of them says nothing new, and costs more than all else that is
        // done for a produced record. Clients of AWS leave it out as well.
        builder = builder.with_unsigned_payload(true);
    }
    builder
}

type Values = HashMap<AmazonS3ConfigKey, String>;

/// What a URL and its settings come to.
struct Configured {
    values: Values,
    /// The roles to take on, each with the credentials of the one before.
    roles: Vec<Role>,
    /// Who gives credentials for roles, where it is not the one of the region.
    sts: Option<String>,
}

/// The parameters that are not the client's own.
#[derive(Default)]
struct Ours {
    profile: Option<String>,
    role: Option<String>,
    external_id: Option<String>,
}

fn configure(url: &Url, settings: &Settings) -> Result<Configured, OpenError> {
    let (own, ours) = parameters(url, settings)?;
    let mut values = Values::new();
    for (name, value) in settings.variables("AWS_") {
        if let Ok(key) = name.to_ascii_lowercase().parse() {
            values.insert(key, value.clone());
        }
    }
    let mut sts = settings.variable("AWS_ENDPOINT_URL").map(str::to_owned);
    let mut roles = Vec::new();
    // Keys of the URL go over a profile that it names, that over the environment, and that over other profiles.
    let keyed = AmazonS3ConfigKey::AccessKeyId;
    if own.contains_key(&keyed) {
        KEYS.iter().for_each(|key| drop(values.remove(key)));
    } else if ours.profile.is_some() || !values.contains_key(&keyed) {
        let wanted = ours.profile.as_deref().or_else(|| settings.variable("AWS_PROFILE"));
        let failed = |source| OpenError::Profile { url: shown(url), source };
        // An identity that the environment has for this very process goes over a file that happens to lie there.
        let is_asked = wanted.is_some() || !values.contains_key(&AmazonS3ConfigKey::WebIdentityTokenFile);
        let profiles = if is_asked { Profiles::read(settings) } else { Ok(Profiles::default()) };
        let found = profiles.and_then(|profiles| profiles.credentials(wanted)).map_err(failed)?;
        roles = apply(&mut values, found, wanted.is_some());
    }
    if own.contains_key(&AmazonS3ConfigKey::Endpoint) {
        // The one of the environment would win.
        values.remove(&AmazonS3ConfigKey::S3Endpoint);
    }
    values.extend(own);
    if let Some(endpoint) = values.get(&AmazonS3ConfigKey::StsEndpoint) {
        sts = Some(endpoint.clone());
    }
    if let Some(arn) = ours.role {
        let session_name = values.get(&AmazonS3ConfigKey::RoleSessionName).cloned();
        roles.push(Role { arn, external_id: ours.external_id, session_name, duration: None });
    }
    Ok(Configured { values, roles, sts })
}

/// What belongs to the credentials.
const KEYS: [AmazonS3ConfigKey; 5] = [
    AmazonS3ConfigKey::AccessKeyId,
    AmazonS3ConfigKey::SecretAccessKey,
    AmazonS3ConfigKey::Token,
    AmazonS3ConfigKey::WebIdentityTokenFile,
    AmazonS3ConfigKey::RoleArn,
];

fn parameters(url: &Url, settings: &Settings) -> Result<(Values, Ours), OpenError> {
    let (mut values, mut ours) = (Values::new(), Ours::default());
    for (name, value) in settings.parameters(url) {
        match name.as_str() {
            // As other tools write it in such URLs.
            "s3ForcePathStyle" | "use_path_style" => {
                let hosted = if value == "true" { "false" } else { "true" };
                values.insert(AmazonS3ConfigKey::VirtualHostedStyleRequest, hosted.to_owned());
            }
            "profile" => ours.profile = Some(value),
            "role" => ours.role = Some(value),
            "role_external_id" => ours.external_id = Some(value),
            name => drop(values.insert(name.parse().map_err(|_| unknown(name))?, value)),
        }
    }
    Ok((values, ours))
}

/// Puts what a profile says into place, and returns the roles it takes on. One that was asked for replaces the keys
/// of the environment, even where it has none of its own.
fn apply(values: &mut Values, found: Credentials, is_asked: bool) -> Vec<Role> {
    let Credentials { keys, web_identity, region, roles } = found;
    if is_asked {
        KEYS.iter().for_each(|key| drop(values.remove(key)));
    }
    if let Some(Keys { id, secret, token }) = keys {
        values.insert(AmazonS3ConfigKey::AccessKeyId, id);
        values.insert(AmazonS3ConfigKey::SecretAccessKey, secret);
        values.extend(token.map(|token| (AmazonS3ConfigKey::Token, token)));
    }
    if let Some((role, file)) = web_identity {
        values.insert(AmazonS3ConfigKey::RoleArn, role.arn);
        values.insert(AmazonS3ConfigKey::WebIdentityTokenFile, file);
        values.extend(role.session_name.map(|name| (AmazonS3ConfigKey::RoleSessionName, name)));
    }
    if let Some(region) = region {
        values.entry(AmazonS3ConfigKey::DefaultRegion).or_insert(region);
    }
    roles
}

fn unknown(name: &str) -> OpenError {
    OpenError::Parameter {
        scheme: "s3",
        name: name.to_owned(),
        known: "region, endpoint, s3ForcePathStyle, profile, role, role_external_id and what the variables AWS_... say, in small letters"
            .to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn payloads_are_signed_only_where_nothing_else_protects_them() {
        let unsigned = |url: &str, variables: &[(&str, &str)]| {
            let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
            let configured = configure(&url.parse().unwrap(), &Settings::of_environment(variables)).unwrap();
            let builder = builder(configured.values);
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
