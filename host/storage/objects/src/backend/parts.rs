//! Objects in parts, in a store that knows them or in a folder.

use std::io;
use std::time::SystemTime;

use async_trait::async_trait;
use object_store::PutMultipartOptions;
use object_store::multipart::PartId;

use super::{Backend, PartsOf, convert, folder, io_error};
use crate::attributes::PutOptions;
use crate::error::{ErrorKind, ObjectError, Operation};
use crate::name::ObjectName;
use crate::payload::Payload;
use crate::uploads::{Begun, MOST_BEGUN, Part, PartPlace, Upload, Uploads};

#[async_trait]
impl Uploads for Backend {
    async fn begin(&self, name: &ObjectName, options: &PutOptions) -> Result<Upload, ObjectError> {
        self.check(Operation::Begin, name, options)?;
        let failed = |error| ObjectError::of_store(Operation::Begin, name.as_str(), error);
        let path = self.path(Operation::Begin, name.as_str())?;
        let id = match &self.parts {
            PartsOf::Store(store) => {
                let options = PutMultipartOptions {
                    attributes: convert::attributes(&options.attributes),
                    tags: convert::tags(&options.tags),
                    ..PutMultipartOptions::default()
                };
                store.create_multipart_opts(&path, options).await.map_err(failed)?
            }
            PartsOf::Folder(folder) => folder.begin(name).map_err(|error| failed(io_error(error)))?,
        };
        Ok(Upload { name: name.clone(), id })
    }

    async fn put_part(
        &self,
        upload: &Upload,
        place: PartPlace,
        payload: Payload,
    ) -> Result<Part, ObjectError> {
        let Upload { name, id } = upload;
        let length = payload.len() as u64;
        let id = match &self.parts {
            PartsOf::Store(store) => {
                let path = self.path(Operation::PutPart, name.as_str())?;
                let put = store.put_part(&path, id, place.index as usize, convert::payload(&payload));
                put.await.map_err(|error| of_upload(Operation::PutPart, name, error))?.content_id
            }
            PartsOf::Folder(folder) => {
                let file = folder.of_parts(name, id);
                let write = move || folder::write_part(&file, place.offset, &payload);
                elsewhere(write).await.map_err(|error| missing_or(Operation::PutPart, name, error))?;
                String::new()
            }
        };
        Ok(Part { place, length, id })
    }

    async fn complete(&self, upload: &Upload, parts: &[Part]) -> Result<(), ObjectError> {
        let Upload { name, id } = upload;
        match &self.parts {
            PartsOf::Store(store) => {
                let path = self.path(Operation::Complete, name.as_str())?;
                let parts = parts.iter().map(|part| PartId { content_id: part.id.clone() }).collect();
                let completed = store.complete_multipart(&path, id, parts).await;
                completed.map_err(|error| of_upload(Operation::Complete, name, error))?;
            }
            PartsOf::Folder(folder) => {
                let (file, object) = (folder.of_parts(name, id), folder.of_object(name));
                let length = parts.iter().map(|part| part.length).sum();
                let complete = move || folder::complete(&file, &object, length);
                elsewhere(complete).await.map_err(|error| missing_or(Operation::Complete, name, error))?;
            }
        }
        Ok(())
    }

    async fn abort(&self, upload: &Upload) -> Result<(), ObjectError> {
        let Upload { name, id } = upload;
        let aborted = match &self.parts {
            PartsOf::Store(store) => {
                let path = self.path(Operation::Abort, name.as_str())?;
                let aborted = store.abort_multipart(&path, id).await;
                aborted.map_err(|error| of_upload(Operation::Abort, name, error))
            }
            PartsOf::Folder(folder) => {
                let file = folder.of_parts(name, id);
                let removed = elsewhere(move || std::fs::remove_file(file)).await;
                removed.map_err(|error| missing_or(Operation::Abort, name, error))
            }
        };
        match aborted {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
            other => other,
        }
    }

    async fn begun(&self, beginning: &str) -> Result<Vec<Begun>, ObjectError> {
        let Some(store) = &self.begun else { return Ok(Vec::new()) };
        let whole = match self.prefix.as_str() {
            "" => beginning.to_owned(),
            prefix => format!("{prefix}/{beginning}"),
        };
        let begun = store.begun(&whole, MOST_BEGUN).await;
        let begun = begun.map_err(|error| ObjectError::of_store(Operation::List, beginning, error))?;
        let known = begun
            .into_iter()
            .filter_map(|(path, id, at)| Some(Begun { upload: Upload { name: self.own(&path)?, id }, at }));
        Ok(known.collect())
    }

    async fn last_put(&self, upload: &Upload) -> Result<Option<SystemTime>, ObjectError> {
        let Some(store) = &self.begun else { return Ok(None) };
        let Upload { name, id } = upload;
        let last = store.last_put(&self.path(Operation::List, name.as_str())?, id).await;
        last.map_err(|error| of_upload(Operation::Abort, name, error))
    }
}

/// Stores say in several ways that there is no such upload.
fn of_upload(operation: Operation, name: &ObjectName, error: object_store::Error) -> ObjectError {
    let text = crate::error::chain(&error);
    // `InMemory` knows no kind for it.
    if ["NoSuchUpload", "MultipartUpload not found"].iter().any(|known| text.contains(known)) {
        return ObjectError::new(operation, name, ErrorKind::NotFound, error);
    }
    ObjectError::of_store(operation, name.as_str(), error)
}

fn missing_or(operation: Operation, name: &ObjectName, error: io::Error) -> ObjectError {
    if error.kind() == io::ErrorKind::NotFound {
        return ObjectError::new(operation, name, ErrorKind::NotFound, error);
    }
    ObjectError::of_store(operation, name.as_str(), io_error(error))
}

/// Runs work that blocks on another thread.
async fn elsewhere<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|error| Err(io::Error::other(error)))
}
