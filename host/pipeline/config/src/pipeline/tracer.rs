//! The section `tracer`: there is none but `none`.

use crate::lint::Examiner;
use crate::yaml::{Node, Value};

pub(super) const FIELD: &str = "tracer";

/// Looks at the section.
pub(super) fn examine(examiner: &mut Examiner<'_>, root: &Node) {
    let Some(section) = root.get(FIELD).filter(|section| !section.is_null()) else { return };
    match &section.value {
        Value::Mapping(entries) => {
            for (key, value) in entries {
                let tracer = if key.text == "type" { &value.text } else { &key.text };
                if tracer != "none" {
                    let message = format!("tracer `{tracer}` is not supported by this version yet");
                    examiner.lint(key.span.start, message);
                }
            }
        }
        _ if section.text == "none" => {}
        _ => examiner.fatal(section.span.start, format!("expected object value, got {}", section.tag())),
    }
}
