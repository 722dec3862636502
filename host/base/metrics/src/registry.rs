use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::connections::Connections;
use crate::error::MetricError;
use crate::naming::{Naming, Namings};
use crate::snapshot::{self, Kind, Labels, Sample, Snapshot, Value};
use crate::text::TextFormat;
use crate::timing::{Distribution, Timing};
use crate::value::{Counter, Gauge};

/// All metrics of a process, as one part of it sees them. Cheap to clone.
#[derive(Clone, Default)]
pub struct Metrics {
    families: Arc<Mutex<HashMap<String, Family>>>,
    connections: Connections,
    /// What every series that is looked up here has beside its own labels.
    labels: Labels,
    /// What series that are looked up here are called instead.
    namings: Namings,
    /// What stands before every name that is looked up here.
    prefix: String,
}

struct Family {
    help: String,
    kind: Kind,
    series: HashMap<Labels, Series>,
}

#[derive(Clone)]
enum Series {
    Counter(Counter),
    Gauge(Gauge),
    Timing(Timing),
}

/// Names come from plugins as well, and every one costs memory for good.
pub(crate) const MOST_FAMILIES: usize = 10_000;
/// The same for the labels under one name.
pub(crate) const MOST_LABELS: usize = 10_000;

impl Metrics {
    /// The same metrics for a part of the process whose series have a label more.
    #[must_use]
    pub fn with_label(&self, name: &str, value: &str) -> Self {
        let mut labels = self.labels.clone();
        labels.push((name.to_owned(), value.to_owned()));
        Self { labels, ..self.clone() }
    }

    /// The same metrics for a part of the process whose series are called otherwise, after what calls them otherwise
    /// here already.
    #[must_use]
    pub fn named_by(&self, naming: Arc<dyn Naming>) -> Self {
        Self { namings: self.namings.with(naming), ..self.clone() }
    }

    /// The same metrics for a part of the process whose names have this before them, whatever they are called otherwise.
    #[must_use]
    pub fn with_prefix(&self, prefix: &str) -> Self {
        Self { prefix: format!("{}{prefix}", self.prefix), ..self.clone() }
    }

    /// Drops all series with a label: what still counts by them is not shown any more.
    pub fn forget(&self, name: &str, value: &str) {
        let has = |labels: &Labels| labels.iter().any(|(known, of)| known == name && of == value);
        for family in self.families().values_mut() {
            family.series.retain(|labels, _| !has(labels));
        }
    }

    /// A gauge whose series are these and no others, for what is looked at from time to time and may be gone at the next
    /// look. Handles of series that it had before count no more. How many series there was no room for, or whose labels
    /// are too long; the first ones are taken. Nothing calls these otherwise.
    ///
    /// # Errors
    /// As [`Metrics::counter`].
    pub fn replace_gauge(
        &self,
        name: &str,
        help: &str,
        series: impl IntoIterator<Item = (Labels, f64)>,
    ) -> Result<usize, MetricError> {
        let name = &format!("{}{name}", self.prefix);
        if !is_name(name) {
            return Err(MetricError::Name(name.chars().take(LONGEST_NAME).collect()));
        }
        let (mut new, mut left_out) = (HashMap::new(), 0);
        for (labels, value) in series {
            let is_fine = |(label, of): &(String, String)| is_name(label) && of.len() <= LONGEST_LABEL;
            if new.len() >= MOST_LABELS || !labels.iter().all(is_fine) {
                left_out += 1;
                continue;
            }
            let gauge = Gauge::default();
            gauge.set(value);
            new.insert(labels.into_iter().chain(self.labels.iter().cloned()).collect(), Series::Gauge(gauge));
        }
        let mut families = self.families();
        let count = families.len();
        match families.get_mut(name) {
            Some(family) if family.kind != Kind::Gauge => return Err(MetricError::Kind(name.to_owned())),
            Some(family) => {
                // Another part of the process, whose series have a label more, has those of its own.
                family.series.retain(|labels, _| !labels.ends_with(&self.labels));
                family.series.extend(new);
            }
            None if count >= MOST_FAMILIES => return Err(MetricError::TooMany),
            None => {
                let family = Family { help: help.to_owned(), kind: Kind::Gauge, series: new };
                families.insert(name.to_owned(), family);
            }
        }
        Ok(left_out)
    }

    /// A counter; as OpenMetrics its name ends in `_total`. Of a name that is told to nobody, it counts all the same.
    ///
    /// # Errors
    /// When the name is malformed or of another kind.
    pub fn counter(&self, name: &str, help: &str, labels: &[(&str, &str)]) -> Result<Counter, MetricError> {
        match self.series(name, help, labels, Kind::Counter)? {
            None => Ok(Counter::default()),
            Some(Series::Counter(counter)) => Ok(counter),
            Some(Series::Gauge(_) | Series::Timing(_)) => Err(MetricError::Kind(name.to_owned())),
        }
    }

