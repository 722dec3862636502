use std::collections::HashMap;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;
use std::time::SystemTime;

use async_trait::async_trait;
use bytes::Bytes;
use forebay_lifecycle::clock;
use forebay_metrics::{Counter, MetricError, Metrics, Timing};

use crate::attributes::PutOptions;
use crate::described::{Described, Fetched, ObjectVersion};
use crate::error::{ObjectError, Operation};
use crate::name::{ObjectName, ObjectPrefix};
use crate::objects::{Listed, Objects};
use crate::payload::Payload;
use crate::uploads::{Begun, Part, PartPlace, Upload, Uploads, uploads_of, uploads_of_any};

/// Counts and times what a store is asked for: `warpstream_blob_store_operation_latency{operation,outcome}`,
/// `warpstream_blob_store_bytes_read` and `warpstream_blob_store_bytes_written`.
#[derive(Debug)]
pub struct Measured {
    inner: Arc<dyn Objects>,
    timings: HashMap<Operation, Outcomes>,
    read: Counter,
    written: Counter,
}

#[derive(Debug)]
struct Outcomes {
    success: Timing,
    error: Timing,
}

const OPERATIONS: [Operation; 9] = [
    Operation::Put,
    Operation::Get,
    Operation::Head,
    Operation::List,
    Operation::Delete,
    Operation::Begin,
    Operation::PutPart,
    Operation::Complete,
    Operation::Abort,
];

impl Measured {
    /// Counts in `metrics` what `inner` does.
    ///
    /// # Errors
    /// When one of the names is taken by a metric of another kind.
    pub fn new(inner: Arc<dyn Objects>, metrics: &Metrics) -> Result<Self, MetricError> {
        let timing = |operation: Operation, outcome| {
            let labels = [("operation", operation.name()), ("outcome", outcome)];
            let help = "How long the object store took to answer";
            metrics.timing("warpstream_blob_store_operation_latency", help, &labels)
        };
        let mut timings = HashMap::new();
        for operation in OPERATIONS {
            let outcomes =
                Outcomes { success: timing(operation, "success")?, error: timing(operation, "error")? };
            timings.insert(operation, outcomes);
        }
        Ok(Self {
            inner,
            timings,
            read: metrics.counter(
                "warpstream_blob_store_bytes_read",
                "Bytes read from the object store",
                &[],
            )?,
            written: metrics.counter(
                "warpstream_blob_store_bytes_written",
                "Bytes written to the object store",
                &[],
            )?,
        })
    }

    async fn time<T>(
        &self,
        operation: Operation,
        work: impl Future<Output = Result<T, ObjectError>> + Send,
    ) -> Result<T, ObjectError> {
        let started = clock::now();
        let result = work.await;
        if let Some(outcomes) = self.timings.get(&operation) {
            let timing = if result.is_ok() { &outcomes.success } else { &outcomes.error };
            timing.observe(clock::now().saturating_duration_since(started));
        }
        result
    }
}

#[deny(clippy::missing_trait_methods)]
#[async_trait]
impl Objects for Measured {
    async fn put(&self, name: &ObjectName, payload: Payload) -> Result<(), ObjectError> {
        let bytes = payload.len() as u64;
        self.time(Operation::Put, self.inner.put(name, payload)).await?;
        self.written.inc_by(bytes);
        Ok(())
    }

    async fn get(&self, name: &ObjectName, range: Range<u64>) -> Result<Bytes, ObjectError> {
        let bytes = self.time(Operation::Get, self.inner.get(name, range)).await?;
        self.read.inc_by(bytes.len() as u64);
        Ok(bytes)
    }

    async fn head(&self, name: &ObjectName) -> Result<Listed, ObjectError> {
        self.time(Operation::Head, self.inner.head(name)).await
    }

    async fn list(
        &self,
        prefix: &ObjectPrefix,
        after: Option<&ObjectName>,
        most: usize,
    ) -> Result<Vec<Listed>, ObjectError> {
        self.time(Operation::List, self.inner.list(prefix, after, most)).await
    }

