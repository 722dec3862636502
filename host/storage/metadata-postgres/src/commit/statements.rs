//! The statements of a commit. Their parameters are made in `written.rs` and `ranges.rs`.

/// Locks partitions in the order of their keys, which all who lock several keep. Whoever has a partition has what it
/// remembers of producers. Keys come as ranges: one look into the index finds a whole range.
pub(crate) const LOCK: &str = "\
    SELECT count(*) FROM unnest($2::UUID[], $3::BIGINT[], $4::BIGINT[]) AS r(topic, first, after) \
    CROSS JOIN LATERAL (SELECT log FROM logs \
        WHERE vc = $1 AND topic = r.topic AND partition >= r.first AND partition < r.after AND NOT is_deleted \
        ORDER BY partition FOR UPDATE) AS l";

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
///
/// What belongs to a log, or to a producer, is an element of an array, found by its place: joining a dozen arrays row
/// by row would cost as much as the look-ups, and a planner that knows nothing of their length may join them badly. That
/// is why none of them has a NULL, behind which elements would have to be counted. Only what is there more than once
/// (a second run of a log, a second batch of a producer) comes as rows, of which most commits have none.
pub(crate) const WRITE: &str = "\
WITH clock AS (
    SELECT coalesce($6::BIGINT, floor(extract(epoch FROM clock_timestamp()) * 1000)::BIGINT) AS now
), heads AS (
    SELECT r.place + (l.partition - r.first) AS place, \
           l.log, l.log_start, l.high_watermark, l.running_max, l.minute, l.minute_base
    FROM unnest($11::UUID[], $12::BIGINT[], $13::BIGINT[], $14::BIGINT[]) AS r(topic, first, after, place)
    CROSS JOIN LATERAL (SELECT partition, log, log_start, high_watermark, running_max, minute, minute_base FROM logs \
        WHERE vc = $1 AND topic = r.topic AND partition >= r.first AND partition < r.after AND NOT is_deleted \
        ORDER BY partition LIMIT $8::BIGINT) AS l
), bounds AS (
    SELECT coalesce(array_agg(high_watermark ORDER BY place), ARRAY[]::BIGINT[]) AS ends, \
           coalesce(array_agg(log_start ORDER BY place), ARRAY[]::BIGINT[]) AS starts, \
           array_agg(log ORDER BY place) AS logs, count(*) AS found, \
           coalesce(bool_or(high_watermark > 9223372036854775807 - ($15::BIGINT[])[place]), FALSE) AS is_full
    FROM heads
), pasts AS (
    SELECT k.place, k.producer, b.logs[k.log_place] AS log, b.ends[k.log_place] AS high_watermark, \
           ($35::BIGINT[])[k.place] AS first_epoch, ($36::BIGINT[])[k.place] AS first_sequence, \
           ($37::BIGINT[])[k.place] AS epoch, \
           p.epoch AS past_epoch, p.next_sequence AS past_next, p.batches AS past_batches
    FROM bounds b
    CROSS JOIN unnest($33::BIGINT[], $34::BIGINT[]) WITH ORDINALITY AS k(log_place, producer, place)
    LEFT JOIN LATERAL (SELECT epoch, next_sequence, batches FROM producers \
        WHERE vc = $1 AND log = b.logs[k.log_place] AND producer = k.producer LIMIT 1) AS p ON TRUE
), checked AS (
    SELECT c.now FROM clock c, bounds b
    WHERE b.found = $8::BIGINT AND NOT b.is_full AND $5::BIGINT > c.now - $7::BIGINT
      AND NOT EXISTS (SELECT 1 FROM pasts p WHERE p.past_epoch IS NOT NULL
          AND NOT (p.past_epoch = p.first_epoch AND p.past_next = p.first_sequence)
          AND NOT (p.past_epoch < p.first_epoch AND p.first_sequence = 0))
      AND NOT EXISTS (SELECT 1 FROM segments WHERE vc = $1 AND commit_id = $2::UUID)
      AND NOT EXISTS (SELECT 1 FROM segments WHERE vc = $1 AND name = $3::TEXT)
), committed AS (
    INSERT INTO segments (vc, name, state, size, runs, changed_at, commit_id, committed_at)
    SELECT $1, $3, 0, $4::BIGINT, $9::BIGINT, now, $2, now FROM checked
    RETURNING segment, committed_at AS now
), new_outcome AS (
    INSERT INTO outcomes (vc, segment, committed_at, outcome, ends, starts)
    SELECT $1, s.segment, s.now, $10::BYTEA, b.ends, b.starts FROM committed s, bounds b
), first_runs AS (
    INSERT INTO runs (vc, log, base_offset, end_offset, segment, position, length, max_timestamp, running_max, \
                      log_append_time)
    SELECT $1, h.log, h.high_watermark, h.high_watermark + ($19::BIGINT[])[h.place], s.segment, \
           ($20::BIGINT[])[h.place], ($21::BIGINT[])[h.place], \
           greatest(($22::BIGINT[])[h.place], CASE WHEN ($23::BOOLEAN[])[h.place] THEN s.now END), \
           greatest(h.running_max, ($22::BIGINT[])[h.place], CASE WHEN ($23::BOOLEAN[])[h.place] THEN s.now END), \
           CASE WHEN ($23::BOOLEAN[])[h.place] THEN s.now END
    FROM committed s CROSS JOIN heads h
), more_runs AS (
    INSERT INTO runs (vc, log, base_offset, end_offset, segment, position, length, max_timestamp, running_max, \
                      log_append_time)
    SELECT $1, h.log, h.high_watermark + r.base, h.high_watermark + r.until, s.segment, r.position, r.length, \
           greatest(r.latest, CASE WHEN r.is_append THEN s.now END), \
           greatest(h.running_max, r.running_latest, CASE WHEN r.running_append THEN s.now END), \
           CASE WHEN r.is_append THEN s.now END
    FROM committed s
    CROSS JOIN unnest($24::BIGINT[], $25::BIGINT[], $26::BIGINT[], $27::BIGINT[], $28::BIGINT[], $29::BIGINT[], \
        $30::BOOLEAN[], $31::BIGINT[], $32::BOOLEAN[]) \
        AS r(log_place, base, until, position, length, latest, is_append, running_latest, running_append)
    JOIN heads h ON h.place = r.log_place
), new_minutes AS (
    INSERT INTO minutes (vc, log, base_offset, offset_count, minute, minute_count)
    SELECT $1, h.log, h.minute_base, h.high_watermark - h.minute_base, h.minute, 1 FROM committed s, heads h
    WHERE h.minute < s.now / 60000 AND h.high_watermark > h.minute_base
), more_batches AS (
    SELECT p.place, string_agg(decode(lpad(to_hex(b.sequences), 16, '0') || \
        lpad(to_hex(p.high_watermark + b.base), 16, '0') || \
        CASE WHEN b.is_append THEN lpad(to_hex(s.now), 16, '0') ELSE '8000000000000000' END, 'hex'), \
        ''::BYTEA ORDER BY b.place) AS batches
    FROM committed s
    CROSS JOIN unnest($42::BIGINT[], $43::BIGINT[], $44::BIGINT[], $45::BOOLEAN[]) \
        WITH ORDINALITY AS b(past_place, sequences, base, is_append, place)
    JOIN pasts p ON p.place = b.past_place
    GROUP BY p.place
), new_batches AS (
    SELECT p.log, p.producer, p.epoch, ($38::BIGINT[])[p.place] AS next_sequence, s.now / 3600000 AS hour, \
           CASE WHEN p.past_epoch = p.epoch THEN p.past_batches ELSE ''::BYTEA END AS past, \
           decode(lpad(to_hex(($39::BIGINT[])[p.place]), 16, '0') || \
               lpad(to_hex(p.high_watermark + ($40::BIGINT[])[p.place]), 16, '0') || \
               CASE WHEN ($41::BOOLEAN[])[p.place] THEN lpad(to_hex(s.now), 16, '0') ELSE '8000000000000000' END, \
               'hex') || coalesce(b.batches, ''::BYTEA) AS batches
    FROM committed s CROSS JOIN pasts p LEFT JOIN more_batches b ON b.place = p.place
), new_pasts AS (
    INSERT INTO producers (vc, log, producer, epoch, next_sequence, hour, batches)
    SELECT $1, log, producer, epoch, next_sequence, hour, \
           substr(past || batches, greatest(octet_length(past) + octet_length(batches) - 119, 1))
    FROM new_batches
    ON CONFLICT (vc, log, producer) DO UPDATE SET epoch = excluded.epoch, next_sequence = excluded.next_sequence, \
        hour = excluded.hour, batches = excluded.batches
), new_heads AS (
    UPDATE logs l SET
        high_watermark = h.high_watermark + ($15::BIGINT[])[h.place],
        bytes = l.bytes + ($16::BIGINT[])[h.place],
        running_max = greatest(h.running_max, ($17::BIGINT[])[h.place], \
            CASE WHEN ($18::BOOLEAN[])[h.place] THEN s.now END),
        minute = CASE WHEN h.minute >= s.now / 60000 THEN h.minute ELSE s.now / 60000 END,
        minute_base = CASE WHEN h.minute >= s.now / 60000 THEN h.minute_base ELSE h.high_watermark END
    FROM committed s, heads h WHERE l.vc = $1 AND l.log = h.log
)
SELECT s.now, b.ends, b.starts FROM committed s, bounds b";
