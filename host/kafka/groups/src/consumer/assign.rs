//! Who is to own what: the assignors of the group itself.

mod range;
mod uniform;

use std::collections::{BTreeMap, BTreeSet};

use forebay_model::{MemberId, TopicId};

use super::Partitions;

/// A way to assign.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Assignor {
    /// As many partitions for each member as for any other, moving as few as possible.
    #[default]
    Uniform,
    /// Neighbouring partitions of each topic, so that the same numbers of several topics come together.
    Range,
}

/// A member, as far as assigning goes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Subscriber {
    /// The name that it keeps when it starts anew.
    pub instance: Option<String>,
    /// What it subscribes to.
    pub topics: BTreeSet<TopicId>,
    /// What it was to own until now.
    pub owns: Partitions,
}

impl Assignor {
    /// The one that Kafka calls so.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "uniform" => Some(Self::Uniform),
            "range" => Some(Self::Range),
            _ => None,
        }
    }

    /// As Kafka calls it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Uniform => "uniform",
            Self::Range => "range",
        }
    }
}

/// What each of `members` is to own of `topics`, which have so many partitions. Each partition of a topic that somebody
/// subscribes to has one owner.
#[must_use]
pub fn assign(
    assignor: Assignor,
    members: &BTreeMap<MemberId, Subscriber>,
    topics: &BTreeMap<TopicId, i32>,
) -> BTreeMap<MemberId, Partitions> {
    match assignor {
        Assignor::Uniform => uniform::assign(members, topics),
        Assignor::Range => range::assign(members, topics),
    }
}
