use tokio::time::Instant;

use super::super::event::{ConsumerEvent, Fetched};
use super::{Place, State};

impl State {
    /// Whether nothing more may be fetched, since so many bytes wait to be taken. Where all of them are of partitions that
    /// are paused, which nobody takes, they would keep others from being fetched for as long as that lasts: then the
    /// newest of them are dropped until there is room, and fetched again later. Not before: a reader that pauses a partition
    /// at each of its pieces would fetch the same again and again.
    pub(in crate::consumer) fn is_full(&mut self, most: u64) -> bool {
        if self.buffered >= most
            && self.is_wanted()
            && !self.events.iter().any(|event| self.is_for_reader(event))
        {
            while self.buffered >= most {
                // All of them are of paused partitions.
                let is_fetched = |event: &ConsumerEvent| matches!(event, ConsumerEvent::Fetched(_));
                let Some(last) = self.events.iter().rposition(is_fetched) else { break };
                let Some(ConsumerEvent::Fetched(dropped)) = self.events.remove(last) else { break };
                self.buffered = self.buffered.saturating_sub(dropped.bytes as u64);
                self.go_back(&dropped);
            }
        }
        self.buffered >= most
    }

    /// Whether something would be fetched if there were room.
    fn is_wanted(&self) -> bool {
        let now = Instant::now();
        self.partitions.values().any(|owned| {
            let is_known = owned.leader.is_some() && matches!(owned.place, Place::At(_));
            is_known && !owned.is_paused && owned.is_free(now)
        })
    }

    /// Whether it has records of a partition that is not paused.
    fn is_for_reader(&self, event: &ConsumerEvent) -> bool {
        match event {
            ConsumerEvent::Fetched(Fetched { partition, .. }) => {
                self.partitions.get(partition).is_none_or(|owned| !owned.is_paused)
            }
            _ => false,
        }
    }

    /// Goes on with what was dropped, the newest that there was of its partition.
    fn go_back(&mut self, dropped: &Fetched) {
        let stint = self.new_stint();
        let Some(owned) = self.partitions.get_mut(&dropped.partition) else { return };
        if dropped.topic.is_some() && dropped.topic != owned.topic {
            // Its records are gone with their topic: offsets of the old one say nothing about the new one.
            return;
        }
        // Whatever is under way goes on behind it: not even its end is of use.
        owned.stint = stint;
        owned.place = Place::At(dropped.first);
        (owned.is_busy, owned.is_at_end, owned.is_stuck) = (false, false, false);
    }
}

#[cfg(test)]
mod tests {
    use forebay_kafka_wire::{BatchBuilder, Compression};
    use forebay_model::{Offset, PartitionId, Timestamp, TopicId};
    use kafka_protocol::messages::fetch_request::FetchTopic;

    use super::super::{Leader, Shared};
    use super::*;
    use crate::topic_partition::TopicPartition;

    fn fetched(partition: &TopicPartition, first: i64, topic: Option<TopicId>) -> Fetched {
        let first = Offset::new(first).unwrap();
        let mut builder = BatchBuilder::new(first, Compression::None);
        builder.push(Timestamp::from_millis(0), None, Some(&b"value"[..]), &[]).unwrap();
        let fetched = Fetched::new(partition.clone(), first, vec![builder.build().unwrap()]);
        Fetched { topic, ..fetched }
    }

    #[test]
    fn what_makes_way_is_fetched_again_where_its_topic_is_still_the_same() {
        let [paused, other] =
            [0, 1].map(|number| TopicPartition::new("t".parse().unwrap(), PartitionId::new(number).unwrap()));
        let old = TopicId::from_uuid(FetchTopic::default().topic_id);
        for (of, goes_back) in [(None, true), (Some(old), false)] {
            let shared = Shared::default();
            let end = Place::At(Offset::new(2).unwrap());
            shared.assign([paused.clone(), other.clone()].map(|partition| (partition, end)));
            shared.pause(std::slice::from_ref(&paused), true);
            let mut state = shared.lock();
            for owned in state.partitions.values_mut() {
                owned.leader = Some(Leader { broker: 1, epoch: 0, topic: None, replica: None });
                owned.is_busy = true;
            }
            (0..2).for_each(|first| state.fetched(fetched(&paused, first, of)));
            let most = state.buffered;
            assert!(state.is_full(most), "nobody is in want of it");
            state.partitions.get_mut(&other).unwrap().is_busy = false;
            let stint = state.partitions[&paused].stint;
            assert!(!state.is_full(most));
            let owned = &state.partitions[&paused];
            let place = if goes_back { Place::At(Offset::new(1).unwrap()) } else { end };
            assert_eq!((owned.place, owned.stint != stint, owned.is_busy), (place, goes_back, !goes_back));
        }
    }
}
