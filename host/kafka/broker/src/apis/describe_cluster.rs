//! DescribeCluster 0 to 2: one broker, the agent that Metadata tells of. There are no controllers to be told of.

use forebay_kafka_security::{CLUSTER_NAME, Operation, ResourceType};
use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::describe_cluster_response::DescribeClusterBroker;
use kafka_protocol::messages::{DescribeClusterRequest, DescribeClusterResponse};
use kafka_protocol::protocol::StrBytes;

use super::message;
use crate::broker::Parts;
use crate::neighbours::RACK;
use crate::placement::Purpose;
use crate::service::Call;

/// Asked for brokers, not for controllers.
const BROKERS: i8 = 1;

pub(crate) async fn answer(
    parts: &Parts,
    call: &Call,
    request: &DescribeClusterRequest,
) -> DescribeClusterResponse {
    if call.version >= 1 && request.endpoint_type != BROKERS {
        return DescribeClusterResponse::default()
            .with_error_code(ResponseError::UnsupportedEndpointType.code())
            .with_endpoint_type(request.endpoint_type)
            .with_error_message(message("only brokers can be asked about"));
    }
    let named = parts.named(call, Purpose::Lead).await;
    let broker = DescribeClusterBroker::default()
        .with_broker_id(named.node)
        .with_host(named.host)
        .with_port(named.port)
        .with_rack(Some(StrBytes::from_static_str(RACK)));
    let response = DescribeClusterResponse::default()
        .with_cluster_id(StrBytes::from_string(parts.cluster().as_str().to_owned()))
        .with_controller_id(named.node)
        .with_brokers(vec![broker]);
    if request.include_cluster_authorized_operations {
        response.with_cluster_authorized_operations(cluster_operations(call))
    } else {
        response
    }
}

/// What the client may do with the cluster; nothing, where it may not know.
pub(super) fn cluster_operations(call: &Call) -> i32 {
    if call.access.allows_on_cluster(Operation::Describe) {
        call.access.operations(ResourceType::Cluster, CLUSTER_NAME)
    } else {
        0
    }
}
