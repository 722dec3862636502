//! What has configurations: topics, and the virtual cluster, which clients reach as its one broker or as the default of
//! all brokers.

use forebay_kafka_security::{Operation, ResourceType};
use forebay_model::TopicId;
use forebay_storage_metadata::{ConfigError, Configs, StoreFailure, TopicSelection};
use kafka_protocol::error::ResponseError;
use kafka_protocol::protocol::StrBytes;

use crate::broker::Parts;
use crate::configs::{CLUSTER_CONFIGS, Definition, TOPIC_CONFIGS};
use crate::error_code;
use crate::service::Call;

use super::{TOPIC_DENIED, denied};

/// Kafka's numbers for kinds of resources.
const TOPIC: i8 = 2;
const BROKER: i8 = 4;

/// How often configurations are read again when somebody else has changed them meanwhile.
const TRIES: usize = 10;

/// Why something is refused.
pub(super) type Refused = (ResponseError, String);

/// What has configurations, with those that are set.
#[derive(Debug, Clone)]
pub(super) enum Resource {
    Topic(TopicId, Configs),
    Cluster(Configs),
}

/// Whether a client may do something with the configurations of a resource.
///
/// # Errors
/// When it may not.
pub(super) fn allowed(call: &Call, operation: Operation, kind: i8, name: &str) -> Result<(), Refused> {
    match kind {
        TOPIC if !call.access.allows(operation, ResourceType::Topic, name) => {
            Err((TOPIC_DENIED, denied(operation, "the topic")))
        }
        BROKER if !call.access.allows_on_cluster(operation) => {
            Err((ResponseError::ClusterAuthorizationFailed, denied(operation, "the cluster")))
        }
        _ => Ok(()),
    }
}

/// Whether a name is the number of an agent. All have the configurations of the cluster.
async fn is_broker(parts: &Parts, name: &str) -> bool {
    let Ok(node) = name.parse() else { return false };
    parts.knows_node(node).await
}

impl Resource {
    /// Reads it.
    pub(super) async fn find(parts: &Parts, kind: i8, name: &str) -> Result<Self, Refused> {
        match kind {
            TOPIC => {
                let name = name.parse().map_err(|error: forebay_model::TopicNameError| {
                    (ResponseError::InvalidTopicException, error.to_string())
                })?;
                let selection = TopicSelection::Names(vec![name]);
                let found = parts.metadata.describe_topics(parts.cluster(), &selection).await;
                let topic = found.map_err(|failure| store(&failure))?.pop().ok_or_else(|| {
                    (ResponseError::UnknownTopicOrPartition, "there is no such topic".to_owned())
                })?;
                Ok(Self::Topic(topic.id, topic.configs))
            }
            BROKER if name.is_empty() || is_broker(parts, name).await => {
                let configs = parts.metadata.cluster_configs(parts.cluster()).await;
                configs.map(Self::Cluster).map_err(config_error)
            }
            BROKER => {
                let text = format!("there is no broker {name:?}: expected {} or \"\"", parts.node().0);
                Err((ResponseError::InvalidRequest, text))
            }
            _ => {
                let text = format!(
                    "resources of type {kind} have no configurations: expected 2 (topic) or 4 (broker)"
                );
                Err((ResponseError::InvalidRequest, text))
            }
        }
    }

    /// What can be set.
    pub(super) fn definitions(&self) -> &'static [Definition] {
        match self {
            Self::Topic(..) => TOPIC_CONFIGS,
            Self::Cluster(_) => CLUSTER_CONFIGS,
        }
    }

    /// What is set.
    pub(super) fn configs(&self) -> &Configs {
        match self {
            Self::Topic(_, configs) | Self::Cluster(configs) => configs,
        }
    }

    async fn replace(&self, parts: &Parts, new: &Configs) -> Result<(), ConfigError> {
        let replaced = match self {
            Self::Topic(topic, seen) => {
                parts.metadata.replace_topic_configs(parts.cluster(), *topic, seen, new).await
            }
            Self::Cluster(seen) => parts.metadata.replace_cluster_configs(parts.cluster(), seen, new).await,
        };
        match self {
            Self::Topic(topic, _) => parts.topics.forget(*topic),
            Self::Cluster(_) => parts.topics.forget_all(),
        }
        replaced
    }
}

/// A resource that is to be changed, as a request names it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Named<'a> {
    pub kind: i8,
    pub name: &'a StrBytes,
}

/// Whether a change is made, or only looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    Change,
    ValidateOnly,
}

impl Mode {
    pub(super) fn of(validate_only: bool) -> Self {
        if validate_only { Self::ValidateOnly } else { Self::Change }
    }
}

/// Changes the configurations of a resource. `change` says what they become; it is asked again when somebody else was
/// quicker.
pub(super) async fn change(
    parts: &Parts,
    named: Named<'_>,
    mode: Mode,
    change: impl Fn(&Resource) -> Result<Configs, Refused> + Send + Sync,
) -> Result<(), Refused> {
    for _ in 0..TRIES {
        let resource = Resource::find(parts, named.kind, named.name).await?;
        let new = change(&resource)?;
        if mode == Mode::ValidateOnly || new == *resource.configs() {
            return Ok(());
        }
        match resource.replace(parts, &new).await {
            Err(ConfigError::Changed) => {}
            replaced => return replaced.map_err(config_error),
        }
    }
    Err(config_error(ConfigError::Changed))
}

fn store(failure: &StoreFailure) -> Refused {
    (error_code::of_store(failure), failure.to_string())
}

fn config_error(error: ConfigError) -> Refused {
    (error_code::of_kind(error.kind()), error.to_string())
}
