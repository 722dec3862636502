//! Which buckets a plugin may use, and with whose credentials.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Deserialize;
use url::Url;

use super::Access;

/// One entry of `objects`: a bucket with what is below a path of it, or a store of `stores`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Written")]
pub(super) struct ObjectsGrant {
    what: What,
    access: Access,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum What {
    Bucket {
        bucket: Bucket,
        /// Where it is, if not where the cloud itself is.
        endpoint: Option<String>,
        /// Whether the credentials may be those of the host.
        host_credentials: bool,
    },
    Store {
        name: String,
        prefix: String,
    },
}

/// An entry as it is written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    bucket: Option<String>,
    endpoint: Option<String>,
    #[serde(default)]
    credentials: Whose,
    store: Option<String>,
    prefix: Option<String>,
    access: Access,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Whose {
    /// Those that the plugin has from its configuration.
    #[default]
    Own,
    Host,
}

/// A bucket and a path in it, both as they stand in a url.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Bucket {
    scheme: String,
    name: String,
    /// Without slashes at its ends.
    pub(crate) path: String,
}

/// A store that the operator has named, with the credentials of the host.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NamedStore {
    /// With its parameters.
    pub(crate) url: String,
}

/// The buckets that an instance may use.
#[derive(Debug, Clone, Default)]
pub(crate) struct Buckets {
    everything: bool,
    grants: Vec<ObjectsGrant>,
    stores: Arc<BTreeMap<String, NamedStore>>,
}

/// What may be done with a store that is opened.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct StorePermit {
    /// Whose settings are taken as they are.
    pub(crate) everything: bool,
    /// Whether the credentials may be those of the host.
    pub(crate) host_credentials: bool,
    /// The path of the store in its bucket, and what is granted there.
    path: String,
    places: Vec<(String, Access)>,
    shown: String,
}

impl TryFrom<Written> for ObjectsGrant {
    type Error = String;

    fn try_from(written: Written) -> Result<Self, String> {
        let Written { bucket, endpoint, credentials, store, prefix, access } = written;
        let what = match (bucket, store) {
            (Some(url), None) if prefix.is_none() => {
                let bucket = Bucket::of(&url)?;
                if bucket.scheme == "file" {
                    return Err(format!("`{url}`: folders are granted as `files`, not as buckets"));
                }
                let host_credentials = credentials == Whose::Host;
                What::Bucket { bucket, endpoint: endpoint.map(plain_endpoint), host_credentials }
            }
            (None, Some(name)) if endpoint.is_none() && credentials == Whose::Own => {
                What::Store { name, prefix: prefix.unwrap_or_default().trim_matches('/').to_owned() }
            }
            _ => {
                return Err(
                    "objects are granted as {bucket: URL, access}, with `endpoint` and `credentials`, \
                            or as {store: NAME, access}, with `prefix`"
                        .to_owned(),
                );
            }
        };
        Ok(Self { what, access })
    }
}

fn plain_endpoint(endpoint: String) -> String {
    endpoint.trim_end_matches('/').to_owned()
}

impl Bucket {
    /// The bucket of a url, as the store itself reads it.
    pub(crate) fn of(url: &str) -> Result<Self, String> {
        let parsed =
            Url::parse(url).map_err(|error| format!("`{url}` is not the url of a bucket: {error}"))?;
        let plain = parsed.query().is_none() && parsed.fragment().is_none() && parsed.username().is_empty();
        if !plain || parsed.port().is_some() {
            return Err(format!(
                "the url of a bucket is SCHEME://NAME/PATH; parameters are settings: {}",
                parsed.scheme()
            ));
        }
        Ok(Self {
            scheme: parsed.scheme().to_owned(),
            name: parsed.host_str().unwrap_or_default().to_owned(),
            path: parsed.path().trim_matches('/').to_owned(),
        })
    }
}

impl Buckets {
    /// The rights of whoever started the process.
    pub(super) fn everything() -> Self {
        Self { everything: true, ..Self::default() }
    }

    pub(super) fn add(&mut self, grants: &[ObjectsGrant]) {
        self.grants.extend(grants.iter().cloned());
    }

