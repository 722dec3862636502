//! The rate limits of a pipeline: `rate_limit_resources`, a list of components with labels.

use crate::component::ComponentConfig;
use crate::lint::Examiner;
use crate::pipeline::caches::{check_labels, labelled};
use crate::spec::Kind;
use crate::yaml::Node;

pub(crate) const FIELD: &str = "rate_limit_resources";

/// Reads the list; what is wrong with it is left with the examiner.
pub(crate) fn examine(examiner: &mut Examiner<'_>, root: &Node) -> Vec<ComponentConfig> {
    labelled(examiner, root, FIELD, Kind::RateLimit)
}

/// Whether there is every rate limit that components name.
pub(crate) fn check_uses(examiner: &mut Examiner<'_>, rate_limits: &[ComponentConfig]) {
    let missing = |label: &str| format!("rate limit resource '{label}' was not found");
    check_labels(examiner, Kind::RateLimit, rate_limits, missing);
}
