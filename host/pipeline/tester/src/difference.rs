//! Two JSON documents beside each other: whether they are the same, and how they differ.

use std::collections::BTreeSet;

use crate::document::Document;
use crate::paint::Paint;

const INDENT: &str = "    ";

/// How a document compares to an expected one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Likeness {
    Same,
    /// It has all that is expected, and more.
    Superset,
    Different,
}

/// Compares a document with an expected one, and shows both in one: what is missing in green, what is too much in red,
/// what is another value in yellow.
pub(crate) fn compare(actual: &Document, expected: &Document, paint: Paint) -> (Likeness, String) {
    let mut shown = Shown { paint, text: String::new(), likeness: Likeness::Same };
    shown.both(actual, expected, 0);
    (shown.likeness, shown.text)
}

struct Shown {
    paint: Paint,
    text: String,
    likeness: Likeness,
}

impl Shown {
    fn both(&mut self, actual: &Document, expected: &Document, level: usize) {
        match (actual, expected) {
            (Document::Array(left), Document::Array(right)) => {
                let length = left.len().max(right.len());
                let pairs: Vec<_> =
                    (0..length).map(|index| (String::new(), left.get(index), right.get(index))).collect();
                self.items(('[', ']'), &pairs, level);
            }
            (Document::Object(left), Document::Object(right)) => {
                let keys: BTreeSet<&String> = left.keys().chain(right.keys()).collect();
                let pairs: Vec<_> = keys
                    .into_iter()
                    .map(|key| (format!("{key:?}: "), left.get(key), right.get(key)))
                    .collect();
                self.items(('{', '}'), &pairs, level);
            }
            _ if actual == expected => self.text.push_str(&short(actual)),
            _ => {
                let changed = format!("{} => {}", short(actual), short(expected));
                self.text.push_str(&self.paint.yellow(changed));
                self.likeness = Likeness::Different;
            }
        }
    }

    fn items(
        &mut self,
        (open, close): (char, char),
        pairs: &[(String, Option<&Document>, Option<&Document>)],
        level: usize,
    ) {
        self.text.push(open);
        for (index, (key, actual, expected)) in pairs.iter().enumerate() {
            self.line(level + 1);
            let comma = if index + 1 < pairs.len() { "," } else { "" };
            match (actual, expected) {
                (Some(actual), Some(expected)) => {
                    self.text.push_str(key);
                    self.both(actual, expected, level + 1);
                }
                (Some(actual), None) => {
                    self.whole(key, actual, level + 1, Paint::red);
                    self.likeness = self.likeness.max(Likeness::Superset);
                }
                (None, Some(expected)) => {
                    self.whole(key, expected, level + 1, Paint::green);
                    self.likeness = Likeness::Different;
                }
                (None, None) => {}
            }
            self.text.push_str(comma);
        }
        if !pairs.is_empty() {
            self.line(level);
        }
        self.text.push(close);
    }

    /// A value that is on one side only.
    fn whole(&mut self, key: &str, value: &Document, level: usize, colour: fn(Paint, String) -> String) {
        let mut text = key.to_owned();
        long(value, level, &mut text);
        let lines = text.split('\n').map(|line| {
            let content = line.trim_start_matches(' ');
            format!("{}{}", &line[..line.len() - content.len()], colour(self.paint, content.to_owned()))
        });
        self.text.push_str(&lines.collect::<Vec<_>>().join("\n"));
    }

    fn line(&mut self, level: usize) {
        self.text.push('\n');
        self.text.push_str(&INDENT.repeat(level));
    }
}

/// A value in a word; what a collection holds is left out.
fn short(value: &Document) -> String {
    match value {
        Document::Null => "null".to_owned(),
        Document::Bool(value) => value.to_string(),
        Document::Number(digits) => digits.clone(),
        Document::String(text) => format!("{text:?}"),
        Document::Array(_) => "[]".to_owned(),
        Document::Object(_) => "{}".to_owned(),
    }
}

fn long(value: &Document, level: usize, out: &mut String) {
    let (brackets, items): (_, Vec<(String, &Document)>) = match value {
        Document::Array(items) => (('[', ']'), items.iter().map(|item| (String::new(), item)).collect()),
        Document::Object(entries) => {
            (('{', '}'), entries.iter().map(|(key, value)| (format!("{key:?}: "), value)).collect())
        }
        _ => {
            out.push_str(&short(value));
            return;
        }
    };
    out.push(brackets.0);
    for (index, (key, item)) in items.iter().enumerate() {
        out.push('\n');
        out.push_str(&INDENT.repeat(level + 1));
        out.push_str(key);
        long(item, level + 1, out);
        if index + 1 < items.len() {
            out.push(',');
        }
    }
    if !items.is_empty() {
        out.push('\n');
        out.push_str(&INDENT.repeat(level));
    }
    out.push(brackets.1);
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn likeness(actual: &str, expected: &str) -> Likeness {
        let document = |text: &str| Document::first_of(text.as_bytes()).unwrap();
        compare(&document(actual), &document(expected), Paint::Plain).0
    }

    #[rstest]
    #[case(r#"{"a":1,"b":[]}"#, r#"{ "b": [], "a": 1 }"#, Likeness::Same)]
    #[case("1.0", "1", Likeness::Different)]
    #[case(r#""1""#, "1", Likeness::Different)]
    #[case("null", "null", Likeness::Same)]
    #[case(r#"{"a":null}"#, "{}", Likeness::Superset)]
    #[case("{}", r#"{"a":null}"#, Likeness::Different)]
    #[case("[1,2,3]", "[1,2]", Likeness::Superset)]
    #[case("[2,1]", "[1]", Likeness::Different)]
    #[case(r#"{"a":{"b":1,"c":2}}"#, r#"{"a":{"c":2}}"#, Likeness::Superset)]
    #[case(r#"{"a":[],"z":1}"#, r#"{"a":{}}"#, Likeness::Different)]
    #[case("[]", "[]", Likeness::Same)]
    fn documents_are_the_same_or_more_or_different(
        #[case] actual: &str,
        #[case] expected: &str,
        #[case] wanted: Likeness,
    ) {
        assert_eq!(likeness(actual, expected), wanted);
    }

    #[test]
    fn both_are_shown_in_one_document() {
        let actual = Document::first_of(br#"{"a":2,"html":"<b>","more":{"x":1}}"#).unwrap();
        let expected = Document::first_of(br#"{"a":3,"b":[1,2],"html":"<b>"}"#).unwrap();
        let lines = [
            "{",
            "    \"a\": 2 => 3,",
            "    \"b\": [",
            "        1,",
            "        2",
            "    ],",
            "    \"html\": \"<b>\",",
            "    \"more\": {",
            "        \"x\": 1",
            "    }",
            "}",
        ];
        assert_eq!(compare(&actual, &expected, Paint::Plain).1, lines.join("\n"));
        let coloured = compare(&actual, &expected, Paint::Colours).1;
        assert!(
            coloured.contains("\n    \u{1b}[32m\"b\": [\u{1b}[0m\n        \u{1b}[32m1,\u{1b}[0m\n"),
            "{coloured}"
        );
        assert!(coloured.contains("\"a\": \u{1b}[33m2 => 3\u{1b}[0m,"), "{coloured}");
    }
}
