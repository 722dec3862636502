use std::fmt;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use forebay_lifecycle::Here;
use futures_util::future::BoxFuture;
use futures_util::stream::{FuturesUnordered, StreamExt as _};

use crate::attributes::PutOptions;
use crate::error::{ErrorKind, ObjectError, Operation};
use crate::name::ObjectName;
use crate::objects::Objects;
use crate::payload::Payload;
use crate::uploads::{MOST_PARTS, Part, PartPlace, SMALLEST_PART, Upload, uploads_of};

/// Puts an object while its bytes are made. What fits into one part is put whole; more goes in parts, several at
/// once. Nobody sees anything of it before [`finish`](Self::finish) returns; when that does not come to pass,
/// because something fails or this is dropped, what was put is thrown away.
///
/// A store that takes no options for objects in parts refuses them when a second part begins.
pub struct ObjectWriter {
    objects: Arc<dyn Objects>,
    name: ObjectName,
    options: PutOptions,
    policy: WritePolicy,
    /// Bytes that no part has yet.
    waiting: Vec<Bytes>,
    /// The last of them, as far as they came in small pieces.
    small: BytesMut,
    waiting_bytes: u64,
    /// The bytes of all parts so far.
    offset: u64,
    upload: Option<Upload>,
    under_way: FuturesUnordered<BoxFuture<'static, Result<Part, ObjectError>>>,
    /// As many as were begun, those that are done in their places.
    parts: Vec<Option<Part>>,
}

/// How large parts are, and how many of them are in memory: `parallel` that are put and one that is filled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WritePolicy {
    /// The bytes of the first parts, 5 MiB at least. After every thousand parts they become twice as large, so that
    /// an object can have [`WritePolicy::most`] bytes.
    pub part: u64,
    /// The bytes of the largest parts.
    pub largest_part: u64,
    /// How many parts are put at once.
    pub parallel: usize,
}

/// After how many parts they become larger.
const STEP: u32 = 1_000;
/// Pieces smaller than this are copied to stand together, so many bytes at a time.
const SMALL: usize = 4 << 10;
const GATHERED: usize = 64 << 10;

impl Default for WritePolicy {
    fn default() -> Self {
        Self { part: 8 << 20, largest_part: 64 << 20, parallel: 3 }
    }
}

impl WritePolicy {
    /// The bytes of the part of this number, from 0.
    fn size(&self, index: u32) -> u64 {
        let part = self.part.max(SMALLEST_PART);
        let doubled = part.checked_shl(index / STEP).filter(|size| size >> (index / STEP) == part);
        doubled.unwrap_or(u64::MAX).min(self.largest_part.max(part))
    }

    /// The bytes that an object may have.
    #[must_use]
    pub fn most(&self) -> u64 {
        (0..MOST_PARTS / STEP).map(|step| self.size(step * STEP).saturating_mul(STEP.into())).sum()
    }
}

impl ObjectWriter {
    /// Nothing is sent before there is a part.
    #[must_use]
    pub fn new(
        objects: Arc<dyn Objects>,
        name: ObjectName,
        options: PutOptions,
        policy: WritePolicy,
    ) -> Self {
        Self {
            objects,
            name,
            options,
            policy,
            waiting: Vec::new(),
            small: BytesMut::new(),
            waiting_bytes: 0,
            offset: 0,
            upload: None,
            under_way: FuturesUnordered::new(),
            parts: Vec::new(),
        }
    }

    /// Takes bytes, and waits while there is no room for them.
    ///
    /// # Errors
    /// Those of parts, also of earlier ones. `Invalid`: there are more bytes than the policy allows. The object does
    /// not come to be after an error.
    ///
    /// # Cancel safety
    /// Not safe: what was dropped may have been taken in part.
    pub async fn write(&mut self, mut bytes: Bytes) -> Result<(), ObjectError> {
        while !bytes.is_empty() {
            let size = self.part_size()?;
            if self.waiting_bytes == size {
                // Only now it is known not to be the only part.
                self.begin_part().await?;
                continue;
            }
            let room = usize::try_from(size - self.waiting_bytes).unwrap_or(usize::MAX);
            let taken = bytes.split_to(room.min(bytes.len()));
            self.take(taken);
        }
        Ok(())
    }

