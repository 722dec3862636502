-- Leases of jobs.
CREATE TABLE jobs (
    vc BIGINT NOT NULL,
    job TEXT COLLATE "C" NOT NULL,
    -- Greater with each lease.
    epoch BIGINT NOT NULL,
    holder UUID NOT NULL,
    began_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    -- When the last lease began under which the job was done.
    done_at BIGINT,
    PRIMARY KEY (vc, job)
);

-- How often its records were put together: 2 is for good.
ALTER TABLE segments ADD COLUMN level BIGINT NOT NULL DEFAULT 0;

-- Up to where keyed compaction has looked.
ALTER TABLE logs ADD COLUMN cleaned_to BIGINT NOT NULL DEFAULT 0;