    pub(super) fn name(&mut self, stores: &Arc<BTreeMap<String, NamedStore>>) {
        self.stores = Arc::clone(stores);
    }

    /// A store that the operator has named.
    ///
    /// # Errors
    /// Words for the guest, where there is none of this name or none is granted.
    pub(crate) fn store(&self, name: &str) -> Result<(&NamedStore, StorePermit), String> {
        let granted = self.grants.iter().filter_map(|grant| match &grant.what {
            What::Store { name: granted, prefix } if granted == name => Some((prefix.clone(), grant.access)),
            _ => None,
        });
        let places: Vec<_> = granted.collect();
        if !self.everything && places.is_empty() {
            return Err(format!("no grant for objects {{store: {name}, access: read}}"));
        }
        let store = self.stores.get(name).ok_or_else(|| {
            format!(
                "no store is named `{name}`: name one under `stores` in the file of grants, or give a url"
            )
        })?;
        let permit = StorePermit {
            everything: self.everything,
            host_credentials: true,
            path: String::new(),
            places,
            shown: format!("store: {name}"),
        };
        Ok((store, permit))
    }

    /// A bucket by its url, at this endpoint.
    ///
    /// # Errors
    /// The grant that is missing.
    pub(crate) fn bucket(&self, url: &str, endpoint: Option<&str>) -> Result<StorePermit, String> {
        if self.everything {
            return Ok(StorePermit::everything());
        }
        let wanted = Bucket::of(url)?;
        let wanted_endpoint = endpoint.map(|endpoint| plain_endpoint(endpoint.to_owned()));
        let mut permit = StorePermit {
            path: wanted.path.clone(),
            shown: format!("bucket: \"{}://{}", wanted.scheme, wanted.name),
            ..StorePermit::default()
        };
        for grant in &self.grants {
            let What::Bucket { bucket, endpoint, host_credentials } = &grant.what else { continue };
            let overlaps = is_below(&bucket.path, &wanted.path) || is_below(&wanted.path, &bucket.path);
            let is_same =
                bucket.scheme == wanted.scheme && bucket.name == wanted.name && *endpoint == wanted_endpoint;
            if is_same && overlaps {
                permit.places.push((bucket.path.clone(), grant.access));
                permit.host_credentials |= host_credentials;
            }
        }
        if permit.places.is_empty() {
            let endpoint = wanted_endpoint.map(|at| format!(", endpoint: \"{at}\"")).unwrap_or_default();
            return Err(format!("no grant for objects {{bucket: \"{url}\"{endpoint}, access: read}}"));
        }
        Ok(permit)
    }

    /// Queues of SQS, for which there are no grants.
    ///
    /// # Errors
    /// Words for the guest that does not have all rights.
    pub(super) fn queues(&self) -> Result<StorePermit, String> {
        if self.everything {
            return Ok(StorePermit::everything());
        }
        Err("queues can't be granted: they are for default plugins that no grant restricts".to_owned())
    }
}

impl StorePermit {
    fn everything() -> Self {
        Self { everything: true, host_credentials: true, ..Self::default() }
    }

    /// Whether an object, by its name in the store, may be read or written.
    ///
    /// # Errors
    /// The grant that is missing.
    pub(crate) fn object(&self, name: &str, access: Access) -> Result<(), String> {
        self.check(name, access, is_below)
    }

    /// Whether the names that begin so may be listed.
    ///
    /// # Errors
    /// The grant that is missing.
    pub(crate) fn listing(&self, prefix: &str) -> Result<(), String> {
        self.prefix(prefix, Access::Read)
    }

    /// Whether all objects whose names begin so may be read or written.
    ///
    /// # Errors
    /// The grant that is missing.
    pub(crate) fn prefix(&self, prefix: &str, access: Access) -> Result<(), String> {
        self.check(prefix, access, |place, full| {
            place.is_empty() || full.strip_prefix(place).is_some_and(|rest| rest.starts_with('/'))
        })
    }

