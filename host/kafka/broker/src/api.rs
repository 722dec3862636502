//! The APIs that are served, and in which versions: what ApiVersions tells, what is decoded, and how answers are encoded.

use bytes::{BufMut as _, Bytes};
use forebay_kafka_wire::{DecodeError, Pieces, PiecesBuilder, RequestHeader, decode};
use kafka_protocol::messages::{
    AlterConfigsRequest, AlterConfigsResponse, AlterUserScramCredentialsRequest,
    AlterUserScramCredentialsResponse, ApiKey, ApiVersionsRequest, ApiVersionsResponse,
    ConsumerGroupDescribeRequest, ConsumerGroupDescribeResponse, ConsumerGroupHeartbeatRequest,
    ConsumerGroupHeartbeatResponse, CreateAclsRequest, CreateAclsResponse, CreatePartitionsRequest,
    CreatePartitionsResponse, CreateTopicsRequest, CreateTopicsResponse, DeleteAclsRequest,
    DeleteAclsResponse, DeleteGroupsRequest, DeleteGroupsResponse, DeleteRecordsRequest,
    DeleteRecordsResponse, DeleteTopicsRequest, DeleteTopicsResponse, DescribeAclsRequest,
    DescribeAclsResponse, DescribeClusterRequest, DescribeClusterResponse, DescribeConfigsRequest,
    DescribeConfigsResponse, DescribeGroupsRequest, DescribeGroupsResponse, DescribeTopicPartitionsRequest,
    DescribeTopicPartitionsResponse, DescribeUserScramCredentialsRequest,
    DescribeUserScramCredentialsResponse, FetchRequest, FindCoordinatorRequest, FindCoordinatorResponse,
    HeartbeatRequest, HeartbeatResponse, IncrementalAlterConfigsRequest, IncrementalAlterConfigsResponse,
    InitProducerIdRequest, InitProducerIdResponse, JoinGroupRequest, JoinGroupResponse, LeaveGroupRequest,
    LeaveGroupResponse, ListGroupsRequest, ListGroupsResponse, ListOffsetsRequest, ListOffsetsResponse,
    MetadataRequest, MetadataResponse, OffsetCommitRequest, OffsetCommitResponse, OffsetDeleteRequest,
    OffsetDeleteResponse, OffsetFetchRequest, OffsetFetchResponse, OffsetForLeaderEpochRequest,
    OffsetForLeaderEpochResponse, ProduceRequest, ProduceResponse, SaslAuthenticateRequest,
    SaslAuthenticateResponse, SaslHandshakeRequest, SaslHandshakeResponse, SyncGroupRequest,
    SyncGroupResponse,
};
use kafka_protocol::protocol::Encodable;

use crate::apis::fetch::FetchAnswer;

/// Why there is no request to answer. The connection is closed then, as Kafka does.
#[derive(Debug, thiserror::Error)]
pub enum RequestError {
    #[error("API {api_key} version {version} is not served: ask for the versions that are with ApiVersions")]
    NotServed { api_key: i16, version: i16 },
    #[error(transparent)]
    Decode(#[from] DecodeError),
}

/// An answer that does not fit its version: a fault of this program.
#[derive(Debug, thiserror::Error)]
#[error("the answer to {api:?} version {version} can't be written: {reason}")]
pub struct EncodeError {
    api: ApiKey,
    version: i16,
    reason: String,
}

/// An API and the versions of it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Served {
    pub key: ApiKey,
    /// The lowest version that is told to clients. Not all are answered with more than a refusal.
    pub advertised: i16,
    pub max: i16,
}

