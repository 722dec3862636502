//! How far partitions are done.
//!
//! A place may be committed when everything before it is settled. What is settled out of turn waits for what is before it.

use std::collections::{BTreeMap, HashMap, VecDeque};

use forebay_sdk::Token;
use forebay_sdk::kafka::{Position, TopicPartition};

/// All partitions that are read.
#[derive(Debug, Default)]
pub(super) struct Places {
    partitions: BTreeMap<TopicPartition, Place>,
    /// What was handed out, by its token. What a partition had when it was given up stays here until it is settled, and
    /// says nothing then.
    handed_out: HashMap<Token, (TopicPartition, u64)>,
    /// Counts how often a partition was begun: one that comes back is another one.
    turns: u64,
}

/// How far one partition is done.
#[derive(Debug, Default)]
struct Place {
    turn: u64,
    /// In the order of offsets. The first one is under way.
    parts: VecDeque<Part>,
    /// Messages of those that are under way.
    messages: usize,
    /// The offset behind all that is done, if that is known.
    done: Option<i64>,
    committed: Option<i64>,
}

#[derive(Debug)]
struct Part {
    token: Option<Token>,
    first: i64,
    next: i64,
    messages: usize,
}

impl Places {
    /// Begins partitions from where their records begin.
    pub(super) fn begin(&mut self, partitions: &[TopicPartition]) {
        for partition in partitions {
            self.place(partition);
        }
    }

    /// Notes that messages were handed out, from the offset `first` up to and without `next`.
    pub(super) fn hand_out(
        &mut self,
        token: Token,
        source: &TopicPartition,
        range: (i64, i64),
        messages: usize,
    ) {
        let place = self.place(source);
        let (first, next) = range;
        place.parts.push_back(Part { token: Some(token), first, next, messages });
        place.messages += messages;
        let turn = place.turn;
        self.handed_out.insert(token, (source.clone(), turn));
    }

    /// Notes that there is nothing to be handed out in a range of offsets.
    pub(super) fn pass_over(&mut self, source: &TopicPartition, (first, next): (i64, i64)) {
        let place = self.place(source);
        place.parts.push_back(Part { token: None, first, next, messages: 0 });
        place.advance();
    }

    /// Notes that everything with this token is done; the partition, if it is still read.
    pub(super) fn settle(&mut self, token: Token) -> Option<TopicPartition> {
        let (source, turn) = self.handed_out.remove(&token)?;
        let place = self.partitions.get_mut(&source).filter(|place| place.turn == turn)?;
        let part = place.parts.iter_mut().find(|part| part.token == Some(token))?;
        part.token = None;
        place.messages = place.messages.saturating_sub(std::mem::take(&mut part.messages));
        place.advance();
        Some(source)
    }

    /// Forgets who has handed out something that is not done, and stays so. Whether that is still read.
    pub(super) fn leave(&mut self, token: Token) -> Option<TopicPartition> {
        let (source, turn) = self.handed_out.remove(&token)?;
        self.partitions.get(&source).filter(|place| place.turn == turn)?;
        Some(source)
    }

    /// The partitions that are read.
    pub(super) fn sources(&self) -> impl Iterator<Item = &TopicPartition> {
        self.partitions.keys()
    }

    /// Messages of a partition that are under way.
    pub(super) fn under_way(&self, source: &TopicPartition) -> usize {
        self.partitions.get(source).map_or(0, |place| place.messages)
    }

    /// Whether nothing of these partitions is under way.
    pub(super) fn are_done(&self, partitions: &[TopicPartition]) -> bool {
        partitions.iter().all(|source| self.under_way(source) == 0)
    }

    /// Whether something is done and not committed.
    pub(super) fn has_to_commit(&self) -> bool {
        self.partitions.values().any(Place::has_to_commit)
    }

    /// The same of these partitions.
    pub(super) fn have_to_commit(&self, partitions: &[TopicPartition]) -> bool {
        partitions.iter().any(|source| self.partitions.get(source).is_some_and(Place::has_to_commit))
    }

    /// What is done and not committed, of all partitions.
    pub(super) fn to_commit(&self) -> Vec<Position> {
        let all = self.partitions.iter().filter(|(_, place)| place.has_to_commit());
        all.filter_map(|(source, place)| Some(Position { source: source.clone(), next: place.done? }))
            .collect()
    }