    /// A gauge.
    ///
    /// # Errors
    /// As [`Metrics::counter`].
    pub fn gauge(&self, name: &str, help: &str, labels: &[(&str, &str)]) -> Result<Gauge, MetricError> {
        match self.series(name, help, labels, Kind::Gauge)? {
            None => Ok(Gauge::default()),
            Some(Series::Gauge(gauge)) => Ok(gauge),
            Some(Series::Counter(_) | Series::Timing(_)) => Err(MetricError::Kind(name.to_owned())),
        }
    }

    /// A timing.
    ///
    /// # Errors
    /// As [`Metrics::counter`].
    pub fn timing(&self, name: &str, help: &str, labels: &[(&str, &str)]) -> Result<Timing, MetricError> {
        match self.series(name, help, labels, Kind::Timing)? {
            None => Ok(Timing::default()),
            Some(Series::Timing(timing)) => Ok(timing),
            Some(Series::Counter(_) | Series::Gauge(_)) => Err(MetricError::Kind(name.to_owned())),
        }
    }

    /// Whether a metric may have this name, and labels with such names.
    ///
    /// # Errors
    /// The name of the metric or label that is malformed.
    pub fn check_names<'n>(
        name: &'n str,
        labels: impl IntoIterator<Item = &'n str>,
    ) -> Result<(), MetricError> {
        match [name].into_iter().chain(labels).find(|name| !is_name(name)) {
            Some(malformed) => Err(MetricError::Name(malformed.chars().take(LONGEST_NAME).collect())),
            None => Ok(()),
        }
    }

    /// The connections of the process.
    #[must_use]
    pub fn connections(&self) -> &Connections {
        &self.connections
    }

    /// Everything as it is now. What counts as recent is for [`Recent`](crate::Recent) to say; here it is nothing.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        let all = self.families();
        let mut families: Vec<_> = all
            .iter()
            .map(|(name, Family { help, kind, series })| {
                let mut samples: Vec<_> = series
                    .iter()
                    .map(|(labels, series)| Sample { labels: labels.clone(), value: series.value() })
                    .collect();
                samples.sort_by(|one, other| one.labels.cmp(&other.labels));
                snapshot::Family { name: name.clone(), help: help.clone(), kind: *kind, samples }
            })
            .collect();
        drop(all);
        families.sort_by(|one, other| one.name.cmp(&other.name));
        Snapshot { families }
    }

    /// Everything, in the text format of OpenMetrics 1.0.
    #[must_use]
    pub fn render(&self) -> String {
        self.snapshot().render(&TextFormat::open_metrics())
    }

    fn families(&self) -> MutexGuard<'_, HashMap<String, Family>> {
        self.families.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A series; none where its name is told to nobody.
    fn series(
        &self,
        name: &str,
        help: &str,
        labels: &[(&str, &str)],
        kind: Kind,
    ) -> Result<Option<Series>, MetricError> {
        if !is_name(name)
            || labels.iter().any(|(label, value)| !is_name(label) || value.len() > LONGEST_LABEL)
        {
            return Err(MetricError::Name(name.chars().take(LONGEST_NAME).collect()));
        }
        let labels = owned(labels).into_iter().chain(self.labels.iter().cloned()).collect();
        let Some((named, labels)) = self.namings.apply(name, labels) else { return Ok(None) };
        let named = format!("{}{named}", self.prefix);
        if (!self.namings.is_empty() || !self.prefix.is_empty()) && !is_fit(&named, &labels) {
            let instead = named.chars().take(LONGEST_NAME).collect();
            return Err(MetricError::Named { name: name.to_owned(), instead });
        }
        let name = named.as_str();
        let mut families = self.families();
        let count = families.len();
        let family = match families.entry(named.clone()) {
            Entry::Occupied(family) => family.into_mut(),
            Entry::Vacant(_) if count >= MOST_FAMILIES => return Err(MetricError::TooMany),
            Entry::Vacant(slot) => {
                slot.insert(Family { help: help.to_owned(), kind, series: HashMap::new() })
            }
        };
        if family.kind != kind {
            return Err(MetricError::Kind(name.to_owned()));
        }
        let count = family.series.len();
        match family.series.entry(labels) {
            Entry::Occupied(series) => Ok(Some(series.get().clone())),
            Entry::Vacant(_) if count >= MOST_LABELS => Err(MetricError::TooManyLabels(name.to_owned())),
            Entry::Vacant(slot) => Ok(Some(slot.insert(Series::new(kind)).clone())),
        }
    }
}

impl Series {
    fn new(kind: Kind) -> Self {
        match kind {
            Kind::Counter => Self::Counter(Counter::default()),
            Kind::Gauge => Self::Gauge(Gauge::default()),
            Kind::Timing => Self::Timing(Timing::default()),
        }
    }

    fn value(&self) -> Value {
        match self {
            Self::Counter(counter) => Value::Counter(counter.get()),
            Self::Gauge(gauge) => Value::Gauge(gauge.get()),
            Self::Timing(timing) => Value::Timing(timing.get(), Distribution::default()),
        }
    }
}

/// Names and values of labels that are longer are refused: all of them are kept for good.
const LONGEST_NAME: usize = 128;
const LONGEST_LABEL: usize = 1024;

