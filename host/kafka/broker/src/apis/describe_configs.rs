//! DescribeConfigs 1 to 4, of topics and of the virtual cluster. All configurations can be changed and none is secret.

use forebay_kafka_security::Operation;
use forebay_storage_metadata::Configs;
use kafka_protocol::messages::describe_configs_request::DescribeConfigsResource;
use kafka_protocol::messages::describe_configs_response::{
    DescribeConfigsResourceResult, DescribeConfigsResult, DescribeConfigsSynonym,
};
use kafka_protocol::messages::{DescribeConfigsRequest, DescribeConfigsResponse};
use kafka_protocol::protocol::StrBytes;

use super::resources::{self, Refused, Resource};
use super::{message, once};
use crate::broker::Parts;
use crate::configs::{ConfigKind, Definition};
use crate::service::Call;

/// Where a value comes from, as clients know it: the topic, the cluster, or nowhere.
const FROM_TOPIC: i8 = 1;
const FROM_CLUSTER: i8 = 3;
const FROM_DEFAULT: i8 = 5;

/// The first version with types and documentation.
const TYPED: i16 = 3;

pub(crate) async fn answer(
    parts: &Parts,
    call: &Call,
    request: DescribeConfigsRequest,
) -> DescribeConfigsResponse {
    let shape = Shape {
        has_synonyms: request.include_synonyms,
        has_types: call.version >= TYPED,
        has_documentation: call.version >= TYPED && request.include_documentation,
    };
    let resources = once(request.resources, |asked| (asked.resource_type, asked.resource_name.clone()));
    let mut results = Vec::with_capacity(resources.len());
    for asked in resources {
        let described = describe(parts, call, &shape, &asked).await;
        let result = DescribeConfigsResult::default()
            .with_resource_type(asked.resource_type)
            .with_resource_name(asked.resource_name);
        results.push(match described {
            Ok(configs) => result.with_configs(configs),
            Err((code, text)) => result.with_error_code(code.code()).with_error_message(message(text)),
        });
    }
    DescribeConfigsResponse::default().with_results(results)
}

/// What is told of each configuration.
struct Shape {
    has_synonyms: bool,
    has_types: bool,
    has_documentation: bool,
}

async fn describe(
    parts: &Parts,
    call: &Call,
    shape: &Shape,
    asked: &DescribeConfigsResource,
) -> Result<Vec<DescribeConfigsResourceResult>, Refused> {
    resources::allowed(call, Operation::DescribeConfigs, asked.resource_type, &asked.resource_name)?;
    let resource = Resource::find(parts, asked.resource_type, &asked.resource_name).await?;
    // What a topic does not set, its cluster may.
    let cluster = match &resource {
        Resource::Topic(..) => Resource::find(parts, 4, "").await?,
        Resource::Cluster(_) => Resource::Cluster(Configs::default()),
    };
    let keys = asked.configuration_keys.as_deref().unwrap_or_default();
    let wanted =
        |definition: &&Definition| keys.is_empty() || keys.iter().any(|key| **key == *definition.name);
    let definitions = resource.definitions().iter().filter(wanted);
    Ok(definitions.map(|definition| one(shape, definition, &resource, cluster.configs())).collect())
}

fn one(
    shape: &Shape,
    definition: &'static Definition,
    resource: &Resource,
    cluster: &Configs,
) -> DescribeConfigsResourceResult {
    let source = match resource {
        Resource::Topic(..) => FROM_TOPIC,
        Resource::Cluster(_) => FROM_CLUSTER,
    };
    // From the nearest on; the first holds.
    let own = resource.configs().get(definition.name).map(|value| (definition.name, value, source));
    let inherited =
        definition.inherits.and_then(|name| cluster.get(name).map(|value| (name, value, FROM_CLUSTER)));
    let default = (definition.name, definition.default, FROM_DEFAULT);
    let (_, value, source) = own.or(inherited).unwrap_or(default);
    let mut result = DescribeConfigsResourceResult::default()
        .with_name(StrBytes::from_static_str(definition.name))
        .with_value(message(value))
        .with_config_source(source);
    if shape.has_synonyms {
        let all = own.into_iter().chain(inherited).chain([default]);
        let synonyms = all.map(|(name, value, source)| {
            DescribeConfigsSynonym::default()
                .with_name(StrBytes::from_static_str(name))
                .with_value(message(value))
                .with_source(source)
        });
        result = result.with_synonyms(synonyms.collect());
    }
    if shape.has_types {
        result = result.with_config_type(match definition.kind {
            ConfigKind::Boolean => 1,
            ConfigKind::String => 2,
            ConfigKind::Int => 3,
            ConfigKind::Long => 5,
            ConfigKind::Double => 6,
            ConfigKind::List => 7,
        });
    }
    if shape.has_documentation {
        result = result.with_documentation(Some(StrBytes::from_static_str(definition.documentation)));
    }
    result
}
