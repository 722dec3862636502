//! What became of branches, message by message, and how messages tell of it.

use std::collections::BTreeMap;

use forebay_pipeline_message::{Batch, MetadataWriter, Value};
use forebay_plugins_api::{Mapping, OpenError};
use serde_json::{Value as Json, json};

use super::order::listed;
use crate::structure::opening::Opening;

/// Metadata that hands a record to the mapping that puts it into a message. No message gets to have it.
const RECORD: &str = "forebay_workflow_record";

/// What became of the branches for a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Record(BTreeMap<String, Fate>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Fate {
    Succeeded,
    Skipped,
    Failed(String),
}

impl Record {
    /// Where all branches succeed.
    pub(crate) fn new<'n>(branches: impl Iterator<Item = &'n str>) -> Self {
        Self(branches.map(|name| (name.to_owned(), Fate::Succeeded)).collect())
    }

    pub(crate) fn skipped(&mut self, branch: &str) {
        self.0.insert(branch.to_owned(), Fate::Skipped);
    }

    pub(crate) fn failed(&mut self, branch: &str, error: String) {
        self.0.insert(branch.to_owned(), Fate::Failed(error));
    }

    /// That branches failed, if any did.
    pub(crate) fn error(&self) -> Option<String> {
        let failed = self.0.iter().filter(|(_, fate)| matches!(fate, Fate::Failed(_)));
        let failed: Vec<&str> = failed.map(|(name, _)| name.as_str()).collect();
        (!failed.is_empty()).then(|| format!("workflow branches failed: {}", listed(failed)))
    }

    fn to_json(&self) -> Json {
        let names = |wanted: &Fate| -> Vec<&String> {
            self.0.iter().filter(|(_, fate)| *fate == wanted).map(|(name, _)| name).collect()
        };
        let mut record = json!({});
        for (key, fate) in [("succeeded", Fate::Succeeded), ("skipped", Fate::Skipped)] {
            let names = names(&fate);
            if !names.is_empty() {
                record[key] = json!(names);
            }
        }
        for (name, fate) in &self.0 {
            if let Fate::Failed(error) = fate {
                record["failed"][name] = json!(error);
            }
        }
        record
    }
}

/// The place in messages where records are.
pub(crate) struct Records {
    /// Gives what an earlier record says: which branches to apply, which have succeeded, which were skipped.
    earlier: Box<dyn Mapping>,
    /// Puts a record into a message.
    write: Box<dyn Mapping>,
}

impl Records {
    /// Opens the place at a path with dots.
    ///
    /// # Errors
    /// There is no language for it.
    pub(crate) async fn open(opening: &Opening<'_>, path: &str) -> Result<Self, OpenError> {
        let part = |part: &str| json!(part.replace("~1", ".").replace("~0", "~")).to_string();
        let path = path.split('.').map(part).collect::<Vec<_>>().join(".");
        let earlier = format!("root = [this.{path}.apply, this.{path}.succeeded, this.{path}.skipped]");
        // The first line fails for what is no document.
        let write = format!(
            "let document = this\n\
             let previous = root.{path}\n\
             let record = metadata(\"{RECORD}\").parse_json()\n\
             root.{path} = if $previous == null {{ $record }} else {{ $record.assign({{\"previous\": $previous}}) }}"
        );
        Ok(Self { earlier: opening.own_mapping(&earlier).await?, write: opening.own_mapping(&write).await? })
    }

