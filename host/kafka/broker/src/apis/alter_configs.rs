//! AlterConfigs 0 to 2: what is given replaces all that was set; what is not given goes back to its default.

use kafka_protocol::messages::alter_configs_response::AlterConfigsResourceResponse;
use kafka_protocol::messages::{AlterConfigsRequest, AlterConfigsResponse};

use super::alteration::{self, Alteration, Altered, Change, Others, SET};
use super::resources::Mode;
use crate::broker::Parts;

pub(crate) async fn answer(parts: &Parts, request: AlterConfigsRequest) -> AlterConfigsResponse {
    let alterations = request.resources.into_iter().map(|resource| {
        let changes = resource.configs.into_iter().map(|config| Change {
            name: config.name,
            operation: SET,
            value: config.value,
        });
        Alteration { kind: resource.resource_type, name: resource.resource_name, changes: changes.collect() }
    });
    let mode = Mode::of(request.validate_only);
    let altered = alteration::make(parts, alterations.collect(), Others::Reset, mode).await;
    let responses = altered.into_iter().map(|Altered { kind, name, error_code, error_message }| {
        AlterConfigsResourceResponse::default()
            .with_resource_type(kind)
            .with_resource_name(name)
            .with_error_code(error_code)
            .with_error_message(error_message)
    });
    AlterConfigsResponse::default().with_responses(responses.collect())
}
