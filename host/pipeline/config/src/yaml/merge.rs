//! Merge keys: `<<: *base` or `<<: [*a, *b]` gives a mapping the entries of others that it does not have itself.

use std::collections::HashSet;

use super::{Key, Node, Value, YamlError};

/// Adds the entries of the merged mappings; own entries win over merged ones, earlier ones over later ones.
pub(super) fn merge(own: &mut Vec<(Key, Node)>, merged: Vec<Node>, errors: &mut Vec<YamlError>) {
    if merged.is_empty() {
        return;
    }
    let mut known: HashSet<String> = own.iter().map(|(key, _)| key.text.clone()).collect();
    for source in merged {
        for mapping in mappings(source, errors) {
            for (key, value) in mapping {
                if known.insert(key.text.clone()) {
                    own.push((key, value));
                }
            }
        }
    }
}

fn mappings(source: Node, errors: &mut Vec<YamlError>) -> Vec<Vec<(Key, Node)>> {
    let candidates = match source.value {
        Value::Sequence(items) => items,
        _ => vec![source],
    };
    let mut found = Vec::new();
    for candidate in candidates {
        match candidate.value {
            Value::Mapping(entries) => found.push(entries),
            _ => errors.push(YamlError {
                position: candidate.span.start,
                message: "a merge key takes a mapping or a list of mappings".to_owned(),
            }),
        }
    }
    found
}
