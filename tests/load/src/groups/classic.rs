//! The classic protocol: the leader, one of the members, says who has what.

use bytes::{Buf as _, BufMut as _, Bytes, BytesMut};
use kafka_protocol::messages::join_group_request::JoinGroupRequestProtocol;
use kafka_protocol::messages::join_group_response::JoinGroupResponse;
use kafka_protocol::messages::leave_group_request::MemberIdentity;
use kafka_protocol::messages::sync_group_request::SyncGroupRequestAssignment;
use kafka_protocol::messages::{HeartbeatRequest, JoinGroupRequest, LeaveGroupRequest, SyncGroupRequest};
use kafka_protocol::protocol::StrBytes;

use super::member::{BUSY, ILLEGAL_GENERATION, Member, REBALANCING, UNKNOWN_MEMBER, group, refused};
use crate::connection::{ClientError, Connection};

const JOIN_GROUP: i16 = 5;
const SYNC_GROUP: i16 = 3;
const HEARTBEAT: i16 = 3;
const LEAVE_GROUP: i16 = 3;
const MEMBER_ID_REQUIRED: i16 = 79;

impl Member<'_> {
    /// Gives a sign of life, and joins where that is due.
    pub(super) async fn sign_classic(&mut self, connection: &mut Connection) -> anyhow::Result<()> {
        let Some(generation) = self.generation else { return self.join(connection).await };
        let request = HeartbeatRequest::default()
            .with_group_id(group())
            .with_generation_id(generation)
            .with_member_id(self.id.clone());
        match connection.ask(HEARTBEAT, &request).await?.error_code {
            0 | BUSY => Ok(()),
            REBALANCING => {
                // What it has read it commits while it still may, as Kafka's clients do, and then gives up everything.
                self.commit(connection).await?;
                self.lose();
                self.join(connection).await
            }
            ILLEGAL_GENERATION | UNKNOWN_MEMBER => {
                self.forget();
                Ok(())
            }
            other => Err(refused("a heartbeat", other).into()),
        }
    }

    async fn join(&mut self, connection: &mut Connection) -> anyhow::Result<()> {
        let timeout = i32::try_from(self.load.session_timeout.as_millis()).unwrap_or(i32::MAX);
        let protocol = JoinGroupRequestProtocol::default().with_name(StrBytes::from_static_str("range"));
        let request = JoinGroupRequest::default()
            .with_group_id(group())
            .with_session_timeout_ms(timeout)
            .with_rebalance_timeout_ms(timeout)
            .with_member_id(self.id.clone())
            .with_protocol_type(StrBytes::from_static_str("consumer"))
            .with_protocols(vec![protocol]);
        let joined = connection.ask(JOIN_GROUP, &request).await?;
        match joined.error_code {
            0 => {}
            MEMBER_ID_REQUIRED => {
                self.id = joined.member_id;
                return Ok(());
            }
            UNKNOWN_MEMBER => {
                self.forget();
                return Ok(());
            }
            REBALANCING | BUSY => return Ok(()),
            other => return Err(refused("joining", other).into()),
        }
        self.id = joined.member_id.clone();
        self.sync(connection, &joined).await
    }

    async fn sync(&mut self, connection: &mut Connection, joined: &JoinGroupResponse) -> anyhow::Result<()> {
        let request = SyncGroupRequest::default()
            .with_group_id(group())
            .with_generation_id(joined.generation_id)
            .with_member_id(self.id.clone())
            .with_assignments(self.shares(joined));
        let synced = connection.ask(SYNC_GROUP, &request).await?;
        match synced.error_code {
            0 => {}
            REBALANCING | ILLEGAL_GENERATION | BUSY => return Ok(()),
            UNKNOWN_MEMBER => {
                self.forget();
                return Ok(());
            }
            other => return Err(refused("asking for its share", other).into()),
        }
        let mut bytes = synced.assignment;
        let mut partitions = Vec::new();
        while bytes.remaining() >= 4 {
            partitions.push(bytes.get_i32());
        }
        self.assigned(joined.generation_id, &partitions);
        self.begin(connection, &partitions).await
    }

    /// What the leader gives everybody: each partition to the next member.
    fn shares(&self, joined: &JoinGroupResponse) -> Vec<SyncGroupRequestAssignment> {
        let mut shares = vec![BytesMut::new(); joined.members.len()];
        for partition in 0..self.load.partitions {
            let at = usize::try_from(partition).unwrap_or_default().checked_rem(shares.len());
            if let Some(share) = at.and_then(|at| shares.get_mut(at)) {
                share.put_i32(partition);
            }
        }
        let give = |(member, share): (&_, BytesMut)| {
            let member: &kafka_protocol::messages::join_group_response::JoinGroupResponseMember = member;
            let share: Bytes = share.freeze();
            SyncGroupRequestAssignment::default()
                .with_member_id(member.member_id.clone())
                .with_assignment(share)
        };
        joined.members.iter().zip(shares).map(give).collect()
    }

    pub(super) async fn leave_classic(&mut self, connection: &mut Connection) -> Result<(), ClientError> {
        let member = MemberIdentity::default().with_member_id(self.id.clone());
        let request = LeaveGroupRequest::default().with_group_id(group()).with_members(vec![member]);
        connection.ask(LEAVE_GROUP, &request).await.map(drop)
    }
}
