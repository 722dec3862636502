//! Messages and a world for tests.

use std::collections::BTreeMap;

use crate::value::Value;
use crate::world::{Messages, World};

#[derive(Clone, Debug, Default)]
pub(crate) struct Message {
    pub(crate) content: Vec<u8>,
    pub(crate) metadata: Vec<(String, Value)>,
    pub(crate) error: Option<String>,
    /// The header that would carry the trace on.
    pub(crate) trace: Option<String>,
}

/// A batch.
#[derive(Clone, Debug, Default)]
pub(crate) struct Batch(pub(crate) Vec<Message>);

impl Batch {
    pub(crate) fn of(contents: &[&str]) -> Self {
        let message = |content: &&str| Message { content: content.as_bytes().to_vec(), ..Message::default() };
        Self(contents.iter().map(message).collect())
    }

    pub(crate) fn with_metadata(mut self, key: &str, value: Value) -> Self {
        self.0[0].metadata.push((key.to_owned(), value));
        self
    }
}

impl Messages for Batch {
    fn len(&self) -> usize {
        self.0.len()
    }

    fn content(&self, index: usize) -> &[u8] {
        self.0.get(index).map_or(&[], |message| &message.content)
    }

    fn metadata_get(&self, index: usize, key: &str) -> Option<Value> {
        let found = self.0.get(index)?.metadata.iter().find(|(name, _)| name == key);
        found.map(|(_, value)| value.clone())
    }

    fn metadata_all(&self, index: usize) -> Vec<(String, Value)> {
        self.0.get(index).map(|message| message.metadata.clone()).unwrap_or_default()
    }

    fn error(&self, index: usize) -> Option<&str> {
        self.0.get(index)?.error.as_deref()
    }

    fn trace_headers(&self, index: usize) -> Option<Vec<(String, String)>> {
        let trace = self.0.get(index)?.trace.clone()?;
        Some(vec![("traceparent".to_owned(), trace)])
    }
}

/// A world in which nothing is left to chance.
#[derive(Debug, Default)]
pub(crate) struct Fixed {
    drawn: u64,
    /// What was put into the cache "seen", in which 1 is under "a" at first.
    cache: BTreeMap<String, Option<Vec<u8>>>,
}

impl World for Fixed {
    fn random_u64(&mut self) -> u64 {
        self.drawn = self.drawn.wrapping_add(0x9e37_79b9_7f4a_7c15);
        self.drawn
    }

    fn now(&mut self) -> (i64, u32) {
        (1_597_405_826, 371_000_000)
    }

    fn env(&mut self, name: &str) -> Result<Option<String>, String> {
        match name {
            "FOREBAY" => Ok(Some("yes".to_owned())),
            "SECRET" => Err("may not be read".to_owned()),
            _ => Ok(None),
        }
    }

    fn read_file(&mut self, path: &str) -> Result<Vec<u8>, String> {
        match path {
            "document.json" => Ok(br#"{"foo":"bar"}"#.to_vec()),
            _ => Err(format!("open {path}: no such file or directory")),
        }
    }

    fn cache_get(&mut self, cache: &str, key: &str) -> Result<Vec<u8>, String> {
        if cache != "seen" {
            return Err(format!("unable to locate resource: {cache}"));
        }
        match self.cache.get(key) {
            Some(Some(value)) => Ok(value.clone()),
            None if key == "a" => Ok(b"1".to_vec()),
            _ => Err("key does not exist".to_owned()),
        }
    }

    fn cache_set(&mut self, _: &str, key: &str, value: &[u8]) -> Result<(), String> {
        self.cache.insert(key.to_owned(), Some(value.to_vec()));
        Ok(())
    }

    fn cache_add(&mut self, cache: &str, key: &str, value: &[u8]) -> Result<(), String> {
        match self.cache_get(cache, key) {
            Ok(_) => Err("key already exists".to_owned()),
            Err(_) => self.cache_set(cache, key, value),
        }
    }

    fn cache_delete(&mut self, _: &str, key: &str) -> Result<(), String> {
        self.cache.insert(key.to_owned(), None);
        Ok(())
    }

    fn hostname(&mut self) -> Result<String, String> {
        Ok("here".to_owned())
    }
}
