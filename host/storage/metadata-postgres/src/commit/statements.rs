//! The statements of a commit.

use forebay_storage_metadata::{SegmentCommit, UPLOAD_HORIZON};
use tokio_postgres::types::ToSql;
use uuid::Uuid;

use super::plan::{NewBatch, Plan};
use crate::rows::{Vc, columns, of_bytes};

/// Locks partitions in the order of their keys, which all who lock several keep. Whoever has a partition has what it
/// remembers of producers.
pub(crate) const LOCK: &str = "\
    SELECT count(*) FROM unnest($2::UUID[], $3::BIGINT[]) AS k(topic, partition) \
    CROSS JOIN LATERAL (SELECT log FROM logs \
        WHERE vc = $1 AND topic = k.topic AND partition = k.partition AND NOT is_deleted LIMIT 1 FOR UPDATE) AS l";

pub(super) const HEADS: &str = "\
    SELECT k.place, l.log_start, l.high_watermark \
    FROM unnest($2::UUID[], $3::BIGINT[]) WITH ORDINALITY AS k(topic, partition, place) \
    CROSS JOIN LATERAL (SELECT log_start, high_watermark FROM logs \
        WHERE vc = $1 AND topic = k.topic AND partition = k.partition AND NOT is_deleted LIMIT 1) AS l";

pub(super) const PASTS: &str = "\
    SELECT k.place, p.epoch, p.batches \
    FROM unnest($2::UUID[], $3::BIGINT[], $4::BIGINT[]) WITH ORDINALITY AS k(topic, partition, producer, place) \
    CROSS JOIN LATERAL (SELECT log FROM logs \
        WHERE vc = $1 AND topic = k.topic AND partition = k.partition AND NOT is_deleted LIMIT 1) AS l \
    CROSS JOIN LATERAL (SELECT epoch, batches FROM producers \
        WHERE vc = $1 AND log = l.log AND producer = k.producer LIMIT 1) AS p";

/// The time, and what is known of the commit with an id.
pub(super) const RECORDED: &str = "\
    SELECT c.now, s.name, s.committed_at, o.outcome, o.ends, o.starts \
    FROM (SELECT coalesce($3::BIGINT, floor(extract(epoch FROM clock_timestamp()) * 1000)::BIGINT) AS now) AS c \
    LEFT JOIN segments s ON s.vc = $1 AND s.commit_id = $2 \
    LEFT JOIN outcomes o ON o.vc = s.vc AND o.segment = s.segment";

pub(super) const NAMED: &str = "SELECT state FROM segments WHERE vc = $1 AND name = $2";

