//! A message and a world.

use forebay_bloblang::{Messages, Value, World};

pub(crate) struct One(pub(crate) Vec<u8>);

impl Messages for One {
    fn len(&self) -> usize {
        1
    }

    fn content(&self, _: usize) -> &[u8] {
        &self.0
    }

    fn metadata_get(&self, _: usize, key: &str) -> Option<Value> {
        (key == "topic").then(|| Value::from("orders"))
    }

    fn metadata_all(&self, _: usize) -> Vec<(String, Value)> {
        vec![("topic".to_owned(), Value::from("orders"))]
    }

    fn error(&self, _: usize) -> Option<&str> {
        None
    }
}

pub(crate) struct Nowhere;

impl World for Nowhere {
    fn random_u64(&mut self) -> u64 {
        4
    }

    fn now(&mut self) -> (i64, u32) {
        (1_800_000_000, 0)
    }

    fn env(&mut self, _: &str) -> Result<Option<String>, String> {
        Ok(None)
    }

    fn hostname(&mut self) -> Result<String, String> {
        Ok("bench".to_owned())
    }
}