    async fn remove_leftovers(&self, prefix: &ObjectPrefix) -> Result<usize, ObjectError> {
        self.inner.remove_leftovers(prefix).await
    }

    async fn delete(&self, name: &ObjectName) -> Result<(), ObjectError> {
        self.time(Operation::Delete, self.inner.delete(name)).await
    }

    async fn put_with(
        &self,
        name: &ObjectName,
        payload: Payload,
        options: &PutOptions,
    ) -> Result<(), ObjectError> {
        let bytes = payload.len() as u64;
        self.time(Operation::Put, self.inner.put_with(name, payload, options)).await?;
        self.written.inc_by(bytes);
        Ok(())
    }

    async fn fetch(
        &self,
        name: &ObjectName,
        range: Range<u64>,
        version: Option<&ObjectVersion>,
    ) -> Result<Fetched, ObjectError> {
        let fetched = self.time(Operation::Get, self.inner.fetch(name, range, version)).await?;
        self.read.inc_by(fetched.bytes.len() as u64);
        Ok(fetched)
    }

    async fn describe(&self, name: &ObjectName) -> Result<Described, ObjectError> {
        self.time(Operation::Head, self.inner.describe(name)).await
    }

    async fn delete_many(&self, names: &[ObjectName]) -> Result<(), ObjectError> {
        self.time(Operation::Delete, self.inner.delete_many(names)).await
    }

    fn uploads(&self) -> Option<&dyn Uploads> {
        self.inner.uploads().map(|_| self as &dyn Uploads)
    }
}

#[async_trait]
impl Uploads for Measured {
    async fn begin(&self, name: &ObjectName, options: &PutOptions) -> Result<Upload, ObjectError> {
        self.time(Operation::Begin, uploads_of(&*self.inner, name)?.begin(name, options)).await
    }

    async fn put_part(
        &self,
        upload: &Upload,
        place: PartPlace,
        payload: Payload,
    ) -> Result<Part, ObjectError> {
        let uploads = uploads_of(&*self.inner, &upload.name)?;
        let part = self.time(Operation::PutPart, uploads.put_part(upload, place, payload)).await?;
        self.written.inc_by(part.length);
        Ok(part)
    }

    async fn complete(&self, upload: &Upload, parts: &[Part]) -> Result<(), ObjectError> {
        let uploads = uploads_of(&*self.inner, &upload.name)?;
        self.time(Operation::Complete, uploads.complete(upload, parts)).await
    }

    async fn abort(&self, upload: &Upload) -> Result<(), ObjectError> {
        self.time(Operation::Abort, uploads_of(&*self.inner, &upload.name)?.abort(upload)).await
    }

    async fn begun(&self, beginning: &str) -> Result<Vec<Begun>, ObjectError> {
        self.time(Operation::List, uploads_of_any(&*self.inner)?.begun(beginning)).await
    }

    async fn last_put(&self, upload: &Upload) -> Result<Option<SystemTime>, ObjectError> {
        self.time(Operation::List, uploads_of(&*self.inner, &upload.name)?.last_put(upload)).await
    }
}

impl fmt::Display for Measured {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::open;

    #[tokio::test]
    async fn bytes_and_outcomes_are_counted() {
        let metrics = Metrics::default();
        let objects = Measured::new(open("mem://measured", []).unwrap(), &metrics).unwrap();
        let name = "a".parse().unwrap();
        objects.put(&name, Payload::from_static(b"abcd")).await.unwrap();
        objects.get(&name, 1..3).await.unwrap();
        objects.get(&"b".parse().unwrap(), 1..3).await.unwrap_err();
        let text = metrics.render();
        assert!(text.contains("warpstream_blob_store_bytes_written_total 4"), "{text}");
        assert!(text.contains("warpstream_blob_store_bytes_read_total 2"), "{text}");
        assert!(text.contains("{operation=\"get\",outcome=\"error\"} 1"), "{text}");
    }
}
