use forebay_storage_metadata::{SegmentCommit, UPLOAD_HORIZON};
use tokio_postgres::types::ToSql;
use uuid::Uuid;

use super::plan::{LogPlan, NewBatch, NewRun, Plan, ProducerPlan};
use super::ranges::Ranges;
use crate::rows::{Vc, limit, of_bytes};

/// Stands for a time that is not there. No other is earlier, and SQL takes the latest of several.
const NO_TIME: i64 = i64::MIN;

/// The parameters of [`super::statements::WRITE`], column by column.
#[derive(Debug, Default)]
pub(super) struct Written {
    vc: i64,
    id: Uuid,
    name: String,
    size: i64,
    named_at: i64,
    now: Option<i64>,
    horizon: i64,
    log_count: i64,
    run_count: i64,
    outcome: Vec<u8>,
    ranges: Ranges,
    logs: Logs,
    runs: Runs,
    producers: Producers,
    batches: Batches,
}

/// What each log gets, and its first run. That begins where the log ended, and its times are all so far.
#[derive(Debug, Default)]
struct Logs {
    records: Vec<i64>,
    bytes: Vec<i64>,
    latest: Vec<i64>,
    has_append: Vec<bool>,
    ends: Vec<i64>,
    positions: Vec<i64>,
    lengths: Vec<i64>,
    run_latest: Vec<i64>,
    is_append: Vec<bool>,
}

/// The other runs.
#[derive(Debug, Default)]
struct Runs {
    logs: Vec<i64>,
    bases: Vec<i64>,
    ends: Vec<i64>,
    positions: Vec<i64>,
    lengths: Vec<i64>,
    latest: Vec<i64>,
    is_append: Vec<bool>,
    running_latest: Vec<i64>,
    running_append: Vec<bool>,
}

/// What is remembered of each producer in a log, and the first of its batches.
#[derive(Debug, Default)]
struct Producers {
    logs: Vec<i64>,
    ids: Vec<i64>,
    first_epochs: Vec<i64>,
    first_sequences: Vec<i64>,
    epochs: Vec<i64>,
    next_sequences: Vec<i64>,
    sequences: Vec<i64>,
    bases: Vec<i64>,
    is_append: Vec<bool>,
}

/// The other batches.
#[derive(Debug, Default)]
struct Batches {
    producers: Vec<i64>,
    sequences: Vec<i64>,
    bases: Vec<i64>,
    is_append: Vec<bool>,
}

impl Written {
    /// What a plan writes, at `now` or else by the clock of the database.
    pub(super) fn of(vc: Vc, commit: &SegmentCommit, plan: &Plan, now: Option<i64>) -> Self {
        let mut written = Self {
            vc: vc.0,
            id: commit.id.uuid(),
            name: commit.segment.as_str().to_owned(),
            size: of_bytes(commit.size),
            named_at: commit.named_at.millis(),
            now,
            horizon: i64::try_from(UPLOAD_HORIZON.as_millis()).unwrap_or(i64::MAX),
            log_count: limit(plan.logs.len()),
            run_count: limit(plan.runs()),
            outcome: plan.outcome.clone(),
            ranges: Ranges::of(plan.logs.keys().copied()),
            ..Self::default()
        };
        // Places are counted from 1. Producers are in the order of their partitions, and each has a batch in one.
        let mut producers = (1_i64..).zip(&plan.producers).peekable();
        for (place, (key, log)) in (1_i64..).zip(&plan.logs) {
            written.logs.push(log);
            written.runs.push_others(place, &log.runs);
            while let Some((past_place, ((_, id), producer))) =
                producers.next_if(|(_, ((log, _), _))| log == key)
            {
                written.producers.push(place, id.get(), producer);
                written.batches.push_others(past_place, &producer.batches);
            }
        }
        written
    }

    /// The partitions that are written.
    pub(super) fn ranges(&self) -> &Ranges {
        &self.ranges
    }

