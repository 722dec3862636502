use std::collections::HashMap;

use forebay_sdk::{Outcome, Settlement, Token, files, log};

/// Which files are to be removed, and when.
#[derive(Default)]
pub(super) struct Finished {
    /// The file of each batch that is not settled, by its number.
    under_way: HashMap<Token, u64>,
    /// The files that are to be removed.
    files: HashMap<u64, File>,
    /// The number of the file that is being read.
    current: u64,
    next_token: Token,
}

struct File {
    path: String,
    /// How many of its batches are not settled.
    batches: usize,
    is_read: bool,
    /// Whether something of it was not delivered.
    is_kept: bool,
}

impl Finished {
    /// Starts a file, which is to be removed in the end if it has a path here.
    pub(super) fn begin(&mut self, remove: Option<String>) {
        self.current += 1;
        if let Some(path) = remove {
            self.files.insert(self.current, File { path, batches: 0, is_read: false, is_kept: false });
        }
    }

    /// A token for a batch of the file that is being read.
    pub(super) fn token(&mut self) -> Token {
        self.next_token += 1;
        if let Some(file) = self.files.get_mut(&self.current) {
            file.batches += 1;
            self.under_way.insert(self.next_token, self.current);
        }
        self.next_token
    }

    /// Says that the file has no more batches; `whole` where all of it was read.
    pub(super) fn end(&mut self, whole: bool) {
        if let Some(file) = self.files.get_mut(&self.current) {
            file.is_read = true;
            file.is_kept |= !whole;
        }
        self.remove(self.current);
    }

    pub(super) fn settle(&mut self, settled: Vec<Settlement>) {
        for Settlement { token, outcome, .. } in settled {
            let Some(number) = self.under_way.remove(&token) else { continue };
            if let Some(file) = self.files.get_mut(&number) {
                file.batches -= 1;
                file.is_kept |= outcome != Outcome::Acknowledged;
            }
            self.remove(number);
        }
    }

    /// Removes a file if it was read and all of it is settled.
    fn remove(&mut self, number: u64) {
        let is_done = |file: &File| file.is_read && file.batches == 0;
        let Some(file) = self.files.get(&number).filter(|file| is_done(file)) else { return };
        if !file.is_kept
            && let Err(error) = files::remove(&file.path)
        {
            log::error(format!("remove {}: {error}", file.path));
        }
        self.files.remove(&number);
    }
}

#[cfg(test)]
mod tests {
    use forebay_sdk::{Outcome, Settlement, testing};

    use super::Finished;

    /// Natively there are no files: what is to be removed is logged.
    fn removed() -> Vec<String> {
        testing::take_log().into_iter().map(|line| line.message).collect()
    }

    fn settled(token: u64, outcome: Outcome) -> Vec<Settlement> {
        vec![Settlement::new(token, outcome)]
    }

    #[test]
    fn a_file_is_removed_when_it_was_read_and_delivered() {
        let mut finished = Finished::default();
        finished.begin(Some("a".to_owned()));
        let (first, second) = (finished.token(), finished.token());
        finished.settle(settled(first, Outcome::Acknowledged));
        finished.end(true);
        finished.begin(Some("b".to_owned()));
        assert!(removed().is_empty());
        finished.settle(settled(second, Outcome::Acknowledged));
        assert!(removed()[0].starts_with("remove a: "));
        finished.end(true);
        assert!(removed()[0].starts_with("remove b: "));
    }

    #[test]
    fn a_file_of_which_something_was_lost_is_kept() {
        let mut finished = Finished::default();
        finished.begin(Some("a".to_owned()));
        let token = finished.token();
        finished.end(true);
        finished.settle(settled(token, Outcome::Rejected { reason: String::new(), messages: None }));
        finished.begin(Some("b".to_owned()));
        finished.end(false);
        finished.begin(None);
        finished.token();
        finished.end(true);
        assert!(removed().is_empty());
    }
}
