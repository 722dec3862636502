//! Opening stores.

use std::sync::Arc;
use std::time::Duration;

use forebay_storage_objects::{
    Limited, Limits, OpenError, Queue, RetryPolicy, Retrying, Settings, open_with,
};

use super::{HostStore, ObjectError};
use crate::bindings::forebay::objects::objects::Setting;
use crate::grants::StorePermit;
use crate::host::http::render;
use crate::scope::Scope;

/// Settings that lead nowhere but to the store itself, for plugins whose settings are not those of whoever started the
/// process. No files, no programs, no other addresses.
const HARMLESS: [&str; 26] = [
    "region",
    "endpoint",
    "s3ForcePathStyle",
    "use_path_style",
    "access_key_id",
    "secret_access_key",
    "session_token",
    "role",
    "role_external_id",
    "role_session_name",
    "server_side_encryption",
    "sse_kms_key_id",
    "sse_bucket_key_enabled",
    "sse_customer_key_base64",
    "checksum_algorithm",
    "request_payer",
    "disable_tagging",
    "disable_bulk_delete",
    "skip_signature",
    "bearer_token",
    "storage_account",
    "account_key",
    "sas_token",
    "client_id",
    "client_secret",
    "tenant_id",
];

/// Those that are keys, each with what it needs beside it: without a whole one, a client looks for those of the host.
const KEYS: [&[&str]; 5] = [
    &["access_key_id", "secret_access_key"],
    &["bearer_token"],
    &["account_key"],
    &["sas_token"],
    &["client_id", "client_secret", "tenant_id"],
];
/// Those that become part of a host's name.
const IN_NAMES: [&str; 3] = ["region", "storage_account", "tenant_id"];

/// What a store does at once, for one instance.
const LIMITS: Limits = Limits { puts: 64, others: 64, get_bytes: 256 << 20 };
/// An output tries again by itself, with what it knows.
const RETRIES: RetryPolicy = RetryPolicy {
    tries: 5,
    first_pause: Duration::from_millis(100),
    longest_pause: Duration::from_secs(5),
    try_timeout: Duration::from_secs(30),
    timeout: Duration::from_secs(60),
};

/// Opens a store by url or by name. Nothing is sent yet.
pub(super) async fn open(url: &str, settings: Vec<Setting>, scope: &Scope) -> Result<HostStore, ObjectError> {
    let given = rendered(settings, scope)?;
    let buckets = scope.allowed.buckets();
    let (url, permit) = if url.contains("://") {
        let endpoint = given.iter().find(|(name, _)| name == "endpoint").map(|(_, value)| value.as_str());
        (url.to_owned(), buckets.bucket(url, endpoint).map_err(ObjectError::Denied)?)
    } else {
        if let Some((name, _)) = given.first() {
            let problem = format!("`{url}` is named by the operator and takes no settings; `{name}` is one");
            return Err(ObjectError::Invalid(problem));
        }
        let (store, permit) = buckets.store(url).map_err(ObjectError::Denied)?;
        (store.url.clone(), permit)
    };
    if !permit.everything {
        check(&given, &permit)?;
    }
    let settings =
        given.into_iter().fold(base(&permit), |settings, (name, value)| settings.with(name, value));
    // A folder is made, profiles are read, and certificates.
    let opened = tokio::task::spawn_blocking(move || open_with(&url, &settings)).await;
    let opened = opened.map_err(|error| ObjectError::Other(error.to_string()))?;
    let objects = opened.map_err(|error| ObjectError::Invalid(chain(&error)))?;
    let objects = Retrying::new(Arc::new(Limited::new(objects, LIMITS)), RETRIES);
    Ok(HostStore { objects: Arc::new(objects), permit: Arc::new(permit) })
}

