//! IncrementalAlterConfigs 0 and 1: what is not named stays as it is. Lists can be appended to and subtracted from.

use kafka_protocol::messages::incremental_alter_configs_response::AlterConfigsResourceResponse;
use kafka_protocol::messages::{IncrementalAlterConfigsRequest, IncrementalAlterConfigsResponse};

use super::alteration::{self, Alteration, Altered, Change, Others};
use super::resources::Mode;
use crate::broker::Parts;

pub(crate) async fn answer(
    parts: &Parts,
    request: IncrementalAlterConfigsRequest,
) -> IncrementalAlterConfigsResponse {
    let alterations = request.resources.into_iter().map(|resource| {
        let changes = resource.configs.into_iter().map(|config| Change {
            name: config.name,
            operation: config.config_operation,
            value: config.value,
        });
        Alteration { kind: resource.resource_type, name: resource.resource_name, changes: changes.collect() }
    });
    let mode = Mode::of(request.validate_only);
    let altered = alteration::make(parts, alterations.collect(), Others::Stay, mode).await;
    let responses = altered.into_iter().map(|Altered { kind, name, error_code, error_message }| {
        AlterConfigsResourceResponse::default()
            .with_resource_type(kind)
            .with_resource_name(name)
            .with_error_code(error_code)
            .with_error_message(error_message)
    });
    IncrementalAlterConfigsResponse::default().with_responses(responses.collect())
}
