use std::fmt;
use std::future::Future;
use std::pin::Pin;

use forebay_model::Roles;

use crate::acquire::Held;
use crate::api::{Request, RequestBody, Response};
use crate::apis;
use crate::authorization::Access;
use crate::broker::Broker;
use crate::context::ConnectionContext;

/// A request and where it comes from, without its body.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub context: ConnectionContext,
    pub version: i16,
    /// What it may do.
    pub access: Access,
    /// What this agent does for whoever asks.
    pub roles: Roles,
}

/// An answer, with the memory that it takes.
#[derive(Debug)]
pub struct Answer {
    pub response: Response,
    /// Given back when the answer has been sent.
    _held: Option<Held>,
}

/// A request that was taken. What it does to the order of things has happened; the answer may take long.
pub enum Started {
    Answered(Answer),
    Waiting(Pin<Box<dyn Future<Output = Answer> + Send>>),
}

impl Answer {
    pub(crate) fn holding(response: impl Into<Response>, held: Held) -> Self {
        Self { response: response.into(), _held: Some(held) }
    }
}

impl<R: Into<Response>> From<R> for Answer {
    fn from(response: R) -> Self {
        Self { response: response.into(), _held: None }
    }
}

impl Started {
    pub(crate) fn answered(response: impl Into<Response>) -> Self {
        Self::Answered(Answer::from(response))
    }

    pub(crate) fn waiting(answer: impl Future<Output = Answer> + Send + 'static) -> Self {
        Self::Waiting(Box::pin(answer))
    }

    /// The answer.
    pub async fn answer(self) -> Answer {
        match self {
            Self::Answered(answer) => answer,
            Self::Waiting(answer) => answer.await,
        }
    }
}

impl fmt::Debug for Started {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Answered(answer) => f.debug_tuple("Answered").field(answer).finish(),
            Self::Waiting(_) => f.debug_tuple("Waiting").finish_non_exhaustive(),
        }
    }
}

impl Broker {
    /// Takes a request. Whoever has several takes one behind the other, and waits for the answers later: batches of a
    /// producer are then appended in the order of its requests.
    ///
    /// # Cancel safety
    /// A request that is dropped may have been done.
    pub async fn start(&self, context: &ConnectionContext, request: Request) -> Started {
        let measured = self.parts().metrics.begin(request.body.api());
        match Box::pin(self.dispatch(context, request)).await {
            Started::Answered(answer) => {
                measured.end(&answer.response);
                Started::Answered(answer)
            }
            Started::Waiting(answer) => Started::waiting(async move {
                let answer = answer.await;
                measured.end(&answer.response);
                answer
            }),
        }
    }

    #[expect(clippy::too_many_lines, reason = "a line for each API")]
    async fn dispatch(&self, context: &ConnectionContext, request: Request) -> Started {
        let parts = self.parts();
        let access = parts.authorizer.access(context, request.body.api()).await;
        // Whoever is in the same process has come to no other agent.
        let roles = context.peer.map_or(Roles::DEFAULT, |_| parts.settings.agent.roles);
        let call = Call { context: context.clone(), version: request.version, access, roles };
        match request.body {
            RequestBody::Produce(request) => apis::produce::start(parts, &call, request).await,
            RequestBody::Fetch(request) => apis::fetch::start(parts, &call, request),
            RequestBody::ListOffsets(request) => {
                Started::answered(apis::list_offsets::answer(parts, &call, request).await)
            }
            RequestBody::Metadata(request) => {
                Started::answered(apis::metadata::answer(parts, &call, request).await)
            }
            RequestBody::FindCoordinator(request) => {
                Started::answered(apis::find_coordinator::answer(parts, &call, request).await)
            }
            RequestBody::ApiVersions(request) => {
                Started::answered(apis::api_versions::answer(&call, &request))
            }
            RequestBody::CreateTopics(request) => {
                Started::answered(apis::create_topics::answer(parts, &call, request).await)
            }
            RequestBody::DeleteTopics(request) => {
                Started::answered(apis::delete_topics::answer(parts, &call, request).await)
            }
            RequestBody::DeleteRecords(request) => {
                Started::answered(apis::delete_records::answer(parts, &call, request).await)
            }
            RequestBody::InitProducerId(request) => {
                Started::answered(apis::init_producer_id::answer(parts, &call, request).await)
            }
            RequestBody::OffsetForLeaderEpoch(request) => {
                Started::answered(apis::offset_for_leader_epoch::answer(parts, &call, request).await)
            }
            RequestBody::DescribeConfigs(request) => {
                Started::answered(apis::describe_configs::answer(parts, &call, request).await)
            }
            RequestBody::AlterConfigs(request) => {
                Started::answered(apis::alter_configs::answer(parts, &call, request).await)
            }
            RequestBody::IncrementalAlterConfigs(request) => {
                Started::answered(apis::incremental_alter_configs::answer(parts, &call, request).await)
            }
            RequestBody::CreatePartitions(request) => {
                Started::answered(apis::create_partitions::answer(parts, &call, request).await)
            }
            RequestBody::DescribeTopicPartitions(request) => {
                Started::answered(apis::describe_topic_partitions::answer(parts, &call, request).await)
            }
            RequestBody::OffsetCommit(request) => apis::offset_commit::start(parts, &call, request),
            RequestBody::OffsetFetch(request) => apis::offset_fetch::start(parts, &call, request),
            RequestBody::OffsetDelete(request) => apis::offset_delete::start(parts, &call, request),
            RequestBody::JoinGroup(request) => apis::join_group::start(parts, &call, request),
            RequestBody::SyncGroup(request) => apis::sync_group::start(parts, &call, request),
            RequestBody::Heartbeat(request) => apis::heartbeat::start(parts, &call, request),
            RequestBody::LeaveGroup(request) => apis::leave_group::start(parts, &call, request),
            RequestBody::DescribeGroups(request) => apis::describe_groups::start(parts, &call, request),
            RequestBody::ListGroups(request) => apis::list_groups::start(parts, &call, request),
            RequestBody::DeleteGroups(request) => apis::delete_groups::start(parts, &call, request),
            RequestBody::ConsumerGroupHeartbeat(request) => {
                apis::consumer_group_heartbeat::start(parts, &call, request)
            }
            RequestBody::ConsumerGroupDescribe(request) => {
                apis::consumer_group_describe::start(parts, &call, request)
            }
            RequestBody::DescribeCluster(request) => {
                Started::answered(apis::describe_cluster::answer(parts, &call, &request).await)
            }
            RequestBody::SaslHandshake(_) => Started::answered(apis::sasl_handshake::answer()),
            RequestBody::SaslAuthenticate(_) => Started::answered(apis::sasl_authenticate::answer()),
            RequestBody::DescribeAcls(request) => {
                Started::answered(apis::describe_acls::answer(parts, &call, request).await)
            }
            RequestBody::CreateAcls(request) => {
                Started::answered(apis::create_acls::answer(parts, &call, request).await)
            }
            RequestBody::DeleteAcls(request) => {
                Started::answered(apis::delete_acls::answer(parts, &call, request).await)
            }
            RequestBody::DescribeUserScramCredentials(request) => {
                Started::answered(apis::describe_user_scram_credentials::answer(parts, &call, request).await)
            }
            RequestBody::AlterUserScramCredentials(request) => {
                Started::answered(apis::alter_user_scram_credentials::answer(parts, &call, request).await)
            }
        }
    }

    /// Takes a request and waits for its answer.
    pub async fn call(&self, context: &ConnectionContext, request: Request) -> Answer {
        self.start(context, request).await.answer().await
    }
}
