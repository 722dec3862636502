//! Which uploads there are in a bucket, and how far they have come: what the client of the store does not ask.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use object_store::ClientOptions;
use object_store::aws::AmazonS3;
use object_store::client::{HttpClient, HttpConnector as _, HttpRequest, HttpRequestBody, ReqwestConnector};
use object_store::path::Path;
use object_store::signer::{Method, SignedUrlOptions, Signer as _};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::backend::BegunUploads;

/// Asks with urls that the store's client signs.
pub(super) struct S3Uploads {
    store: Arc<AmazonS3>,
    client: HttpClient,
}

/// How long a signed url is good for.
const SIGNED_FOR: Duration = Duration::from_secs(300);
/// How much of a refusal is shown.
const SHOWN: usize = 500;

/// A page of uploads.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct UploadsPage {
    #[serde(default, rename = "Upload")]
    uploads: Vec<UploadEntry>,
    #[serde(default)]
    is_truncated: bool,
    next_key_marker: Option<String>,
    next_upload_id_marker: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct UploadEntry {
    key: String,
    upload_id: String,
    initiated: DateTime<Utc>,
}

/// A page of the parts of an upload.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct PartsPage {
    #[serde(default, rename = "Part")]
    parts: Vec<PartEntry>,
    #[serde(default)]
    is_truncated: bool,
    next_part_number_marker: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct PartEntry {
    last_modified: DateTime<Utc>,
}

/// Why the store has not told.
#[derive(Debug, thiserror::Error)]
enum AskError {
    #[error("{status}: {answer}")]
    Refused { status: u16, answer: String },
    #[error("the answer can't be read")]
    Unreadable(#[source] quick_xml::DeError),
}

impl S3Uploads {
    pub(super) fn new(store: Arc<AmazonS3>) -> object_store::Result<Self> {
        // A signed url was made for http only where that is allowed.
        let client = ReqwestConnector::default().connect(&ClientOptions::new().with_allow_http(true))?;
        Ok(Self { store, client })
    }

    async fn ask<T: DeserializeOwned>(
        &self,
        path: &Path,
        query: &[(&'static str, String)],
    ) -> object_store::Result<T> {
        let options = SignedUrlOptions::default().with_query(query.iter().cloned());
        let url = self.store.signed_url_opts(Method::GET, path, SIGNED_FOR, &options).await?;
        let mut request = HttpRequest::new(HttpRequestBody::empty());
        *request.uri_mut() = url.as_str().parse().map_err(|error| generic(format!("{error}")))?;
        let response = self.client.execute(request).await.map_err(generic)?;
        let status = response.status();
        let bytes = response.into_body().bytes().await.map_err(generic)?;
        let answer = String::from_utf8_lossy(&bytes);
        if !status.is_success() {
            let answer = answer.chars().take(SHOWN).collect();
            let refused = Box::new(AskError::Refused { status: status.as_u16(), answer });
            let path = path.to_string();
            return Err(match status.as_u16() {
                403 => object_store::Error::PermissionDenied { path, source: refused },
                404 => object_store::Error::NotFound { path, source: refused },
                _ => generic(refused),
            });
        }
        quick_xml::de::from_str(&answer).map_err(|error| generic(AskError::Unreadable(error)))
    }
}

fn generic(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> object_store::Error {
    object_store::Error::Generic { store: "S3", source: source.into() }
}

#[async_trait]
impl BegunUploads for S3Uploads {
    async fn begun(
        &self,
        beginning: &str,
        most: usize,
    ) -> object_store::Result<Vec<(String, String, SystemTime)>> {
        let mut found = Vec::new();
        let mut marker = None;
        loop {
            let mut query = vec![("uploads", String::new()), ("prefix", beginning.to_owned())];
            if let Some((key, id)) = marker.take() {
                query.extend([("key-marker", key), ("upload-id-marker", id)]);
            }
            let page: UploadsPage = self.ask(&Path::default(), &query).await?;
            let UploadsPage { uploads, is_truncated, next_key_marker, next_upload_id_marker } = page;
            // Not every store that speaks as S3 does looks at the prefix.
            let wanted = uploads.into_iter().filter(|upload| upload.key.starts_with(beginning));
            found.extend(wanted.map(|upload| (upload.key, upload.upload_id, upload.initiated.into())));
            marker = next_key_marker.zip(next_upload_id_marker);
            if !is_truncated || marker.is_none() || found.len() >= most {
                found.truncate(most);
                return Ok(found);
            }
        }
    }

    async fn last_put(&self, path: &Path, id: &str) -> object_store::Result<Option<SystemTime>> {
        let mut last = None;
        let mut marker: Option<String> = None;
        loop {
            let mut query = vec![("uploadId", id.to_owned())];
            query.extend(marker.take().map(|marker| ("part-number-marker", marker)));
            let page: PartsPage = self.ask(path, &query).await?;
            last = page.parts.iter().map(|part| SystemTime::from(part.last_modified)).chain(last).max();
            marker = page.next_part_number_marker;
            if !page.is_truncated || marker.is_none() {
                return Ok(last);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_read_as_stores_write_them() {
        let page: UploadsPage = quick_xml::de::from_str(
            r#"<?xml version="1.0"?><ListMultipartUploadsResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">
               <Bucket>b</Bucket><NextKeyMarker>z</NextKeyMarker><NextUploadIdMarker>9</NextUploadIdMarker>
               <IsTruncated>true</IsTruncated>
               <Upload><Key>a&amp;b</Key><UploadId>1</UploadId><Initiator><ID>x</ID></Initiator>
               <Initiated>2026-01-02T03:04:05.678Z</Initiated></Upload>
               <Upload><Key>c</Key><UploadId>2</UploadId><Initiated>2026-01-02T03:04:05Z</Initiated></Upload>
               </ListMultipartUploadsResult>"#,
        )
        .unwrap();
        let keys: Vec<_> = page.uploads.iter().map(|upload| upload.key.as_str()).collect();
        assert_eq!((keys.as_slice(), page.is_truncated), (["a&b", "c"].as_slice(), true));
        assert_eq!(page.next_key_marker.as_deref(), Some("z"));
        let none: UploadsPage = quick_xml::de::from_str(
            "<ListMultipartUploadsResult><Bucket>b</Bucket></ListMultipartUploadsResult>",
        )
        .unwrap();
        assert!(none.uploads.is_empty() && !none.is_truncated);
        let parts: PartsPage = quick_xml::de::from_str(
            "<ListPartsResult><Part><PartNumber>1</PartNumber><LastModified>2026-01-02T03:04:05.000Z</LastModified>\
             </Part></ListPartsResult>",
        )
        .unwrap();
        assert_eq!(parts.parts.len(), 1);
    }
}
