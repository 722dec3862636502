//! What Kafka does, without any regard for speed.

use std::collections::BTreeMap;

use forebay_model::{Offset, ProducerId, RecordCount, SegmentName, Sequence, TopicId, TopicIdPartition};

use crate::{
    BatchCommit, BatchCommitted, BatchRefusal, Found, IdempotentBatch, ProduceOutcome, Run, SegmentCommit,
};

/// All logs of a virtual cluster.
#[derive(Debug, Clone, Default)]
pub(super) struct Model {
    pub(super) logs: BTreeMap<TopicIdPartition, ModelLog>,
}

/// A log with all that it ever had.
#[derive(Debug, Clone, Default)]
pub(super) struct ModelLog {
    pub(super) start: i64,
    pub(super) batches: Vec<ModelBatch>,
    producers: BTreeMap<ProducerId, Vec<(IdempotentBatch, RecordCount, Offset)>>,
}

/// A batch that was taken.
#[derive(Debug, Clone)]
pub(super) struct ModelBatch {
    pub(super) base: i64,
    pub(super) end: i64,
    pub(super) time: i64,
    segment: SegmentName,
    position: u64,
    length: u64,
}

type HeldBack = BTreeMap<(TopicIdPartition, ProducerId), IdempotentBatch>;

impl Model {
    pub(super) fn add_topic(&mut self, topic: TopicId, partitions: std::ops::Range<i32>) {
        for partition in partitions {
            self.logs.insert(super::scene::log(topic, partition), ModelLog::default());
        }
    }

    pub(super) fn delete_topic(&mut self, topic: TopicId) {
        self.logs.retain(|log, _| log.topic != topic);
    }

    pub(super) fn commit(&mut self, commit: &SegmentCommit) -> Vec<ProduceOutcome> {
        let mut held_back = HeldBack::new();
        let mut outcomes = Vec::new();
        for request in &commit.requests {
            let mut after = self.clone();
            let judged: Vec<_> =
                request.batches.iter().map(|batch| after.batch(&commit.segment, batch, &held_back)).collect();
            if judged.iter().all(Result::is_ok) {
                *self = after;
                outcomes.push(ProduceOutcome::Committed(judged.into_iter().filter_map(Result::ok).collect()));
                continue;
            }
            for batch in &request.batches {
                let Some(producer) = batch.producer else { continue };
                let is_unknown =
                    self.logs.get(&batch.log).is_some_and(|log| !log.producers.contains_key(&producer.id));
                if is_unknown {
                    held_back.entry((batch.log, producer.id)).or_insert(producer);
                }
            }
            outcomes.push(ProduceOutcome::Refused(judged.into_iter().map(Result::err).collect()));
        }
        outcomes
    }

    fn batch(
        &mut self,
        segment: &SegmentName,
        batch: &BatchCommit,
        held_back: &HeldBack,
    ) -> Result<BatchCommitted, BatchRefusal> {
        let log = self.logs.get_mut(&batch.log).ok_or(BatchRefusal::NoPartition)?;
        let base = log.end();
        let committed = |base_offset, is_duplicate| BatchCommitted {
            base_offset,
            log_append_time: None,
            log_start: super::scene::offset(log.start),
            is_duplicate,
        };
        let answer = committed(super::scene::offset(base), false);
        if let Some(producer) = batch.producer {
            if let Some(past) = log.producers.get(&producer.id) {
                let last_five = past.iter().rev().take(5).rev();
                let mut same =
                    last_five.filter(|(other, records, _)| *other == producer && *records == batch.records);
                if let Some((_, _, first)) = same.next() {
                    return Ok(committed(*first, true));
                }
            } else if let Some(first) = held_back.get(&(batch.log, producer.id))
                && first.epoch == producer.epoch
                && first.base_sequence != producer.base_sequence
            {
                let (expected, got) = (first.base_sequence, producer.base_sequence);
                return Err(BatchRefusal::OutOfOrder { expected, got });
            }
            log.follows(producer)?;
            let past = log.producers.entry(producer.id).or_default();
            past.retain(|(other, ..)| other.epoch == producer.epoch);
            past.push((producer, batch.records, answer.base_offset));
        }
        log.batches.push(ModelBatch {
            base,
            end: base + i64::from(batch.records.get()),
            time: batch.max_timestamp.millis(),
            segment: segment.clone(),
            position: batch.position.get(),
            length: batch.length.get(),
        });
        Ok(answer)
    }
}

impl ModelBatch {
    pub(super) fn length(&self) -> u64 {
        self.length
    }
}

impl ModelLog {
    /// Whether records in this segment are left.
    pub(super) fn is_in(&self, segment: &SegmentName) -> bool {
        self.left().any(|batch| batch.segment == *segment)
    }

    pub(super) fn end(&self) -> i64 {
        self.batches.last().map_or(0, |last| last.end)
    }

    /// Batches of which records are left.
    pub(super) fn left(&self) -> impl Iterator<Item = &ModelBatch> {
        self.batches.iter().filter(|batch| batch.end > self.start)
    }

    /// The sequence that a producer would send next, and the batches that it sent last.
    pub(super) fn past(&self, producer: ProducerId) -> &[(IdempotentBatch, RecordCount, Offset)] {
        self.producers.get(&producer).map_or(&[], Vec::as_slice)
    }

    fn follows(&self, batch: IdempotentBatch) -> Result<(), BatchRefusal> {
        let Some((last, records, _)) = self.past(batch.id).last() else { return Ok(()) };
        if batch.epoch < last.epoch {
            return Err(BatchRefusal::Fenced { current: last.epoch });
        }
        let expected =
            if batch.epoch == last.epoch { last.base_sequence.advanced(*records) } else { Sequence::ZERO };
        let got = batch.base_sequence;
        if got == expected { Ok(()) } else { Err(BatchRefusal::OutOfOrder { expected, got }) }
    }

    /// These batches lie one behind the other elsewhere now.
    pub(super) fn moved(&mut self, to: &Run) {
        let mut position = to.position.get();
        let is_inside =
            |batch: &&mut ModelBatch| batch.base >= to.base_offset.get() && batch.end <= to.end_offset.get();
        for batch in self.batches.iter_mut().filter(is_inside) {
            batch.segment = to.segment.clone();
            batch.position = position;
            position += batch.length;
        }
    }

    /// What was found is all that is left, each batch where it lies.
    pub(super) fn check(&self, found: &Found) {
        let bounds = (found.bounds.log_start.get(), found.bounds.high_watermark.get());
        assert_eq!(bounds, (self.start, self.end()));
        let mut batches = self.left();
        for run in &found.runs {
            let mut position = run.position.get();
            let mut base = run.base_offset.get();
            while base < run.end_offset.get() {
                let batch = if base < self.start
                    && self.batches.iter().any(|b| b.base == base && b.end <= self.start)
                {
                    // What is deleted already, at the head of a run that is not.
                    self.batches.iter().find(|batch| batch.base == base)
                } else {
                    batches.next()
                };
                let batch = batch.expect("no more than there is");
                assert_eq!((batch.base, batch.position, &batch.segment), (base, position, &run.segment));
                (base, position) = (batch.end, position + batch.length);
            }
            assert_eq!((base, position), (run.end_offset.get(), run.position.get() + run.length.get()));
        }
        assert_eq!(batches.count(), 0, "all of it");
    }
}
