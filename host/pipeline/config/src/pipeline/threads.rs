//! How many threads run the processors of a pipeline.

use std::num::NonZeroUsize;

use serde_json::{Map, Value as Json};

use crate::lint::Examiner;
use crate::yaml::Node;

/// The setting `pipeline.threads`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Threads {
    /// Written as -1.
    #[default]
    PerCpu,
    Fixed(NonZeroUsize),
}

impl Threads {
    /// The number of threads on a machine.
    pub fn count(self, cpus: NonZeroUsize) -> NonZeroUsize {
        match self {
            Self::PerCpu => cpus,
            Self::Fixed(threads) => threads,
        }
    }
}

pub(super) fn examine(examiner: &mut Examiner<'_>, root: &Node, settings: &Map<String, Json>) -> Threads {
    let Some(value) = settings.get("pipeline").and_then(|pipeline| pipeline.get("threads")) else {
        return Threads::PerCpu;
    };
    if value.as_i64() == Some(-1) {
        return Threads::PerCpu;
    }
    let threads =
        value.as_u64().and_then(|threads| usize::try_from(threads).ok()).and_then(NonZeroUsize::new);
    threads.map_or_else(
        || {
            let at = root
                .get("pipeline")
                .and_then(|pipeline| pipeline.get("threads"))
                .map_or(root.span, |n| n.span);
            examiner.lint(
                at.start,
                format!("field threads takes 1 or more, or -1 for one per CPU, and not {value}"),
            );
            Threads::PerCpu
        },
        Threads::Fixed,
    )
}
