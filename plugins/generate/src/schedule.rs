//! When messages are made.

use std::time::Duration;

use forebay_sdk::config::parse_duration;
use forebay_sdk::time;
use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::cron::Cron;

/// When messages are made.
#[derive(Debug)]
pub(crate) enum Schedule {
    /// As fast as possible.
    Always,
    /// At intervals, of which a late one does not push the others back.
    Every { interval: Duration, next: Due },
    /// At the times of an expression.
    Cron { cron: Box<Cron>, next: Option<Timestamp> },
}

/// When the next interval ends, by the clock that never goes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Due {
    /// At once.
    Now,
    /// One interval after the first time that anybody asks.
    Later,
    At(Duration),
}

impl Schedule {
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        if text.is_empty() {
            return Ok(Self::Always);
        }
        if let Some(interval) = parse_duration(text) {
            return Ok(Self::every(interval, Due::Now));
        }
        let (zone, expression) = split_zone(text)?;
        if let Some(interval) = expression.strip_prefix("@every ") {
            let interval =
                parse_duration(interval.trim()).ok_or_else(|| not_understood(text, "no duration"))?;
            return Ok(Self::every(interval, Due::Later));
        }
        let cron = Cron::parse(expression, zone).map_err(|problem| not_understood(text, &problem))?;
        Ok(Self::Cron { cron: Box::new(cron), next: None })
    }

    fn every(interval: Duration, next: Due) -> Self {
        if interval.is_zero() { Self::Always } else { Self::Every { interval, next } }
    }

    /// How long it is until messages are due.
    pub(crate) fn remaining(&mut self) -> Duration {
        match self {
            Self::Always => Duration::ZERO,
            Self::Every { interval, next } => {
                let now = time::monotonic();
                match *next {
                    Due::Now => *next = Due::At(now),
                    Due::Later => *next = Due::At(now + *interval),
                    Due::At(_) => {}
                }
                match *next {
                    Due::At(at) => at.saturating_sub(now),
                    Due::Now | Due::Later => Duration::ZERO,
                }
            }
            Self::Cron { cron, next } => {
                let now = wall_clock();
                if next.is_none() {
                    *next = cron.next(now);
                }
                // Where no time is left, the longest wait there is.
                let next = next.unwrap_or(Timestamp::MAX);
                Duration::try_from(next.duration_since(now)).unwrap_or(Duration::ZERO)
            }
        }
    }

    /// Says that messages were made.
    pub(crate) fn done(&mut self) {
        match self {
            Self::Always => {}
            Self::Every { interval, next } => {
                let now = time::monotonic();
                let Due::At(at) = *next else { return };
                // At most one interval is caught up with.
                *next = Due::At((at + *interval).max(now.saturating_sub(*interval)));
            }
            Self::Cron { next, .. } => *next = None,
        }
    }
}

/// Splits the zone off an expression; without one it is UTC.
fn split_zone(text: &str) -> Result<(TimeZone, &str), String> {
    let Some(rest) = text.strip_prefix("TZ=").or_else(|| text.strip_prefix("CRON_TZ=")) else {
        return Ok((TimeZone::UTC, text));
    };
    let (name, expression) = rest.split_once(' ').ok_or_else(|| not_understood(text, "no expression"))?;
    let zone = TimeZone::get(name).map_err(|_| not_understood(text, &format!("unknown time zone {name}")))?;
    Ok((zone, expression.trim_start()))
}

fn not_understood(text: &str, problem: &str) -> String {
    format!("{text:?} is neither a duration nor a cron expression: {problem}")
}

fn wall_clock() -> Timestamp {
    Timestamp::UNIX_EPOCH.saturating_add(time::now()).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Schedule;
    use forebay_sdk::testing;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn the_first_interval_is_free_for_durations_alone() {
        assert_eq!(Schedule::parse("5s").expect("right").remaining(), Duration::ZERO);
        assert_eq!(Schedule::parse("@every 5s").expect("right").remaining(), 5 * SECOND);
        assert_eq!(Schedule::parse("").expect("right").remaining(), Duration::ZERO);
    }

    #[test]
    fn intervals_do_not_drift() {
        testing::set_now(Duration::ZERO);
        let mut schedule = Schedule::parse("10s").expect("right");
        assert_eq!(schedule.remaining(), Duration::ZERO);
        testing::set_now(SECOND);
        schedule.done();
        assert_eq!(schedule.remaining(), 9 * SECOND);
        testing::set_now(100 * SECOND);
        schedule.done();
        assert_eq!(schedule.remaining(), Duration::ZERO);
        schedule.done();
        assert_eq!(schedule.remaining(), Duration::ZERO);
        schedule.done();
        assert_eq!(schedule.remaining(), 10 * SECOND);
    }

    #[test]
    fn cron_times_are_those_of_the_zone() {
        testing::set_now(Duration::ZERO);
        let remaining = |text| Schedule::parse(text).map(|mut schedule| schedule.remaining());
        assert_eq!(remaining("0 3 * * *"), Ok(3 * 3600 * SECOND));
        assert_eq!(remaining("TZ=Asia/Tokyo 0 10 * * *"), Ok(3600 * SECOND));
        assert!(
            remaining("TZ=Nowhere 0 10 * * *").is_err_and(|problem| problem.contains("unknown time zone"))
        );
    }
}
