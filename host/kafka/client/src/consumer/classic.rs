//! placeholder

use forebay_lifecycle::Shutdown;

use super::group::{Ended, Member};

/// How the members of a group share out its partitions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Assignor {
    CooperativeSticky,
    Range,
    RoundRobin,
}

pub(super) struct Classic<'a> {
    member: &'a Member,
}

impl<'a> Classic<'a> {
    pub(super) fn new(member: &'a Member) -> Self {
        Self { member }
    }

    pub(super) async fn run(self, shutdown: &Shutdown) -> Ended {
        let _ = (self.member, shutdown);
        Ended::Done
    }
}
