use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use forebay_pipeline_config::parse_duration;
use forebay_pipeline_config::spec::{ComponentSpec, FieldSpec, FieldType};
use forebay_plugins_api::{OpenError, RateLimit};
use serde::Deserialize;
use serde_json::Value as Json;
use tokio::time::Instant;

use super::{Own, spec};
use crate::structure::problem;

pub(super) const OWN: Own = Own { name: "local", spec: specification, open };

fn specification() -> ComponentSpec {
    let fields = vec![
        FieldSpec::new("count", FieldType::Int)
            .with_default(1000)
            .with_docs("How often something may be done in the interval; `0` for no limit of that."),
        FieldSpec::new("byte_size", FieldType::Int).with_default(0).with_docs(
            "How many bytes of messages may pass in the interval; `0` for no limit of that. A message that is larger \
             never passes.",
        ),
        FieldSpec::new("interval", FieldType::String)
            .with_default("1s")
            .with_docs("How long it takes until all is allowed anew, such as `100ms` or `1m`."),
    ];
    let description = "Counting begins with the pipeline. Once more is asked for than is allowed, everybody waits until \
                       the interval is over; the next one begins when somebody asks again. All components of a \
                       pipeline that name the same label share one limit, those of other processes do not.";
    let summary = "Allows so many uses, or so many bytes, in every interval.";
    let config = FieldSpec::new("", FieldType::Object).with_fields(fields);
    ComponentSpec { description: description.to_owned(), ..spec(OWN.name, summary, config) }
}

#[derive(Deserialize)]
struct Settings {
    count: i64,
    byte_size: i64,
    interval: String,
}

/// What is allowed in an interval. None of both is no limit.
#[derive(Clone, Copy)]
struct Allowance {
    count: Option<u64>,
    bytes: Option<u64>,
}

/// An interval, and what of it is left.
struct Window {
    allowed: Allowance,
    interval: Duration,
    left: Allowance,
    /// Somebody was told to wait for the end.
    is_over: bool,
    begun: Instant,
}

struct Local(Mutex<Window>);

fn open(settings: &Json) -> Result<Arc<dyn RateLimit>, OpenError> {
    let Settings { count, byte_size, interval } =
        Settings::deserialize(settings).map_err(|error| problem("", &error.to_string()))?;
    let interval = parse_duration(&interval).map_err(|error| problem("/interval", &error.to_string()))?;
    let limit = |limit: i64, field: &str| match u64::try_from(limit) {
        Ok(limit) => Ok(Some(limit).filter(|limit| *limit > 0)),
        Err(_) => Err(problem(&format!("/{field}"), &format!("{field} cannot be less than zero"))),
    };
    let allowed = Allowance { count: limit(count, "count")?, bytes: limit(byte_size, "byte_size")? };
    if allowed.count.is_none() && allowed.bytes.is_none() {
        return Err(problem("", "either count or byte size must be larger than zero"));
    }
    Ok(Arc::new(Local(Mutex::new(Window::new(allowed, interval, Instant::now())))))
}

impl Window {
    fn new(allowed: Allowance, interval: Duration, now: Instant) -> Self {
        Self { allowed, interval, left: allowed, is_over: false, begun: now }
    }

    /// How long to wait, before something is done or, if it is for a message of so many bytes, before asking again.
    ///
    /// As in Bento, a question without a message that ends an interval is not counted in the next one.
    fn access(&mut self, bytes: Option<u64>, now: Instant) -> Result<Duration, String> {
        if let Some(bytes) = bytes {
            if now.duration_since(self.begun) >= self.interval {
                self.begin(now);
            }
            if let Some(most) = self.allowed.bytes.filter(|most| bytes > *most && !self.interval.is_zero()) {
                return Err(format!("a message of {bytes} bytes never passes where byte_size is {most}"));
            }
            if !self.is_over {
                self.is_over = take(&mut self.left.bytes, bytes);
            }
        }
        self.is_over |= take(&mut self.left.count, 1);
        if !self.is_over {
            return Ok(Duration::ZERO);
        }
        let rest = self.interval.saturating_sub(now.duration_since(self.begun));
        if rest.is_zero() {
            self.begin(now);
        }
        Ok(rest)
    }

