//! Stores by URL.

mod azblob;
mod file;
mod gs;
mod memory;
mod s3;
mod settings;

use std::sync::Arc;

use object_store::RetryConfig;
use url::Url;

use crate::name::{InvalidName, ObjectPrefix};
use crate::objects::Objects;
pub use s3::{LONGEST_POLL, MOST_MESSAGES, ProfileError, Queue, QueueError, QueueMessage};
pub use settings::Settings;

/// Why a URL of a bucket can't be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// It is no URL.
    #[error("`{url}` is not a URL; a bucket is s3://, gs://, azblob://, file:/// or mem://")]
    Malformed {
        /// What was given.
        url: String,
        /// What is wrong with it.
        source: url::ParseError,
    },
    /// Another scheme.
    #[error("no bucket begins with `{0}://`; there are s3://, gs://, azblob://, file:/// and mem://")]
    Scheme(String),
    /// There is no name where one must be.
    #[error("`{0}` names no bucket")]
    NoBucket(String),
    /// A parameter that the scheme does not have.
    #[error("{scheme}:// has no parameter `{name}`; it has {known}")]
    Parameter {
        /// The scheme of the URL.
        scheme: &'static str,
        /// The parameter.
        name: String,
        /// The ones there are.
        known: String,
    },
    /// The path is not a prefix of names.
    #[error("the path of the bucket's URL")]
    Prefix(#[from] InvalidName),
    /// The path would be another one in the store.
    #[error(
        "the path of `{0}` has characters that a URL has in percent-encoding; objects may have them in their names, but not all of them below such a path"
    )]
    Encoded(String),
    /// The folder can't be made or read.
    #[error("folder {folder}")]
    Folder {
        /// The folder.
        folder: String,
        /// Why not.
        source: std::io::Error,
    },
    /// A profile of AWS that can't be used.
    #[error("credentials for `{url}`")]
    Profile {
        /// The URL without its parameters.
        url: String,
        /// What is wrong with it.
        source: ProfileError,
    },
    /// What the client of the store says.
    #[error("bucket `{url}`")]
    Store {
        /// The URL without its parameters.
        url: String,
        /// What the client says.
        source: object_store::Error,
    },
}

/// Opens a bucket. `variables` are those of the environment; each client reads the ones that it is known for (`AWS_`,
/// `GOOGLE_`, `AZURE_`), and parameters of the URL go over them. Nothing is sent yet: a wrong name or credential shows
/// when it is first used.
///
/// - `s3://BUCKET/PREFIX?region=R&endpoint=URL&s3ForcePathStyle=true`, also for stores that are compatible with S3.
///   Credentials are the keys among the parameters, those of `profile=NAME`, or of the environment: keys, a profile
///   (`AWS_PROFILE`, or `default`), a web identity, a container or an instance. `role=ARN` takes on a role with them,
///   `role_external_id` and `role_session_name` go with it. `server_side_encryption`, `sse_kms_key_id`,
///   `sse_bucket_key_enabled` and `sse_customer_key_base64` are about what is put
/// - `gs://BUCKET/PREFIX`
/// - `azblob://CONTAINER/PREFIX?storage_account=NAME`
/// - `file:///FOLDER`, durable against loss of power: made when it is missing
/// - `mem://NAME`, the same for everybody in the process who names it
///
/// # Errors
/// When the URL can't be one of a bucket, or a local folder can't be made.
pub fn open(
    url: &str,
    variables: impl IntoIterator<Item = (String, String)>,
) -> Result<Arc<dyn Objects>, OpenError> {
    open_with(url, &Settings::of_environment(variables))
}

/// Opens a bucket, with parameters beside those in its URL.
///
/// # Errors
/// When the URL can't be one of a bucket, a parameter is unknown, or a local folder can't be made.
pub fn open_with(url: &str, settings: &Settings) -> Result<Arc<dyn Objects>, OpenError> {
    let parsed = Url::parse(url).map_err(|source| OpenError::Malformed { url: url.to_owned(), source })?;
    match parsed.scheme() {
        "s3" => s3::open(&parsed, settings),
        "gs" => gs::open(&parsed, settings),
        "azblob" => azblob::open(&parsed, settings),
        "file" => refuse_parameters("file", &parsed, settings).and_then(|()| file::open(&parsed)),
        "mem" => refuse_parameters("mem", &parsed, settings).and_then(|()| memory::open(&parsed)),
        other => Err(OpenError::Scheme(other.to_owned())),
    }
}

fn bucket(url: &Url) -> Result<&str, OpenError> {
    url.host_str().filter(|host| !host.is_empty()).ok_or_else(|| OpenError::NoBucket(url.to_string()))
}

fn prefix(url: &Url) -> Result<ObjectPrefix, OpenError> {
    if url.path().contains('%') {
        return Err(OpenError::Encoded(shown(url)));
    }
    Ok(url.path().trim_start_matches('/').parse()?)
}

/// The URL as it may be logged: parameters can hold keys.
fn shown(url: &Url) -> String {
    let mut shown = url.clone();
    shown.set_query(None);
    shown.set_fragment(None);
    shown.to_string()
}

fn refuse_parameters(scheme: &'static str, url: &Url, settings: &Settings) -> Result<(), OpenError> {
    match settings.parameters(url).next() {
        None => Ok(()),
        Some((name, _)) => Err(OpenError::Parameter { scheme, name, known: "none".to_owned() }),
    }
}

/// The clients try nothing again: that is for [`Retrying`](crate::Retrying).
fn no_retries() -> RetryConfig {
    RetryConfig { max_retries: 0, ..RetryConfig::default() }
}

/// TLS is that of ring, in the whole process. Where another one has been installed before, it stays.
fn install_tls() {
    let _ = rustls::crypto::ring::default_provider().install_default();
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(url: &str) -> String {
        open(url, []).unwrap_err().to_string()
    }

    #[test]
    fn what_is_no_bucket_is_refused_by_name() {
        assert!(refusal("bucket").contains("`bucket` is not a URL"));
        assert!(refusal("ftp://x").contains("no bucket begins with `ftp://`"));
        assert!(refusal("s3://b?regio=x").contains("s3:// has no parameter `regio`"));
        assert!(refusal("mem://b?x=y").contains("mem:// has no parameter `x`"));
        assert!(refusal("mem:///b").contains("names no bucket"));
        assert!(refusal("s3://b/a%20b").contains("percent-encoding"));
        assert!(refusal("s3://b/a//b").contains("the path"));
    }

    #[test]
    fn clouds_open_without_asking_anybody() {
        let variables = [
            ("AWS_ACCESS_KEY_ID", "a"),
            ("AWS_SECRET_ACCESS_KEY", "b"),
            ("AWS_ENDPOINT_URL", "http://127.0.0.1:1"),
            ("AZURE_STORAGE_ACCOUNT_NAME", "account"),
            ("AZURE_STORAGE_ACCOUNT_KEY", "a2V5"),
            ("AWS_NOT_A_SETTING", "x"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()));
        for url in ["s3://bucket/some/prefix?region=eu-west-1", "gs://bucket", "azblob://container/p"] {
            let objects = open(url, variables.clone()).unwrap();
            assert!(url.starts_with(objects.to_string().trim_end_matches('/')), "{objects}");
        }
    }

    #[test]
    fn no_parameter_is_shown() {
        let objects = open("s3://b?region=r&secret_access_key=hidden&access_key_id=a", []).unwrap();
        assert_eq!(objects.to_string(), "s3://b");
    }
}
