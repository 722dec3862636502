use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use crate::shown::shown;
use crate::uuid_id::uuid_id;

uuid_id! {
    /// What an agent is known by to other agents, from its start to its end. One that is started again is another.
    AgentId
}

/// The number by which Kafka's clients know an agent, from 0 on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(i32);

/// A number that is none of a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("node id {number} is not allowed: expected 0 to 2147483647")]
pub struct NodeIdError {
    /// What was given.
    pub number: i64,
}

impl NodeId {
    /// From a number that stores and messages have.
    ///
    /// # Errors
    /// When it is negative, which clients take for no node, or too large.
    pub fn new(number: i64) -> Result<Self, NodeIdError> {
        let fitting = i32::try_from(number).ok().filter(|number| *number >= 0);
        fitting.map(Self).ok_or(NodeIdError { number })
    }

    /// The number.
    #[must_use]
    pub const fn get(self) -> i32 {
        self.0
    }
}

impl fmt::Display for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

const LONGEST: usize = 128;

fn is_name(name: &str) -> bool {
    let is_allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    !name.is_empty() && name.len() <= LONGEST && name.bytes().all(is_allowed)
}

/// A text that is no name of a group of agents, or of a zone.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what} {name:?} is not allowed: expected 1 to {LONGEST} of a-z, 0-9 and '-'")]
pub struct AgentNameError {
    /// What it was to be the name of.
    pub what: &'static str,
    /// What was given.
    pub name: String,
}

macro_rules! names {
    ($($(#[$doc:meta])* $name:ident, $what:literal;)*) => { $(
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Arc<str>);

        impl $name {
            /// The text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = AgentNameError;

            fn from_str(name: &str) -> Result<Self, Self::Err> {
                if is_name(name) {
                    Ok(Self(name.into()))
                } else {
                    Err(AgentNameError { what: $what, name: name.to_owned() })
                }
            }
        }

        shown!($name);
    )* };
}

names! {
    /// Agents that clients see no others beside: 1 to 128 of `a-z 0-9 -`. Cheap to clone.
    AgentGroup, "agent group";
    /// Where traffic inside costs nothing, as `us-east-1a`: 1 to 128 of `a-z 0-9 -`. Cheap to clone.
    AvailabilityZone, "availability zone";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_numbers_are_checked() {
        assert_eq!("us-east-1a".parse::<AvailabilityZone>().unwrap().as_str(), "us-east-1a");
        for name in ["", "Zone", "a_b", "a b", &"a".repeat(129)] {
            let refusal = name.parse::<AgentGroup>().unwrap_err().to_string();
            assert!(refusal.starts_with("agent group ") && refusal.contains("a-z"), "{refusal}");
        }
        assert_eq!(NodeId::new(7).map(NodeId::get), Ok(7));
        assert!(NodeId::new(-1).is_err() && NodeId::new(1 << 31).is_err());
    }
}
