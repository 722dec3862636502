//! Whether a message is what a test expects.

use std::path::Path;

use forebay_pipeline_config::Condition;
use forebay_pipeline_engine::verdict;
use forebay_pipeline_message::{Batch, Message};
use serde_json::Value as Json;

use crate::difference::{Likeness, compare};
use crate::document::Document;
use crate::go_json;
use crate::message::{is_equal, plain_value, read, shown};
use crate::paint::Paint;
use crate::pattern;
use crate::subject::Opener;

/// What a test's conditions look at beside the message.
pub(crate) struct Surroundings<'a> {
    pub(crate) opener: &'a Opener<'a>,
    /// Where files are named from.
    pub(crate) folder: &'a Path,
    pub(crate) paint: Paint,
}

/// The language of conditions.
pub(crate) const LANGUAGE: &str = "bloblang";

impl Surroundings<'_> {
    /// Why a message, given as a batch of its own, does not meet the conditions: each reason begins with the name of
    /// its condition.
    pub(crate) async fn failures(&self, conditions: &[Condition], single: &Batch) -> Vec<String> {
        let Some(message) = single.get(0) else { return Vec::new() };
        let content = message.payload().unwrap_or_default();
        let mut failures = Vec::new();
        for condition in conditions {
            let result = match condition {
                Condition::Bloblang(mapping) => self.mapping(&mapping.text, single).await,
                Condition::ContentEquals(expected) => self.equals(expected.as_bytes(), content),
                Condition::ContentMatches(pattern) => self.matches(pattern, content),
                Condition::MetadataEquals(expected) => self.metadata(expected, message),
                Condition::FileEquals(path) => {
                    self.file(path, "comparison file").and_then(|expected| self.equals(&expected, content))
                }
                Condition::FileJsonEquals(path) => {
                    let expected = self.file(path, "comparison JSON file");
                    expected.and_then(|expected| self.json(&expected, content, Likeness::Same))
                }
                Condition::FileJsonContains(path) => {
                    let expected = self.file(path, "comparison JSON file");
                    expected.and_then(|expected| self.json(&expected, content, Likeness::Superset))
                }
                Condition::JsonEquals(expected) => self.json(&text(expected), content, Likeness::Same),
                Condition::JsonContains(expected) => self.json(&text(expected), content, Likeness::Superset),
            };
            failures.extend(result.err().map(|reason| format!("{}: {reason}", condition.name())));
        }
        failures
    }

    async fn mapping(&self, source: &str, single: &Batch) -> Result<(), String> {
        let mut mapping = self.opener.mapping(LANGUAGE, source).await.map_err(|error| error.to_string())?;
        let values = mapping.values(single.clone()).await?;
        let value = values.get(0).ok_or("the mapping gave nothing")?;
        match verdict(value)? {
            true => Ok(()),
            false => Err("bloblang expression was false".to_owned()),
        }
    }

    fn equals(&self, expected: &[u8], content: &[u8]) -> Result<(), String> {
        if expected == content {
            return Ok(());
        }
        let (expected, received) = (String::from_utf8_lossy(expected), String::from_utf8_lossy(content));
        Err(self.mismatch("content mismatch", "  expected", &expected, &received))
    }

    fn matches(&self, pattern: &str, content: &[u8]) -> Result<(), String> {
        let received = String::from_utf8_lossy(content);
        if pattern::is_match(pattern, &received)? {
            return Ok(());
        }
        Err(self.mismatch("pattern mismatch", "   pattern", pattern, &received))
    }

    fn metadata(&self, expected: &[(String, Json)], message: Message<'_>) -> Result<(), String> {
        for (key, expected) in expected {
            let Some(actual) = message.metadata(key).map(plain_value) else {
                return Err(format!("metadata key '{key}' expected but not found"));
            };
            if !is_equal(expected, &actual) {
                let title = format!("metadata key '{key}' mismatch");
                return Err(self.mismatch(&title, "  expected", &shown(expected), &shown(&actual)));
            }
        }
        Ok(())
    }

    fn json(&self, expected: &[u8], content: &[u8], least: Likeness) -> Result<(), String> {
        let title = match least {
            Likeness::Superset => "JSON superset mismatch",
            _ => "JSON content mismatch",
        };
        let explanation = match (Document::first_of(content), Document::first_of(expected)) {
            (Some(actual), Some(expected)) => {
                let (likeness, difference) = compare(&actual, &expected, self.paint);
                if likeness <= least {
                    return Ok(());
                }
                difference
            }
            (None, Some(_)) => {
                format!("the message is invalid JSON: {}", String::from_utf8_lossy(content))
            }
            (Some(_), None) => "the condition is invalid JSON".to_owned(),
            (None, None) => "both the message and the condition are invalid JSON".to_owned(),
        };
        Err(format!("{title}\n{explanation}"))
    }

    fn file(&self, path: &str, what: &str) -> Result<Vec<u8>, String> {
        read(self.folder, path).map_err(|error| format!("failed to read {what}: {error}"))
    }

    fn mismatch(&self, title: &str, what: &str, expected: &str, received: &str) -> String {
        let (expected, received) = (self.paint.blue(expected), self.paint.red(received));
        format!("{title}\n{what}: {expected}\n  received: {received}")
    }
}

/// The document that a condition states: a string is its text.
fn text(expected: &Json) -> Vec<u8> {
    match expected {
        Json::String(text) => text.clone().into_bytes(),
        other => go_json::text(other).into_bytes(),
    }
}
