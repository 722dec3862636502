//! Files with resources: their lists are appended to those of the main file.

use std::collections::HashSet;

use crate::lint::{Finding, Severity};
use crate::suggest;
use crate::yaml::{Key, Node, Value};

/// What such a file may have, beside `tests`.
const LISTS: [&str; 5] =
    ["input_resources", "processor_resources", "output_resources", "cache_resources", "rate_limit_resources"];
const TESTS: &str = "tests";

/// Appends the lists of a file; what is wrong with it. A label may be used once for each sort of resource.
pub(super) fn append(root: &mut Node, more: Node) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut find = |at, message: String, severity| findings.push(Finding { at, message, severity });
    let Value::Mapping(lists) = more.value else {
        find(more.span.start, format!("expected object value, got {}", more.tag()), Severity::Fatal);
        return findings;
    };
    // A main file that is no mapping is refused as a whole.
    let Value::Mapping(entries) = &mut root.value else { return findings };
    for (key, list) in lists {
        let name = key.text.as_str();
        if name != TESTS && !LISTS.contains(&name) {
            let hint = suggest::hint(name, LISTS);
            find(key.span.start, format!("field {name} not recognised{hint}"), Severity::Lint);
            continue;
        }
        let items = match list.value {
            Value::Null => continue,
            Value::Sequence(items) => items,
            _ => {
                find(list.span.start, "expected array value".to_owned(), Severity::Fatal);
                continue;
            }
        };
        let Some(there) = list_of(entries, &key) else { continue };
        let known: HashSet<String> = there.iter().filter_map(label).map(|label| label.text.clone()).collect();
        let kind = name.trim_end_matches("_resources").replace('_', " ");
        let taken =
            items.iter().filter_map(label).filter(|label| name != TESTS && known.contains(&label.text));
        for label in taken {
            let text = &label.text;
            let message =
                format!("{kind} resource label '{text}' collides with a previously defined resource");
            find(label.span.start, message, Severity::Fatal);
        }
        there.extend(items);
    }
    findings
}

fn label(item: &Node) -> Option<&Node> {
    item.get("label").filter(|label| !label.text.is_empty())
}

/// The list of this name in the main file, which is made where there is none. None where something else stands there:
/// that is refused when the whole is read, and what would be appended is not looked at.
fn list_of<'n>(entries: &'n mut Vec<(Key, Node)>, key: &Key) -> Option<&'n mut Vec<Node>> {
    let index = entries.iter().position(|(known, _)| known.text == key.text).unwrap_or_else(|| {
        entries.push((key.clone(), Node::from_json(&serde_json::Value::Null, key.span)));
        entries.len() - 1
    });
    let list = &mut entries[index].1.value;
    if *list == Value::Null {
        *list = Value::Sequence(Vec::new());
    }
    match list {
        Value::Sequence(items) => Some(items),
        _ => None,
    }
}
