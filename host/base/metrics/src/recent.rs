use std::collections::HashMap;
use std::time::{Duration, Instant};

use crate::snapshot::{Labels, Snapshot, Value};
use crate::timing::Distribution;

/// How long durations count as recent at least; twice as long at most, unless nobody looks.
const SPAN: Duration = Duration::from_secs(5 * 60);

/// What whoever shows metrics remembers of timings, so that quantiles speak of the last minutes and not of all the
/// time: their state at the last two turns, one of which comes when someone looks and `SPAN` has passed. What is
/// recent is what came after the older one.
#[derive(Debug)]
pub struct Recent {
    turned: Instant,
    older: States,
    newer: States,
}

type States = HashMap<(String, Labels), Distribution>;

impl Recent {
    /// Remembers nothing yet: everything is recent.
    #[must_use]
    pub fn new(now: Instant) -> Self {
        Self { turned: now, older: States::new(), newer: States::new() }
    }

    /// Fills in what is recent.
    pub fn fill(&mut self, snapshot: &mut Snapshot, now: Instant) {
        if now.saturating_duration_since(self.turned) >= SPAN {
            self.turn(snapshot, now);
        }
        for family in &mut snapshot.families {
            for sample in &mut family.samples {
                let Value::Timing(all, recent) = &mut sample.value else { continue };
                let key = (family.name.clone(), sample.labels.clone());
                *recent = self.older.get(&key).map_or_else(|| all.clone(), |older| all.since(older));
            }
        }
    }

    /// Takes everything so far for old.
    pub fn forget(&mut self, snapshot: &Snapshot, now: Instant) {
        self.turn(snapshot, now);
        self.older.clone_from(&self.newer);
    }

    fn turn(&mut self, snapshot: &Snapshot, now: Instant) {
        self.turned = now;
        let timings = snapshot.families.iter().flat_map(|family| {
            family.samples.iter().filter_map(|sample| match &sample.value {
                Value::Timing(all, _) => Some(((family.name.clone(), sample.labels.clone()), all.clone())),
                Value::Counter(_) | Value::Gauge(_) => None,
            })
        });
        self.older = std::mem::replace(&mut self.newer, timings.collect());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Metrics;

    #[test]
    #[expect(clippy::disallowed_methods, reason = "any moment will do, and none is waited for")]
    fn durations_are_forgotten_after_two_turns() {
        let metrics = Metrics::default();
        let timing = metrics.timing("t", "", &[]).unwrap();
        let start = Instant::now();
        let mut recent = Recent::new(start);
        let mut lately = |now: Instant| {
            let mut snapshot = metrics.snapshot();
            recent.fill(&mut snapshot, now);
            match &snapshot.families[0].samples[0].value {
                Value::Timing(all, recent) => (all.count(), recent.count()),
                other => panic!("{other:?}"),
            }
        };
        timing.observe(Duration::from_secs(1));
        assert_eq!(lately(start), (1, 1));
        assert_eq!(lately(start + SPAN), (1, 1));
        timing.observe(Duration::from_secs(1));
        assert_eq!(lately(start + SPAN), (2, 2));
        assert_eq!(lately(start + 2 * SPAN), (2, 1));
        assert_eq!(lately(start + 3 * SPAN), (2, 0));
    }
}