    /// Waits until one of the parts under way is done; for ever where none is. Parts are only put while one of these
    /// calls is waited for.
    ///
    /// # Errors
    /// Those of the part.
    ///
    /// # Cancel safety
    /// Nothing is lost when it is dropped.
    pub async fn progress(&mut self) -> Result<(), ObjectError> {
        match self.under_way.next().await {
            None => std::future::pending().await,
            Some(part) => {
                let part = part?;
                let place = self.parts.get_mut(part.place.index as usize);
                place.into_iter().for_each(|place| *place = Some(part.clone()));
                Ok(())
            }
        }
    }

    /// Completes the object: when this returns it is there, durably, and whoever looks sees all of it. Returns its
    /// bytes.
    ///
    /// # Errors
    /// Those of a put. `Retry`: it may be there all the same.
    pub async fn finish(mut self) -> Result<u64, ObjectError> {
        if self.upload.is_none() {
            let payload = self.take_waiting();
            self.objects.put_with(&self.name, payload, &self.options).await?;
            return Ok(self.waiting_bytes);
        }
        if self.waiting_bytes > 0 {
            self.begin_part().await?;
        }
        while !self.under_way.is_empty() {
            self.progress().await?;
        }
        if let Some(upload) = &self.upload {
            // All are there: none is under way.
            let parts: Vec<Part> = self.parts.iter().flatten().cloned().collect();
            uploads_of(&*self.objects, &self.name)?.complete(upload, &parts).await?;
        }
        self.upload = None;
        Ok(self.offset)
    }

    /// Throws away what was put, and waits for that.
    ///
    /// # Errors
    /// When the store still has parts of it.
    pub async fn abort(mut self) -> Result<(), ObjectError> {
        self.under_way.clear();
        match self.upload.take() {
            None => Ok(()),
            Some(upload) => uploads_of(&*self.objects, &self.name)?.abort(&upload).await,
        }
    }

    fn part_size(&self) -> Result<u64, ObjectError> {
        match u32::try_from(self.parts.len()) {
            Ok(index) if index < MOST_PARTS => Ok(self.policy.size(index)),
            _ => {
                let reason =
                    format!("it is larger than {} bytes; larger parts allow for more", self.policy.most());
                Err(ObjectError::new(Operation::PutPart, &self.name, ErrorKind::Invalid, reason))
            }
        }
    }

    /// Keeps bytes that wait for their part: small ones together, so that many of them cost little beside themselves.
    fn take(&mut self, bytes: Bytes) {
        self.waiting_bytes += bytes.len() as u64;
        if bytes.len() < SMALL {
            self.small.extend_from_slice(&bytes);
            if self.small.len() >= GATHERED {
                self.gather();
            }
            return;
        }
        self.gather();
        self.waiting.push(bytes);
    }

    fn gather(&mut self) {
        if !self.small.is_empty() {
            self.waiting.push(self.small.split().freeze());
        }
    }

    /// What waits for its part.
    fn take_waiting(&mut self) -> Payload {
        self.gather();
        std::mem::take(&mut self.waiting).into()
    }

    /// Begins to put what waits, when there is room.
    async fn begin_part(&mut self) -> Result<(), ObjectError> {
        while self.under_way.len() >= self.policy.parallel.max(1) {
            self.progress().await?;
        }
        let upload = match &self.upload {
            Some(upload) => upload.clone(),
            None => {
                let upload = uploads_of(&*self.objects, &self.name)?.begin(&self.name, &self.options).await?;
                self.upload.insert(upload).clone()
            }
        };
        let index = u32::try_from(self.parts.len()).unwrap_or(u32::MAX);
        let place = PartPlace { index, offset: self.offset };
        let payload = self.take_waiting();
        self.offset += std::mem::take(&mut self.waiting_bytes);
        self.parts.push(None);
        let objects = Arc::clone(&self.objects);
        self.under_way.push(Box::pin(async move {
            uploads_of(&*objects, &upload.name)?.put_part(&upload, place, payload).await
        }));
        Ok(())
    }
}

impl Drop for ObjectWriter {
    fn drop(&mut self) {
        let Some(upload) = self.upload.take() else { return };
        // Outside of a runtime the process ends, and the store's own rules are left.
        if tokio::runtime::Handle::try_current().is_err() {
            return;
        }
        let objects = Arc::clone(&self.objects);
        Here::spawn_detached(async move {
            let Some(uploads) = objects.uploads() else { return };
            if let Err(error) = uploads.abort(&upload).await {
                tracing::warn!(
                    error = error.report(),
                    "parts of an object that was given up are left in the store"
                );
            }
        });
    }
}