    pub(super) fn parameters(&self) -> Vec<&(dyn ToSql + Sync)> {
        let Self { vc, id, name, size, named_at, now, horizon, log_count, run_count, outcome, .. } = self;
        let Self { ranges, logs, runs, producers, batches, .. } = self;
        let mut parameters: Vec<&(dyn ToSql + Sync)> =
            vec![vc, id, name, size, named_at, now, horizon, log_count, run_count, outcome];
        parameters.extend(ranges.columns());
        parameters.extend(logs.columns());
        parameters.extend(runs.columns());
        parameters.extend(producers.columns());
        parameters.extend(batches.columns());
        parameters
    }
}

impl Logs {
    fn push(&mut self, log: &LogPlan) {
        let Self { records, bytes, latest, has_append, ends, positions, lengths, run_latest, is_append } =
            self;
        // A log without a run is in no plan.
        let Some(run) = log.runs.first() else { return };
        records.push(log.records);
        bytes.push(log.bytes);
        latest.push(log.times.latest.unwrap_or(NO_TIME));
        has_append.push(log.times.has_append);
        ends.push(run.end);
        positions.push(in_segment(run.position));
        lengths.push(in_segment(run.length));
        run_latest.push(run.times.latest.unwrap_or(NO_TIME));
        is_append.push(run.is_append);
    }

    fn columns(&self) -> [&(dyn ToSql + Sync); 9] {
        let Self { records, bytes, latest, has_append, ends, positions, lengths, run_latest, is_append } =
            self;
        [records, bytes, latest, has_append, ends, positions, lengths, run_latest, is_append]
    }
}

impl Runs {
    fn push_others(&mut self, place: i64, runs: &[NewRun]) {
        let Self { logs, bases, ends, positions, lengths, latest, is_append, running_latest, running_append } =
            self;
        for run in runs.iter().skip(1) {
            logs.push(place);
            bases.push(run.base);
            ends.push(run.end);
            positions.push(in_segment(run.position));
            lengths.push(in_segment(run.length));
            latest.push(run.times.latest.unwrap_or(NO_TIME));
            is_append.push(run.is_append);
            running_latest.push(run.running.latest.unwrap_or(NO_TIME));
            running_append.push(run.running.has_append);
        }
    }

    fn columns(&self) -> [&(dyn ToSql + Sync); 9] {
        let Self { logs, bases, ends, positions, lengths, latest, is_append, running_latest, running_append } =
            self;
        [logs, bases, ends, positions, lengths, latest, is_append, running_latest, running_append]
    }
}

impl Producers {
    fn push(&mut self, place: i64, id: i64, producer: &ProducerPlan) {
        // One without a batch is in no plan.
        let Some(batch) = producer.batches.first() else { return };
        self.logs.push(place);
        self.ids.push(id);
        self.first_epochs.push(producer.first_epoch.get().into());
        self.first_sequences.push(producer.first_sequence.get().into());
        self.epochs.push(producer.epoch.get().into());
        self.next_sequences.push(producer.next_sequence.get().into());
        self.sequences.push(sequences(batch));
        self.bases.push(batch.base);
        self.is_append.push(batch.is_append);
    }

    fn columns(&self) -> [&(dyn ToSql + Sync); 9] {
        let Self { logs, ids, first_epochs, first_sequences, epochs, next_sequences, .. } = self;
        let Self { sequences, bases, is_append, .. } = self;
        [logs, ids, first_epochs, first_sequences, epochs, next_sequences, sequences, bases, is_append]
    }
}

impl Batches {
    fn push_others(&mut self, place: i64, batches: &[NewBatch]) {
        for batch in batches.iter().skip(1) {
            self.producers.push(place);
            self.sequences.push(sequences(batch));
            self.bases.push(batch.base);
            self.is_append.push(batch.is_append);
        }
    }

    fn columns(&self) -> [&(dyn ToSql + Sync); 4] {
        let Self { producers, sequences, bases, is_append } = self;
        [producers, sequences, bases, is_append]
    }
}

/// The first and the last sequence of a batch, one behind the other as a row holds them. Neither is negative.
fn sequences(batch: &NewBatch) -> i64 {
    (i64::from(batch.base_sequence.get()) << 32) | i64::from(batch.last_sequence.get())
}

/// What is not past the end of the segment, whose size fits.
fn in_segment(bytes: u64) -> i64 {
    i64::try_from(bytes).unwrap_or(i64::MAX)
}
