use std::collections::HashMap;

use async_trait::async_trait;
use forebay_metrics::{Labels, Snapshot, Value, is_common};

/// Gives metrics other names and labels.
#[async_trait]
pub trait Rename: Send {
    /// What becomes of each of these series, of which a name and labels are given.
    async fn rename(&mut self, series: &[(String, Labels)]) -> Vec<Renamed>;
}

/// What becomes of a series.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Renamed {
    To(String, Labels),
    Dropped,
}

/// What became of which series, so that each is asked for once.
pub(crate) struct Names {
    rename: Option<Box<dyn Rename>>,
    known: HashMap<(String, Labels), Renamed>,
}

impl Names {
    pub(crate) fn new(rename: Option<Box<dyn Rename>>) -> Self {
        Self { rename, known: HashMap::new() }
    }

    /// The same metrics under other names. Series that have become one are added up; those whose kind is not that of
    /// the others under their new name are left out.
    pub(crate) async fn apply(&mut self, snapshot: Snapshot) -> Snapshot {
        let Self { rename, known } = self;
        let Some(rename) = rename else { return snapshot };
        let keys = snapshot.families.iter().flat_map(|family| {
            family.samples.iter().map(|sample| (family.name.clone(), split(&sample.labels).0))
        });
        let mut new: Vec<_> = keys.filter(|key| !known.contains_key(key)).collect();
        new.sort();
        new.dedup();
        if !new.is_empty() {
            let renamed = rename.rename(&new).await;
            known.extend(new.into_iter().zip(renamed));
        }
        renamed(snapshot, known)
    }
}

fn renamed(snapshot: Snapshot, known: &HashMap<(String, Labels), Renamed>) -> Snapshot {
    let mut families: Vec<forebay_metrics::Family> = Vec::new();
    let mut places: HashMap<String, usize> = HashMap::new();
    let mut samples: HashMap<(usize, Labels), usize> = HashMap::new();
    for family in snapshot.families {
        for sample in family.samples {
            let (common, rest) = split(&sample.labels);
            let (name, mut labels) = match known.get(&(family.name.clone(), common)) {
                Some(Renamed::Dropped) => continue,
                Some(Renamed::To(name, labels)) => (name.clone(), labels.clone()),
                None => (family.name.clone(), split(&sample.labels).0),
            };
            labels.extend(rest);
            let place = *places.entry(name.clone()).or_insert_with(|| {
                let (help, kind) = (family.help.clone(), family.kind);
                families.push(forebay_metrics::Family { name, help, kind, samples: Vec::new() });
                families.len() - 1
            });
            let Some(target) = families.get_mut(place).filter(|target| target.kind == sample.value.kind())
            else {
                continue;
            };
            match samples.get(&(place, labels.clone())).and_then(|index| target.samples.get_mut(*index)) {
                Some(same) => {
                    let value = std::mem::replace(&mut same.value, Value::Counter(0));
                    same.value = value.with(&sample.value);
                }
                None => {
                    samples.insert((place, labels.clone()), target.samples.len());
                    target.samples.push(forebay_metrics::Sample { labels, value: sample.value });
                }
            }
        }
    }
    families.sort_by(|one, other| one.name.cmp(&other.name));
    Snapshot { families }
}

/// The labels that may be changed, and the others.
fn split(labels: &Labels) -> (Labels, Labels) {
    labels.iter().cloned().partition(|(name, _)| is_common(name))
}

#[cfg(test)]
mod tests {
    use forebay_metrics::{Metrics, TextFormat, Timings};

    use super::*;

    /// Drops what begins with `b`, calls everything else `all` and keeps no common label.
    struct All;

    #[async_trait]
    impl Rename for All {
        async fn rename(&mut self, series: &[(String, Labels)]) -> Vec<Renamed> {
            let one = |(name, _): &(String, Labels)| match name.starts_with('b') {
                true => Renamed::Dropped,
                false => Renamed::To("all".to_owned(), Labels::new()),
            };
            series.iter().map(one).collect()
        }
    }

    #[tokio::test]
    async fn series_that_become_one_are_added_up() {
        let metrics = Metrics::default();
        for (name, path, more) in [("a1", "x", "1"), ("a1", "y", "1"), ("a2", "x", "2"), ("b", "x", "1")] {
            metrics.counter(name, "", &[("path", path), ("more", more)]).unwrap().inc_by(2);
        }
        metrics.gauge("c", "", &[("path", "x")]).unwrap();
        let mut names = Names::new(Some(Box::new(All)));
        let shown = names.apply(metrics.snapshot()).await;
        let text = shown.render(&TextFormat::prometheus(Timings::Summary(Vec::new())));
        assert_eq!(text, "# HELP all \n# TYPE all counter\nall{more=\"1\"} 4\nall{more=\"2\"} 2\n");
    }
}
