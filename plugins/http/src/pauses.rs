use std::time::Duration;

/// The pauses between the tries of all requests of a component. They grow from one request to the next
/// too, until one succeeds.
pub(crate) struct Pauses {
    usual: Duration,
    longest: Duration,
    current: Duration,
    /// Whether something was tried again since the last success.
    is_begun: bool,
}

impl Pauses {
    pub(crate) fn new(usual: Duration, longest: Duration) -> Self {
        Self { usual, longest, current: usual, is_begun: false }
    }

    /// The pause before the next try.
    pub(crate) fn next(&mut self, grows: bool) -> Duration {
        if grows && self.is_begun && self.current < self.longest {
            self.current = self.current.saturating_mul(2).min(self.longest);
        }
        self.is_begun = true;
        self.current
    }

    /// A request has succeeded.
    pub(crate) fn reset(&mut self) {
        self.current = self.usual;
        self.is_begun = false;
    }
}

#[cfg(test)]
mod tests {
    use super::{Duration, Pauses};

    #[test]
    fn pauses_double_up_to_the_longest_where_they_are_to_grow() {
        let mut pauses = Pauses::new(Duration::from_secs(1), Duration::from_secs(5));
        let seconds: Vec<_> =
            [true, true, false, true, true, false].map(|grows| pauses.next(grows).as_secs()).into();
        assert_eq!(seconds, [1, 2, 2, 4, 5, 5]);
        pauses.reset();
        assert_eq!(pauses.next(true).as_secs(), 1);
    }

    #[test]
    fn a_usual_pause_above_the_longest_stays() {
        let mut pauses = Pauses::new(Duration::from_secs(9), Duration::from_secs(5));
        assert_eq!([true, true].map(|grows| pauses.next(grows).as_secs()), [9, 9]);
    }
}
