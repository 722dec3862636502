//! The protocol of KIP-848: the group says who has what, and a member gives up first what others are to have.

use forebay_lifecycle::chance;
use kafka_protocol::messages::ConsumerGroupHeartbeatRequest;
use kafka_protocol::messages::consumer_group_heartbeat_request::TopicPartitions;
use kafka_protocol::protocol::StrBytes;

use super::member::{BUSY, FENCED_EPOCH, Member, UNKNOWN_MEMBER, group, refused, topic};
use crate::connection::{ClientError, Connection};

const CONSUMER_GROUP_HEARTBEAT: i16 = 1;
const JOINS: i32 = 0;
const LEAVES: i32 = -1;
const UNRELEASED: i16 = 111;

impl Member<'_> {
    /// Gives a sign of life, and takes and gives up what it is told to.
    pub(super) async fn sign_consumer(&mut self, connection: &mut Connection) -> anyhow::Result<()> {
        if self.id.is_empty() {
            self.id = StrBytes::from_string(format!("member-{:032x}", chance::bits()));
        }
        let request = self.sign(self.generation.unwrap_or(JOINS));
        let answer = connection.ask(CONSUMER_GROUP_HEARTBEAT, &request).await?;
        match answer.error_code {
            0 => {}
            UNKNOWN_MEMBER | FENCED_EPOCH => {
                self.forget();
                return Ok(());
            }
            UNRELEASED | BUSY => return Ok(()),
            other => return Err(refused("a heartbeat", other).into()),
        }
        let before: Vec<i32> = self.positions.keys().copied().collect();
        let Some(assignment) = answer.assignment else {
            if self.generation != Some(answer.member_epoch) {
                self.assigned(answer.member_epoch, &before);
            }
            return Ok(());
        };
        let given = assignment.topic_partitions;
        self.topic = given.first().map(|of| of.topic_id).or(self.topic);
        let partitions: Vec<i32> = given.into_iter().flat_map(|of| of.partitions).collect();
        if before.iter().any(|partition| !partitions.contains(partition)) {
            // What it has read it commits before somebody else goes on.
            self.commit(connection).await?;
            if self.generation.is_none() {
                return Ok(());
            }
        }
        self.assigned(answer.member_epoch, &partitions);
        self.positions.retain(|partition, _| partitions.contains(partition));
        let new: Vec<i32> = partitions.into_iter().filter(|one| !self.positions.contains_key(one)).collect();
        if new.is_empty() { Ok(()) } else { self.begin(connection, &new).await }
    }

    /// All that there is to say: so nothing depends on whether the last heartbeat was heard.
    fn sign(&self, epoch: i32) -> ConsumerGroupHeartbeatRequest {
        let timeout = i32::try_from(self.load.session_timeout.as_millis()).unwrap_or(i32::MAX);
        let own = self.topic.filter(|_| !self.positions.is_empty()).map(|topic| {
            let partitions = self.positions.keys().copied().collect();
            TopicPartitions::default().with_topic_id(topic).with_partitions(partitions)
        });
        ConsumerGroupHeartbeatRequest::default()
            .with_group_id(group())
            .with_member_id(self.id.clone())
            .with_member_epoch(epoch)
            .with_rebalance_timeout_ms(timeout)
            .with_subscribed_topic_names(Some(vec![topic(&self.load.topic)]))
            .with_topic_partitions(Some(own.into_iter().collect()))
    }

    pub(super) async fn leave_consumer(&mut self, connection: &mut Connection) -> Result<(), ClientError> {
        connection.ask(CONSUMER_GROUP_HEARTBEAT, &self.sign(LEAVES)).await.map(drop)
    }
}