/// Writes a plan if all that it assumes is so, and else nothing: then there is no row. Else it tells the time of the
/// commit, and where each log ended and starts.
///
/// It runs when the partitions are locked, so that what it sees of them stays. Batches of producers are appended to
/// what is remembered of them, since only here it is known where their offsets begin: see `past.rs` for the layout.
pub(crate) const WRITE: &str = "\
WITH clock AS (
    SELECT coalesce($6::BIGINT, floor(extract(epoch FROM clock_timestamp()) * 1000)::BIGINT) AS now
), heads AS (
    SELECT k.place, k.records, k.bytes, k.latest, k.has_append, \
           l.log, l.log_start, l.high_watermark, l.running_max, l.minute, l.minute_base
    FROM unnest($8::UUID[], $9::BIGINT[], $10::BIGINT[], $11::BIGINT[], $12::BIGINT[], $13::BOOLEAN[]) \
        WITH ORDINALITY AS k(topic, partition, records, bytes, latest, has_append, place)
    CROSS JOIN LATERAL (SELECT log, log_start, high_watermark, running_max, minute, minute_base FROM logs \
        WHERE vc = $1 AND topic = k.topic AND partition = k.partition AND NOT is_deleted LIMIT 1) AS l
), bounds AS (
    SELECT coalesce(array_agg(high_watermark ORDER BY place), ARRAY[]::BIGINT[]) AS ends, \
           coalesce(array_agg(log_start ORDER BY place), ARRAY[]::BIGINT[]) AS starts, \
           count(*) AS logs, coalesce(bool_or(high_watermark > 9223372036854775807 - records), FALSE) AS is_full
    FROM heads
), pasts AS (
    SELECT k.place, k.producer, k.first_epoch, k.first_sequence, k.epoch, k.next_sequence, h.log, h.high_watermark, \
           p.epoch AS past_epoch, p.next_sequence AS past_next, p.batches AS past_batches
    FROM unnest($23::BIGINT[], $24::BIGINT[], $25::BIGINT[], $26::BIGINT[], $27::BIGINT[], $28::BIGINT[]) \
        WITH ORDINALITY AS k(log_place, producer, first_epoch, first_sequence, epoch, next_sequence, place)
    JOIN heads h ON h.place = k.log_place
    LEFT JOIN LATERAL (SELECT epoch, next_sequence, batches FROM producers \
        WHERE vc = $1 AND log = h.log AND producer = k.producer LIMIT 1) AS p ON TRUE
), checked AS (
    SELECT c.now FROM clock c, bounds b
    WHERE b.logs = $7::BIGINT AND NOT b.is_full AND $5::BIGINT > c.now - $22::BIGINT
      AND NOT EXISTS (SELECT 1 FROM pasts p WHERE p.past_epoch IS NOT NULL
          AND NOT (p.past_epoch = p.first_epoch AND p.past_next = p.first_sequence)
          AND NOT (p.past_epoch < p.first_epoch AND p.first_sequence = 0))
      AND NOT EXISTS (SELECT 1 FROM segments WHERE vc = $1 AND commit_id = $2::UUID)
      AND NOT EXISTS (SELECT 1 FROM segments WHERE vc = $1 AND name = $3::TEXT)
), committed AS (
    INSERT INTO segments (vc, name, state, size, runs, changed_at, commit_id, committed_at)
    SELECT $1, $3, 0, $4::BIGINT, $33::BIGINT, now, $2, now FROM checked
    RETURNING segment, committed_at AS now
), new_outcome AS (
    INSERT INTO outcomes (vc, segment, committed_at, outcome, ends, starts)
    SELECT $1, s.segment, s.now, $34::BYTEA, b.ends, b.starts FROM committed s, bounds b
), new_runs AS (
    INSERT INTO runs (vc, log, base_offset, end_offset, segment, position, length, max_timestamp, running_max, \
                      log_append_time)
    SELECT $1, h.log, h.high_watermark + r.base, h.high_watermark + r.until, s.segment, r.position, r.length, \
           greatest(r.latest, CASE WHEN r.is_append THEN s.now END), \
           greatest(h.running_max, r.running_latest, CASE WHEN r.running_append THEN s.now END), \
           CASE WHEN r.is_append THEN s.now END
    FROM committed s
    CROSS JOIN unnest($14::BIGINT[], $15::BIGINT[], $16::BIGINT[], $17::BIGINT[], $18::BIGINT[], $19::BIGINT[], \
        $20::BOOLEAN[], $21::BIGINT[], $35::BOOLEAN[]) \
        AS r(log_place, base, until, position, length, latest, is_append, running_latest, running_append)
    JOIN heads h ON h.place = r.log_place
), new_minutes AS (
    INSERT INTO minutes (vc, log, base_offset, offset_count, minute, minute_count)
    SELECT $1, h.log, h.minute_base, h.high_watermark - h.minute_base, h.minute, 1 FROM committed s, heads h
    WHERE h.minute < s.now / 60000 AND h.high_watermark > h.minute_base
), new_batches AS (
    SELECT p.place, string_agg(b.sequences || decode(lpad(to_hex(p.high_watermark + b.base), 16, '0') || \
        CASE WHEN b.is_append THEN lpad(to_hex(s.now), 16, '0') ELSE '8000000000000000' END, 'hex'), \
        ''::BYTEA ORDER BY b.place) AS batches
    FROM committed s
    CROSS JOIN unnest($29::BIGINT[], $30::BIGINT[], $31::BYTEA[], $32::BOOLEAN[]) \
        WITH ORDINALITY AS b(past_place, base, sequences, is_append, place)
    JOIN pasts p ON p.place = b.past_place
    GROUP BY p.place
), new_pasts AS (
    INSERT INTO producers (vc, log, producer, epoch, next_sequence, hour, batches)
    SELECT $1, p.log, p.producer, p.epoch, p.next_sequence, s.now / 3600000, \
           CASE WHEN p.past_epoch = p.epoch THEN substr(p.past_batches || b.batches, \
               greatest(octet_length(p.past_batches) + octet_length(b.batches) - 119, 1)) ELSE b.batches END
    FROM committed s CROSS JOIN pasts p JOIN new_batches b ON b.place = p.place
    ON CONFLICT (vc, log, producer) DO UPDATE SET epoch = excluded.epoch, next_sequence = excluded.next_sequence, \
        hour = excluded.hour, batches = excluded.batches
), new_heads AS (
    UPDATE logs l SET
        high_watermark = h.high_watermark + h.records,
        bytes = l.bytes + h.bytes,
        running_max = greatest(h.running_max, h.latest, CASE WHEN h.has_append THEN s.now END),
        minute = CASE WHEN h.minute >= s.now / 60000 THEN h.minute ELSE s.now / 60000 END,
        minute_base = CASE WHEN h.minute >= s.now / 60000 THEN h.minute_base ELSE h.high_watermark END
    FROM committed s, heads h WHERE l.vc = $1 AND l.log = h.log
)
SELECT s.now, b.ends, b.starts FROM committed s, bounds b";

