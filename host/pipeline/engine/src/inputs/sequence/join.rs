//! Messages of several data sets that have a field in common, merged into one for each value of that.

use std::collections::HashMap;
use std::hash::{BuildHasher as _, BuildHasherDefault, DefaultHasher};

use forebay_pipeline_message::{Batch, Message, MetadataWriter};
use forebay_plugins_api::MetadataValue;
use serde_json::{Map, Value as Json};

/// What becomes of a field that both messages have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Merge {
    /// All values, in an array.
    Array,
    /// The later one.
    Replace,
    /// The earlier one.
    Keep,
}

/// Messages that were merged so far, of one shard of all values.
#[derive(Debug)]
pub(super) struct Joiner {
    /// Where the common field is in a message: the names on the way there.
    path: Vec<String>,
    merge: Merge,
    shards: u64,
    shard: u64,
    /// In the order in which their values were seen first.
    joined: Vec<Joined>,
    places: HashMap<String, usize>,
}

#[derive(Debug)]
struct Joined {
    document: Map<String, Json>,
    /// In the order in which keys were seen first.
    metadata: Vec<(String, MetadataValue)>,
}

impl Joiner {
    /// `path` has dots between names; there is at least one shard.
    pub(super) fn new(path: &str, merge: Merge, shards: u64) -> Self {
        let path = path.split('.').map(|part| part.replace("~1", ".").replace("~0", "~")).collect();
        Self { path, merge, shards, shard: 0, joined: Vec::new(), places: HashMap::new() }
    }

    /// Merges the messages of a batch into those that are there. A message that is no object, whose common field is
    /// missing or no text, or that another shard is for, is dropped. The places of those that others were merged into,
    /// one for each message that was taken.
    pub(super) fn add(&mut self, batch: &Batch, mut each: impl FnMut(&Self, usize)) {
        for message in batch.iter() {
            if let Some(place) = self.add_one(&message) {
                each(self, place);
            }
        }
    }

    fn add_one(&mut self, message: &Message<'_>) -> Option<usize> {
        let document = serde_json::from_slice(message.payload()?).ok()?;
        let Json::Object(mut document) = document else { return None };
        let id = find(&document, &self.path)?.as_str().filter(|id| !id.is_empty())?.to_owned();
        let hasher = BuildHasherDefault::<DefaultHasher>::default();
        if hasher.hash_one(&id) % self.shards != self.shard {
            return None;
        }
        if let Some(place) = self.places.get(&id) {
            let joined = self.joined.get_mut(*place)?;
            take_away(&mut document, &self.path);
            merge(&mut joined.document, document, self.merge);
            joined.add_metadata(message);
            return Some(*place);
        }
        let mut joined = Joined { document, metadata: Vec::new() };
        joined.add_metadata(message);
        self.joined.push(joined);
        self.places.insert(id, self.joined.len() - 1);
        Some(self.joined.len() - 1)
    }

    /// How many messages there are.
    pub(super) fn len(&self) -> usize {
        self.joined.len()
    }

    /// The messages at these places, each of which stands for itself.
    pub(super) fn batch(&self, places: impl IntoIterator<Item = usize>) -> Batch {
        let mut metadata = MetadataWriter::default();
        let mut documents = Vec::new();
        for joined in places.into_iter().filter_map(|place| self.joined.get(place)) {
            documents.push(serde_json::to_vec(&joined.document).unwrap_or_default());
            joined.metadata.iter().for_each(|(key, value)| metadata.push(key, value.borrow()));
            metadata.end_message();
        }
        Batch::from_parts(documents.iter().map(|document| Some(document.as_slice())), true, metadata, [])
    }

    /// Goes on with the next shard, and forgets the messages of this one; whether there is one.
    pub(super) fn next_shard(&mut self) -> bool {
        self.joined.clear();
        self.places.clear();
        self.shard += 1;
        self.shard < self.shards
    }
}

impl Joined {
    fn add_metadata(&mut self, message: &Message<'_>) {
        for (key, value) in message.metadata_entries() {
            let value = MetadataValue::from(value);
            match self.metadata.iter_mut().find(|(known, _)| known == key) {
                Some((_, known)) => *known = value,
                None => self.metadata.push((key.to_owned(), value)),
            }
        }
    }
}

fn find<'d>(document: &'d Map<String, Json>, path: &[String]) -> Option<&'d Json> {
    let (first, rest) = path.split_first()?;
    rest.iter().try_fold(document.get(first)?, |value, name| match value {
        Json::Array(items) => items.get(name.parse::<usize>().ok()?),
        value => value.get(name),
    })
}

/// Takes a field out of its object.
fn take_away(document: &mut Map<String, Json>, path: &[String]) {
    let Some((last, way)) = path.split_last() else { return };
    let mut at = document;
    for name in way {
        let Some(Json::Object(inside)) = at.get_mut(name) else { return };
        at = inside;
    }
    at.remove(last);
}