    /// Which of these branches each message says to leave out.
    ///
    /// # Errors
    /// Why the language's plugin failed.
    pub(crate) async fn left_out<'n>(
        &mut self,
        batch: &Batch,
        branches: &[&'n str],
    ) -> Result<Vec<Vec<&'n str>>, String> {
        // Errors of before would look like those of the mapping.
        let earlier = self.earlier.apply(batch.with_errors([])).await?.batch;
        if earlier.len() != batch.len() {
            return Err("a mapping gave other than one message for each".to_owned());
        }
        let read = |message: forebay_pipeline_message::Message<'_>| match message.error() {
            None => serde_json::from_slice(message.payload().unwrap_or_default()).unwrap_or(Json::Null),
            Some(_) => Json::Null,
        };
        Ok(earlier.iter().map(|message| left_out(&read(message), branches)).collect())
    }

    /// Puts records into their messages: the messages, and why which could not take theirs. Errors that messages had
    /// are kept.
    ///
    /// # Errors
    /// As [`Records::left_out`].
    pub(crate) async fn write(
        &mut self,
        batch: &Batch,
        records: &[Record],
    ) -> Result<(Batch, Vec<(usize, String)>), String> {
        let mut metadata = MetadataWriter::default();
        for record in records {
            metadata.push(RECORD, Value::Text(&record.to_json().to_string()));
            metadata.end_message();
        }
        let payloads = batch.iter().map(|message| message.payload());
        let seen = Batch::from_parts(payloads, batch.independent(), metadata, []);
        let changed = self.write.apply_onto(seen, batch.with_errors([])).await?.batch;
        if changed.len() != batch.len() {
            return Err("a mapping gave other than one message for each".to_owned());
        }
        let errors = changed.iter().enumerate();
        let errors = errors.filter_map(|(index, message)| Some((index, unread(message.error()?)?)));
        let errors: Vec<_> = errors.collect();
        Ok((changed, errors))
    }
}

/// Why a message is no document. That a record has no place in it is no error.
fn unread(error: &str) -> Option<String> {
    let (_, reason) = error.split_once("unable to reference message as structured (with 'this'): ")?;
    Some(match reason.strip_prefix("parse as json: ") {
        Some(reason) => reason.to_owned(),
        None => "target message part does not exist".to_owned(),
    })
}

/// Which branches to leave out by what an earlier record says, as [`Records::earlier`] gives it.
fn left_out<'n>(earlier: &Json, branches: &[&'n str]) -> Vec<&'n str> {
    let list = |at: usize| earlier.get(at).and_then(Json::as_array);
    let holds = |list: Option<&Vec<Json>>, name: &str| {
        list.is_some_and(|list| list.iter().any(|entry| entry.as_str() == Some(name)))
    };
    let to_apply = list(0).filter(|list| !list.is_empty());
    let is_out = |name: &&str| {
        to_apply.is_some() && !holds(to_apply, name) || holds(list(1), name) || holds(list(2), name)
    };
    branches.iter().copied().filter(is_out).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_tells_what_became_of_branches() {
        let mut record = Record::new(["b", "a", "c", "d"].into_iter());
        assert_eq!(record.error(), None);
        record.skipped("c");
        record.skipped("d");
        record.failed("d", "broke".to_owned());
        let expected = json!({"succeeded": ["a", "b"], "skipped": ["c"], "failed": {"d": "broke"}});
        assert_eq!(record.to_json(), expected);
        assert_eq!(record.error().as_deref(), Some("workflow branches failed: [d]"));
        assert_eq!(Record::new([].into_iter()).to_json(), json!({}));
    }

    #[test]
    fn an_earlier_record_leaves_branches_out() {
        for (earlier, expected) in [
            (json!([null, null, null]), &[][..]),
            (json!([[], ["a"], ["c", 5, "x"]]), &["a", "c"]),
            (json!([["a", "b"], ["b"], null]), &["b", "c"]),
            (json!([[5], "a", {}]), &["a", "b", "c"]),
            (Json::Null, &[]),
        ] {
            assert_eq!(left_out(&earlier, &["a", "b", "c"]), expected, "{earlier}");
        }
    }

    #[test]
    fn only_what_is_no_document_can_not_take_a_record() {
        let error = |reason: &str| {
            unread(&format!(
                "failed assignment (line 1): unable to reference message as structured (with 'this'): {reason}"
            ))
        };
        assert_eq!(error("parse as json: invalid character").as_deref(), Some("invalid character"));
        assert_eq!(error("message is empty").as_deref(), Some("target message part does not exist"));
        assert_eq!(unread("failed assignment (line 4): unable to set target path"), None);
    }
}
