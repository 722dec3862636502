//! Has a group go by the classic protocol: that of its first member.

use std::time::Duration;

use bytes::{BufMut as _, Bytes, BytesMut};
use forebay_tests_load::{Connection, TOPIC};
use kafka_protocol::messages::join_group_request::JoinGroupRequestProtocol;
use kafka_protocol::messages::join_group_response::JoinGroupResponse;
use kafka_protocol::messages::leave_group_request::MemberIdentity;
use kafka_protocol::messages::sync_group_request::SyncGroupRequestAssignment;
use kafka_protocol::messages::{
    GroupId, HeartbeatRequest, JoinGroupRequest, LeaveGroupRequest, SyncGroupRequest,
};
use kafka_protocol::protocol::StrBytes;

use crate::agent::Site;
use crate::carrier::GROUP;
use crate::workload::Workload;

const JOIN_GROUP: i16 = 5;
const SYNC_GROUP: i16 = 3;
const HEARTBEAT: i16 = 3;
const LEAVE_GROUP: i16 = 3;
const REBALANCING: i16 = 27;
/// How long it may be silent, in milliseconds.
const SESSION: i32 = 30_000;

/// The first member. It takes nothing for itself.
pub(crate) struct Founder {
    connection: Connection,
    id: StrBytes,
    generation: i32,
}

impl Founder {
    pub(crate) fn start(workload: &Workload, site: &Site) -> Self {
        workload.block_on(async {
            let connection = site.connect().await;
            let mut founder = Self { connection, id: StrBytes::default(), generation: 0 };
            // The first answer gives it an id alone.
            for _ in 0..2 {
                founder.join().await;
            }
            assert!(founder.generation > 0, "it is no member");
            founder
        })
    }

    /// Waits until somebody else has come, and leaves the group to them.
    pub(crate) fn leave_to_another(mut self, workload: &Workload) {
        workload.block_on(async {
            while self.join().await < 2 {
                while self.heartbeat().await != REBALANCING {
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            }
            let member = MemberIdentity::default().with_member_id(self.id.clone());
            let request = LeaveGroupRequest::default().with_group_id(group()).with_members(vec![member]);
            self.connection.ask(LEAVE_GROUP, &request).await.unwrap();
        });
    }

    /// Joins, or joins again; how many members there are.
    async fn join(&mut self) -> usize {
        let mut subscription = BytesMut::new();
        subscription.put_i16(0);
        subscription.put_i32(1);
        subscription.put_i16(i16::try_from(TOPIC.len()).unwrap());
        subscription.extend_from_slice(TOPIC.as_bytes());
        subscription.put_i32(-1);
        let protocol = JoinGroupRequestProtocol::default()
            .with_name(StrBytes::from_static_str("cooperative-sticky"))
            .with_metadata(subscription.freeze());
        let request = JoinGroupRequest::default()
            .with_group_id(group())
            .with_session_timeout_ms(SESSION)
            .with_rebalance_timeout_ms(SESSION)
            .with_member_id(self.id.clone())
            .with_protocol_type(StrBytes::from_static_str("consumer"))
            .with_protocols(vec![protocol]);
        let joined = self.connection.ask(JOIN_GROUP, &request).await.unwrap();
        self.id = joined.member_id.clone();
        if joined.error_code != 0 {
            return 0;
        }
        self.generation = joined.generation_id;
        self.share(&joined).await;
        joined.members.len()
    }

    /// As its leader it gives nothing to anybody: whoever leads when it is gone does that.
    async fn share(&mut self, joined: &JoinGroupResponse) {
        let nothing = Bytes::from_static(&[0, 0, 0, 0, 0, 0, 255, 255, 255, 255]);
        let assignments = joined.members.iter().map(|member| {
            SyncGroupRequestAssignment::default()
                .with_member_id(member.member_id.clone())
                .with_assignment(nothing.clone())
        });
        let request = SyncGroupRequest::default()
            .with_group_id(group())
            .with_generation_id(joined.generation_id)
            .with_member_id(self.id.clone())
            .with_assignments(assignments.collect());
        self.connection.ask(SYNC_GROUP, &request).await.unwrap();
    }

    async fn heartbeat(&mut self) -> i16 {
        let request = HeartbeatRequest::default()
            .with_group_id(group())
            .with_generation_id(self.generation)
            .with_member_id(self.id.clone());
        self.connection.ask(HEARTBEAT, &request).await.unwrap().error_code
    }
}

fn group() -> GroupId {
    GroupId(StrBytes::from_static_str(GROUP))
}
