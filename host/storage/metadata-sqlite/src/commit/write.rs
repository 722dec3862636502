use std::collections::HashMap;

use rusqlite::params;

use super::plan::Plan;
use super::state::Head;
use crate::ends::Effect;
use crate::minutes;
use crate::recent::Recent;
use crate::rows::SegmentRow;
use crate::trouble::Trouble;
use forebay_storage_metadata::LogBounds;

const HOUR: i64 = 3_600_000;

impl Plan<'_> {
    /// Writes all of it.
    pub(crate) fn write(mut self, segment: SegmentRow) -> Result<(Vec<Effect>, Recent), Trouble> {
        self.write_runs(segment)?;
        self.write_producers()?;
        let effects = self.write_heads()?;
        Ok((effects, self.recent))
    }

    fn write_runs(&mut self, segment: SegmentRow) -> Result<(), Trouble> {
        // In the order of the table, whose pages are then touched one after the other.
        self.planned.sort_unstable_by_key(|run| (run.log, run.base_offset));
        let mut insert = self.connection.prepare_cached(
            "INSERT INTO runs (vc, log, base_offset, end_offset, segment, position, length, max_timestamp, \
             running_max, log_append_time) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
        )?;
        for run in &self.planned {
            // Neither is past the end of the segment, whose size fits.
            let position = i64::try_from(run.position).unwrap_or(i64::MAX);
            let length = i64::try_from(run.length).unwrap_or(i64::MAX);
            insert.execute(params![
                self.vc.0,
                run.log.0,
                run.base_offset.get(),
                run.end_offset.get(),
                segment.0,
                position,
                length,
                run.max_timestamp,
                run.running_max,
                run.log_append_time.map(|time| time.millis()),
            ])?;
        }
        Ok(())
    }

    fn write_producers(&mut self) -> Result<(), Trouble> {
        let hour = self.now.millis().div_euclid(HOUR);
        // The hour is in an index, which costs as much again: it is written only when it is another.
        let mut update = self.connection.prepare_cached(
            "UPDATE producers SET epoch = ?4, batches = ?5 WHERE vc = ?1 AND log = ?2 AND producer = ?3",
        )?;
        let mut put = self.connection.prepare_cached(
            "INSERT INTO producers (vc, log, producer, epoch, batches, hour) VALUES (?1, ?2, ?3, ?4, ?5, ?6) \
             ON CONFLICT (vc, log, producer) DO UPDATE \
             SET epoch = excluded.epoch, batches = excluded.batches, hour = excluded.hour",
        )?;
        let mut pasts: Vec<_> = self.pasts.drain().filter_map(|(key, past)| Some((key, past?))).collect();
        pasts.sort_unstable_by_key(|(key, _)| *key);
        for ((log, producer), mut row) in pasts {
            let (epoch, bytes) = (row.past.epoch().get(), row.bytes());
            if row.hour == Some(hour) {
                update.execute(params![self.vc.0, log.0, producer.get(), epoch, bytes])?;
            } else {
                put.execute(params![self.vc.0, log.0, producer.get(), epoch, bytes, hour])?;
                row.hour = Some(hour);
            }
            self.recent.keep_past((log, producer), row);
        }
        Ok(())
    }

    fn write_heads(&mut self) -> Result<Vec<Effect>, Trouble> {
        let mut effects = Vec::with_capacity(self.heads.len());
        let now = self.now.millis().div_euclid(minutes::MINUTE);
        let mut update = self.connection.prepare_cached(
            "UPDATE logs SET high_watermark = ?2, bytes = ?3, running_max = ?4, minute = ?5, minute_base = ?6 \
             WHERE log = ?1",
        )?;
        let mut first_offsets = HashMap::with_capacity(self.planned.len());
        for run in &self.planned {
            first_offsets.entry(run.log).or_insert(run.base_offset);
        }
        let mut heads: Vec<_> = self.heads.drain().filter_map(|(log, head)| Some((log, head?))).collect();
        heads.sort_unstable_by_key(|(_, head)| head.row);
        for (log, mut head) in heads {
            // A partition of which nothing is written had duplicates or refused batches only.
            if let Some(before) = first_offsets.get(&head.row) {
                let (minute, minute_base) = minutes::advance(self.connection, self.vc, &head, *before, now)?;
                head.minute = Some(minute);
                head.minute_base = minute_base;
                let Head { row, log_start, high_watermark, bytes, running_max, .. } = head;
                update.execute(params![
                    row.0,
                    high_watermark.get(),
                    bytes,
                    running_max,
                    minute,
                    minute_base.get(),
                ])?;
                effects.push(Effect::Moved((self.vc, log), LogBounds { log_start, high_watermark }));
            }
            self.recent.keep_head(self.vc, log, head);
        }
        Ok(effects)
    }
}
