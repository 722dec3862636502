-- Leases of jobs.
CREATE TABLE jobs (
    vc BIGINT NOT NULL,
    job TEXT NOT NULL,
    -- Greater with each lease.
    epoch BIGINT NOT NULL,
    holder BLOB NOT NULL,
    began_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    -- When the last lease began under which the job was done.
    done_at BIGINT,
    PRIMARY KEY (vc, job)
) WITHOUT ROWID;

-- How often its records were put together: 2 is for good.
ALTER TABLE segments ADD COLUMN level INTEGER NOT NULL DEFAULT 0;
CREATE INDEX segments_to_compact ON segments (vc, level, committed_at) WHERE state = 0 AND level < 2;
CREATE INDEX runs_by_segment ON runs (vc, segment);

-- Up to where keyed compaction has looked.
ALTER TABLE logs ADD COLUMN cleaned_to BIGINT NOT NULL DEFAULT 0;
