//! The requests that producers, consumers and what they need make, as one type: what a [`crate::Transport`] carries.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use forebay_kafka_wire::{AnswerError, decode_answer};
use kafka_protocol::messages::{
    ApiKey, ConsumerGroupHeartbeatRequest, ConsumerGroupHeartbeatResponse, CreatePartitionsRequest,
    CreatePartitionsResponse, CreateTopicsRequest, CreateTopicsResponse, DeleteTopicsRequest,
    DeleteTopicsResponse, FetchRequest, FetchResponse, FindCoordinatorRequest, FindCoordinatorResponse,
    HeartbeatRequest, HeartbeatResponse, InitProducerIdRequest, InitProducerIdResponse, JoinGroupRequest,
    JoinGroupResponse, LeaveGroupRequest, LeaveGroupResponse, ListOffsetsRequest, ListOffsetsResponse,
    MetadataRequest, MetadataResponse, OffsetCommitRequest, OffsetCommitResponse, OffsetFetchRequest,
    OffsetFetchResponse, ProduceRequest, ProduceResponse, SyncGroupRequest, SyncGroupResponse,
};
use kafka_protocol::protocol::{Encodable as _, Request};

/// A request that can be asked through a [`crate::Transport`].
pub trait Ask: Request + Into<ClientRequest> {
    /// The answer to a request of this kind, if it is one.
    fn answer(response: ClientResponse) -> Option<Self::Response>;
}

macro_rules! requests {
    ($($name:ident, $request:ident => $response:ident;)*) => {
        /// A request.
        #[derive(Debug, Clone, PartialEq)]
        pub enum ClientRequest {
            $($name($request),)*
        }

        /// An answer.
        #[derive(Debug, Clone, PartialEq)]
        pub enum ClientResponse {
            $($name($response),)*
        }

        impl ClientRequest {
            /// The API that is asked.
            #[must_use]
            pub fn api(&self) -> ApiKey {
                match self {
                    $(Self::$name(_) => ApiKey::$name,)*
                }
            }

            /// How many bytes it is encoded to.
            pub(crate) fn size(&self, version: i16) -> usize {
                match self {
                    $(Self::$name(request) => request.compute_size(version),)*
                }
                // What has none can't be encoded, which says why.
                .unwrap_or_default()
            }

            pub(crate) fn encode(&self, version: i16, into: &mut BytesMut) -> Result<(), String> {
                match self {
                    $(Self::$name(request) => request.encode(into, version),)*
                }
                .map_err(|error| error.to_string())
            }
        }

        impl ClientResponse {
            /// The answer to a request of an API; nothing where that is none of these.
            pub(crate) fn decode(
                (api, version): (ApiKey, i16),
                body: Bytes,
            ) -> Option<Result<Self, AnswerError>> {
                Some(match api {
                    $(ApiKey::$name => decode_answer::<$request>(body, version).map(Self::$name),)*
                    _ => return None,
                })
            }
        }

        $(impl From<$request> for ClientRequest {
            fn from(request: $request) -> Self {
                Self::$name(request)
            }
        }

        impl Ask for $request {
            fn answer(response: ClientResponse) -> Option<$response> {
                match response {
                    ClientResponse::$name(response) => Some(response),
                    _ => None,
                }
            }
        })*
    };
}

requests! {
    Produce, ProduceRequest => ProduceResponse;
    Fetch, FetchRequest => FetchResponse;
    ListOffsets, ListOffsetsRequest => ListOffsetsResponse;
    Metadata, MetadataRequest => MetadataResponse;
    FindCoordinator, FindCoordinatorRequest => FindCoordinatorResponse;
    InitProducerId, InitProducerIdRequest => InitProducerIdResponse;
    OffsetCommit, OffsetCommitRequest => OffsetCommitResponse;
    OffsetFetch, OffsetFetchRequest => OffsetFetchResponse;
    JoinGroup, JoinGroupRequest => JoinGroupResponse;
    SyncGroup, SyncGroupRequest => SyncGroupResponse;
    Heartbeat, HeartbeatRequest => HeartbeatResponse;
    LeaveGroup, LeaveGroupRequest => LeaveGroupResponse;
    ConsumerGroupHeartbeat, ConsumerGroupHeartbeatRequest => ConsumerGroupHeartbeatResponse;
    CreateTopics, CreateTopicsRequest => CreateTopicsResponse;
    DeleteTopics, DeleteTopicsRequest => DeleteTopicsResponse;
    CreatePartitions, CreatePartitionsRequest => CreatePartitionsResponse;
}

/// So long a member may wait for the leader of its group: nothing in the request says it.
const SYNC: Duration = Duration::from_secs(60);

impl ClientRequest {
    /// How long a broker may wait by itself before it answers.
    #[must_use]
    pub fn waits(&self) -> Duration {
        let millis = |millis: i32| Duration::from_millis(u64::try_from(millis).unwrap_or(0));
        match self {
            Self::Produce(request) => millis(request.timeout_ms),
            Self::Fetch(request) => millis(request.max_wait_ms),
            Self::JoinGroup(request) => millis(request.rebalance_timeout_ms.max(request.session_timeout_ms)),
            Self::SyncGroup(_) => SYNC,
            Self::CreateTopics(request) => millis(request.timeout_ms),
            Self::DeleteTopics(request) => millis(request.timeout_ms),
            Self::CreatePartitions(request) => millis(request.timeout_ms),
            Self::ListOffsets(_)
            | Self::Metadata(_)
            | Self::FindCoordinator(_)
            | Self::InitProducerId(_)
            | Self::OffsetCommit(_)
            | Self::OffsetFetch(_)
            | Self::Heartbeat(_)
            | Self::LeaveGroup(_)
            | Self::ConsumerGroupHeartbeat(_) => Duration::ZERO,
        }
    }

    /// What nobody answers: records that are not to be acknowledged.
    #[must_use]
    pub fn unanswered(&self) -> Option<ClientResponse> {
        match self {
            Self::Produce(request) if request.acks == 0 => {
                Some(ClientResponse::Produce(ProduceResponse::default()))
            }
            _ => None,
        }
    }
}
