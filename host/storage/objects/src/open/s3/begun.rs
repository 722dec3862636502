//! Which uploads there are in a bucket, and how far they have come: what the client of the store does not ask.

use std::collections::BTreeMap;
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
use tokio::sync::OnceCell;

use crate::backend::BegunUploads;
use crate::uploads::MOST_PARTS;

/// Asks with urls that the store's client signs.
pub(super) struct S3Uploads {
    store: Arc<AmazonS3>,
    /// Made when it is asked for the first time: most who open a bucket never ask.
    client: OnceCell<HttpClient>,
}

/// How long a signed url is good for.
const SIGNED_FOR: Duration = Duration::from_secs(300);
/// How much of a refusal is shown.
const SHOWN: usize = 500;
/// Who has listed so many times as much as there can be goes round in circles.
const CIRCLES: usize = 10;

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
    #[error(
        "the store lists the parts of the upload {0} without an end, as if it did not know part-number-marker; a lifecycle \
         rule of the bucket can abort what is left of it"
    )]
    Endless(String),
}

impl S3Uploads {
    pub(super) fn new(store: Arc<AmazonS3>) -> Self {
        Self { store, client: OnceCell::new() }
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
        let connect = async {
            // A signed url was made for http only where that is allowed.
            ReqwestConnector::default().connect(&ClientOptions::new().with_allow_http(true))
        };
        let client = self.client.get_or_try_init(|| connect).await?;
        let response = client.execute(request).await.map_err(generic)?;
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

/// How far somebody has come with the pages of a list.
struct Course<M> {
    /// Where the next page begins; none for the first one.
    marker: Option<M>,
    seen: usize,
    most: usize,
}

/// What comes after a page.
#[derive(Debug, PartialEq, Eq)]
enum Next {
    Page,
    End,
    /// The same once more, without an end: not every store that speaks as S3 does looks at markers.
    Again,
}

impl<M: PartialEq> Course<M> {
    /// Of at most so many entries that are wanted.
    fn new(most: usize) -> Self {
        Self { marker: None, seen: 0, most }
    }

    /// After a page of so many entries, which says where the next one begins.
    fn next(&mut self, marker: Option<M>, entries: usize) -> Next {
        // An empty page is no way to go on for ever either.
        self.seen += entries.max(1);
        if marker.is_none() {
            return Next::End;
        }
        if marker == self.marker || self.seen >= self.most.saturating_mul(CIRCLES) {
            return Next::Again;
        }
        self.marker = marker;
        Next::Page
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
        // Of pages that come again each upload is told once.
        let mut found = BTreeMap::new();
        let mut course = Course::new(most);
        loop {
            let mut query = vec![("uploads", String::new()), ("prefix", beginning.to_owned())];
            if let Some((key, id)) = course.marker.clone() {
                query.extend([("key-marker", key), ("upload-id-marker", id)]);
            }
            let page: UploadsPage = self.ask(&Path::default(), &query).await?;
            let UploadsPage { uploads, is_truncated, next_key_marker, next_upload_id_marker } = page;
            let marker = next_key_marker.zip(next_upload_id_marker).filter(|_| is_truncated);
            let next = course.next(marker, uploads.len());
            // Not every store that speaks as S3 does looks at the prefix.
            let wanted = uploads.into_iter().filter(|upload| upload.key.starts_with(beginning));
            found.extend(wanted.map(|upload| ((upload.key, upload.upload_id), upload.initiated.into())));
            if next == Next::Again && found.len() < most {
                tracing::warn!(store = %self.store, "the store lists uploads without an end: some may not be seen");
            }
            if next != Next::Page || found.len() >= most {
                return Ok(found.into_iter().take(most).map(|((key, id), at)| (key, id, at)).collect());
            }
        }
    }

    async fn last_put(&self, path: &Path, id: &str) -> object_store::Result<Option<SystemTime>> {
        let mut last = None;
        let mut course = Course::new(usize::try_from(MOST_PARTS).unwrap_or(usize::MAX));
        loop {
            let mut query = vec![("uploadId", id.to_owned())];
            query.extend(course.marker.clone().map(|marker| ("part-number-marker", marker)));
            let PartsPage { parts, is_truncated, next_part_number_marker } = self.ask(path, &query).await?;
            last = parts.iter().map(|part| SystemTime::from(part.last_modified)).chain(last).max();
            match course.next(next_part_number_marker.filter(|_| is_truncated), parts.len()) {
                Next::Page => {}
                Next::End => return Ok(last),
                Next::Again => {
                    // Somebody may just have put a part that is not seen: without a time nobody aborts the upload.
                    let source = Box::new(AskError::Endless(id.to_owned()));
                    return Err(object_store::Error::NotSupported { source });
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead as _, BufReader, Write as _};
    use std::net::TcpListener;

    use super::*;
    use crate::open::Settings;

    /// A store that gives the same answer to whatever it is asked, but for `MARKER`: that is one of these, in
    /// turn.
    fn store(answer: &'static str, markers: &'static [&'static str]) -> S3Uploads {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!(
            "s3://b?region=r&access_key_id=a&secret_access_key=b&s3ForcePathStyle=true&endpoint=http://{}",
            listener.local_addr().unwrap()
        );
        std::thread::spawn(move || {
            for (stream, marker) in listener.incoming().zip(markers.iter().cycle()) {
                let mut stream = stream.unwrap();
                let lines = BufReader::new(stream.try_clone().unwrap()).lines();
                lines.map_while(Result::ok).take_while(|line| !line.is_empty()).for_each(drop);
                let content = answer.replace("MARKER", marker);
                let length = content.len();
                let head =
                    format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n");
                stream.write_all(format!("{head}{content}").as_bytes()).unwrap();
            }
        });
        let (store, _) = crate::open::s3::opened(&url.parse().unwrap(), &Settings::default()).unwrap();
        S3Uploads::new(Arc::new(store))
    }

    #[tokio::test]
    async fn uploads_of_a_store_that_knows_no_markers_come_to_an_end() {
        const PAGE: &str = "<R><NextKeyMarker>MARKER</NextKeyMarker><NextUploadIdMarker>1</NextUploadIdMarker>\
            <IsTruncated>true</IsTruncated>\
            <Upload><Key>a/1</Key><UploadId>1</UploadId><Initiated>2026-01-02T03:04:05Z</Initiated></Upload>\
            <Upload><Key>a/1</Key><UploadId>2</UploadId><Initiated>2026-01-02T03:04:05Z</Initiated></Upload></R>";
        for markers in [["a", "a"].as_slice(), &["a", "b"]] {
            let begun = store(PAGE, markers).begun("a/", 5).await.unwrap();
            let ids: Vec<_> = begun.iter().map(|(key, id, _)| (key.as_str(), id.as_str())).collect();
            assert_eq!(ids, [("a/1", "1"), ("a/1", "2")], "{markers:?}");
            // No prefix either.
            assert_eq!(store(PAGE, markers).begun("c/", 5).await.unwrap(), []);
        }
        assert_eq!(store(PAGE, &["a"]).begun("a/", 1).await.unwrap().len(), 1);
    }

    #[tokio::test]
    async fn when_the_last_part_was_put_is_not_known_of_a_store_that_knows_no_markers() {
        const PAGE: &str = "<R><IsTruncated>true</IsTruncated><NextPartNumberMarker>MARKER</NextPartNumberMarker>\
            <Part><LastModified>2026-01-02T03:04:05Z</LastModified></Part></R>";
        let error = store(PAGE, &["1000"]).last_put(&Path::from("a"), "id").await.unwrap_err();
        let told = crate::error::chain(&error);
        assert!(told.contains("upload id ") && told.contains("part-number-marker"), "{told}");
    }

    #[test]
    fn a_course_ends_where_there_is_no_more_than_there_can_be() {
        let mut course = Course::new(2);
        // Other markers, and nothing there.
        for marker in 1..20 {
            assert_eq!(course.next(Some(marker), 0), Next::Page);
        }
        assert_eq!(course.next(Some(20), 0), Next::Again);
        let mut course = Course::new(2);
        assert_eq!((course.next(Some('a'), 3), course.next(None, 500)), (Next::Page, Next::End));
    }

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
