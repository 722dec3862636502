use forebay_model::MemberId;

/// Why a group refuses what a member asks. Each is an error of Kafka's protocol.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GroupError {
    /// The group has no such member: it never was one, or was removed.
    #[error("the group has no such member: join again without a member id")]
    UnknownMember,
    /// The member speaks of a generation that is not the group's.
    #[error("the generation is not that of the group: join again")]
    IllegalGeneration,
    /// A new generation is being made.
    #[error("the group is rebalancing: join again")]
    RebalanceInProgress,
    /// Another member has the same instance id now.
    #[error("another member has taken over the instance id")]
    FencedInstance,
    /// The member speaks no protocol that all others speak too, or one of another type.
    #[error("the member shares no protocol with the rest of the group")]
    InconsistentProtocol,
    /// The session timeout is out of bounds.
    #[error("the session timeout must be between {min_ms} ms and {max_ms} ms")]
    InvalidSessionTimeout {
        /// The shortest.
        min_ms: i32,
        /// The longest.
        max_ms: i32,
    },
    /// The member is to join again under this id.
    #[error("join again as {0}")]
    MemberIdRequired(MemberId),
    /// There is no room for another member.
    #[error("the group has as many members as it may have")]
    Full,
    /// There is no such group, or it is of the other protocol.
    #[error("{0}")]
    NotFound(&'static str),
    /// The group has members.
    #[error("the group has members: stop them first")]
    NotEmpty,
    /// The member is ahead of what it was told, or was replaced.
    #[error("the member epoch is fenced: join again with epoch 0")]
    FencedMemberEpoch,
    /// The member is behind.
    #[error("the member epoch is stale: heartbeat to learn the new one")]
    StaleMemberEpoch,
    /// The instance id belongs to a member that has not left.
    #[error("the instance id belongs to another member that is still there")]
    UnreleasedInstance,
    /// The assignor is none of the group's.
    #[error("there is no such assignor: choose one of uniform, range")]
    UnsupportedAssignor,
    /// The regular expression can't be read.
    #[error("the regular expression is not understood: {0}")]
    InvalidRegularExpression(String),
    /// The request contradicts itself.
    #[error("{0}")]
    Invalid(&'static str),
}