/// The parameters of [`LOCK`] and [`HEADS`].
pub(super) fn lock<'p>(
    vc: &'p Vc,
    topics: &'p Vec<Uuid>,
    partitions: &'p Vec<i64>,
) -> [&'p (dyn ToSql + Sync); 3] {
    [&vc.0, topics, partitions]
}

/// The first of the keys that are to be locked.
///
/// It is locked by a statement of its own, where whoever writes to the same partitions waits. The rows that they have
/// written meanwhile are no news to the statement that locks the others: one that had waited itself would have to look
/// for the newest version of each of them.
pub(super) fn first(topics: &[Uuid], partitions: &[i64]) -> (Vec<Uuid>, Vec<i64>) {
    (topics.iter().take(1).copied().collect(), partitions.iter().take(1).copied().collect())
}

/// The parameters of [`WRITE`], column by column.
#[derive(Debug, Default)]
pub(super) struct Written {
    vc: i64,
    id: Uuid,
    name: String,
    size: i64,
    named_at: i64,
    now: Option<i64>,
    log_count: i64,
    horizon: i64,
    run_count: i64,
    outcome: Vec<u8>,
    logs: Logs,
    runs: Runs,
    producers: Producers,
    batches: Batches,
}

#[derive(Debug, Default)]
struct Logs {
    topics: Vec<Uuid>,
    partitions: Vec<i64>,
    records: Vec<i64>,
    bytes: Vec<i64>,
    latest: Vec<Option<i64>>,
    has_append: Vec<bool>,
}

#[derive(Debug, Default)]
struct Runs {
    logs: Vec<i64>,
    bases: Vec<i64>,
    ends: Vec<i64>,
    positions: Vec<i64>,
    lengths: Vec<i64>,
    latest: Vec<Option<i64>>,
    is_append: Vec<bool>,
    running_latest: Vec<Option<i64>>,
    running_append: Vec<bool>,
}

#[derive(Debug, Default)]
struct Producers {
    logs: Vec<i64>,
    ids: Vec<i64>,
    first_epochs: Vec<i64>,
    first_sequences: Vec<i64>,
    epochs: Vec<i64>,
    next_sequences: Vec<i64>,
}

#[derive(Debug, Default)]
struct Batches {
    producers: Vec<i64>,
    bases: Vec<i64>,
    sequences: Vec<Vec<u8>>,
    is_append: Vec<bool>,
}

