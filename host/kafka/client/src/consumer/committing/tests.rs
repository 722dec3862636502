//! Commits to a coordinator that does what a test says.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use forebay_lifecycle::Spawner;
use forebay_model::PartitionId;
use kafka_protocol::messages::offset_commit_response::{
    OffsetCommitResponsePartition, OffsetCommitResponseTopic,
};
use kafka_protocol::messages::{BrokerId, FindCoordinatorResponse, OffsetCommitResponse};

use super::*;
use crate::client::ClientSettings;
use crate::consumer::Start;
use crate::consumer::group::GroupSettings;
use crate::consumer::state::{Place, Shared};
use crate::request::{ClientRequest, ClientResponse};
use crate::topics::BrokerAddress;
use crate::transport::{Lane, Outgoing, Pending, Transport, TransportError};
use crate::versions::ServedVersions;

/// What it has taken, by partition, and what it says of partitions before it takes their offsets.
#[derive(Debug, Default)]
struct Coordinator {
    taken: Mutex<BTreeMap<i32, i64>>,
    errors: Mutex<BTreeMap<i32, VecDeque<ResponseError>>>,
}

impl Coordinator {
    fn store(&self, request: OffsetCommitRequest) -> OffsetCommitResponse {
        let topics = request.topics.into_iter().map(|topic| {
            let partitions = topic.partitions.into_iter().map(|partition| {
                let number = partition.partition_index;
                let mut errors = self.errors.lock().unwrap();
                let error = errors.get_mut(&number).and_then(VecDeque::pop_front);
                if error.is_none() {
                    self.taken.lock().unwrap().insert(number, partition.committed_offset);
                }
                OffsetCommitResponsePartition::default()
                    .with_partition_index(number)
                    .with_error_code(error.map_or(0, |error| error.code()))
            });
            OffsetCommitResponseTopic::default().with_name(topic.name).with_partitions(partitions.collect())
        });
        OffsetCommitResponse::default().with_topics(topics.collect())
    }
}

/// The coordinator as a client sees it.
#[derive(Debug)]
struct Reached(Arc<Coordinator>);

#[async_trait]
impl Transport for Reached {
    async fn start(&self, to: Destination, _: Lane, outgoing: Outgoing) -> Result<Pending, TransportError> {
        let api = outgoing.request.api();
        let answer = match outgoing.request {
            ClientRequest::FindCoordinator(_) => ClientResponse::FindCoordinator(
                FindCoordinatorResponse::default().with_node_id(BrokerId(1)).with_port(9092),
            ),
            ClientRequest::OffsetCommit(request) => ClientResponse::OffsetCommit(self.0.store(request)),
            _ => return Err(TransportError::Answer { to, api }),
        };
        Ok(Box::pin(std::future::ready(Ok(answer))))
    }

    async fn served(&self, _: Destination, _: Lane) -> Result<Arc<ServedVersions>, TransportError> {
        let served = [(ApiKey::FindCoordinator, 3), (ApiKey::OffsetCommit, 8)];
        Ok(Arc::new(served.into_iter().map(|(api, newest)| (api as i16, 0, newest)).collect()))
    }

    fn learn(&self, _: &[BrokerAddress]) {}

    fn learn_one(&self, _: &BrokerAddress) {}

    fn release(&self, _: Lane) {}
}

fn partition(number: i32) -> TopicPartition {
    TopicPartition::new("t".parse().unwrap(), PartitionId::new(number).unwrap())
}

/// Commits offset 5 of four partitions; the last two are lost.
async fn committed(coordinator: &Arc<Coordinator>) -> Result<(), CommitError> {
    let transport = Arc::new(Reached(Arc::clone(coordinator)));
    let client = Client::new(transport, ClientSettings::default(), Spawner::current());
    let membership = Membership::new(GroupSettings::new("g".parse().unwrap()), client.lane());
    let member = SharedState::new(Shared::default());
    let place = Place::Find(Start::Earliest);
    member.assign([0, 1, 2, 3].map(|number| (partition(number), place)));
    while member.try_next().is_some() {}
    member.given_up(&[partition(2)]);
    member.lose(vec![partition(3)]);
    let offset = |number| CommitOffset::new(partition(number), Offset::new(5).unwrap());
    commit(&client, &membership, Some(&member), &[2, 0, 3, 1].map(offset)).await
}

#[tokio::test(start_paused = true)]
async fn what_is_lost_is_left_out_and_told_and_the_rest_is_stored() {
    let coordinator = Arc::new(Coordinator::default());
    let error = committed(&coordinator).await.unwrap_err();
    assert_eq!(*coordinator.taken.lock().unwrap(), BTreeMap::from([(0, 5), (1, 5)]));
    assert!(error.is_not_member(), "{error:?}");
    assert_eq!(error.to_string(), "commit offset 5 of t-2, and that of t-3, in group g");
}

#[tokio::test(start_paused = true)]
async fn what_is_refused_keeps_nothing_else_from_being_tried_again() {
    let coordinator = Arc::new(Coordinator::default());
    let errors = [ResponseError::RebalanceInProgress, ResponseError::CoordinatorLoadInProgress];
    *coordinator.errors.lock().unwrap() =
        BTreeMap::from([(0, [ResponseError::OffsetMetadataTooLarge].into()), (1, errors.into())]);
    let error = committed(&coordinator).await.unwrap_err();
    assert_eq!(*coordinator.taken.lock().unwrap(), BTreeMap::from([(1, 5)]));
    assert!(!error.is_not_member() && !error.is_retriable(), "{error:?}");
    assert_eq!(error.to_string(), "commit offset 5 of t-0, and that of t-2, and that of t-3, in group g");
}
