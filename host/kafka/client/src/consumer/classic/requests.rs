//! What a member asks its coordinator.

use std::collections::BTreeSet;

use bytes::Bytes;
use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::join_group_request::JoinGroupRequestProtocol;
use kafka_protocol::messages::leave_group_request::MemberIdentity;
use kafka_protocol::messages::sync_group_request::SyncGroupRequestAssignment;
use kafka_protocol::messages::{
    ApiKey, GroupId as WireGroup, HeartbeatRequest, JoinGroupRequest, LeaveGroupRequest, SyncGroupRequest,
};
use kafka_protocol::protocol::StrBytes;

use super::codec::{Named, parse_assignment};
use super::{Classic, millis};
use crate::failure::Failure;
use crate::transport::Destination;

/// A generation of the group, as a member that has joined it knows it.
pub(super) struct Generation {
    pub id: StrBytes,
    pub generation: i32,
    /// The assignor that all members know.
    pub protocol: StrBytes,
    pub is_leader: bool,
    /// Whether everything stays as it was assigned before.
    pub skips: bool,
    /// For the leader: all members with what they said.
    pub members: Vec<(StrBytes, Option<StrBytes>, Bytes)>,
}

const PROTOCOL: StrBytes = StrBytes::from_static_str("consumer");

impl Classic<'_> {
    fn group(&self) -> WireGroup {
        WireGroup(StrBytes::from_string(self.member.membership.settings.group.as_str().to_owned()))
    }

    fn instance(&self) -> Option<StrBytes> {
        self.member.membership.settings.instance.clone().map(StrBytes::from_string)
    }

    async fn coordinator(&self) -> Result<Destination, Failure> {
        self.member.membership.coordinator(&self.member.client).await.map(Destination::Broker)
    }

    /// Joins: none when the group has only given an id, to join by.
    pub(super) async fn ask_to_join(&mut self, said: &Bytes) -> Result<Option<Generation>, Failure> {
        let settings = &self.member.membership.settings;
        let protocols = settings.assignors.iter().map(|assignor| {
            JoinGroupRequestProtocol::default()
                .with_name(StrBytes::from_static_str(assignor.name()))
                .with_metadata(said.clone())
        });
        let request = JoinGroupRequest::default()
            .with_group_id(self.group())
            .with_session_timeout_ms(self.session_millis())
            .with_rebalance_timeout_ms(millis(settings.rebalance_timeout))
            .with_member_id(self.id.clone())
            .with_protocol_type(PROTOCOL)
            .with_protocols(protocols.collect());
        let instance = self.instance();
        let build = |version| {
            if version >= 5 { request.with_group_instance_id(instance) } else { request }
        };
        let to = (self.coordinator().await?, self.member.lane);
        let (_, response) = self.member.client.ask(to, 1..=9, build).await?;
        if ResponseError::try_from_code(response.error_code) == Some(ResponseError::MemberIdRequired) {
            self.id = response.member_id;
            return Ok(None);
        }
        Failure::check(ApiKey::JoinGroup, response.error_code, None)?;
        let members = response.members.into_iter();
        Ok(Some(Generation {
            is_leader: response.leader == response.member_id,
            id: response.member_id,
            generation: response.generation_id,
            protocol: response.protocol_name.unwrap_or_default(),
            skips: response.skip_assignment,
            members: members
                .map(|member| (member.member_id, member.group_instance_id, member.metadata))
                .collect(),
        }))
    }

    /// What this member is to read; the leader says it of all.
    pub(super) async fn sync(
        &self,
        joined: &Generation,
        shares: Vec<(StrBytes, Bytes)>,
    ) -> Result<BTreeSet<Named>, Failure> {
        let shares = shares.into_iter().map(|(member, share)| {
            SyncGroupRequestAssignment::default().with_member_id(member).with_assignment(share)
        });
        let request = SyncGroupRequest::default()
            .with_group_id(self.group())
            .with_generation_id(joined.generation)
            .with_member_id(joined.id.clone())
            .with_assignments(shares.collect());
        let (instance, protocol) = (self.instance(), joined.protocol.clone());
        let build = |version| {
            let request = if version >= 3 { request.with_group_instance_id(instance) } else { request };
            if version >= 5 {
                request.with_protocol_type(Some(PROTOCOL)).with_protocol_name(Some(protocol))
            } else {
                request
            }
        };
        let to = (self.coordinator().await?, self.member.lane);
        let (_, response) = self.member.client.ask(to, 1..=5, build).await?;
        let api = ApiKey::SyncGroup;
        Failure::check(api, response.error_code, None)?;
        parse_assignment(&response.assignment).ok_or(Failure::Missing { api })
    }

    pub(super) async fn ask_heartbeat(&self) -> Result<(), Failure> {
        let request = HeartbeatRequest::default()
            .with_group_id(self.group())
            .with_generation_id(self.generation)
            .with_member_id(self.id.clone());
        let instance = self.instance();
        let build = |version| {
            if version >= 3 { request.with_group_instance_id(instance) } else { request }
        };
        let to = (self.coordinator().await?, self.member.lane);
        let (_, response) = self.member.client.ask(to, 1..=4, build).await?;
        Failure::check(ApiKey::Heartbeat, response.error_code, None)
    }

    /// Members with names of their own stay members until their session ends: they will be back.
    pub(super) async fn leave(&self) {
        if self.id.is_empty() || self.member.membership.settings.instance.is_some() {
            return;
        }
        let (group, id) = (self.group(), self.id.clone());
        let build = |version| {
            let request = LeaveGroupRequest::default().with_group_id(group);
            if version >= 3 {
                request.with_members(vec![MemberIdentity::default().with_member_id(id)])
            } else {
                request.with_member_id(id)
            }
        };
        let Ok(coordinator) = self.coordinator().await else { return };
        // The lane may wait for an answer that nobody needs any more.
        let to = (coordinator, self.member.membership.lane());
        // The group finds out by itself, if this does not arrive.
        let _ = self.member.client.ask(to, 1..=5, build).await;
    }
}