impl Written {
    /// What a plan writes, at `now` or else by the clock of the database.
    pub(super) fn of(vc: Vc, commit: &SegmentCommit, plan: &Plan, now: Option<i64>) -> Self {
        let (topics, partitions) = columns(plan.logs.keys().copied());
        let mut written = Self {
            vc: vc.0,
            id: commit.id.uuid(),
            name: commit.segment.as_str().to_owned(),
            size: of_bytes(commit.size),
            named_at: commit.named_at.millis(),
            now,
            log_count: crate::rows::limit(plan.logs.len()),
            horizon: i64::try_from(UPLOAD_HORIZON.as_millis()).unwrap_or(i64::MAX),
            run_count: crate::rows::limit(plan.runs()),
            outcome: plan.outcome.clone(),
            logs: Logs { topics, partitions, ..Logs::default() },
            ..Self::default()
        };
        // Places are counted from 1.
        let mut places = std::collections::HashMap::with_capacity(plan.logs.len());
        for (place, (key, log)) in (1_i64..).zip(&plan.logs) {
            places.insert(*key, place);
            written.add_log(place, log);
        }
        for (place, ((log, id), producer)) in (1_i64..).zip(&plan.producers) {
            let Producers { logs, ids, first_epochs, first_sequences, epochs, next_sequences } =
                &mut written.producers;
            // Every producer has a batch in the partition.
            logs.push(places.get(log).copied().unwrap_or(0));
            ids.push(id.get());
            first_epochs.push(producer.first_epoch.get().into());
            first_sequences.push(producer.first_sequence.get().into());
            epochs.push(producer.epoch.get().into());
            next_sequences.push(producer.next_sequence.get().into());
            for batch in &producer.batches {
                written.batches.push(place, batch);
            }
        }
        written
    }

    /// The keys of the partitions that are written.
    pub(super) fn logs(&self) -> (&Vec<Uuid>, &Vec<i64>) {
        (&self.logs.topics, &self.logs.partitions)
    }

    fn add_log(&mut self, place: i64, log: &super::plan::LogPlan) {
        self.logs.records.push(log.records);
        self.logs.bytes.push(log.bytes);
        self.logs.latest.push(log.times.latest);
        self.logs.has_append.push(log.times.has_append);
        let Runs { logs, bases, ends, positions, lengths, latest, is_append, running_latest, running_append } =
            &mut self.runs;
        for run in &log.runs {
            logs.push(place);
            bases.push(run.base);
            ends.push(run.end);
            // Neither is past the end of the segment, whose size fits.
            positions.push(i64::try_from(run.position).unwrap_or(i64::MAX));
            lengths.push(i64::try_from(run.length).unwrap_or(i64::MAX));
            latest.push(run.times.latest);
            is_append.push(run.is_append);
            running_latest.push(run.running.latest);
            running_append.push(run.running.has_append);
        }
    }

    pub(super) fn parameters(&self) -> [&(dyn ToSql + Sync); 35] {
        let Self { logs, runs, producers, batches, .. } = self;
        [
            &self.vc,
            &self.id,
            &self.name,
            &self.size,
            &self.named_at,
            &self.now,
            &self.log_count,
            &logs.topics,
            &logs.partitions,
            &logs.records,
            &logs.bytes,
            &logs.latest,
            &logs.has_append,
            &runs.logs,
            &runs.bases,
            &runs.ends,
            &runs.positions,
            &runs.lengths,
            &runs.latest,
            &runs.is_append,
            &runs.running_latest,
            &self.horizon,
            &producers.logs,
            &producers.ids,
            &producers.first_epochs,
            &producers.first_sequences,
            &producers.epochs,
            &producers.next_sequences,
            &batches.producers,
            &batches.bases,
            &batches.sequences,
            &batches.is_append,
            &self.run_count,
            &self.outcome,
            &runs.running_append,
        ]
    }
}

impl Batches {
    fn push(&mut self, producer: i64, batch: &NewBatch) {
        let mut sequences = Vec::with_capacity(8);
        sequences.extend(batch.base_sequence.get().to_be_bytes());
        sequences.extend(batch.last_sequence.get().to_be_bytes());
        self.producers.push(producer);
        self.bases.push(batch.base);
        self.sequences.push(sequences);
        self.is_append.push(batch.is_append);
    }
}
