//! The caches of a pipeline: `cache_resources`, a list of components with labels.

use crate::component::{self, ComponentConfig, Label};
use crate::lint::Examiner;
use crate::spec::Kind;
use crate::suggest;
use crate::yaml::{Node, Value};

pub(crate) const FIELD: &str = "cache_resources";

/// Reads the list; what is wrong with it is left with the examiner.
pub(crate) fn examine(examiner: &mut Examiner<'_>, root: &Node) -> Vec<ComponentConfig> {
    labelled(examiner, root, FIELD, Kind::Cache)
}

/// Reads a list of components that others use by their labels.
pub(crate) fn labelled(
    examiner: &mut Examiner<'_>,
    root: &Node,
    field: &str,
    kind: Kind,
) -> Vec<ComponentConfig> {
    let Some(list) = root.get(field).filter(|list| !list.is_null()) else { return Vec::new() };
    let Value::Sequence(items) = &list.value else {
        examiner.fatal(list.span.start, "expected array value");
        return Vec::new();
    };
    let mut components = Vec::with_capacity(items.len());
    for (index, item) in items.iter().enumerate() {
        let component = component::examine(examiner, kind, item, &format!("{field}.{index}"));
        let has_label = item.get("label").is_some_and(|label| !label.is_null() && !label.text.is_empty());
        if component.is_some() && !has_label {
            // With `require_labels` the component has said so itself.
            let message = "the label field for resources must be unique and not empty";
            examiner.lint(item.span.start, message);
        }
        components.extend(component);
    }
    components
}

/// Whether there is every cache that components name.
pub(crate) fn check_uses(examiner: &mut Examiner<'_>, caches: &[ComponentConfig]) {
    let missing = |label: &str| format!("there is no cache `{label}` among the {FIELD}");
    check_labels(examiner, Kind::Cache, caches, missing);
}

/// Whether there is every component of a kind that others name; `missing` says of a label that there is none.
pub(super) fn check_labels(
    examiner: &mut Examiner<'_>,
    kind: Kind,
    components: &[ComponentConfig],
    missing: impl Fn(&str) -> String,
) {
    let labels: Vec<&str> =
        components.iter().filter_map(|component| component.label.as_ref()).map(Label::as_str).collect();
    for (label, at) in examiner.take_resource_uses(kind) {
        if !labels.contains(&label.as_str()) {
            let hint = suggest::hint(&label, labels.iter().copied());
            examiner.fatal(at, format!("{}{hint}", missing(&label)));
        }
    }
}
