use std::fmt;
use std::sync::Arc;

use crate::snapshot::Labels;

/// Gives series other names and labels when they are looked up.
pub trait Naming: Send + Sync {
    /// What a series with this name and these [common](is_common) labels is called instead, with labels in place of
    /// those; nothing of one that is told to nobody.
    fn name(&self, name: &str, labels: &Labels) -> Option<(String, Labels)>;
}

/// Labels that every series of a component has, and that may be changed with its name. Others stay as they are.
const COMMON: [&str; 3] = ["label", "path", "stream"];

/// Whether a label is one that may be changed with the name of its series.
#[must_use]
pub fn is_common(label: &str) -> bool {
    COMMON.contains(&label)
}

/// Several, one after the other.
#[derive(Clone, Default)]
pub(crate) struct Namings(Vec<Arc<dyn Naming>>);

impl Namings {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn with(&self, last: Arc<dyn Naming>) -> Self {
        let mut all = self.0.clone();
        all.push(last);
        Self(all)
    }

    /// What becomes of a series; nothing of one that is dropped.
    pub(crate) fn apply(&self, name: &str, labels: Labels) -> Option<(String, Labels)> {
        if self.0.is_empty() {
            return Some((name.to_owned(), labels));
        }
        let (mut common, rest): (Labels, Labels) =
            labels.into_iter().partition(|(label, _)| is_common(label));
        let mut name = name.to_owned();
        for naming in &self.0 {
            (name, common) = naming.name(&name, &common)?;
        }
        let is_free = |(label, _): &(String, String)| common.iter().all(|(taken, _)| taken != label);
        let rest: Labels = rest.into_iter().filter(is_free).collect();
        common.extend(rest);
        Some((name, common))
    }
}

impl fmt::Debug for Namings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Namings").field(&self.0.len()).finish()
    }
}
