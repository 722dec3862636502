use std::collections::VecDeque;
use std::fmt;
use std::num::NonZero;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use futures_util::stream::{FuturesOrdered, StreamExt as _};

use crate::described::{Described, Fetched};
use crate::error::{ErrorKind, ObjectError};
use crate::name::ObjectName;
use crate::objects::Objects;

/// Reads an object from its start to its end, in blocks of which several are under way at once.
///
/// What it reads is one version of the object: it fails where another one takes its place meanwhile, in stores that
/// tell versions.
pub struct ObjectReader {
    objects: Arc<dyn Objects>,
    described: Described,
    policy: ReadPolicy,
    /// Where the next block to be asked for begins.
    next: u64,
    ready: VecDeque<Bytes>,
    under_way: FuturesOrdered<BoxFuture<'static, Result<Fetched, ObjectError>>>,
}

/// How much is asked for at once. At most `ahead + 1` blocks are in memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReadPolicy {
    /// The bytes of a block.
    pub block: NonZero<u64>,
    /// How many blocks are asked for while one is read.
    pub ahead: usize,
}

impl Default for ReadPolicy {
    fn default() -> Self {
        Self { block: NonZero::new(8 << 20).unwrap_or(NonZero::<u64>::MIN), ahead: 2 }
    }
}

impl ObjectReader {
    /// Opens an object: asks for the first block, which is all of a small object.
    ///
    /// # Errors
    /// `NotFound`, `Retry`, `Internal`.
    pub async fn open(
        objects: Arc<dyn Objects>,
        name: &ObjectName,
        policy: ReadPolicy,
    ) -> Result<Self, ObjectError> {
        let (described, first) = match objects.fetch(name, 0..policy.block.get(), None).await {
            Ok(Fetched { described, bytes }) => (described, bytes),
            // An object without bytes has no range.
            Err(error) if error.kind() == ErrorKind::Invalid => {
                let described = objects.describe(name).await?;
                if described.listed.size > 0 {
                    return Err(error);
                }
                (described, Bytes::new())
            }
            Err(error) => return Err(error),
        };
        let next = first.len() as u64;
        let mut reader = Self {
            objects,
            described,
            policy,
            next,
            ready: VecDeque::from([first]),
            under_way: FuturesOrdered::new(),
        };
        reader.ask_ahead();
        Ok(reader)
    }

    /// What is known of the object.
    #[must_use]
    pub fn described(&self) -> &Described {
        &self.described
    }

    /// The next bytes, in order; none at the end.
    ///
    /// # Errors
    /// Those of a read. `Invalid`: the object was replaced. There is nothing to be read after an error.
    ///
    /// # Cancel safety
    /// Nothing is lost when it is dropped.
    pub async fn next(&mut self) -> Result<Bytes, ObjectError> {
        if let Some(first) = self.ready.pop_front().filter(|bytes| !bytes.is_empty()) {
            return Ok(first);
        }
        let Some(block) = self.under_way.next().await else { return Ok(Bytes::new()) };
        match block {
            Ok(Fetched { bytes, .. }) => {
                self.ask_ahead();
                Ok(bytes)
            }
            Err(error) => {
                self.under_way.clear();
                self.next = self.described.listed.size;
                Err(error)
            }
        }
    }

    fn ask_ahead(&mut self) {
        let size = self.described.listed.size;
        while self.next < size && self.under_way.len() < self.policy.ahead.max(1) {
            let range = self.next..size.min(self.next + self.policy.block.get());
            self.next = range.end;
            let (objects, described) = (Arc::clone(&self.objects), self.described.clone());
            self.under_way.push_back(Box::pin(async move {
                let name = &described.listed.name;
                let fetched = objects.fetch(name, range.clone(), described.version.as_ref()).await?;
                if fetched.bytes.len() as u64 == range.end - range.start {
                    Ok(fetched)
                } else {
                    Err(ObjectError::beyond(name, &range))
                }
            }));
        }
    }
}

impl fmt::Debug for ObjectReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ObjectReader").field("described", &self.described).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::{Fault, Faults, Faulty, Operation, Payload, open};

    fn small(ahead: usize) -> ReadPolicy {
        ReadPolicy { block: NonZero::new(10).unwrap(), ahead }
    }

    async fn all(mut reader: ObjectReader) -> Result<Vec<u8>, ObjectError> {
        let mut all = Vec::new();
        loop {
            match reader.next().await?.to_vec() {
                bytes if bytes.is_empty() => return Ok(all),
                bytes => all.extend(bytes),
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn blocks_come_in_order_and_at_once() {
        let faults = Arc::new(Faults::new(1));
        let inner = open("mem://reader", []).unwrap();
        let objects: Arc<dyn Objects> = Arc::new(Faulty::new(inner, Arc::clone(&faults)));
        for length in [0, 1, 9, 10, 11, 20, 95] {
            let name = format!("a{length}").parse().unwrap();
            let content: Vec<u8> = (0..length).collect();
            objects.put(&name, content.clone().into()).await.unwrap();
            faults.next(Operation::Get, (0..3).map(|n| Fault::Delay(Duration::from_secs(9 - n))));
            let reader = ObjectReader::open(Arc::clone(&objects), &name, small(3)).await.unwrap();
            assert_eq!(all(reader).await.unwrap(), content);
            faults.clear();
        }
        assert_eq!(faults.most_at_once(Operation::Get), 3);
    }

    #[tokio::test]
    async fn a_small_object_is_asked_for_once() {
        let faults = Arc::new(Faults::new(1));
        let inner = open("mem://reader-once", []).unwrap();
        let objects: Arc<dyn Objects> = Arc::new(Faulty::new(inner, Arc::clone(&faults)));
        let name = "a".parse().unwrap();
        objects.put(&name, Payload::from_static(b"abc")).await.unwrap();
        let reader = ObjectReader::open(objects, &name, ReadPolicy::default()).await.unwrap();
        assert_eq!(reader.described().listed.size, 3);
        assert_eq!(all(reader).await.unwrap(), b"abc");
        assert_eq!((faults.count(Operation::Get), faults.count(Operation::Head)), (1, 0));
    }

    #[tokio::test]
    async fn an_object_that_is_replaced_is_not_mixed_with_the_old_one() {
        let objects = open("mem://reader-replaced", []).unwrap();
        let name = "a".parse().unwrap();
        objects.put(&name, vec![1; 100].into()).await.unwrap();
        let mut reader = ObjectReader::open(Arc::clone(&objects), &name, small(1)).await.unwrap();
        reader.next().await.unwrap();
        objects.put(&name, vec![2; 100].into()).await.unwrap();
        assert_eq!(reader.next().await.unwrap_err().kind(), ErrorKind::Invalid);
        assert!(reader.next().await.unwrap().is_empty());
    }
}
