//! Settings that were written for one build of a component, read by the specification of another.

use std::sync::Arc;

use serde_json::{Map, Value as Json};

use crate::catalog::Catalog;
use crate::component::Fields;
use crate::lint::{Examiner, LintOptions, Severity};
use crate::position::{Position, Span};
use crate::source::Source;
use crate::spec::{ComponentSpec, FieldKind, FieldSpec};
use crate::yaml::Node;

/// Settings as a specification wants them.
#[derive(Clone, Debug, PartialEq)]
pub struct Refitted {
    /// With all defaults, without the components in them. May hold secrets.
    pub config: Json,
    /// What is wrong with them.
    pub problems: Vec<(Severity, String)>,
}

/// What becomes of fields that the specification does not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unknown {
    Reported,
    Dropped,
}

/// Reads settings, as they were written, by the specification of another build: checks them and fills its defaults in.
#[must_use]
pub fn refit(spec: &ComponentSpec, written: &Json, catalog: &Catalog) -> Refitted {
    fit(spec, written, catalog, Unknown::Reported).0
}

/// The same, where fields that the specification does not have are left out.
#[must_use]
pub fn refit_known(spec: &ComponentSpec, written: &Json, catalog: &Catalog) -> Refitted {
    fit(spec, written, catalog, Unknown::Dropped).0
}

/// The same, and what of the written settings was read.
pub(crate) fn fit(
    spec: &ComponentSpec,
    written: &Json,
    catalog: &Catalog,
    unknown: Unknown,
) -> (Refitted, Json) {
    let written = match unknown {
        Unknown::Reported => written.clone(),
        Unknown::Dropped => known(written, &spec.config),
    };
    let nowhere = Arc::new(Source::new(String::new(), String::new(), Vec::new()));
    let mut examiner = Examiner::new(catalog, LintOptions::default(), nowhere);
    let span = Span::empty(Position::START);
    let mut fields = Fields::new(&mut examiner, Some(spec.kind), spec.name.to_string());
    let config = fields.whole(Some(&Node::from_json(&written, span)), &spec.config, span);
    let problems = examiner.into_findings().into_iter().map(|finding| (finding.severity, finding.message));
    (Refitted { config, problems: problems.collect() }, written)
}

/// What a specification has fields for.
fn known(written: &Json, spec: &FieldSpec) -> Json {
    match (spec.kind, written) {
        (FieldKind::Array, Json::Array(items)) => items.iter().map(|item| known_one(item, spec)).collect(),
        (FieldKind::Map, Json::Object(entries)) => {
            entries.iter().map(|(key, item)| (key.clone(), known_one(item, spec))).collect()
        }
        _ => known_one(written, spec),
    }
}

fn known_one(written: &Json, spec: &FieldSpec) -> Json {
    let Json::Object(entries) = written else { return written.clone() };
    if spec.field_type != crate::spec::FieldType::Object {
        return written.clone();
    }
    let entry = |(key, value): (&String, &Json)| {
        let field = spec.fields.iter().find(|field| field.name == *key)?;
        Some((key.clone(), known(value, field)))
    };
    Json::Object(entries.iter().filter_map(entry).collect::<Map<_, _>>())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn spec() -> ComponentSpec {
        serde_json::from_value(
            json!({"kind": "processor", "name": "shout", "config": {"type": "object", "fields": [
            {"name": "text", "type": "string"},
            {"name": "loud", "type": "bool", "default": true},
            {"name": "deep", "type": "object", "fields": [{"name": "x", "type": "int", "default": 1}]}]}}),
        )
        .unwrap()
    }

    #[test]
    fn defaults_are_those_of_the_new_build() {
        let refitted = refit(&spec(), &json!({"text": "a"}), &Catalog::new());
        assert_eq!(refitted.config, json!({"text": "a", "loud": true, "deep": {"x": 1}}));
        assert_eq!(refitted.problems, []);
    }

    #[test]
    fn what_the_new_build_does_not_take_is_named() {
        let refitted = refit(&spec(), &json!({"loud": "maybe", "gone": 1}), &Catalog::new());
        let messages: Vec<_> = refitted.problems.iter().map(|(_, message)| message.as_str()).collect();
        assert_eq!(messages[0], "field gone not recognised");
        assert_eq!(messages[1], "field text is required");
        assert_eq!(messages.len(), 3, "{messages:?}");
    }

    #[test]
    fn fields_that_are_not_known_can_be_dropped() {
        let written = json!({"text": "a", "gone": 1, "deep": {"x": 2, "y": 3}});
        let (refitted, kept) = fit(&spec(), &written, &Catalog::new(), Unknown::Dropped);
        assert_eq!(kept, json!({"text": "a", "deep": {"x": 2}}));
        assert_eq!((refitted.config["deep"]["x"].as_i64(), refitted.problems.len()), (Some(2), 0));
    }
}
