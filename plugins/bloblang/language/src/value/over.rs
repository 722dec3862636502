//! Changes to an object of a document, most of whose entries nobody looks at.
//!
//! Mappings tend to take a document, to change a few of its entries and to pass the rest on. Such an object keeps the
//! text that it was read from, with the changes over it: what did not change is copied from the text when it is written.

use std::sync::OnceLock;

use forebay_json::key_prefix;

use super::lazy::{Slot, Source};
use super::print::{Html, keeps, write_json, write_string};
use super::{Text, Value};

/// So many changes are kept over a text; with more of them the entries are made.
pub(super) const MOST: usize = 16;

/// What is different in an object from its text.
#[derive(Clone, Debug, Default)]
pub(super) struct Over {
    /// In ascending order of their keys; without a value where an entry was taken away.
    changes: Vec<(Text, Option<Value>)>,
    /// All entries, once somebody wants them.
    merged: OnceLock<Vec<(Text, Value)>>,
}

/// An entry of the text.
struct Place<'t> {
    key: &'t [u8],
    prefix: u64,
    slot: &'t Slot,
}

impl Over {
    pub(super) fn is_full(&self) -> bool {
        self.changes.len() >= MOST
    }

    /// What is said of a key, if anything is.
    pub(super) fn get(&self, key: &[u8]) -> Option<Option<&Value>> {
        let change = self.changes.iter().find(|(name, _)| name.as_bytes() == key);
        change.map(|(_, value)| value.as_ref())
    }

    /// Says it.
    pub(super) fn set(&mut self, key: Text, value: Option<Value>) {
        self.merged = OnceLock::new();
        match self.changes.binary_search_by(|(name, _)| name.as_bytes().cmp(key.as_bytes())) {
            Ok(at) => {
                if let Some(change) = self.changes.get_mut(at) {
                    change.1 = value;
                }
            }
            Err(at) => self.changes.insert(at, (key, value)),
        }
    }

    /// The value that a key was given, which it then has no more.
    pub(super) fn take(&mut self, key: &[u8]) -> Option<Option<Value>> {
        self.merged = OnceLock::new();
        let change = self.changes.iter_mut().find(|(name, _)| name.as_bytes() == key);
        change.map(|(_, value)| value.take())
    }

    /// All entries; `below` are those of the text.
    pub(super) fn merged<'o>(&'o self, below: &[(Text, Value)]) -> &'o [(Text, Value)] {
        self.merged.get_or_init(|| {
            let mut all = Vec::with_capacity(below.len() + self.changes.len());
            let mut changes = self.changes.iter().peekable();
            for (key, value) in below {
                while let Some((name, new)) = changes.next_if(|(name, _)| name < key) {
                    all.extend(new.iter().map(|new| (name.clone(), new.clone())));
                }
                match changes.next_if(|(name, _)| name == key) {
                    Some((_, new)) => all.extend(new.iter().map(|new| (key.clone(), new.clone()))),
                    None => all.push((key.clone(), value.clone())),
                }
            }
            for (name, new) in changes {
                all.extend(new.iter().map(|new| (name.clone(), new.clone())));
            }
            all
        })
    }

    /// Appends the object as JSON.
    pub(super) fn write(&self, source: &Source, slots: &[Slot], html: Html, out: &mut Vec<u8>) {
        let Source { text, canonical } = source;
        let bytes = text.as_bytes();
        let is_kept = keeps(text, html);
        let mut places: Vec<Place<'_>> = slots.iter().map(|slot| Place::of(slot, bytes)).collect();
        if !canonical {
            // The sort is stable: of equal keys the last one stays last, and counts.
            places.sort_by(|left, right| left.order(right.prefix, right.key));
        }
        out.reserve(bytes.len());
        out.push(b'{');
        let first = out.len();
        let mut changes = self.changes.iter().peekable();
        let mut places = places.iter().peekable();
        while let Some(place) = places.next() {
            if places.peek().is_some_and(|next| next.key == place.key) {
                continue;
            }
            while let Some((name, new)) = changes.next_if(|(name, _)| name.as_bytes() < place.key) {
                entry(name, new.as_ref(), html, out);
            }
            match changes.next_if(|(name, _)| name.as_bytes() == place.key) {
                Some((name, new)) => entry(name, new.as_ref(), html, out),
                None => place.write(text, is_kept, html, out),
            }
        }
        for (name, new) in changes {
            entry(name, new.as_ref(), html, out);
        }
        if out.len() > first {
            // The comma behind the last one.
            out.pop();
        }
        out.push(b'}');
    }
}

impl<'t> Place<'t> {
    fn of(slot: &'t Slot, bytes: &'t [u8]) -> Self {
        let key = slot.key_in(bytes);
        Self { key, prefix: key_prefix(key), slot }
    }

    fn order(&self, prefix: u64, key: &[u8]) -> std::cmp::Ordering {
        self.prefix.cmp(&prefix).then_with(|| self.key.cmp(key))
    }

    /// Appends the entry and a comma, as it stands there where that is how it would be written.
    fn write(&self, text: &Text, is_kept: bool, html: Html, out: &mut Vec<u8>) {
        if is_kept && let Some(entry) = self.slot.entry_in(text.as_bytes()) {
            out.extend_from_slice(entry);
            out.push(b',');
        } else {
            entry(&self.slot.key(text), Some(self.slot.value(text)), html, out);
        }
    }
}

