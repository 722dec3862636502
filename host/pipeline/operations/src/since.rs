use std::fmt;
use std::time::{Duration, Instant};

use forebay_lifecycle::clock;

/// The moment at which a part of the process began. Shown as how long that is ago, in the form of Go: `1h2m3.5s`.
#[derive(Debug, Clone, Copy)]
pub struct Since(Instant);

impl Since {
    #[must_use]
    pub fn now() -> Self {
        Self(clock::now())
    }

    /// How long that is ago.
    #[must_use]
    pub fn elapsed(self) -> Duration {
        clock::now().saturating_duration_since(self.0)
    }

    /// A duration in the form of Go.
    #[must_use]
    pub fn text(duration: Duration) -> String {
        let (seconds, nanoseconds) = (duration.as_secs(), duration.subsec_nanos());
        if seconds == 0 {
            let (unit, size) = match nanoseconds {
                0 => return "0s".to_owned(),
                1..=999 => ("ns", 1),
                1_000..=999_999 => ("\u{b5}s", 1_000),
                _ => ("ms", 1_000_000),
            };
            return format!("{}{unit}", decimal(u64::from(nanoseconds / size), nanoseconds % size, size));
        }
        let (hours, minutes) = (seconds / 3600, seconds / 60 % 60);
        let rest = decimal(seconds % 60, nanoseconds, 1_000_000_000);
        match (hours, minutes) {
            (0, 0) => format!("{rest}s"),
            (0, _) => format!("{minutes}m{rest}s"),
            _ => format!("{hours}h{minutes}m{rest}s"),
        }
    }
}

/// A number with so many parts of a whole behind the point, without zeros at its end.
fn decimal(whole: u64, part: u32, of: u32) -> String {
    if part == 0 {
        return whole.to_string();
    }
    let digits = of.ilog10() as usize;
    format!("{whole}.{}", format!("{part:0digits$}").trim_end_matches('0'))
}

impl fmt::Display for Since {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&Self::text(self.elapsed()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_shown_as_go_shows_them() {
        let shown = |nanoseconds| Since::text(Duration::from_nanos(nanoseconds));
        assert_eq!([0, 7, 1_500, 2_000_001].map(shown), ["0s", "7ns", "1.5\u{b5}s", "2.000001ms"]);
        assert_eq!([1_000_000_000, 61_500_000_000].map(shown), ["1s", "1m1.5s"]);
        assert_eq!(shown(3_600_000_000_000 + 5_000_000_000), "1h0m5s");
    }
}
