//! AlterConfigs 0 to 2: what is given replaces all that was set; what is not given goes back to its default.

use forebay_kafka_security::Operation;
use forebay_storage_metadata::Configs;
use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::alter_configs_request::AlterableConfig;
use kafka_protocol::messages::alter_configs_response::AlterConfigsResourceResponse;
use kafka_protocol::messages::{AlterConfigsRequest, AlterConfigsResponse};

use super::message;
use super::resources::{self, Mode, Named, Refused, Resource};
use crate::broker::Parts;
use crate::configs::find;
use crate::service::Call;

pub(crate) async fn answer(parts: &Parts, call: &Call, request: AlterConfigsRequest) -> AlterConfigsResponse {
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
            resources::change(parts, named, mode, |resource| replaced(resource, &asked.configs)).await
        };
        let response = AlterConfigsResourceResponse::default()
            .with_resource_type(asked.resource_type)
            .with_resource_name(asked.resource_name);
        responses.push(match changed {
            Ok(()) => response,
            Err((code, text)) => response.with_error_code(code.code()).with_error_message(message(text)),
        });
    }
    AlterConfigsResponse::default().with_responses(responses)
}

fn replaced(resource: &Resource, asked: &[AlterableConfig]) -> Result<Configs, Refused> {
    let refused = |code, text: String| Err((code, text));
    let mut new = Configs::default();
    for config in asked {
        let definition = match find(resource.definitions(), &config.name) {
            Ok(definition) => definition,
            Err(error) => return refused(ResponseError::InvalidConfig, error.to_string()),
        };
        let Some(value) = &config.value else {
            return refused(ResponseError::InvalidRequest, format!("{} has no value", definition.name));
        };
        if new.get(definition.name).is_some() {
            return refused(
                ResponseError::InvalidRequest,
                format!("{} is given more than once", definition.name),
            );
        }
        if let Err(error) = definition.check(value) {
            return refused(ResponseError::InvalidConfig, error.to_string());
        }
        new.set(definition.name, value.to_string());
    }
    Ok(new)
}