fn merge(onto: &mut Map<String, Json>, from: Map<String, Json>, how: Merge) {
    for (key, value) in from {
        match (onto.get_mut(&key), value) {
            (None, value) => {
                onto.insert(key, value);
            }
            (Some(Json::Object(onto)), Json::Object(from)) => merge(onto, from, how),
            (Some(known), value) => match how {
                Merge::Keep => {}
                Merge::Replace => *known = value,
                Merge::Array => {
                    let mut all = values(known.take());
                    all.extend(values(value));
                    *known = Json::Array(all);
                }
            },
        }
    }
}

fn values(value: Json) -> Vec<Json> {
    match value {
        Json::Array(values) => values,
        value => vec![value],
    }
}

#[cfg(test)]
mod tests {
    use forebay_pipeline_message::Value;

    use super::*;

    fn batch(documents: &[&str]) -> Batch {
        Batch::from_payloads(documents.iter().copied().map(Some), true)
    }

    fn shown(batch: &Batch) -> Vec<String> {
        let text = |message: Message<'_>| String::from_utf8_lossy(message.payload().unwrap()).into_owned();
        batch.iter().map(text).collect()
    }

    fn joined(merge: Merge, path: &str, documents: &[&str]) -> Vec<String> {
        let mut joiner = Joiner::new(path, merge, 1);
        joiner.add(&batch(documents), |_, _| {});
        shown(&joiner.batch(0..joiner.len()))
    }

    #[test]
    fn fields_that_collide_are_merged_as_the_strategy_says() {
        let documents = [
            r#"{"id":"A","x":1,"list":[1],"in":{"a":1,"b":null}}"#,
            r#"{"id":"B","x":9}"#,
            r#"{"id":"A","x":2,"list":2,"in":{"b":3},"new":true}"#,
            r#"{"id":"A","x":[3,4],"list":[{}],"in":7}"#,
        ];
        let rest = r#"{"id":"B","x":9}"#;
        let array = r#"{"id":"A","in":[{"a":1,"b":[null,3]},7],"list":[1,2,{}],"new":true,"x":[1,2,3,4]}"#;
        assert_eq!(joined(Merge::Array, "id", &documents), [array, rest]);
        let replaced = r#"{"id":"A","in":7,"list":[{}],"new":true,"x":[3,4]}"#;
        assert_eq!(joined(Merge::Replace, "id", &documents), [replaced, rest]);
        let kept = r#"{"id":"A","in":{"a":1,"b":null},"list":[1],"new":true,"x":1}"#;
        assert_eq!(joined(Merge::Keep, "id", &documents), [kept, rest]);
    }

    #[test]
    fn messages_without_the_common_field_are_dropped() {
        let documents = ["", "[]", "7", "{}", r#"{"id":1}"#, r#"{"id":""}"#, r#"{"id":{"id":"A"}}"#, "{"];
        assert_eq!(joined(Merge::Array, "id", &documents), Vec::<String>::new());
    }

    #[test]
    fn the_common_field_may_lie_deeper() {
        let documents = [r#"{"doc":{"the.id":"A","x":1}}"#, r#"{"doc":{"the.id":"A","y":2}}"#];
        assert_eq!(
            joined(Merge::Array, "doc.the~1id", &documents),
            [r#"{"doc":{"the.id":"A","x":1,"y":2}}"#]
        );
        let inside = [r#"{"a":[{"id":"A"}],"x":1}"#];
        assert_eq!(joined(Merge::Array, "a.0.id", &inside), inside);
    }

    #[test]
    fn later_metadata_takes_the_place_of_earlier() {
        let document = batch(&[r#"{"id":"A"}"#]);
        let with = |key: &str, value: i64| document.with_metadata(&[(key.to_owned(), Value::Signed(value))]);
        let mut joiner = Joiner::new("id", Merge::Array, 1);
        for batch in [with("a", 1), with("b", 2), with("a", 3)] {
            joiner.add(&batch, |_, _| {});
        }
        let joined = joiner.batch([0]);
        let entries: Vec<_> = joined.get(0).unwrap().metadata_entries().collect();
        assert_eq!(entries, [("a", Value::Signed(3)), ("b", Value::Signed(2))]);
    }

    #[test]
    fn each_message_is_of_one_shard() {
        let documents: Vec<String> = (0..100).map(|id| format!(r#"{{"id":"{id}"}}"#)).collect();
        let documents: Vec<&str> = documents.iter().map(String::as_str).collect();
        let mut joiner = Joiner::new("id", Merge::Array, 4);
        let (mut all, mut shards) = (Vec::new(), 0);
        loop {
            joiner.add(&batch(&documents), |_, _| {});
            assert!(joiner.len() < 100);
            all.extend(shown(&joiner.batch(0..joiner.len())));
            shards += 1;
            if !joiner.next_shard() {
                break;
            }
        }
        all.sort_by_key(|document| document[7..document.len() - 2].parse::<u32>().unwrap());
        assert_eq!((all, shards), (documents.iter().map(|&document| document.to_owned()).collect(), 4));
    }
}
