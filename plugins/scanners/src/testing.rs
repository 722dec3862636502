//! Scanners in tests, as their configurations stand in a field.

use forebay_sdk::columns::Value;
use forebay_sdk::config::{Config, Pointer, ScannerConfig};
use forebay_sdk::{Batch, Scanned, testing};
use serde_json::Value as Json;

use crate::plan::{Plan, inner};

/// What became of a stream.
pub(crate) struct Messages {
    pub(crate) batches: Vec<Batch>,
    pub(crate) error: Option<String>,
}

impl Messages {
    /// The payloads, of a stream that did not fail.
    #[track_caller]
    pub(crate) fn texts(&self) -> Vec<String> {
        assert_eq!(self.error, None);
        self.all()
    }

    pub(crate) fn all(&self) -> Vec<String> {
        self.batches.iter().flat_map(testing::texts).collect()
    }

    /// The payloads of each batch.
    pub(crate) fn groups(&self) -> Vec<Vec<String>> {
        self.batches.iter().map(testing::texts).collect()
    }

    /// All that is known of each message, on one line.
    pub(crate) fn details(&self) -> Vec<String> {
        let mut details = Vec::new();
        for message in self.batches.iter().flat_map(Batch::messages) {
            let mut detail = String::from_utf8_lossy(message.bytes()).into_owned();
            for (key, value) in message.metadata_entries() {
                let value = match value {
                    Value::Text(text) => text.to_owned(),
                    Value::Signed(number) => number.to_string(),
                    Value::Bool(value) => value.to_string(),
                    other => format!("{other:?}"),
                };
                detail.push_str(&format!(" {key}={value}"));
            }
            if let Some(error) = message.error() {
                detail.push_str(&format!(" error: {error}"));
            }
            details.push(detail);
        }
        details
    }
}

fn plan(config: &Json) -> Result<Box<dyn Plan>, String> {
    let config = ScannerConfig::parse(config, &Pointer::ROOT).expect("any value is taken");
    inner(&config, &Pointer::ROOT).map_err(|problem| problem.to_string())
}

/// Why a configuration is refused.
pub(crate) fn refused(config: &Json) -> String {
    plan(config).err().expect("refused")
}

/// Scans bytes as one chunk; those that come in others must give the same.
#[track_caller]
pub(crate) fn cut(config: &Json, bytes: &[u8]) -> Messages {
    let whole = cut_in(config, bytes, usize::MAX, "test");
    for size in [1, 2, 3, 7, 64, 513] {
        let pieces = cut_in(config, bytes, size, "test");
        assert_eq!(pieces.details(), whole.details(), "in chunks of {size}");
        assert_eq!(pieces.error, whole.error, "in chunks of {size}");
    }
    whole
}

pub(crate) fn cut_in(config: &Json, bytes: &[u8], size: usize, name: &str) -> Messages {
    scan(plan(config).expect("the configuration is right").as_ref(), bytes, size, name)
}

pub(crate) fn scan(plan: &dyn Plan, bytes: &[u8], size: usize, name: &str) -> Messages {
    let mut messages = Messages { batches: Vec::new(), error: None };
    let source = Box::new(testing::stream(bytes, size.min(bytes.len().max(1))));
    let mut scan = match plan.begin(source, name) {
        Ok(scan) => scan,
        Err(error) => return Messages { error: Some(error.into_message()), ..messages },
    };
    loop {
        match scan.next() {
            Ok(Scanned::Batch(batch)) => messages.batches.push(batch),
            Ok(Scanned::Idle) => {}
            Ok(Scanned::Ended) => return messages,
            Err(error) => {
                messages.error = Some(error.into_message());
                return messages;
            }
        }
    }
}