    fn check(&self, name: &str, access: Access, covers: impl Fn(&str, &str) -> bool) -> Result<(), String> {
        if self.everything {
            return Ok(());
        }
        let full = if self.path.is_empty() { name.to_owned() } else { format!("{}/{name}", self.path) };
        if self.places.iter().any(|(place, granted)| *granted >= access && covers(place, &full)) {
            return Ok(());
        }
        let access = if access == Access::Read { "read" } else { "write" };
        let shown = &self.shown;
        Err(match shown.strip_prefix("bucket: ") {
            Some(bucket) => format!("no grant for objects {{bucket: {bucket}/{full}\", access: {access}}}"),
            None => format!("no grant for objects {{{shown}, prefix: \"{full}\", access: {access}}}"),
        })
    }
}

/// Whether a path is that of a place or lies below it.
fn is_below(place: &str, path: &str) -> bool {
    place.is_empty() || path.strip_prefix(place).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn buckets(text: &str) -> Buckets {
        let mut buckets = Buckets::default();
        buckets.add(&serde_yaml::from_str::<Vec<ObjectsGrant>>(text).unwrap());
        let stores = BTreeMap::from([("lake".to_owned(), NamedStore { url: "mem://lake".to_owned() })]);
        buckets.name(&Arc::new(stores));
        buckets
    }

    #[test]
    fn a_bucket_is_granted_with_what_is_below_a_path() {
        let buckets =
            buckets("[{bucket: 's3://b/raw', access: write}, {bucket: 's3://b/other', access: read}]");
        let permit = buckets.bucket("s3://b", None).unwrap();
        assert!(
            permit.object("raw/x", Access::Write).is_ok() && permit.object("other/x", Access::Read).is_ok()
        );
        let error = permit.object("other/x", Access::Write).unwrap_err();
        assert_eq!(error, "no grant for objects {bucket: \"s3://b/other/x\", access: write}");
        assert!(permit.object("rawer/x", Access::Read).is_err());
        assert!(permit.listing("raw/").is_ok() && permit.listing("raw/day=").is_ok());
        assert!(permit.listing("raw").is_err() && permit.listing("").is_err());
        let permit = buckets.bucket("s3://b/raw/deep", None).unwrap();
        assert!(permit.object("x", Access::Write).is_ok() && permit.listing("").is_ok());
    }

    #[test]
    fn what_only_looks_like_a_granted_bucket_is_none() {
        let buckets = buckets("[{bucket: 's3://b/raw', access: write}]");
        for url in [
            "s3://b/raw/../other",
            "s3://b/raw/%2e%2e/other",
            "s3://bb/raw",
            "gs://b/raw",
            "s3://b/rawer",
            "s3://b/raw?endpoint=http://x",
            "s3://b:80/raw",
            "s3://u@b/raw",
            "file:///raw",
        ] {
            assert!(buckets.bucket(url, None).is_err(), "{url}");
        }
        assert!(buckets.bucket("s3://b/raw", Some("http://127.0.0.1")).is_err());
    }

    #[test]
    fn an_endpoint_and_credentials_are_granted_with_the_bucket() {
        let buckets =
            buckets("[{bucket: 's3://b', access: read, endpoint: 'http://h:1/', credentials: host}]");
        assert!(buckets.bucket("s3://b", Some("http://h:1")).unwrap().host_credentials);
        assert!(buckets.bucket("s3://b", None).is_err());
    }

    #[test]
    fn a_named_store_is_granted_by_its_name() {
        let buckets = buckets("[{store: lake, prefix: out/, access: write}]");
        let (store, permit) = buckets.store("lake").unwrap();
        assert_eq!(store.url, "mem://lake");
        assert!(permit.object("out/x", Access::Write).is_ok());
        let error = permit.object("in/x", Access::Read).unwrap_err();
        assert_eq!(error, "no grant for objects {store: lake, prefix: \"in/x\", access: read}");
        assert!(buckets.store("other").is_err());
    }

    #[test]
    fn a_grant_that_says_too_much_or_too_little_is_refused() {
        for grant in [
            "{access: read}",
            "{bucket: 's3://b', store: x, access: read}",
            "{bucket: b, access: read}",
            "{bucket: 'file:///x', access: read}",
            "{store: x, endpoint: 'http://h', access: read}",
            "{store: x}",
        ] {
            assert!(serde_yaml::from_str::<ObjectsGrant>(grant).is_err(), "{grant}");
        }
    }
}
