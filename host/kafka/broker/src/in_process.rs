//! The broker for clients in the same process: requests are taken and answered as they are, without a connection and
//! without bytes, and otherwise as those of anybody else.

use std::sync::Arc;

use async_trait::async_trait;
use forebay_kafka_client::{
    BrokerAddress, ClientRequest, ClientResponse, Destination, Lane, Outgoing, Pending, ServedVersions,
    Transport, TransportError,
};

use crate::api::{Request, RequestBody, Response, SERVED};
use crate::broker::Broker;
use crate::context::ConnectionContext;

/// A broker that is reached in the same process. All destinations are this one, which leads and coordinates everything.
#[derive(Debug, Clone)]
pub struct InProcess {
    broker: Broker,
    context: ConnectionContext,
    served: Arc<ServedVersions>,
}

impl InProcess {
    /// On whose behalf requests come is said by the context: where logins are demanded it has an
    /// [`crate::Identity::known`].
    #[must_use]
    pub fn new(broker: Broker, context: ConnectionContext) -> Self {
        let served = SERVED.iter().map(|served| (served.key as i16, served.advertised, served.max));
        Self { broker, context, served: Arc::new(served.collect()) }
    }
}

#[async_trait]
impl Transport for InProcess {
    async fn start(
        &self,
        to: Destination,
        _lane: Lane,
        outgoing: Outgoing,
    ) -> Result<Pending, TransportError> {
        let Outgoing { version, request } = outgoing;
        let api = request.api();
        let unanswered = request.unanswered();
        let request = Request { version, body: RequestBody::from(request) };
        let started = Box::pin(self.broker.start(&self.context, request)).await;
        Ok(Box::pin(async move {
            let answer = started.answer().await;
            if let Some(unanswered) = unanswered {
                return Ok(unanswered);
            }
            client_response(answer.response).ok_or(TransportError::Answer { to, api })
        }))
    }

    async fn served(&self, _to: Destination, _lane: Lane) -> Result<Arc<ServedVersions>, TransportError> {
        Ok(Arc::clone(&self.served))
    }

    fn learn(&self, _brokers: &[BrokerAddress]) {}

    fn learn_one(&self, _broker: &BrokerAddress) {}

    fn release(&self, _lane: Lane) {}
}

macro_rules! same {
    ($($name:ident),*) => {
        impl From<ClientRequest> for RequestBody {
            fn from(request: ClientRequest) -> Self {
                match request {
                    ClientRequest::Fetch(request) => Self::Fetch(request),
                    $(ClientRequest::$name(request) => Self::$name(request),)*
                }
            }
        }

        /// The answer as clients have it, if it is to something that they ask.
        fn client_response(response: Response) -> Option<ClientResponse> {
            match response {
                Response::Fetch(fetch) => Some(ClientResponse::Fetch(fetch.into_response())),
                $(Response::$name(response) => Some(ClientResponse::$name(response)),)*
                _ => None,
            }
        }
    };
}

same! {
    Produce, ListOffsets, Metadata, FindCoordinator, InitProducerId, OffsetCommit, OffsetFetch, JoinGroup, SyncGroup,
    Heartbeat, LeaveGroup, ConsumerGroupHeartbeat, CreateTopics, DeleteTopics, CreatePartitions
}