/// Opens a queue of SQS by its url. Nothing is sent yet.
pub(super) async fn open_queue(
    url: &str,
    settings: Vec<Setting>,
    scope: &Scope,
) -> Result<Queue, ObjectError> {
    let given = rendered(settings, scope)?;
    let permit = scope.allowed.queues().map_err(ObjectError::Denied)?;
    let (endpoint, given): (Vec<_>, Vec<_>) = given.into_iter().partition(|(name, _)| name == "endpoint");
    let endpoint = endpoint.into_iter().next().map(|(_, value)| value);
    let settings =
        given.into_iter().fold(base(&permit), |settings, (name, value)| settings.with(name, value));
    let url = url.to_owned();
    // Profiles are read, and certificates.
    let opened = tokio::task::spawn_blocking(move || Queue::open(&url, endpoint.as_deref(), &settings)).await;
    let opened = opened.map_err(|error| ObjectError::Other(error.to_string()))?;
    opened.map_err(|error| ObjectError::Invalid(chain(&error)))
}

fn rendered(settings: Vec<Setting>, scope: &Scope) -> Result<Vec<(String, String)>, ObjectError> {
    let mut given = Vec::with_capacity(settings.len());
    for Setting { name, value } in settings {
        let value = render(value, &scope.secrets).map_err(ObjectError::Invalid)?.text;
        given.push((name, value));
    }
    Ok(given)
}

/// The credentials of the host, where they may be used.
fn base(permit: &StorePermit) -> Settings {
    if !permit.host_credentials {
        return Settings::default();
    }
    let variables = std::env::vars_os();
    Settings::of_environment(
        variables.filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?))),
    )
}

/// Whether settings lead to no other place than what was granted.
fn check(settings: &[(String, String)], permit: &StorePermit) -> Result<(), ObjectError> {
    for (name, value) in settings {
        if !HARMLESS.contains(&name.as_str()) {
            return Err(ObjectError::Denied(format!(
                "the setting `{name}` is for default plugins only; others have {}",
                HARMLESS.join(", ")
            )));
        }
        let is_plain = value.bytes().all(|letter| letter.is_ascii_alphanumeric() || letter == b'-');
        if IN_NAMES.contains(&name.as_str()) && !is_plain {
            return Err(ObjectError::Invalid(format!("`{name}` may hold letters, digits and `-`")));
        }
    }
    let has = |wanted: &str| settings.iter().any(|(name, _)| name == wanted);
    let is_anonymous = settings.iter().any(|(name, value)| name == "skip_signature" && value == "true");
    let has_keys = is_anonymous || KEYS.iter().any(|all| all.iter().all(|name| has(name)));
    if !has_keys && !permit.host_credentials {
        return Err(ObjectError::Denied(format!(
            "no grant for the credentials of the host: it takes `credentials: host` in the grant, or keys among the \
             settings: {}, or skip_signature",
            KEYS.map(|all| all.join(" with ")).join(", ")
        )));
    }
    Ok(())
}

/// An error with all that is behind it. None of these show values of settings.
fn chain(error: &OpenError) -> String {
    let mut text = error.to_string();
    let mut next = std::error::Error::source(error);
    while let Some(source) = next {
        text = format!("{text}: {source}");
        next = source.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(settings: &[(&str, &str)]) -> Result<(), ObjectError> {
        let settings: Vec<_> =
            settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        check(&settings, &StorePermit::default())
    }

    #[test]
    fn settings_that_lead_elsewhere_are_refused() {
        assert!(
            given(&[("access_key_id", "a"), ("secret_access_key", "b"), ("region", "eu-west-1")]).is_ok()
        );
        for name in [
            "profile",
            "web_identity_token_file",
            "metadata_endpoint",
            "proxy_url",
            "service_account",
            "endpoint_url_sts",
        ] {
            let refused = given(&[("access_key_id", "a"), (name, "x")]);
            assert!(matches!(refused, Err(ObjectError::Denied(_))), "{name}");
        }
        let refused = given(&[("access_key_id", "a"), ("region", "evil.example/#")]);
        assert!(matches!(refused, Err(ObjectError::Invalid(_))));
    }

    #[test]
    fn credentials_of_the_host_need_a_grant() {
        for settings in [
            [("region", "r")],
            [("access_key_id", "a")],
            [("client_secret", "s")],
            [("skip_signature", "false")],
        ] {
            assert!(matches!(given(&settings), Err(ObjectError::Denied(_))), "{settings:?}");
        }
        assert!(given(&[("skip_signature", "true")]).is_ok());
    }
}
