use super::Algorithm;
use super::recent::Recent;

/// The adaptive replacement cache: as with two queues, but how long the row of values that were used once may be
/// follows from which of the values that went come again.
pub(super) struct Adaptive {
    most: usize,
    /// How long the first row should be.
    target: usize,
    once: Recent<Vec<u8>>,
    often: Recent<Vec<u8>>,
    /// Keys that went from the first row, and from the second.
    gone_once: Recent<()>,
    gone_often: Recent<()>,
}

impl Adaptive {
    pub(super) fn new(most: usize) -> Self {
        Self {
            most,
            target: 0,
            once: Recent::new(most),
            often: Recent::new(most),
            gone_once: Recent::new(most),
            gone_often: Recent::new(most),
        }
    }

    /// Makes room for one more, where there is none.
    fn make_room(&mut self, was_often: bool) {
        if self.once.len() + self.often.len() < self.most {
            return;
        }
        let first = self.once.len();
        let is_too_long = first > self.target || (first == self.target && was_often);
        if is_too_long && let Some((key, _)) = self.once.take_oldest() {
            self.gone_once.insert(key, ());
        } else if let Some((key, _)) = self.often.take_oldest() {
            self.gone_often.insert(key, ());
        }
    }

    /// Keeps as few keys of gone values as the length of the first row asks for.
    fn forget(&mut self) {
        if self.gone_once.len() > self.most - self.target {
            self.gone_once.take_oldest();
        }
        if self.gone_often.len() > self.target {
            self.gone_often.take_oldest();
        }
    }
}

impl Algorithm for Adaptive {
    fn get(&mut self, key: &str) -> Option<&[u8]> {
        if let Some((key, value)) = self.once.take(key) {
            self.often.insert(key, value);
        }
        self.often.use_entry(key).map(Vec::as_slice)
    }

    fn contains(&self, key: &str) -> bool {
        self.once.has(key) || self.often.has(key)
    }

    fn put(&mut self, key: String, value: Vec<u8>) {
        // Neither length is zero where a key of that row is divided by.
        let (gone_once, gone_often) = (self.gone_once.len(), self.gone_often.len());
        if self.once.take(&key).is_some() || self.often.has(&key) {
            self.often.insert(key, value);
        } else if self.gone_once.has(&key) {
            let step = (gone_often / gone_once).max(1);
            self.target = self.target.saturating_add(step).min(self.most);
            self.make_room(false);
            self.gone_once.take(&key);
            self.often.insert(key, value);
        } else if self.gone_often.has(&key) {
            let step = (gone_once / gone_often).max(1);
            self.target = self.target.saturating_sub(step);
            self.make_room(true);
            self.gone_often.take(&key);
            self.often.insert(key, value);
        } else {
            self.make_room(false);
            self.forget();
            self.once.insert(key, value);
        }
    }

    fn remove(&mut self, key: &str) {
        let rows = [&mut self.once, &mut self.often];
        if rows.into_iter().all(|row| row.take(key).is_none()) && self.gone_once.take(key).is_none() {
            self.gone_often.take(key);
        }
    }
}
