use forebay_sdk::Problem;

use super::Algorithm;
use super::recent::Recent;

/// Values that were used once and those that were used more often stand in two rows, so that many new ones don't push
/// out the old ones.
pub(super) struct TwoQueues {
    most: usize,
    /// With how many of the first row the next value to go is one of them.
    share: usize,
    once: Recent<Vec<u8>>,
    often: Recent<Vec<u8>>,
    /// Keys that went from the first row, and stand in the second one when they come again.
    gone: Recent<()>,
}

impl TwoQueues {
    /// # Errors
    /// A ratio is not between zero and one, or no gone key could be remembered.
    pub(super) fn new(most: usize, recent_ratio: f64, ghost_ratio: f64) -> Result<Self, Problem> {
        let ratios = [("recent", recent_ratio), ("ghost", ghost_ratio)];
        if let Some((which, _)) = ratios.into_iter().find(|(_, ratio)| !(0.0..=1.0).contains(ratio)) {
            let field = format!("/two_queues_{which}_ratio");
            return Err(Problem::new(format!("invalid {which} ratio: it must be between 0 and 1")).at(field));
        }
        let remembered = part(most, ghost_ratio);
        if remembered == 0 {
            let reason = format!("must provide a positive size: of {most} this is less than one entry");
            return Err(Problem::new(reason).at("/two_queues_ghost_ratio"));
        }
        Ok(Self {
            most,
            share: part(most, recent_ratio),
            once: Recent::new(most),
            often: Recent::new(most),
            gone: Recent::new(remembered),
        })
    }

    /// Makes room for one more, where there is none.
    fn make_room(&mut self, was_gone: bool) {
        if self.once.len() + self.often.len() < self.most {
            return;
        }
        let first = self.once.len();
        let is_too_long = first > self.share || (first == self.share && !was_gone);
        if is_too_long && let Some((key, _)) = self.once.take_oldest() {
            self.gone.insert(key, ());
        } else {
            self.often.take_oldest();
        }
    }
}

/// So much of a number, whole.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a part of a number that is not negative, cut"
)]
fn part(of: usize, ratio: f64) -> usize {
    (of as f64 * ratio) as usize
}

impl Algorithm for TwoQueues {
    fn get(&mut self, key: &str) -> Option<&[u8]> {
        if let Some((key, value)) = self.once.take(key) {
            self.often.insert(key, value);
        }
        self.often.use_entry(key).map(Vec::as_slice)
    }

    fn contains(&self, key: &str) -> bool {
        self.often.has(key) || self.once.has(key)
    }

    fn put(&mut self, key: String, value: Vec<u8>) {
        if self.often.has(&key) || self.once.take(&key).is_some() {
            self.often.insert(key, value);
        } else if self.gone.has(&key) {
            self.make_room(true);
            self.gone.take(&key);
            self.often.insert(key, value);
        } else {
            self.make_room(false);
            self.once.insert(key, value);
        }
    }

    fn remove(&mut self, key: &str) {
        if self.often.take(key).is_none() && self.once.take(key).is_none() {
            self.gone.take(key);
        }
    }
}