impl fmt::Debug for ObjectWriter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ObjectWriter").field("name", &self.name).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::{Fault, Faults, Faulty, RetryPolicy, Retrying, open};

    const PART: usize = 5 << 20;

    fn faulty(name: &str) -> (Arc<Faults>, Arc<dyn Objects>) {
        let faults = Arc::new(Faults::new(1));
        let inner = open(&format!("mem://writer-{name}"), []).unwrap();
        (Arc::clone(&faults), Arc::new(Faulty::new(inner, faults)))
    }

    fn writer(objects: &Arc<dyn Objects>) -> ObjectWriter {
        let policy = WritePolicy { part: 0, ..WritePolicy::default() };
        ObjectWriter::new(Arc::clone(objects), "a".parse().unwrap(), PutOptions::default(), policy)
    }

    fn content(length: usize) -> Bytes {
        (0..length).map(|n| u8::try_from(n % 251).unwrap()).collect()
    }

    async fn read(objects: &Arc<dyn Objects>, length: usize) -> Bytes {
        objects.get(&"a".parse().unwrap(), 0..length as u64 + 1).await.unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_written_is_there_when_it_is_finished_and_not_before() {
        let (faults, objects) = faulty("sizes");
        for (length, parts) in [(1, 0), (PART, 0), (PART + 1, 2), (5 * PART, 5)] {
            let before = faults.count(Operation::PutPart);
            // The first is the last to be done.
            faults.next(Operation::PutPart, [Fault::Delay(Duration::from_secs(9))]);
            faults.always(Operation::PutPart, Fault::Delay(Duration::from_secs(1)));
            let mut writer = writer(&objects);
            let content = content(length);
            for piece in content.chunks(999_999) {
                writer.write(Bytes::copy_from_slice(piece)).await.unwrap();
            }
            objects.head(&"a".parse().unwrap()).await.unwrap_err();
            assert_eq!(writer.finish().await.unwrap(), length as u64);
            assert!(read(&objects, length).await == content, "{length}");
            assert_eq!(faults.count(Operation::PutPart) - before, parts);
            objects.delete(&"a".parse().unwrap()).await.unwrap();
            faults.clear();
        }
        assert_eq!(faults.most_at_once(Operation::PutPart), 3);
        assert_eq!(faults.count(Operation::Abort), 0);
    }

    #[tokio::test]
    async fn small_pieces_are_kept_together() {
        let (_, objects) = faulty("small");
        let mut writer = writer(&objects);
        for _ in 0..10_000 {
            writer.write(Bytes::from_static(b"abc")).await.unwrap();
        }
        assert!(writer.waiting.len() < 10, "{}", writer.waiting.len());
        assert_eq!(writer.finish().await.unwrap(), 30_000);
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_dropped_or_fails_leaves_nothing_behind() {
        let (faults, objects) = faulty("dropped");
        let mut dropped = writer(&objects);
        dropped.write(content(2 * PART)).await.unwrap();
        drop(dropped);
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert_eq!(faults.count(Operation::Abort), 1);

        faults.next(Operation::PutPart, [Fault::Fail]);
        let mut failing = writer(&objects);
        failing.write(content(2 * PART)).await.unwrap();
        assert_eq!(failing.finish().await.unwrap_err().kind(), ErrorKind::Retry);
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert_eq!(faults.count(Operation::Abort), 2);
        objects.head(&"a".parse().unwrap()).await.unwrap_err();
    }

    #[tokio::test(start_paused = true)]
    async fn a_completion_whose_answer_is_lost_is_found_out() {
        let (faults, objects) = faulty("lost");
        faults.next(Operation::Complete, [Fault::DoneButFailed]);
        let objects: Arc<dyn Objects> = Arc::new(Retrying::new(objects, RetryPolicy::background()));
        let mut writer = writer(&objects);
        writer.write(content(2 * PART)).await.unwrap();
        writer.finish().await.unwrap();
        assert_eq!(faults.count(Operation::Complete), 2);
        assert!(read(&objects, 2 * PART).await == content(2 * PART));
    }

    #[test]
    fn parts_grow_so_that_an_object_may_be_large() {
        let policy = WritePolicy::default();
        assert_eq!((policy.size(0), policy.size(999), policy.size(1_000)), (8 << 20, 8 << 20, 16 << 20));
        assert_eq!(policy.size(9_999), 64 << 20);
        assert!(policy.most() > 400 << 30);
        let endless = WritePolicy { largest_part: u64::MAX, ..policy };
        assert!(endless.most() > 5 << 40);
    }
}
