//! The messages that a module works on, and the batch that they become.

use std::collections::BTreeMap;

use forebay_pipeline_message::{Batch, MetadataWriter, Origins, Value};

use super::text;
use crate::limits::{Limit, Refusal};

/// What an entry of metadata costs the host beside its bytes.
const ENTRY: usize = 64;

/// A batch under work: what it was, and what the module has made of it up to now.
pub(super) struct Work {
    source: Batch,
    /// The messages that are done; the last one is not.
    done: Vec<Changed>,
    /// Bytes that the module has written.
    held: usize,
    /// How many of them there may be.
    limit: usize,
}

/// What a module has changed in a message.
#[derive(Default)]
struct Changed {
    payload: Option<Vec<u8>>,
    metadata: BTreeMap<String, String>,
    error: Option<String>,
}

impl Work {
    pub(super) fn new(source: Batch, limit: usize) -> Self {
        Self { source, done: Vec::new(), held: 0, limit }
    }

    /// Goes to the next message; whether there is one.
    pub(super) fn next(&mut self) -> bool {
        let more = self.done.len() < self.source.len();
        if more {
            self.done.push(Changed::default());
        }
        more
    }

    /// The payload of the current message, empty for a tombstone.
    pub(super) fn payload(&self) -> Vec<u8> {
        let Some((index, changed)) = self.current() else { return Vec::new() };
        match &changed.payload {
            Some(payload) => payload.clone(),
            None => self.source.get(index).and_then(|message| message.payload()).unwrap_or_default().to_vec(),
        }
    }

    /// A metadata value of the current message, empty where there is none.
    pub(super) fn metadata(&self, key: &str) -> Vec<u8> {
        let Some((index, changed)) = self.current() else { return Vec::new() };
        match changed.metadata.get(key) {
            Some(value) => value.clone().into_bytes(),
            None => {
                let value = self.source.get(index).and_then(|message| message.metadata(key));
                value.map_or_else(Vec::new, text::of)
            }
        }
    }

    pub(super) fn set_payload(&mut self, payload: Vec<u8>) -> wasmtime::Result<()> {
        let old = self.done.last().and_then(|changed| changed.payload.as_ref()).map_or(0, Vec::len);
        self.hold(old, payload.len())?;
        if let Some(changed) = self.done.last_mut() {
            changed.payload = Some(payload);
        }
        Ok(())
    }

    pub(super) fn set_metadata(&mut self, key: String, value: String) -> wasmtime::Result<()> {
        let cost = |value: &String| key.len() + value.len() + ENTRY;
        let old = self.done.last().and_then(|changed| changed.metadata.get(&key)).map_or(0, cost);
        self.hold(old, cost(&value))?;
        if let Some(changed) = self.done.last_mut() {
            changed.metadata.insert(key, value);
        }
        Ok(())
    }

    /// Flags the current message. The last error stays.
    pub(super) fn flag(&mut self, error: String) {
        if let Some(changed) = self.done.last_mut() {
            changed.error = Some(error);
        }
    }

    fn current(&self) -> Option<(usize, &Changed)> {
        Some((self.done.len().checked_sub(1)?, self.done.last()?))
    }

    /// Counts bytes that come in the place of older ones.
    fn hold(&mut self, old: usize, new: usize) -> wasmtime::Result<()> {
        self.held = self.held - old + new;
        if self.held > self.limit {
            let limit = self.limit;
            return Err(Refusal::limit(
                Limit::Batches,
                format!("it wrote more than {limit} bytes for one batch"),
            ));
        }
        Ok(())
    }

    /// The batch that the messages have become.
    pub(super) fn finish(self) -> Batch {
        let Self { source, done, .. } = self;
        let is_changed = |changed: &Changed| {
            changed.payload.is_some() || !changed.metadata.is_empty() || changed.error.is_some()
        };
        if !done.iter().any(is_changed) {
            return source;
        }
        let (mut payloads, mut metadata) = (Vec::with_capacity(done.len()), MetadataWriter::default());
        let mut errors = Vec::new();
        for (index, (message, changed)) in source.iter().zip(&done).enumerate() {
            payloads.push(changed.payload.as_deref().or_else(|| message.payload()));
            let kept = message.metadata_entries().filter(|(key, _)| !changed.metadata.contains_key(*key));
            kept.for_each(|(key, value)| metadata.push(key, value));
            let set = changed.metadata.iter();
            set.for_each(|(key, value)| metadata.push(key, Value::Text(value)));
            metadata.end_message();
            if let Some(error) = changed.error.as_deref().or_else(|| message.error()) {
                errors.push((index, error));
            }
        }
        let made = Batch::from_parts(payloads, source.independent(), metadata, errors);
        // What only the source knows, such as traces, is taken from there.
        source.derive(made.block(u32::MAX), &Origins::Same, usize::MAX).unwrap_or(made)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn work(texts: &[&str]) -> Work {
        Work::new(Batch::from_payloads(texts.iter().map(Some), true), 1000)
    }

    #[test]
    fn an_unchanged_batch_stays_the_same() {
        let mut work = work(&["a", "b"]);
        while work.next() {
            assert!(!work.payload().is_empty());
        }
        let batch = work.finish();
        assert!(batch.independent());
        assert_eq!(batch.get(1).unwrap().payload(), Some(&b"b"[..]));
    }

    #[test]
    fn changes_are_seen_by_the_message_and_kept() {
        let source = Batch::from_payloads([Some("a"), None], false)
            .with_metadata(&[("kept".to_owned(), Value::Signed(1)), ("set".to_owned(), Value::Null)]);
        let mut work = Work::new(source, 1000);
        assert!(work.next());
        work.set_payload(b"A".to_vec()).unwrap();
        assert_eq!(work.payload(), b"A");
        assert!(work.next());
        assert_eq!((work.payload(), work.metadata("kept")), (Vec::new(), b"1".to_vec()));
        work.set_metadata("set".to_owned(), "new".to_owned()).unwrap();
        assert_eq!(work.metadata("set"), b"new");
        work.flag("no".to_owned());
        assert!(!work.next());
        let batch = work.finish();
        let (first, second) = (batch.get(0).unwrap(), batch.get(1).unwrap());
        assert_eq!((first.payload(), first.error()), (Some(&b"A"[..]), None));
        assert_eq!(first.metadata("set"), Some(Value::Null));
        assert_eq!((second.payload(), second.error()), (None, Some("no")));
        assert_eq!(second.metadata("set"), Some(Value::Text("new")));
        assert_eq!(second.metadata("kept"), Some(Value::Signed(1)), "what is not set keeps its type");
    }

    #[test]
    fn what_is_written_is_limited_for_the_whole_batch() {
        let mut work = work(&["a", "b"]);
        assert!(work.next());
        for _ in 0..10 {
            work.set_payload(vec![0; 500]).unwrap();
            work.set_metadata("key".to_owned(), "value".to_owned()).unwrap();
        }
        assert!(work.next());
        assert!(work.set_payload(vec![0; 500]).is_err());
    }
}