fn is_name(name: &str) -> bool {
    if name.len() > LONGEST_NAME {
        return false;
    }
    let mut letters = name.bytes();
    letters.next().is_some_and(|first| first.is_ascii_alphabetic() || first == b'_')
        && letters.all(|letter| letter.is_ascii_alphanumeric() || letter == b'_')
}

fn is_fit(name: &str, labels: &Labels) -> bool {
    is_name(name) && labels.iter().all(|(label, value)| is_name(label) && value.len() <= LONGEST_LABEL)
}

fn owned(labels: &[(&str, &str)]) -> Labels {
    labels.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Metrics").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_keeps_its_kind() {
        let metrics = Metrics::default();
        metrics.counter("x", "", &[]).unwrap();
        assert_eq!(metrics.gauge("x", "", &[]).unwrap_err(), MetricError::Kind("x".into()));
    }

    #[test]
    fn a_malformed_name_is_refused() {
        assert_eq!(Metrics::default().gauge("9-x", "", &[]).unwrap_err(), MetricError::Name("9-x".into()));
    }

    #[test]
    fn a_part_of_the_process_has_a_label_more_until_it_is_forgotten() {
        let metrics = Metrics::default();
        let [one, other] = ["one", "other"].map(|name| metrics.with_label("stream", name));
        for part in [&metrics, &one, &other] {
            part.counter("x", "", &[("a", "b")]).unwrap().inc();
        }
        assert!(metrics.render().contains("x_total{a=\"b\",stream=\"one\"} 1\n"), "{}", metrics.render());
        other.forget("stream", "one");
        assert_eq!(one.snapshot().families[0].samples.len(), 2);
        assert!(!metrics.render().contains("stream=\"one\""));
    }

    /// Drops what begins with `drop`, says the path before all others, and has a label of its own.
    struct ByPath;

    impl Naming for ByPath {
        fn name(&self, name: &str, labels: &Labels) -> Option<(String, Labels)> {
            let path = labels.iter().find(|(label, _)| label == "path").map_or("", |(_, path)| path);
            let own = vec![("own".to_owned(), "1".to_owned())];
            (!name.starts_with("drop")).then(|| (format!("{path}_{name}"), own))
        }
    }

    #[test]
    fn series_are_called_otherwise_one_naming_after_the_other() {
        let metrics = Metrics::default();
        let named = metrics.with_label("stream", "s").named_by(Arc::new(ByPath));
        let labels = [("path", "p"), ("more", "m")];
        named.counter("x", "", &labels).unwrap().inc();
        named.counter("dropped", "", &labels).unwrap().inc();
        named.named_by(Arc::new(ByPath)).gauge("y", "", &labels).unwrap();
        assert!(metrics.render().contains("\np_x_total{more=\"m\",own=\"1\"} 1\n"), "{}", metrics.render());
        assert!(metrics.render().contains("\n_p_y{more=\"m\",own=\"1\"} 0\n"), "{}", metrics.render());
        assert_eq!(metrics.snapshot().families.len(), 2);
        let refused = named.counter("x", "", &[("path", "a b")]).unwrap_err();
        assert_eq!(refused, MetricError::Named { name: "x".into(), instead: "a b_x".into() });
    }

    #[test]
    fn a_part_of_the_process_has_something_before_its_names() {
        let metrics = Metrics::default();
        let part = metrics.with_prefix("part_").with_label("a", "b");
        part.counter("x", "", &[]).unwrap().inc();
        metrics.counter("x", "", &[]).unwrap().inc_by(2);
        let shown = metrics.render();
        assert!(shown.contains("part_x_total{a=\"b\"} 1\n") && shown.contains("\nx_total 2\n"), "{shown}");
    }

    #[test]
    fn a_gauge_is_replaced_as_a_whole() {
        let metrics = Metrics::default();
        let labels = |of: &str| vec![("a".to_owned(), of.to_owned())];
        assert_eq!(metrics.replace_gauge("x", "", [(labels("b"), 1.0), (labels("c"), 2.0)]), Ok(0));
        let long = "y".repeat(LONGEST_LABEL + 1);
        assert_eq!(metrics.replace_gauge("x", "", [(labels("c"), 3.0), (labels(&long), 1.0)]), Ok(1));
        assert!(metrics.render().contains("x{a=\"c\"} 3") && !metrics.render().contains("a=\"b\""));
        metrics.counter("y", "", &[]).unwrap();
        assert_eq!(metrics.replace_gauge("y", "", []), Err(MetricError::Kind("y".into())));
    }

    #[test]
    fn the_same_labels_are_the_same_series() {
        let metrics = Metrics::default();
        for by in [1, 2] {
            metrics.counter("x", "", &[("a", "b")]).unwrap().inc_by(by);
        }
        let snapshot = metrics.snapshot();
        let sample = Sample { labels: vec![("a".into(), "b".into())], value: Value::Counter(3) };
        assert_eq!(snapshot.families[0].samples, [sample]);
    }
}
