//! IncrementalAlterConfigs 0 and 1: what is not named stays as it is. Lists can be appended to and subtracted from.

use std::collections::HashSet;

use forebay_kafka_security::Operation;
use forebay_storage_metadata::Configs;
use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::incremental_alter_configs_request::AlterableConfig;
use kafka_protocol::messages::incremental_alter_configs_response::AlterConfigsResourceResponse;
use kafka_protocol::messages::{IncrementalAlterConfigsRequest, IncrementalAlterConfigsResponse};

use super::message;
use super::resources::{self, Mode, Named, Refused, Resource};
use crate::broker::Parts;
use crate::configs::{ConfigKind, Definition, find};
use crate::service::Call;

/// Kafka's numbers for what is done with a configuration.
const SET: i8 = 0;
const DELETE: i8 = 1;
const APPEND: i8 = 2;
const SUBTRACT: i8 = 3;

pub(crate) async fn answer(
    parts: &Parts,
    call: &Call,
    request: IncrementalAlterConfigsRequest,
) -> IncrementalAlterConfigsResponse {
    let mode = Mode::of(request.validate_only);
    let twice = resources::named_twice(
        request.resources.iter().map(|resource| (resource.resource_type, &resource.resource_name)),
    );
    let mut responses = Vec::with_capacity(request.resources.len());
    for asked in request.resources {
        let named = Named { kind: asked.resource_type, name: &asked.resource_name };
        let changed = if twice.contains(&(asked.resource_type, asked.resource_name.clone())) {
            Err(resources::twice())
        } else if let Err(refused) =
            resources::allowed(call, Operation::AlterConfigs, asked.resource_type, &asked.resource_name)
        {
            Err(refused)
        } else {
            resources::change(parts, named, mode, |resource| altered(resource, &asked.configs)).await
        };
        let response = AlterConfigsResourceResponse::default()
            .with_resource_type(asked.resource_type)
            .with_resource_name(asked.resource_name);
        responses.push(match changed {
            Ok(()) => response,
            Err((code, text)) => response.with_error_code(code.code()).with_error_message(message(text)),
        });
    }
    IncrementalAlterConfigsResponse::default().with_responses(responses)
}

fn altered(resource: &Resource, asked: &[AlterableConfig]) -> Result<Configs, Refused> {
    let mut new = resource.configs().clone();
    let mut seen = HashSet::new();
    for config in asked {
        let invalid = |text: String| (ResponseError::InvalidRequest, text);
        let refused =
            |error: crate::configs::ConfigRefused| (ResponseError::InvalidConfig, error.to_string());
        let definition = find(resource.definitions(), &config.name).map_err(refused)?;
        if !seen.insert(definition.name) {
            return Err(invalid(format!("{} is given more than once", definition.name)));
        }
        if config.config_operation == DELETE {
            new.unset(definition.name);
            continue;
        }
        let Some(value) = &config.value else {
            return Err(invalid(format!("{} has no value", definition.name)));
        };
        let value = match config.config_operation {
            SET => value.to_string(),
            APPEND | SUBTRACT => {
                if definition.kind != ConfigKind::List {
                    return Err(invalid(format!(
                        "{} is not a list: it can only be set or deleted",
                        definition.name
                    )));
                }
                list(definition, &new, value, config.config_operation == APPEND)
            }
            other => {
                let text = format!(
                    "operation {other} is unknown: expected 0 (set), 1 (delete), 2 (append) or 3 (subtract)"
                );
                return Err(invalid(text));
            }
        };
        definition.check(&value).map_err(refused)?;
        new.set(definition.name, value);
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
    use kafka_protocol::protocol::StrBytes;

    use super::*;

    fn config(name: &'static str, operation: i8, value: Option<&'static str>) -> AlterableConfig {
        AlterableConfig::default()
            .with_name(StrBytes::from_static_str(name))
            .with_config_operation(operation)
            .with_value(value.map(StrBytes::from_static_str))
    }

    #[test]
    fn what_is_not_named_stays() {
        let set = [("retention.ms", "5"), ("retention.bytes", "7")].into_iter().collect();
        let cluster = Resource::Topic(forebay_model::TopicId::from_random(1), set);
        let asked = [config("retention.ms", DELETE, None), config("compression.type", SET, Some("lz4"))];
        let new = altered(&cluster, &asked).unwrap();
        let expected = [("retention.bytes", "7"), ("compression.type", "lz4")].into_iter().collect();
        assert_eq!(new, expected);
        let codes = [
            config("retention.ms", SET, None),
            config("retention.ms", APPEND, Some("5")),
            config("retention.ms", 9, Some("5")),
            config("retention.ms", SET, Some("long")),
            config("segment.ms", SET, Some("5")),
            config("cleanup.policy", SUBTRACT, Some("delete")),
        ]
        .map(|asked| altered(&cluster, &[asked]).unwrap_err().0);
        let (request, value) = (ResponseError::InvalidRequest, ResponseError::InvalidConfig);
        assert_eq!(codes, [request, request, request, value, value, value]);
        assert_eq!(altered(&cluster, &[asked[0].clone(), asked[0].clone()]).unwrap_err().0, request);
    }

    #[test]
    fn lists_grow_and_shrink() {
        let definition = find(crate::configs::TOPIC_CONFIGS, "cleanup.policy").unwrap();
        let none = Configs::default();
        assert_eq!(list(definition, &none, "compact, delete", true), "delete,compact");
        assert_eq!(list(definition, &none, "delete", false), "");
    }
}
