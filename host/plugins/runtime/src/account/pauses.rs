use std::time::Duration;

use forebay_lifecycle::{Backoff, clock};

use crate::limits::Limits;

/// Pauses between the instances of a component that is lost again and again.
#[derive(Debug)]
pub(super) struct Pauses {
    longest: Duration,
    /// CPU time that a component may lose before it has to pause, beyond what it has put to use.
    allowance: Duration,
    /// CPU time that was lost, less that of calls that went well.
    wasted: Duration,
    /// Losses since the last call that went well.
    losses: u32,
    backoff: Backoff,
    until: Option<std::time::Instant>,
}

/// So many losses in a row cost no pause: the halving of a batch around one bad message makes a few.
const FREE_LOSSES: u32 = 12;
const FIRST_PAUSE: Duration = Duration::from_millis(10);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// Past the allowance, a lost call is followed by a pause of that many times its CPU time: what never
/// gives a result gets a twentieth of a core.
const CPU_PAUSE: u32 = 19;
/// The allowance, in calls that use all the CPU time they may.
const FREE_CALLS: u32 = 2;

impl Pauses {
    pub(super) fn new(limits: &Limits) -> Self {
        let backoff = Backoff::new(FIRST_PAUSE, LONGEST_PAUSE);
        Self {
            longest: limits.pause,
            allowance: limits.cpu * FREE_CALLS,
            wasted: Duration::ZERO,
            losses: 0,
            backoff,
            until: None,
        }
    }

    /// Notes that a call that used so much CPU time went well.
    pub(super) fn good(&mut self, cpu: Duration) {
        self.wasted = self.wasted.saturating_sub(cpu);
        if self.losses > 0 {
            self.losses = 0;
            self.backoff.reset();
        }
    }

    /// Notes that an instance was lost in a call that had used so much CPU time.
    pub(super) fn lost(&mut self, cpu: Duration) {
        self.losses += 1;
        self.wasted += cpu;
        let excess = self.wasted.saturating_sub(self.allowance);
        // What is paid for by a pause does not count again.
        self.wasted = self.wasted.min(self.allowance);
        let after_cpu = excess * CPU_PAUSE;
        let after_losses = if self.losses > FREE_LOSSES { self.backoff.pause() } else { Duration::ZERO };
        let pause = after_cpu.max(after_losses).min(self.longest);
        self.until = (!pause.is_zero()).then(|| clock::now() + pause);
    }

    /// How long the next instance has to wait; `None`: not at all.
    pub(super) fn left(&self) -> Option<Duration> {
        let until = self.until?;
        Some(until.saturating_duration_since(clock::now())).filter(|left| !left.is_zero())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_lost_now_and_then_does_not_pause() {
        let mut pauses = Pauses::new(&Limits::default());
        for _ in 0..100 {
            pauses.lost(Duration::from_secs(1));
            pauses.good(Duration::from_secs(2));
        }
        assert_eq!(pauses.left(), None);
    }

    #[test]
    fn what_is_always_lost_pauses() {
        let mut pauses = Pauses::new(&Limits::default());
        (0..=FREE_LOSSES).for_each(|_| pauses.lost(Duration::ZERO));
        assert!(pauses.left().is_some());
    }

    #[test]
    fn cpu_time_lost_past_the_allowance_is_paid_for() {
        let mut pauses = Pauses::new(&Limits { cpu: Duration::from_secs(2), ..Limits::default() });
        pauses.lost(Duration::from_secs(2));
        pauses.lost(Duration::from_secs(2));
        assert_eq!(pauses.left(), None);
        // A short call in between changes nothing.
        pauses.good(Duration::from_millis(1));
        pauses.lost(Duration::from_secs(2));
        assert!(pauses.left().unwrap() > Duration::from_secs(30));
    }
}
