//! Objects that are opened before their turn.

use std::sync::Arc;

use forebay_storage_objects as store;
use store::{ObjectName, ObjectReader, Objects};
use tokio::sync::oneshot;

use super::ObjectError;
use super::body;
use super::tasks::{answer, started};
use crate::account::StreamPermit;
use crate::host::http::Service;

/// An object that is being opened; given up when it is dropped.
#[derive(Debug)]
#[expect(unreachable_pub, reason = "the generated bindings name it")]
pub struct HostOpening {
    opened: oneshot::Receiver<Result<ObjectReader, store::ObjectError>>,
    permit: StreamPermit,
}

impl HostOpening {
    /// Asks for the object, and for its first block, on the threads for HTTP.
    pub(super) fn start(
        objects: Arc<dyn Objects>,
        name: ObjectName,
        permit: StreamPermit,
        service: &Service,
    ) -> Result<Self, ObjectError> {
        let work = async move { ObjectReader::open(objects, &name, body::POLICY).await };
        Ok(Self { opened: started(service, work)?, permit })
    }

    /// Waits until it is open.
    pub(super) async fn finish(self) -> Result<(ObjectReader, StreamPermit), ObjectError> {
        let Self { opened, permit } = self;
        Ok((answer(opened.await)?, permit))
    }
}