    /// Notes that this is committed.
    pub(super) fn committed(&mut self, positions: &[Position]) {
        for Position { source, next } in positions {
            if let Some(place) = self.partitions.get_mut(source) {
                place.committed = Some(*next);
            }
        }
    }

    /// Where reading has to go on so that nothing is left out: at the first message that is not done.
    pub(super) fn starts(&self) -> BTreeMap<TopicPartition, i64> {
        let start = |place: &Place| place.parts.front().map(|part| part.first).or(place.done);
        self.partitions.iter().filter_map(|(source, place)| Some((source.clone(), start(place)?))).collect()
    }

    /// Gives partitions up.
    pub(super) fn forget(&mut self, partitions: &[TopicPartition]) {
        for source in partitions {
            self.partitions.remove(source);
        }
    }

    fn place(&mut self, source: &TopicPartition) -> &mut Place {
        self.turns += 1;
        let turn = self.turns;
        self.partitions.entry(source.clone()).or_insert_with(|| Place { turn, ..Place::default() })
    }
}

impl Place {
    fn has_to_commit(&self) -> bool {
        self.done.is_some() && self.done != self.committed
    }

    fn advance(&mut self) {
        while let Some(part) = self.parts.pop_front_if(|part| part.token.is_none()) {
            self.done = Some(part.next);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(partition: i32) -> TopicPartition {
        TopicPartition { topic: "t".to_owned(), partition }
    }

    fn to_commit(places: &Places) -> Vec<(i32, i64)> {
        places.to_commit().iter().map(|position| (position.source.partition, position.next)).collect()
    }

    #[test]
    fn nothing_is_committed_before_what_is_before_it() {
        let mut places = Places::default();
        for (token, first) in [(1, 10), (2, 20), (3, 30)] {
            places.hand_out(token, &source(0), (first, first + 10), 10);
        }
        places.hand_out(4, &source(1), (5, 6), 1);
        assert_eq!(places.under_way(&source(0)), 30);
        assert_eq!(places.settle(2), Some(source(0)));
        assert_eq!((places.under_way(&source(0)), to_commit(&places)), (20, vec![]));
        places.settle(1);
        assert_eq!(to_commit(&places), [(0, 30)]);
        places.settle(4);
        assert_eq!(to_commit(&places), [(0, 30), (1, 6)]);
        places.committed(&places.to_commit());
        assert_eq!(to_commit(&places), []);
        places.settle(3);
        assert_eq!(to_commit(&places), [(0, 40)]);
        assert!(places.are_done(&[source(0), source(1), source(7)]));
    }

    #[test]
    fn what_holds_no_messages_is_passed_over_in_its_turn() {
        let mut places = Places::default();
        places.hand_out(1, &source(0), (10, 20), 3);
        places.pass_over(&source(0), (20, 25));
        assert_eq!(to_commit(&places), []);
        places.settle(1);
        assert_eq!(to_commit(&places), [(0, 25)]);
        places.pass_over(&source(0), (25, 26));
        assert_eq!(to_commit(&places), [(0, 26)]);
    }

    #[test]
    fn what_was_given_up_says_nothing_when_it_comes_back() {
        let mut places = Places::default();
        places.hand_out(1, &source(0), (10, 20), 10);
        places.forget(&[source(0)]);
        assert!(places.are_done(&[source(0)]));
        places.hand_out(2, &source(0), (10, 20), 10);
        assert_eq!(places.settle(1), None);
        assert_eq!(to_commit(&places), []);
        places.settle(2);
        assert_eq!(to_commit(&places), [(0, 20)]);
        assert!(places.handed_out.is_empty());
    }

    #[test]
    fn reading_goes_on_at_the_first_message_that_is_not_done() {
        let mut places = Places::default();
        places.begin(&[source(2)]);
        places.hand_out(1, &source(0), (10, 20), 10);
        places.hand_out(2, &source(0), (20, 30), 10);
        places.hand_out(3, &source(1), (5, 6), 1);
        places.settle(2);
        places.settle(3);
        assert_eq!(places.leave(1), Some(source(0)));
        assert_eq!(places.starts(), BTreeMap::from([(source(0), 10), (source(1), 6)]));
        assert_eq!(to_commit(&places), [(1, 6)]);
    }
}