    fn begin(&mut self, now: Instant) {
        *self = Self::new(self.allowed, self.interval, now);
    }
}

/// Takes a part of what is left; whether that was more than there is.
fn take(left: &mut Option<u64>, part: u64) -> bool {
    let Some(left) = left else { return false };
    let is_too_much = part > *left;
    *left = left.saturating_sub(part);
    is_too_much
}

#[async_trait]
impl RateLimit for Local {
    async fn access(&self, bytes: Option<usize>) -> Result<Duration, String> {
        // Nothing that holds it can leave it half changed.
        let mut window = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        window.access(bytes.map(|bytes| bytes as u64), Instant::now())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn window(count: u64, bytes: u64) -> (Window, Instant) {
        let now = Instant::now();
        let limit = |limit| Some(limit).filter(|limit| *limit > 0);
        (Window::new(Allowance { count: limit(count), bytes: limit(bytes) }, SECOND, now), now)
    }

    #[tokio::test]
    async fn after_so_many_uses_everybody_waits_for_the_next_interval() {
        let (mut window, begun) = window(3, 0);
        let at = |tenths: u32| begun + SECOND / 10 * tenths;
        for tenths in [0, 2, 5] {
            assert_eq!(window.access(Some(7), at(tenths)), Ok(Duration::ZERO));
        }
        assert_eq!(window.access(Some(7), at(6)), Ok(SECOND / 10 * 4));
        assert_eq!(window.access(Some(7), at(9)), Ok(SECOND / 10));
        for tenths in [10, 10, 11] {
            assert_eq!(window.access(Some(7), at(tenths)), Ok(Duration::ZERO));
        }
        assert_eq!(window.access(Some(7), at(12)), Ok(SECOND / 10 * 8), "the interval began with the use");
    }

    #[tokio::test]
    async fn an_interval_that_nobody_exceeds_goes_on_for_uses_without_a_message() {
        let (mut window, begun) = window(2, 0);
        assert_eq!(window.access(None, begun), Ok(Duration::ZERO));
        assert_eq!(window.access(None, begun + SECOND * 5), Ok(Duration::ZERO));
        // This one ends the interval and is free, as in Bento.
        for _ in 0..3 {
            assert_eq!(window.access(None, begun + SECOND * 5), Ok(Duration::ZERO));
        }
        assert_eq!(window.access(None, begun + SECOND * 5), Ok(SECOND));
    }

    #[tokio::test]
    async fn bytes_are_limited_too() {
        let (mut window, begun) = window(0, 10);
        assert_eq!(window.access(Some(6), begun), Ok(Duration::ZERO));
        assert_eq!(window.access(Some(4), begun), Ok(Duration::ZERO));
        assert_eq!(window.access(Some(0), begun), Ok(Duration::ZERO));
        assert_eq!(window.access(Some(1), begun), Ok(SECOND));
        assert_eq!(window.access(None, begun), Ok(SECOND), "the interval is over for all");
        assert_eq!(window.access(Some(10), begun + SECOND), Ok(Duration::ZERO));
        let error = window.access(Some(11), begun + SECOND).unwrap_err();
        assert_eq!(error, "a message of 11 bytes never passes where byte_size is 10");
    }

    #[test]
    fn settings_that_allow_nothing_are_refused() {
        for (count, byte_size, interval, expected) in [
            (-1, 0, "1s", "count cannot be less than zero"),
            (1, -1, "1s", "byte_size cannot be less than zero"),
            (0, 0, "1s", "either count or byte size must be larger than zero"),
            (1, 0, "1x", "`1x` is not a duration such as 20s, 1m30s or 100ms"),
        ] {
            let error = open(&json!({"count": count, "byte_size": byte_size, "interval": interval})).err();
            let shown = error.unwrap().to_string();
            assert!(shown.contains(expected), "{shown}");
        }
    }

    #[tokio::test]
    async fn no_interval_is_no_limit() {
        let limit = open(&json!({"count": 1, "byte_size": 1, "interval": "0s"})).unwrap();
        for _ in 0..9 {
            assert_eq!(limit.access(Some(9)).await, Ok(Duration::ZERO));
        }
    }
}