/// Appends an entry and a comma; nothing where there is no value.
fn entry(key: &Text, value: Option<&Value>, html: Html, out: &mut Vec<u8>) {
    if let Some(value) = value {
        write_string(key, html, out);
        out.push(b':');
        write_json(value, html, out);
        out.push(b',');
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::{Object, Value};
    use super::{MOST, Text};

    fn read(text: &str) -> Object {
        match Value::from_json(text.as_bytes()) {
            Ok(Value::Object(object)) => object,
            other => panic!("{text} is {other:?}"),
        }
    }

    /// The same with entries that are made.
    fn made(object: &Object) -> Object {
        Object::from(object.iter().map(|(key, value)| (key.clone(), value.clone())).collect::<Vec<_>>())
    }

    fn json(object: &Object) -> String {
        let mut out = Vec::new();
        Value::Object(object.clone()).write_json(&mut out);
        String::from_utf8(out).expect("JSON is text")
    }

    #[test]
    fn what_did_not_change_is_written_as_it_came() {
        let document = read(r#"{"id":7,"user":"ann","n":1.50,"list":[1,2],"note":"plain"}"#);
        let mut changed = document.clone();
        changed.insert(Text::fixed("user"), Value::String(Text::fixed("ANN")));
        changed.insert(Text::fixed("at"), Value::Null);
        assert!(changed.remove("id").is_some() && changed.remove("missing").is_none());
        assert_eq!(json(&changed), r#"{"at":null,"list":[1,2],"n":1.50,"note":"plain","user":"ANN"}"#);
        assert_eq!(changed.get("user"), Some(&Value::String(Text::fixed("ANN"))));
        assert_eq!((changed.get("id"), changed.get("n").is_some(), changed.len()), (None, true, 5));
        assert_eq!(json(&document), r#"{"id":7,"list":[1,2],"n":1.50,"note":"plain","user":"ann"}"#);
    }

    #[test]
    fn all_can_be_taken_away_and_put_back() {
        let mut object = read(r#"{"a":1}"#);
        object.remove("a");
        assert_eq!((json(&object), object.is_empty()), ("{}".to_owned(), true));
        object.insert(Text::fixed("a"), Value::Bool(true));
        assert_eq!(json(&object), r#"{"a":true}"#);
    }

    #[test]
    fn many_changes_are_made_as_well() {
        let mut object = read(r#"{"z":1}"#);
        for number in 0..MOST * 2 {
            object.insert(Text::from(format!("k{number:02}")), Value::Int(1));
        }
        assert_eq!((object.len(), json(&object)), (MOST * 2 + 1, json(&made(&object))));
    }

    #[derive(Clone, Debug)]
    enum Step {
        Insert(&'static str),
        Remove(&'static str),
        Update(&'static str),
        UpdateExisting(&'static str),
        Look,
        Share,
    }

    const KEYS: [&str; 8] = ["a", "ab", "b", "ba", "c", "id", "\u{e9}", "user name"];
    /// In any order, with spaces, escapes, equal keys and what HTML would escape.
    const DOCUMENTS: [&str; 6] = [
        r#"{"user name":"x","b":{"q":1,"p":[ ]},"a":1e3,"id":"<&>"}"#,
        r#"{ "c" : "\u0041\n", "ab":"plain", "b":[{"z":1,"y":2}] }"#,
        r#"{"a":1,"b":2,"c":{"d":null}}"#,
        r#"{"b":1,"a":2,"b":3,"é":"é"}"#,
        "{}",
        "{\"a\":\"\u{2028}\",\"ab\":\"\u{20ac}\",\"c\":true}",
    ];

    fn step() -> impl Strategy<Value = Step> {
        let key = || proptest::sample::select(KEYS.as_slice());
        prop_oneof![
            4 => key().prop_map(Step::Insert),
            2 => key().prop_map(Step::Remove),
            2 => key().prop_map(Step::Update),
            1 => key().prop_map(Step::UpdateExisting),
            1 => Just(Step::Look),
            1 => Just(Step::Share),
        ]
    }

    fn change(value: &mut Value) {
        if let Value::Object(object) = value {
            object.insert(Text::fixed("in"), Value::Int(1));
        } else {
            *value = Value::String(Text::fixed("changed"));
        }
    }

    proptest! {
        #[test]
        fn changes_over_a_text_are_those_of_made_entries(
            document in proptest::sample::select(DOCUMENTS.as_slice()),
            steps in proptest::collection::vec(step(), 0..24),
        ) {
            let (mut over, mut plain) = (read(document), made(&read(document)));
            let mut shared = Vec::new();
            for (number, step) in (0_i64..).zip(steps) {
                match step {
                    Step::Insert(key) => {
                        over.insert(Text::fixed(key), Value::Int(number));
                        plain.insert(Text::fixed(key), Value::Int(number));
                    }
                    Step::Remove(key) => prop_assert_eq!(over.remove(key), plain.remove(key)),
                    Step::Update(key) => {
                        over.update(&Text::fixed(key), change);
                        plain.update(&Text::fixed(key), change);
                    }
                    Step::UpdateExisting(key) => {
                        let changed = over.update_existing(&Text::fixed(key), change);
                        prop_assert_eq!(changed, plain.update_existing(&Text::fixed(key), change));
                    }
                    Step::Look => prop_assert_eq!(over.len(), plain.len()),
                    Step::Share => shared.push((over.clone(), json(&plain))),
                }
                prop_assert_eq!(json(&over), json(&plain));
            }
            for key in KEYS {
                prop_assert_eq!(over.get(key), plain.get(key));
            }
            prop_assert_eq!(&over, &plain);
            for (object, written) in shared {
                prop_assert_eq!(json(&object), written);
            }
            prop_assert_eq!(over.into_entries(), plain.into_entries());
        }
    }
}
