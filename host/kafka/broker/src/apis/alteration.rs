//! What AlterConfigs and IncrementalAlterConfigs share: each resource of a request is changed by itself, as a whole or
//! not at all.

use std::collections::HashSet;

use forebay_storage_metadata::Configs;
use kafka_protocol::error::ResponseError;
use kafka_protocol::protocol::StrBytes;

use super::message;
use super::resources::{self, Mode, Named, Refused, Resource};
use crate::broker::Parts;
use crate::configs::{ConfigKind, ConfigRefused, Definition, find};

/// Kafka's numbers for what is done with a configuration.
pub(super) const SET: i8 = 0;
const DELETE: i8 = 1;
const APPEND: i8 = 2;
const SUBTRACT: i8 = 3;

/// A resource, with what is done to its configurations.
#[derive(Debug, Clone)]
pub(super) struct Alteration {
    pub kind: i8,
    pub name: StrBytes,
    pub changes: Vec<Change>,
}

/// What is done with one configuration.
#[derive(Debug, Clone)]
pub(super) struct Change {
    pub name: StrBytes,
    pub operation: i8,
    pub value: Option<StrBytes>,
}

/// What becomes of configurations that are not named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Others {
    Stay,
    /// They go back to their defaults.
    Reset,
}

/// What became of a resource.
#[derive(Debug, Clone)]
pub(super) struct Altered {
    pub kind: i8,
    pub name: StrBytes,
    pub error_code: i16,
    pub error_message: Option<StrBytes>,
}

/// Makes alterations one after the other, and says what became of each.
pub(super) async fn make(
    parts: &Parts,
    alterations: Vec<Alteration>,
    others: Others,
    mode: Mode,
) -> Vec<Altered> {
    let mut seen = HashSet::new();
    let names = alterations.iter().map(|Alteration { kind, name, .. }| (*kind, name.clone()));
    let twice: HashSet<_> = names.filter(|named| !seen.insert(named.clone())).collect();
    let mut answers = Vec::with_capacity(alterations.len());
    for Alteration { kind, name, changes } in alterations {
        let changed = if twice.contains(&(kind, name.clone())) {
            let text = "the request names this resource more than once".to_owned();
            Err((ResponseError::InvalidRequest, text))
        } else {
            let named = Named { kind, name: &name };
            resources::change(parts, named, mode, |resource| changed(resource, &changes, others)).await
        };
        let (error_code, error_message) = match changed {
            Ok(()) => (0, None),
            Err((code, text)) => (code.code(), message(text)),
        };
        answers.push(Altered { kind, name, error_code, error_message });
    }
    answers
}

fn changed(resource: &Resource, changes: &[Change], others: Others) -> Result<Configs, Refused> {
    let invalid = |text: String| (ResponseError::InvalidRequest, text);
    let refused = |error: ConfigRefused| (ResponseError::InvalidConfig, error.to_string());
    let mut new = match others {
        Others::Stay => resource.configs().clone(),
        Others::Reset => Configs::default(),
    };
    let mut seen = HashSet::new();
    for Change { name, operation, value } in changes {
        let definition = find(resource.definitions(), name).map_err(refused)?;
        if !seen.insert(definition.name) {
            return Err(invalid(format!("{} is given more than once", definition.name)));
        }
        if *operation == DELETE {
            new.unset(definition.name);
            continue;
        }
        let Some(value) = value else {
            return Err(invalid(format!("{} has no value", definition.name)));
        };
        let value = match *operation {
            SET => value.to_string(),
            APPEND | SUBTRACT if definition.kind == ConfigKind::List => {
                list(definition, &new, value, *operation == APPEND)
            }
            APPEND | SUBTRACT => {
                let text = format!("{} is not a list: it can only be set or deleted", definition.name);
                return Err(invalid(text));
            }
            other => {
                let text = format!(
                    "operation {other} is unknown: expected 0 (set), 1 (delete), 2 (append) or 3 (subtract)"
                );
                return Err(invalid(text));
            }
        };
        new.set(definition.name, definition.value(name, &value).map_err(refused)?);
    }
    Ok(new)
}

/// A list with other items in it, or without them.
fn list(definition: &Definition, configs: &Configs, items: &str, is_appended: bool) -> String {
    let now = configs.get(definition.name).unwrap_or(definition.default);
    let items = || items.split(',').map(str::trim).filter(|item| !item.is_empty());
    let mut list: Vec<&str> = now.split(',').map(str::trim).filter(|item| !item.is_empty()).collect();
    for item in items() {
        if !is_appended {
            list.retain(|other| *other != item);
        } else if !list.contains(&item) {
            list.push(item);
        }
    }
    list.join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(name: &'static str, operation: i8, value: Option<&'static str>) -> Change {
        let value = value.map(StrBytes::from_static_str);
        Change { name: StrBytes::from_static_str(name), operation, value }
    }

    fn topic(set: &[(&'static str, &'static str)]) -> Resource {
        Resource::Topic(forebay_model::TopicId::from_random(1), set.iter().copied().collect())
    }

    #[test]
    fn what_is_not_named_stays_or_goes_back_to_its_default() {
        let topic = topic(&[("retention.ms", "5"), ("retention.bytes", "7")]);
        let changes = [change("retention.ms", DELETE, None), change("compression.type", SET, Some("lz4"))];
        let stay = [("retention.bytes", "7"), ("compression.type", "lz4")].into_iter().collect();
        assert_eq!(changed(&topic, &changes, Others::Stay).unwrap(), stay);
        let reset = [("compression.type", "lz4")].into_iter().collect();
        assert_eq!(changed(&topic, &changes, Others::Reset).unwrap(), reset);
    }

    #[test]
    fn what_can_not_be_is_refused() {
        let topic = topic(&[]);
        let asked = [
            change("retention.ms", SET, None),
            change("retention.ms", APPEND, Some("5")),
            change("retention.ms", 9, Some("5")),
            change("retention.ms", SET, Some("long")),
            change("segment.ms", SET, Some("5")),
            change("cleanup.policy", SUBTRACT, Some("delete")),
        ];
        let twice = [asked[3].clone(), asked[3].clone()];
        let codes = asked.map(|asked| changed(&topic, &[asked], Others::Stay).unwrap_err().0);
        let (request, value) = (ResponseError::InvalidRequest, ResponseError::InvalidConfig);
        assert_eq!(codes, [request, request, request, value, value, value]);
        let twice = twice.map(|change| Change { value: Some(StrBytes::from_static_str("5")), ..change });
        assert_eq!(changed(&topic, &twice, Others::Reset).unwrap_err().0, request);
    }

    #[test]
    fn an_alias_sets_what_it_stands_for() {
        let cluster = Resource::Cluster(Configs::default());
        let hours = change("log.retention.hours", SET, Some("1"));
        let set = changed(&cluster, std::slice::from_ref(&hours), Others::Stay).unwrap();
        assert_eq!(set, [("log.retention.ms", "3600000")].into_iter().collect());
        let both = [hours, change("log.retention.ms", SET, Some("1"))];
        assert_eq!(changed(&cluster, &both, Others::Stay).unwrap_err().0, ResponseError::InvalidRequest);
    }

    #[test]
    fn lists_grow_and_shrink() {
        let definition = find(crate::configs::TOPIC_CONFIGS, "cleanup.policy").unwrap();
        let none = Configs::default();
        assert_eq!(list(definition, &none, "compact, delete", true), "delete,compact");
        assert_eq!(list(definition, &none, "delete", false), "");
    }
}
