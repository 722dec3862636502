use super::{Batch, VecDeque};

/// Messages that are sent one after the other.
pub(super) struct Lane {
    batch: Batch,
    /// The indexes of those that are not delivered yet, the first of which is sent.
    waiting: VecDeque<u32>,
    order: Order,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Order {
    /// All with one request.
    Together,
    /// Each with its own, up to the first that fails.
    Chained,
    /// Each with its own, whatever becomes of the others.
    Apart,
}

impl Lane {
    /// The lanes of a batch: one, or, where messages stand for themselves, as many as there is room for.
    pub(super) fn of(batch: &Batch, as_multipart: bool, room: usize) -> Vec<Self> {
        let messages = u32::try_from(batch.len()).unwrap_or(u32::MAX);
        let (order, count) = match (batch.independent(), as_multipart) {
            (true, _) => (Order::Apart, room.clamp(1, batch.len().max(1))),
            (false, true) => (Order::Together, 1),
            (false, false) => (Order::Chained, 1),
        };
        let lane = |first: u32| Self {
            batch: batch.slice(0..batch.len()),
            waiting: (first..messages).step_by(count).collect(),
            order,
        };
        (0..u32::try_from(count).unwrap_or(1)).map(lane).collect()
    }

    /// What is sent next.
    pub(super) fn next(&self) -> Option<Batch> {
        let first = *self.waiting.front()? as usize;
        Some(match self.order {
            Order::Together => self.batch.slice(0..self.batch.len()),
            Order::Chained | Order::Apart => self.batch.slice(first..first + 1),
        })
    }

    /// All that is not delivered yet.
    pub(super) fn rest(&self) -> Vec<u32> {
        self.waiting.iter().copied().collect()
    }

    /// What was sent last is delivered.
    pub(super) fn delivered(&mut self) {
        match self.order {
            Order::Together => self.waiting.clear(),
            Order::Chained | Order::Apart => drop(self.waiting.pop_front()),
        }
    }

    /// What was sent last has failed: the messages that are not delivered for that.
    pub(super) fn failed(&mut self) -> Vec<u32> {
        match self.order {
            Order::Together | Order::Chained => self.waiting.drain(..).collect(),
            Order::Apart => self.waiting.pop_front().into_iter().collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use forebay_sdk::testing;

    use super::{Batch, Lane};

    fn rests(lanes: &[Lane]) -> Vec<Vec<u32>> {
        lanes.iter().map(Lane::rest).collect()
    }

    #[test]
    fn messages_that_stand_for_themselves_share_the_room() {
        let batch = Batch::from_payloads(["a", "b", "c", "d", "e"]).with_independent(true);
        assert_eq!(rests(&Lane::of(&batch, true, 2)), [vec![0, 2, 4], vec![1, 3]]);
        assert_eq!(rests(&Lane::of(&batch, false, 0)), [vec![0, 1, 2, 3, 4]]);
        assert_eq!(Lane::of(&batch, false, 64).len(), 5);
        let mut lanes = Lane::of(&batch, false, 2);
        assert_eq!(lanes[0].failed(), [0]);
        assert_eq!(testing::texts(&lanes[0].next().unwrap()), ["c"]);
        lanes[0].delivered();
        assert_eq!(lanes[0].rest(), [4]);
    }

    #[test]
    fn a_batch_is_sent_up_to_its_first_failure() {
        let batch = Batch::from_payloads(["a", "b", "c"]);
        let mut lane = Lane::of(&batch, false, 64).remove(0);
        lane.delivered();
        assert_eq!(testing::texts(&lane.next().unwrap()), ["b"]);
        assert_eq!(lane.failed(), [1, 2]);
        assert!(lane.next().is_none());
    }

    #[test]
    fn a_batch_may_be_one_request() {
        let batch = Batch::from_payloads(["a", "b"]);
        let mut lane = Lane::of(&batch, true, 64).remove(0);
        assert_eq!(lane.next().unwrap().len(), 2);
        assert_eq!(lane.rest(), [0, 1]);
        lane.delivered();
        assert!(lane.next().is_none());
    }
}
