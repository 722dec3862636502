//! How long to wait before something that failed is tried again.

use std::time::Duration;

pub(crate) use forebay_lifecycle::chance::part as random;
use forebay_pipeline_config::parse_duration;
use forebay_pipeline_config::spec::{FieldSpec, FieldType};
use forebay_plugins_api::OpenError;
use serde::Deserialize;
use tokio::time::Instant;

use super::opening::problem;

/// By what a pause is longer than the one before.
const MULTIPLIER: f64 = 1.5;
/// By what part of itself a pause is longer or shorter, at random.
const SPREAD: f64 = 0.5;

/// Pauses of a policy, from a first one up to the longest, for some time.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Policy {
    first: Duration,
    longest: Duration,
    /// No end without it.
    time: Option<Duration>,
}

/// The pauses of one thing that is tried again and again.
#[derive(Debug)]
pub(crate) struct Pauses {
    policy: Policy,
    next: Duration,
    begun: Instant,
}

/// The settings of a policy.
#[derive(Deserialize)]
pub(crate) struct Settings {
    initial_interval: String,
    max_interval: String,
    max_elapsed_time: String,
}

/// The fields of a policy.
pub(crate) fn fields() -> Vec<FieldSpec> {
    fields_with("10s", "1m")
}

/// The same with other defaults for the longest pause, and for how long to try.
pub(crate) fn fields_with(longest: &str, time: &str) -> Vec<FieldSpec> {
    let interval = |name, default: &str, docs| {
        FieldSpec::new(name, FieldType::String).with_default(default).with_docs(docs)
    };
    vec![
        interval(
            "initial_interval",
            "500ms",
            "The first pause; each is half as long again as the one before.",
        ),
        interval("max_interval", longest, "The longest pause."),
        interval("max_elapsed_time", time, "How long to try again at most; `0s` for no end."),
    ]
}

impl Policy {
    /// # Errors
    /// A setting of the policy in `field` is no duration.
    pub(crate) fn new(settings: &Settings, field: &str) -> Result<Self, OpenError> {
        let Settings { initial_interval, max_interval, max_elapsed_time } = settings;
        let duration = |name: &str, text: &str| {
            parse_duration(text).map_err(|error| problem(&format!("{field}/{name}"), &error.to_string()))
        };
        let time = duration("max_elapsed_time", max_elapsed_time)?;
        Ok(Self {
            first: duration("initial_interval", initial_interval)?,
            longest: duration("max_interval", max_interval)?,
            time: (!time.is_zero()).then_some(time),
        })
    }

    /// From half a second up to three, without an end.
    pub(crate) fn for_ever() -> Self {
        Self { first: Duration::from_millis(500), longest: Duration::from_secs(3), time: None }
    }

    /// Pauses whose time has begun at `begun`.
    pub(crate) fn begin(self, begun: Instant) -> Pauses {
        Pauses { policy: self, next: self.first, begun }
    }
}

impl Pauses {
    /// The pause after a failure; none when it is over.
    pub(crate) fn next(&mut self, now: Instant) -> Option<Duration> {
        self.next_at(now, random())
    }

    /// The same; `part` says where in its spread the pause is, from 0 up to 1.
    fn next_at(&mut self, now: Instant, part: f64) -> Option<Duration> {
        let pause = self.next.mul_f64(1.0 - SPREAD + 2.0 * SPREAD * part);
        // The first pause may be longer than the longest: it is the first one all the same.
        let Policy { longest, time, .. } = self.policy;
        self.next = if self.next.as_secs_f64() >= longest.as_secs_f64() / MULTIPLIER {
            longest
        } else {
            self.next.mul_f64(MULTIPLIER)
        };
        let elapsed = now.saturating_duration_since(self.begun);
        time.is_none_or(|time| elapsed.saturating_add(pause) <= time).then_some(pause)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(first: &str, longest: &str, time: &str) -> Policy {
        let [initial_interval, max_interval, max_elapsed_time] = [first, longest, time].map(str::to_owned);
        Policy::new(&Settings { initial_interval, max_interval, max_elapsed_time }, "").unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn pauses_grow_up_to_the_longest() {
        let begun = Instant::now();
        let mut pauses = policy("100ms", "300ms", "0s").begin(begun);
        let shown = [0.5; 5].map(|part| pauses.next_at(begun, part).unwrap().as_millis());
        assert_eq!(shown, [100, 150, 225, 300, 300]);
    }

    #[tokio::test(start_paused = true)]
    async fn pauses_are_spread_by_half() {
        let begun = Instant::now();
        let bound = |part| policy("100ms", "1s", "0s").begin(begun).next_at(begun, part).unwrap().as_millis();
        assert_eq!([bound(0.0), bound(1.0)], [50, 150]);
    }

    #[tokio::test(start_paused = true)]
    async fn no_pause_goes_past_the_time() {
        let begun = Instant::now();
        let mut pauses = policy("1s", "1s", "3s").begin(begun);
        let after = |seconds| begun + Duration::from_secs(seconds);
        assert!(pauses.next_at(after(2), 0.5).is_some());
        assert!(pauses.next_at(after(2), 0.6).is_none());
    }

    #[test]
    fn what_is_no_duration_is_refused() {
        let text = |text: &str| text.to_owned();
        let settings =
            Settings { initial_interval: text("1s"), max_interval: text("x"), max_elapsed_time: text("0") };
        let OpenError::Problem(problem) = Policy::new(&settings, "/backoff").unwrap_err() else { panic!() };
        assert_eq!(problem.field, "/backoff/max_interval");
    }
}