macro_rules! apis {
    ($($(#[$doc:meta])* $name:ident, $advertised:literal, $min:literal..=$max:literal, $request:ident => $response:ident;)*) => {
        /// A request, decoded.
        #[derive(Debug, Clone, PartialEq)]
        pub enum RequestBody {
            $($(#[$doc])* $name($request),)*
        }

        /// An answer, not yet encoded.
        #[derive(Debug, Clone, PartialEq)]
        pub enum Response {
            $($name($response),)*
        }

        pub(crate) const SERVED: &[Served] = &[
            $(Served { key: ApiKey::$name, advertised: $advertised, max: $max },)*
        ];

        impl RequestBody {
            /// The API that is asked.
            #[must_use]
            pub fn api(&self) -> ApiKey {
                match self {
                    $(Self::$name(_) => ApiKey::$name,)*
                }
            }

            fn decode(api: ApiKey, version: i16, body: Bytes) -> Result<Option<Self>, DecodeError> {
                Ok(match (api, version) {
                    $((ApiKey::$name, $min..=$max) => Some(Self::$name(decode(body, version)?)),)*
                    _ => None,
                })
            }
        }

        impl Response {
            /// The API that this answers.
            #[must_use]
            pub fn api(&self) -> ApiKey {
                match self {
                    $(Self::$name(_) => ApiKey::$name,)*
                }
            }

            fn encode_body(&self, version: i16, into: &mut PiecesBuilder) -> Result<(), String> {
                match self {
                    $(Self::$name(response) => response.encode_body(version, into),)*
                }
            }
        }

        $(impl From<$response> for Response {
            fn from(response: $response) -> Self {
                Self::$name(response)
            }
        })*
    };
}

apis! {
    /// Versions 0 to 2 are refused, see [`forebay_kafka_wire::OldProduce`].
    Produce, 0, 3..=13, ProduceRequest => ProduceResponse;
    Fetch, 4, 4..=17, FetchRequest => FetchAnswer;
    ListOffsets, 1, 1..=10, ListOffsetsRequest => ListOffsetsResponse;
    Metadata, 0, 0..=13, MetadataRequest => MetadataResponse;
    FindCoordinator, 0, 0..=6, FindCoordinatorRequest => FindCoordinatorResponse;
    ApiVersions, 0, 0..=4, ApiVersionsRequest => ApiVersionsResponse;
    CreateTopics, 2, 2..=7, CreateTopicsRequest => CreateTopicsResponse;
    DeleteTopics, 1, 1..=6, DeleteTopicsRequest => DeleteTopicsResponse;
    DeleteRecords, 0, 0..=2, DeleteRecordsRequest => DeleteRecordsResponse;
    InitProducerId, 0, 0..=5, InitProducerIdRequest => InitProducerIdResponse;
    OffsetForLeaderEpoch, 2, 2..=4, OffsetForLeaderEpochRequest => OffsetForLeaderEpochResponse;
    DescribeConfigs, 1, 1..=4, DescribeConfigsRequest => DescribeConfigsResponse;
    AlterConfigs, 0, 0..=2, AlterConfigsRequest => AlterConfigsResponse;
    IncrementalAlterConfigs, 0, 0..=1, IncrementalAlterConfigsRequest => IncrementalAlterConfigsResponse;
    CreatePartitions, 0, 0..=3, CreatePartitionsRequest => CreatePartitionsResponse;
    DescribeTopicPartitions, 0, 0..=0, DescribeTopicPartitionsRequest => DescribeTopicPartitionsResponse;
    OffsetCommit, 2, 2..=9, OffsetCommitRequest => OffsetCommitResponse;
    OffsetFetch, 1, 1..=9, OffsetFetchRequest => OffsetFetchResponse;
    OffsetDelete, 0, 0..=0, OffsetDeleteRequest => OffsetDeleteResponse;
    JoinGroup, 0, 0..=9, JoinGroupRequest => JoinGroupResponse;
    SyncGroup, 0, 0..=5, SyncGroupRequest => SyncGroupResponse;
    Heartbeat, 0, 0..=4, HeartbeatRequest => HeartbeatResponse;
    LeaveGroup, 0, 0..=5, LeaveGroupRequest => LeaveGroupResponse;
    DescribeGroups, 0, 0..=6, DescribeGroupsRequest => DescribeGroupsResponse;
    ListGroups, 0, 0..=5, ListGroupsRequest => ListGroupsResponse;
    DeleteGroups, 0, 0..=2, DeleteGroupsRequest => DeleteGroupsResponse;
    ConsumerGroupHeartbeat, 0, 0..=1, ConsumerGroupHeartbeatRequest => ConsumerGroupHeartbeatResponse;
    ConsumerGroupDescribe, 0, 0..=1, ConsumerGroupDescribeRequest => ConsumerGroupDescribeResponse;
    DescribeCluster, 0, 0..=2, DescribeClusterRequest => DescribeClusterResponse;
    SaslHandshake, 0, 0..=1, SaslHandshakeRequest => SaslHandshakeResponse;
    SaslAuthenticate, 0, 0..=2, SaslAuthenticateRequest => SaslAuthenticateResponse;
    DescribeAcls, 1, 1..=3, DescribeAclsRequest => DescribeAclsResponse;
    CreateAcls, 1, 1..=3, CreateAclsRequest => CreateAclsResponse;
    DeleteAcls, 1, 1..=3, DeleteAclsRequest => DeleteAclsResponse;
    DescribeUserScramCredentials, 0, 0..=0, DescribeUserScramCredentialsRequest => DescribeUserScramCredentialsResponse;
    AlterUserScramCredentials, 0, 0..=0, AlterUserScramCredentialsRequest => AlterUserScramCredentialsResponse;
}

/// The APIs that are served, with the newest version of each.
pub fn served() -> impl Iterator<Item = (ApiKey, i16)> {
    SERVED.iter().map(|served| (served.key, served.max))
}

/// An answer as its bytes.
trait Body {
    fn encode_body(&self, version: i16, into: &mut PiecesBuilder) -> Result<(), String>;
}

impl<R: Encodable> Body for R {
    fn encode_body(&self, version: i16, into: &mut PiecesBuilder) -> Result<(), String> {
        let size = self.compute_size(version).map_err(|error| error.to_string())?;
        into.own().reserve(size);
        self.encode(into.own(), version).map_err(|error| error.to_string())
    }
}

impl Body for FetchAnswer {
    fn encode_body(&self, version: i16, into: &mut PiecesBuilder) -> Result<(), String> {
        self.encode(version, into)
    }
}

/// A request in the version in which it came: some mean other things by the same fields.
#[derive(Debug, Clone, PartialEq)]
pub struct Request {
    pub version: i16,
    pub body: RequestBody,
}

impl Request {
    /// Decodes what follows a request header.
    ///
    /// # Errors
    /// When the API is not served in that version, or the body is something else.
    pub fn decode(header: &RequestHeader, body: Bytes) -> Result<Self, RequestError> {
        let version = header.api_version;
        let not_served = RequestError::NotServed { api_key: header.api_key, version };
        let Ok(api) = ApiKey::try_from(header.api_key) else { return Err(not_served) };
        let body = RequestBody::decode(api, version, body)?.ok_or(not_served)?;
        Ok(Self { version, body })
    }
}

impl Response {
    /// Whether records could not be taken, or not be given. Of other APIs it says nothing.
    pub(crate) fn has_error(&self) -> bool {
        match self {
            Self::Produce(produce) => {
                let topics = produce.responses.iter();
                topics.flat_map(|topic| &topic.partition_responses).any(|partition| partition.error_code != 0)
            }
            Self::Fetch(fetch) => {
                let response = fetch.response();
                let mut partitions = response.responses.iter().flat_map(|topic| &topic.partitions);
                response.error_code != 0 || partitions.any(|partition| partition.error_code != 0)
            }
            _ => false,
        }
    }

    /// The whole frame of an answer, with the length in front.
    ///
    /// # Errors
    /// When it does not fit the version: a fault of this program.
    pub fn to_frame(&self, version: i16, correlation_id: i32) -> Result<Pieces, EncodeError> {
        let api = self.api();
        let mut frame = start_frame(correlation_id);
        if api.response_header_version(version) >= 1 {
            // No tagged fields.
            frame.own().put_u8(0);
        }
        let failed = |reason| EncodeError { api, version, reason };
        self.encode_body(version, &mut frame).map_err(failed)?;
        finish_frame(frame).ok_or_else(|| failed("it is longer than a frame can be".to_owned()))
    }
}

/// A frame of the oldest form, around a body that is there already.
pub(crate) fn plain_frame(correlation_id: i32, body: &[u8]) -> Option<Pieces> {
    let mut frame = start_frame(correlation_id);
    frame.copy(body);
    finish_frame(frame)
}

fn start_frame(correlation_id: i32) -> PiecesBuilder {
    let mut frame = PiecesBuilder::with_capacity(64);
    frame.own().put_i32(0);
    frame.own().put_i32(correlation_id);
    frame
}

fn finish_frame(mut frame: PiecesBuilder) -> Option<Pieces> {
    let length = i32::try_from(frame.len() - 4).ok()?;
    frame.own()[..4].copy_from_slice(&length.to_be_bytes());
    Some(frame.build())
}
